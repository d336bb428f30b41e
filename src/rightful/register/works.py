"""The works of an exported register: their fingerprints as one searchable file.

The sampled shingle hashes of all works lie under a key (`keyed`) in one ascending column, the work of each beside it.

How common a shingle is, is kept with it: in how many unrelated works it stands, and in how many documents of a
background that are no copies of the work. A match on what is common excludes nothing. Works that are nearly the same
count once: copies of a work do not make its own words common. What is in hundreds of them, and licences, cookie notices
and navigation that are everywhere (`notices.toml`), is no part of any work.
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.register.fingerprint import PERMUTATIONS, Fingerprint
from rightful.register.keyed import KEY_OCTETS, keyed, new_key
from rightful.register.shingles import shingles_of
from rightful.register.works_columns import MOST, with_tables, write_columns
from rightful.register.works_index import WorksIndex, portions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["WorksIndex", "merge_works", "works_in_memory", "write_works"]

_BANDS = 16  # of 8 values: signatures that agree in one are of nearly the same text


def write_works(
    works: Iterable[Fingerprint],
    file: Path,
    *,
    key: bytes | None = None,
    background: Iterable[Sequence[str]] = (),
    before: WorksIndex | None = None,
    states: tuple[pa.Array, pa.Array] | None = None,
) -> str:
    """Write an index of works; of several with one digest, one.

    Args:
        works: their fingerprints.
        file: to write; there whole or not at all.
        key: that their hashes are put under; a new one if not given.
        background: batches of unrelated documents, to tell what is common.
        before: an earlier index, with its key: what it knows to be common of a work stays so.
        states: digests (32 octets) of the works that are taken, and of those that are verified, if others are among
            them. Others make nothing common: nobody frees the copies of a work by claiming works that quote it.

    Returns:
        The digest of the index: the same whatever the order of the works.
    """
    key = key or new_key()
    return write_columns(_laid_out(works, key, background, before, states), file, key)


def works_in_memory(works: Iterable[Fingerprint], key: bytes = bytes(KEY_OCTETS)) -> WorksIndex:
    """Index works without writing anything: what is common is counted among them alone. In order of their digests."""
    return WorksIndex(Path(), with_tables(_laid_out(works, key)), "", key)


def _laid_out(
    works: Iterable[Fingerprint],
    key: bytes,
    background: Iterable[Sequence[str]] = (),
    before: WorksIndex | None = None,
    states: tuple[pa.Array, pa.Array] | None = None,
) -> dict[str, np.ndarray]:
    distinct = {work.digest: work for work in works}
    ordered = [distinct[digest] for digest in sorted(distinct)]
    counts = np.ones(len(ordered), bool)
    if states is not None:
        taken, counts = (_among(ordered, digests) for digests in states)
        ordered, counts = [work for work, take in zip(ordered, taken.tolist(), strict=True) if take], counts[taken]
    plain = np.concatenate([np.empty(0, np.uint64), *(work.hashes for work in ordered)])
    hashes = keyed(plain, key)
    owner = np.repeat(np.arange(len(ordered), dtype=np.uint32), [len(work.hashes) for work in ordered])
    order = np.argsort(hashes, kind="stable")
    columns = {
        "hash": hashes[order],
        "work": owner[order],
        "digest": np.frombuffer(b"".join(bytes.fromhex(work.digest) for work in ordered), np.uint8),
        "shingles": np.array([work.shingles for work in ordered], np.uint32),
        "scale": np.array([work.scale for work in ordered], np.uint8),
    }
    minhash = np.concatenate([np.empty(0, np.uint32), *(work.minhash for work in ordered)]).reshape(-1, PERMUTATIONS)
    counted = _frequency_among_works(columns, minhash, counts).astype(np.int64)
    columns["frequency"] = counted
    index = WorksIndex(Path(), with_tables(columns), "", key)
    for texts in background:
        counted = counted + index.frequency_in(texts)
    if before is not None and before.key is not None:
        counted = np.maximum(counted, _known_by(before, index, plain[order]))
    columns["frequency"] = np.minimum(counted, MOST).astype(np.uint8)
    everywhere = np.isin(columns["hash"], index.under_key(shingles_of(notices()).hashes))
    return _without(columns, everywhere | (columns["frequency"] == MOST))


def _among(works: Sequence[Fingerprint], digests: pa.Array) -> np.ndarray:
    own = pa.array([bytes.fromhex(work.digest) for work in works], digests.type)
    found: np.ndarray = pc.is_in(own, value_set=digests).to_numpy(zero_copy_only=False)
    return found


def _known_by(before: WorksIndex, index: WorksIndex, plain: np.ndarray) -> np.ndarray:
    """Give how common an earlier index knows each entry to be; 0 of works and hashes that it has not.

    `plain` are the entries' hashes under no key.
    """
    number = {index.digest_of(work): work for work in range(len(index))}
    work_now = np.array([number.get(before.digest_of(work), -1) for work in range(len(before))], np.int64)
    known = np.zeros(len(index.hashes), np.int64)
    for part in portions(np.ones(len(index.hashes), np.int64)):
        at, entries = before.runs_with(before.under_key(plain[part])).entries()
        of_work = work_now[before.works[entries]] == index.works[part][at]
        known[part.start + at[of_work]] = before.frequency[entries[of_work]]
    return known


@functools.cache
def notices() -> tuple[str, ...]:
    """Give the texts that stand everywhere: licences' notices, cookies, navigation."""
    text = resources.files("rightful.register").joinpath("notices.toml").read_text(encoding="utf-8")
    return tuple(row["text"] for row in tomllib.loads(text)["notices"])


