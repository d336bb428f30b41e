"""The matcher test: the same on every machine, right about what it counts, and without a word of any text."""

import json
import random

import pytest

from rightful.register.matcher_test import (
    FEWEST_SHINGLES,
    MOST_CHARACTERS,
    MOST_WORKS,
    matcher_test,
    wilson_interval,
)
from rightful.register.matching import Thresholds
from rightful.register.shingles import shingles_of

WORDS = [f"{a}{b}{c}" for a in "bdfgkl" for b in "aeiou" for c in ("n", "rt", "sk", "")]
HAN = [chr(0x4E00 + 7 * n) for n in range(600)]
NAMES = [
    "words edited, 10 %", "words edited, 20 %", "inside a text 10 times as long", "excerpt of 300 characters",
    "punctuation and width",
]  # fmt: skip


def english(number, words=200):
    draw = random.Random(number)
    return " ".join(draw.choice(WORDS) + draw.choice(["", "", "", ",", "."]) for _ in range(words))


def chinese(number, characters=500):
    draw = random.Random(number)
    return "".join(draw.choice(HAN) + ("，" if draw.random() < 0.05 else "") for _ in range(characters))


def of(test, name):
    return next(row for row in test["perturbed"] if row["perturbation"] == name)


@pytest.mark.parametrize("text", [english, chinese])
def test_copies_are_found_and_unrelated_texts_are_not(text):
    test = matcher_test([text(n) for n in range(60)], Thresholds(), "seed")
    assert (test["works"], test["others"]) == (30, 30)
    assert [row["perturbation"] for row in test["perturbed"]] == NAMES
    for row in test["perturbed"]:
        assert row["texts"] == 30
        assert row["out"] + row["waits"] + row["missed"] == 30
    for name in ("words edited, 10 %", "inside a text 10 times as long", "punctuation and width"):
        assert of(test, name)["out"] == 30
    assert of(test, "words edited, 20 %")["missed"] <= 3
    assert of(test, "excerpt of 300 characters")["missed"] == 0
    assert test["unrelated"] == {
        "texts": 30, "texts_out": 0, "texts_waiting": 0, "pairs": 900, "pairs_related": 0, "pairs_false": 0,
        "false_interval": wilson_interval(0, 30),
    }  # fmt: skip
    assert test["matches"]["false"] == 0
    assert test["matches"]["right"] == sum(row["out"] + row["waits"] for row in test["perturbed"])


def test_the_same_seed_gives_the_same_and_another_seed_another():
    texts = [english(n, 150 + n) for n in range(40)]
    assert matcher_test(texts, Thresholds(), "a") == matcher_test(texts, Thresholds(), "a")
    assert matcher_test(texts, Thresholds(), "a") == matcher_test(texts[::-1], Thresholds(), "a")
    strict = Thresholds(near=(0.4, 0.5), contained=(0.35, 0.4), within=(0.4, 0.7), excerpt=(1000, 2000))
    one, other = (matcher_test(texts, strict, seed)["perturbed"] for seed in ("a", "b"))
    assert one != other


def test_it_holds_the_matcher_to_the_thresholds_in_force():
    texts = [english(n) for n in range(40)]
    deaf = Thresholds(near=(1, 1), contained=(1, 1), within=(1, 1), excerpt=(10_000, 10_000))
    test = matcher_test(texts, deaf, "seed")
    assert of(test, "words edited, 10 %")["missed"] == 20
    assert of(test, "punctuation and width")["missed"] == 0
    waiting = Thresholds(near=(0.1, 1), contained=(0.1, 1), within=(0.1, 1), excerpt=(10, 10_000))
    test = matcher_test(texts, waiting, "seed")
    assert (of(test, "words edited, 10 %")["waits"], of(test, "words edited, 10 %")["out"]) == (20, 0)
    assert test["thresholds"]["near"] == (0.1, 1)


