"""Matching: what is a copy, what is near one, and what is none."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.register.works_in_words import edited, hanzi, prose

from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.register.matching import (
    KINDS,
    MEASURES,
    SURE,
    UNSURE,
    Matches,
    Sketch,
    Thresholds,
    WorkMatcher,
)
from rightful.register.shingles import shingles_of
from rightful.register.works import WorksIndex, notices, works_in_memory, write_works

SHORT, LONG, BOOK, CHINESE = prose("short", 120), prose("long", 900), prose("book", 6_000), hanzi("work", 500)
WORKS = [SHORT, LONG, BOOK, CHINESE]


@pytest.fixture(scope="module")
def matcher():
    return WorkMatcher(works_in_memory(fingerprints_of(WORKS)), Thresholds())


def matched(matcher, text):
    """Give (number of the work, kind, verdict) of everything a text matches."""
    numbers = {text_digest(work): n for n, work in enumerate(WORKS)}
    found = matcher.of_texts([text])
    return {
        (numbers[matcher.works.digest_of(work)], KINDS[kind], verdict)
        for work, kind, verdict in zip(found.work.tolist(), found.kind.tolist(), found.verdict.tolist(), strict=True)
    }


@pytest.mark.parametrize("number", range(len(WORKS)))
def test_a_work_is_found_in_whatever_is_made_of_it(matcher, number):
    work = WORKS[number]
    around = [prose(f"around {n}", 4 * len(work.split()) + 100) for n in range(2)]
    for text in (work, work.upper(), f"{around[0]} {work} {around[1]}", f"{around[0]}\n{work}"):
        assert {(n, verdict) for n, _, verdict in matched(matcher, text)} == {(number, SURE)}


@pytest.mark.parametrize("number", range(3))
def test_edits_of_a_tenth_are_out_and_of_most_words_are_nothing(matcher, number):
    assert {(n, v) for n, _, v in matched(matcher, edited(WORKS[number], 0.1))} == {(number, SURE)}
    assert not matched(matcher, edited(WORKS[number], 0.9))


def test_a_passage_of_a_book_in_another_text_is_found_by_how_long_it_is(matcher):
    words = BOOK.split()
    for length, verdicts in ((400, {SURE}), (45, {UNSURE}), (12, set())):
        text = f"{prose('before', 300)} {' '.join(words[2_000 : 2_000 + length])} {prose('after', 300)}"
        assert {v for _, _, v in matched(matcher, text)} == verdicts, length


def test_a_record_that_is_a_part_of_a_work_is_contained(matcher):
    assert matched(matcher, " ".join(LONG.split()[100:160])) == {(1, "contained", SURE)}


def test_other_texts_match_nothing(matcher):
    texts = [
        *(prose(f"other {n}", 20 + 37 * n % 1_500) for n in range(300)),
        *(hanzi(f"other {n}") for n in range(50)),
        "",
        "a b",
    ]
    assert not len(matcher.of_texts([*texts, None]))


def test_common_notices_alone_match_nothing():
    works = [f"{prose(n, 60)} {notices()[0]} {notices()[6]}" for n in range(3)]
    matcher = WorkMatcher(works_in_memory(fingerprints_of(works)), Thresholds())
    assert not len(matcher.of_texts([f"{prose('page')} {notices()[0]} {notices()[6]}", notices()[0]]))
    assert set(matcher.of_texts([works[0]]).verdict.tolist()) == {SURE}


def test_boilerplate_of_many_works_counts_only_below_the_threshold():
    shared = prose("house style", 60)
    works = [f"{prose(n, 100)} {shared}" for n in range(6)]
    index = works_in_memory(fingerprints_of(works))
    page = f"{prose('page', 100)} {shared}"
    assert len(WorkMatcher(index, Thresholds(common_from=9)).of_texts([page])) == 6
    assert not len(WorkMatcher(index, Thresholds(common_from=5)).of_texts([page]))
    assert len(WorkMatcher(index, Thresholds(common_from=5)).of_texts([works[2]])) == 1


@pytest.mark.parametrize("words", [150, 700, 2_500])
def test_works_that_quote_a_work_do_not_free_its_copies(words):
    work = prose("quoted", words)
    quoting = [f"{prose(n, 2 * words)} {work}" for n in range(300)]
    copies = [work.upper(), edited(work, 0.05), f"{prose('before', 4 * words)} {work} {prose('after', 300)}"]
    for others in (0, 9, 200):
        matcher = WorkMatcher(works_in_memory(fingerprints_of([work, *quoting[:others]])), Thresholds())
        found = matcher.of_texts([*copies, prose("none", words)])
        own = np.array([matcher.works.digest_of(n) == text_digest(work) for n in found.work.tolist()], bool)
        assert found.text[own].tolist() == [0, 1, 2]
        assert set(found.verdict[own].tolist()) <= {SURE, UNSURE}
        assert others or set(found.verdict[own].tolist()) == {SURE}
        assert 3 not in found.text


def test_works_that_nobody_verified_make_nothing_common(tmp_path):
    """However many of them quote a work: claims cost nothing."""
    work = prose("quoted", 700)
    works = fingerprints_of([work, *(f"{prose(n, 100)} {work}" for n in range(300))])
    digests = [bytes.fromhex(each.digest) for each in works]
    states = pa.array(digests, pa.large_binary()), pa.array(digests[:1], pa.large_binary())
    write_works(works, tmp_path / "works", states=states)
    index = WorksIndex.open(tmp_path / "works")
    found = WorkMatcher(index, Thresholds()).of_texts([edited(work, 0.05)])
    own = [n for n in range(len(found)) if index.digest_of(int(found.work[n])) == text_digest(work)]
    assert found.verdict[own].tolist() == [SURE]
    write_works(works, tmp_path / "one", states=(states[1], states[1]))
    assert len(WorksIndex.open(tmp_path / "one")) == 1


def exact(text, work):
    """Give Jaccard, both containments and the number of shared shingles, of whole sets."""
    a, b = (set(shingles_of([each]).of(0).tolist()) for each in (text, work))
    shared = len(a & b)
    return shared / max(len(a | b), 1), shared / max(len(b), 1), shared / max(len(a), 1), shared


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([60, 200, 700, 2_500]), st.floats(0, 0.4), st.integers(0, 900))
def test_estimates_are_near_the_exact_measures_and_intervals_around_them(seed, words, share, more):
    work = prose(f"w{seed}", words)
    text = f"{prose(f'a{seed}', more)} {edited(work, share, seed)}"
    index = works_in_memory(fingerprints_of([work]))
    found = WorkMatcher(index, Thresholds((1e-9, 1), (1e-9, 1), (1e-9, 1), (1, 1e9), fewest=1)).of_texts([text])
    truth = exact(text, work)
    for at in range(len(found)):
        value = truth[found.measure[at]]
        tolerance = 0 if index.scales[0] == 1 else (0.12 if found.measure[at] < 3 else 0.25 * value + 40)
        assert abs(found.estimate[at] - value) <= tolerance + 1e-9
        assert found.low[at] - 1e-9 <= found.estimate[at] <= found.high[at] + 1e-9
        if index.scales[0] == 1:
            assert found.low[at] == found.high[at] == pytest.approx(value)


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = counted = 0
    for seed in range(150):
        work = prose(f"sampled {seed}", 1_500)
        text = f"{prose(f'beside {seed}', 700)} {edited(work, 0.1, seed)}"
        limits = Thresholds((1, 1), (0.01, 1), (1, 1), (1e8, 1e9))
        found = WorkMatcher(works_in_memory(fingerprints_of([work])), limits).of_texts([text])
        assert MEASURES[found.measure[0]] == "contained"
        held += found.low[0] <= exact(text, work)[1] <= found.high[0]
        counted += 1
    assert held / counted > 0.88


def test_what_is_kept_of_a_match_decides_the_same():
    """The hashes that are shared, and counts, are enough: that is what a ledger has instead of a text."""
    texts = [
        edited(LONG, 0.15),
        prose("none"),
        f"{prose('x')} {SHORT}",
        " ".join(BOOK.split()[50:400]),
        CHINESE[:200],
        None,
    ]
    matcher = WorkMatcher(works_in_memory(fingerprints_of(WORKS)), Thresholds())
    sketch = matcher.sketch(texts)
    whole = matcher.of_sketch(sketch)
    kept = dict(matcher.shared_hashes(sketch, whole))
    assert kept.keys() == set(whole.text.tolist()) == {0, 2, 3, 4}
    parts = [kept.get(n, np.empty(0, np.uint64)) for n in range(len(texts))]
    starts = np.cumsum([0, *map(len, parts)])
    again = matcher.of_sketch(Sketch(np.concatenate(parts), starts, sketch.counts))
    for name in ("text", "work", "kind", "measure", "verdict", "estimate", "low", "high"):
        assert getattr(again, name).tolist() == getattr(whole, name).tolist()
    only = matcher.of_sketch(sketch.only(2))
    assert only.work.tolist() == whole.work[whole.text == 2].tolist()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["work", "part", "edit", "other", "none"]), max_size=12), st.randoms(use_true_random=False)
)
def test_a_text_matches_the_same_in_whatever_company(kinds, draw):
    make = {
        "work": lambda: draw.choice(WORKS), "part": lambda: " ".join(BOOK.split()[draw.randrange(3_000) :][:100]),
        "edit": lambda: edited(LONG, 0.2, draw.random()), "other": lambda: prose(draw.random()), "none": lambda: None,
    }  # fmt: skip
    texts = [make[kind]() for kind in kinds]
    matcher = WorkMatcher(works_in_memory(fingerprints_of(WORKS)), Thresholds())
    together = matcher.of_texts(texts)
    for n, text in enumerate(texts):
        alone, mine = matcher.of_texts([text]), together.text == n
        assert alone.work.tolist() == together.work[mine].tolist()
        assert alone.verdict.tolist() == together.verdict[mine].tolist()


def test_works_that_share_much_with_many_texts_are_compared_in_portions(monkeypatch):
    template = prose("template", 120)
    works = [f"{template} {prose(n, 10)}" for n in range(40)]
    texts = [prose("none"), template, None, f"{prose('x')} {works[3]}", WORKS[1], works[7], ""]
    matcher = WorkMatcher(works_in_memory(fingerprints_of([*works, *WORKS])), Thresholds())
    sketch = matcher.sketch(texts)
    whole = matcher.of_sketch(sketch)
    kept = {number: hashes.tolist() for number, hashes in matcher.shared_hashes(sketch, whole)}
    assert set(whole.text.tolist()) == kept.keys() == {1, 3, 4, 5}
    for most in (1, 30, 5_000):
        monkeypatch.setattr("rightful.register.works_index._ENTRIES", most)
        parts = list(matcher.in_portions(sketch))
        assert len(parts) > 1
        for name in Matches.__slots__:
            assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(whole, name).tolist()
        assert {n: hashes.tolist() for n, hashes in matcher.shared_hashes(sketch, whole)} == kept


def test_more_that_is_shared_never_weakens_a_verdict():
    draw = random.Random(8)
    matcher = WorkMatcher(works_in_memory(fingerprints_of([LONG])), Thresholds())
    sketch = matcher.sketch([edited(LONG, 0.1)])
    order = [int(value) for value in sketch.hashes]
    draw.shuffle(order)
    before = 0
    for size in range(0, len(order) + 1, 5):
        part = np.array(sorted(order[:size]), np.uint64)
        found = matcher.of_sketch(Sketch(part, np.array([0, len(part)]), sketch.counts))
        verdict = int(found.verdict.max(initial=0))
        assert verdict >= before
        before = verdict
    assert before == SURE
