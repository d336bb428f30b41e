"""Counting again: every number of a manifest from the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.ledger.manifest import MOST_UNKNOWN_VALUES
from rightful.ledger.run_directory import ACCRUALS, SITUATIONS_FILE, count_sites
from rightful.ledger.situations import count
from rightful.ledger.units import Units
from rightful.screening.figures import languages
from rightful.settlement.accruals import accrual_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy


def recount(run: RunDirectory, policy: Policy) -> Iterator[str]:
    """Count everything again and say what differs; what accrues follows from the situations and the policy."""
    yield from _situations(run)
    yield from _tokens(run.situations())
    yield from _languages(run)
    if not run.accruals().equals(accrual_table(run.situations(), policy)):
        yield f"{ACCRUALS} does not state what the situations accrue under the policy"
    if not run.sites().equals(count_sites(run.ledger_batches(["site", "admission"]))):
        yield "rightful/sites.parquet does not count what the ledger has"
    read = sum(file.records for file in run.manifest.inputs)
    if read != run.manifest.counts.records:
        yield f"the inputs have {read:,} records, the manifest counts {run.manifest.counts.records:,}"
    yield from _unknown_values(run)
    yield from _places(run)


_COUNTED: list[tuple[str | list[str], str]] = [([], "count_all"), ("characters", "sum"), ("octets", "sum")]


def _situations(run: RunDirectory) -> Iterator[str]:
    counted: dict[int, tuple[int, int, int]] = {}
    table = run.situations()
    decisions = {row["situation"]: (row["admission"], row["reasons"], row["tier"]) for row in table.to_pylist()}
    for batch in run.ledger_batches(["situation", "admission", "reasons", "tier", "characters", "octets"]):
        for row in pa.Table.from_batches([batch]).group_by(["situation"]).aggregate(_COUNTED).to_pylist():
            found = row["count_all"], row["characters_sum"] or 0, row["octets_sum"] or 0
            before = counted.get(row["situation"], (0, 0, 0))
            counted[row["situation"]] = before[0] + found[0], before[1] + found[1], before[2] + found[2]
        yield from _misstated(batch, decisions)
    stated = table.select(["situation", "records", "characters", "octets"]).to_pylist()
    if {number: records for number, (records, *_) in counted.items()} != {r["situation"]: r["records"] for r in stated}:
        yield "rightful/situations.parquet does not count what the ledger has"
    known = "text" in run.manifest.columns
    for row in stated:
        measured = counted.get(row["situation"], (0, 0, 0))[1:] if known else (None, None)
        if (row["characters"], row["octets"]) != measured:
            yield f"{SITUATIONS_FILE}: situation {row['situation']} has other characters or octets than in the ledger"
    if asdict(count(table)) != asdict(run.manifest.counts):
        yield "rightful/manifest.json does not count what rightful/situations.parquet has"


def _languages(run: RunDirectory) -> Iterator[str]:
    """Count the languages of the written records by the ledger."""
    for file, part in zip(run.manifest.data, run.manifest.ledger, strict=False):
        spoken: Counter[str] = Counter()
        for batch in pq.ParquetFile(run.root / part).iter_batches(columns=["language", "admission"]):
            written = batch if run.manifest.mode == "label" else batch.filter(pc.equal(batch["admission"], "admit"))
            spoken.update(languages(written.column("language")))
        if dict(spoken) != file.languages:
            yield f"{file.path} has other languages by the ledger than the manifest says"


def _tokens(situations: pa.Table) -> Iterator[str]:
    """Estimate tokens again, from characters and octets."""
    for row in situations.select(["situation", "characters", "octets", "tokens"]).to_pylist():
        known = row["characters"] is not None
        if row["tokens"] != (Units(row["characters"], row["octets"]).tokens if known else None):
            yield f"{SITUATIONS_FILE}: the tokens of situation {row['situation']} do not follow from its characters"


def _places(run: RunDirectory) -> Iterator[str]:
    """Follow the ledger through the inputs: every row of every input once, in order."""
    expected = ((file.name, row) for file in run.manifest.inputs for row in range(file.records))
    named = "id" in run.manifest.columns
    for batch in run.ledger_batches(["input", "row", "id"]):
        columns = (batch.column(name).to_pylist() for name in ("input", "row", "id"))
        for name, row, identifier in zip(*columns, strict=True):
            if next(expected, None) != (name, row) or (not named and identifier != f"{name}#{row}"):
                yield f"the ledger does not follow the inputs: {name}, row {row}, is not the next of them"
                return
    if next(expected, None) is not None:
        yield "the ledger ends before the inputs do"


def _unknown_values(run: RunDirectory) -> Iterator[str]:
    """Compare the values that are told with how many records have one; the values themselves are in no ledger."""
    told: Counter[str] = Counter()
    for value, records in run.manifest.unknown_values.items():
        told[value.partition("=")[0]] += records
    held: Counter[str] = Counter()
    for row in run.situations().to_pylist():
        held.update(dict.fromkeys(row["unknown_values"], row["records"]))
        if not row["source_known"]:
            held["source"] += row["records"]
    whole = len(run.manifest.unknown_values) < MOST_UNKNOWN_VALUES
    if told != held if whole else told - held:
        yield "rightful/manifest.json tells of other unknown values than rightful/situations.parquet"


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
