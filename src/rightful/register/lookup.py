"""Look-ups in an exported register, a batch of keys at a time.

Hashes are spread evenly, so their upper bits tell of most keys that they are not there, and lead to a bucket of a few
rows, in which a binary search ends. Where a hash is found, marks are compared, of every row that has the hash with that
of every key that has it: a collision removes nobody's record, and several people may name one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from rightful.register.export_writing import BITS_OF_STATE, fixed_octets
from rightful.register.register_file import MARK_OCTETS

if TYPE_CHECKING:
    import pyarrow as pa

    from rightful.register.register_file import RegisterFile
    from rightful.register.wanted import Wanted

_BLOCK = 16_384  # hashes: the scratch arrays of a search stay in the processor's cache
_WORD = 64
_BITS_A_ROW = 8  # of the filter: one of ten hashes or fewer is searched in vain
_BIT = np.left_shift(np.uint8(1), np.arange(8, dtype=np.uint8))
_MOST_INT32 = np.iinfo(np.int32).max
_LAST = np.uint64(2**_WORD - 1)


class HashSearch:
    """Finds the rows of a hash among sorted hashes."""

    def __init__(self, hashes: np.ndarray) -> None:
        self.hashes = hashes
        bits = max(1, len(hashes).bit_length() - 4)  # eight to sixteen rows a bucket
        self._shift = np.uint64(_WORD - bits)
        edges = np.arange(1 << bits, dtype=np.uint64) << self._shift
        starts = np.append(np.searchsorted(hashes, edges), len(hashes))
        self._starts = starts.astype(np.int32 if len(hashes) <= _MOST_INT32 else np.int64)
        bits = max(6, (len(hashes) * _BITS_A_ROW - 1).bit_length())
        self._filter_shift = np.uint64(_WORD - bits)
        self._filter = np.zeros(1 << bits - 3, np.uint8)
        for start in range(0, len(hashes), _BLOCK):
            np.bitwise_or.at(self._filter, *self._filtered(hashes[start : start + _BLOCK]))

    def first(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the places in `wanted` of hashes that are there, and the first row of each."""
        places, rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for start in range(0, len(wanted), _BLOCK):
            part = wanted[start : start + _BLOCK]
            byte, bit = self._filtered(part)
            bit &= self._filter.take(byte)
            maybe = np.flatnonzero(bit)
            part = part[maybe]
            at = self._lower_bound(part)
            there = (self.hashes.take(at, mode="clip") == part) & (at < len(self.hashes))
            places.append(maybe[there] + start)
            rows.append(at[there])
        return np.concatenate(places), np.concatenate(rows)

    def _filtered(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the octet and the bit of the filter for every hash."""
        upper = (hashes >> self._filter_shift).astype(np.int64)
        bit = _BIT.take(upper & 7)
        upper >>= 3
        return upper, bit

    def alone(self, first: np.ndarray) -> np.ndarray:
        """Tell of rows, each the first one of its hash, whether they are the only ones of theirs."""
        after = self.hashes.take(first + 1, mode="clip")
        alone: np.ndarray = (after != self.hashes.take(first)) | (first + 1 == len(self.hashes))
        return alone

    def rows(self, first: np.ndarray) -> np.ndarray:
        """Give every row that has the hash of one of the rows `first`, which are the first ones of theirs."""
        own = self.hashes[first]
        ends = np.where(own == _LAST, len(self.hashes), self._lower_bound(own + np.uint64(1)))
        lengths = np.maximum(ends - first, 1)  # in a file that was altered, anything follows anything
        begins = np.cumsum(lengths) - lengths
        rows: np.ndarray = np.arange(int(lengths.sum())) + np.repeat(first - begins, lengths)
        return rows

    def _lower_bound(self, wanted: np.ndarray) -> np.ndarray:
        """Give the first row whose hash is not below each of the wanted ones."""
        bucket = (wanted >> self._shift).astype(np.int64)
        low: np.ndarray = self._starts.take(bucket).astype(np.int64)
        bucket += 1
        left: np.ndarray = self._starts.take(bucket).astype(np.int64)
        left -= low
        for step in range(int(left.max(initial=0)).bit_length() - 1, -1, -1):
            half = 1 << step
            below = self.hashes.take(low + (half - 1), mode="clip") < wanted
            below &= left >= half
            skipped = below * half
            low += skipped
            left -= skipped
        return low


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks keys of one kind up.

    Attributes:
        file: the register.
        start: the first row of the kind.
        search: among the hashes of its rows.
    """

    file: RegisterFile
    start: int
    search: HashSearch

    @classmethod
    def of(cls, file: RegisterFile, start: int, stop: int) -> Lookup:
        """Make ready to look up rows from `start` to `stop`."""
        return cls(file, start, HashSearch(file.numbers("hash")[start:stop]))

    def find(self, wanted: Wanted, bits: np.ndarray, found: set[int]) -> None:
        """Set the state bits of what is wanted, and gather the rows with an effect."""
        places, at = self.search.first(wanted.hashes)
        if not len(places):
            return
        marks = wanted.marks(places)
        alone = self.search.alone(at)
        if alone.all():
            self._compare(wanted.places[places], at + self.start, marks, bits, found)
            return
        self._compare(wanted.places[places[alone]], at[alone] + self.start, marks[alone], bits, found)
        several = ~alone
        places, marks = places[several], marks[several]
        rows = self.search.rows(np.unique(at[several])) + self.start
        keys = _identities(wanted.hashes[places], marks).dictionary_encode()
        place = pc.index_in(
            _identities(self.file.numbers("hash")[rows], self.file.marks[rows]), value_set=keys.dictionary
        )
        of_row = self._bits(rows)
        same = place.is_valid().to_numpy(zero_copy_only=False) & (of_row != 0)
        of_key = np.zeros(len(keys.dictionary), np.uint8)
        np.bitwise_or.at(of_key, place.fill_null(0).to_numpy()[same], of_row[same])
        bits[wanted.places[places]] = of_key[keys.indices.to_numpy()]
        found.update(rows[same].tolist())

    def _compare(
        self, places: np.ndarray, rows: np.ndarray, marks: np.ndarray, bits: np.ndarray, found: set[int]
    ) -> None:
        """Compare marks, each with that of the one row that it can be the mark of."""
        of_row = self._bits(rows)
        for part, own in zip(_parts(marks), _parts(self.file.marks.take(rows, axis=0)), strict=True):
            of_row[part != own] = 0
        bits[places] = of_row
        found.update(rows[of_row != 0].tolist())

    def _bits(self, rows: np.ndarray) -> np.ndarray:
        found: np.ndarray = BITS_OF_STATE.take(self.file.numbers("state").take(rows), mode="clip")
        return found


def _parts(marks: np.ndarray) -> np.ndarray:
    """Give marks as numbers, which are compared faster than octets."""
    parts: np.ndarray = np.ascontiguousarray(marks).view(np.uint32).T
    return parts


def _identities(hashes: np.ndarray, marks: np.ndarray) -> pa.FixedSizeBinaryArray:
    """Put hash and mark together: what no two keys have in common."""
    octets = np.empty((len(hashes), hashes.itemsize + MARK_OCTETS), np.uint8)
    octets[:, : hashes.itemsize] = hashes.view(np.uint8).reshape(-1, hashes.itemsize)
    octets[:, hashes.itemsize :] = marks
    return fixed_octets(octets)
