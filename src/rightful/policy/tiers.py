"""Tiers: what use of an admitted record costs (legal.md 4.3, T0 to T10). The first rule that applies decides.

The exemptions for general models and for research are those of a profile. The seed paper's is a *proposal*, not a rule
of law: its basis says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.decision import Admission, Decision, Tier
from rightful.facts.rights import Consent, Extraction, Holder, LawfulAccess, Route, Specific, WorkStatus
from rightful.facts.situation import origins_in
from rightful.policy.licence_gate import conditions, licensed
from rightful.policy.overrides import contract_of, grants_training
from rightful.policy.profiles import profile
from rightful.policy.protection_terms import term_version
from rightful.policy.signal_gates import charged, offered
from rightful.policy.source_sections import MarketEffect

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source

    Rule = Callable[[Situation, Source, Policy], Decision | None]

ADMIT, HOLD = Admission.ADMIT, Admission.HOLD
_ATTRIBUTION = "attribution"


def pool(_: Situation, source: Source, __: Policy) -> Decision | None:
    """T0: data of a sharing pool; who curates a free text still shares. Faults are a gate's."""
    if source.route is not Route.POOL:
        return None
    return Decision(ADMIT, ("POOL",), Tier.POOL_SHARE, "share", f"contract:{source.name}")


def own(situation: Situation, source: Source, __: Policy) -> Decision | None:
    """T1: the operator's own work, evidenced."""
    if situation.work_status != WorkStatus.OWN.value:
        return None
    return Decision(ADMIT, ("OWN",), Tier.FREE_OWN, "none", f"evidence:own work ({source.name})")


def not_protected(situation: Situation, _: Source, policy: Policy) -> Decision | None:
    """T2: facts and official texts; public domain only if in *every* jurisdiction of the scenario."""
    wanted = policy.scenario.jurisdictions
    if situation.work_status in {WorkStatus.FACT.value, WorkStatus.OFFICIAL.value}:
        code, basis = f"PD:{situation.work_status}", f"evidence:{situation.work_status}"
    elif situation.work_status != WorkStatus.PROTECTED.value and set(wanted) <= set(situation.public_domain_in):
        code, basis = "PD", f"{_origin_of_terms(situation)}:public domain in {', '.join(wanted)}"
    else:
        return None
    # Moral rights outlast the term in some jurisdictions: author and title stay with the text.
    kept = ("moral-rights",)
    if situation.db_extraction == Extraction.SUBSTANTIAL.value and "EU" in wanted:
        agreed = contract_of(situation, policy)
        if grants_training(agreed, situation.built_on):
            return None  # the maker of the database granted what is its own: T5
        return Decision(HOLD, ("DB_RIGHT",), Tier.FREE_PD, "none", basis, kept)
    return Decision(ADMIT, (code,), Tier.FREE_PD, "none", basis, kept)


def _origin_of_terms(situation: Situation) -> str:
    """Say what public domain rests on: documents, or arithmetic by a table of terms."""
    computed = "computed" in origins_in(situation.filled_by, "public_domain_in")
    return f"computed by terms {term_version()}" if computed else "evidence"


def licence_or_consent(situation: Situation, source: Source, policy: Policy) -> Decision | None:
    """T4: an evidenced licence, a free licence of the site that was captured, or a live second consent."""
    if licensed(situation, policy):
        name, asked = situation.licence, conditions(situation, policy)
        return Decision(ADMIT, (f"LIC:{name}",), Tier.FREE_LICENSED, "none", f"licence:{name}", asked)
    asked_by_site = offered(situation, source, policy)
    if asked_by_site is not None and asked_by_site <= {_ATTRIBUTION}:
        asked = ("BY",) if asked_by_site else ()
        return Decision(ADMIT, ("LIC:rsl",), Tier.FREE_LICENSED, "none", "licence:rsl", asked)
    if situation.consent == Consent.SECOND_LIVE.value and source.route is Route.SELF_USER:
        return Decision(ADMIT, ("LIC:consent",), Tier.FREE_LICENSED, "none", f"consent:{source.name}")
    return None


