"""One shard: its records screened, its ledger part and its figures written, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.errors import InputError
from rightful.files import digest_of
from rightful.ledger.situations import decision_facts
from rightful.ledger.units import Units
from rightful.runner.plan import stamp_of
from rightful.runner.reading import read_batches
from rightful.runner.written import Written
from rightful.screening.labels import LEDGER, RIGHTS
from rightful.settlement.attributions import ATTRIBUTIONS_SCHEMA, attribution_rows, columns_that_name
from rightful.settlement.lengths import units_by_group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rightful.runner.plan import Plan, Unit
    from rightful.screening.screener import Examined, Screener

ROW_GROUP = 65_536
LEDGER_PART = pa.schema([("input", pa.string()), ("row", pa.int64()), *LEDGER])
WRITER = {"compression": "zstd", "compression_level": 1}
_FEATURES = b"huggingface"
_KEPT_UNKNOWN = 1_000  # distinct values outside a closed list; the rest is counted together
_NAME_LENGTH = 60


@dataclass
class Figures:
    """What a shard adds up to; JSON values, so that a finished shard can be counted again after a restart."""

    situations: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)
    units: dict[str, Units] | None = None
    captures: set[int] = field(default_factory=set)
    optouts: set[int] = field(default_factory=set)
    written: Written = field(default_factory=Written)
    input_sha256: str | None = None
    unknown: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> str:
        """Write them, keys sorted."""
        return json.dumps(
            {
                "situations": self.situations,
                "records": self.records,
                "units": self.units and {name: [u.characters, u.octets] for name, u in self.units.items()},
                "captures": sorted(self.captures),
                "optouts": sorted(self.optouts),
                "written": self.written.facts,
                "input_sha256": self.input_sha256,
                "unknown": self.unknown,
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> Figures:
        """Read them back."""
        value = json.loads(text)
        return cls(
            situations=value["situations"],
            records=Counter(value["records"]),
            units=value["units"] and {name: Units(*numbers) for name, numbers in value["units"].items()},
            captures=set(value["captures"]),
            optouts=set(value["optouts"]),
            written=Written.from_facts(value["written"]),
            input_sha256=value["input_sha256"],
            unknown=Counter(value["unknown"]),
        )


def unit_folder(work: Path, unit: Unit) -> Path:
    """Where a finished shard waits until the run is put together; there only once it is whole."""
    return work / f"{unit.number:06}"


def screen_unit(
    plan: Plan, unit: Unit, screener: Screener, work: Path, on_rows: Callable[[int], None] | None = None
) -> None:
    """Make one shard. A shard that is there is left as it is; a half-made one is made again."""
    done = unit_folder(work, unit)
    if done.exists():
        if on_rows:
            on_rows(unit.rows)
        return
    scratch = done.with_name(f".{done.name}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        figures = _write(plan, unit, screener, scratch, on_rows)
        if unit.first_row == 0:
            figures.input_sha256 = digest_of(unit.records.path)
        _refuse_changed(unit)
        (scratch / "figures.json").write_text(figures.to_json(), encoding="utf-8")
        _put(scratch, done)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _refuse_changed(unit: Unit) -> None:
    """Refuse a shard of a file that is no longer the one the plan was made for: two versions must not be mixed."""
    if stamp_of(unit.records.path) != unit.stamp:
        raise InputError(
            f"{unit.records.path} was changed while the run was made",
            hint="run the same command again when nothing writes to it: it begins anew",
            file=str(unit.records.path),
        )


def _put(scratch: Path, done: Path) -> None:
    """Move a finished shard into place; one that a worker of an earlier try has put there meanwhile is the same."""
    try:
        scratch.replace(done)
    except OSError:
        if not done.exists():
            raise
        shutil.rmtree(scratch, ignore_errors=True)


def _write(plan: Plan, unit: Unit, screener: Screener, folder: Path, on_rows: Callable[[int], None] | None) -> Figures:
    measured = plan.columns.text is not None
    figures = Figures(
        units={} if measured else None, written=Written(text_octets=0 if measured and plan.mode != "ledger" else None)
    )
    wanted = plan.columns.top_level(plan.columns.used(), plan.schema) if plan.mode == "ledger" else None
    named = columns_that_name(plan.schema)
    with ExitStack() as open_files:
        data = None
        if plan.mode != "ledger":
            data = open_files.enter_context(
                pq.ParquetWriter(folder / "data.parquet", _data_schema(plan, screener), **WRITER)
            )
            attributions = open_files.enter_context(
                pq.ParquetWriter(folder / "attributions.parquet", ATTRIBUTIONS_SCHEMA, **WRITER)
            )
        ledger = open_files.enter_context(pq.ParquetWriter(folder / "ledger.parquet", LEDGER_PART, **WRITER))
        row = unit.first_row
        for batch in read_batches(unit.records, plan.schema, groups=unit.groups, columns=wanted):
            examined = screener.examine(batch)
            _count(figures, examined)
            decided = _located(examined.ledger(), unit.name, row)
            _measure_text(figures, examined, decided)
            ledger.write_batch(decided, row_group_size=ROW_GROUP)
            if data is not None:
                kept = examined.screen() if plan.mode == "screen" else examined.label()
                figures.written.add(decided if plan.mode == "label" else decided.filter(pa.array(examined.admitted)))
                data.write_batch(kept, row_group_size=ROW_GROUP)
                attributed = attribution_rows(decided, batch, _situations(figures, examined), named)
                if attributed.num_rows:
                    attributions.write_batch(attributed, row_group_size=ROW_GROUP)
            row += batch.num_rows
            if on_rows:
                on_rows(batch.num_rows)
    return figures


def _located(rows: pa.RecordBatch, name: str, first: int) -> pa.RecordBatch:
    """Say where each ledger row's record is; a record without an id is called by its place."""
    places = pa.array(np.arange(first, first + rows.num_rows), pa.int64())
    names = pa.array([name], pa.string()).take(pa.array(np.zeros(rows.num_rows, np.int32)))
    by_place = pc.binary_join_element_wise(names, places.cast(pa.string()), "#")
    ids = pc.coalesce(rows.column("id"), by_place)
    columns = [names, places, ids, *rows.columns[1:]]
    return pa.RecordBatch.from_arrays(columns, schema=LEDGER_PART)


