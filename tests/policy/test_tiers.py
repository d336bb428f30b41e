"""Tiers and gates, one by one: what the laws over all combinations do not say of each."""

import pytest
from tests.policy.laws import decided
from tests.policy.situations import BASES, EVERYWHERE, OFFER, OLDER, combined

from rightful.facts.decision import Admission, Tier
from rightful.policy.reasons import meaning_of, reason_of, reasons


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
        ({"public_domain_in": EVERYWHERE}, Tier.FREE_PD),
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
        ({"public_domain_in": EVERYWHERE, "robots_build": "disallow:named"}, ("reacquire:FREE_PD",)),
        ({"work_status": "official", "stated_build": ("tdmrep=deny",)}, ("reacquire:FREE_PD",)),
        ({"licence": "mit", "licence_evidence": "text", "unlawful": "tpm"}, ("reacquire:FREE_LICENSED",)),
        ({"licence": "mit", "licence_evidence": "tag_only", "unlawful": "tpm"}, ()),
        ({"public_domain_in": EVERYWHERE, "robots_build": "disallow:named", "unlawful": "illegal"}, ()),
        ({"public_domain_in": EVERYWHERE, "optouts": ("url:verified",)}, ()),
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
        ({"starts": "2026-03-31"}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"starts": "2026-04-01"}, ("PAID", "LICENCE_OVERRIDES")),
        ({"restricted_at": "2026-05-01"}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"restricted_at": "unknown"}, ("ROBOTS_NOW:named", "OPTOUT_VS_CONTRACT:site")),
        ({"chain": "intermediary_unverified"}, ("OPTOUT:site", "ROBOTS_NOW:named")),
        ({"ends": "2026-06-14"}, ("OPTOUT:site", "CONTRACT_EXPIRED", "ROBOTS_NOW:named")),
        ({"ends": "2026-06-15"}, ("PAID", "LICENCE_OVERRIDES")),
        ({"starts": "2026-06-15"}, ("PAID", "LICENCE_OVERRIDES")),
        ({"starts": "2026-06-16"}, ("OPTOUT:site", "ROBOTS_NOW:named", "CONTRACT_NOT_YET")),
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
    decision = of({"route": "synthetic"}, changes)
    assert (decision.admission.word, decision.tier, decision.reasons) == (admission, tier, reasons_)


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
