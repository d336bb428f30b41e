"""Tiers and gates, one by one: what the laws over all combinations do not say of each."""

from dataclasses import replace

import pytest
from tests.policy.laws import decided
from tests.policy.situations import BASES, EVERYWHERE, OFFER, OLDER, VALUES, built, combined

from rightful.facts.decision import Admission, Tier
from rightful.policy.deciding import decide
from rightful.policy.protection_terms import term_version
from rightful.policy.reasons import meaning_of, reason_of, reasons

FREE = {"work_status": "pd", "public_domain_in": EVERYWHERE}


def of(*changes):
    return decided(combined(*changes))


def test_all_reasons_are_kept_what_restricts_most_first():
    decision = of({"robots_build": "disallow:named", "optouts": ("url:received",), "licence": "cc-by-nc-4.0"})
    assert decision.reasons == ("ROBOTS_NOW:named", "NC", "OPTOUT_PENDING:url")


def test_the_papers_exemption_is_labelled_as_a_policy_never_as_law():
    assert of().basis == "policy:seed-paper"
    assert of({"general": False}).basis == "policy:seed-paper"


def test_overlooking_a_non_commercial_reservation_makes_no_permission_of_it():
    licensed = {"licence": "cc-by-nc-4.0", "licence_evidence": "text+notice"}
    assert of(licensed, {"nc_is_reservation": False}).tier is Tier.EXEMPT_GENERAL
    assert of(licensed, {"commercial": False}).tier is Tier.FREE_LICENSED
    assert of(licensed).reasons == ("NC",)


@pytest.mark.parametrize(
    ("more", "tier"),
    [
        ({"route": "pool"}, Tier.POOL_SHARE),
        ({"work_status": "own"}, Tier.FREE_OWN),
        ({"work_status": "pd", "public_domain_in": EVERYWHERE}, Tier.FREE_PD),
        ({"licence": "mit", "licence_evidence": "text"}, Tier.FREE_LICENSED),
        ({"training": "granted"}, Tier.PAID_LICENSED),
        ({"imitates": True}, Tier.PERMISSION_AND_PAY),
        ({"general": False, "specific_data": "declared", "market": "high"}, Tier.PAID_SCENARIO),
    ],
)
def test_of_several_tiers_the_first_of_the_table_stands(more, tier):
    """Every step is tried with all later ones present."""
    later = {
        "work_status": "own", "public_domain_in": EVERYWHERE, "licence": "mit", "licence_evidence": "text",
        "training": "granted", "imitates": True,
    }  # fmt: skip
    names = list(later)
    first = next((names.index(name) for name in more if name in later), 0 if "route" in more else len(names))
    assert of({name: later[name] for name in names[first:]}, more).tier is tier


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({**FREE, "robots_build": "disallow:named"}, ("reacquire:FREE_PD",)),
        ({**FREE, "work_status": "protected", "robots_build": "disallow:named"}, ()),
        ({**FREE, "jurisdictions": ("EU",), "db_extraction": "substantial", "robots_build": "disallow:named"}, ()),
        ({"work_status": "official", "stated_build": ("tdmrep=deny",)}, ("reacquire:FREE_PD",)),
        ({"licence": "mit", "licence_evidence": "text", "unlawful": "tpm"}, ("reacquire:FREE_LICENSED",)),
        ({"licence": "mit", "licence_evidence": "tag_only", "unlawful": "tpm"}, ()),
        ({**FREE, "robots_build": "disallow:named", "unlawful": "illegal"}, ()),
        ({**FREE, "optouts": ("url:verified",)}, ()),
        ({"robots_build": "disallow:named"}, ()),
    ],
)
def test_where_only_a_copy_is_out_it_says_how_the_work_is_to_be_had(changes, hint):
    decision = of(changes)
    assert decision.admission is Admission.EXCLUDE
    assert decision.conditions == hint


