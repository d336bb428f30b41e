"""Captures of one signal file, and what each states: read once per distinct body."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rightful.facts.statement import Preference, Reading, Statement, Usage
from rightful.snapshot.capture_index import NO_TIME, NOT_CAPTURED, CaptureIndex
from rightful.snapshot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from rightful.signals.site_files import SiteFile
    from rightful.snapshot.store import Snapshot

_KEPT_FILES = 20_000


class SignalView(CaptureIndex):
    """Captures of one signal file.

    Args:
        snapshot: the captures.
        signal: which file.
        read: reads a body.
        protocol: whose statement it is that a file exists and could not be fetched; empty where that is said
            elsewhere, as for robots.txt.
        any_scheme: as in `CaptureIndex`.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        signal: str,
        read: Callable[[bytes], SiteFile],
        *,
        protocol: str = "",
        any_scheme: bool = True,
    ) -> None:
        super().__init__(snapshot, signal, any_scheme=any_scheme)
        self._snapshot = snapshot
        self._read = read
        self._protocol = protocol
        self._files: dict[str, SiteFile] = {}
        self._uniform: dict[str, tuple[Statement, ...] | None] = {}

    @cached_property
    def _outcomes(self) -> list[str]:
        found: list[str] = self.captures["outcome"].to_pylist()
        return found

    @cached_property
    def _digests(self) -> list[str | None]:
        found: list[str | None] = self.captures["body_sha256"].to_pylist()
        return found

    @cached_property
    def _cut(self) -> list[bool]:
        found: list[bool] = self.captures["truncated"].fill_null(False).to_pylist()  # noqa: FBT003 - what null becomes
        return found

    @cached_property
    def _answers(self) -> np.ndarray:
        outcomes = np.array([outcome != Outcome.UNREACHABLE.value for outcome in self._outcomes], bool)
        whole: np.ndarray = outcomes & ~np.array(self._cut, bool)
        return whole

    def answered(self, rows: np.ndarray) -> np.ndarray:
        """Tell which captures say what there is to say: none is missing, no server failed, and nothing is cut off."""
        asked = rows != NOT_CAPTURED
        found = np.zeros(rows.shape, bool)
        found[asked] = self._answers[rows[asked]]
        return found

    def body_of(self, row: int) -> str:
        """Give the digest of a capture's body; empty where none is to be read."""
        return (self._digests[row] or "") if self._outcomes[row] == Outcome.AVAILABLE.value else ""

    def file_of(self, row: int) -> SiteFile | None:
        """Give a capture's file as read; None where there is nothing to read."""
        sha256 = self.body_of(row)
        if not sha256:
            return None
        found = self._files.get(sha256)
        if found is None:
            if len(self._files) >= _KEPT_FILES:
                for old in list(self._files)[: _KEPT_FILES // 4]:
                    del self._files[old]
            found = self._files[sha256] = self._read(self._snapshot.body(sha256))
        return found

    def reading(self, row: int, target: str) -> Reading:
        """Give what a capture states about a path."""
        file = self.file_of(row)
        return self._without_file(row) if file is None else file.reading(target) + self._beyond(row)

    def part(self, row: int, target: str) -> Hashable:
        """Give what of a path decides in a capture's file (`SiteFile.part`)."""
        file = self.file_of(row)
        return None if file is None else file.part(target)

    def for_every_path(self, row: int) -> tuple[Statement, ...] | None:
        """Give the substance of what a capture states about all paths alike; None where the path matters."""
        key = f"{self._cut[row]:d}{self.body_of(row) or self._outcomes[row]}"
        if key not in self._uniform:
            file = self.file_of(row)
            read = self._without_file(row) if file is None else file.uniform
            if file is not None and read is not None:
                read += self._beyond(row)
            if len(self._uniform) >= _KEPT_FILES:
                self._uniform.clear()
            self._uniform[key] = None if read is None else read.substance
        return self._uniform[key]

    def at(self, origin: str, moment: int | None) -> int:
        """Give the newest capture of an origin, or the newest not later than a moment; `NOT_CAPTURED` without one."""
        first, stop = self.rows_of(origin)
        if stop <= first or moment is None:
            return stop - 1 if stop > first else NOT_CAPTURED
        row = first + int(np.searchsorted(self.times[first:stop], moment, side="right")) - 1
        return row if row >= first and self.times[row] != NO_TIME else NOT_CAPTURED

    def _without_file(self, row: int) -> Reading:
        """Give what a capture without a file states: a server or network that failed leaves the question open."""
        return self._nobody_knows() if self._outcomes[row] == Outcome.UNREACHABLE.value else Reading()

    def _beyond(self, row: int) -> Reading:
        """Give what the part of a file states that was not captured: it may be a refusal."""
        return self._nobody_knows() if self._cut[row] else Reading()

    def _nobody_knows(self) -> Reading:
        if not self._protocol:
            return Reading()
        return Reading(tuple(Statement(self._protocol, usage, Preference.ERROR, where="capture") for usage in Usage))
