"""Profiles: one word of the policy, and what rests on the paper's exemptions alone is held."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.laws import decided
from tests.policy.situations import BASES, combinations, combined

from rightful.facts.decision import Admission, Tier
from rightful.policy.cases import read_cases, try_case
from rightful.policy.policy import Policy
from rightful.policy.policy_file import parse_policy, policy_template
from rightful.policy.profiles import CONFIDENCE, NAMES, profile
from rightful.policy.reasons import reasons

OF_THE_PAPER = {Tier.EXEMPT_GENERAL, Tier.PAID_SCENARIO}


def template(name):
    """The template with one word changed."""
    text = policy_template()
    assert text.count('profile = "seed"') == 1
    return parse_policy(text.replace('profile = "seed"', f'profile = "{name}"'))


@pytest.mark.parametrize(
    ("inputs", "tier", "code"),
    [
        ({}, "EXEMPT_GENERAL", "GENERAL"),
        ({"general": False}, "PAID_SCENARIO", "SCENARIO_VERTICAL"),
        ({"specific": True, "market": "possible"}, "PAID_SCENARIO", "SCENARIO_MARKET"),
    ],
)
def test_one_word_holds_what_rests_on_the_paper_alone(tmp_path, inputs, tier, code):
    case = tried_on(tmp_path, inputs)
    before, after = try_case(case, template("seed")).decision, try_case(case, template("cn_strict")).decision
    assert (before.admission, before.tier, before.reasons) == (Admission.ADMIT, tier, (code,))
    assert before.basis == "policy:seed-paper"
    assert (after.admission, after.tier, after.reasons) == (Admission.HOLD, None, ("NO_PRC_EXCEPTION",))


def tried_on(folder, inputs):
    (folder / "cases.json").write_text(json.dumps([{"inputs": inputs, "admission": "ADMIT"}]), encoding="utf-8")
    return read_cases(folder / "cases.json")[0]


@pytest.mark.parametrize(
    "base", ["own", "public domain", "facts", "licensed", "free by rsl", "users", "purchased", "paid by rsl", "pool"]
)
def test_a_licence_a_contract_consent_or_what_needs_none_still_admits(base):
    before, after = decided(combined(BASES[base])), decided(combined(BASES[base], {"profile": "cn_strict"}))
    assert after == before
    assert after.admission is Admission.ADMIT


@given(combinations, st.sampled_from(NAMES))
def test_a_profile_changes_nothing_but_what_rests_on_exemptions(combination, name):
    """Gates, licences, contracts and what is free are the same everywhere: only T7 to T9 differ."""
    one, other = decided(combination | {"profile": "seed"}), decided(combination | {"profile": name})
    exempted = OF_THE_PAPER | {Tier.EXEMPT_RESEARCH}
    if one.tier in exempted or other.tier in exempted or combination["upstream"]:
        return
    if set(one.reasons) & {"ASSESS"}:
        return
    assert other == one


@given(combinations)
def test_under_prc_law_alone_nothing_is_exempt(combination):
    decision = decided(combination | {"profile": "cn_strict"})
    assert decision.tier not in OF_THE_PAPER | {Tier.EXEMPT_RESEARCH}
    before = decided(combination | {"profile": "seed"})
    if before.admission is Admission.ADMIT and before.tier in OF_THE_PAPER:
        assert decision.admission is Admission.HOLD
        assert all(reason.rpartition(":")[2] == "NO_PRC_EXCEPTION" for reason in decision.reasons)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_says_what_it_does_and_what_that_rests_on(name):
    applied = profile(name)
    assert applied.id == name
    assert applied.title
    assert applied.says
    for text in (applied.title_zh, applied.says_zh):
        assert re.search(r"[\u4e00-\u9fff]", text)
    assert applied.sources
    for source in applied.sources:
        assert source.title
        assert re.fullmatch(r"\d{4}(-\d{2}-\d{2})?", source.date)
        assert source.confidence in CONFIDENCE
    assert {applied.exemption, applied.payment} <= {"admit", "hold"}
    holds = applied.exemption == "hold" or applied.payment == "hold" or applied.holds_on
    assert bool(applied.held_because) == bool(holds)
    if holds:
        assert reasons()[applied.held_because].holds
    assert set(applied.needs) <= {"lawful_access", "retention"}
    assert set(applied.holds_on) <= {"sold_for_analysis"}
    assert bool(applied.research_basis) == applied.research


def test_only_what_is_a_statute_is_called_one():
    assert profile("seed").basis == profile("cn_strict").basis == "policy:seed-paper"
    bases = {name: profile(name).basis for name in NAMES if profile(name).basis.startswith("statute:")}
    assert bases == {"eu_art4": "statute:CDSM4", "jp_30_4": "statute:JP-30-4"}
    assert {profile(name).basis_of_payment for name in NAMES} == {"policy:seed-paper"}


def test_a_profile_that_asks_until_when_copies_are_kept_is_not_read_without():
    plain = {"sources": [{"name": "s", "route": "crawled"}]}
    with pytest.raises(ValueError, match="retention_until"):
        Policy.model_validate(plain | {"profile": "eu_art4"})
    kept = Policy.model_validate(plain | {"profile": "eu_art4", "scenario": {"retention_until": "2027-06"}})
    assert kept.scenario.retention_until == "2027-06"
    with pytest.raises(ValueError, match="retention_until"):
        Policy.model_validate(plain | {"scenario": {"retention_until": "soon"}})


def test_a_research_organisation_has_evidence_that_it_is_one():
    plain = {"sources": [{"name": "s", "route": "crawled"}]}
    with pytest.raises(ValueError, match="research_organisation"):
        Policy.model_validate(plain | {"scenario": {"research_organisation": True}})
