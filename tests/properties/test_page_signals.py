"""Whatever a page or its headers say: no error, no loosening, and no order where the report has none."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.facts.statement import RESTRICTIVENESS, Usage, combine
from rightful.signals import page_meta, robots_tag, tdmrep
from rightful.signals.page_lines import HEADERS_THAT_STATE, HEADERS_WITHOUT, of_headers
from rightful.signals.page_meta import PageHead
from rightful.signals.tdmrep import TdmRep

WORDS = st.sampled_from([
    *robots_tag.WORDS, "max-snippet:0", "max-snippet: -1", "max-image-preview: large", "no-ai", "nonsense", "",
    "unavailable_after: Sat, 25 Jun 2030 15:00:00 PST", "otherbot: noai", "gptbot: noml", "GPTBot/1: nosnippet", "a:b",
])  # fmt: skip
FIELDS = st.lists(WORDS, max_size=6).map(", ".join) | st.text(max_size=60)
OPTIONS = st.fixed_dictionaries(
    {
        "media": st.sampled_from(["text", "image"]),
        "bing_words": st.sampled_from(["honour", "evidence"]),
        "search_words": st.sampled_from(["evidence", "deny"]),
    }
)
BOTS = st.lists(st.sampled_from(["gptbot", "otherbot", "ccbot"]), unique=True)
MARKUP = st.lists(
    st.sampled_from([
        b"<meta name=robots content=noai>", b"<link rel=license href=/l>", b'<script type="application/ld+json">',
        b'{"isAccessibleForFree": false}', b"</script>", b"<!--", b"-->", b"<head>", b"</body>", b"\0", b"\xff",
        b"\xff\xfe", b"<", b'"', b"<![CDATA[", b'{"license": "\\ud800"}', b"<svg>", b"<template>", b"<meta charset=x>",
    ]) | st.binary(max_size=8),
    max_size=12,
).map(b"".join)  # fmt: skip


def looser(after, before):
    rank = RESTRICTIVENESS.index
    return [usage for usage in Usage if rank(after[usage]) < rank(before[usage])]


def storable(reading):
    for found in (*reading.statements, *reading.remarks):
        (found.where + found.text).encode()


@given(st.lists(FIELDS, max_size=4), BOTS, OPTIONS)
def test_any_header_can_be_read(values, bots, options):
    reading = robots_tag.in_headers(values, bots, **options)
    assert {remark.code for remark in reading.remarks} <= set(robots_tag.REMARKS)
    assert reading == robots_tag.in_headers(values, bots, **options)


@given(st.lists(FIELDS, max_size=4), FIELDS, BOTS, OPTIONS, st.data())
def test_one_more_header_never_loosens(values, more, bots, options, data):
    at = data.draw(st.integers(0, len(values)))
    before = combine(robots_tag.in_headers(values, bots, **options).statements)
    after = combine(robots_tag.in_headers([*values[:at], more, *values[at:]], bots, **options).statements)
    assert not looser(after, before)


@given(FIELDS, WORDS, BOTS, OPTIONS)
def test_one_more_word_never_loosens(value, word, bots, options):
    for read in (
        lambda v: robots_tag.in_headers([v], bots, **options),
        lambda v: robots_tag.in_metas([("robots", v)], bots, **options),
    ):
        assert not looser(combine(read(f"{value}, {word}").statements), combine(read(value).statements))


@given(FIELDS, BOTS, st.sampled_from(["gptbot", "otherbot", "ccbot", "new"]))
def test_one_more_bot_that_counts_never_loosens(value, bots, bot):
    before = combine(robots_tag.in_headers([value], bots).statements)
    assert not looser(combine(robots_tag.in_headers([value], [*bots, bot]).statements), before)


@given(MARKUP | st.binary(max_size=200))
def test_any_page_can_be_read(octets):
    head = PageHead.parse(octets)
    reading = head.reading()
    assert reading.statements == ()
    assert {remark.code for remark in reading.remarks} <= set(page_meta.REMARKS)
    storable(reading)
    for name, content in head.metas:
        (name + content).encode()
    robots_tag.in_metas(head.metas)
    tdmrep.in_metas(head.metas)


NAMES = st.sampled_from(["tdm-reservation", "TDM-Reservation", "tdm-policy", "content-type"])
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from(["0", "1", "true", "2", "", "https://h.example/p"])), max_size=5)


@given(HEADERS, st.randoms(use_true_random=False))
def test_the_order_of_tdmrep_headers_does_not_matter(headers, random):
    shuffled = list(headers)
    random.shuffle(shuffled)
    assert combine(tdmrep.in_headers(headers).statements) == combine(tdmrep.in_headers(shuffled).statements)


@given(st.binary(max_size=100), st.text(max_size=20))
def test_any_tdmrep_file_can_be_read(octets, path):
    reading = TdmRep.parse(octets).reading(f"/{path}")
    assert {remark.code for remark in reading.remarks} <= set(tdmrep.REMARKS)


@pytest.mark.parametrize(
    "value",
    ["a:" * 200_000, "noai," * 100_000, "," * 400_000, "unavailable_after: " + "1, " * 100_000, "x" * 400_000 + ":a,"],
    ids=["prefixes", "words", "commas", "dates", "one name"],
)
def test_hostile_headers_cost_no_more_than_long_ones(value):
    robots_tag.in_headers([value])


_HEADER_NAMES = st.sampled_from([
    "X-Robots-Tag", "x-robots-tag ", "TDM-Reservation", "Content-Usage", "content-signal", "Link", "Server",
    "crawler-price", "PAYMENT-REQUIRED", "X-Link", "[a", "\u212a",
])  # fmt: skip
_HEADER_VALUES = st.sampled_from(["noai", "1", '<x>; rel="license"; type="application/rsl+xml"', "<x>; rel=y", "n"])


@given(st.lists(st.tuples(_HEADER_NAMES | st.text(max_size=4), _HEADER_VALUES | st.text(max_size=8)), max_size=5))
def test_headers_that_state_nothing_are_known_without_reading_them(pairs):
    block = "\r\n".join(f"{name}: {value}" for name, value in pairs)
    found = pc.match_substring_regex(pa.array([block.encode("utf-8", "replace")]), HEADERS_THAT_STATE)
    if not found[0].as_py():
        assert of_headers(block) == HEADERS_WITHOUT