def _without(columns: dict[str, np.ndarray], dropped: np.ndarray) -> dict[str, np.ndarray]:
    """Leave out entries that count under no policy."""
    return columns | {name: columns[name][~dropped] for name in ("hash", "work", "frequency")}


def merge_works(indexes: Sequence[WorksIndex], file: Path) -> str | None:
    """Write one index of the works of several, without their texts and keys; None where there are none.

    How common a shingle of a work is stays as an index has it, the rarest where several do: what was found by one of
    them is found by all of them together. `write_works` counts anew.
    """
    digests = [index.digest_of(work) for index in indexes for work in range(len(index))]
    if not digests:
        return None
    distinct = sorted(set(digests))
    number = {digest: place for place, digest in enumerate(distinct)}
    numbers = np.array([number[digest] for digest in digests], np.uint32)
    starts = np.cumsum([0, *(len(index) for index in indexes)])
    owner = np.concatenate([numbers[index.works + start] for index, start in zip(indexes, starts[:-1], strict=True)])
    hashes = np.concatenate([index.hashes for index in indexes])
    frequency = np.concatenate([index.frequency for index in indexes])
    order = np.lexsort((frequency, owner, hashes))  # of one hash of one work the rarest comes first
    hashes, owner, frequency = hashes[order], owner[order], frequency[order]
    first = np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])))[: len(hashes)]
    columns = {"hash": hashes[first], "work": owner[first], "frequency": frequency[first]}
    _, chosen = np.unique(numbers, return_index=True)
    by_work = [index.of_works(np.arange(len(index))) for index in indexes]
    for name, width in (("digest", 32), ("shingles", 1), ("scale", 1)):
        columns[name] = np.concatenate([each[name] for each in by_work]).reshape(-1, width)[chosen].ravel()
    return write_columns(columns, file)


def _frequency_among_works(columns: dict[str, np.ndarray], minhash: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Count, for every entry, the unrelated works that have its hash, besides its own; of works that count."""
    hashes = columns["hash"]
    if not len(hashes):
        return np.empty(0, np.uint8)
    again = hashes[1:] == hashes[:-1]
    several = np.concatenate((again, [False])) | np.concatenate(([False], again))  # most hashes are one work's
    frequency = np.zeros(len(hashes), np.uint8)
    if not several.any():
        return frequency
    work = columns["work"][several]
    group, counting = _related(minhash)[work], counts[work]
    run = np.cumsum(np.diff(hashes[several], prepend=hashes[several][:1]) != 0)
    many = int(group.max()) + 1
    pair = run * many + group
    pairs = np.unique(pair[counting])
    unrelated = np.bincount(pairs // many, minlength=int(run[-1]) + 1)
    own = np.isin(pair, pairs)  # its own work, or one that is nearly the same, is among those that were counted
    frequency[several] = np.minimum(unrelated[run] - own, MOST)
    return frequency


def _related(minhash: np.ndarray) -> np.ndarray:
    """Number the groups of works that are nearly the same: whose signatures agree in a whole band."""
    group = np.arange(len(minhash))
    width = PERMUTATIONS // _BANDS
    for band in range(_BANDS):
        part = np.ascontiguousarray(minhash[:, band * width : (band + 1) * width]).view(f"V{width * 4}").ravel()
        _, first, member = np.unique(part, return_index=True, return_inverse=True)
        if len(first) == len(part):
            continue
        for one, other in zip(*_unequal(group, group[first][member]), strict=True):
            _join(group, int(one), int(other))
    while True:
        flat = group[group]
        if (flat == group).all():
            return group
        group = flat


def _unequal(one: np.ndarray, other: np.ndarray) -> tuple[list[int], list[int]]:
    differing = np.flatnonzero(one != other)
    return one[differing].tolist(), other[differing].tolist()


def _join(group: np.ndarray, one: int, other: int) -> None:
    while group[one] != one:
        one = int(group[one])
    while group[other] != other:
        other = int(group[other])
    group[max(one, other)] = min(one, other)
