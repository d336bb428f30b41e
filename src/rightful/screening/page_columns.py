"""What each row's own response and page state, as lines (`signals.page_fields`), out of whatever columns kept them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.screening.column_kinds import is_list, is_text, kind_at
from rightful.screening.columns import column
from rightful.screening.fact_columns import texts_of
from rightful.screening.labels import as_text
from rightful.signals.header_forms import NAMES_OF_FORMS
from rightful.signals.page_fields import FIELD_ROLES, READ_ROLES
from rightful.signals.page_lines import HEADERS_THAT_STATE, HEADERS_WITHOUT, SEVERAL, WRAPPED_VALUE, is_read, of_field

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
        for path in columns.paths(role):
            yield _field(batch, role, path)
    for role, reader in READ_ROLES.items():
        for path in columns.paths(role):
            prefilter = HEADERS_THAT_STATE if role == "http_headers" else ""
            array = column(batch, path)
            if role == "http_headers" and pa.types.is_struct(array.type):
                array = _fields_that_state(array)
            yield _read(array, reader, prefilter)


def _field(batch: pa.RecordBatch, role: str, path: str) -> pa.Array:
    kind = kind_at(batch.schema, path)
    if is_list(kind):
        texts = pc.binary_join(column(batch, path).cast(pa.list_(_TEXT)), pa.scalar(SEVERAL, _TEXT))
    else:
        texts = texts_of(batch, path)[0] if is_text(kind) else as_text(column(batch, path)).cast(_TEXT)
    one_line = pc.replace_substring_regex(texts, r"[\r\n]+", SEVERAL)
    stated = pc.not_equal(pc.utf8_trim_whitespace(one_line), "")
    line = pc.binary_join_element_wise(pa.scalar(f"{role}:", _TEXT), one_line, pa.scalar(" ", _TEXT))
    lines = pc.if_else(pc.fill_null(stated, False), line, pa.scalar(None, _TEXT))  # noqa: FBT003 - what null becomes
    wrapped = pc.fill_null(pc.match_substring_regex(texts, WRAPPED_VALUE), False)  # noqa: FBT003
    if not pc.any(wrapped).as_py():
        return lines
    rows = np.flatnonzero(wrapped.to_numpy(zero_copy_only=False))
    unwrapped = [of_field(role, text) or None for text in texts.take(rows).to_pylist()]
    return pc.replace_with_mask(lines, wrapped, pa.array(unwrapped, _TEXT))


def _fields_that_state(array: pa.StructArray) -> pa.Array:
    """Leave of a struct of headers those that are read: a row has a hundred others."""
    names = [field.name for field in array.type]
    if any(name.lower() in NAMES_OF_FORMS for name in names):
        return array  # its fields are no headers: names and values, or what HAR has
    kept = [name for name in names if is_read(name)]
    if not kept:
        return pa.array([{}] * len(array), pa.struct([]), mask=array.is_null().to_numpy(zero_copy_only=False))
    return pa.StructArray.from_arrays([pc.struct_field(array, name) for name in kept], kept, mask=array.is_null())


def _read(array: pa.Array, reader: Callable[[Any], str], prefilter: str) -> pa.Array:
    """Read lines out of each distinct value; of headers only out of those that may state something."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not is_text(array.type) or pa.types.is_null(array.type):
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
