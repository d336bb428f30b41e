"""One ledger part of a new version, with its shard of data: written only where something in it changed."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.ledger.situations import decision_facts
from rightful.runner.shard import LEDGER_PART, ROW_GROUP, WRITER
from rightful.runner.written import Written
from rightful.settlement.attributions import ATTRIBUTIONS_SCHEMA, attribution_rows, columns_that_name
from rightful.settlement.lengths import units_by_group
from rightful.withdrawal.by_request import ByRequest
from rightful.withdrawal.redecided import ADMITTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rightful.snapshot.store import Snapshot
    from rightful.withdrawal.basis import Basis
    from rightful.withdrawal.found import Found
    from rightful.withdrawal.redecided import Redecided, Redecider

DATA, LEDGER, ATTRIBUTIONS = "data.parquet", "ledger.parquet", "attributions.parquet"
FIGURES = "figures.json"


@dataclass
class PartFigures:
    """What changed in a part; JSON values, so that a finished part can be counted again after a restart.

    Attributes:
        changed: ledger rows that are decided otherwise.
        removed: records that are no longer admitted.
        relabelled: records that are as admitted as before, with another label.
        moved: by situation, how many records, characters and octets it has more than before, or fewer.
        situations: facts and decision of those that were not the run's before; by id.
        requests: records that each request took out, by its reference; two requests may have taken out the same one.
            Where all records stay in the data, labelled, none took any out.
        written: the records that the shard holds now.
    """

    changed: int = 0
    removed: int = 0
    relabelled: int = 0
    moved: dict[str, list[int]] = field(default_factory=dict)
    situations: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    written: Written = field(default_factory=Written)

    @property
    def touches_data(self) -> bool:
        """Whether the shard of data is another than before."""
        return bool(self.removed or self.relabelled)

    def to_json(self) -> str:
        """Write them, keys sorted."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({**values, "written": self.written.facts}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read them back."""
        value = json.loads(text)
        return cls(**{**value, "requests": Counter(value["requests"]), "written": Written.from_facts(value["written"])})


