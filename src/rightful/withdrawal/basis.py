"""What a finished run was decided by, taken from the run itself; and which runs nothing can be taken out of."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from rightful.errors import RunError
from rightful.ledger.checksums import changed_files
from rightful.ledger.run_directory import EVIDENCE, OPTOUTS, POLICY, RunDirectory
from rightful.ledger.situations import read_situation
from rightful.policy.policy_file import read_policy
from rightful.register.entries import KeyKind
from rightful.register.export import Register
from rightful.runner.shard import LEDGER_PART
from rightful.screening.columns import NO_COLUMN, Columns
from rightful.screening.screener import RULESET, Screener
from rightful.screening.signal_lookup import SignalLookup
from rightful.snapshot.evidence import write_evidence
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from rightful.facts.decision import Decision
    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy

# What the register is asked by, and the column of a record that holds it.
_ASKED_BY = {KeyKind.ACCOUNT: "account", KeyKind.CONTENT: "text"}


class Basis:
    """Policy, columns, captures and opt-outs of a finished run.

    Attributes:
        run: the run.
        policy, columns: its own.
        keep: whether its ledger holds locations, or digests of them.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self.policy = read_policy(run.root / POLICY)
        self.columns = Columns.of(run.manifest.columns)
        self.keep = self.policy.ledger.locations == "keep"

    @property
    def has_data(self) -> bool:
        """Whether records lie beside the ledger."""
        return self.run.manifest.mode != "ledger"

    @cached_property
    def evidence(self) -> Snapshot:
        """The captures it was decided on."""
        return Snapshot.open(self.run.root / EVIDENCE, self.run.manifest.evidence)

    @property
    def optouts(self) -> Register | None:
        """The opt-outs that had an effect; None where it was screened without a register."""
        return Register.open(self.run.root / OPTOUTS) if self.run.manifest.register is not None else None

    @cached_property
    def situations(self) -> dict[int, tuple[Situation, Decision]]:
        """Its situations and decisions, by id."""
        return {row["situation"]: read_situation(row) for row in self.run.situations().to_pylist()}

    def screener(
        self, register: Register, snapshot: Snapshot | None = None, columns: Columns | None = None
    ) -> Screener:
        """Decide records by the run's rules and another register; by other captures or fewer columns, if given."""
        chosen = columns or self.columns
        measured = self.run.manifest.holders or {"specific": []}
        specific = frozenset(row["holder"] for row in measured["specific"])
        policy = _without_missing(self.policy, chosen)
        return Screener(policy, snapshot or self.evidence, register, chosen, specific_holders=specific)

    def not_looked_up(self, register: Register) -> tuple[str, ...]:
        """Name the kinds of opt-outs the records cannot be asked for: a column is missing, and nobody said so."""
        # A ledger alone that holds digests of locations has nothing to look a place up by.
        kinds = () if self.has_data or self.keep else (KeyKind.URL, KeyKind.PREFIX, KeyKind.HOST, KeyKind.SITE)
        missing = [kind.value for kind in kinds if register.has(kind)]
        for kind, role in _ASKED_BY.items():
            told_none = getattr(self.policy.columns, role) == NO_COLUMN
            there = getattr(self.columns, role) is not None and (self.has_data or (role != "text" and self.keep))
            if register.has(kind) and not there and not told_none:
                missing.append(kind.value)
        return tuple(missing)

    def register_alone(self, register: Register, nothing: Snapshot) -> SignalLookup:
        """Look up locations in a register; `nothing` is `without_captures`, for what captures say is known by now."""
        return SignalLookup(self.policy, nothing, register)

    def without_captures(self, folder: Path) -> Snapshot:
        """Make a snapshot as of the same time that holds no capture."""
        return write_evidence(self.evidence, (), folder)

    def refuse_unfit(self) -> None:
        """Refuse a run that was altered, or that another version of the rules made.

        Raises:
            RunError: saying which.
        """
        manifest = self.run.manifest
        again = "screen the inputs again, with the newest register"
        if manifest.ruleset != RULESET:
            raise RunError(
                f"{self.run.root} was decided by ruleset {manifest.ruleset}, and this version has {RULESET}", hint=again
            )
        if manifest.policy["id"] != self.policy.id:
            raise RunError(f"{self.run.root} was decided by other rules than its {POLICY} has", hint=again)
        altered = changed_files(self.run.root)
        if altered:
            raise RunError(
                f"{self.run.root} is not what its list of digests says: {altered[0]}",
                hint=f"rightful verify {self.run.root}",
                findings=altered,
            )
        for part in manifest.ledger:
            if pq.read_schema(self.run.root / part).names != LEDGER_PART.names:
                raise RunError(f"{self.run.root}: {part} has other columns than this version writes", hint=again)


def _without_missing(policy: Policy, columns: Columns) -> Policy:
    """Say that there is no account or text where there is none: what can be looked up must not wait for the rest."""
    none = {role: NO_COLUMN for role in _ASKED_BY.values() if getattr(columns, role) is None}
    return policy.model_copy(update={"columns": policy.columns.model_copy(update=none)}) if none else policy
