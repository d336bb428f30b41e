"""The facts of rights of a batch: what its columns say of them, dates of restrictions, sites whose copies infringe."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.rights import EVIDENCED, Specific, Terms, Unlawful
from rightful.facts.site import host_suffixes
from rightful.facts.situation import RobotsFact
from rightful.facts.statement import Preference, read_summary
from rightful.policy.overrides import UNKNOWN_DATE, could_override
from rightful.policy.signal_gates import DENIALS, FILE_SCOPED
from rightful.policy.source_facts import RIGHTS_ROLES, Filled, filled
from rightful.policy.source_sections import bound_by_sites
from rightful.screening.columns import column
from rightful.screening.fact_columns import Coded, coded
from rightful.screening.holders import holder_key
from rightful.screening.locate import NOWHERE
from rightful.snapshot.capture_index import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source
    from rightful.register.entries import OptOut
    from rightful.screening.columns import Columns
    from rightful.screening.signal_lookup import Locations, SignalLookup, Signals

HOLDER_ROLE = "rights_holder"
_RESERVING = {Preference.DENY, Preference.CONDITIONAL}


class RightsColumns:
    """Reads the facts of rights of batches under one policy.

    Args:
        policy: the policy.
        built_on: the day the data set is made (ISO 8601); empty where not known.
        specific_holders: keys of rightsholders whose share of all tokens makes their data specific (`holder_shares`);
            None where nobody measured.
    """

    def __init__(self, policy: Policy, built_on: str, specific_holders: frozenset[str] | None) -> None:
        self._policy = policy
        self._built_on = built_on
        self._specific = specific_holders
        self._filled: dict[Any, Filled] = {}

    def codes(self, batch: pa.RecordBatch, columns: Columns, signals: Signals) -> dict[str, Coded]:
        """Give a code per row for every fact that a column or a site fills; none for the others."""
        codes = {
            role: coded(_as_text(batch, path), path)
            for role in (*RIGHTS_ROLES, HOLDER_ROLE)
            if (path := getattr(columns, role)) is not None
        }
        if self._policy.gates.infringing_sites:
            codes["infringing"] = Coded(of_listed_sites(self._policy, signals).astype(np.int8), (False, True))
        return codes

    def filled(self, values: Mapping[str, Any], source: Source | None) -> Filled:
        """Give the facts of rights of one combination of codes' values."""
        key = source.name if source is not None else None, tuple(values.get(role) for role in _ALL)
        known = self._filled.get(key)
        if known is None:
            if len(self._filled) > _KEPT:
                self._filled.clear()
            known = self._filled[key] = self._fill(values, source)
        return known

    def _fill(self, values: Mapping[str, Any], source: Source | None) -> Filled:
        made = filled(values, source, self._policy, self._built_on)
        facts, origins = dict(made.facts), set(made.origins)
        if values.get("infringing") and facts.get("unlawful", Unlawful.NONE.value) == Unlawful.NONE.value:
            facts["unlawful"] = Unlawful.UNLAWFUL_SOURCE.value
            origins.add("unlawful:policy")
        if HOLDER_ROLE in values and facts["specific_data"] == Specific.NO.value:
            facts["specific_data"] = self._by_holder(values[HOLDER_ROLE])
            if facts["specific_data"] == Specific.HOLDER_SHARE.value:
                origins.add("specific_data:computed")
        return Filled(facts, tuple(sorted(origins)), made.unknown)

    def _by_holder(self, holder: str | None) -> str:
        if not self._policy.tiers.holder_share_limit or not holder_key(holder):
            return Specific.NO.value
        if self._specific is None:
            return Specific.UNKNOWN.value
        return (Specific.HOLDER_SHARE if holder_key(holder) in self._specific else Specific.NO).value


_ALL = (*RIGHTS_ROLES, HOLDER_ROLE, "infringing")
_KEPT = 100_000


def of_listed_sites(policy: Policy, signals: Signals) -> np.ndarray:
    """Mark the rows that are from a site whose copies must not be used, or were led there."""
    listed = frozenset(policy.gates.infringing_sites)
    marked = np.zeros(len(signals.located.state), bool)
    for place in (signals.located, signals.final):
        if place is not None and listed:
            of_origin = [bool(listed.intersection(host_suffixes(origin.host))) for origin in place.origins]
            here = np.array([*of_origin, False], bool)  # the last one is for rows without a location
            marked |= here[np.where(place.origin == NOWHERE, len(of_origin), place.origin)]
    return marked


