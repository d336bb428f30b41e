"""One situation decided: all gates, the tier where none fired, and what it inherits from what it was made from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rightful.facts.decision import Admission, Decision, Finding, Tier
from rightful.policy.gates import OF_SOURCES, attribution, findings_of
from rightful.policy.licence_gate import licensed
from rightful.policy.reasons import inherited
from rightful.policy.source_facts import situation_of_source
from rightful.policy.tiers import not_protected, tier_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source

_ORDER = list(Tier)
_OF_RECORDS = {"url", "text_readable"}
_OF_COPY = ("ROBOTS_", "RESERVED_", "CONDITIONAL_", "UNLAWFUL_SOURCE", "TPM")


class Found(NamedTuple):
    """What is found about a situation before its tier is asked for.

    Attributes:
        source: where the records are from; None where the policy declares no such source.
        findings: of all gates, about the records and about what they were made from.
        overridden: a grant took the place of some.
        upstream: the sources that the source was made from, each as a whole.
    """

    source: Source | None
    findings: list[Finding]
    overridden: bool
    upstream: tuple[tuple[Source, Situation], ...]


def found_of(situation: Situation, policy: Policy) -> Found:
    """Ask all gates about a situation, and about the sources that its source was made from."""
    source = policy.sources_by_name.get(situation.source) if situation.source_known else None
    findings, overridden = findings_of(situation, source, policy)
    names = policy.upstream_of(source.name) if source is not None else ()
    sources = [policy.sources_by_name[name] for name in names]
    upstream = tuple((each, situation_of_source(each, policy, situation.built_on)) for each in sources)
    for each, as_source in upstream:
        findings += _inherited(each, as_source, policy)
    return Found(source, findings, overridden, upstream)


def decide(situation: Situation, policy: Policy) -> Decision:
    """Decide a situation: all gates, most restrictive wins; the tier only where no gate fired."""
    source, findings, overridden, upstream = found_of(situation, policy)
    if findings:
        return _restricted(findings, situation, source, policy)
    if source is None:  # the attribution gate holds these; never reached, and never an admission
        return Decision(Admission.HOLD, ("PROVENANCE_UNKNOWN",))
    decision = tier_of(situation, source, policy)
    for each, as_source in upstream:
        decision = _joined(decision, tier_of(as_source, each, policy), each.name)
    if overridden and decision.admission is Admission.ADMIT:
        decision = replace(decision, reasons=(*decision.reasons, "LICENCE_OVERRIDES"))
    return decision


def _inherited(upstream: Source, as_source: Situation, policy: Policy) -> Iterator[Finding]:
    """Give what restricts a source that others were made from: a defect in title goes with the data (P-12)."""
    for gate in (*OF_SOURCES, attribution):
        for finding in gate(as_source, upstream, policy):
            if finding.fact not in _OF_RECORDS:
                yield replace(finding, reason=inherited(upstream.name, finding.reason))


def _restricted(findings: list[Finding], situation: Situation, source: Source | None, policy: Policy) -> Decision:
    admission = max(finding.admission for finding in findings)
    ordered = sorted(findings, key=lambda finding: -finding.admission)  # stable: gate order within
    codes = tuple(dict.fromkeys(finding.reason for finding in ordered))
    hint: tuple[str, ...] = ()
    if admission is Admission.EXCLUDE and source is not None and all(c.startswith(_OF_COPY) for c in codes):
        hint = _elsewhere(situation, source, policy)
    return Decision(admission, codes, conditions=hint)


def _elsewhere(situation: Situation, source: Source, policy: Policy) -> tuple[str, ...]:
    """Say that only this copy is out: the work is free, or licensed, for whoever gets it in another way."""
    free = not_protected(situation, source, policy)
    if free is not None and free.admission is Admission.ADMIT:
        return (f"reacquire:{Tier.FREE_PD}",)
    return (f"reacquire:{Tier.FREE_LICENSED}",) if licensed(situation, policy) else ()


def _joined(own: Decision, upstream: Decision, name: str) -> Decision:
    """Join the tier of a record with that of what it was made from: the dearer one, and the conditions of both."""
    if upstream.admission is Admission.HOLD:
        reasons = tuple(inherited(name, reason) for reason in upstream.reasons)
        if own.admission is Admission.ADMIT:
            return replace(upstream, reasons=reasons)
        return replace(own, reasons=(*own.reasons, *reasons))
    if own.admission is Admission.HOLD or own.tier is None or upstream.tier is None:
        return own
    dearer = max((own, upstream), key=lambda decision: _ORDER.index(decision.tier or own.tier or Tier.FREE_PD))
    return replace(dearer, conditions=tuple(sorted({*own.conditions, *upstream.conditions})))
