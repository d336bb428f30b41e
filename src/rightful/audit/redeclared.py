"""Stored situations as another policy would have filled them: what sources declare, filled in again, exactly or not.

A run keeps what was filled in and by whom, not what the records' columns said. So everything they may have said is
tried: what gave the stored fact then has to give one and the same fact now. Where it does not, nothing is guessed: the
error names the source and the setting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rightful.audit.fillings import Fillings
from rightful.errors import InputError
from rightful.facts.rights import EVIDENCED, LicenceEvidence, Specific, Terms, Unlawful
from rightful.facts.situation import RobotsFact, Situation
from rightful.policy.deciding import decide
from rightful.policy.overrides import UNKNOWN_DATE, could_override
from rightful.policy.signal_gates import DENIALS
from rightful.policy.source_facts import CLOSED, filled
from rightful.policy.source_sections import bound_by_sites

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.facts.decision import Decision
    from rightful.ledger.manifest import Manifest
    from rightful.policy.policy import Policy
    from rightful.policy.source_facts import Filled
    from rightful.policy.source_sections import Source

_EVIDENCE = "licence_evidence"
_DATED = frozenset({"public_domain_in", "author_died", "published", "works"})
_UNSTATED = {each.name: each.default for each in fields(Situation) if each.name in CLOSED}
_LONG_AGO = "0001-01-01"  # older than any contract: a date counts by whether a contract is newer, and by nothing else
_NO_SUCH_CONTRACT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the situations of a run were filled under.

    Attributes:
        policy: the run's own.
        roles: which roles had a column.
        as_of: time of the newest capture.
    """

    policy: Policy
    roles: frozenset[str]
    as_of: datetime | None

    @classmethod
    def of(cls, manifest: Manifest, policy: Policy) -> Stored:
        """Read what a manifest says of it."""
        newest = manifest.snapshot.get("as_of")
        roles = frozenset(role.partition(" ")[0] for role in manifest.columns)
        return cls(policy, roles, datetime.fromisoformat(newest) if newest else None)


