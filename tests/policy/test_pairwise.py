"""The laws over every pair of values: in a covering of all pairs, and of every two changes to what is admitted."""

from itertools import combinations, product

import pytest
from tests.policy.laws import LAWS, RESTRICTIONS, decided, never_loosens, never_tightens
from tests.policy.pairwise import covering
from tests.policy.situations import BASES, FACTS, VALUES, combined

from rightful.facts.decision import Admission, Tier


@pytest.fixture(scope="module")
def rows():
    return list(covering(VALUES))


def test_the_covering_has_every_pair_of_values_and_is_the_same_every_time(rows):
    for one, two in combinations(VALUES, 2):
        assert {(row[one], row[two]) for row in rows} == set(product(VALUES[one], VALUES[two]))
    assert list(covering(VALUES)) == rows


def test_a_covering_is_smaller_than_the_product_and_misses_nothing():
    values = {"a": (1, 2, 3), "b": "xyz", "c": (True, False), "d": (0,)}
    rows = list(covering(values))
    assert 9 <= len(rows) < 18
    assert all(row.keys() == values.keys() for row in rows)


def test_laws_hold_wherever_any_two_values_meet(rows):
    for row in rows:
        for law in LAWS:
            law(row)
        never_loosens(row)
        never_tightens(row)


def test_what_the_laws_are_tried_on_is_admitted_by_every_tier():
    """On what is excluded anyway no law could fail."""
    admitted = {name: decided(combined(base)) for name, base in BASES.items()}
    assert {decision.admission for decision in admitted.values()} == {Admission.ADMIT}
    assert {decision.tier for decision in admitted.values()} == set(Tier) - {Tier.PERMISSION_AND_PAY}
    assert "LICENCE_OVERRIDES" in admitted["overridden"].reasons


@pytest.mark.parametrize("base", BASES)
def test_laws_hold_of_every_single_change_to_what_is_admitted(base):
    for name, values in VALUES.items():
        for value in values:
            changed = combined(BASES[base], {name: value})
            for law in LAWS:
                law(changed)
            never_loosens(changed)
            never_tightens(changed)


@pytest.mark.parametrize("base", BASES)
def test_laws_hold_of_every_two_facts_changed_together(base):
    for one, two in combinations(FACTS, 2):
        for first, second in product(FACTS[one][1:], FACTS[two][1:]):
            changed = combined(BASES[base], {one: first, two: second})
            for law in LAWS[:3]:
                law(changed)


# What some restrictions need to be felt.
MILD = (
    {"profile": "jp_30_4"}, {"licence": "mit", "licence_evidence": "text", "market": "high"}, {"tos": "reserved"},
    {"page_licences": "hold-unread"}, {"licence": "cc-by-nd-4.0"}, {"robots_fetch": "unknown"},
    {"licence": "cc-by-nc-4.0", "nc_is_reservation": False}, BASES["public domain"] | {"market": "high"},
    {"page_licences": "evidence", "licences_named": ("llama3",)},
    {"robots_build": "unknown", "unsafe_keep_uncaptured": True},
    {"mode": "fetch", "missing_fetch_evidence": "hold", "robots_build": "disallow:named"},
)  # fmt: skip
HARMLESS = {"derived from own", "derived from licensed"}


@pytest.mark.parametrize("name", sorted(set(RESTRICTIONS) - HARMLESS))
def test_every_restriction_restricts_something(name):
    """A restriction for which nothing is ever held would be tried by no test above."""
    assert any(
        decided(added).admission > decided(combined(base)).admission
        for base in (*BASES.values(), *MILD)
        for added in RESTRICTIONS[name](combined(base))
    )