@pytest.mark.parametrize(
    ("changes", "reasons_"),
    [
        ({}, ("PAID", "LICENCE_OVERRIDES")),
        ({"paid": False, "accruing": True}, ("PAID", "LICENCE_OVERRIDES")),
        ({"chain": "agent_verified"}, ("PAID", "LICENCE_OVERRIDES")),
        ({"tos": "reserved"}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site", "RESERVED_TOS")),
        ({"robots_fetch": "cut"}, ("ROBOTS_UNKNOWN:fetch-cut",)),
        ({"stated_build": ("plus=error",)}, ("UNREADABLE:plus",)),
        ({"unlawful": "tpm"}, ("TPM",)),
        ({"licence": "custom_deny"}, ("LICENCE_DENIES",)),
        ({"in_force": ("2026-03-31", "")}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"in_force": ("2026-04-01", "")}, ("PAID", "LICENCE_OVERRIDES")),
        ({"restricted_at": "2026-05-01"}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"restricted_at": "unknown"}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"chain": "intermediary_unverified"}, ("OPTOUT:site", "ROBOTS_NOW:named")),
        ({"in_force": ("2026-05", "2026-06-14")}, ("OPTOUT:site", "CONTRACT_EXPIRED", "ROBOTS_NOW:named")),
        ({"in_force": ("2026-05", "2026-06-15")}, ("PAID", "LICENCE_OVERRIDES")),
        ({"in_force": ("2026-06-15", "")}, ("PAID", "LICENCE_OVERRIDES")),
        ({"in_force": ("2026-06-16", "")}, ("OPTOUT:site", "ROBOTS_NOW:named", "CONTRACT_NOT_YET")),
        ({"built_on": ""}, ("OPTOUT:site", "ROBOTS_NOW:named", "CONTRACT_NOT_YET:day")),
        ({"built_on": "", "in_force": ("", "")}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"same_holder": False}, ("OPTOUT:site", "ROBOTS_NOW:named")),
    ],
)
def test_a_grant_overrides_what_is_older_and_dated_and_nothing_else(changes, reasons_):
    """X1: a reservation limits exceptions, not a licence of who reserved; `restricted_at` is all of 2026-03."""
    assert BASES["overridden"]["restricted_at"] == OLDER
    assert of(BASES["overridden"], changes).reasons == reasons_


@pytest.mark.parametrize(
    ("changes", "reasons_"),
    [
        ({"stated_build": (OFFER,)}, ("PAYMENT_DUE:rsl:training",)),
        ({"stated_fetch": (OFFER,)}, ("PAYMENT_DUE:rsl:training",)),
        ({"stated_fetch": (OFFER,), "stated_build": ("rsl=allow",)}, ("PAYMENT_DUE:rsl:training",)),
        ({"stated_fetch": (OFFER,), "acquired": ("payment:training",)}, ("GENERAL",)),
        ({"stated_fetch": (OFFER,), "mode": "fetch", "acquired": ("payment:training",)}, ("PAID:rsl",)),
        ({"stated_build": ("rsl=conditional:contact+payment:training",)}, ("CONDITIONAL_NOW:rsl",)),
        (
            {"stated_build": ("rsl=conditional:contact+payment:training",), "acquired": ("contact",)},
            ("PAYMENT_DUE:rsl:training",),
        ),
        (
            {"stated_build": ("rsl=conditional:contribution+payment:use",), "acquired": ("contribution",)},
            ("PAYMENT_DUE:rsl:use",),
        ),
        ({"stated_build": ("rsl=conditional:payment",)}, ("UNKNOWN_VALUE:rsl",)),
        ({"stated_build": ("rsl=conditional:payment",), "acquired": ("payment",)}, ("UNKNOWN_VALUE:rsl",)),
        ({"stated_build": ("rsl=conditional:contact+payment",)}, ("CONDITIONAL_NOW:rsl", "UNKNOWN_VALUE:rsl")),
        ({"stated_fetch": ("rsl=allow",)}, ("GENERAL",)),
        ({"stated_build": ("tdmrep=conditional:payment:tdm",)}, ("CONDITIONAL_NOW:tdmrep",)),
        ({"stated_build": ("tdmrep=conditional:payment:tdm",), "acquired": ("payment:tdm",)}, ("GENERAL",)),
    ],
)
def test_what_a_licence_of_the_site_asks_is_due_whenever_it_asked(changes, reasons_):
    """T5: a price that was asked as of the fetch stays due; a grant has to be there as of every time that counts."""
    assert of(changes).reasons == reasons_


