"""What licences forbid, whoever names them, and what they permit, which needs evidence."""

import pytest

from rightful.facts.decision import Tier
from rightful.facts.situation import RobotsFact, Situation
from rightful.policy.deciding import decide
from rightful.policy.policy import Policy

GENERAL = ("GENERAL",)


def policy(*, commercial=True, modified=True, of_source="none", **gates):
    scenario = {"market_effect": "low", "commercial": commercial, "redistributes_modified": modified}
    return Policy.model_validate(
        {
            "scenario": scenario,
            "sources": [{"name": "s", "route": "open_dataset", "licence": of_source}],
            "gates": gates,
        }
    )


def decided(licence="none", named=(), evidence="text", rules=None):
    situation = Situation(
        "s",
        robots_build=RobotsFact.ALLOW.value,
        licence=licence,
        licence_evidence=evidence,
        licences_named=tuple(named),
    )
    return decide(situation, rules or policy())


@pytest.mark.parametrize(
    ("licence", "reasons"),
    [
        ("cc-by-nc-4.0", ("NC",)),
        ("cc-by-nc-nd-4.0", ("NC", "ND")),
        ("cc-by-nc-4.0 OR mit", ("LIC:cc-by-nc-4.0 OR mit",)),
        ("cc-by-nc-4.0 OR cc-by-nd-4.0", ("ND",)),
        ("cc-by-nc-4.0 AND unknown", ("NC",)),
        ("cc-by-nc-4.0 OR unknown", ("LICENCE_TERMS",)),
        ("cc-by-nc-4.0 OR cc-by-nd-4.0 OR unknown", ("ND",)),
        ("mit OR unknown", ("LIC:mit OR unknown",)),
        ("all-rights-reserved AND cc-by-nc-4.0", ("NC",)),
        ("noncommercial-terms AND unknown", ("LICENCE_TERMS",)),
        ("cc-by-nc-4.0 AND mit", ("NC",)),
        ("llama3", ("LICENCE_TERMS",)),
        ("llama3 OR mit", ("LIC:llama3 OR mit",)),
        ("all-rights-reserved", GENERAL),
        ("public-domain", GENERAL),
        ("custom_deny", ("LICENCE_DENIES",)),
        ("custom_allow", ("LIC:custom_allow",)),
    ],
)
def test_of_several_licences_one_chooses_and_all_of_those_chosen_apply(licence, reasons):
    assert decided(licence).reasons == reasons


@pytest.mark.parametrize(
    ("named", "reasons"),
    [
        (["cc-by-nc-4.0"], ("NC:page",)),
        (["cc-by-4.0", "cc-by-nd-4.0"], ("ND:page",)),
        (["gemma"], ("LICENCE_TERMS:page",)),
        (["noncommercial-terms AND unknown"], ("LICENCE_TERMS:page",)),
        (["unknown"], GENERAL),
        (["cc-by-4.0"], GENERAL),
    ],
)
def test_what_a_page_names_can_forbid_and_permits_nothing(named, reasons):
    assert decided(named=named).reasons == reasons
    assert decided(named=named, rules=policy(page_licences="evidence")).reasons == GENERAL


def test_a_policy_may_hold_what_a_page_names_and_nobody_reads():
    rules = policy(page_licences="hold-unread")
    assert decided(named=["unknown"], rules=rules).reasons == ("LICENCE_TERMS:page",)
    assert decided(named=["cc-by-nc-4.0"], rules=rules).reasons == ("NC:page",)


def test_a_page_that_reserves_all_rights_takes_a_grant_away_whatever_else_it_names():
    for named in ("all-rights-reserved", "all-rights-reserved AND cc-by-4.0"):
        assert decided("mit", [named]).reasons == GENERAL


def test_conditions_are_those_of_the_licence_and_of_what_the_page_names():
    decision = decided("mit", ["cc-by-sa-4.0"])
    assert (decision.tier, decision.conditions) == (Tier.FREE_LICENSED, ("BY", "SA"))
    assert decided("cc-by-sa-4.0 OR cc0-1.0").conditions == ()


def test_a_page_that_reserves_all_rights_takes_the_permission_away():
    assert decided("mit").tier is Tier.FREE_LICENSED
    assert decided("mit", ["all-rights-reserved"]).tier is Tier.EXEMPT_GENERAL
    rules = policy(page_licences="evidence")
    assert decided("mit", ["all-rights-reserved"], rules=rules).tier is Tier.FREE_LICENSED


def test_without_evidence_nothing_is_permitted():
    assert decided("mit", evidence="tag_only").reasons == GENERAL
    assert decided("cc-by-nc-4.0", evidence="tag_only").reasons == ("NC",)
    assert decided("cc-by-nc-4.0", evidence="text", rules=policy(commercial=False)).tier is Tier.FREE_LICENSED
    assert decided("cc-by-nd-4.0", rules=policy(modified=False)).tier is Tier.FREE_LICENSED


@pytest.mark.parametrize(
    ("of_source", "licence", "evidence", "reasons"),
    [
        ("cc-by-nc-4.0", "mit", "tag_only", ("NC",)),
        ("cc-by-nc-4.0", "mit", "text", ("LIC:mit",)),
        ("cc-by-nc-4.0", "none", "none", ("NC",)),
        ("cc-by-nc-4.0", "all-rights-reserved", "text", ("NC",)),
        ("cc-by-nc-4.0", "cc-by-nd-4.0", "tag_only", ("ND", "NC")),
        ("cc-by-nc-4.0", "cc-by-nc-4.0", "tag_only", ("NC",)),
        ("cc-by-nd-4.0", "mit", "tag_only", ("ND",)),
        ("custom_deny", "mit", "tag_only", ("LICENCE_DENIES",)),
        ("custom_deny", "mit", "text", ("LIC:mit",)),
        ("llama3", "mit", "tag_only", ("LICENCE_TERMS",)),
        ("llama3", "cc-by-nc-4.0", "text", ("NC", "LICENCE_TERMS")),
        ("mit", "cc-by-nc-4.0", "tag_only", ("NC",)),
        ("mit", "none", "none", GENERAL),
    ],
)
def test_what_the_licence_of_the_source_forbids_counts_unless_another_is_evidenced(
    of_source, licence, evidence, reasons
):
    decision = decided(licence, evidence=evidence, rules=policy(of_source=of_source))
    assert sorted(decision.reasons) == sorted(reasons)
    assert (
        decided(licence, ["all-rights-reserved"], "text", policy(of_source="custom_deny")).admission.word == "exclude"
    )
