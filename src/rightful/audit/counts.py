"""Counting again: every number of a manifest from the ledger and the data themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.ledger.run_directory import count_sites
from rightful.ledger.situations import count
from rightful.screening.columns import column
from rightful.screening.figures import languages, text_octets
from rightful.screening.labels import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.ledger.manifest import DataFile
    from rightful.ledger.run_directory import RunDirectory

_BATCH = 65_536


def recount(run: RunDirectory) -> Iterator[str]:
    """Count everything again and say what differs."""
    yield from _situations(run)
    if not run.sites().equals(count_sites(run.ledger_batches(["site", "admission"]))):
        yield "rightful/sites.parquet does not count what the ledger has"
    read = sum(file.records for file in run.manifest.inputs)
    if read != run.manifest.counts.records:
        yield f"the inputs have {read:,} records, the manifest counts {run.manifest.counts.records:,}"
    for number, file in enumerate(run.manifest.data):
        yield from _shard(run, number, file)


def _situations(run: RunDirectory) -> Iterator[str]:
    counted: Counter[int] = Counter()
    table = run.situations()
    decisions = {row["situation"]: (row["admission"], row["reasons"], row["tier"]) for row in table.to_pylist()}
    for batch in run.ledger_batches(["situation", "admission", "reasons", "tier"]):
        for row in pa.Table.from_batches([batch]).group_by(["situation"]).aggregate([([], "count_all")]).to_pylist():
            counted[row["situation"]] += row["count_all"]
        yield from _misstated(batch, decisions)
    if counted != {row["situation"]: row["records"] for row in table.to_pylist()}:
        yield "rightful/situations.parquet does not count what the ledger has"
    if asdict(count(table)) != asdict(run.manifest.counts):
        yield "rightful/manifest.json does not count what rightful/situations.parquet has"


def _misstated(batch: pa.RecordBatch, decisions: dict[int, tuple[str, list[str], str | None]]) -> Iterator[str]:
    """Find ledger rows that state another decision than their situation got."""
    flat = batch.set_column(2, "reasons", _joined(batch.column("reasons")))
    distinct = pa.Table.from_batches([flat]).group_by(["situation", "admission", "reasons", "tier"]).aggregate([])
    for row in distinct.to_pylist():
        stated = (row["admission"], row["reasons"].split("\n"), row["tier"])
        if decisions.get(row["situation"]) != stated:
            yield f"the ledger states {stated[0]} for situation {row['situation']}, which was decided otherwise"


def _joined(reasons: pa.Array) -> pa.Array:
    return pc.binary_join(reasons, "\n")


def _shard(run: RunDirectory, number: int, file: DataFile) -> Iterator[str]:
    """Compare a data shard with its ledger part: the admitted records, those and no others, in order."""
    path = run.root / file.path
    label = run.manifest.columns["label"]
    id_column = run.manifest.columns.get("id")
    expected = _admitted(run.root / run.manifest.ledger[number], everything=run.manifest.mode == "label")
    rows = 0
    octets = 0
    spoken: Counter[str] = Counter()
    text, language = run.manifest.columns.get("text"), run.manifest.columns.get("language")
    wanted = [name.partition(".")[0] for name in (label, id_column, text, language) if name]
    for batch in pq.ParquetFile(path).iter_batches(_BATCH, columns=list(dict.fromkeys(wanted))):
        theirs = expected.slice(rows, batch.num_rows)
        rows += batch.num_rows
        rights = batch.column(label)
        same = _equal(pc.struct_field(rights, "situation"), theirs["situation"])
        if id_column is not None:
            same &= _equal(column(batch, id_column), theirs["id"])
        if not same:
            yield f"{file.path} holds other records, or other labels, than the ledger admitted"
            return
        if text is not None:
            octets += text_octets(batch, text)
        if language is not None:
            spoken.update(languages(batch, language))
    if rows != file.records or rows != expected.num_rows:
        yield f"{file.path} has {rows:,} records, the manifest says {file.records:,}, the ledger {expected.num_rows:,}"
    if file.text_octets is not None and octets != file.text_octets:
        yield f"{file.path} has {octets:,} octets of text, the manifest says {file.text_octets:,}"
    if dict(spoken) != file.languages:
        yield f"{file.path} has other languages than the manifest says"


def _admitted(part: Path, *, everything: bool) -> pa.Table:
    table = pq.read_table(part, columns=["id", "situation", "admission"])
    return table if everything else table.filter(pc.equal(table["admission"], "admit"))


def _equal(ours: pa.Array, theirs: pa.ChunkedArray) -> bool:
    """Compare as text, where ours has a value: a record without an id is called by its place in the ledger."""
    texts = as_text(ours)
    same = pc.equal(texts, theirs.combine_chunks().cast(pa.string()) if len(theirs) else texts)
    return bool(pc.all(pc.fill_null(same, True)).as_py() is not False) and len(texts) == len(theirs)  # noqa: FBT003
