"""Where a register has an effect in a finished run, and the evidence of it: the old opt-outs and the new, joined."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from rightful.audit.decide_again import LEDGER_COLUMNS, locations_of
from rightful.files import write_whole
from rightful.ledger.run_directory import OPTOUTS
from rightful.register.entries import KeyKind
from rightful.register.export import Register, merge_registers
from rightful.screening.columns import Columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rightful.snapshot.store import Snapshot
    from rightful.withdrawal.basis import Basis

BATCH = 65_536
_NAME = OPTOUTS.rpartition("/")[2]
# Columns in which the ledger of a policy that keeps no locations has nothing to look up by.
_PLACES = ("url", "final_url", "account")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        parts: numbers of the ledger parts with a record that the register names.
        hits: the entries of the register that name any.
        merged: those, and what had an effect before: what the new version is decided by.
    """

    parts: tuple[int, ...]
    hits: Register
    merged: Register


def look_up(
    basis: Basis, register: Register, work: Path, nothing: Snapshot, on_rows: Callable[[int], None] | None = None
) -> Found:
    """Look every record of a run up in a register, or take what an earlier try found.

    Args:
        basis: the run.
        register: the newest opt-outs.
        work: where what was found is kept.
        nothing: a snapshot without captures.
        on_rows: told how many ledger rows were looked up since it was told last.
    """
    told = work / "found.json"
    hits_file, merged_file = work / "hits" / _NAME, work / "merged" / _NAME
    if not told.exists():
        places = _Places(basis, register, nothing)
        numbers = range(len(basis.run.manifest.ledger))
        by_part = {number: places.of_part(number, on_rows) for number in numbers}
        hits = register.part(sorted(set().union(*by_part.values())), hits_file)
        before = basis.optouts
        # What is withdrawn from the register keeps the effect it had: nothing is admitted again without its inputs.
        registers = [hits] if before is None else [before, hits]
        merged = merge_registers(registers, merged_file, version=register.version, facts=register.facts)
        if before is not None and _works(before) & _works(hits):
            # How common its words are, two registers may tell otherwise of one work: together they may find more.
            places = _Places(basis, merged.with_key_of(register), nothing)
            by_part |= {number: places.of_part(number) for number in numbers if not by_part[number]}
        write_whole(told, json.dumps([number for number in numbers if by_part[number]]).encode())
    parts = json.loads(told.read_bytes())
    return Found(tuple(parts), Register.open(hits_file), Register.open(merged_file).with_key_of(register))


def _works(register: Register) -> set[str]:
    works = register.works
    return set() if works is None else {works.digest_of(number) for number in range(len(works))}


class _Places:
    """Finds the entries of a register that name records of a run: by the ledger, then by what only records have."""

    def __init__(self, basis: Basis, register: Register, nothing: Snapshot) -> None:
        self._basis = basis
        self._alone = basis.register_alone(register, nothing)
        columns = _of_records(basis, register) if basis.has_data else None
        self._columns = columns
        self._screener = None if columns is None else basis.screener(register, nothing, columns)

    def of_part(self, number: int, on_rows: Callable[[int], None] | None = None) -> set[int]:
        run = self._basis.run
        found: set[int] = set()
        part = pq.ParquetFile(run.root / run.manifest.ledger[number])
        for batch in part.iter_batches(BATCH, columns=LEDGER_COLUMNS):
            found |= self._alone.signals(locations_of(batch, keep=self._basis.keep)).entries
            if on_rows:
                on_rows(batch.num_rows)
        if self._columns is not None and self._screener is not None:
            shard = pq.ParquetFile(run.root / run.manifest.data[number].path)
            wanted = self._columns.top_level((*_PLACES, "text", "source"), shard.schema_arrow)
            for batch in shard.iter_batches(BATCH, columns=wanted):
                found |= self._screener.examine(batch).observation.signals.entries
        return found


def _of_records(basis: Basis, register: Register) -> Columns | None:
    """Say which columns of records have to be looked up besides the ledger; None where there are none.

    Texts are looked up whatever digests the ledger has: what ships is what counts.
    """
    own = basis.columns
    roles = {} if basis.keep else {role: getattr(own, role) for role in _PLACES}
    if register.has(KeyKind.CONTENT) and own.text is not None:
        roles["text"] = own.text
    if not any(roles.values()):
        return None
    return replace(Columns(), **roles, source=own.source, label=own.label)
