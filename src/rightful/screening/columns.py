"""Which column is what: the mapping from roles to columns, found once for a schema."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from rightful.errors import ColumnConflictError, InputError, MissingColumnError
from rightful.screening.column_kinds import FITS, WANTED, is_text, kind_at
from rightful.screening.usual_names import USUAL_NAMES, found_for
from rightful.signals.page_fields import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rightful.policy.policy import Policy

NO_COLUMN = "none"
# What may restrict a record is read in every column it stands in; a second licence as one that the page names.
_ALSO_READ = {"licence": "page_licence", **{role: role for role in ROLES}}


@dataclass(frozen=True, slots=True)
class Columns:
    """Column of each role, dots reaching into structs; None where there is none.

    Attributes:
        label: the column that is added.
        others: role and column of what may restrict a record and stands in more than one column: all of them count.
    """

    url: str | None = None
    final_url: str | None = None
    text: str | None = None
    id: str | None = None
    fetched_at: str | None = None
    source: str | None = None
    licence: str | None = None
    licence_evidence: str | None = None
    consent: str | None = None
    account: str | None = None
    language: str | None = None
    x_robots_tag: str | None = None
    meta_robots: str | None = None
    tdm_reservation: str | None = None
    tdm_policy: str | None = None
    content_usage: str | None = None
    content_signal: str | None = None
    http_status: str | None = None
    data_mining: str | None = None
    page_licence: str | None = None
    http_headers: str | None = None
    html: str | None = None
    xmp: str | None = None
    c2pa: str | None = None
    rsl: str | None = None
    page_fields: str | None = None
    rights_holder: str | None = None
    work_status: str | None = None
    public_domain_in: str | None = None
    author_died: str | None = None
    published: str | None = None
    works: str | None = None
    contract: str | None = None
    acquired: str | None = None
    notice: str | None = None
    sensitive_pi: str | None = None
    third_party: str | None = None
    unlawful: str | None = None
    tos: str | None = None
    generator_tos: str | None = None
    licence_request: str | None = None
    db_extraction: str | None = None
    lawful_access: str | None = None
    holder: str | None = None
    label: str = "rights"
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, used: Mapping[str, str], label: str = "rights") -> Columns:
        """Make them of what `used` gives."""
        first = {role: name for role, name in used.items() if " " not in role and role != "label"}
        others = tuple((role.partition(" ")[0], name) for role, name in used.items() if " " in role)
        return cls(**first, label=used.get("label", label), others=others)

    @classmethod
    def resolve(cls, schema: pa.Schema, policy: Policy, *, file: str = "") -> Columns:
        """Find the columns of a schema that a policy needs.

        Raises:
            MissingColumnError: one that is named, or without which nothing can be decided, is not there; the
                message lists the columns and the closest name.
            ColumnConflictError: the column to be added is there and is not ours.
        """
        available = list(_paths(schema))
        found: dict[str, str | None] = {}
        others: list[tuple[str, str]] = []
        for role in USUAL_NAMES:
            wanted = getattr(policy.columns, role)
            if wanted == NO_COLUMN:
                found[role] = None
            elif wanted:
                if wanted not in available:
                    raise MissingColumnError.among(wanted, available, role=role, source=file)
                found[role] = wanted
            elif role == "source" and len(policy.sources) == 1:
                found[role] = None  # one source needs no telling apart, and `source` means many things
            else:
                paths = found_for(role, available)
                found[role] = next(iter(paths), None)
                others += [(_ALSO_READ[role], path) for path in paths[1:] if role in _ALSO_READ]
        others = [(role, path) for role, path in others if getattr(policy.columns, role) != NO_COLUMN]
        if found["url"] is None and policy.columns.url != NO_COLUMN and any(s.crawl_like for s in policy.sources):
            raise MissingColumnError.among("url", available, role="url", source=file)
        columns = cls(**found, label=policy.columns.label, others=tuple(others))
        columns.confirm(schema, policy, file=file)
        return columns

    def confirm(self, schema: pa.Schema, policy: Policy, *, file: str = "") -> None:
        """Make sure that the columns are there, and that they suffice for a policy.

        Raises:
            MissingColumnError: one that is mapped, or without which nothing can be decided, is not there.
            ColumnConflictError: the column to be added is there and is not ours.
        """
        available = list(_paths(schema))
        for key, name in self.used().items():
            role = key.partition(" ")[0]
            if name not in available:
                raise MissingColumnError.among(name, available, role=role, source=file)
            kind = kind_at(schema, name)
            if schema.names.count(name.partition(".")[0] if name not in schema.names else name) > 1:
                raise InputError(f"two columns are called {name!r}, and it is the {role} of a record", column=name)
            if not FITS[role](kind):
                wanted = WANTED.get(role, "text")
                raise InputError(
                    f"column {name!r} holds {kind}, and the {role} of a record is {wanted}",
                    hint=f'name another in the policy: [columns] {role} = "…"; or say that there is none: "none"',
                    column=name,
                )
        if self.source is None and len(policy.sources) > 1:
            raise MissingColumnError.among("source", available, role="source", source=file)
        if self.label in schema.names and not _is_ours(schema.field(self.label)):
            raise ColumnConflictError(
                f"the records have a column {self.label!r} already, and it is not ours",
                hint='give ours another name in the policy: [columns] label = "rightful"',
            )

    def used(self) -> dict[str, str]:
        """List the roles that have a column; the second column of one is `html 2`."""
        every = {field.name: getattr(self, field.name) for field in fields(self) if field.name in USUAL_NAMES}
        used: dict[str, str] = {role: name for role, name in every.items() if name is not None}
        for role, name in self.others:
            number = 2
            while f"{role} {number}" in used:
                number += 1
            used[f"{role} {number}"] = name
        return used

    def paths(self, role: str) -> list[str]:
        """Give every column of a role."""
        first = getattr(self, role)
        return [*([first] if first is not None else ()), *(name for other, name in self.others if other == role)]

    def top_level(self, roles: Iterable[str], schema: pa.Schema) -> list[str]:
        """Give the top-level columns these roles need, for reading no more than that."""
        paths = (path for role in roles for path in self.paths(role))
        names = (path if path in schema.names else path.partition(".")[0] for path in paths)
        return list(dict.fromkeys(names))


def _is_ours(field: pa.Field) -> bool:
    return bool(pa.types.is_struct(field.type)) and field.type.get_field_index("admission") >= 0


def _paths(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        yield from _field_paths(field, "")


def _field_paths(field: pa.Field, parent: str) -> Iterator[str]:
    path = f"{parent}{field.name}"
    yield path
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _field_paths(inner, f"{path}.")


def column(batch: pa.RecordBatch, path: str) -> pa.Array:
    """Take a column, or a field of a struct column; null where any parent is null.

    A top-level column whose own name has dots wins over a path.
    """
    if path in batch.schema.names:
        return batch.column(path)
    head, *inner = path.split(".")
    array = batch.column(head)
    for name in inner:
        array = pc.struct_field(array, name)
    return array


def text_column(batch: pa.RecordBatch, path: str) -> tuple[pa.Array, pa.Array | None]:
    """Take a column of text.

    Returns:
        The column as strings, null where it is no valid UTF-8, and which rows those are (None where none is).

    Raises:
        InputError: the column holds something other than text.
    """
    array = column(batch, path)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not is_text(array.type):
        raise InputError(f"column {path!r} holds {array.type}, not text", column=path)
    return readable(array)


def readable(array: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Give an array of text as strings, null where it is no valid UTF-8, and which rows those are, if any."""
    if pa.types.is_null(array.type):
        return array.cast(pa.large_string()), None
    octets = array if pa.types.is_binary(array.type) else array.cast(pa.large_binary())
    try:
        return octets.cast(pa.large_string()), None
    except pa.ArrowInvalid:
        return _readable(octets)


def _readable(octets: pa.Array) -> tuple[pa.Array, pa.Array]:
    values: list[str | None] = []
    broken: list[bool] = []
    for value in octets.to_pylist():
        try:
            values.append(None if value is None else value.decode("utf-8"))
            broken.append(False)
        except UnicodeDecodeError:
            values.append(None)
            broken.append(True)
    return pa.array(values, pa.large_string()), pa.array(broken, pa.bool_())
