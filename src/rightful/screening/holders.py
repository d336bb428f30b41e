"""Rightsholders' names, and how much of the text each has."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from rightful.ledger.units import Units
from rightful.screening.columns import text_column

if TYPE_CHECKING:
    from rightful.screening.columns import Columns


def holder_key(name: str | None) -> str:
    """Give the one spelling of a rightsholder's name: width, case and white space do not tell two apart."""
    return " ".join(unicodedata.normalize("NFKC", name or "").casefold().split())


class HolderSums:
    """Sums of text by rightsholder, batch by batch; the same however records are cut."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._octets: defaultdict[str, int] = defaultdict(int)
        self._characters: defaultdict[str, int] = defaultdict(int)

    @property
    def unit(self) -> str:
        """What is counted: `tokens`, or `records` where there is no text."""
        return "records" if self._columns.text is None else "tokens"

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a batch, which has a column of rightsholders; without a text column each record counts one."""
        columns = self._columns
        if columns.rights_holder is None:
            return
        names = pc.coalesce(text_column(batch, columns.rights_holder)[0], pa.scalar("", pa.large_string()))
        if columns.text is None:
            for row in pc.value_counts(names).to_pylist():
                self._octets[holder_key(row["values"])] += row["counts"]
            return
        texts = text_column(batch, columns.text)[0]
        table = pa.table({
            "name": names,
            "octets": pc.cast(pc.binary_length(texts), pa.int64()),
            "characters": pc.cast(pc.utf8_length(texts), pa.int64()),
        })  # fmt: skip
        for row in table.group_by("name").aggregate([("octets", "sum"), ("characters", "sum")]).to_pylist():
            self._octets[holder_key(row["name"])] += row["octets_sum"] or 0
            self._characters[holder_key(row["name"])] += row["characters_sum"] or 0

    def units(self) -> dict[str, int]:
        """Give tokens, or records, by the key of each holder; of records without one by the empty key."""
        if self._columns.text is None:
            return dict(self._octets)
        return {name: Units(self._characters[name], octets).tokens for name, octets in self._octets.items()}


def specific_among(units: dict[str, int], limit: float) -> tuple[tuple[str, int], ...]:
    """Give the holders that reach a share of all units, with theirs; most units first. Without a name nobody does."""
    total = sum(units.values())
    named = sorted(((name, count) for name, count in units.items() if name), key=lambda pair: (-pair[1], pair[0]))
    return tuple((name, count) for name, count in named if limit and total and count / total >= limit)