@pytest.mark.parametrize(
    ("changes", "admission", "tier", "reasons_"),
    [
        ({"upstream": "own"}, "admit", Tier.EXEMPT_GENERAL, ("GENERAL",)),
        ({"upstream": "plain", "work_status": "own"}, "admit", Tier.EXEMPT_GENERAL, ("GENERAL",)),
        ({"upstream": "unpaid"}, "hold", Tier.PAID_LICENSED, ("LINEAGE:upstream:PAYMENT_DUE",)),
        ({"upstream": "unpaid", "imitates": True}, "hold", Tier.PERMISSION_AND_PAY,
         ("STYLE_OF_AUTHOR", "LINEAGE:upstream:PAYMENT_DUE")),
        ({"upstream": "plain", "work_status": "fact", "db_extraction": "substantial"}, "hold", Tier.FREE_PD,
         ("DB_RIGHT",)),
        ({"upstream": "tos"}, "hold", None, ("LINEAGE:upstream:RESERVED_TOS",)),
        ({"upstream": "tos", "tos_strict": True}, "exclude", None, ("LINEAGE:upstream:RESERVED_TOS",)),
        ({"upstream": "users"}, "exclude", None, ("LINEAGE:upstream:NO_SECOND_CONSENT",)),
        ({"upstream": "generator"}, "exclude", None, ("LINEAGE:upstream:CONTRACT_FORBIDS:generator",)),
        ({"upstream": "pool"}, "hold", None, ("LINEAGE:upstream:POOL_QUALITY:not_assessed",)),
    ],
)  # fmt: skip
def test_what_data_was_made_from_restricts_it_and_the_dearer_tier_stands(changes, admission, tier, reasons_):
    decision = of({"route": "synthetic", "generator_tos": "permits"}, changes)
    assert (decision.admission.word, decision.tier, decision.reasons) == (admission, tier, reasons_)


@pytest.mark.parametrize("route", ["self.rd", "self.user", "crawled", "open_dataset", "purchased", "synthetic"])
def test_consent_of_users_is_a_licence_for_data_of_users_alone(route):
    decision = of({"route": route, "consent": "second_live", "training": "granted", "generator_tos": "permits"})
    tier = Tier.FREE_LICENSED if route == "self.user" else Tier.PAID_LICENSED
    assert (decision.admission, decision.tier) == (Admission.ADMIT, tier)


@pytest.mark.parametrize("route", VALUES["route"])
def test_somebody_elses_work_holds_whatever_the_route(route):
    said = {"training": "granted", "consent": "second_live", "generator_tos": "permits", "third_party": "found"}
    decision = of({"route": route, **said})
    assert (decision.admission, decision.reasons) == (Admission.HOLD, ("THIRD_PARTY_IN_USER_DATA",))


@pytest.mark.parametrize("route", ["self.rd", "synthetic"])
def test_nobody_read_the_terms_of_the_generator(route):
    held = of({"route": route, "work_status": "own", "generator_tos": "unknown"})
    reasons_ = ("CONTRACT_SILENT:generator",) if route == "synthetic" else ("OWN",)
    assert held.reasons == reasons_
    assert of({"route": route, "work_status": "own", "generator_tos": "permits"}).reasons == ("OWN",)
    silent = of({"route": route, "generator_tos": "n/a"})
    assert silent.reasons == (("CONTRACT_SILENT:generator",) if route == "synthetic" else ("GENERAL",))


@pytest.mark.parametrize(
    ("changes", "reasons_"),
    [
        ({}, ("PAID",)),
        ({"built_on": ""}, ("CONTRACT_NOT_YET:day",)),
        ({"built_on": "", "in_force": ("", "2027")}, ("CONTRACT_NOT_YET:day",)),
        ({"built_on": "", "in_force": ("", "")}, ("PAID",)),
        ({"built_on": "", "expired": True}, ("CONTRACT_EXPIRED",)),
        ({"in_force": ("2026-07", "")}, ("CONTRACT_NOT_YET",)),
    ],
)
def test_a_contract_with_dates_needs_a_day(changes, reasons_):
    assert of(BASES["purchased"], changes).reasons == reasons_


