"""Which types a column may have for what it holds."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable


def kind_at(schema: pa.Schema, path: str) -> pa.DataType:
    """Give the type at a path; dictionaries count as what they hold."""
    if path in schema.names:
        kind = schema.field(schema.names.index(path)).type
    else:
        head, *inner = path.split(".")
        kind = schema.field(schema.names.index(head)).type
        for name in inner:
            kind = kind.field(name).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


_OF_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def without_views(schema: pa.Schema) -> pa.Schema:
    """Give a schema with plain text in the place of views, of which Arrow can select no rows."""
    for at, field in enumerate(schema):
        if field.type in _OF_VIEWS:
            schema = schema.set(at, field.with_type(_OF_VIEWS[field.type]))
    return schema


def plain_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give a batch without views of text (`without_views`); most have none, and are given back."""
    schema = batch.schema
    plain = without_views(schema)
    return batch if plain is schema else batch.cast(plain)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column of this type is read as text."""
    return any(
        test(kind)
        for test in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
            pa.types.is_binary, pa.types.is_large_binary, pa.types.is_null,
        )
    )  # fmt: skip


def is_texts(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds a text, or a list of them, in each row."""
    return is_text(kind) or (is_list(kind) and is_text(kind.value_type))


def is_list(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds a list in each row."""
    return any(test(kind) for test in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def _is_time(kind: pa.DataType) -> bool:
    tests = (is_text, pa.types.is_integer, pa.types.is_timestamp, pa.types.is_date)
    return any(test(kind) for test in tests)


def _is_scalar(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind)


def _is_year(kind: pa.DataType) -> bool:
    return is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_headers(kind: pa.DataType) -> bool:
    return is_text(kind) or pa.types.is_nested(kind)


FITS: dict[str, Callable[[pa.DataType], bool]] = defaultdict(
    lambda: is_text,
    {
        "fetched_at": _is_time,
        "id": _is_scalar,
        "tdm_reservation": _is_scalar,
        "http_status": _is_scalar,
        "http_headers": _is_headers,
        "author_died": _is_year,
        "published": _is_year,
        **dict.fromkeys(("x_robots_tag", "meta_robots", "content_usage", "content_signal", "page_licence"), is_texts),
    },
)


WANTED = {
    "fetched_at": "a time, a number or text",
    "http_status": "a number or text",
    **dict.fromkeys(("author_died", "published"), "a year: a number or text"),
    "http_headers": "text, a map, or a list of names and values",
    **dict.fromkeys(("x_robots_tag", "meta_robots", "content_usage", "content_signal"), "text, or a list of texts"),
}
