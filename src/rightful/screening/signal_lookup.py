"""Signals looked up for the locations of a batch: robots.txt, every other signal file, and the register.

Needs no record, only where the records are from: `verify` and `explain` ask the same of a ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.situation import UrlFact
from rightful.register.entries import KeyKind
from rightful.screening.asked import interpretation, site_view
from rightful.screening.declared_documents import DOCUMENTS_OF, DeclaredColumns
from rightful.screening.fact_columns import Coded, Interned, stricter
from rightful.screening.locate import URL_CODES, Located, Locator
from rightful.screening.optout_columns import OptOutColumns
from rightful.screening.page_signals import PageSignals
from rightful.screening.robots_columns import RobotsColumns, captures_in_force
from rightful.screening.settled import Stated
from rightful.screening.statement_columns import StatementColumns
from rightful.screening.text_matches import work_matcher
from rightful.signals import rsl
from rightful.signals.locations import ROBOTS, TDMREP
from rightful.signals.site_files import DOCUMENTS, SITE_FILES
from rightful.snapshot.capture_index import NOT_CAPTURED
from rightful.snapshot.signal_view import SignalView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.policy.policy import Policy
    from rightful.register.entries import OptOut
    from rightful.register.export import Register
    from rightful.register.matching import Sketch
    from rightful.screening.page_signals import PageFacts
    from rightful.snapshot.store import Snapshot

_LOCATED, _MISSING = URL_CODES.index(UrlFact.LOCATED), URL_CODES.index(UrlFact.MISSING)


# Whose statements the signal files of a site may hold. Licences are looked for where robots.txt is.
LOOKED_FOR = tuple(sorted({protocol for kind in SITE_FILES.values() for protocol in kind.protocols} | {rsl.PROTOCOL}))


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
        fields: headers and meta elements of each row (`page_fields`); None where no column has any.
        digests: digest of each text's canonical form; None where content is not looked up.
        sketch: of the texts that match works, what they match them by; None where texts are not compared, or none does.
    """

    urls: pa.Array
    broken: pa.Array | None = None
    finals: pa.Array | None = None
    broken_finals: pa.Array | None = None
    fetched_at: np.ndarray | None = None
    accounts: pa.Array | None = None
    fields: pa.Array | None = None
    digests: list[str | None] | None = None
    sketch: Sketch | None = None


class OfFile(NamedTuple):
    """What one signal file stated when each row was fetched, and states now.

    Attributes:
        fetch, build: statements (`StatementColumns`).
        of_final: it is a file of the site where redirects led.
    """

    fetch: Coded
    build: Coded
    of_final: bool


@dataclass(slots=True)
class Signals:
    """What the signals say about the rows of a batch.

    Attributes:
        located, final: the rows' locations, and where redirects led.
        url: code into `URL_CODES` per row; both locations must be readable, where two are stated.
        fetch, build: codes into `ROBOTS_CODES` per row.
        optouts: bits of `optout_columns.BIT_NAMES` per row.
        matches: the fact `matches` of each row; None where no text was compared.
        stated: what every signal file that was captured states.
        moved: whether a redirect led elsewhere, per row; None where none did.
        pages: what each row's own response and page stated at fetch, and state now (`PageFacts`); None without any.
        looked_for, looked_for_fetch: bits of `LOOKED_FOR` per row: whose files were captured and read, now and when it
            was fetched.
        captures: rows of the snapshot's table that were used.
        entries: rows of the register that had an effect.
    """

    located: Located
    final: Located | None
    url: np.ndarray
    fetch: np.ndarray
    build: np.ndarray
    optouts: np.ndarray
    matches: Coded | None
    stated: tuple[OfFile, ...]
    moved: np.ndarray | None
    pages: tuple[Coded, Coded] | None
    looked_for: np.ndarray
    looked_for_fetch: np.ndarray
    captures: set[int]
    entries: set[int]

    def files(self, row: int) -> list[Stated]:
        """Give what the signal files state of a row."""
        moved = bool(self.moved is not None and self.moved[row])
        return [Stated(of.fetch.value(row), of.build.value(row), of.of_final == moved) for of in self.stated]


def _readable(located: Located, final: Located | None) -> np.ndarray:
    """Join two locations: where a redirect led, if stated, must be as readable as where it began."""
    if final is None:
        return located.state
    lost = (final.state != _MISSING) & (final.state != _LOCATED) & (located.state == _LOCATED)
    return np.where(lost, final.state, located.state).astype(np.int8)


def looked_for_names(bits: int, page: PageFacts | None) -> tuple[str, ...]:
    """Give the protocols that could have said something of a row."""
    of_site = {name for bit, name in enumerate(LOOKED_FOR) if bits >> bit & 1}
    return tuple(sorted(of_site | (page.looked_for if page else frozenset())))