class Pieces:
    """Makes the parts of a new version.

    Args:
        basis: the run.
        found: what the register names in it.
        redecider: decides again.
        register: id of the register.
        nothing: a snapshot without captures.
    """

    def __init__(self, basis: Basis, found: Found, redecider: Redecider, register: str, nothing: Snapshot) -> None:
        self._basis = basis
        self._redecider = redecider
        self._register = register
        self._by_request = ByRequest(found.hits, basis.register_alone(found.hits, nothing))

    def make(self, number: int, work: Path, on_rows: Callable[[int], None] | None = None) -> PartFigures:
        """Make one part, or take what an earlier try made; whole or not at all.

        Only what is another than before is there: a ledger part, a shard of data with its attributions.
        """
        done = part_folder(work, number)
        if not done.exists():
            scratch = done.with_name(f".{done.name}.{os.getpid()}")
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            figures = self._write(number, scratch, on_rows)
            unneeded = [] if figures.changed else [LEDGER]
            unneeded += [] if figures.touches_data else [DATA]
            for name in unneeded:
                (scratch / name).unlink(missing_ok=True)
            (scratch / FIGURES).write_text(figures.to_json(), encoding="utf-8")
            scratch.replace(done)
        return PartFigures.from_json((done / FIGURES).read_text(encoding="utf-8"))

    def count(self, number: int, on_rows: Callable[[int], None] | None = None) -> PartFigures:
        """Count what making a part would change; nothing is written."""
        figures = self._figures()
        for redecided in self._redecider.part(number):
            self._count(figures, redecided)
            if on_rows:
                on_rows(redecided.before.num_rows)
        return figures

    def _figures(self) -> PartFigures:
        measured = self._basis.has_data and self._basis.columns.text is not None
        return PartFigures(written=Written(text_octets=0 if measured else None))

    def _write(self, number: int, folder: Path, on_rows: Callable[[int], None] | None) -> PartFigures:
        basis, figures = self._basis, self._figures()
        with ExitStack() as open_files:
            ledger = open_files.enter_context(pq.ParquetWriter(folder / LEDGER, LEDGER_PART, **WRITER))
            data = attributions = None
            if basis.has_data:
                schema = self._schema(basis.run.root / basis.run.manifest.data[number].path)
                data = open_files.enter_context(pq.ParquetWriter(folder / DATA, schema, **WRITER))
                attributions = open_files.enter_context(
                    pq.ParquetWriter(folder / ATTRIBUTIONS, ATTRIBUTIONS_SCHEMA, **WRITER)
                )
            for redecided in self._redecider.part(number):
                self._count(figures, redecided)
                ledger.write_batch(redecided.after, row_group_size=ROW_GROUP)
                if data is not None:
                    self._write_records(redecided, data, attributions)
                if on_rows:
                    on_rows(redecided.before.num_rows)
        return figures

    def _schema(self, shard: Path) -> pa.Schema:
        """The schema of a shard, saying under which register it is decided now."""
        schema = pq.read_schema(shard)
        return schema.with_metadata({**schema.metadata, b"rightful.register": self._register.encode()})

    def _write_records(self, redecided: Redecided, data: pq.ParquetWriter, attributions: pq.ParquetWriter) -> None:
        situations = {
            number: {**situation.facts, **decision_facts(decision)}
            for number, (situation, decision) in self._redecider.decided.items()
        }
        everything = self._basis.run.manifest.mode == "label"
        for piece in redecided.pieces:
            records = piece.examined.label() if everything else piece.examined.screen()
            rows = pa.array(piece.at if everything else piece.at[piece.examined.admitted])
            data.write_batch(pa.RecordBatch.from_arrays(records.columns, schema=data.schema), row_group_size=ROW_GROUP)
            named = columns_that_name(records.schema)
            attributed = attribution_rows(redecided.after.take(rows), records, situations, named)
            if attributed.num_rows:
                attributions.write_batch(attributed, row_group_size=ROW_GROUP)

    def _count(self, figures: PartFigures, redecided: Redecided) -> None:
        changed = redecided.changed
        figures.changed += int(np.count_nonzero(changed))
        rows = pa.array(changed)
        for sign, side in ((-1, redecided.before.filter(rows)), (1, redecided.after.filter(rows))):
            self._move(figures, side, sign)
        for piece in redecided.pieces:
            removed = np.flatnonzero(piece.removed)
            figures.removed += len(removed)
            if len(removed) and self._basis.run.manifest.mode == "screen":
                locations = piece.examined.observation.locations
                figures.requests.update(self._by_request.count(locations, removed))
            figures.relabelled += int(np.count_nonzero(piece.changed & ~piece.removed))
        if not self._basis.has_data:
            lost = pc.and_not(_admitted(redecided.before), _admitted(redecided.after))
            figures.removed += pc.sum(lost).as_py() or 0
        after = redecided.after
        figures.written.add(after if self._basis.run.manifest.mode == "label" else after.filter(_admitted(after)))

    def _move(self, figures: PartFigures, rows: pa.RecordBatch, sign: int) -> None:
        numbers, groups, counts = np.unique(
            rows.column("situation").to_numpy(), return_inverse=True, return_counts=True
        )
        lengths = tuple(rows.column(name).fill_null(0).to_numpy() for name in ("characters", "octets"))
        units = units_by_group(groups, (lengths[0], lengths[1]), len(numbers))
        for number, count, more in zip(numbers.tolist(), counts.tolist(), units, strict=True):
            total = figures.moved.setdefault(str(number), [0, 0, 0])
            for at, by in enumerate((count, more.characters, more.octets)):
                total[at] += sign * by
            if number not in self._basis.situations:
                situation, decision = self._redecider.decided[number]
                figures.situations[str(number)] = {**situation.facts, **decision_facts(decision)}


def part_folder(work: Path, number: int) -> Path:
    """Where a finished part waits until the version is put together."""
    return work / f"{number:06}"


def _admitted(rows: pa.RecordBatch) -> pa.Array:
    return pc.equal(rows.column("admission"), ADMITTED)
