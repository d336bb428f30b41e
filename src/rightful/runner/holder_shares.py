"""How much of the text each rightsholder has: from a share on, one holder's data is specific (legal.md P-49, 4.1).

It takes a look at all records before the first is decided. Tokens are estimated from octets and characters, by sums, so
that the same inputs give the same shares however they are cut.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from rightful.ledger.units import Units
from rightful.runner.reading import read_batches
from rightful.screening.columns import text_column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rightful.runner.reading import Records
    from rightful.screening.columns import Columns


@dataclass(frozen=True, slots=True)
class HolderShares:
    """What was measured.

    Attributes:
        limit: the share from which a holder's data is specific.
        unit: what was counted: `tokens`, or `records` where there is no text.
        total: units of all records, those without a named holder among them.
        specific: holders that reach the limit, with their units; most units first.
    """

    limit: float
    unit: str
    total: int
    specific: tuple[tuple[str, int], ...]

    def facts(self) -> dict[str, Any]:
        """Give what was measured as JSON values."""
        specific = [
            {"holder": name, self.unit: count, "share": round(count / self.total, 6)} for name, count in self.specific
        ]
        return {"limit": self.limit, "unit": self.unit, "total": self.total, "specific": specific}

    @property
    def holders(self) -> frozenset[str]:
        """The holders whose data is specific."""
        return frozenset(name for name, _ in self.specific)


def measure_holders(
    inputs: Iterable[Records], schema: pa.Schema, columns: Columns, limit: float
) -> HolderShares | None:
    """Measure the holders' shares; None where no column names holders, or the policy sets no limit.

    Raises:
        InputError: an input cannot be read.
    """
    if columns.rights_holder is None or not limit:
        return None
    octets: defaultdict[str, int] = defaultdict(int)
    characters: defaultdict[str, int] = defaultdict(int)
    wanted = columns.top_level(("rights_holder", "text"), schema)
    for records in inputs:
        for batch in read_batches(records, schema, columns=wanted):
            _add(batch, columns, octets, characters)
    units = {name: Units(characters[name], octets[name]).tokens for name in octets}
    if columns.text is None:
        units = dict(octets)
    total = sum(units.values())
    named = sorted(((name, count) for name, count in units.items() if name), key=lambda pair: (-pair[1], pair[0]))
    specific = tuple((name, count) for name, count in named if total and count / total >= limit)
    return HolderShares(limit, "tokens" if columns.text is not None else "records", total, specific)


def _add(
    batch: pa.RecordBatch, columns: Columns, octets: defaultdict[str, int], characters: defaultdict[str, int]
) -> None:
    """Add a batch to the sums by holder; without a text column each record counts one."""
    assert columns.rights_holder is not None  # noqa: S101 - asked before
    names = pc.coalesce(text_column(batch, columns.rights_holder)[0], pa.scalar("", pa.large_string()))
    names = pc.utf8_trim_whitespace(names)
    if columns.text is None:
        for row in pc.value_counts(names).to_pylist():
            octets[row["values"]] += row["counts"]
        return
    texts = text_column(batch, columns.text)[0]
    table = pa.table({
        "name": names,
        "octets": pc.cast(pc.binary_length(texts), pa.int64()),
        "characters": pc.cast(pc.utf8_length(texts), pa.int64()),
    })  # fmt: skip
    for row in table.group_by("name").aggregate([("octets", "sum"), ("characters", "sum")]).to_pylist():
        octets[row["name"]] += row["octets_sum"] or 0
        characters[row["name"]] += row["characters_sum"] or 0