def _count(figures: Figures, examined: Examined) -> None:
    observation = examined.observation
    counts = np.bincount(observation.situation, minlength=len(observation.situations))
    for situation, (decision, number), records in zip(
        observation.situations, examined.decided, counts.tolist(), strict=True
    ):
        figures.records[str(number)] += records
        figures.situations.setdefault(str(number), {**situation.facts, **decision_facts(decision)})
    for (fact, value), records in observation.unknown.items():
        shown = f"{fact}={_shown(value)}"
        room = len(figures.unknown) < _KEPT_UNKNOWN or shown in figures.unknown
        figures.unknown[shown if room else f"{fact}=(other values)"] += records
    figures.captures |= observation.signals.captures
    figures.optouts |= observation.signals.entries


def _shown(value: str) -> str:
    """Show a value that may be a name; anything longer may be a text, and is only measured."""
    plain = " ".join(value.split())
    return plain if len(plain) <= _NAME_LENGTH and plain.isprintable() else f"({len(value):,} characters)"


def _situations(figures: Figures, examined: Examined) -> dict[int, dict[str, Any]]:
    return {number: figures.situations[str(number)] for _, number in examined.decided}


def _measure_text(figures: Figures, examined: Examined, ledger: pa.RecordBatch) -> None:
    """Add up the text of every record by situation."""
    if figures.units is None:
        return
    lengths = (ledger.column("characters").to_numpy(), ledger.column("octets").to_numpy())
    of_each = units_by_group(examined.observation.situation, lengths, len(examined.decided))
    for (_, number), units in zip(examined.decided, of_each, strict=True):
        figures.units[str(number)] = figures.units.get(str(number), Units()) + units


def _data_schema(plan: Plan, screener: Screener) -> pa.Schema:
    """The schema data is written with: the input's, the label column, and what it was decided with."""
    at = plan.schema.get_field_index(plan.columns.label)
    label = pa.field(plan.columns.label, RIGHTS)
    schema = plan.schema.append(label) if at < 0 else plan.schema.set(at, label)
    metadata = dict(plan.schema.metadata or {})
    if _FEATURES in metadata:
        metadata[_FEATURES] = _with_label_feature(metadata[_FEATURES], plan.columns.label)
    metadata |= {
        b"rightful.policy": screener.policy.id.encode(),
        b"rightful.snapshot": screener.snapshot.digest.encode(),
        b"rightful.register": screener.register.digest.encode() if screener.register is not None else b"none",
    }
    return schema.with_metadata(metadata)


def _with_label_feature(stored: bytes, label: str) -> bytes:
    """Add the label to the features `datasets` keeps in a file; it refuses a file whose columns differ from them."""
    value = json.loads(stored)
    features = value.get("info", {}).get("features")
    if features is None:
        return stored
    text = {"dtype": "string", "_type": "Value"}
    features[label] = {
        field.name: [text]
        if pa.types.is_list(field.type)
        else {"dtype": "int64" if field.name == "situation" else "string", "_type": "Value"}
        for field in RIGHTS
    }
    return json.dumps(value).encode()
