"""Why: every refusal and hold names its rule, the fact behind it, where that came from, and what would resolve it."""

from collections import Counter
from dataclasses import replace

import pytest
from tests.policy.pairwise import covering
from tests.policy.situations import BASES, VALUES, built, combined

from rightful.facts.decision import Admission
from rightful.policy.causes import NOT_STATED, causes
from rightful.policy.deciding import decide


@pytest.fixture(scope="module")
def situations():
    rows = [*covering(VALUES), *(combined(base, {name: value}) for base in BASES.values() for name in VALUES
                                 for value in VALUES[name])]  # fmt: skip
    return [built(row) for row in rows]


def test_every_refusal_and_hold_is_told_whole(situations):
    told = Counter()
    for situation, policy in situations:
        decision = decide(situation, policy)
        found = causes(situation, policy)
        assert tuple(cause.reason for cause in found) == decision.reasons
        if decision.admission is Admission.ADMIT:
            continue
        for cause in found:
            assert cause.rule, cause
            assert cause.says, cause
            assert cause.resolve, cause
            assert cause.facts, cause
            assert all(fact.name and fact.origin for fact in cause.facts), cause
            told[cause.reason.partition(":")[0]] += 1
    assert len(told) > 30


def test_a_fact_is_told_with_its_value_and_what_filled_it():
    situation, policy = built(combined({"tos": "reserved"}))
    (cause,) = causes(replace(situation, filled_by=("tos:column",)), policy)
    (fact,) = cause.facts
    assert (cause.rule, fact.name, fact.value) == ("G4", "tos", "reserved")
    assert fact.origin == "a column of the records"


def test_what_nobody_stated_is_told_as_that():
    situation, policy = built(combined({"route": "self.user"}))
    cause = next(each for each in causes(situation, policy) if each.reason == "NO_SECOND_CONSENT")
    assert [(fact.name, fact.origin) for fact in cause.facts] == [("consent", NOT_STATED)]
