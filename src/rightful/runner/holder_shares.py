"""How much of the text each rightsholder has: from a share on, one holder's data is specific (legal.md P-49, 4.1).

It takes a look at all records before the first is decided. Tokens are estimated from octets and characters, by sums, so
that the same inputs give the same shares however they are cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rightful.runner.reading import read_batches
from rightful.screening.holders import HolderSums, specific_among

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

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
    sums = HolderSums(columns)
    wanted = columns.top_level(("rights_holder", "text"), schema)
    for records in inputs:
        for batch in read_batches(records, schema, columns=wanted):
            sums.add(batch)
    units = sums.units()
    total = sum(units.values())
    specific = specific_among(units, limit)
    return HolderShares(limit, sums.unit, total, specific)
