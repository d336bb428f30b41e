"""What each row's own response and page state, as lines (`signals.page_fields`), out of whatever columns kept them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from rightful.screening.columns import column, is_text, kind_at
from rightful.screening.fact_columns import texts_of
from rightful.screening.labels import as_text
from rightful.signals.page_fields import FIELD_ROLES, READ_ROLES
from rightful.signals.page_lines import HEADERS_THAT_STATE, HEADERS_WITHOUT, SEVERAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rightful.screening.columns import Columns

_TEXT = pa.large_string()


def page_lines(batch: pa.RecordBatch, columns: Columns) -> pa.Array | None:
    """Put what the columns of a batch keep of responses and pages into lines; null where a row has none.

    None where no such column is there.
    """
    joined: pa.Array | None = None
    for lines in _by_role(batch, columns):
        if joined is None:
            joined = lines
            continue
        # Not with `null_handling="skip"`: it loses rows in which all are null.
        both = pc.binary_join_element_wise(joined, lines, pa.scalar("\n", _TEXT))
        joined = pc.coalesce(both, joined, lines)
    return joined


def _by_role(batch: pa.RecordBatch, columns: Columns) -> Iterator[pa.Array]:
    for role in FIELD_ROLES:
        path = getattr(columns, role)
        if path is not None:
            yield _field(batch, role, path)
    for role, reader in READ_ROLES.items():
        path = getattr(columns, role)
        if path is not None:
            prefilter = HEADERS_THAT_STATE if role == "http_headers" else ""
            yield _read(column(batch, path), kind_at(batch.schema, path), reader, prefilter)


def _field(batch: pa.RecordBatch, role: str, path: str) -> pa.Array:
    kind = kind_at(batch.schema, path)
    texts = texts_of(batch, path)[0] if is_text(kind) else as_text(column(batch, path)).cast(_TEXT)
    one_line = pc.replace_substring_regex(texts, r"[\r\n]+", SEVERAL)
    stated = pc.not_equal(pc.utf8_trim_whitespace(one_line), "")
    line = pc.binary_join_element_wise(pa.scalar(f"{role}:", _TEXT), one_line, pa.scalar(" ", _TEXT))
    return pc.if_else(pc.fill_null(stated, False), line, pa.scalar(None, _TEXT))  # noqa: FBT003 - what null becomes


def _read(array: pa.Array, kind: pa.DataType, reader: Callable[[Any], str], prefilter: str) -> pa.Array:
    """Read lines out of each distinct value; of headers only out of those that may state something."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not is_text(kind) or pa.types.is_null(kind):
        return pa.array([_lines(reader, value) for value in array.to_pylist()], _TEXT)
    octets = array if pa.types.is_binary(array.type) else array.cast(pa.large_binary())
    without = None
    if prefilter:
        states = pc.match_substring_regex(octets, prefilter)
        without = pc.if_else(states, pa.scalar(None, _TEXT), pa.scalar(HEADERS_WITHOUT, _TEXT))
        octets = pc.if_else(states, octets, pa.scalar(None, octets.type))
    encoded = octets.dictionary_encode()
    lines = pa.array([_lines(reader, value) for value in encoded.dictionary.to_pylist()], _TEXT)
    read = lines.take(encoded.indices)
    return read if without is None else pc.coalesce(read, without)


def _lines(reader: Callable[[Any], str], value: Any) -> str | None:
    """Read one value; octets as the reader wants them, since a page tells its own encoding."""
    return (reader(value) or None) if value is not None else None
