"""One callable for every form in which `datasets` calls a function on records."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import compress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rightful.errors import InputError, MissingColumnError
from rightful.huggingface.forms import Form, Given, is_frame, opened, read
from rightful.policy.sections import ColumnNames
from rightful.register.entries import KeyKind
from rightful.screening.columns import NO_COLUMN, Columns
from rightful.screening.labels import LEDGER, RIGHTS
from rightful.screening.screener import Screener
from rightful.screening.usual_names import USUAL_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rightful.policy.policy import Policy
    from rightful.register.export import Register
    from rightful.screening.screener import Examined
    from rightful.snapshot.store import Snapshot

# The ledger as `datasets` holds it: its releases before mid-2026 know no binary of fixed size.
LEDGER_SCHEMA = pa.schema([field.with_type(pa.binary()) if field.name == "url_sha256" else field for field in LEDGER])
RIGHTS_NAME = "rights"
_KEPT_SCHEMAS = 1_000


class RightsFilter:
    """Tells which records are admitted: `ds.filter(f)`, and labels them: `ds.map(f.label, batched=True)`.

    What it pickles to is what `datasets` takes the fingerprint of: ruleset, policy, digest and path of snapshot and
    register, columns. It is the same before and after use, in every process and at every hash seed; no record, no
    counter and no cache is part of it.

    Prefer `batched=True`: a row of a batch takes a few microseconds, a row by itself most of a millisecond.

    Args:
        policy: a policy, or the path of a policy file.
        snapshot: a snapshot, or the path of a store (its newest version is taken, and stays the one in use).
        register: an exported register, or its path; None where no opt-outs were received.
        columns: which column is what; None: found, for every schema anew, by the policy and the usual names.
        specific_holders: rightsholders whose data is specific by their share of all of it (`Screener`).

    Raises:
        PolicyError, SnapshotError, RegisterError: one of them cannot be read.
    """

    def __init__(
        self,
        policy: Policy | str | Path,
        snapshot: Snapshot | str | Path,
        register: Register | str | Path | None = None,
        *,
        columns: Columns | None = None,
        specific_holders: frozenset[str] | None = None,
    ) -> None:
        self._screener = Screener(policy, snapshot, register, columns, specific_holders=specific_holders)
        self._columns: dict[pa.Schema, Columns] = {}
        self._by_roles: dict[Columns, Screener] = {}
        self._wanted = self._screener.policy
        if columns is not None:
            # Columns that are given are looked for as if the policy named them: all of them, and no others.
            names = {f.name: getattr(columns, f.name) or NO_COLUMN for f in fields(columns) if f.name != "others"}
            self._wanted = self._wanted.model_copy(update={"columns": ColumnNames(**names)})
        self._others = columns.others if columns is not None else ()
        named = (getattr(self._wanted.columns, role) for role in USUAL_NAMES)
        self._paths = {path for usual in (*USUAL_NAMES.values(), tuple(named)) for path in usual if "." in path}

    def __reduce__(self) -> tuple[Any, ...]:
        reopen, state = self._screener.__reduce__()
        return _around, (reopen, state)

    def __repr__(self) -> str:
        parts = (self._screener.policy.id[:19], self._screener.snapshot, self._screener.register)
        return f"RightsFilter({', '.join(map(str, parts))})"

    @property
    def policy(self) -> Policy:
        """The policy it decides by."""
        return self._screener.policy

    def with_holders(self, specific: frozenset[str] | None) -> RightsFilter:
        """Give the same filter with rightsholders whose data is specific; None where nobody measured."""
        own = self._screener
        return RightsFilter(own.policy, own.snapshot, own.register, columns=own.columns, specific_holders=specific)

    @property
    def label_name(self) -> str:
        """Name of the column that `label` adds."""
        return self._wanted.columns.label

    def columns_of(self, schema: pa.Schema) -> Columns:
        """Find which column of a schema is what.

        Raises:
            MissingColumnError: one that the policy needs is not there.
            ColumnConflictError: the column to be added is there and is not ours.
        """
        found = self._columns.get(schema)
        if found is None:
            if len(self._columns) >= _KEPT_SCHEMAS:
                self._columns.clear()
            found = Columns.resolve(opened(schema, self._paths), self._wanted)
            if self._others:
                found = replace(found, others=self._others)
                found.confirm(schema, self._wanted)
            self._columns[schema] = found
        return found

    def __call__(self, records: Any, *more: Any) -> Any:
        """Tell which records are admitted; held and excluded ones are not.

        Args:
            records: a row (dict), a batch (dict of lists), an Arrow table or record batch, a pandas or polars frame;
                or, of `input_columns="url"`, a URL, a list or an Arrow array of URLs.
            *more: indices and rank, which nothing depends on.

        Returns:
            A bool for one record, a list of bools for a batch or list, a `pa.BooleanArray` for Arrow and frames.

        Raises:
            MissingColumnError: a column that the policy or the register needs is not there. Only what is in a URL can
                be decided by URLs alone; a policy that names other columns needs rows.
            InputError: several `input_columns` (nothing tells which is which), or values of no usable type.
        """
        given = self._read(records)
        if not all(_is_index(value) for value in more):
            raise InputError(
                "several input_columns were given, and nothing tells which of them is what",
                hint="leave input_columns out: only the columns that have a role are read anyway",
            )
        admitted = self._examined(given).admitted
        if given.form is Form.ROW:
            return bool(admitted[0])
        return admitted.tolist() if given.form is Form.BATCH else pa.array(admitted)

    def label(self, records: Any, *_: Any) -> Any:
        """Add the label column to a batch, a table or a row; nothing is dropped, nothing given is altered.

        Returns:
            What was given, with the column: a dict for a dict, a `pa.Table` for a table or frame. The column keeps
            its type in `ds.map(f.label, batched=True)`; single rows need `features=features_with_rights(...)`.

        Raises:
            MissingColumnError, InputError: as for calling it.
            ColumnConflictError: there is a column of that name already, and it is not ours.
        """
        return self._labelled(records)[0]

    def label_and_drop(self, records: Any, *_: Any) -> Any:
        """Keep the admitted rows of a batch or a table, labelled: for `ds.map(f.label_and_drop, batched=True)`.

        Returns:
            A dict of lists for a dict, a `pa.Table` for a table or frame.

        Raises:
            As for `label`; InputError also for a single row, which `map` cannot drop.
        """
        labelled, given, examined = self._labelled(records)
        if given.form is Form.ROW:
            raise InputError("map cannot drop a single row", hint="use batched=True, or filter")
        admitted = examined.admitted
        if given.form is Form.TABLE:
            return labelled.filter(pa.array(admitted))
        return {name: list(compress(labelled[name], admitted)) for name in labelled}

    def ledger(self, records: Any) -> pa.Table:
        """Give one ledger row per record (`LEDGER_SCHEMA`), without any text."""
        return pa.Table.from_batches([self._examined(self._read(records)).ledger()]).cast(LEDGER_SCHEMA)

    def decisions(self, records: Any) -> pa.Table:
        """Give the ledger rows with the label beside them, as column `rights`: both from one evaluation."""
        examined = self._examined(self._read(records))
        rows = pa.Table.from_batches([examined.ledger()]).cast(LEDGER_SCHEMA)
        return rows.append_column(pa.field(RIGHTS_NAME, RIGHTS), examined.label().column(self.label_name))

    def _labelled(self, records: Any) -> tuple[Any, Given, Examined]:
        given = self._read(records)
        if given.urls_only:
            raise InputError("URLs alone cannot carry a label", hint="leave input_columns out")
        examined = self._examined(given)
        name = self.label_name
        rights = examined.label().column(name)
        if given.form is not Form.TABLE:
            labelled = records.copy()  # dicts, and what `datasets` makes of them
            labelled[name] = rights[0].as_py() if given.form is Form.ROW else _TypedColumn(rights)
            return labelled, given, examined
        table = pa.table(records) if is_frame(records) else records
        field = pa.field(name, RIGHTS)
        at = table.schema.get_field_index(name)
        labelled = table.append_column(field, rights) if at < 0 else table.set_column(at, field, rights)
        return labelled, given, examined

    def _read(self, records: Any) -> Given:
        named = self._wanted.columns.url
        return read(records, USUAL_NAMES["url"][0] if named in {"", NO_COLUMN} else named)

    def _examined(self, given: Given) -> Examined:
        columns = self._enough(given) if given.urls_only else self.columns_of(given.schema.remove_metadata())
        arrays = {role: given.take(path) for role, path in columns.used().items()}
        # Roles are the names from here on. Rows without a single usable column keep their number by one of nulls.
        batch = pa.RecordBatch.from_pydict(arrays or {"": pa.nulls(given.count)})
        roles = Columns.of(dict(zip(arrays, arrays, strict=True)), columns.label)
        screener = self._by_roles.get(roles)
        if screener is None:
            own = self._screener
            screener = self._by_roles[roles] = Screener(
                own.policy, own.snapshot, own.register, roles, specific_holders=own.specific_holders
            )
        return screener.examine(batch)

    def _enough(self, given: Given) -> Columns:
        """Find the columns where there are only URLs, and refuse to decide on less than the rules ask for."""
        columns = self.columns_of(given.schema)
        register = self._screener.register
        for kind, role in ((KeyKind.CONTENT, "text"), (KeyKind.ACCOUNT, "account")):
            named = getattr(self._wanted.columns, role)
            if named != NO_COLUMN and register is not None and register.has(kind):
                raise MissingColumnError(
                    f"the register has opt-outs by {kind.value}, and URLs do not tell the {role} of a record",
                    hint=f'leave input_columns out; or, where records have none, say so: [columns] {role} = "none"',
                    wanted=named or role,
                    available=given.schema.names,
                    role=role,
                )
        return columns


class _TypedColumn(list[dict[str, Any]]):
    """A list of labels that Arrow reads with its type: `datasets` would infer one from the first batch's values."""

    def __init__(self, rights: pa.Array) -> None:
        super().__init__(rights.to_pylist())
        self._rights = rights

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - pyarrow's name for it
        return self._rights if type is None else self._rights.cast(type)


def _is_index(value: Any) -> bool:
    """Tell indices and ranks from values: of a batch they are consecutive numbers."""
    if isinstance(value, list) and value and isinstance(value[0], int):
        return value == list(range(value[0], value[0] + len(value)))
    return isinstance(value, int) or value == []


def _around(reopen: Callable[..., Screener], state: tuple[Any, ...]) -> RightsFilter:
    screener = reopen(*state)
    return RightsFilter(
        screener.policy,
        screener.snapshot,
        screener.register,
        columns=screener.columns,
        specific_holders=screener.specific_holders,
    )
