"""Gates: the rules that may hold or exclude (legal.md 4.3, G0 to G6).

Every gate looks at every situation and says all it finds; none looks at what another found. The decision takes
the most restrictive finding and keeps every reason, so adding a restriction can never loosen it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.decision import Admission, Finding
from rightful.facts.rights import (
    Consent,
    GeneratorTerms,
    LicenceRequest,
    Notice,
    Route,
    SensitivePI,
    ThirdParty,
    Unlawful,
    WorkStatus,
)
from rightful.facts.situation import Situation, UrlFact
from rightful.policy.licence_gate import irrevocable, licence, licensed
from rightful.policy.overrides import contract_of, expired, grants_training, lacks_its_day, not_begun, overrides
from rightful.policy.signal_gates import reservations, robots, terms_of_service
from rightful.policy.source_sections import bound_by_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Contract, Source

    Gate = Callable[[Situation, Source | None, Policy], Iterator[Finding]]

EXCLUDE, HOLD = Admission.EXCLUDE, Admission.HOLD
_UNLAWFUL = {
    Unlawful.UNLAWFUL_SOURCE.value: "UNLAWFUL_SOURCE",
    Unlawful.CIRCUMVENTION.value: "TPM",
    Unlawful.ILLEGAL.value: "ILLEGAL",
}


def unlawful(situation: Situation, _source: Source | None, _policy: Policy) -> Iterator[Finding]:
    """G0: a copy that must not be used, whatever is said of the work."""
    code = _UNLAWFUL.get(situation.unlawful)
    if code:
        yield Finding(EXCLUDE, code, "unlawful")


def optouts(situation: Situation, _source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G1: opt-outs that reached us directly. A grant or licence that is older is a question for counsel, no answer."""
    for optout in situation.optouts:
        kind, _, state = optout.partition(":")
        if state == "unsure":
            yield Finding(HOLD, f"OPTOUT_UNSURE:{kind}", "matches")
        elif state != "verified":
            yield Finding(HOLD, f"OPTOUT_PENDING:{kind}", "optouts")
        elif _granted_by_holder(situation, policy):
            yield Finding(HOLD, f"OPTOUT_VS_CONTRACT:{kind}", "optouts")
        elif situation.licence_older == "yes" and licensed(situation, policy) and irrevocable(situation, policy):
            yield Finding(HOLD, f"CC_IRREVOCABLE_VS_OPTOUT:{kind}", "optouts")
        else:
            yield Finding(EXCLUDE, f"OPTOUT:{kind}", "optouts")


def _granted_by_holder(situation: Situation, policy: Policy) -> bool:
    agreed = contract_of(situation, policy)
    return agreed is not None and agreed.same_holder and grants_training(agreed, situation.built_on)


def consent(situation: Situation, source: Source | None, _policy: Policy) -> Iterator[Finding]:
    """G2: interaction data needs a second consent that is live; a withdrawal counts wherever it is stated."""
    of_users = source is not None and source.route is Route.SELF_USER
    codes = {
        Consent.SECOND_WITHDRAWN.value: "WITHDRAWN",
        Consent.MINOR_WITHOUT_GUARDIAN.value: "MINOR",
    }
    if situation.consent in codes:
        yield Finding(EXCLUDE, codes[situation.consent], "consent")
    elif of_users and situation.consent != Consent.SECOND_LIVE.value:
        yield Finding(EXCLUDE, "NO_SECOND_CONSENT", "consent")
    if situation.sensitive_pi == SensitivePI.PRESENT.value:
        yield Finding(EXCLUDE, "SENSITIVE_PI", "sensitive_pi")
    if of_users and situation.notice == Notice.NOT_SHOWN.value:
        yield Finding(HOLD, "NO_NOTICE", "notice")
    if situation.third_party == ThirdParty.FOUND.value:
        yield Finding(HOLD, "THIRD_PARTY_IN_USER_DATA", "third_party")