class Redeclared:
    """The situations of a run as another policy would have filled them.

    Args:
        stored: what they were filled under.
        other: the policy. What facts are looked up by has to be as in the run's (`compare`).
    """

    def __init__(self, stored: Stored, other: Policy) -> None:
        self._roles = stored.roles
        self._was, self._now = Fillings(stored.policy, stored.as_of), Fillings(other, stored.as_of)

    def decision(self, situation: Situation) -> Decision:
        """Decide a situation as the policy would have filled it.

        Raises:
            InputError: it cannot be told how; `where` has the source and the setting.
        """
        decided = {decide(each, self._now.policy) for each in self.alternatives(situation)}
        if len(decided) != 1:
            raise self._lost(situation, "licence, contract, terms or route", "the age of what restricts its records")
        return decided.pop()

    def alternatives(self, situation: Situation) -> list[Situation]:
        """Give a situation as the policy would have filled it; several, of which one is it, where dates decide.

        `filled_by` stays what it was.

        Raises:
            InputError: it cannot be told; `where` has the source and the setting.
        """
        source = self._now.source_of(situation)
        agreed = {"contract": self._contract(situation), "acquired": self._acquired(situation)}
        of_rights = filled(agreed, source, self._now.policy, self._now.built_on)
        of_lists: dict[str, Any] = {name: self._of_list(situation, name) for name in CLOSED}
        licence, evidence = self._licence(situation)
        made = replace(
            situation,
            **of_lists,
            licence=licence,
            licence_evidence=evidence,
            contract=of_rights.facts.get("contract", ""),
            built_on=of_rights.facts.get("built_on", ""),
            acquired=of_rights.facts.get("acquired", ()),
            pool_faults=of_rights.facts.get("pool_faults", ()),
            public_domain_in=self._public_domain(situation),
            specific_data=self._specific(situation, of_rights.facts["specific_data"]),
            unknown_values=tuple(sorted({*situation.unknown_values, *(name for name, _ in of_rights.unknown)})),
        )
        return [
            replace(made, restricted_at=restricted_at, licence_older=older)
            for restricted_at in self._restricted_at(situation, made)
            for older in self._licence_older(situation, made)
        ]

    @staticmethod
    def _lost(situation: Situation, setting: str, what: str = "what the records' own columns say of it") -> InputError:
        whose = f"source {situation.source!r} has" if situation.source else "for records of no declared source there is"
        return InputError(
            f"{whose} another {setting} than the run's, and {what} is not stored",
            source=situation.source,
            setting=setting,
        )

    def _of_list(self, situation: Situation, name: str) -> str:
        """Give a fact of a closed list: what everything comes to that its column may have said."""
        before, after = self._was.source_of(situation), self._now.source_of(situation)
        value, origins = str(getattr(situation, name)), _origins(situation, name)
        infringing = f"{name}:policy" in origins  # of a site whose copies infringe: column and source said `none`
        stored = _UNSTATED[name] if infringing else value, origins - {f"{name}:policy"}
        words = [None, *(choice.value for choice in CLOSED[name])] if name in self._roles else [None]
        found = {
            str(self._now.filled(after, name, word).facts.get(name, _UNSTATED[name]))
            for word in words
            if _told(self._was.filled(before, name, word), name) == stored
        }
        if len(found) != 1:
            gained = _evidenced(after) != _evidenced(before)
            raise self._lost(situation, "evidence" if gained else name)
        (one,) = found
        lawful = name == "unlawful" and one == Unlawful.NONE.value
        if lawful and value != one and not infringing and self._was.policy.gates.infringing_sites:
            raise self._lost(situation, name)  # it may be of one of those sites besides
        return Unlawful.UNLAWFUL_SOURCE.value if lawful and infringing else one

    def _licence(self, situation: Situation) -> tuple[str, str]:
        """Give licence and evidence, in the same way."""
        before, after = self._was.source_of(situation), self._now.source_of(situation)
        origins = _origins(situation, "licence") | _origins(situation, _EVIDENCE)
        stored = situation.licence, situation.licence_evidence, origins
        owns = [None, situation.licence] if "licence" in self._roles else [None]
        words = [None, *(choice.value for choice in LicenceEvidence)] if _EVIDENCE in self._roles else [None]
        found = {
            self._now.licensed(after, own, word)[:2]
            for own in owns
            for word in words
            if self._was.licensed(before, own, word) == stored
        }
        if len(found) != 1:
            raise self._lost(situation, "licence, licence_evidence")
        (one,) = found
        return one

    def _contract(self, situation: Situation) -> str | None:
        """Give back what the column of contracts said; of a name that was not known, that it is none."""
        names = set(self._now.policy.contracts_by_name)
        if "contract" in self._roles and "contract" in situation.unknown_values:
            if names - set(self._was.policy.contracts_by_name):
                raise self._lost(situation, "contract")
            return _NO_SUCH_CONTRACT
        if not _by_column(situation, "contract"):
            return None
        return situation.contract if situation.contract in names else _NO_SUCH_CONTRACT

    def _acquired(self, situation: Situation) -> str | None:
        """Give back what the column of payments said, as far as the source did not say it."""
        before, after = self._was.source_of(situation), self._now.source_of(situation)
        if "acquired" not in self._roles or not _evidenced(after):
            return None
        if not _evidenced(before):
            raise self._lost(situation, "evidence")
        if not _by_column(situation, "acquired"):
            return None
        declared = set(before.acquired) if before else set()
        if not declared <= set(after.acquired if after else ()):
            raise self._lost(situation, "acquired")
        return " ".join(part for part in situation.acquired if part not in declared)

    def _public_domain(self, situation: Situation) -> tuple[str, ...]:
        """Give where the work is in the public domain; by dates of its own only if nothing else changed."""
        before, after = self._was.source_of(situation), self._now.source_of(situation)
        if not _evidenced(after):
            return ()
        if not self._roles & _DATED:
            found: tuple[str, ...] = self._now.filled(after).facts.get("public_domain_in", ())
            return found
        for setting, of in _DECLARED_DATES.items():
            if of(before) != of(after):
                raise self._lost(situation, setting)
        if self._was.built_on != self._now.built_on:
            raise self._lost(situation, "as_of.build_date")
        wanted = set(self._now.policy.scenario.jurisdictions)
        if not wanted <= set(self._was.policy.scenario.jurisdictions):
            raise self._lost(situation, "scenario.jurisdictions")
        return tuple(place for place in situation.public_domain_in if place in wanted)

    def _specific(self, situation: Situation, declared: str) -> str:
        """Put back what was measured: how much of all tokens one rightsholder has."""
        was, no = situation.specific_data, Specific.NO.value
        if declared != no or was in {no, Specific.HOLDER_SHARE.value}:
            return declared if declared != no else str(was)
        if "rights_holder" in self._roles and self._was.policy.tiers.holder_share_limit:
            raise self._lost(situation, "scenario.specific_data, scenario.names, curated")
        return no

    def _restricted_at(self, was: Situation, made: Situation) -> tuple[str, ...]:
        """Give the date of the newest restriction: what was stored, where the same was asked; none where none is."""
        if not could_override(made, self._now.policy):
            return ("",)
        before, after = self._was.source_of(was), self._now.source_of(was)
        robots = {RobotsFact(made.robots_fetch), RobotsFact(made.robots_build)}
        of_terms = made.tos == Terms.RESERVED.value
        if not (made.optouts or robots & DENIALS or made.stated_fetch or made.stated_build or of_terms):
            return ("",)
        if of_terms and bound_by_sites(after):
            return (UNKNOWN_DATE,)
        hidden = was.tos == Terms.RESERVED.value and bound_by_sites(before)
        if hidden or bound_by_sites(after) != bound_by_sites(before) or not could_override(was, self._was.policy):
            return (UNKNOWN_DATE, _LONG_AGO)
        return (was.restricted_at,)

    def _licence_older(self, was: Situation, made: Situation) -> tuple[str, ...]:
        """Tell whether the record was fetched before it was opted out: as stored, where it was asked then."""
        if made.licence_evidence not in EVIDENCED or not made.optouts:
            return ("",)
        if was.licence_evidence in EVIDENCED:
            return (was.licence_older,)
        return ("yes", "no") if "fetched_at" in self._roles else ("no",)


def _told(made: Filled, name: str) -> tuple[str, frozenset[str]]:
    """Give a fact and who filled it in."""
    by = frozenset(origin for origin in made.origins if origin.startswith(f"{name}:"))
    return str(made.facts.get(name, _UNSTATED[name])), by


def _origins(situation: Situation, fact: str) -> frozenset[str]:
    return frozenset(pair for pair in situation.filled_by if pair.startswith(f"{fact}:"))


def _by_column(situation: Situation, fact: str) -> bool:
    return f"{fact}:column" in situation.filled_by


def _evidenced(source: Source | None) -> bool:
    return source is not None and bool(source.evidence)


_DECLARED_DATES: dict[str, Callable[[Source | None], object]] = {
    "public_domain_in": lambda source: source and source.public_domain_in,
    "author_died, published, works": lambda source: source and source.dates,
    "evidence": _evidenced,
}
