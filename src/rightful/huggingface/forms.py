"""The forms in which `datasets` hands records over, read alike: a schema, and columns taken by path.

Only what has a role is ever read: no image is decoded and no odd value converted on the way to a URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class Form(Enum):
    """How records are given, and so how they are answered: with a bool, a list, or an Arrow array."""

    ROW = "row"
    BATCH = "batch"
    TABLE = "table"


@dataclass(slots=True)
class Given:
    """Records as they were given.

    Attributes:
        form: one record, lists of values, or Arrow.
        count: how many records.
        schema: the columns there are; types are exact for Arrow, otherwise only as far as paths need them.
        take: gives the column of a path (dots reach into structs) as an Arrow array.
        urls_only: nothing but URLs was given (`input_columns`).
    """

    form: Form
    count: int
    schema: pa.Schema
    take: Callable[[str], pa.Array]
    urls_only: bool = False


def read(records: Any, url: str) -> Given:
    """Read records of any form; `url` is what the column is called where URLs are given without a name.

    Raises:
        InputError: this is no row, no batch, no table and no URL.
    """
    if isinstance(records, pa.Table | pa.RecordBatch):
        return Given(Form.TABLE, records.num_rows, records.schema, lambda path: _taken(records, path))
    if isinstance(records, Mapping):
        return _of_mapping(records)
    if is_frame(records):
        return read(pa.table(records), url)
    return _of_urls(records, url)


def is_frame(records: Any) -> bool:
    """Tell a pandas or polars frame, without importing either."""
    return hasattr(records, "__arrow_c_stream__") and hasattr(records, "columns")


def opened(schema: pa.Schema, paths: Collection[str]) -> pa.Schema:
    """Give columns without any value the fields that paths look for in them.

    A column of nothing but nulls has the type null, whatever it holds elsewhere in the data. A URL inside such a
    column is null too, and that holds a record; it is not a column that is missing, which is an error.
    """
    return pa.schema([_opened(field, field.name, paths) for field in schema])


def _opened(field: pa.Field, path: str, paths: Collection[str]) -> pa.Field:
    if pa.types.is_struct(field.type):
        inner = [_opened(child, f"{path}.{child.name}", paths) for child in field.type]
        return pa.field(field.name, pa.struct(inner))
    if pa.types.is_null(field.type):
        names = {known[len(path) + 1 :].partition(".")[0] for known in paths if known.startswith(f"{path}.")}
        if names:
            inner = [_opened(pa.field(name, pa.null()), f"{path}.{name}", paths) for name in sorted(names)]
            return pa.field(field.name, pa.struct(inner))
    return field


def _split(path: str, names: Collection[str]) -> tuple[str, list[str]]:
    """Split a path into a column and the fields inside it; a column whose own name has dots wins."""
    if path in names:
        return path, []
    head, *inner = path.split(".")
    return head, inner


def _taken(table: pa.Table | pa.RecordBatch, path: str) -> pa.Array:
    head, inner = _split(path, table.schema.names)
    column = table.column(head)
    for name in inner:
        if pa.types.is_null(column.type):
            break
        column = pc.struct_field(column, name)
    if isinstance(column, pa.Array):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())  # chunks together may exceed what 32-bit offsets reach
    return column.combine_chunks()


def _of_mapping(records: Mapping[str, Any]) -> Given:
    # What `datasets` has not formatted yet is taken from the Arrow table behind it: exact types, nothing decoded.
    table: Any = getattr(records, "pa_table", None)
    waiting: Collection[str] = getattr(records, "keys_to_format", ())
    if table is not None:
        form, count = Form.ROW if type(records).__name__ == "LazyRow" else Form.BATCH, table.num_rows
    elif records and all(_is_column(value) for value in records.values()):
        form, count = Form.BATCH, len(next(iter(records.values())))
    else:
        form, count = Form.ROW, 1

    def values(name: str) -> Any:
        return _listed(records[name]) if form is Form.BATCH else [_scalar(records[name])]

    def take(path: str) -> pa.Array:
        head, inner = _split(path, records.keys())
        if head in waiting:
            return _taken(table, path)
        column = values(head)
        for name in inner:
            column = [None if value is None else value.get(name) for value in column]
        return array_of(column, path)

    fields = [table.schema.field(name) if name in waiting else pa.field(name, _kind(values(name))) for name in records]
    return Given(form, count, pa.schema(fields), take)


def _of_urls(records: Any, url: str) -> Given:
    schema = pa.schema([(url, pa.string())])
    if isinstance(records, pa.Array | pa.ChunkedArray):
        table = pa.table([records], [url])
        return Given(Form.TABLE, len(records), schema, lambda _: _taken(table, url), urls_only=True)
    column = _is_column(records)
    values = _listed(records) if column else [records.as_py() if isinstance(records, pa.Scalar) else _scalar(records)]
    form = Form.BATCH if column else Form.ROW
    return Given(form, len(values), schema, lambda _: array_of(values, url), urls_only=True)


def _is_column(value: Any) -> bool:
    if isinstance(value, str | bytes):
        return False
    return isinstance(value, Sequence) or getattr(value, "ndim", 0) > 0


def _listed(column: Any) -> Any:
    return np.asarray(column) if hasattr(column, "__array__") else list(column)


def _scalar(value: Any) -> Any:
    return np.asarray(value)[()] if hasattr(value, "__array__") and hasattr(value, "ndim") else value


def _kind(values: Any) -> pa.DataType:
    """Tell structs, whose fields can be columns, from nulls and from everything else."""
    first = next((value for value in values if value is not None), None)
    if first is None:
        return pa.null()
    if not isinstance(first, Mapping):
        return pa.string()
    names = dict.fromkeys(name for value in values if value is not None for name in value)
    inner = {name: [None if value is None else value.get(name) for value in values] for name in names}
    return pa.struct([(name, _kind(column)) for name, column in inner.items()])


def array_of(values: Any, path: str) -> pa.Array:
    """Bring the values of a column into Arrow; missing values of pandas are nulls.

    Raises:
        InputError: they are of several types, or of one that Arrow has none for. The message names types, no values.
    """
    try:
        return pa.array(values, from_pandas=True)
    except UnicodeEncodeError:
        # Half a surrogate pair: as octets it is no valid UTF-8, which holds the record instead of ending the run.
        return pa.array([v.encode("utf-8", "surrogatepass") if isinstance(v, str) else v for v in values], pa.binary())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        raise InputError(
            f"column {path!r} holds values that cannot be read: {', '.join(kinds)}",
            hint="give a row (dict), a batch (dict of lists), an Arrow table, or URLs; whole datasets go to screen()",
            column=path,
        ) from None
