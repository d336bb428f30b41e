"""What signal files state about every row of a batch: one code a row, one reading a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rightful.screening.fact_columns import Coded, Interned
from rightful.screening.robots_columns import captures_in_force
from rightful.snapshot.capture_index import NOT_CAPTURED

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rightful.facts.statement import Statement
    from rightful.screening.locate import Located
    from rightful.snapshot.signal_view import SignalView

_BY_PATH = -1


class StatementColumns:
    """Looks one signal file up for the rows of a batch; `captures` gathers the snapshot's rows that were used.

    Args:
        view: captures of the file.
        located: the rows.
        fetched_at: as in `captures_in_force`.
        interned: what stands for equal statements in every batch.
    """

    def __init__(self, view: SignalView, located: Located, fetched_at: np.ndarray | None, interned: Interned) -> None:
        self._view = view
        self._interned = interned
        self._located = located
        self.build_captures, self.fetch_captures = captures_in_force(view, located, fetched_at)
        self.captures: set[int] = set()
        used = np.union1d(self.build_captures, self.fetch_captures)
        self.captures.update(view.rows[used[used != NOT_CAPTURED]].tolist())
        # What is stated, without where: thousands of files say the same few things.
        self._values: list[tuple[Statement, ...]] = [()]
        self._numbers: dict[tuple[Statement, ...], int] = {(): 0}
        self._by_part: dict[tuple[str, Hashable], int] = {}

    def fetch_and_build(self) -> tuple[Coded, Coded]:
        """Give what was stated when each row was fetched, and what is now, as codes of `Reading.substance`."""
        build = self._codes(self.build_captures)
        same = self.fetch_captures == self.build_captures
        fetch = self._codes(np.where(same, NOT_CAPTURED, self.fetch_captures))
        fetch[same] = build[same]
        return Coded(fetch, self._values), Coded(build, self._values)

    def _codes(self, captures: np.ndarray) -> np.ndarray:
        distinct, inverse = np.unique(captures, return_inverse=True)
        stated = [() if row == NOT_CAPTURED else self._view.for_every_path(row) for row in distinct.tolist()]
        by_capture = np.array([_BY_PATH if value is None else self._number(value) for value in stated], np.int32)
        codes: np.ndarray = by_capture[inverse] if len(by_capture) else np.zeros(0, np.int32)
        rows = np.flatnonzero(codes == _BY_PATH)
        for row, capture, target in zip(rows.tolist(), captures[rows].tolist(), self.targets(rows), strict=True):
            key = self._view.body_of(capture), self._view.part(capture, target)
            known = self._by_part.get(key)
            if known is None:
                known = self._by_part[key] = self._number(self._view.reading(capture, target).substance)
            codes[row] = known
        return codes

    def targets(self, rows: np.ndarray) -> list[str]:
        """Give the paths and queries of rows: as they stand in plain URLs, as parsed in the others."""
        parsed = self._located.parsed
        urls = self._located.urls.take(pa.array(rows)).to_pylist()
        starts = self._located.start[rows].tolist()
        return [
            parsed[row].target if row in parsed else url[start:]
            for row, url, start in zip(rows.tolist(), urls, starts, strict=True)
        ]

    def _number(self, stated: tuple[Statement, ...]) -> int:
        number = self._numbers.get(stated)
        if number is None:
            number = self._numbers[stated] = len(self._values)
            self._values.append(self._interned.one(stated))
        return number
