"""A batch observed: every fact of every row as a code, and the distinct situations the rows are in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.situation import ROBOTS_CODES, Consent, LicenceEvidence, Situation, UrlFact
from rightful.policy.licences import NO_LICENCE, UNKNOWN_LICENCE, licence_id
from rightful.register.entries import KeyKind
from rightful.screening.fact_columns import UNREADABLE, Coded, closed, coded, stricter, texts_of, times_of
from rightful.screening.locate import URL_CODES, Located, Locator
from rightful.screening.optout_columns import OptOutColumns, digests_of, optout_names
from rightful.screening.robots_columns import RobotsColumns, captures_in_force
from rightful.snapshot.capture_index import NOT_CAPTURED
from rightful.snapshot.site_view import SiteView

if TYPE_CHECKING:
    from rightful.policy.policy import Policy
    from rightful.policy.sections import Source
    from rightful.register.export import Register
    from rightful.screening.columns import Columns
    from rightful.snapshot.store import Snapshot


_LOCATED, _MISSING = URL_CODES.index(UrlFact.LOCATED), URL_CODES.index(UrlFact.MISSING)


@dataclass(slots=True)
class Locations:
    """What is known of where the rows of a batch are: all that signals are looked up by.

    Attributes:
        urls: as text, null where there is none.
        broken: rows whose URL is no valid UTF-8; None where none is.
        finals: where redirects led; None without such a column.
        broken_finals: as `broken`, of where redirects led.
        fetched_at: seconds since 1970 per row (`NO_TIME` unknown); None without such a column.
        accounts: as text; None without such a column.
        digests: digest of each text's canonical form; None where content is not looked up.
    """

    urls: pa.Array
    broken: pa.Array | None = None
    finals: pa.Array | None = None
    broken_finals: pa.Array | None = None
    fetched_at: np.ndarray | None = None
    accounts: pa.Array | None = None
    digests: list[str | None] | None = None


@dataclass(slots=True)
class Signals:
    """What the signals say about the rows of a batch.

    Attributes:
        located, final: the rows' locations, and where redirects led.
        url: code into `URL_CODES` per row; both locations must be readable, where two are stated.
        fetch, build: codes into `ROBOTS_CODES` per row.
        optouts: bits of `optout_columns.BIT_NAMES` per row.
        captures: rows of the snapshot's table that were used.
        entries: rows of the register that had an effect.
    """

    located: Located
    final: Located | None
    url: np.ndarray
    fetch: np.ndarray
    build: np.ndarray
    optouts: np.ndarray
    captures: set[int]
    entries: set[int]


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


def _readable(located: Located, final: Located | None) -> np.ndarray:
    """Join two locations: where a redirect led, if stated, must be as readable as where it began."""
    if final is None:
        return located.state
    lost = (final.state != _MISSING) & (final.state != _LOCATED) & (located.state == _LOCATED)
    return np.where(lost, final.state, located.state).astype(np.int8)


def site_view(policy: Policy, snapshot: Snapshot) -> SiteView:
    """Look at a snapshot the way a policy asks for."""
    return SiteView(
        snapshot,
        tokens=policy.crawler.effective,
        any_scheme=policy.protocols.any_scheme,
        refusals_deny=policy.protocols.robots == "strict",
        max_age_days=policy.protocols.max_capture_age_days,
    )


class Observer:
    """Turns batches into observations under one policy, snapshot and register."""

    def __init__(self, policy: Policy, view: SiteView, register: Register | None, columns: Columns) -> None:
        self.view = view
        self._policy = policy
        self._register = register
        self._columns = columns
        self._locator = Locator()

    def observe(self, batch: pa.RecordBatch) -> Observation:
        """Observe a batch of records."""
        columns = self._columns
        readable = np.ones(batch.num_rows, bool)
        named = np.ones(batch.num_rows, bool)
        urls, broken = texts_of(batch, columns.url)
        locations = Locations(urls, broken, fetched_at=times_of(batch, columns.fetched_at))
        if columns.final_url is not None:
            locations.finals, locations.broken_finals = texts_of(batch, columns.final_url)
        if columns.account is not None:
            locations.accounts, unreadable = texts_of(batch, columns.account)
            if unreadable is not None:
                named = ~unreadable.to_numpy(zero_copy_only=False)
        if columns.text is not None:
            texts, unreadable = texts_of(batch, columns.text)
            if unreadable is not None:
                readable = ~unreadable.to_numpy(zero_copy_only=False)
            if self._register is not None and self._register.has(KeyKind.CONTENT):
                locations.digests = digests_of(texts)
        signals = self.signals(locations)
        codes = {
            "source": self._sources(batch),
            "url": Coded(signals.url, URL_CODES),
            "text_readable": Coded(readable.astype(np.int8), (False, True)),
            "robots_fetch": Coded(signals.fetch, ROBOTS_CODES),
            "robots_build": Coded(signals.build, ROBOTS_CODES),
            "optouts": Coded(signals.optouts, None),
            "licence": coded(batch, columns.licence),
            "licence_evidence": coded(batch, columns.licence_evidence),
            "consent": coded(batch, columns.consent),
            "account_readable": Coded(named.astype(np.int8), (False, True)),
        }
        situations, situation, unknown = self._distinguish(batch.num_rows, codes)
        return Observation(situations, situation, locations, signals, unknown)

    def signals(self, locations: Locations) -> Signals:
        """Look up what robots.txt and the register say about a batch's locations."""
        located = self._locator.locate(locations.urls, locations.broken)
        final = self._final(locations, located)
        captures: set[int] = set()
        fetch, build = self._robots_at(located, locations, captures)
        if final is not None and final.origins:
            fetch_final, build_final = self._robots_at(final, locations, captures)
            there = final.origin >= 0
            fetch[there] = stricter(fetch, fetch_final)[there]
            build[there] = stricter(build, build_final)[there]
        entries: set[int] = set()
        optouts = self._optouts(locations, located, final, entries)
        return Signals(located, final, _readable(located, final), fetch, build, optouts, captures, entries)

    def _final(self, locations: Locations, located: Located) -> Located | None:
        """Locate where redirects led, for the rows where that is elsewhere (protocols A15)."""
        finals = locations.finals
        if finals is None:
            return None
        elsewhere = pc.fill_null(pc.not_equal(finals, located.urls), True)  # noqa: FBT003 - what null becomes
        return self._locator.locate(
            pc.if_else(elsewhere, finals, pa.scalar(None, finals.type)), locations.broken_finals
        )

    def _robots_at(self, located: Located, locations: Locations, captures: set[int]) -> tuple[np.ndarray, np.ndarray]:
        build, fetch = captures_in_force(self.view, located, locations.fetched_at)
        used = np.union1d(build, fetch)
        captures.update(self.view.rows[used[used != NOT_CAPTURED]].tolist())
        columns = RobotsColumns(self.view, located)
        newest = columns.facts(build)
        # Where the capture in force at the fetch is the newest one too, its answer is known already.
        same = fetch == build
        at_fetch = columns.facts(np.where(same, NOT_CAPTURED, fetch))
        at_fetch[same] = newest[same]
        return at_fetch, columns.aged(newest, build)

    def _optouts(self, locations: Locations, located: Located, final: Located | None, entries: set[int]) -> np.ndarray:
        if self._register is None or not len(self._register):
            return np.zeros(len(located.state), np.int16)
        columns = OptOutColumns(self._register, entries)
        bits = columns.of_locations(located)
        if final is not None:
            bits |= columns.of_locations(final)
        if locations.accounts is not None and self._register.has(KeyKind.ACCOUNT):
            bits |= columns.of_accounts(locations.accounts)
        if locations.digests is not None:
            bits |= columns.of_digests(locations.digests)
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
        key = np.zeros(rows, np.int64)
        for fact in codes.values():
            smallest = int(fact.codes.min(initial=0))
            span = int(fact.codes.max(initial=0)) - smallest + 1
            if int(key.max(initial=0)) > np.iinfo(np.int64).max // span - 1:
                key = np.unique(key, return_inverse=True)[1]
            key = key * span + (fact.codes.astype(np.int64) - smallest)
        _, first, inverse, sizes = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        unknown: Counter[tuple[str, str]] = Counter()
        numbers: dict[Situation, int] = {}
        number_of = np.empty(len(first), np.int64)
        for at, (row, size) in enumerate(zip(first.tolist(), sizes.tolist(), strict=True)):
            odd: list[tuple[str, str]] = []
            situation = self._situation({name: fact.value(row) for name, fact in codes.items()}, odd)
            number_of[at] = numbers.setdefault(situation, len(numbers))
            for pair in odd:
                unknown[pair] += size
        return list(numbers), number_of[inverse], unknown

    def _situation(self, values: dict[str, Any], unknown: list[tuple[str, str]]) -> Situation:
        source = self._policy.sources_by_key.get(values["source"] or "")
        if source is None:
            unknown.append(("source", values["source"] or ""))
        licence = self._licence(values["licence"], source, unknown)
        evidence = closed(LicenceEvidence, values["licence_evidence"], "licence_evidence", unknown)
        consent = closed(Consent, values["consent"], "consent", unknown)
        if not values["account_readable"]:
            unknown.append(("account", UNREADABLE))
        if evidence is None:
            # A licence the record states for itself is a tag until evidence is stated with it.
            own = values["licence"] is not None
            evidence = "tag_only" if own else source.licence_evidence.value if source else "none"
        return Situation(
            source=source.name if source else "",
            source_known=source is not None,
            url=values["url"].value,
            text_readable=bool(values["text_readable"]),
            robots_fetch=values["robots_fetch"].value,
            robots_build=values["robots_build"].value,
            optouts=optout_names(int(values["optouts"])),
            licence=licence,
            licence_evidence=evidence,
            consent=consent or (source.consent.value if source else Consent.NOT_APPLICABLE.value),
            unknown_values=tuple(sorted({name for name, _ in unknown} - {"source"})),
        )

    def _licence(self, stated: str | None, source: Source | None, unknown: list[tuple[str, str]]) -> str:
        aliases = self._policy.licences.aliases
        if stated is None:
            return (licence_id(source.licence, aliases) or UNKNOWN_LICENCE) if source else NO_LICENCE
        known = licence_id(stated, aliases)
        if known is None:
            unknown.append(("licence", stated))
            return UNKNOWN_LICENCE
        return known
