"""The test after the build: does anything ship that the register names?

Another way than the one by which records were taken out: the shards are read as they lie in the new version, each
record is screened as if it had just come in, and the register is the whole newest one, not the part that had an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.withdrawal.found import BATCH
from rightful.withdrawal.redecided import ADMITTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.ledger.run_directory import RunDirectory
    from rightful.register.export import Register
    from rightful.withdrawal.basis import Basis


@dataclass(frozen=True, slots=True)
class Absence:
    """How many records were looked at, and how many of them the newest register keeps out."""

    records: int
    found: int


def look_for_withdrawn(
    basis: Basis, shards: list[str], folder: RunDirectory, register: Register, on_rows: Callable[[int], None] | None
) -> Absence:
    """Screen every record that ships as admitted once more.

    Args:
        basis: the rules: of the version before, or of a run itself.
        shards: paths of the shards in `folder`.
        folder: what is tested.
        register: the newest opt-outs.
        on_rows: told how many records were looked at since it was told last.
    """
    screener = basis.screener(register)
    label = basis.columns.label
    records = found = 0
    for path in shards:
        for batch in pq.ParquetFile(folder.root / path).iter_batches(BATCH):
            shipped = pc.equal(pc.struct_field(batch.column(label), "admission"), ADMITTED)
            admitted = shipped.to_numpy(zero_copy_only=False)
            records += int(np.count_nonzero(admitted))
            found += int(np.count_nonzero(admitted & ~screener.examine(batch).admitted))
            if on_rows:
                on_rows(batch.num_rows)
    return Absence(records, found)
