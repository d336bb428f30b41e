"""What licences forbid (gate G5), and whether one covers the use.

A record has the licence that it, or its source, states; its page may name others. What any of them forbids counts as
soon as it is named. What the stated one permits counts only with evidence, and where the page does not say otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rightful.facts.decision import Admission, Finding
from rightful.facts.rights import EVIDENCED
from rightful.policy.licences import CUSTOM_ALLOW, CUSTOM_DENY, UNKNOWN_LICENCE, licence_id, terms_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source
    from rightful.signals.licence import Choice

_BY_PAGE = ":page"


def licence(situation: Situation, source: Source | None, policy: Policy) -> Iterator[Finding]:
    """G5: a licence that denies the use. A restriction needs no evidence beyond being stated.

    What the source's licence forbids counts for a record that states another one, unless that is evidenced.
    """
    stated = {situation.licence: "licence"}
    if source is not None and not licensed(situation, policy):
        stated.setdefault(licence_id(source.licence, policy.licences.aliases)[0], "source")
    for each, fact in stated.items():
        if each == CUSTOM_DENY:
            yield Finding(Admission.EXCLUDE, "LICENCE_DENIES", fact)
        for finding in _forbidden(each, policy, ""):
            yield replace(finding, fact=fact)
    if policy.gates.page_licences == "evidence":
        return
    for named in situation.licences_named:
        yield from _forbidden(named, policy, _BY_PAGE)
        if named == UNKNOWN_LICENCE and policy.gates.page_licences == "hold-unread":
            yield Finding(Admission.HOLD, f"LICENCE_TERMS{_BY_PAGE}", "licences_named")


def _forbidden(licence: str, policy: Policy, by: str) -> Iterator[Finding]:
    """Give what the best choice among licences forbids: whoever uses the work chooses, among what is known."""
    choices = terms_of(licence).choices
    found = [_of_choice(choice, policy, by) for choice in choices]
    if len(choices) > 1:
        unread = [Finding(Admission.HOLD, f"LICENCE_TERMS{by}", "licences_named" if by else "licence")]
        found = [several or (unread if c.unknown else []) for c, several in zip(choices, found, strict=True)]
    yield from min(found, key=lambda several: max((f.admission for f in several), default=Admission.ADMIT), default=[])


def _of_choice(choice: Choice, policy: Policy, by: str) -> list[Finding]:
    fact = "licences_named" if by else "licence"
    found = []
    if "NC" in choice.conditions and policy.scenario.commercial and policy.gates.nc_is_reservation:
        found.append(Finding(Admission.EXCLUDE, f"NC{by}", fact))
    if "ND" in choice.conditions and policy.scenario.redistributes_modified:
        admission = Admission.HOLD if policy.gates.nd == "hold" else Admission.EXCLUDE
        found.append(Finding(admission, f"ND{by}", fact))
    if "terms" in choice.kinds:
        found.append(Finding(Admission.HOLD, f"LICENCE_TERMS{by}", fact))
    return found


def licensed(situation: Situation, policy: Policy) -> bool:
    """Tell whether an evidenced licence covers the use, and the page does not reserve all rights."""
    evidenced = situation.licence_evidence in EVIDENCED
    if policy.gates.page_licences != "evidence" and any(map(_reserves, situation.licences_named)):
        return False
    return evidenced and (situation.licence == CUSTOM_ALLOW or _chosen(situation.licence, policy) is not None)


def _reserves(licence: str) -> bool:
    """Tell whether all rights are reserved, whatever else is said."""
    return any("reserved" in choice.kinds for choice in terms_of(licence).choices)


def irrevocable(situation: Situation, policy: Policy) -> bool:
    """Tell whether the licence that covers the use cannot be withdrawn, by its own text."""
    choice = _chosen(situation.licence, policy)
    return choice is not None and all(row.irrevocable for row in choice.licences)


def conditions(situation: Situation, policy: Policy) -> tuple[str, ...]:
    """Give what must be kept with a licensed record: what its licence asks for, and what its page says it does."""
    asked: set[str] = set()
    choice = _chosen(situation.licence, policy)
    if choice is not None:
        asked.update(choice.conditions)
    if policy.gates.page_licences != "evidence":
        asked.update(condition for named in situation.licences_named for condition in terms_of(named).conditions)
    return tuple(sorted(asked))


def _chosen(licence: str, policy: Policy) -> Choice | None:
    """Give the choice with the fewest conditions that permits the use; None where there is none.

    That a policy overlooks a reservation of commercial use makes no permission of it.
    """
    granting = [choice for choice in terms_of(licence).choices if choice.grants]
    usable = [choice for choice in granting if not ("NC" in choice.conditions and policy.scenario.commercial)]
    return min(usable, key=lambda choice: (len(choice.conditions), choice.id), default=None)
