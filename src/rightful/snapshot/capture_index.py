"""Captures of one signal by where they came from and when: which one is in force for whom."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from rightful.facts.site import sibling_origin

if TYPE_CHECKING:
    from rightful.snapshot.store import Snapshot

NOT_CAPTURED = -1
NO_TIME = np.iinfo(np.int64).min
_KEPT_SPANS = 200_000


class CaptureIndex:
    """The captures of one signal, by origin and time.

    Args:
        snapshot: the captures.
        signal: which signal file (`model.ROBOTS`, ...).
        any_scheme: whether a capture of the other scheme answers where the exact origin was not captured.
    """

    def __init__(self, snapshot: Snapshot, signal: str, *, any_scheme: bool = True) -> None:
        self.signal = signal
        self._any_scheme = any_scheme
        self._spans: dict[str, tuple[int, int]] = {}
        chosen = pc.equal(snapshot.captures["signal"], signal)
        self.rows: np.ndarray = pc.indices_nonzero(chosen).to_numpy()
        self.captures: pa.Table = snapshot.captures.filter(chosen).combine_chunks()

    def __len__(self) -> int:
        return int(self.captures.num_rows)

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
        """Hashes of the distinct origins, sorted, with the first and last row of each."""
        encoded = self.captures["origin"].combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        names: list[str] = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy()
        starts = np.searchsorted(codes, np.arange(len(names)))
        stops = np.searchsorted(codes, np.arange(len(names)), side="right")
        hashed = np.fromiter((_hash(name) for name in names), np.uint64, len(names))
        order = np.argsort(hashed)
        return hashed[order], starts[order], stops[order], [names[i] for i in order.tolist()]

    def rows_of(self, origin: str) -> tuple[int, int]:
        """Give the first and last+1 row of an origin's captures; (0, 0) where it was never captured.

        Looked for in this order: the exact origin, the host captured without a scheme, the other scheme.
        """
        span = self._spans.get(origin)
        if span is None:
            if len(self._spans) >= _KEPT_SPANS:
                self._spans.clear()
            span = self._spans[origin] = self._find(origin)
        return span

    def _find(self, origin: str) -> tuple[int, int]:
        hashed, starts, stops, names = self._index
        for name in self._aliases(origin):
            at = int(np.searchsorted(hashed, np.uint64(_hash(name))))
            if at < len(names) and names[at] == name:
                return int(starts[at]), int(stops[at])
        return 0, 0

    def _aliases(self, origin: str) -> list[str]:
        bare = "//" + origin.partition("//")[2]
        sibling = sibling_origin(origin)
        return [origin, bare, sibling] if self._any_scheme and sibling else [origin, bare]

    @cached_property
    def times(self) -> np.ndarray:
        """Seconds since 1970 of every capture; `NO_TIME` where unknown."""
        seconds = self.captures["fetched_at"].cast(pa.int64()).fill_null(int(NO_TIME))
        array: np.ndarray = seconds.to_numpy()
        return array


def _hash(name: str) -> int:
    return xxhash.xxh3_64_intdigest(name.encode())
