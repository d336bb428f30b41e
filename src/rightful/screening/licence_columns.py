"""RSL for a batch: from the robots.txt in force to the licences it declares, and what these say of every row.

Few sites declare one, so their rows are looked up one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

import numpy as np

from rightful.facts.site import parse_url
from rightful.facts.statement import Preference, Reading, Statement, shown
from rightful.screening.fact_columns import Coded
from rightful.signals import rsl
from rightful.signals.locations import signal_url
from rightful.signals.rsl.terms import USAGES
from rightful.snapshot.capture_index import NO_TIME, NOT_CAPTURED
from rightful.snapshot.model import Outcome

if TYPE_CHECKING:
    from rightful.screening.locate import Located
    from rightful.screening.statement_columns import StatementColumns
    from rightful.signals.site_files import RobotsRecords
    from rightful.snapshot.signal_view import SignalView


def licences_declared(robots: SignalView, row: int, origin: str) -> tuple[str, ...]:
    """Give the addresses of the licences that a capture of a robots.txt declares, absolute, in one spelling."""
    file = cast("RobotsRecords | None", robots.file_of(row)) if row != NOT_CAPTURED else None
    urls = [urljoin(signal_url(origin), url) for url in file.licence_urls] if file else []
    return tuple(location.href if (location := parse_url(url)) else url for url in urls)


def licence_reading(view: SignalView, url: str, row: int, target: str) -> Reading:
    """Give what a licence says of a path; what cannot be had licenses nothing, what was not captured is not known."""
    if row == NOT_CAPTURED:
        never = (Statement(rsl.PROTOCOL, u, Preference.ERROR, "1.0", "license", shown(url)) for u in USAGES)
        return Reading(tuple(never))
    if view.captures["outcome"][row].as_py() != Outcome.AVAILABLE.value:
        return rsl.unobtainable(url)
    return view.reading(row, target)


class LicenceColumns:
    """Looks licences up; `captures` gathers the snapshot's rows that were used.

    Args:
        view: captures of RSL documents, by their own URLs.
        robots: captures of robots.txt.
        columns: which of these is in force for every row.
        located: the rows.
        fetched_at: seconds since 1970 per row; None without times.
    """

    def __init__(
        self,
        view: SignalView,
        robots: SignalView,
        columns: StatementColumns,
        located: Located,
        fetched_at: np.ndarray | None,
    ) -> None:
        self._view = view
        self._robots = robots
        self._columns = columns
        self._located = located
        self._fetched_at = fetched_at
        self.captures: set[int] = set()
        self._values: list[tuple[Statement, ...]] = [()]
        self._numbers: dict[tuple[Statement, ...], int] = {(): 0}

    def fetch_and_build(self) -> tuple[Coded, Coded] | None:
        """Give what licences stated at fetch, and state now; None where no row's site declares one."""
        fetch = self._codes(self._columns.fetch_captures, at_fetch=True)
        build = self._codes(self._columns.build_captures, at_fetch=False)
        if fetch is None and build is None:
            return None
        nothing = np.zeros(len(self._located.state), np.int32)
        return (
            Coded(nothing if fetch is None else fetch, self._values),
            Coded(nothing if build is None else build, self._values),
        )

    def _codes(self, captures: np.ndarray, *, at_fetch: bool) -> np.ndarray | None:
        declaring = [row for row in np.unique(captures).tolist() if row != NOT_CAPTURED and self._declares(row)]
        if not declaring:
            return None
        codes = np.zeros(len(captures), np.int32)
        rows = np.flatnonzero(np.isin(captures, declaring))
        for row, target in zip(rows.tolist(), self._columns.targets(rows), strict=True):
            codes[row] = self._number(self._read(row, int(captures[row]), target, at_fetch=at_fetch).substance)
        return codes

    def _declares(self, row: int) -> bool:
        return bool(licences_declared(self._robots, row, "https://any.example"))

    def _read(self, row: int, capture: int, target: str, *, at_fetch: bool) -> Reading:
        origin = self._located.origins[int(self._located.origin[row])].origin
        moment = None
        if at_fetch and self._fetched_at is not None:
            moment = int(self._fetched_at[row])
        read = Reading()
        for url in licences_declared(self._robots, capture, origin):
            at = self._view.at(url, None if moment == NO_TIME else moment)
            if at == NOT_CAPTURED and at_fetch and self._view.at(url, None) != NOT_CAPTURED:
                continue  # captured, but not as early: the newest one speaks at build
            if at != NOT_CAPTURED:
                self.captures.add(int(self._view.rows[at]))
            read += licence_reading(self._view, url, at, target)
        return read

    def _number(self, stated: tuple[Statement, ...]) -> int:
        number = self._numbers.get(stated)
        if number is None:
            number = self._numbers[stated] = len(self._values)
            self._values.append(stated)
        return number
