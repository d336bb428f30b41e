"""Making the file of attributions again, from the records that ship, the ledger and the situations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.ledger.run_directory import ATTRIBUTIONS
from rightful.settlement.attributions import ATTRIBUTIONS_SCHEMA, attribution_rows, columns_that_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.ledger.run_directory import RunDirectory

_BATCH = 65_536
_OF_LEDGER = ["id", "url", "situation", "admission"]


def compare_attributions(run: RunDirectory) -> tuple[list[str], str]:
    """Make every row again and compare; give what differs, and how many rows there are.

    A record of the data and its row of the ledger are at the same place among the written ones; that they belong
    together is another step's to see (`data_again`).
    """
    file = pq.ParquetFile(run.root / ATTRIBUTIONS)
    rows = 0
    if not file.schema_arrow.equals(ATTRIBUTIONS_SCHEMA):
        return [f"{ATTRIBUTIONS} has other columns than a run writes"], ""
    stated = _Reader(file)
    for batch in _made_again(run):
        rows += batch.num_rows
        if not stated.next(batch.num_rows).equals(pa.Table.from_batches([batch])):
            return [f"{ATTRIBUTIONS} names other records, authors or licences than the records and the ledger have"], ""
    if rows != file.metadata.num_rows:
        return [f"{ATTRIBUTIONS} has {file.metadata.num_rows:,} rows, and {rows:,} records are to be attributed"], ""
    return [], f"{rows:,} rows made again"


def _made_again(run: RunDirectory) -> Iterator[pa.RecordBatch]:
    situations = {row["situation"]: row for row in run.situations().to_pylist()}
    everything = run.manifest.mode == "label"
    for path, part in zip(run.data_files(), run.manifest.ledger, strict=True):
        ledger = pq.read_table(run.root / part, columns=_OF_LEDGER)
        if not everything:
            ledger = ledger.filter(pc.equal(ledger["admission"], "admit"))
        data = pq.ParquetFile(path)
        named = columns_that_name(data.schema_arrow)
        columns = list(dict.fromkeys((*named.values(), run.manifest.columns["label"])))
        row = 0
        for batch in data.iter_batches(_BATCH, columns=columns):
            decided = ledger.slice(row, batch.num_rows).combine_chunks()
            row += batch.num_rows
            if decided.num_rows:
                yield attribution_rows(decided.to_batches()[0], batch, situations, named)


class _Reader:
    """Reads so many rows at a time, wherever its row groups end."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._batches = file.iter_batches(_BATCH)
        self._waiting = pa.Table.from_batches([], ATTRIBUTIONS_SCHEMA)

    def next(self, rows: int) -> pa.Table:
        """Give the next rows, fewer where there are no more."""
        while self._waiting.num_rows < rows:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._waiting = pa.concat_tables([self._waiting, pa.Table.from_batches([batch])])
        taken = self._waiting.slice(0, rows)
        self._waiting = self._waiting.slice(rows)
        return taken