def test_a_related_text_is_no_false_match():
    """Each text is there a second time with another end: those pairs are related by the exact measures."""
    texts = [english(n) for n in range(40)]
    near = [f"{text} and then one more ending, number {n}" for n, text in enumerate(texts)]
    test = matcher_test(texts + near, Thresholds(), "seed")
    assert test["unrelated"]["pairs_related"] > 0
    assert test["unrelated"]["pairs_false"] == 0
    assert test["matches"]["false"] == 0


def test_a_match_that_the_exact_measures_do_not_bear_out_is_false():
    """Works that are boilerplate but for a passage: with the passage alone a text has a tenth of all shingles."""
    draw = random.Random(5)
    blocks = [english(1000 + n, 30) for n in range(20)]
    passages = [english(2000 + n, 24) for n in range(40)]
    works = [" ".join([*draw.sample(blocks, 6), passage]) for passage in passages]
    others = [f"{passage} {english(3000 + n, 200)}" for n, passage in enumerate(passages)]
    test = matcher_test(works + others, Thresholds(common_from=2), "seed")
    unrelated = test["unrelated"]
    assert unrelated["pairs_false"] == unrelated["texts_out"] + unrelated["texts_waiting"] > 5
    assert unrelated["false_interval"] == wilson_interval(unrelated["pairs_false"], test["others"])
    assert test["matches"]["false"] >= unrelated["pairs_false"]
    assert matcher_test(works + others, Thresholds(common_from=255), "seed")["unrelated"]["pairs_false"] == 0


def test_short_texts_and_second_copies_are_not_drawn():
    short = [english(n, FEWEST_SHINGLES + 3) for n in range(10)]
    assert max(shingles_of(short).starts[1:] - shingles_of(short).starts[:-1]) < FEWEST_SHINGLES
    long = [english(n) for n in range(100, 104)]
    test = matcher_test([*short, *long, *long, long[0].upper()], Thresholds(), "seed")
    assert (test["works"], test["others"]) == (2, 2)


def test_no_more_is_drawn_than_is_wanted_and_long_texts_are_cut():
    many = [english(n, 75) for n in range(2 * MOST_WORKS + 50)]
    test = matcher_test(many, Thresholds(), "seed")
    assert (test["works"], test["others"]) == (MOST_WORKS, MOST_WORKS)
    long = english(1, 10_000)
    cut = matcher_test([long, english(2)], Thresholds(), "seed")
    assert cut == matcher_test([long[:MOST_CHARACTERS], english(2)], Thresholds(), "seed")


@pytest.mark.parametrize(("texts", "works", "others"), [(0, 0, 0), (1, 1, 0), (2, 1, 1), (3, 2, 1)])
def test_few_texts_are_tried_as_far_as_they_go(texts, works, others):
    test = matcher_test([english(n) for n in range(texts)], Thresholds(), "seed")
    assert (test["works"], test["others"]) == (works, others)
    needing_others = of(test, "words edited, 10 %")
    assert needing_others["texts"] == (works if texts > 1 else 0)
    assert of(test, "punctuation and width")["texts"] == works
    assert test["unrelated"]["false_interval"] == (wilson_interval(0, others) if others else None)
    json.dumps(test, allow_nan=False)


def test_nothing_of_any_text_comes_out():
    texts = [english(n) for n in range(20)]
    told = json.dumps(matcher_test(texts, Thresholds(), "seed"))
    own = {"words", "edited", "inside", "text", "times", "long", "excerpt", "characters", "punctuation", "width"}
    assert not {word for text in texts for word in text.split() if len(word) > 3 and word in told} - own


@pytest.mark.parametrize(
    ("part", "whole", "interval"),
    [(0, 0, None), (0, 10, [0.0, 0.2776]), (10, 10, [0.7224, 1.0]), (5, 10, [0.2365, 0.7635]),
     (95, 100, [0.8882, 0.9785])],
)  # fmt: skip
def test_intervals_are_wilsons(part, whole, interval):
    found = wilson_interval(part, whole)
    assert found is None if interval is None else found == pytest.approx(interval, abs=2e-4)
    if found:
        assert found[0] <= part / whole <= found[1]
