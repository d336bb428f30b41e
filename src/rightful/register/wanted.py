"""What is looked up in a register: keys as the batch has them, and the hashes they are found by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.register import key_hash
from rightful.register.export_writing import DIGEST_OCTETS, fixed_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_AT_A_TIME = 131_072  # keys: beyond that a batch is no faster, and needs more memory
_HEX = 2 * DIGEST_OCTETS
_HEX_OF_HASH = 16
_NO_DIGIT = np.uint8(0xFF)
_NIBBLES = np.full(256, _NO_DIGIT, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys without nulls.

    Attributes:
        places: where in the batch each of them is.
        hashes: of each.
        marks: gives those of some of the keys, a row of octets each.
    """

    places: np.ndarray
    hashes: np.ndarray
    marks: Callable[[np.ndarray], np.ndarray]


def wanted_keys(keys: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> Iterator[Wanted]:
    """Bring keys of any kind but content into portions."""
    for places, part in _portions(_column(keys)):
        yield Wanted(places, key_hash.key_hashes(part), partial(_marks_of_keys, part))


def wanted_hex(keys: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> Iterator[Wanted]:
    """Bring digests in hex into portions. A key of another form is no digest's, and found nowhere."""
    for places, part in _portions(_column(keys)):
        sized = pc.binary_length(part).to_numpy() == _HEX
        digits = _digits(part if sized.all() else part.filter(pa.array(sized)))
        hashes = key_hash.digest_hashes(_octets(np.ascontiguousarray(digits[:, :_HEX_OF_HASH])))
        yield Wanted(places[sized], hashes, partial(_marks_of_hex, digits))


def wanted_digests(digests: np.ndarray | Sequence[bytes | None] | pa.Array) -> Iterator[Wanted]:
    """Bring digests of 32 octets into portions."""
    if isinstance(digests, np.ndarray):
        octets, places = digests.reshape(-1, DIGEST_OCTETS), np.arange(len(digests))
    else:
        column = digests if isinstance(digests, pa.Array) else pa.array(digests, pa.binary(DIGEST_OCTETS))
        column = column.cast(pa.binary(DIGEST_OCTETS))
        begin = column.offset * DIGEST_OCTETS
        data = np.frombuffer(column.buffers()[1] or b"", np.uint8)
        octets = data[begin : begin + len(column) * DIGEST_OCTETS].reshape(-1, DIGEST_OCTETS)
        places = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    for start in range(0, len(places), _AT_A_TIME):
        part = places[start : start + _AT_A_TIME]
        rows = octets[start : start + _AT_A_TIME] if len(places) == len(octets) else octets[part]
        yield Wanted(part, key_hash.digest_hashes(rows), partial(_marks_of_digests, rows))


def _column(keys: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(keys, pa.ChunkedArray):
        return keys.combine_chunks()
    if isinstance(keys, pa.Array):
        return keys
    try:
        return pa.array(keys, pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate has octets nevertheless: those it was exported with
        octets = [None if key is None else key.encode("utf-8", "surrogatepass") for key in keys]
        return pa.array(octets, pa.large_binary())


def _portions(keys: pa.Array) -> Iterator[tuple[np.ndarray, pa.LargeBinaryArray]]:
    for start in range(0, len(keys), _AT_A_TIME):
        part = keys.slice(start, _AT_A_TIME).cast(pa.large_binary())
        places = np.arange(start, start + len(part))
        if part.null_count:
            places = places[part.is_valid().to_numpy(zero_copy_only=False)]
            part = part.drop_null()
        yield places, part


def _digits(keys: pa.LargeBinaryArray) -> np.ndarray:
    """Give keys of 64 characters as rows of octets."""
    if not len(keys):
        return np.empty((0, _HEX), np.uint8)
    first = int(np.frombuffer(keys.buffers()[1], np.int64, 1, keys.offset * 8)[0])
    return np.frombuffer(keys.buffers()[2], np.uint8, len(keys) * _HEX, first).reshape(-1, _HEX)


def _octets(digits: np.ndarray) -> np.ndarray:
    nibbles = _NIBBLES.take(digits)
    octets: np.ndarray = (nibbles[:, ::2] << np.uint8(4)) | nibbles[:, 1::2]
    return octets


def _marks_of_keys(keys: pa.LargeBinaryArray, some: np.ndarray) -> np.ndarray:
    return key_hash.key_marks(keys.take(pa.array(some)))


def _marks_of_hex(digits: np.ndarray, some: np.ndarray) -> np.ndarray:
    chosen = digits[some]
    marks = key_hash.digest_marks(_octets(chosen))
    unsound = (_NIBBLES.take(chosen) == _NO_DIGIT).any(axis=1)
    if unsound.any():  # then its octets are nonsense; the mark of its characters is no digest's
        marks = marks.copy()
        marks[unsound] = key_hash.key_marks(fixed_octets(chosen[unsound]))
    return marks


def _marks_of_digests(octets: np.ndarray, some: np.ndarray) -> np.ndarray:
    return key_hash.digest_marks(octets[some])