def test_without_a_day_a_contract_with_dates_grants_nothing():
    """A verified opt-out is then against no grant at all."""
    granted = {"training": "granted", "optouts": ("url:verified",)}
    assert of(granted).reasons == ("OPTOUT_VS_CONTRACT:url",)
    assert of(granted, {"built_on": ""}).reasons == ("OPTOUT:url", "CONTRACT_NOT_YET:day")


def test_a_grant_by_somebody_else_stands_against_no_opt_out():
    granted = {"training": "granted", "optouts": ("url:verified",)}
    assert of(granted, {"same_holder": False}).reasons == ("OPTOUT:url",)
    licensed = {"licence": "mit", "licence_evidence": "text", "licence_older": "yes"}
    assert of(granted, licensed).reasons == ("OPTOUT_VS_CONTRACT:url",)
    irrevocable = {**licensed, "licence": "cc-by-4.0"}
    assert of(granted, irrevocable, {"same_holder": False}).reasons == ("CC_IRREVOCABLE_VS_OPTOUT:url",)


def test_what_is_protected_is_free_nowhere():
    assert of(FREE).reasons == of(FREE, {"work_status": "unknown"}).reasons == ("PD",)
    assert of(FREE, {"work_status": "protected"}).reasons == ("GENERAL",)


@pytest.mark.parametrize(
    ("filled_by", "basis"),
    [
        ((), "evidence:public domain in"),
        (("public_domain_in:column",), "evidence:public domain in"),
        (("public_domain_in:computed",), f"computed by terms {term_version()}:public domain in"),
        (("public_domain_in:column+computed",), f"computed by terms {term_version()}:public domain in"),
    ],
)
def test_public_domain_by_arithmetic_says_so(filled_by, basis):
    situation, policy = built(combined(FREE))
    assert decide(replace(situation, filled_by=filled_by), policy).basis == f"{basis} CN, EU, US"


@pytest.mark.parametrize(
    ("changes", "admission", "reasons_"),
    [
        ({}, "hold", ("DB_RIGHT",)),
        ({"training": "granted"}, "admit", ("PAID",)),
        ({"training": "granted", "paid": False}, "hold", ("PAYMENT_DUE",)),
        ({"training": "silent"}, "hold", ("DB_RIGHT",)),
        ({"training": "granted", "chain": "intermediary_unverified"}, "hold", ("DB_RIGHT",)),
        ({"training": "granted", "built_on": ""}, "hold", ("CONTRACT_NOT_YET:day",)),
        ({"jurisdictions": ("CN",)}, "admit", ("PD:fact",)),
    ],
)
def test_a_grant_lifts_the_right_in_a_database(changes, admission, reasons_):
    decision = of({"work_status": "fact", "db_extraction": "substantial"}, changes)
    assert (decision.admission.word, decision.reasons) == (admission, reasons_)


def test_the_right_in_a_database_gives_no_hint_that_the_work_is_free_elsewhere():
    denied = {"work_status": "fact", "robots_build": "disallow:named"}
    assert of(denied).conditions == ("reacquire:FREE_PD",)
    assert of(denied, {"db_extraction": "substantial"}).conditions == ()


@pytest.mark.parametrize("general", [True, False])
def test_where_nobody_measured_shares_data_is_neither_exempt_nor_specific(general):
    decision = of({"specific_data": "unknown", "market": "low", "general": general, "commercial": general})
    assert (decision.admission, decision.tier, decision.reasons) == (Admission.HOLD, None, ("ASSESS",))
    for market in VALUES["market"]:
        assert of({"specific_data": "unknown", "market": market}).reasons == ("ASSESS",)


def test_every_code_that_restricts_says_what_resolves_it():
    for code, reason in reasons().items():
        assert reason.says, code
        restricts = (reason.holds or reason.rule.startswith("G")) and code != "LICENCE_OVERRIDES"
        assert bool(reason.resolve) == restricts, code


def test_what_is_inherited_is_told_with_the_name_of_its_source():
    code = "LINEAGE:old web:RESERVED_NOW:rsl"
    assert reason_of(code).code == "RESERVED_NOW"
    assert "old web" in meaning_of(code)
    assert "rsl" in meaning_of(code)