def _bits_of(signal: str) -> int:
    protocols = (*SITE_FILES[signal].protocols, *((rsl.PROTOCOL,) if signal == ROBOTS else ()))
    return sum(1 << LOOKED_FOR.index(protocol) for protocol in protocols)


class SignalLookup:
    """Looks signals up under one policy, snapshot and register.

    Attributes:
        as_of: time of the snapshot's newest capture, if any is dated.
        view: robots.txt by origin and time.
        declared: documents that signal files declare, by the file's signal: licences, TDM policies.
        signal_views: every signal file of an origin, robots.txt for what it says to other protocols.
        pages: what responses and pages of records state.
        matcher: compares texts with the works of the register; None where it has none.
    """

    def __init__(self, policy: Policy, snapshot: Snapshot, register: Register | None) -> None:
        self.as_of = snapshot.as_of
        self.view = site_view(policy, snapshot)
        self._register = register
        self.matcher = work_matcher(policy, register)
        self._locator = Locator()
        self._interned = Interned()
        asked = interpretation(policy)
        self.signal_views = [
            SignalView(
                snapshot,
                signal,
                partial(kind.read, asked),
                protocol=kind.protocol,
                any_scheme=policy.protocols.any_scheme,
            )
            for signal, kind in SITE_FILES.items()
        ]

        self.declared = {
            signal: DOCUMENTS_OF[kind.documents](
                signal,
                view,
                SignalView(snapshot, kind.documents, partial(DOCUMENTS[kind.documents], asked), any_scheme=False),
                only_then=policy.as_of.mode == "fetch",
            )
            for (signal, kind), view in zip(SITE_FILES.items(), self.signal_views, strict=True)
            if kind.documents
        }
        self.pages = PageSignals(asked, self.declared[ROBOTS], self.declared[TDMREP], self._interned)

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
        optouts, matches = self._optouts(locations, located, final, entries)
        looked_for = np.zeros((2, len(located.state)), np.int32)
        stated = tuple(self._stated(located, final, locations, captures, looked_for))
        url = _readable(located, final)
        pages = self.pages.facts(locations.fields, located, final, locations.fetched_at, captures)
        moved = final.origin >= 0 if final is not None else None
        now, then = looked_for
        return Signals(
            located, final, url, fetch, build, optouts, matches, stated, moved, pages, now, then, captures, entries
        )

    def _stated(
        self,
        located: Located,
        final: Located | None,
        locations: Locations,
        captures: set[int],
        looked_for: np.ndarray,
    ) -> Iterator[OfFile]:
        for place in (located, final):
            if place is None or not place.origins:
                continue
            for signal, view in zip(SITE_FILES, self.signal_views, strict=True):
                if not len(view):
                    continue
                columns = StatementColumns(view, place, locations.fetched_at, self._interned)
                captures |= columns.captures
                asked = np.stack([columns.build_captures, columns.fetch_captures])
                looked_for |= np.where(view.answered(asked), _bits_of(view.signal), 0).astype(np.int32)
                stated = columns.fetch_and_build()
                if signal in self.declared:
                    documents = DeclaredColumns(
                        self.declared[signal], columns, place, locations.fetched_at, self._interned
                    )
                    stated = documents.fetch_and_build(stated)
                    captures |= documents.captures
                yield OfFile(*stated, of_final=place is final)

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

    def optouts_of(self, locations: Locations, row: int) -> list[OptOut]:
        """Give the register's entries that have an effect on one row."""
        if self._register is None:
            return []
        one = Locations(
            urls=locations.urls.slice(row, 1),
            finals=None if locations.finals is None else locations.finals.slice(row, 1),
            accounts=None if locations.accounts is None else locations.accounts.slice(row, 1),
            digests=None if locations.digests is None else locations.digests[row : row + 1],
            sketch=None if locations.sketch is None else locations.sketch.only(row),
        )
        located = self._locator.locate(one.urls)
        hits: set[int] = set()
        self._optouts(one, located, self._final(one, located), hits)
        return [self._register.entry(hit) for hit in sorted(hits)]

    def _optouts(
        self, locations: Locations, located: Located, final: Located | None, entries: set[int]
    ) -> tuple[np.ndarray, Coded | None]:
        if self._register is None or not len(self._register):
            return np.zeros(len(located.state), np.int32), None
        columns = OptOutColumns(self._register, entries)
        bits = columns.of_locations(located)
        if final is not None:
            bits |= columns.of_locations(final)
        if locations.accounts is not None and self._register.has(KeyKind.ACCOUNT):
            bits |= columns.of_accounts(locations.accounts)
        if locations.digests is not None:
            bits |= columns.of_digests(locations.digests)
        if locations.sketch is None or self.matcher is None:
            return bits, None
        found = columns.of_texts(self.matcher, locations.sketch, locations.digests)
        return bits | found.bits, found.facts
