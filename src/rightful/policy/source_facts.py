"""The facts of rights: what a record's columns say of them, and what its source says where they say nothing.

Restrictive values act on sight, wherever they stand: of a column's and the source's the more restrictive counts. Of all
other facts a record's own column takes precedence. What permits counts only where the source has evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rightful.facts.rights import (
    Consent,
    Extraction,
    GeneratorTerms,
    Holder,
    LawfulAccess,
    LicenceRequest,
    Notice,
    Route,
    SensitivePI,
    Specific,
    Terms,
    ThirdParty,
    Unlawful,
    WorkStatus,
    closed,
)
from rightful.facts.situation import Situation
from rightful.policy.licences import licence_id
from rightful.policy.protection_terms import WORKS, Dates, Works
from rightful.policy.public_domain import places_of
from rightful.policy.source_sections import JURISDICTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source

# Closed lists by the fact and column of that name.
CLOSED: dict[str, type[StrEnum]] = {
    "work_status": WorkStatus,
    "consent": Consent,
    "notice": Notice,
    "sensitive_pi": SensitivePI,
    "third_party": ThirdParty,
    "unlawful": Unlawful,
    "tos": Terms,
    "generator_tos": GeneratorTerms,
    "licence_request": LicenceRequest,
    "db_extraction": Extraction,
    "lawful_access": LawfulAccess,
    "holder": Holder,
}
# Of these the more restrictive counts: each list begins with what restricts least.
_RESTRICTIVE = frozenset({
    "notice", "sensitive_pi", "third_party", "unlawful", "tos", "generator_tos", "licence_request", "db_extraction",
})  # fmt: skip
# What a column's value counts as where nothing evidences it.
_UNEVIDENCED = {
    ("work_status", WorkStatus.OWN.value): WorkStatus.UNKNOWN.value,
    ("work_status", WorkStatus.PUBLIC_DOMAIN.value): WorkStatus.UNKNOWN.value,
    ("work_status", WorkStatus.FACT.value): WorkStatus.UNKNOWN.value,
    ("work_status", WorkStatus.OFFICIAL.value): WorkStatus.UNKNOWN.value,
    ("consent", Consent.SECOND_LIVE.value): Consent.TOS_ONLY.value,
    ("sensitive_pi", SensitivePI.REDACTED.value): SensitivePI.PRESENT.value,
    ("sensitive_pi", SensitivePI.SEPARATE_CONSENT.value): SensitivePI.PRESENT.value,
    ("lawful_access", LawfulAccess.YES.value): LawfulAccess.UNKNOWN.value,
}
# What counts wherever it stands, of a fact that is else the column's to say.
_REFUSALS = {
    ("consent", Consent.SECOND_WITHDRAWN.value),
    ("consent", Consent.MINOR_WITHOUT_GUARDIAN.value),
    ("lawful_access", LawfulAccess.NO.value),
    ("holder", Holder.UNLOCATED.value),
}
# Every column that fills facts of rights, by its role.
RIGHTS_ROLES = (*CLOSED, "author_died", "published", "works", "public_domain_in", "acquired", "contract")
# A year, a date, or a year as a decimal: a column of years with gaps has become one of decimals.
_YEAR = re.compile(r"([0-9]{4})(?:-[0-9]{2}){0,2}(?:\.0+)?(?:T.*)?").fullmatch


@dataclass(frozen=True, slots=True)
class Filled:
    """Facts of rights of one combination of values.

    Attributes:
        facts: fields of a `Situation` by name.
        origins: `fact:origin` of those that somebody stated.
        unknown: names and values outside their closed lists.
    """

    facts: dict[str, Any]
    origins: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]


def filled(values: Mapping[str, str | None], source: Source | None, policy: Policy, built_on: str) -> Filled:
    """Give the facts of rights.

    Args:
        values: what the columns of a record say, by role (`RIGHTS_ROLES`); None where one says nothing.
        source: where the record is from; None where the policy declares no such source.
        policy: whose jurisdictions, contracts and scenario count.
        built_on: the day the data set is made (ISO 8601); empty where not known: then no term of protection is over.
    """
    into = _Filling(values, source, policy, built_on)
    into.closed_lists()
    into.public_domain()
    into.contract()
    into.acquired()
    if source is not None and source.pool_faults:
        into.state("pool_faults", source.pool_faults, "source")
    specific, where = specific_data(source, policy)
    into.state("specific_data", specific, where)
    return Filled(into.facts, tuple(sorted(into.origins)), tuple(into.unknown))


def specific_data(source: Source | None, policy: Policy) -> tuple[str, str]:
    """Say why a source's data counts as specific, and where that stands; a share of tokens is measured elsewhere."""
    scenario = policy.scenario
    if scenario.specific_data:
        return Specific.DECLARED.value, "policy"
    if scenario.names:
        return Specific.PURPOSE.value, "policy"
    if source is not None and source.curated and scenario.stage in {"finetune", "align"}:
        return Specific.CURATED.value, "source"
    return Specific.NO.value, ""


def situation_of_source(source: Source, policy: Policy, built_on: str) -> Situation:
    """Give the situation of a source as a whole: what is declared of it, and no location, text or signal."""
    of_rights = filled({}, source, policy, built_on)
    return Situation(
        source=source.name,
        licence=licence_id(source.licence, policy.licences.aliases)[0],
        licence_evidence=source.licence_evidence.value,
        built_on=of_rights.facts.pop("built_on", "") or built_on,
        **of_rights.facts,
    )


