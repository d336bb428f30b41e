"""The works of a register, mapped into memory: which of them have a shingle hash, and how common it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rightful.errors import RegisterError
from rightful.register.keyed import keyed
from rightful.register.shingles import shingles_of
from rightful.register.works_columns import bit_table, bucket_table, columns_digest, read_columns, write_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_ENTRIES = 1 << 22  # looked at together: what is computed of them is small beside what is mapped
_COPY = 0.5  # a document that has so much of a work is a copy of it, not another document with the same boilerplate


class Runs(NamedTuple):
    """Where hashes that were looked for are found.

    Attributes:
        at: positions of those that are there, ascending.
        first: the first entry of each.
        counts: how many entries each has: as many as works have the hash.
    """

    at: np.ndarray
    first: np.ndarray
    counts: np.ndarray

    def part(self, which: slice) -> Runs:
        """Give some of them."""
        return Runs(self.at[which], self.first[which], self.counts[which])

    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """Give positions, and the entry found for each; a hash that several works have, several times."""
        begins = np.cumsum(self.counts) - self.counts
        entries = np.repeat(self.first - begins, self.counts) + np.arange(int(self.counts.sum()))
        return np.repeat(self.at, self.counts), entries


def portions(sizes: np.ndarray) -> Iterator[slice]:
    """Cut what has these sizes into parts that are looked at together; what is larger than that is one by itself."""
    total = np.concatenate(([0], np.cumsum(sizes)))
    start = 0
    while start < len(sizes):
        stop = max(int(np.searchsorted(total, total[start] + _ENTRIES, "right")) - 1, start + 1)
        yield slice(start, stop)
        start = stop


class WorksIndex:
    """The works of a register, mapped into memory.

    Attributes:
        path: the file.
        digest: `sha256:<hex>` over its columns, as its metadata states it (`verify` computes it again).
        key: what hashes are under (`keyed`); None in the evidence of a run: texts cannot be compared with it.
    """

    def __init__(self, path: Path, columns: dict[str, np.ndarray], digest: str, key: bytes | None = None) -> None:
        self.key = key
        self.path = path
        self.digest = digest
        self._columns = columns
        self._distinctive: dict[int, np.ndarray] = {}
        self.hashes = columns["hash"]
        self.works = columns["work"]
        self.frequency = columns["frequency"]
        self.scales = columns["scale"]
        self.shingles = columns["shingles"]

    @classmethod
    def open(cls, path: str | Path, digest: str | None = None) -> WorksIndex:
        """Open a file of `write_works`; with `digest`, only if it is that one.

        Raises:
            RegisterError: there is no such file, or it is another one than this version reads or was asked for.
        """
        file = Path(path)
        columns, stated, key = read_columns(file)
        if digest is not None and stated != digest:
            raise RegisterError(
                f"{file} has the fingerprints {stated[:19]}…, and the register was exported with {digest[:19]}…"
            )
        return cls(file, columns, stated, key)

    def with_key(self, key: bytes | None) -> WorksIndex:
        """Give the same works with the key that (some of) their hashes are under, which the file does not hold."""
        return WorksIndex(self.path, self._columns, self.digest, key)

    def __len__(self) -> int:
        return len(self.scales)

    def verify(self) -> None:
        """Compute the digest again, and see that the columns fit each other.

        Raises:
            RegisterError: the file was altered.
        """
        columns = self._columns
        of_works = {len(columns["digest"]) // 32, len(self.shingles), len(self)}
        of_entries = {len(self.hashes), len(self.works), len(self.frequency)}
        sound = len(of_works) == len(of_entries) == 1 and columns_digest(columns, self.key) == self.digest
        if sound and len(self.hashes):
            sound = bool((self.hashes[1:] >= self.hashes[:-1]).all()) and int(self.works.max()) < len(self)
        for name, made in (("filter", bit_table), ("bucket", bucket_table)):
            sound = sound and np.array_equal(columns[name], made(self.hashes))
        if not sound:
            raise RegisterError(f"{self.path} was altered: its fingerprints are not what its digest says")

    def digest_of(self, work: int) -> str:
        """Give the digest of a work's canonical text, hex."""
        return bytes(self._columns["digest"][work * 32 : work * 32 + 32]).hex()

    def distinctive(self, common_from: int) -> np.ndarray:
        """Tell how many hashes of each work's sample are not common: in fewer than so many others."""
        if common_from not in self._distinctive:
            counted = np.zeros(len(self), np.int64)
            for first in range(0, len(self.works), _ENTRIES):
                part = slice(first, first + _ENTRIES)
                counted += np.bincount(self.works[part][self.frequency[part] < common_from], minlength=len(self))
            self._distinctive[common_from] = counted
        return self._distinctive[common_from]

    def runs_with(self, hashes: np.ndarray) -> Runs:
        """Find entries by hash: those of one hash lie together."""
        if not len(self.hashes) or not len(hashes):
            return Runs(*[np.empty(0, np.int64)] * 3)
        table = self._columns["filter"]
        place = hashes >> np.uint64(64 - (len(table) * 8 - 1).bit_length())
        marked = table[(place >> np.uint64(3)).astype(np.int64)] >> (place & np.uint64(7)).astype(np.uint8)
        maybe = np.flatnonzero(marked & np.uint8(1))
        first = self._place(hashes[maybe])
        there = self.hashes[np.minimum(first, len(self.hashes) - 1)] == hashes[maybe]
        maybe, first = maybe[there], first[there]
        counts = np.ones(len(first), np.int64)
        after = np.minimum(first + 1, len(self.hashes) - 1)
        shared = np.flatnonzero((after > first) & (self.hashes[after] == hashes[maybe]))
        counts[shared] = np.searchsorted(self.hashes, hashes[maybe[shared]], "right") - first[shared]
        return Runs(maybe, first, counts)

    def _place(self, hashes: np.ndarray) -> np.ndarray:
        """Give where each hash is, or would be, in the ascending column."""
        starts = self._columns["bucket"]
        bits = (len(starts) - 1).bit_length() - 1
        part = (hashes >> np.uint64(63 - bits) >> np.uint64(1)).astype(np.int64)
        at, end = starts[part].astype(np.int64), starts[part + 1].astype(np.int64)
        left = np.arange(len(hashes))
        while len(left):
            place = at[left]
            left = left[(place < end[left]) & (self.hashes[np.minimum(place, len(self.hashes) - 1)] < hashes[left])]
            at[left] += 1
        return at

    def frequency_in(self, texts: Sequence[str]) -> np.ndarray:
        """Count, by entry, the documents that have its hash and are no copies of its work."""
        shingles = shingles_of(texts)
        at, entries = self.runs_with(self.under_key(shingles.hashes)).entries()
        text = np.searchsorted(shingles.starts, at, "right") - 1
        pair = text * max(len(self), 1) + self.works[entries]
        _, member, shared = np.unique(pair, return_inverse=True, return_counts=True)
        sampled = np.bincount(self.works, minlength=len(self))[self.works[entries]]
        other = shared[member] < _COPY * sampled
        return np.bincount(entries[other], minlength=len(self.hashes))

    def under_key(self, hashes: np.ndarray) -> np.ndarray:
        """Give hashes of texts as the works' are.

        Raises:
            RegisterError: there is no key.
        """
        if self.key is None:
            raise RegisterError(
                f"{self.path} is the evidence of a run: texts cannot be compared with it",
                hint="compare them with the exported register",
            )
        return keyed(hashes, self.key)

    def part(self, digests: Collection[str], file: Path) -> str | None:
        """Write the works of some digests as an index of its own, with how common theirs is, and without the key."""
        chosen = np.array([self.digest_of(n) in digests for n in range(len(self))], bool)
        if not chosen.any():
            return None
        entries = np.flatnonzero(chosen[self.works]) if len(self.works) else np.empty(0, np.int64)
        number = np.cumsum(chosen) - 1
        columns = {
            "hash": self.hashes[entries],
            "work": number[self.works[entries]].astype(np.uint32),
            "frequency": self.frequency[entries],
            **self.of_works(chosen),
        }
        return write_columns(columns, file)

    def of_works(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """Give the columns by work, of the works that a mask or a list of numbers chooses."""
        return {
            "digest": self._columns["digest"].reshape(-1, 32)[chosen].ravel(),
            "shingles": self.shingles[chosen],
            "scale": self.scales[chosen],
        }
