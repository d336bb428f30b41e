"""A batch observed: every fact of every row as a code, and the distinct situations the rows are in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from rightful.errors import PolicyError
from rightful.facts.rights import LicenceEvidence, closed
from rightful.facts.situation import ROBOTS_CODES, Situation
from rightful.policy.days import last_day
from rightful.policy.licence_facts import licence_facts
from rightful.policy.licences import CUSTOM_ALLOW, UNKNOWN_LICENCE, licence_id
from rightful.register.entries import KeyKind
from rightful.screening.column_kinds import is_text, kind_at
from rightful.screening.fact_columns import UNREADABLE, Coded, coded, texts_of, times_of
from rightful.screening.locate import URL_CODES
from rightful.screening.optout_columns import digests_of, optout_names
from rightful.screening.page_columns import page_lines
from rightful.screening.rights_columns import RestrictionDates, RightsColumns
from rightful.screening.settled import Stated, summarised
from rightful.screening.signal_lookup import Locations, SignalLookup, Signals, looked_for_names
from rightful.screening.text_matches import joined_sketch, matched_sketch
from rightful.signals.page_fields import FIELD_ROLES

if TYPE_CHECKING:
    from datetime import datetime

    from rightful.policy.policy import Policy
    from rightful.register.export import Register
    from rightful.register.matching import Sketch
    from rightful.screening.columns import Columns

_KEPT_SITUATIONS = 200_000
_NAMES = ("account", "id", "fetched_at", "language", *FIELD_ROLES)


@dataclass(slots=True)
class Observation:
    """A batch observed: its distinct situations, which of them each row is in, and what they were found by.

    `unknown` counts records by (fact, value) for values outside their closed list.
    """

    situations: list[Situation]
    situation: np.ndarray
    locations: Locations
    signals: Signals
    unknown: Counter[tuple[str, str]]


def built_on(policy: Policy, as_of: datetime | None) -> str:
    """Give the day a data set is made: what the policy says, or else that of the newest capture; empty if neither.

    Raises:
        PolicyError: the policy names a day before the newest capture, or copies may not be kept that long.
    """
    newest = as_of.date().isoformat() if as_of is not None else ""
    day = policy.as_of.build_date or newest
    if day < newest:
        raise PolicyError(
            f"as_of.build_date is {day}, and the newest capture is of {newest}: it cannot be made earlier",
            hint="leave build_date empty, or state a later day",
        )
    kept = policy.scenario.retention_until
    if kept and day and last_day(kept).isoformat() < day:
        raise PolicyError(
            f"scenario.retention_until is {kept}, and the data set is made on {day}: its copies are not kept that long",
            hint="state until when copies are kept",
        )
    return day


class Observer:
    """Turns batches into observations under one policy, snapshot and register."""

    def __init__(
        self,
        policy: Policy,
        lookup: SignalLookup,
        register: Register | None,
        columns: Columns,
        *,
        specific_holders: frozenset[str] | None = None,
    ) -> None:
        self._lookup = lookup
        self._rights = RightsColumns(policy, built_on(policy, lookup.as_of), specific_holders)
        self._dates = RestrictionDates(policy, lookup)
        self._policy = policy
        self._register = register
        self._columns = columns
        self._known: dict[Any, tuple[dict[str, Any], Situation, list[tuple[str, str]]]] = {}
        self._situations: dict[Situation, Situation] = {}

    def observe(self, batch: pa.RecordBatch, sketch: Sketch | None = None) -> Observation:
        """Observe a batch of records; `sketch` is what is known of their texts, where they cannot be compared."""
        columns = self._columns
        readable = np.ones(batch.num_rows, bool)
        urls, broken = texts_of(batch, columns.url)
        locations = Locations(urls, broken, fetched_at=times_of(batch, columns.fetched_at))
        if columns.final_url is not None:
            locations.finals, locations.broken_finals = texts_of(batch, columns.final_url)
        if columns.account is not None:
            locations.accounts = texts_of(batch, columns.account)[0]
        if columns.text is not None:
            texts, unreadable = texts_of(batch, columns.text)
            if unreadable is not None:
                readable = ~unreadable.to_numpy(zero_copy_only=False)
            if self._register is not None and self._register.has(KeyKind.CONTENT):
                written = texts.to_pylist()
                locations.digests = digests_of(written)
                matcher = self._lookup.matcher
                own = matched_sketch(matcher, written) if matcher is not None and matcher.reads_texts else None
                locations.sketch = joined_sketch(own, sketch)
        locations.fields = page_lines(batch, columns)
        signals = self._lookup.signals(locations)
        codes: dict[str, Coded] = {
            "source": self._sources(batch),
            "url": Coded(signals.url, URL_CODES),
            "text_readable": Coded(readable.astype(np.int8), (False, True)),
            "robots_fetch": Coded(signals.fetch, ROBOTS_CODES),
            "robots_build": Coded(signals.build, ROBOTS_CODES),
            "optouts": Coded(signals.optouts, None),
            "matches": signals.matches or Coded(np.zeros(batch.num_rows, np.int8), ((),)),
            "licence": coded(batch, columns.licence),
            "licence_evidence": coded(batch, columns.licence_evidence),
            "unreadable": Coded(self._unreadable(batch), None),
        }
        codes |= self._rights.codes(batch, columns, signals)
        codes["looked_for"] = Coded(signals.looked_for, None)
        codes["looked_for_fetch"] = Coded(signals.looked_for_fetch, None)
        if signals.pages is not None:
            codes["page_fetch"], codes["page_build"] = signals.pages
        if signals.moved is not None:
            codes["moved"] = Coded(signals.moved.astype(np.int8), (False, True))
        for number, of in enumerate(signals.stated):
            place = "final" if of.of_final else "located"
            codes |= {f"stated_fetch {place} {number}": of.fetch, f"stated_build {place} {number}": of.build}
        situations, situation, unknown = self._distinguish(batch.num_rows, codes)
        situations, situation = self._date(situations, situation, locations)
        return Observation(situations, situation, locations, signals, unknown)

    def _unreadable(self, batch: pa.RecordBatch) -> np.ndarray:
        """Mark the rows whose id, account, time or language is no valid UTF-8: one bit for each of `_NAMES`."""
        bits = np.zeros(batch.num_rows, np.int16)
        for bit, role in enumerate(_NAMES):
            for path in self._columns.paths(role):
                kind = kind_at(batch.schema, path)
                if not is_text(kind) or (role == "id" and pa.types.is_binary(kind)):  # such ids are written in hex
                    continue
                broken = texts_of(batch, path)[1]
                if broken is not None:
                    bits |= broken.to_numpy(zero_copy_only=False).astype(np.int16) << bit
        return bits

    def _sources(self, batch: pa.RecordBatch) -> Coded:
        if self._columns.source is None:
            only = self._policy.sources[0]
            return Coded(np.zeros(batch.num_rows, np.int8), (only.key,))
        return coded(batch, self._columns.source)

    def _distinguish(
        self, rows: int, codes: dict[str, Coded]
    ) -> tuple[list[Situation], np.ndarray, Counter[tuple[str, str]]]:
        """Group rows by their combination of codes, and build a situation for each that differs in facts."""
        if len(self._known) >= _KEPT_SITUATIONS:
            self._known.clear()
            self._situations.clear()
        key = np.zeros(rows, np.int64)
        for fact in codes.values():
            smallest = int(fact.codes.min(initial=0))
            span = int(fact.codes.max(initial=0)) - smallest + 1
            if int(key.max(initial=0)) > np.iinfo(np.int64).max // span - 1:
                key = np.unique(key, return_inverse=True)[1]
            key = key * span + (fact.codes.astype(np.int64) - smallest)
        _, first, inverse, sizes = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        unknown: Counter[tuple[str, str]] = Counter()
        numbers: dict[int, int] = {}
        situations: list[Situation] = []
        number_of = np.empty(len(first), np.int64)
        for at, (row, size) in enumerate(zip(first.tolist(), sizes.tolist(), strict=True)):
            situation, odd = self._known_situation({name: fact.value(row) for name, fact in codes.items()})
            number_of[at] = number = numbers.setdefault(id(situation), len(situations))
            if number == len(situations):
                situations.append(situation)
            for pair in odd:
                unknown[pair] += size
        return situations, number_of[inverse], unknown

    def _date(
        self, situations: list[Situation], situation: np.ndarray, locations: Locations
    ) -> tuple[list[Situation], np.ndarray]:
        """Tell rows apart by the dates of what restricts them, where those matter."""
        concerned = np.array([self._dates.concerns(each) for each in situations], bool)
        if not concerned.any():
            return situations, situation
        situation = situation.copy()
        numbers = {each: number for number, each in enumerate(situations)}
        for row in np.flatnonzero(concerned[situation]).tolist():
            dated = self._dates.dated(situations[int(situation[row])], locations, row)
            dated = self._situations.setdefault(dated, dated)
            situation[row] = numbers.setdefault(dated, len(numbers))
        kept, situation = np.unique(situation, return_inverse=True)
        listed = list(numbers)
        return [listed[number] for number in kept.tolist()], situation

    def _known_situation(self, values: dict[str, Any]) -> tuple[Situation, list[tuple[str, str]]]:
        """Give the situation of a combination of facts, one object for equal ones, and values outside closed lists.

        What is long to compare stands for itself (`Interned`); the entry keeps it alive, so that no other one gets its
        identity.
        """
        key = tuple([id(value) if isinstance(value, tuple) else value for value in values.values()]), len(values)
        known = self._known.get(key)
        if known is None:
            odd: list[tuple[str, str]] = []
            found = self._situation(values, odd)
            known = self._known[key] = values, self._situations.setdefault(found, found), odd
        return known[1], known[2]

    def _situation(self, values: dict[str, Any], unknown: list[tuple[str, str]]) -> Situation:
        source = self._policy.sources_by_key.get(values["source"] or "")
        if source is None:
            unknown.append(("source", values["source"] or ""))
        own = self._own_licence(values["licence"], unknown)
        stated = closed(LicenceEvidence, values["licence_evidence"], "licence_evidence", unknown)
        licence, evidence, origins = licence_facts(own, stated, source, self._policy)
        page = values.get("page_build")
        rights = self._rights.filled(values, source)
        unknown += rights.unknown
        unknown += [(name, UNREADABLE) for bit, name in enumerate(_NAMES) if values["unreadable"] >> bit & 1]
        return Situation(
            source=source.name if source else "",
            source_known=source is not None,
            url=values["url"].value,
            text_readable=bool(values["text_readable"]),
            robots_fetch=values["robots_fetch"].value,
            robots_build=values["robots_build"].value,
            stated_fetch=self._summary(values, "fetch"),
            stated_build=self._summary(values, "build"),
            looked_for=looked_for_names(int(values["looked_for"]), page),
            looked_for_fetch=looked_for_names(int(values["looked_for_fetch"]), page),
            optouts=optout_names(int(values["optouts"])),
            matches=values["matches"],
            licence=licence,
            licences_named=page.licences if page else (),
            licence_evidence=evidence,
            unknown_values=tuple(sorted({name for name, _ in unknown} - {"source"})),
            filled_by=tuple(sorted({*origins, *rights.origins})),
            **rights.facts,
        )

    def _summary(self, values: dict[str, Any], when: str) -> tuple[str, ...]:
        page_is_at = "final" if values.get("moved") else "located"
        files = [
            Stated(stated, values[key.replace("fetch", "build", 1)], key.split()[1] == page_is_at)
            for key, stated in values.items()
            if key.startswith("stated_fetch")
        ]
        page = values.get(f"page_{when}")
        return summarised(self._policy, files, page.statements if page else (), now=when == "build")

    def _own_licence(self, stated: str | None, unknown: list[tuple[str, str]]) -> str | None:
        if stated is None:
            return None
        aliases = self._policy.licences.aliases
        licence, known = licence_id(stated, aliases)
        if licence == CUSTOM_ALLOW and stated not in aliases:
            licence, known = UNKNOWN_LICENCE, False  # the policy says that somebody read the terms, no record does
        if not known:
            unknown.append(("licence", stated))
        return licence
