"""Columns of a batch as codes: one code a row and fact, and what the codes mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.moment import parse_time
from rightful.facts.situation import ROBOTS_CODES, RobotsFact
from rightful.screening.columns import column, text_column
from rightful.snapshot.capture_index import NO_TIME

_T = TypeVar("_T")
_ABSENT = -1
_KEPT_VALUES = 100_000
UNREADABLE = "\N{REPLACEMENT CHARACTER}"  # what cannot be read is a value no closed list has
_NAMED = ROBOTS_CODES.index(RobotsFact.NAMED)


@dataclass(slots=True)
class Coded:
    """One fact of every row: a code, and what the codes mean (None: they mean themselves)."""

    codes: np.ndarray
    values: Any

    def value(self, row: int) -> Any:
        """Give what the code of a row means; None where nothing is stated."""
        code = int(self.codes[row])
        if self.values is None:
            return code
        return None if code == _ABSENT else self.values[code]


class Interned:
    """One object for all equal values: statements are long to compare, and thousands of files say the same few."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def one(self, value: _T) -> _T:
        """Give the object that stands for a value."""
        if len(self._known) >= _KEPT_VALUES:
            self._known.clear()
        found: _T = self._known.setdefault(value, value)
        return found


def coded(batch: pa.RecordBatch, path: str | None) -> Coded:
    """Code a column of text by its distinct values; null, empty and blank state nothing, unreadable octets do."""
    if path is None:
        return Coded(np.full(batch.num_rows, _ABSENT, np.int8), ())
    texts, broken = texts_of(batch, path)
    if broken is not None:
        texts = pc.if_else(broken, pa.scalar(UNREADABLE, texts.type), texts)
    encoded = texts.dictionary_encode()
    codes = encoded.indices.fill_null(_ABSENT).to_numpy()
    values: list[str] = encoded.dictionary.to_pylist()
    blank = np.array([not value.strip() for value in values] or [False])
    return Coded(np.where((codes >= 0) & blank[codes], _ABSENT, codes), values)


def texts_of(batch: pa.RecordBatch, path: str | None) -> tuple[pa.Array, pa.Array | None]:
    """Give a column as text, and which rows are no valid UTF-8 (`columns.text_column`); nulls without a column."""
    if path is None:
        return pa.nulls(batch.num_rows, pa.large_string()), None
    return text_column(batch, path)


def stricter(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Join two facts: the more restrictive; of two denials, both."""
    both = (one >= _NAMED) & (other >= _NAMED)
    joined: np.ndarray = np.where(
        both, ((one - _NAMED + 1) | (other - _NAMED + 1)) + _NAMED - 1, np.maximum(one, other)
    )
    return joined


# Whole numbers are seconds; those too large for that are milliseconds, microseconds, nanoseconds.
_SECONDS_END = 100_000_000_000
_STEP = 1_000
_FIRST_SECOND = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


def times_of(batch: pa.RecordBatch, path: str | None) -> np.ndarray | None:
    """Give fetch times as seconds since 1970; what cannot be read as a time is unknown."""
    if path is None:
        return None
    array = column(batch, path)
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        seconds = array.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    elif pa.types.is_integer(kind):
        seconds = array.cast(pa.int64(), safe=False)
        for _ in range(3):
            seconds = pc.if_else(pc.greater(seconds, _SECONDS_END), pc.divide(seconds, _STEP), seconds)
    else:
        encoded = text_column(batch, path)[0].dictionary_encode()
        known = pa.array([_read_time(text) for text in encoded.dictionary.to_pylist()], pa.int64())
        seconds = known.take(encoded.indices)
    values: np.ndarray = seconds.fill_null(int(NO_TIME)).to_numpy(zero_copy_only=False)
    return np.where((values < _FIRST_SECOND) | (values > _LAST_SECOND), int(NO_TIME), values)


def _read_time(text: str) -> int | None:
    try:
        moment = parse_time(text)
    except (ValueError, OverflowError):
        return None
    return None if moment is None else int(moment.timestamp())
