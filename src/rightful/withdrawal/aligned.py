"""Records read beside their ledger rows, and rows of what is known of where they are."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rightful.register.matching import Sketch
from rightful.screening.signal_lookup import Locations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Aligned:
    """Reads so many records at a time, wherever the row groups end; nothing is joined, so nothing is copied."""

    def __init__(self, file: Path, rows: int) -> None:
        self._batches = pq.ParquetFile(file).iter_batches(rows)
        self._waiting: pa.RecordBatch | None = None

    def next(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Give the next records, in one batch or in several; fewer where there are no more."""
        while rows:
            if self._waiting is None or not self._waiting.num_rows:
                self._waiting = next(self._batches, None)
                if self._waiting is None:
                    return
            taken = self._waiting.slice(0, rows)
            self._waiting = self._waiting.slice(taken.num_rows)
            rows -= taken.num_rows
            yield taken


def locations_at(locations: Locations, rows: np.ndarray) -> Locations:
    """Give what is known of some rows of a batch."""
    return Locations(**{each.name: _at(getattr(locations, each.name), rows) for each in fields(Locations)})


def _at(values: Any, rows: np.ndarray) -> Any:
    if values is None:
        return None
    if isinstance(values, Sketch):
        shared = [values.hashes[values.starts[row] : values.starts[row + 1]] for row in rows.tolist()]
        starts = np.concatenate(([0], np.cumsum([len(each) for each in shared], dtype=np.int64)))
        return Sketch(np.concatenate([values.hashes[:0], *shared]), starts, values.counts[rows])
    if isinstance(values, list):
        return [values[row] for row in rows.tolist()]
    return values[rows] if isinstance(values, np.ndarray) else values.take(pa.array(rows))
