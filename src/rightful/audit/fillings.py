"""What a policy fills in from its sources and from single columns, for asking both of two policies the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.policy.licence_facts import licence_facts
from rightful.policy.source_facts import filled
from rightful.screening.observe import built_on

if TYPE_CHECKING:
    from datetime import datetime

    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_facts import Filled
    from rightful.policy.source_sections import Source


class Fillings:
    """What one policy makes of each source and of what one column says; every answer is kept.

    Args:
        policy: the policy.
        as_of: time of the newest capture.
    """

    def __init__(self, policy: Policy, as_of: datetime | None) -> None:
        self.policy = policy
        self.built_on = built_on(policy, as_of)
        self._known: dict[tuple[str | None, str, str | None], Filled] = {}

    def source_of(self, situation: Situation) -> Source | None:
        """Give what the policy declares of a situation's source."""
        return self.policy.sources_by_name.get(situation.source) if situation.source_known else None

    def filled(self, source: Source | None, name: str = "", word: str | None = None) -> Filled:
        """Give what is filled in where a column of that name, and no other one, says this word."""
        key = source.name if source is not None else None, name, word
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = filled({name: word}, source, self.policy, self.built_on)
        return found

    def licensed(self, source: Source | None, own: str | None, stated: str | None) -> tuple[str, str, frozenset[str]]:
        """Give licence, evidence, and who filled them in, by what a record states of both."""
        licence, evidence, origins = licence_facts(own, stated, source, self.policy)
        return licence, evidence, frozenset(origins)
