"""Shingles computed in columns are those of the definition, whatever the text and whatever it is computed with."""

import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.register.works_in_words import INVISIBLE, hanzi, prose, shingles_slowly

from rightful.register.shingles import _SLOW, _tables, folded_text, shingles_of

SCRIPTS = (
    "aZ09 \n\t.,'-_éßſİıﬁ½™…´ӝ漢字かなカﾅ｡ไทยລາວខ្មែរမြန်မာ한글ᄒ\u1161\u11ab"
    "\u0301\u0323\u200b\u00ad\ufe0f\U0001f600\U00020000\x00"
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.sampled_from(SCRIPTS) | st.characters(), max_size=60), max_size=6))
def test_a_column_of_texts_has_the_shingles_of_the_definition(texts):
    found = shingles_of(texts)
    assert [set(found.of(n).tolist()) for n in range(len(texts))] == [shingles_slowly(text) for text in texts]
    assert all((np.diff(found.of(n).astype(object)) > 0).all() for n in range(len(texts)))


def test_real_sentences_of_every_kind_have_them():
    texts = [
        prose(1), hanzi(1), f"{prose(2, 20)} {hanzi(2, 30)} {prose(3, 20)}", "", None, "four words only here",
        "ราชบัณฑิตยสถานเป็นหน่วยงานของรัฐบาลไทย", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
        "The 5th cafe\u0301 — “naïve” co\u00adop\u200beration, ＦＵＬＬ　ＷＩＤＴＨ ﬁve ﬂoors of it all",
        "한국어는 띄어쓰기를 합니다 그래서 낱말로 자릅니다 그렇지요",
    ]  # fmt: skip
    found = shingles_of(texts)
    for n, text in enumerate(texts):
        assert set(found.of(n).tolist()) == shingles_slowly(text or ""), text


def test_neighbours_do_not_matter():
    texts = [prose(n, 5 + n * 7 % 300) if n % 3 else hanzi(n, n % 200) for n in range(1500)]  # several blocks
    together = shingles_of(texts)
    for n in (0, 1, 2, 700, 1023, 1024, 1025, 1499):
        assert together.of(n).tolist() == shingles_of([texts[n]]).of(0).tolist()


def test_a_text_longer_than_a_block_is_one_text():
    text = prose(9, 60_000)
    assert len(text) > 1 << 17
    assert set(shingles_of([text, "x"]).of(0).tolist()) == shingles_slowly(text)


@pytest.mark.parametrize("other", [
    lambda text: text.upper(),
    lambda text: text.replace(",", " —").replace(".", "。\n"),
    lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "\u200b".join,
    *(character.join for character in INVISIBLE),
])  # fmt: skip
def test_case_punctuation_width_and_invisible_characters_change_nothing(other):
    text = prose(4)
    assert shingles_of([other(text)]).of(0).tolist() == shingles_of([text]).of(0).tolist()


def test_heaps_of_marks_are_folded_as_unicode_does_and_at_once():
    heap = "\u0301\u0323\u0f73\u0344\u0345" * 60
    text = f"e{heap} {prose(6)} é{heap[::-1]}"
    assert folded_text(text) == unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = folded_text("a" + "\u0301\u0323" * 400_000)  # takes hours where marks are inserted one by one
    assert folded == "ạ" + "\u0323" * 399_999 + "\u0301" * 400_000


def test_an_excerpt_has_shingles_of_the_whole_and_of_nothing_else():
    words = prose(5, 300).split()
    whole, part = (
        shingles_of([" ".join(words), " ".join(words[100:150])]).of(0),
        shingles_of([" ".join(words[100:150])]).of(0),
    )
    assert len(part) == 46
    assert set(part.tolist()) <= set(whole.tolist())


def test_the_table_folds_every_character_as_unicode_does():
    table, _ = _tables()
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if table[code] == _SLOW or unicodedata.category(character) == "Cs":
            continue
        folded = folded_text(character)
        assert chr(table[code]) == folded or (
            table[code] == 0 and not any(unicodedata.category(c)[0] in "LNM" for c in folded)
        )
