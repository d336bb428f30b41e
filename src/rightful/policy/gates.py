"""Gates: the rules that may hold or exclude (legal.md 4.3, G1 to G6).

Every gate looks at every situation and says all it finds; none looks at what another found. The decision takes
the most restrictive finding and keeps every reason, so adding a restriction can never loosen it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.decision import Admission, Finding
from rightful.facts.situation import Consent, RobotsFact, Route, Situation, UrlFact
from rightful.facts.statement import Preference
from rightful.policy.licence_gate import licence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rightful.policy.policy import Policy
    from rightful.policy.sections import Source

EXCLUDE, HOLD = Admission.EXCLUDE, Admission.HOLD

# What the part of a code behind its colon says, where it is one of a few words.
_DETAILS = {
    "named": "in a group that names a crawler that counts",
    "wildcard": "in its * group",
    "named+wildcard": "both in a group that names a crawler that counts and in its * group",
    "unreachable": "by being unreachable (5xx, network)",
    "refused": "by being refused (401, 403, 429, 451)",
    "no-url": "it has no URL",
    "url-not-readable": "its URL names no web location",
    "url-too-long": "its URL is too long to be matched",
    "page": "by what its page names",
}

# Every code a decision may carry, and what it says to a reader of the card.
REASONS = {
    "OPTOUT": "a verified opt-out names the record",
    "OPTOUT_PENDING": "an opt-out names the record and is not verified yet",
    "NO_SECOND_CONSENT": "user data without a live second consent to training",
    "WITHDRAWN": "the user withdrew consent",
    "MINOR": "data of a minor without a guardian's consent",
    "CONTRACT_FORBIDS": "a contract forbids training, or commercial use",
    "CONTRACT_EXPIRED": "the contract expired",
    "ROBOTS_FETCH": "robots.txt, as in force when the record was fetched, denies",
    "ROBOTS_NOW": "robots.txt, as captured last, denies",
    "RESERVED_FETCH": "a reservation, as in force when the record was fetched, denies",
    "RESERVED_NOW": "a reservation, as captured last, denies",
    "CONDITIONAL_FETCH": "a reservation, as in force when the record was fetched, asks for what was not shown",
    "CONDITIONAL_NOW": "a reservation, as captured last, asks for what was not shown",
    "ROBOTS_UNKNOWN": "the robots.txt of the record's origin was never captured, too long ago, or not whole",
    "LICENCE_DENIES": "the licence denies the use",
    "NC": "a non-commercial licence, and the scenario is commercial",
    "ND": "a no-derivatives licence, and the data set is redistributed in modified form",
    "LICENCE_TERMS": "a licence has terms that are not evaluated here",
    "UNATTRIBUTABLE": "the record cannot be attributed to a web location",
    "UNREADABLE": "something that had to be read cannot be: the record's text, or a protocol's file",
    "PROVENANCE_UNKNOWN": "the policy declares no such source",
    "CONTRACT_SILENT": "purchased data whose contract does not grant training",
    "CHAIN": "purchased data whose chain of title is not verified",
    "POOL_QUALITY": "data of a sharing pool without a quality result",
    "UNKNOWN_VALUE": "a value outside its closed list",
    "OWN": "own work, evidenced",
    "PD": "not protected: public domain in every jurisdiction of the scenario, facts, or official text; evidenced",
    "LIC": "a licence or consent covers the use, evidenced",
    "PAID": "a contract grants the use and was paid",
    "PAYMENT_DUE": "a contract grants the use against a payment that was not made",
    "STYLE_OF_AUTHOR": "the scenario imitates an identified author: permission and payment",
    "SCENARIO_MARKET": "specific data with a possible market effect: use is paid",
    "SCENARIO_VERTICAL": "a commercial model for one field: use is paid",
    "GENERAL": "the general exemption of the seed paper's proposal",
    "ASSESS": "the declared facts do not decide the tier",
}


# Reasons that hold a record; those that do not exclude it.
HOLDING = frozenset({
    "OPTOUT_PENDING", "ROBOTS_UNKNOWN", "ND", "LICENCE_TERMS", "UNATTRIBUTABLE", "UNREADABLE", "PROVENANCE_UNKNOWN",
    "CONTRACT_SILENT", "CHAIN", "POOL_QUALITY", "UNKNOWN_VALUE", "PAYMENT_DUE", "ASSESS",
    "STYLE_OF_AUTHOR",
})  # fmt: skip
_SAY_OF_WHAT = {"RESERVED_FETCH", "RESERVED_NOW", "CONDITIONAL_FETCH", "CONDITIONAL_NOW", "UNREADABLE"}


def meaning_of(reason: str) -> str:
    """Say what a reason says, its detail included."""
    code, _, detail = reason.partition(":")
    told = _DETAILS.get(detail)
    if told:
        return f"{REASONS[code]}, {told}"
    return f"{REASONS[code]} ({detail})" if code in _SAY_OF_WHAT else REASONS[code]


def robots(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G4: what robots.txt said when the record was fetched, and says now."""
    if source is not None and not source.crawl_like:
        return
    at = {"ROBOTS_FETCH": situation.robots_fetch, "ROBOTS_NOW": situation.robots_build}
    asked = [code for code in at if _counts(code, policy)]
    undecided: list[tuple[str, RobotsFact]] = []
    for code in asked:
        fact = RobotsFact(at[code])
        if fact in DENIALS:
            yield Finding(EXCLUDE, f"{code}:{fact.value.removeprefix('disallow:')}")
        elif fact in _UNDECIDED:
            undecided.append((code, fact))
    yield from _undecided_robots(undecided, asked, situation, policy)


