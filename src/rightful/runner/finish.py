"""Putting a run together: shards into place, then situations, sites, evidence, manifest, checksums.

Every step can be done again after a stop without changing what it gives.
"""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

import rightful
from rightful.errors import InputError
from rightful.files import digest_of, write_whole
from rightful.ledger.checksums import files_of, write_checksums
from rightful.ledger.manifest import MOST_UNKNOWN_VALUES, DataFile, InputFile, Manifest
from rightful.ledger.merkle import files_root
from rightful.ledger.run_directory import (
    ACCRUALS,
    ATTRIBUTIONS,
    EVIDENCE,
    MANIFEST,
    OPTOUTS,
    POLICY,
    SITES,
    SITUATIONS_FILE,
    count_sites,
    data_path,
    ledger_path,
)
from rightful.ledger.situations import count, read_situation, situation_table
from rightful.ledger.units import Units
from rightful.policy.policy_file import read_policy
from rightful.runner.shard import ROW_GROUP, WRITER, Figures, unit_folder
from rightful.screening.screener import RULESET
from rightful.settlement.accruals import accrual_table
from rightful.settlement.attributions import ATTRIBUTIONS_SCHEMA
from rightful.snapshot.evidence import write_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from rightful.facts.decision import Decision
    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.register.export import Register
    from rightful.runner.plan import Plan
    from rightful.screening.screener import Screener


def put_together(
    plan: Plan, screener: Screener, *, policy_file: Path, folder: Path, work: Path, reference_time: str | None
) -> None:
    """Make the run directory out of finished shards.

    Raises:
        InputError: the policy file or an input is not what it was when the run began.
    """
    (folder / MANIFEST).unlink(missing_ok=True)  # of a try that stopped before the checksums: no output of this one
    figures = [
        Figures.from_json((unit_folder(work, unit) / "figures.json").read_text(encoding="utf-8")) for unit in plan.units
    ]
    data = _place_shards(plan, figures, folder, work)
    parts = tuple(ledger_path(unit.number) for unit in plan.units)
    table = _situations(figures)
    write_tables(table, parts, screener.policy, folder)
    if plan.mode != "ledger":
        _place_attributions(plan, folder, work)
    evidence = write_evidence(screener.snapshot, set().union(*(f.captures for f in figures)), folder / EVIDENCE)
    register = screener.register
    if register is not None:
        register.part(sorted(set().union(*(f.optouts for f in figures))), folder / OPTOUTS)
    shutil.copyfile(policy_file, folder / POLICY)
    if read_policy(folder / POLICY).id != screener.policy.id:
        raise InputError(
            f"{policy_file} was changed while the run was made",
            hint="run the same command again: it begins anew under the rules as they are now",
            file=str(policy_file),
        )
    inputs = tuple(_inputs(plan, figures))
    as_of = screener.snapshot.as_of
    outputs = {name: digest_of(folder / name) for name in files_of(folder)}
    manifest = Manifest(
        tool=f"rightful {rightful.__version__}",
        ruleset=RULESET,
        mode=plan.mode,
        plan=plan.digest({file.name: file.sha256 for file in inputs}),
        reference_time=reference_time or (as_of.isoformat() if as_of else None),
        policy={"id": screener.policy.id, "name": screener.policy.name, "profile": screener.policy.profile},
        snapshot={
            "id": screener.snapshot.digest,
            "as_of": as_of.isoformat() if as_of else None,
            "captures": len(screener.snapshot),
        },
        register=None if register is None else stated_register(register),
        columns=plan.columns.used() | {"label": plan.columns.label},
        inputs=inputs,
        data=data,
        ledger=parts,
        counts=count(table),
        unknown_values=_unknown(figures),
        holders=plan.holders.facts() if plan.holders else None,
        evidence=evidence.digest,
        root=files_root(outputs),
    )
    write_whole(folder / MANIFEST, manifest.to_json().encode())
    write_checksums(folder)
    shutil.rmtree(work)


def stated_register(register: Register) -> dict[str, Any]:
    """Say of a register what a manifest says: what identifies it, how much it holds, and what it states of itself."""
    return {
        "id": register.digest,
        "version": register.version,
        "optouts": len(register),
        "works": 0 if register.works is None else len(register.works),
        "facts": register.facts,
    }


def write_tables(situations: pa.Table, parts: tuple[str, ...], policy: Policy, folder: Path) -> None:
    """Write the situations, and what follows from them and from the ledger: accruals, and records by site."""
    pq.write_table(situations, folder / SITUATIONS_FILE, compression="zstd")
    pq.write_table(accrual_table(situations, policy), folder / ACCRUALS, compression="zstd")
    pq.write_table(count_sites(_ledger(folder, parts)), folder / SITES, compression="zstd")


def _place_shards(plan: Plan, figures: list[Figures], folder: Path, work: Path) -> tuple[DataFile, ...]:
    placed = []
    for unit, figure in zip(plan.units, figures, strict=True):
        made = unit_folder(work, unit)
        _move(made / "ledger.parquet", folder / ledger_path(unit.number))
        if plan.mode == "ledger":
            continue
        path = data_path(unit.number, len(plan.units))
        _move(made / "data.parquet", folder / path)
        placed.append(figure.written.data_file(folder, path))
    return tuple(placed)


def _place_attributions(plan: Plan, folder: Path, work: Path) -> None:
    """Put the shards' rows into one file, batch by batch; the shards' own stay, for another try."""
    with pq.ParquetWriter(folder / ATTRIBUTIONS, ATTRIBUTIONS_SCHEMA, **WRITER) as whole:
        for unit in plan.units:
            for batch in pq.ParquetFile(unit_folder(work, unit) / "attributions.parquet").iter_batches(ROW_GROUP):
                whole.write_batch(batch, row_group_size=ROW_GROUP)


def _move(made: Path, place: Path) -> None:
    """Move a file, unless an earlier try moved it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if made.exists():
        made.replace(place)


def _situations(figures: list[Figures]) -> pa.Table:
    records: Counter[int] = Counter()
    units: dict[int, Units] = {}
    decided: dict[Situation, Decision] = {}
    for figure in figures:
        records.update({int(number): count for number, count in figure.records.items()})
        for number, more in (figure.units or {}).items():
            units[int(number)] = units.get(int(number), Units()) + more
        decided.update(read_situation(row) for row in figure.situations.values())
    measured = all(figure.units is not None for figure in figures)
    return situation_table(decided, records, units if measured else None)


def _ledger(folder: Path, parts: tuple[str, ...]) -> Iterator[Any]:
    for part in parts:
        yield from pq.ParquetFile(folder / part).iter_batches(columns=["site", "admission"])


def _unknown(figures: list[Figures]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for figure in figures:
        total.update(figure.unknown)
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:MOST_UNKNOWN_VALUES])


def _inputs(plan: Plan, figures: list[Figures]) -> Iterator[InputFile]:
    digests = {
        unit.name: figure.input_sha256
        for unit, figure in zip(plan.units, figures, strict=True)
        if figure.input_sha256 is not None
    }
    for name, records in plan.inputs:
        yield InputFile(name, digests[name], records.path.stat().st_size, records.rows, records.left_out)