def paid(situation: Situation, source: Source, policy: Policy) -> Decision | None:
    """T5: a contract or an RSL licence that grants training, once it was paid."""
    agreed = contract_of(situation, policy)
    if agreed is not None and grants_training(agreed, situation.built_on):
        admission, code = (ADMIT, "PAID") if agreed.settled else (HOLD, "PAYMENT_DUE")
        return Decision(admission, (code,), Tier.PAID_LICENSED, agreed.model, f"contract:{situation.contract}")
    asked, priced = offered(situation, source, policy), sorted(charged(situation, source, policy))
    due = [price for price in priced if price not in situation.acquired]
    if not priced or (asked is None and not due):
        return None
    met = not due
    reason = ("PAID:rsl",) if met else tuple(f"PAYMENT_DUE:rsl:{price.removeprefix('payment:')}" for price in due)
    kept = ("BY",) if _ATTRIBUTION in (asked or ()) else ()
    model = priced[0].removeprefix("payment:")
    return Decision(ADMIT if met else HOLD, reason, Tier.PAID_LICENSED, model, "licence:rsl", kept)


def style_of_author(_: Situation, __: Source, policy: Policy) -> Decision | None:
    """T6: imitating an identified author needs permission and payment."""
    if not policy.scenario.imitates_identified_author:
        return None
    basis = profile(policy.profile).basis_of_payment
    return Decision(HOLD, ("STYLE_OF_AUTHOR",), Tier.PERMISSION_AND_PAY, "negotiated", basis)


def research(situation: Situation, _: Source, policy: Policy) -> Decision | None:
    """T7: a research organisation without commercial purpose, in a profile that exempts it."""
    applied, scenario = profile(policy.profile), policy.scenario
    if not (applied.research and scenario.research_organisation and not scenario.commercial):
        return None
    if "lawful_access" in applied.needs and situation.lawful_access != LawfulAccess.YES.value:
        return Decision(HOLD, ("LAWFUL_ACCESS",))
    return Decision(ADMIT, ("RESEARCH",), Tier.EXEMPT_RESEARCH, "none", applied.research_basis)


def paid_scenario(situation: Situation, source: Source, policy: Policy) -> Decision | None:
    """T8: specific data with a possible market effect, or a commercial model for one field."""
    scenario = policy.scenario
    specific = situation.specific_data not in {Specific.NO.value, Specific.UNKNOWN.value}
    if specific and scenario.market_effect in {MarketEffect.POSSIBLE, MarketEffect.HIGH}:
        code = "SCENARIO_MARKET"
    elif not scenario.general and scenario.commercial:
        code = "SCENARIO_VERTICAL"
    else:
        return None
    applied = profile(policy.profile)
    if held := _held_by_profile(situation, source, policy, applied.payment):
        return held
    escrow = ("escrow",) if situation.holder == Holder.UNLOCATED.value else ()
    return Decision(ADMIT, (code,), Tier.PAID_SCENARIO, "use", applied.basis_of_payment, escrow)


def general_exemption(situation: Situation, source: Source, policy: Policy) -> Decision | None:
    """T9: general, no specific data, small market effect: all of them, and none unknown."""
    scenario = policy.scenario
    bearable = {MarketEffect.NONE} | ({MarketEffect.LOW} if policy.tiers.exempt_up_to == "low" else set())
    specific = situation.specific_data != Specific.NO.value
    if not scenario.general or specific or scenario.market_effect not in bearable:
        return None
    applied = profile(policy.profile)
    if held := _held_by_profile(situation, source, policy, applied.exemption):
        return held
    return Decision(ADMIT, ("GENERAL",), Tier.EXEMPT_GENERAL, "none", applied.basis)


def _held_by_profile(situation: Situation, source: Source, policy: Policy, becomes: str) -> Decision | None:
    """Hold what the paper would admit where a profile does not, or needs what is not shown."""
    applied = profile(policy.profile)
    reasons = []
    if becomes == "hold" or ("sold_for_analysis" in applied.holds_on and source.sold_for_analysis):
        reasons.append(applied.held_because)
    if "lawful_access" in applied.needs and situation.lawful_access != LawfulAccess.YES.value and becomes == "admit":
        reasons.append("LAWFUL_ACCESS")
    return Decision(HOLD, tuple(reasons)) if reasons else None


TIERS: tuple[Rule, ...] = (
    pool,
    own,
    not_protected,
    licence_or_consent,
    paid,
    style_of_author,
    research,
    paid_scenario,
    general_exemption,
)


def tier_of(situation: Situation, source: Source, policy: Policy) -> Decision:
    """Decide what use costs, where no gate found anything (T10 where no rule applies)."""
    for rule in TIERS:
        decision = rule(situation, source, policy)
        if decision is not None:
            return decision
    return Decision(HOLD, ("ASSESS",))
