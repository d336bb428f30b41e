"""The laws of decisions over the product of all facts and settings, drawn at random."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.laws import LAWS, PERMISSIONS, RESTRICTIONS, decided, never_loosens, never_tightens
from tests.policy.situations import BASES, CONTRACT, OF_POLICY, VALUES, built, combinations, combined, written

from rightful.facts.decision import Admission
from rightful.policy.deciding import decide
from rightful.policy.policy import Policy

# Every restriction that acts by itself, whatever else is said, and the reason it gives.
ALONE = (
    ({"unlawful": "illegal"}, "ILLEGAL"),
    ({"optouts": ("url:verified",)}, "OPTOUT:url"),
    ({"consent": "second_withdrawn"}, "WITHDRAWN"),
    ({"sensitive_pi": "present"}, "SENSITIVE_PI"),
    ({"third_party": "found"}, "THIRD_PARTY_IN_USER_DATA"),
    ({"training": "forbidden"}, "CONTRACT_FORBIDS"),
    ({"generator_tos": "forbids"}, "CONTRACT_FORBIDS:generator"),
    ({"licence_request": "refused"}, "CONTRACT_FORBIDS:refused"),
    ({"robots_fetch": "unreachable"}, "ROBOTS_FETCH:unreachable"),
    ({"robots_build": "disallow:named"}, "ROBOTS_NOW:named"),
    ({"stated_fetch": ("content-signal=deny",)}, "RESERVED_FETCH:content-signal"),
    ({"stated_build": ("c2pa=conditional:contact",)}, "CONDITIONAL_NOW:c2pa"),
    ({"tos": "reserved"}, "RESERVED_TOS"),
    ({"licence": "cc-by-nc-4.0"}, "NC"),
    ({"licences_named": ("llama3",)}, "LICENCE_TERMS:page"),
    ({"text_readable": False}, "UNREADABLE:text"),
    ({"pool_faults": ("stale",)}, "POOL_QUALITY:stale"),
    ({"unknown_values": ("consent",)}, "UNKNOWN_VALUE:consent"),
    ({"upstream": "pirated"}, "LINEAGE:upstream:UNLAWFUL_SOURCE"),
    ({"upstream": "nc"}, "LINEAGE:upstream:NC"),
)


@given(combinations)
@pytest.mark.parametrize("law", LAWS)
def test_a_law_holds(law, combination):
    law(combination)


@given(combinations, st.lists(st.sampled_from(sorted(RESTRICTIONS)), min_size=1, max_size=8))
def test_adding_a_restriction_never_loosens(combination, names):
    never_loosens(combination, names)


@given(combinations, st.lists(st.sampled_from(sorted(PERMISSIONS)), min_size=1, max_size=8))
def test_adding_evidence_never_tightens(combination, names):
    never_tightens(combination, names)


@given(combinations, st.lists(st.sampled_from(sorted(RESTRICTIONS)), min_size=2, max_size=6))
def test_restrictions_one_after_another_never_loosen(combination, names):
    last = decided(combination).admission
    for name in names:
        for added in list(RESTRICTIONS[name](combination))[:1]:
            now = decided(added).admission
            assert now >= last
            combination, last = added, now


# Bound by what sites say, for commerce, and without a contract: there every one of these acts.
BOUND = [base for base in BASES.values() if not {"route", "training", "commercial"} & set(base)]


@given(st.sampled_from(BOUND), st.sets(st.sampled_from(range(len(ALONE))), min_size=1))
def test_every_restriction_has_its_reason_and_taking_one_away_leaves_the_others(base, chosen):
    """Of two for one fact the later one is taken."""
    picked = {next(iter(change)): (change, reason) for change, reason in (ALONE[at] for at in sorted(chosen))}
    made = combined(base, *(change for change, _ in picked.values()))
    wanted = {reason for _, reason in picked.values()}
    assert set(decided(made).reasons) == wanted
    for name, (_, reason) in picked.items():
        left = decided(made | {name: combined(base)[name]})
        if len(wanted) > 1:
            assert set(left.reasons) == wanted - {reason}
        else:
            assert left.admission is Admission.ADMIT


@pytest.mark.parametrize(("one", "first"), ALONE)
def test_a_restriction_alone_gives_its_reason_alone(one, first):
    decision = decided(combined(one))
    assert decision.reasons == (first,)
    assert decision.admission is not Admission.ADMIT


@given(combinations)
def test_the_order_and_the_defaults_of_a_policy_file_decide_nothing(combination):
    situation, policy = built(combination)
    turned = _turned(json.loads(json.dumps(written({name: combination[name] for name in OF_POLICY}))))
    again = Policy.model_validate(turned)
    assert again.id == policy.id
    assert decide(situation, again) == decide(situation, policy)


def _turned(value):
    """Give what a policy says with its settings the other way round; lists keep their order."""
    if isinstance(value, dict):
        return {name: _turned(each) for name, each in reversed(value.items())}
    return [_turned(each) for each in value] if isinstance(value, list) else value


@given(combinations, combinations)
def test_what_a_policy_says_and_does_not_use_decides_nothing(one, other):
    """Without a contract its terms are nothing; of another policy with the same settings nothing else counts."""
    if one["training"]:
        return
    assert decided(one | {name: other[name] for name in CONTRACT if name != "training"}) == decided(one)


def test_the_names_of_the_product_are_all_there_are():
    """A fact or a switch that the tests do not vary is one that no law is tried on."""
    situation, policy = built(combined())
    untried = {"source", "looked_for", "looked_for_fetch", "contract", "filled_by", "matches"}
    assert set(situation.facts) == untried | (set(situation.facts) & set(VALUES))
    told = {*policy.gates.model_dump(), *policy.as_of.model_dump(), *policy.tiers.model_dump()}
    elsewhere = {"infringing_sites", "build_date", "holder_share_limit"}  # decided where facts are observed
    assert told - set(VALUES) <= elsewhere
