"""Tiers: what use of an admitted record costs (legal.md 4.3, T1 to T10). The first rule that applies decides.

The exemption for general models is the seed paper's *proposal*, not a rule of law: its basis says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.decision import Admission, Decision, Tier
from rightful.facts.situation import Consent, Situation, WorkStatus
from rightful.policy.gates import GATES
from rightful.policy.licence_gate import conditions, licensed
from rightful.policy.sections import MarketEffect

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.policy.policy import Policy
    from rightful.policy.sections import Source

SEED_PAPER = "policy:seed-paper"
ADMIT, HOLD = Admission.ADMIT, Admission.HOLD


def own(_: Situation, source: Source, __: Policy) -> Decision | None:
    """T1: the operator's own work, evidenced (the policy refuses the claim without evidence)."""
    if source.work_status is not WorkStatus.OWN:
        return None
    return Decision(ADMIT, ("OWN",), Tier.FREE_OWN, "none", f"evidence:own work ({source.name})")


def not_protected(_: Situation, source: Source, policy: Policy) -> Decision | None:
    """T2: facts and official texts; public domain only if in *every* jurisdiction of the scenario."""
    wanted = policy.scenario.jurisdictions
    if source.work_status in {WorkStatus.FACT, WorkStatus.OFFICIAL}:
        code, basis = f"PD:{source.work_status.value}", f"evidence:{source.work_status.value}"
    elif source.public_domain_in and set(wanted) <= set(source.public_domain_in):
        code, basis = "PD", f"evidence:public domain in {', '.join(wanted)}"
    else:
        return None
    # Moral rights outlast the term in some jurisdictions: author and title stay with the text.
    return Decision(ADMIT, (code,), Tier.FREE_PD, "none", basis, ("moral-rights",))


def licence_or_consent(situation: Situation, source: Source, policy: Policy) -> Decision | None:
    """T4: an evidenced licence, or a live second consent."""
    if licensed(situation, policy):
        name, asked = situation.licence, conditions(situation, policy)
        return Decision(ADMIT, (f"LIC:{name}",), Tier.FREE_LICENSED, "none", f"licence:{name}", asked)
    if situation.consent == Consent.SECOND_LIVE.value:
        return Decision(ADMIT, ("LIC:consent",), Tier.FREE_LICENSED, "none", f"consent:{source.name}")
    return None


def contract(_: Situation, source: Source, __: Policy) -> Decision | None:
    """T5: a contract that grants training, once it was paid."""
    agreed = source.contract
    if agreed is None or agreed.training != "granted":
        return None
    admission, code = (ADMIT, "PAID") if agreed.paid else (HOLD, "PAYMENT_DUE")
    return Decision(admission, (code,), Tier.PAID_LICENSED, agreed.model, f"contract:{source.name}")


def style_of_author(_: Situation, __: Source, policy: Policy) -> Decision | None:
    """T6: imitating an identified author needs permission and payment."""
    if not policy.scenario.imitates_identified_author:
        return None
    return Decision(HOLD, ("STYLE_OF_AUTHOR",), Tier.PERMISSION_AND_PAY, "negotiated", SEED_PAPER)


def paid_scenario(_: Situation, __: Source, policy: Policy) -> Decision | None:
    """T8: specific data with a possible market effect, or a commercial model for one field."""
    scenario = policy.scenario
    if scenario.specific_data and scenario.market_effect in {MarketEffect.POSSIBLE, MarketEffect.HIGH}:
        code = "SCENARIO_MARKET"
    elif not scenario.general and scenario.commercial:
        code = "SCENARIO_VERTICAL"
    else:
        return None
    return Decision(ADMIT, (code,), Tier.PAID_SCENARIO, "use", SEED_PAPER)


def general_exemption(_: Situation, __: Source, policy: Policy) -> Decision | None:
    """T9: general, no specific data, small market effect: all of them, and none unknown."""
    scenario = policy.scenario
    bearable = {MarketEffect.NONE} | ({MarketEffect.LOW} if policy.tiers.exempt_up_to == "low" else set())
    if not scenario.general or scenario.specific_data or scenario.market_effect not in bearable:
        return None
    return Decision(ADMIT, ("GENERAL",), Tier.EXEMPT_GENERAL, "none", SEED_PAPER)


TIERS: tuple[Callable[[Situation, Source, Policy], Decision | None], ...] = (
    own,
    not_protected,
    licence_or_consent,
    contract,
    style_of_author,
    paid_scenario,
    general_exemption,
)


def decide(situation: Situation, policy: Policy) -> Decision:
    """Decide a situation: all gates, most restrictive wins; the tier only where no gate fired."""
    source = policy.sources_by_name.get(situation.source) if situation.source_known else None
    findings = [finding for gate in GATES for finding in gate(situation, source, policy)]
    if findings:
        admission = max(finding.admission for finding in findings)
        ordered = sorted(findings, key=lambda finding: -finding.admission)  # stable: gate order within
        return Decision(admission, tuple(dict.fromkeys(finding.reason for finding in ordered)))
    if source is None:  # the attribution gate holds these; never reached, and never an admission
        return Decision(HOLD, ("PROVENANCE_UNKNOWN",))
    for rule in TIERS:
        decision = rule(situation, source, policy)
        if decision is not None:
            return decision
    return Decision(HOLD, ("ASSESS",))