def _as_text(batch: pa.RecordBatch, path: str) -> pa.RecordBatch:
    """Give a column by itself, numbers as text: years are numbers in many data sets."""
    values = column(batch, path)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)  # how a gap in a column of numbers is written
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        values = values.cast(pa.string())
    return pa.RecordBatch.from_arrays([values], [path])


class RestrictionDates:
    """Says how new what restricts a record is, and whether a licence was there before: for the few it matters to.

    A reservation that was in force when the record was fetched is no newer than that; one that appeared since may be as
    new as the newest capture.
    """

    def __init__(self, policy: Policy, lookup: SignalLookup) -> None:
        self._policy = policy
        self._lookup = lookup
        self._newest = lookup.as_of.date().isoformat() if lookup.as_of is not None else UNKNOWN_DATE

    def dated(self, situation: Situation, locations: Locations, row: int) -> Situation:
        """Give the situation of a row with its dates."""
        asked = self._of_optouts(situation, locations, row)
        restricted = self._restricted_at(situation, asked, locations, row)
        older = self._licence_older(situation, asked, locations, row)
        if (restricted, older) == (situation.restricted_at, situation.licence_older):
            return situation
        return replace(situation, restricted_at=restricted, licence_older=older)

    def concerns(self, situation: Situation) -> bool:
        """Tell whether dates matter to a situation at all."""
        return could_override(situation, self._policy) or _licensed_and_opted_out(situation)

    def _restricted_at(self, situation: Situation, asked: list[str], locations: Locations, row: int) -> str:
        """Give the date of the newest restriction; empty where no contract could be newer, or nothing restricts."""
        if not could_override(situation, self._policy):
            return ""
        dates = [*asked]
        of_site = bound_by_sites(self._policy.sources_by_name.get(situation.source))
        # What is not the same as at the fetch is new, though the same protocol said something before.
        then = _reserving(situation.robots_fetch, situation.stated_fetch, of_site=of_site)
        now = _reserving(situation.robots_build, situation.stated_build, of_site=of_site)
        if now - then:
            dates.append(self._newest)
        elif then:
            dates.append(_fetched(locations, row) or self._newest)
        if situation.tos == Terms.RESERVED.value and of_site:
            dates.append(UNKNOWN_DATE)
        return UNKNOWN_DATE if UNKNOWN_DATE in dates else max(dates, default="")

    @staticmethod
    def _licence_older(situation: Situation, asked: list[str], locations: Locations, row: int) -> str:
        """Tell whether the record was fetched before every opt-out of it; empty where no licence or opt-out is."""
        if not _licensed_and_opted_out(situation):
            return ""
        fetched = _fetched(locations, row)
        return "yes" if fetched and UNKNOWN_DATE not in asked and all(fetched < date for date in asked) else "no"

    def _of_optouts(self, situation: Situation, locations: Locations, row: int) -> list[str]:
        if not situation.optouts:
            return []
        entries = self._lookup.optouts_of(locations, row)
        return [_day(entry) for entry in entries] or [UNKNOWN_DATE]


def _licensed_and_opted_out(situation: Situation) -> bool:
    return bool(situation.optouts) and situation.licence_evidence in EVIDENCED


def _day(entry: OptOut) -> str:
    return entry.received_at.date().isoformat() if entry.received_at is not None else UNKNOWN_DATE


def _fetched(locations: Locations, row: int) -> str:
    seconds = int(NO_TIME) if locations.fetched_at is None else int(locations.fetched_at[row])
    return "" if seconds == int(NO_TIME) else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _reserving(robots: str, stated: tuple[str, ...], *, of_site: bool) -> set[str]:
    """Give what reserves, as it is said."""
    read = ((each, *read_summary(each)) for each in stated)
    found = {each for each, protocol, said, _ in read if said in _RESERVING and (of_site or protocol in FILE_SCOPED)}
    return found | ({f"robots={robots}"} if of_site and RobotsFact(robots) in DENIALS else set())
