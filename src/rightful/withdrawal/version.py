"""A new version put together: what changed from the pieces, all else from the version before.

Every step can be done again after a stop without changing what it gives.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import rightful
from rightful.errors import VerificationError
from rightful.files import digest_of, write_whole
from rightful.ledger.checksums import files_of, write_checksums
from rightful.ledger.manifest import data_root, version_of, version_plan
from rightful.ledger.merkle import files_root
from rightful.ledger.run_directory import (
    ATTRIBUTIONS,
    EVIDENCE,
    MANIFEST,
    OPTOUTS,
    POLICY,
    WITHDRAWAL,
    RunDirectory,
)
from rightful.ledger.situations import count, read_situation, situation_table
from rightful.ledger.units import Units
from rightful.runner.finish import stated_register, write_tables
from rightful.runner.shard import ROW_GROUP, WRITER
from rightful.settlement.attributions import ATTRIBUTIONS_SCHEMA, asks_for_a_name
from rightful.withdrawal import pieces
from rightful.withdrawal.absence import look_for_withdrawn
from rightful.withdrawal.pieces import part_folder
from rightful.withdrawal.taken_over import take_over
from rightful.withdrawal.totals import reference_digest, totals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rightful.facts.decision import Decision
    from rightful.facts.situation import Situation
    from rightful.ledger.manifest import DataFile, Manifest
    from rightful.register.export import Register
    from rightful.withdrawal.absence import Absence
    from rightful.withdrawal.basis import Basis
    from rightful.withdrawal.found import Found
    from rightful.withdrawal.pieces import PartFigures

FORMAT = 1
NO_REGISTER = "none"


def chain_of(run: RunDirectory) -> tuple[dict[str, Any], ...]:
    """Give the versions that one made of a run is chained to: those before the run, and the run."""
    return (*run.manifest.earlier, version_of((run.root / MANIFEST).read_bytes()))


class Version:
    """A new version of a run, in the folder it is made in.

    Args:
        basis: the version before.
        register: the newest opt-outs.
        found: what they name in it.
        figures: what changed, by ledger part; parts that are not in it are as they were.
    """

    def __init__(
        self, basis: Basis, register: Register, found: Found, figures: Mapping[int, PartFigures], folder: Path
    ) -> None:
        self._basis = basis
        self._run = basis.run
        self._register = register
        self._found = found
        self._figures = figures
        self._folder = folder
        self._work = folder / ".work"

    def put_together(
        self, *, now: str, models: int | None = None, on_rows: Callable[[int], None] | None = None
    ) -> Manifest:
        """Make everything of a run that comes with screening.

        Args:
            now: when this is done (ISO 8601).
            models: versions of models that were trained on what is removed; None where nobody looked.
            on_rows: told how many records were tested since it was told last.

        Raises:
            VerificationError: something that the register names would ship.
        """
        folder, old = self._folder, self._run.manifest
        (folder / MANIFEST).unlink(missing_ok=True)  # of a try that stopped before the checksums
        data = tuple(self._place_shards())
        table = self._situations()
        write_tables(table, old.ledger, self._basis.policy, folder)
        if self._basis.has_data:
            self._place_attributions()
        self._place_evidence()
        take_over(self._run.root / POLICY, folder / POLICY)
        absence = look_for_withdrawn(
            self._basis, [file.path for file in data], RunDirectory(folder), self._register, on_rows
        )
        if absence.found:
            raise VerificationError(
                f"{absence.found:,} of {absence.records:,} records would ship that the register names",
                hint="nothing was published; the run's own evidence or this version of rightful is at fault",
                findings=[f"{absence.found} records"],
            )
        write_whole(folder / WITHDRAWAL, self._told(data, absence, now, models).encode())
        earlier = chain_of(self._run)
        manifest = replace(
            old,
            tool=f"rightful {rightful.__version__}",
            plan=version_plan(earlier, self._register.digest),
            register=self._stated(),
            data=data,
            counts=count(table),
            earlier=earlier,
            root=files_root({name: digest_of(folder / name) for name in files_of(folder)}),
        )
        write_whole(folder / MANIFEST, manifest.to_json().encode())
        write_checksums(folder)
        return manifest

    def _stated(self) -> dict[str, Any]:
        """Say of the register what a manifest says; works that it has no more, and that have an effect, are counted."""
        stated, merged = stated_register(self._register), self._found.merged.works
        return {**stated, "works": max(stated["works"], 0 if merged is None else len(merged))}

    def _place_shards(self) -> Iterator[DataFile]:
        old = self._run.manifest
        before = NO_REGISTER if old.register is None else old.register["id"]
        for number, part in enumerate(old.ledger):
            figures, made = self._figures.get(number), part_folder(self._work, number)
            changed = figures is not None and figures.changed
            take_over(made / pieces.LEDGER if changed else self._run.root / part, self._folder / part)
            if not self._basis.has_data:
                continue
            file = old.data[number]
            if figures is not None and figures.touches_data:
                take_over(made / pieces.DATA, self._folder / file.path)
                yield figures.written.data_file(self._folder, file.path)
            else:
                take_over(self._run.root / file.path, self._folder / file.path)
                yield replace(file, register=file.register or before)

    def _situations(self) -> pa.Table:
        """Move records, with their text, from the situations they were in to those they are in."""
        records: Counter[int] = Counter()
        units: dict[int, Units] = {}
        decided: dict[Situation, Decision] = {}
        measured = self._basis.columns.text is not None
        for row in self._run.situations().to_pylist():
            records[row["situation"]] = row["records"]
            units[row["situation"]] = Units(row["characters"] or 0, row["octets"] or 0)
            decided.update([read_situation(row)])
        for figures in self._figures.values():
            for number, (count_, characters, octets) in figures.moved.items():
                records[int(number)] += count_
                units[int(number)] = units.get(int(number), Units()) + Units(characters, octets)
            decided.update(read_situation(row) for row in figures.situations.values())
        left = {situation: decision for situation, decision in decided.items() if records[situation.id]}
        return situation_table(left, records, units if measured else None)

    def _place_attributions(self) -> None:
        """Join the rows of pieces with those of the other shards, which lie one after the other in the old file."""
        old = pq.read_table(self._run.root / ATTRIBUTIONS)
        named = (row["situation"] for row in self._run.situations().to_pylist() if asks_for_a_name(row))
        asking = pa.array(named, pa.int64())
        start = 0
        with pq.ParquetWriter(self._folder / ATTRIBUTIONS, ATTRIBUTIONS_SCHEMA, **WRITER) as whole:
            for number, part in enumerate(self._run.manifest.ledger):
                decided = pq.read_table(self._run.root / part, columns=["situation"])["situation"]
                rows = pc.sum(pc.is_in(decided, value_set=asking)).as_py() or 0
                figures = self._figures.get(number)
                if figures is not None and figures.touches_data:
                    made = pq.read_table(part_folder(self._work, number) / pieces.ATTRIBUTIONS)
                else:
                    made = old.slice(start, rows)
                whole.write_table(made.cast(ATTRIBUTIONS_SCHEMA), row_group_size=ROW_GROUP)
                start += rows

    def _place_evidence(self) -> None:
        """Take the captures over; the opt-outs are those that were merged, with the works they name."""
        evidence = self._basis.evidence
        for file in (*evidence.files, evidence.path / "HEAD"):
            take_over(file, self._folder / EVIDENCE / file.relative_to(evidence.path))
        merged = self._found.merged.path
        for file in sorted(merged.parent.iterdir()):
            take_over(file, (self._folder / OPTOUTS).with_name(file.name))

    def _told(self, data: tuple[DataFile, ...], absence: Absence, now: str, models: int | None) -> str:
        totals = totals_of(self._basis, self._figures)
        told = {
            "format": FORMAT,
            "at": now,
            "register": {"id": self._register.digest, "version": self._register.version},
            "earlier": {**chain_of(self._run)[-1], "data_root": data_root(self._run.manifest.data)},
            "data_root": data_root(data),
            "decided_otherwise": totals.decided_otherwise,
            "removed": totals.removed,
            "relabelled": totals.relabelled,
            "shards": {path: asdict(shard) for path, shard in totals.shards.items()},
            "requests": {reference_digest(name): records for name, records in totals.requests.items()},
            "not_looked_up": list(self._basis.not_looked_up(self._register)),
            "absence_test": asdict(absence),
            "models": models,
        }
        return json.dumps(told, indent=1, sort_keys=True) + "\n"