@dataclass(slots=True)
class _Filling:
    """Facts in the making."""

    values: Mapping[str, str | None]
    source: Source | None
    policy: Policy
    built_on: str
    facts: dict[str, Any] = field(default_factory=dict)
    origins: list[str] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    @property
    def evidenced(self) -> bool:
        return self.source is not None and bool(self.source.evidence)

    def state(self, name: str, value: Any, origin: str) -> None:
        self.facts[name] = value
        if origin:
            self.origins.append(f"{name}:{origin}")

    def closed_lists(self) -> None:
        for name, choices in CLOSED.items():
            stated = closed(choices, self.values.get(name), name, self.unknown)
            if stated is not None and not (self.evidenced and self._shows(name, stated)):
                stated = _UNEVIDENCED.get((name, stated), stated)
            declared = getattr(self.source, name).value if self.source is not None else None
            value, origin = _of_two(name, choices, stated, declared)
            if value is not None:
                self.state(name, value, origin)

    def _shows(self, name: str, value: str) -> bool:
        """Tell whether what a source has evidence of can be that: of own works only a source of such ones."""
        source = self.source
        if source is None or (name, value) != ("work_status", WorkStatus.OWN.value):
            return True
        return source.work_status is WorkStatus.OWN or source.route in {Route.SELF_RD, Route.SYNTHETIC}

    def public_domain(self) -> None:
        """Fill in where a work is in the public domain: as evidenced for it, or by its dates."""
        died, published, works = self._year("author_died"), self._year("published"), self._works()
        source = self.source
        if source is None or not self.evidenced:
            return
        wanted = self.policy.scenario.jurisdictions
        by_column = self.values.get("public_domain_in")
        named = source.public_domain_in if by_column is None else self._places(by_column)
        by = "source" if by_column is None else "column"
        claimed = {str(place): by for place in named if place in wanted}
        dates = source.dates
        if died is not None or published is not None or works is not None:
            dates = Dates(died, published, works or source.works)
        found = places_of(claimed, dates, wanted, self.built_on)
        if found:
            self.state("public_domain_in", tuple(sorted(found)), "+".join(sorted(set(found.values()))))

    def _places(self, written: str) -> tuple[str, ...]:
        places = tuple(part.upper() for part in _parts(written, r"[,;/\s]+"))
        if set(places) <= set(JURISDICTIONS):
            return places
        self.unknown.append(("public_domain_in", written))
        return ()

    def _year(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        found = _YEAR(value.strip())
        if found and int(found[1]):
            return int(found[1])
        self.unknown.append((name, value))
        return None

    def _works(self) -> Works | None:
        value = self.values.get("works")
        if value is None:
            return None
        known = next((works for works in WORKS if works == value.strip().lower()), None)
        if known is None:
            self.unknown.append(("works", value))
        return known

    def contract(self) -> None:
        name = (self.values.get("contract") or "").strip()
        origin = "column"
        own = self.source.name if self.source is not None and self.source.contract is not None else None
        if name and name != own and name not in {contract.name for contract in self.policy.contracts}:
            self.unknown.append(("contract", name))  # of another source, or of none: no contract of this record
            name = ""
        if not name and self.source is not None and self.source.contract is not None:
            name, origin = self.source.name, "source"
        if name:
            self.state("contract", name, origin)
        if self._depends_on_the_day(name):
            self.facts["built_on"] = self.built_on

    def _depends_on_the_day(self, contract: str) -> bool:
        """Tell whether the day counts: for a contract with dates, or for what the source was made from."""
        agreed = self.policy.contracts_by_name.get(contract)
        if agreed is not None and agreed.dated:
            return True
        upstream = self.policy.upstream_of(self.source.name) if self.source is not None else ()
        return any(_has_dates(self.policy.sources_by_name[name]) for name in upstream)

    def acquired(self) -> None:
        """Fill in what was paid for or reported; it counts only with evidence."""
        if self.source is None or not self.evidenced:
            return
        own = _parts(self.values.get("acquired") or "", r"[,;\s]+")  # a condition may have a slash
        found = tuple(sorted({*self.source.acquired, *own}))
        if found:
            self.state("acquired", found, "column" if own else "source")


def _has_dates(source: Source) -> bool:
    return source.dates != Dates() or (source.contract is not None and source.contract.dated)


def _of_two(name: str, choices: type[StrEnum], stated: str | None, declared: str | None) -> tuple[str | None, str]:
    """Give a fact and where it stands, of a column's value and that of the source."""
    default = next(iter(choices)).value if name in _RESTRICTIVE else _DEFAULTS[name]
    if stated is None:
        return declared, "source" if declared is not None and declared != default else ""
    if (name, declared) in _REFUSALS and (name, stated) not in _REFUSALS:
        return declared, "source"
    if declared is None or name not in _RESTRICTIVE:
        return stated, "column"
    order = [choice.value for choice in choices]
    if order.index(declared) > order.index(stated):
        return declared, "source"
    return stated, "column"


_DEFAULTS = {
    "work_status": WorkStatus.UNKNOWN.value,
    "consent": Consent.NOT_APPLICABLE.value,
    "lawful_access": LawfulAccess.UNKNOWN.value,
    "holder": Holder.UNKNOWN.value,
}


def _parts(value: str, between: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(between, value) if part)
