"""Gate G4: what sites and files say of the use, by whatever protocol, when a record was fetched and now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.decision import Admission, Finding
from rightful.facts.rights import Terms
from rightful.facts.situation import RobotsFact, Situation, UrlFact
from rightful.facts.statement import Preference, read_summary
from rightful.policy.source_sections import bound_by_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source

EXCLUDE, HOLD = Admission.EXCLUDE, Admission.HOLD
DENIALS = frozenset({
    RobotsFact.REFUSED, RobotsFact.UNREACHABLE, RobotsFact.NAMED, RobotsFact.WILDCARD, RobotsFact.NAMED_AND_WILDCARD,
})  # fmt: skip
_UNDECIDED = {RobotsFact.UNKNOWN: "", RobotsFact.CUT: "-cut", RobotsFact.STALE: "-stale"}
# What is said inside of a file goes where the file goes; what a site says is about the site (legal.md 4.4, 7 and 78).
FILE_SCOPED = frozenset({"c2pa", "plus"})
RSL = "rsl"
UNKNOWN_PAYMENT = "payment"
_PAYABLE = ("payment:", "contribution")
_ATTRIBUTION = "attribution"


def counts(when: str, policy: Policy) -> bool:
    """Tell whether what was in force then (`FETCH`, `NOW`) counts."""
    mode = policy.as_of.mode
    return mode == "strictest" or (when == "FETCH") == (mode == "fetch")


def robots(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G4: what robots.txt said when the record was fetched, and says now."""
    if not bound_by_sites(source):
        return
    at = {"FETCH": ("robots_fetch", situation.robots_fetch), "NOW": ("robots_build", situation.robots_build)}
    asked = [when for when in at if counts(when, policy)]
    undecided: list[tuple[str, RobotsFact]] = []
    for when in asked:
        name, value = at[when]
        fact = RobotsFact(value)
        if fact in DENIALS:
            yield Finding(EXCLUDE, f"ROBOTS_{when}:{fact.value.removeprefix('disallow:')}", name)
        elif fact in _UNDECIDED:
            undecided.append((when, fact))
    yield from _undecided_robots(undecided, asked, situation, policy)


def _undecided_robots(
    undecided: list[tuple[str, RobotsFact]], asked: list[str], situation: Situation, policy: Policy
) -> Iterator[Finding]:
    """Hold what nothing is known about. Without a URL there was nothing to look up: another gate says so."""
    if situation.url != UrlFact.LOCATED.value or policy.protocols.unsafe_keep_uncaptured:
        return
    for when, fact in undecided:
        known_now = when == "FETCH" and len(asked) > 1
        if known_now and fact is RobotsFact.UNKNOWN and policy.as_of.missing_fetch_evidence == "use-build":
            continue  # decided on the newest capture; the card counts how often
        name = "robots_fetch" if when == "FETCH" else "robots_build"
        yield Finding(HOLD, f"ROBOTS_UNKNOWN:{when.lower()}{_UNDECIDED[fact]}", name)


def stated(situation: Situation, policy: Policy) -> Iterator[tuple[str, str, Preference, frozenset[str]]]:
    """Give what every other protocol says that counts: when, protocol, preference, conditions."""
    for when, several in (("FETCH", situation.stated_fetch), ("NOW", situation.stated_build)):
        if counts(when, policy):
            for said in several:
                protocol, preference, conditions = read_summary(said)
                if protocol not in policy.protocols.unsafe_ignore:
                    yield when, protocol, preference, conditions


def reservations(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G4: what every other protocol said when the record was fetched, and says now."""
    for when, protocol, preference, conditions in stated(situation, policy):
        if not bound_by_sites(source) and protocol not in FILE_SCOPED:
            continue
        fact = "stated_fetch" if when == "FETCH" else "stated_build"
        # Nobody can have paid what nobody knows the kind of.
        missing = conditions - (set(situation.acquired) - {UNKNOWN_PAYMENT})
        if preference is Preference.DENY:
            yield Finding(EXCLUDE, f"RESERVED_{when}:{protocol}", fact)
        elif preference is Preference.ERROR:
            yield Finding(HOLD, f"UNREADABLE:{protocol}", fact)
        elif preference is not Preference.CONDITIONAL or (conditions and not missing):
            continue
        elif UNKNOWN_PAYMENT in missing:
            yield Finding(HOLD, f"UNKNOWN_VALUE:{protocol}", fact)
            others = missing - {UNKNOWN_PAYMENT, _ATTRIBUTION}
            if others and not is_offer(protocol, others):
                yield Finding(EXCLUDE, f"CONDITIONAL_{when}:{protocol}", fact)
        elif not is_offer(protocol, missing):
            yield Finding(EXCLUDE, f"CONDITIONAL_{when}:{protocol}", fact)


def is_offer(protocol: str, conditions: frozenset[str]) -> bool:
    """Tell whether what is asked for is a price: a licence that can be had for it, and no reservation (T5 decides)."""
    asked = conditions - {_ATTRIBUTION}
    return protocol == RSL and bool(asked) and all(condition.startswith(_PAYABLE) for condition in asked)


def terms_of_service(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G4b: a reservation in words, as somebody read it."""
    if situation.tos == Terms.RESERVED.value and bound_by_sites(source):
        yield Finding(EXCLUDE if policy.gates.tos_strict else HOLD, "RESERVED_TOS", "tos")


def charged(situation: Situation, source: Source, policy: Policy) -> frozenset[str]:
    """Give the prices that RSL licences ask at any time that counts: what is offered no more was due all the same."""
    if not source.crawl_like:
        return frozenset()
    said = stated(situation, policy)
    several = [asked for _, protocol, p, asked in said if (protocol, p) == (RSL, Preference.CONDITIONAL)]
    return frozenset(price for asked in several for price in asked if price.startswith(_PAYABLE))


def offered(situation: Situation, source: Source, policy: Policy) -> frozenset[str] | None:
    """Give what an RSL licence asks for this use: nothing or `attribution` where it is free; None where none covers it.

    It has to cover it at every time that counts.
    """
    if not source.crawl_like:
        return None
    said = [(when, p, asked) for when, protocol, p, asked in stated(situation, policy) if protocol == RSL]
    if not any(when == "NOW" or policy.as_of.mode == "fetch" for when, _, _ in said):
        return None
    if any(preference not in {Preference.ALLOW, Preference.CONDITIONAL} for _, preference, _ in said):
        return None
    return frozenset().union(*(asked for _, _, asked in said))