def _counts(code: str, policy: Policy) -> bool:
    """Tell whether what was in force at that time counts."""
    mode = policy.as_of.mode
    return mode == "strictest" or code.endswith("_FETCH") == (mode == "fetch")


_UNDECIDED = {RobotsFact.UNKNOWN: "", RobotsFact.CUT: "-cut", RobotsFact.STALE: "-stale"}
DENIALS = {
    RobotsFact.REFUSED,
    RobotsFact.UNREACHABLE,
    RobotsFact.NAMED,
    RobotsFact.WILDCARD,
    RobotsFact.NAMED_AND_WILDCARD,
}


def _undecided_robots(
    undecided: list[tuple[str, RobotsFact]], asked: list[str], situation: Situation, policy: Policy
) -> Iterator[Finding]:
    """Hold what nothing is known about. Without a URL there was nothing to look up: another gate says so."""
    if situation.url != UrlFact.LOCATED.value or policy.protocols.unsafe_keep_uncaptured:
        return
    for code, fact in undecided:
        known_now = code == "ROBOTS_FETCH" and len(asked) > 1
        if known_now and fact is RobotsFact.UNKNOWN and policy.as_of.missing_fetch_evidence == "use-build":
            continue  # decided on the newest capture; the card counts how often
        when = "fetch" if code == "ROBOTS_FETCH" else "now"
        yield Finding(HOLD, f"ROBOTS_UNKNOWN:{when}{_UNDECIDED[fact]}")


def reservations(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G4: what every other protocol said when the record was fetched, and says now."""
    if source is not None and not source.crawl_like:
        return
    for when, stated in (("FETCH", situation.stated_fetch), ("NOW", situation.stated_build)):
        if not _counts(f"_{when}", policy):
            continue
        for said in stated:
            protocol, _, answer = said.partition("=")
            preference = Preference(answer.partition(":")[0])
            if protocol in policy.protocols.unsafe_ignore:
                continue
            if preference is Preference.DENY:
                yield Finding(EXCLUDE, f"RESERVED_{when}:{protocol}")
            elif preference is Preference.CONDITIONAL:
                yield Finding(EXCLUDE, f"CONDITIONAL_{when}:{protocol}")
            elif preference is Preference.ERROR:
                yield Finding(HOLD, f"UNREADABLE:{protocol}")


def optouts(situation: Situation, _source: Source | None, _policy: Policy) -> Iterator[Finding]:
    """G1: opt-outs that reached us directly."""
    for optout in situation.optouts:
        kind, _, state = optout.partition(":")
        if state == "verified":
            yield Finding(EXCLUDE, f"OPTOUT:{kind}")
        else:
            yield Finding(HOLD, f"OPTOUT_PENDING:{kind}")


def consent(situation: Situation, source: Source | None, _policy: Policy) -> Iterator[Finding]:
    """G2: interaction data needs a second consent that is live; a withdrawal counts wherever it is stated."""
    codes = {
        Consent.SECOND_WITHDRAWN.value: "WITHDRAWN",
        Consent.MINOR_WITHOUT_GUARDIAN.value: "MINOR",
    }
    if situation.consent in codes:
        yield Finding(EXCLUDE, codes[situation.consent])
    elif source is not None and source.route is Route.SELF_USER and situation.consent != Consent.SECOND_LIVE.value:
        yield Finding(EXCLUDE, "NO_SECOND_CONSENT")


def contract(_situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G3 and the contract part of G6: what was agreed, and who agreed it."""
    if source is None:
        return
    agreed = source.contract
    if agreed is not None:
        if agreed.training == "forbidden" or (agreed.commercial == "forbidden" and policy.scenario.commercial):
            yield Finding(EXCLUDE, "CONTRACT_FORBIDS")
        if agreed.expired:
            yield Finding(EXCLUDE, "CONTRACT_EXPIRED")
    if source.route is Route.PURCHASED:
        if agreed is None or agreed.training == "silent":
            yield Finding(HOLD, "CONTRACT_SILENT")
        if agreed is None or agreed.chain == "intermediary_unverified":
            yield Finding(HOLD, "CHAIN")


def attribution(situation: Situation, source: Source | None, _policy: Policy) -> Iterator[Finding]:
    """G6: a record whose source or location is unknown, or that states what the lists do not know."""
    if source is None:
        yield Finding(HOLD, "PROVENANCE_UNKNOWN")
    if situation.url != UrlFact.LOCATED.value and (source is None or source.crawl_like):
        yield Finding(HOLD, f"UNATTRIBUTABLE:{situation.url}")
    if not situation.text_readable:
        yield Finding(HOLD, "UNREADABLE:text")
    if source is not None and source.route is Route.POOL:
        yield Finding(HOLD, "POOL_QUALITY")
    for value in situation.unknown_values:
        yield Finding(HOLD, f"UNKNOWN_VALUE:{value}")


GATES: tuple[Callable[[Situation, Source | None, Policy], Iterator[Finding]], ...] = (
    optouts,
    consent,
    contract,
    robots,
    reservations,
    licence,
    attribution,
)