def contract(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G3 and the contract part of G6: what was agreed, and who agreed it."""
    agreed = contract_of(situation, policy)
    of_source = source.contract if source is not None else None  # what it forbids, no contract of a record permits
    if any(each is not None and _forbids(each, policy) for each in (agreed, of_source)):
        yield Finding(EXCLUDE, "CONTRACT_FORBIDS", "contract")
    if agreed is not None:
        if expired(agreed, situation.built_on):
            yield Finding(EXCLUDE, "CONTRACT_EXPIRED", "contract")
        elif lacks_its_day(agreed, situation.built_on):
            yield Finding(HOLD, "CONTRACT_NOT_YET:day", "built_on")
        elif not_begun(agreed, situation.built_on):
            yield Finding(HOLD, "CONTRACT_NOT_YET", "contract")
    yield from _answers(situation, source)
    if source is not None and source.route is Route.PURCHASED:
        if agreed is None or agreed.training == "silent":
            yield Finding(HOLD, "CONTRACT_SILENT", "contract")
        if agreed is None or agreed.chain == "intermediary_unverified":
            yield Finding(HOLD, "CHAIN", "contract")


def _answers(situation: Situation, source: Source | None) -> Iterator[Finding]:
    """Give what the terms of a generator, and a rightsholder who was asked, answered."""
    generated = source is not None and source.route is Route.SYNTHETIC
    own = situation.work_status == WorkStatus.OWN.value  # evidenced, and with it what the generator permits
    told = situation.generator_tos
    if generated and (
        told == GeneratorTerms.UNKNOWN.value or (told == GeneratorTerms.NOT_APPLICABLE.value and not own)
    ):
        yield Finding(HOLD, "CONTRACT_SILENT:generator", "generator_tos")
    if told == GeneratorTerms.FORBIDS.value:
        yield Finding(EXCLUDE, "CONTRACT_FORBIDS:generator", "generator_tos")
    if situation.licence_request == LicenceRequest.REFUSED.value:
        yield Finding(EXCLUDE, "CONTRACT_FORBIDS:refused", "licence_request")


def _forbids(agreed: Contract, policy: Policy) -> bool:
    return agreed.training == "forbidden" or (agreed.commercial == "forbidden" and policy.scenario.commercial)


def attribution(situation: Situation, source: Source | None, _policy: Policy) -> Iterator[Finding]:
    """G6: a record whose source or location is unknown, or that states what the lists do not know."""
    if source is None:
        yield Finding(HOLD, "PROVENANCE_UNKNOWN", "source")
    if situation.url != UrlFact.LOCATED.value and bound_by_sites(source):
        yield Finding(HOLD, f"UNATTRIBUTABLE:{situation.url}", "url")
    if not situation.text_readable:
        yield Finding(HOLD, "UNREADABLE:text", "text_readable")
    for fault in situation.pool_faults:
        yield Finding(HOLD, f"POOL_QUALITY:{fault}", "pool_faults")
    for value in situation.unknown_values:
        yield Finding(HOLD, f"UNKNOWN_VALUE:{value}", value)


# What a grant that is newer overrides (X1), and what nothing does: what nobody could read has no date.
OVERRIDABLE: tuple[Gate, ...] = (optouts, robots, reservations, terms_of_service)
_UNDATED = frozenset({"ROBOTS_UNKNOWN", "UNREADABLE"})
OF_SOURCES: tuple[Gate, ...] = (unlawful, consent, contract, terms_of_service, licence)
GATES: tuple[Gate, ...] = (
    unlawful,
    optouts,
    consent,
    contract,
    robots,
    reservations,
    terms_of_service,
    licence,
    attribution,
)


def findings_of(situation: Situation, source: Source | None, policy: Policy) -> tuple[list[Finding], bool]:
    """Give what all gates find, and whether a grant overrode any of it."""
    over = overrides(situation, policy)
    found: list[Finding] = []
    overridden = False
    for gate in GATES:
        of_gate = list(gate(situation, source, policy))
        kept = of_gate
        if over and gate in OVERRIDABLE:
            kept = [finding for finding in of_gate if finding.reason.partition(":")[0] in _UNDATED]
        overridden = overridden or len(kept) < len(of_gate)
        found += kept
    return found, overridden
