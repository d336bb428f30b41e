"""Reading the data that ships as if it had just come in: same records, same labels, same figures as the run states."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.audit.holders_again import shares_again
from rightful.ledger.run_directory import EVIDENCE, OPTOUTS, SITUATIONS_FILE
from rightful.ledger.units import Units
from rightful.register.export import Register
from rightful.screening.columns import Columns, column
from rightful.screening.fact_columns import texts_of
from rightful.screening.figures import language_column, languages, text_lengths
from rightful.screening.labels import as_text
from rightful.screening.optout_columns import digests_of
from rightful.screening.screener import Screener
from rightful.screening.text_matches import read_sketch
from rightful.settlement.lengths import units_by_group
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.ledger.manifest import DataFile
    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy
    from rightful.register.matching import Sketch

_BATCH = 65_536
# What a ledger row states of its record's place in the inputs cannot be seen in the data; digests of text are compared
# by themselves, for a run's own opt-outs may no longer ask for them.
_NOT_IN_DATA = {"input", "row", "id", "text_sha256"}


def compare_data(run: RunDirectory, policy: Policy, *, every: int, export: Register | None = None) -> Iterator[str]:
    """Compare every data shard with its ledger part, and decide again every so-manieth record as it ships.

    Args:
        run: the run.
        policy: the policy in it.
        every: 1 decides all records again.
        export: the register that the run was screened with, where texts are to be compared anew.

    Yields:
        What differs, one sentence each, naming the file.
    """
    columns = Columns.of(run.manifest.columns)
    yield from _other_columns(run, policy)
    yield from shares_again(run, policy, columns)
    screener = screener_of(run, policy, export)
    situations = run.situations()
    readable = set(situations.filter(situations["text_readable"])["situation"].to_pylist())
    units: dict[int, Units] = {}
    for number, file in enumerate(run.manifest.data):
        part = _written(run.root / run.manifest.ledger[number], everything=run.manifest.mode == "label")
        shard = _Shard(run, file, columns, screener, readable)
        yield from shard.compare(part, every)
        for situation, more in shard.units.items():
            units[situation] = units.get(situation, Units()) + more
    if run.manifest.data and columns.text is not None:
        yield from _mismeasured(situations, units, everything=run.manifest.mode == "label")


def sketch_in(stated: pa.Table, screener: Screener) -> Sketch | None:
    """Give what the ledger holds of texts, where they cannot be compared anew: a run has no key of its works."""
    matcher = screener.lookup.matcher
    if matcher is None or matcher.reads_texts:
        return None
    return read_sketch(_whole(stated["shared_shingles"]), _whole(stated["text_shingles"]))


def screener_of(run: RunDirectory, policy: Policy, export: Register | None = None) -> Screener:
    """Give what decides records by the evidence that lies in a run; with the key of an export, by texts as well."""
    evidence = Snapshot.open(run.root / EVIDENCE, run.manifest.evidence)
    register = Register.open(run.root / OPTOUTS) if run.manifest.register is not None else None
    if register is not None and export is not None:
        register = register.with_key_of(export)
    measured = run.manifest.holders or {"specific": []}
    specific = frozenset(row["holder"] for row in measured["specific"])
    return Screener(policy, evidence, register, Columns.of(run.manifest.columns), specific_holders=specific)


def _mismeasured(situations: pa.Table, units: dict[int, Units], *, everything: bool) -> Iterator[str]:
    """Compare the text of written records with what the situations state of it; of others the run has no text."""
    for row in situations.select(["situation", "admission", "characters", "octets"]).to_pylist():
        if everything or row["admission"] == "admit":
            found = units.get(row["situation"], Units())
            if (row["characters"], row["octets"]) != (found.characters, found.octets):
                yield f"{SITUATIONS_FILE}: situation {row['situation']} has other characters or octets of text"


def _other_columns(run: RunDirectory, policy: Policy) -> Iterator[str]:
    """Find out which column is what anew: a column that is left out of the manifest is read by nobody."""
    for file in run.manifest.data[:1]:
        schema = pq.read_schema(run.root / file.path).remove_metadata()
        at = schema.get_field_index(run.manifest.columns.get("label", ""))
        found = Columns.resolve(schema if at < 0 else schema.remove(at), policy, file=file.path).used()
        stated = {role: name for role, name in run.manifest.columns.items() if role != "label"}
        for role in sorted(set(found) | set(stated)):
            if found.get(role) != stated.get(role):
                yield f"the {role} of a record is column {found.get(role)!r}, the manifest says {stated.get(role)!r}"


def _written(part: Path, *, everything: bool) -> pa.Table:
    table = pq.read_table(part)
    return table if everything else table.filter(pc.equal(table["admission"], "admit"))


class _Shard:
    def __init__(
        self, run: RunDirectory, file: DataFile, columns: Columns, screener: Screener, readable: set[int]
    ) -> None:
        self._path = run.root / file.path
        self._manifest = run.manifest
        self._file = file
        self._columns = columns
        self._screener = screener
        self._readable = readable
        self.units: dict[int, Units] = {}

    def compare(self, part: pa.Table, every: int) -> Iterator[str]:
        file = self._file
        rows = 0
        spoken: Counter[str] = Counter()
        if self._path.stat().st_size != file.octets:
            yield f"{file.path} has {self._path.stat().st_size:,} octets, the manifest says {file.octets:,}"
        yield from self._stamp(pq.read_schema(self._path).metadata or {})
        yield from self._span(part)
        for batch in pq.ParquetFile(self._path).iter_batches(_BATCH):
            stated = part.slice(rows, batch.num_rows).combine_chunks()
            rows += batch.num_rows
            if not self._same_records(batch, stated):
                yield f"{file.path} holds other records, or other labels, than the ledger admitted"
                return
            picked = pa.array(np.arange(0, batch.num_rows, every))
            yield from self._decided_otherwise(batch.take(picked), stated.take(picked))
            if self._columns.text is not None:
                self._measure(batch, self._columns.text)
            if self._columns.language is not None:
                spoken.update(languages(language_column(batch, self._columns.language)))
        if rows != file.records or rows != part.num_rows:
            yield f"{file.path} has {rows:,} records, the manifest says {file.records:,}, the ledger {part.num_rows:,}"
        octets = sum(units.octets for units in self.units.values())
        if (octets if self._columns.text is not None else None) != file.text_octets:
            yield f"{file.path} has {octets:,} octets of text, the manifest says otherwise"
        if dict(spoken) != file.languages:
            yield f"{file.path} has other languages than the manifest says"

    def _measure(self, batch: pa.RecordBatch, text: str) -> None:
        """Add up characters and octets of text by situation; what is unreadable has none."""
        labels = pc.struct_field(batch.column(self._columns.label), "situation").to_numpy(zero_copy_only=False)
        numbers, groups = np.unique(labels, return_inverse=True)
        found = units_by_group(groups, text_lengths(batch, text), len(numbers))
        for number, more in zip(numbers.tolist(), found, strict=True):
            if number in self._readable:
                self.units[number] = self.units.get(number, Units()) + more

    def _stamp(self, metadata: dict[bytes, bytes]) -> Iterator[str]:
        manifest = self._manifest
        expected = {
            "policy": manifest.policy["id"],
            "snapshot": manifest.snapshot["id"],
            "register": self._file.register or (manifest.register["id"] if manifest.register else "none"),
        }
        for name, value in expected.items():
            if metadata.get(f"rightful.{name}".encode()) != value.encode():
                yield f"{self._file.path} says that it was decided under another {name}"

    def _span(self, part: pa.Table) -> Iterator[str]:
        times = pc.min_max(part["fetched_at"]).as_py()
        found = None if times["min"] is None else (times["min"].isoformat(), times["max"].isoformat())
        if found != self._file.fetched:
            yield f"{self._file.path} was fetched at other times than the manifest says"

    def _same_records(self, batch: pa.RecordBatch, stated: pa.Table) -> bool:
        """Compare by situation and id; a record without an id is called by its place in the ledger."""
        if stated.num_rows != batch.num_rows:
            return False
        situations = pc.struct_field(batch.column(self._columns.label), "situation")
        if not situations.equals(_whole(stated["situation"])):
            return False
        if self._columns.id is None:
            return True
        places = pc.binary_join_element_wise(
            _whole(stated["input"]).cast(pa.string()), _whole(stated["row"]).cast(pa.string()), "#"
        )
        ids = pc.coalesce(as_text(column(batch, self._columns.id)), places)
        return bool(ids.equals(_whole(stated["id"]).cast(pa.string())))

    def _decided_otherwise(self, batch: pa.RecordBatch, stated: pa.Table) -> Iterator[str]:
        """Observe and decide records as they ship; name the facts of the ledger and the labels that differ."""
        if not batch.num_rows:
            return
        examined = self._screener.examine(batch, sketch_in(stated, self._screener))
        ledger = examined.ledger()
        for name in ledger.schema.names:
            if name in _NOT_IN_DATA:
                continue
            ours = ledger.column(name)
            yield from self._differing(name, ours, _whole(stated[name]).cast(ours.type), stated)
        label = self._columns.label
        yield from self._differing(label, examined.label().column(label), batch.column(label), stated)
        if self._columns.text is not None and stated["text_sha256"].null_count < stated.num_rows:
            digests = pa.array(digests_of(texts_of(batch, self._columns.text)[0].to_pylist()), pa.string())
            yield from self._differing("text_sha256", digests, _whole(stated["text_sha256"]), stated)

    def _differing(self, name: str, ours: pa.Array, theirs: pa.Array, stated: pa.Table) -> Iterator[str]:
        if ours.equals(theirs):
            return
        pairs = zip(ours.to_pylist(), theirs.to_pylist(), strict=True)
        rows = [row for row, (our, their) in enumerate(pairs) if our != their]
        if rows:
            first = stated["id"][rows[0]].as_py()
            yield f"{self._file.path}: {name} of {len(rows):,} records is otherwise by the evidence, first of {first}"


def _whole(values: pa.ChunkedArray) -> pa.Array:
    combined = values.combine_chunks()
    return combined.combine_chunks() if isinstance(combined, pa.ChunkedArray) else combined
