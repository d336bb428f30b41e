"""The plan of a run: which part of which input becomes which shard. The same plan gives the same run."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from rightful.errors import InputError
from rightful.facts.moment import parse_time
from rightful.runner.holder_shares import measure_holders
from rightful.runner.reading import Records, find_inputs, open_records
from rightful.screening.screener import RULESET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.runner.holder_shares import HolderShares
    from rightful.screening.columns import Columns
    from rightful.screening.screener import Screener

Mode = Literal["screen", "label", "ledger"]
MODES: tuple[Mode, ...] = ("screen", "label", "ledger")

# Row groups of an input are put together into shards of about this many records.
SHARD_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Unit:
    """One shard to be made: row groups (None: all) of one input, beginning at record `first_row` of it.

    `stamp` tells whether the input is still the file the plan was made for (`stamp_of`).
    """

    number: int
    records: Records
    name: str
    groups: tuple[int, ...] | None
    first_row: int
    rows: int
    stamp: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        rules: everything but the inputs that the result depends on.
        stamp: digest over rules and the inputs' names, sizes and times of change, for going on with a try.
        holders: how much of the text each rightsholder has; None where it is not measured.
        schema: of the inputs, equal in all of them.
        columns: column of each role.
    """

    mode: Mode
    units: tuple[Unit, ...]
    inputs: tuple[tuple[str, Records], ...]
    schema: pa.Schema
    columns: Columns
    rules: dict[str, Any]
    stamp: str
    holders: HolderShares | None = None

    @property
    def rows(self) -> int:
        """Records in all inputs."""
        return sum(unit.rows for unit in self.units)

    def digest(self, inputs: dict[str, str]) -> str:
        """Give the digest of the plan over rules and inputs (name -> SHA-256): the same on every machine."""
        return _digest({**self.rules, "inputs": sorted(inputs.items())})


def make_plan(
    inputs: str | Path | Sequence[str | Path], screener: Screener, mode: Mode, reference_time: str | None
) -> Plan:
    """Look at every input and lay out the shards.

    Raises:
        InputError: an input cannot be read, or two of them have different schemas.
        MissingColumnError: the inputs lack a column the policy needs.
    """
    try:
        parse_time(reference_time)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{reference_time!r} is no time", hint="ISO 8601: 2026-01-31T08:00:00Z", reference_time=reference_time
        ) from error
    files = find_inputs(inputs)
    opened = [open_records(file) for file in files]
    schema = _shared_schema(opened)
    names = _names(files)
    columns = screener.columns_of(schema, file=str(files[0]))
    holders = measure_holders(opened, schema, columns, screener.policy.tiers.holder_share_limit)
    if mode == "ledger" and not screener.needs_text:
        columns = replace(columns, text=None, language=None)  # decisions come from the other columns alone
    units: list[Unit] = []
    for name, records in zip(names, opened, strict=True):
        units += _units(name, records, len(units))
    rules = {"mode": mode, "reference_time": reference_time, **_rules(screener, columns)}
    stamp = _digest({**rules, "inputs": _stamps(names, files)})
    return Plan(mode, tuple(units), tuple(zip(names, opened, strict=True)), schema, columns, rules, stamp, holders)


def _shared_schema(opened: list[Records]) -> pa.Schema:
    """Take the schema all inputs share. Files without any field (empty JSON lines) fit every schema."""
    told = [records for records in opened if len(records.schema)]
    if not told:
        more = f" and {len(opened) - 1} more inputs" if len(opened) > 1 else ""
        raise InputError(f"{opened[0].path}{more}: no records at all")
    if all(records.is_json for records in told):
        try:
            # Lines of JSON have no schema of their own: a field that is null here and text there is text.
            return pa.unify_schemas([records.schema for records in told], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            pass  # told field by field, below
    first = told[0]
    for other in told[1:]:
        if other.schema.names == first.schema.names and other.schema.types == first.schema.types:
            continue
        differing = [
            f"{name}: {_type(first.schema, name)} there, {_type(other.schema, name)} here"
            for name in dict.fromkeys([*first.schema.names, *other.schema.names])
            if _type(first.schema, name) != _type(other.schema, name)
        ] or ["the order of the columns"]
        raise InputError(
            f"{other.path} has another schema than {first.path}: {'; '.join(differing)}",
            hint="bring the files to one schema, or run them as two inputs into two directories",
            file=str(other.path),
        )
    if all(other.schema.equals(first.schema) for other in told):
        return first.schema
    return pa.schema([field.with_nullable(True) for field in first.schema], first.schema.metadata)  # noqa: FBT003


def _type(schema: pa.Schema, name: str) -> str:
    at = schema.get_field_index(name)
    return str(schema.field(at).type) if at >= 0 else "no such column"


def _names(files: list[Path]) -> list[str]:
    """Name inputs relative to their common folder: a manifest must not tell where somebody's files lie."""
    # Not resolved: a link into a cache is called by the name of the link.
    absolute = [Path(os.path.abspath(file)) for file in files]  # noqa: PTH100 - which resolves no links
    folder = os.path.commonpath([file.parent for file in absolute])
    return [file.relative_to(folder).as_posix() for file in absolute]


def _units(name: str, records: Records, start: int) -> list[Unit]:
    stamp = stamp_of(records.path)
    if len(records.groups) < 2:  # noqa: PLR2004 - nothing to cut
        return [Unit(start, records, name, None, 0, records.rows, stamp)]
    units: list[Unit] = []
    members: list[int] = []
    rows = first = 0
    for group, size in enumerate(records.groups):
        if members and rows + size > SHARD_ROWS:
            units.append(Unit(start + len(units), records, name, tuple(members), first, rows, stamp))
            first, rows, members = first + rows, 0, []
        members.append(group)
        rows += size
    units.append(Unit(start + len(units), records, name, tuple(members), first, rows, stamp))
    return units


def stamp_of(file: Path) -> tuple[int, ...]:
    """Tell a file from what takes its place later, without reading it: another file, or one written to."""
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _stamps(names: list[str], files: list[Path]) -> list[list[Any]]:
    return [[name, *stamp_of(file)] for name, file in zip(names, files, strict=True)]


def _rules(screener: Screener, columns: Columns) -> dict[str, Any]:
    return {
        "ruleset": RULESET,
        "policy": screener.policy.id,
        "snapshot": screener.snapshot.digest,
        "register": screener.register.digest if screener.register is not None else None,
        "columns": columns.used(),
        "label": columns.label,
        "shard_rows": SHARD_ROWS,
    }


def _digest(facts: dict[str, Any]) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()}"
