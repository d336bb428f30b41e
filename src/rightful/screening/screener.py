"""The screener: batches of records in, labelled or admitted records and ledger rows out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from rightful.errors import MissingColumnError
from rightful.facts.decision import Admission, Decision
from rightful.policy.deciding import decide
from rightful.policy.policy import Policy
from rightful.policy.policy_file import read_policy
from rightful.register.entries import KeyKind
from rightful.register.export import Register, open_register
from rightful.screening.column_kinds import plain_text
from rightful.screening.columns import NO_COLUMN, Columns
from rightful.screening.labels import ledger_rows, rights_column
from rightful.screening.observe import Observation, Observer
from rightful.screening.signal_lookup import SignalLookup
from rightful.snapshot.store import Snapshot, open_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.facts.situation import Situation
    from rightful.register.matching import Sketch

# Part of every fingerprint: raise it whenever the same facts, snapshot, register and policy would decide otherwise.
RULESET = "1"
_KEPT_SCHEMAS = 1_000

Records = TypeVar("Records", pa.RecordBatch, pa.Table)


@dataclass(slots=True)
class Examined:
    """A batch with its observation and decisions; what is needed of it is made on demand.

    Attributes:
        batch: the records as they came.
        observation: every fact of them.
        decided: for each situation of the observation, its decision and its id.
    """

    batch: pa.RecordBatch
    observation: Observation
    decided: list[tuple[Decision, int]]
    _policy: Policy
    _columns: Columns

    @property
    def admitted(self) -> np.ndarray:
        """Mask of the rows that are admitted."""
        verdicts = np.array([d.admission is Admission.ADMIT for d, _ in self.decided], bool)
        mask: np.ndarray = verdicts[self.observation.situation] if len(verdicts) else np.zeros(0, bool)
        return mask

    def label(self) -> pa.RecordBatch:
        """Give the batch with the label column, every row kept."""
        rights = rights_column(self.observation, self.decided, self._policy)
        return _with_column(self.batch, self._columns.label, rights)

    def screen(self) -> pa.RecordBatch:
        """Give the admitted rows with the label column."""
        mask = self.admitted
        labelled = plain_text(self.label())
        return labelled if mask.all() else labelled.filter(pa.array(mask))

    def ledger(self) -> pa.RecordBatch:
        """Give one ledger row per record (`labels.LEDGER`)."""
        return ledger_rows(self.batch, self.observation, self.decided, self._columns, self._policy)


class Screener:
    """Decides records under one policy, snapshot and register; the same object serves every engine.

    It pickles to digests and paths, so it travels to workers cheaply, and its pickle is what `datasets` hashes:
    the same in every process, another as soon as policy, snapshot, register or ruleset is another.

    Args:
        policy: a policy, or the path of a policy file.
        snapshot: a snapshot, or the path of a store (its newest version is taken).
        register: an exported register, or its path; None where no opt-outs were received.
        columns: which column is what; found for every schema if not given.
        specific_holders: rightsholders whose data is specific by their share of all of it; whoever sees all records
            measures them (`runner.holder_shares`). None: nobody did, and where a column names holders it is unknown
            whether their data is specific, which exempts nothing.

    Raises:
        PolicyError, SnapshotError, RegisterError: one of them cannot be read.
    """

    def __init__(
        self,
        policy: Policy | str | Path,
        snapshot: Snapshot | str | Path,
        register: Register | str | Path | None = None,
        columns: Columns | None = None,
        *,
        specific_holders: frozenset[str] | None = None,
    ) -> None:
        self.policy = policy if isinstance(policy, Policy) else read_policy(policy)
        self.snapshot = snapshot if isinstance(snapshot, Snapshot) else Snapshot.open(snapshot)
        self.register = Register.open(register) if isinstance(register, str | Path) else register
        self.columns = columns
        self.specific_holders = specific_holders
        self._columns: dict[pa.Schema, Columns] = {}
        self._observers: dict[Columns, Observer] = {}
        self._decided: dict[Situation, tuple[Decision, int]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        register = None if self.register is None else self.register.__reduce__()[1]
        return _reopen, (
            RULESET,
            self.policy.canonical,
            self.snapshot.__reduce__()[1],
            register,
            self.columns,
            None if self.specific_holders is None else sorted(self.specific_holders),
        )

    @cached_property
    def lookup(self) -> SignalLookup:
        """The snapshot and the register as the policy looks at them."""
        return SignalLookup(self.policy, self.snapshot, self.register)

    @property
    def needs_text(self) -> bool:
        """Whether any decision depends on the text of a record."""
        return self.register is not None and self.register.has(KeyKind.CONTENT)

    def columns_of(self, schema: pa.Schema, *, file: str = "") -> Columns:
        """Give the columns in use for a schema: those that were given, or else those found.

        Raises:
            MissingColumnError: a column is missing that is mapped, that the policy needs, or by which the register
                has opt-outs: what cannot be looked up must not pass.
            ColumnConflictError: the column to be added is there and is not ours.
        """
        known = self._columns.get(schema)
        if known is None:
            if self.columns is None:
                known = Columns.resolve(schema, self.policy, file=file)
            else:
                self.columns.confirm(schema, self.policy, file=file)
                known = self.columns
            self._refuse_unmatchable(known, schema, file)
            if len(self._columns) >= _KEPT_SCHEMAS:
                self._columns.clear()
            self._columns[schema] = known
        return known

    def _refuse_unmatchable(self, columns: Columns, schema: pa.Schema, file: str) -> None:
        if self.register is None:
            return
        where = f"of {file} " if file else ""
        for kind, role in ((KeyKind.CONTENT, "text"), (KeyKind.ACCOUNT, "account")):
            told_none = getattr(self.policy.columns, role) == NO_COLUMN
            if self.register.has(kind) and getattr(columns, role) is None and not told_none:
                raise MissingColumnError(
                    f"the register has opt-outs by {kind.value}, and no column {where}holds the {role} of a record; "
                    f"the columns are: {', '.join(schema.names)}",
                    hint=f'name it in the policy: [columns] {role} = "…"; or say that there is none: {role} = "none"',
                    wanted=role,
                    available=schema.names,
                    role=role,
                )

    def _observer(self, columns: Columns) -> Observer:
        observer = self._observers.get(columns)
        if observer is None:
            observer = self._observers[columns] = Observer(
                self.policy, self.lookup, self.register, columns, specific_holders=self.specific_holders
            )
        return observer

    def examine(self, batch: pa.RecordBatch, sketch: Sketch | None = None) -> Examined:
        """Observe and decide a batch.

        Args:
            batch: records.
            sketch: what their ledger holds of their texts: the works of a run's evidence have no key, so texts cannot
                be compared with them.

        Raises:
            MissingColumnError: a column that is needed is not in the batch.
        """
        columns = self.columns_of(batch.schema)
        observation = self._observer(columns).observe(batch, sketch)
        decided = [self._decide(situation) for situation in observation.situations]
        return Examined(batch, observation, decided, self.policy, columns)

    def label(self, records: Records) -> Records:
        """Add the label column; every record is kept."""
        return self._each(records, lambda batch: self.examine(batch).label())

    def screen(self, records: Records) -> Records:
        """Keep the admitted records, with the label column."""
        return self._each(records, lambda batch: self.examine(batch).screen())

    def decisions(self, records: Records) -> Records:
        """Give one ledger row per record, without any text."""
        return self._each(records, lambda batch: self.examine(batch).ledger())

    def _decide(self, situation: Situation) -> tuple[Decision, int]:
        known = self._decided.get(situation)
        if known is None:
            known = self._decided[situation] = decide(situation, self.policy), situation.id
        return known

    def _each(self, records: Records, make: Callable[[pa.RecordBatch], pa.RecordBatch]) -> Records:
        if isinstance(records, pa.RecordBatch):
            return make(records)
        batches = records.combine_chunks().to_batches() or [
            pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in records.schema], schema=records.schema)
        ]
        return pa.Table.from_batches([make(batch) for batch in batches])


def _with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    field = pa.field(name, values.type)
    at = batch.schema.get_field_index(name)
    return batch.append_column(field, values) if at < 0 else batch.set_column(at, field, values)


def _reopen(
    _ruleset: str,
    policy: str,
    snapshot: tuple[str, str],
    register: tuple[str, str] | None,
    columns: Columns | None,
    specific_holders: list[str] | None,
) -> Screener:
    return Screener(
        Policy.from_canonical(policy),
        open_snapshot(*snapshot),
        open_register(*register) if register else None,
        columns,
        specific_holders=None if specific_holders is None else frozenset(specific_holders),
    )
