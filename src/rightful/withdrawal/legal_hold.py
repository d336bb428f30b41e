"""Removed records under legal hold: out of every build, and kept where only the holder of a key reads them.

    <root>.sealed    a line that names the form, then chunks: four octets of length, and so many octets that are sealed
    <root>.json      what was sealed: numbers and digests, no text

`root` is that of the new version. A chunk is sealed (AES-256-GCM) together with what it is: the file it belongs to, its
number, and whether it is the last one. So none can be taken away, moved, or put into another file without being found.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.errors import InputError
from rightful.files import digest_of, write_whole
from rightful.withdrawal.aligned import Aligned
from rightful.withdrawal.found import BATCH
from rightful.withdrawal.redecided import ADMITTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from rightful.ledger.run_directory import RunDirectory
    from rightful.register.sealing import Key

_FORM = b"rightful legal hold 1\n"
_CHUNK = 1 << 20
_LENGTH = 4
_MOST = 1 << 26  # octets of a chunk; more is no chunk of ours


def hold_removed(
    before: RunDirectory, after: RunDirectory, shards: Iterable[str], key: Key, folder: Path, *, now: str
) -> Path | None:
    """Seal the records that one version has and the next has not; None where there are none. A hold is written once.

    Args:
        before: the version that has the records.
        after: the next one.
        shards: paths of the shards that lost records.
        key: seals them.
        folder: where the hold is kept; outside of every run.
        now: when it was sealed (ISO 8601).
    """
    root = after.manifest.root
    name = root.removeprefix("sha256:")
    file = folder / f"{name}.sealed"
    lost = list(shards)
    if not lost:
        return None
    if file.exists() and (folder / f"{name}.json").exists():
        return file
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    by_shard: dict[str, int] = {}
    try:
        with scratch.open("wb") as stream, _Sealed(stream, key, root) as sealed:
            writer = None
            for path in lost:
                by_shard[path] = 0
                for records in _removed(before, after, path):
                    if writer is None:
                        writer = pa.ipc.new_stream(sealed, records.schema)
                    by_shard[path] += records.num_rows
                    writer.write_batch(records)
            if writer is not None:
                writer.close()
        told = {
            "format": 1,
            "key": key.id,
            "earlier_root": before.manifest.root,
            "root": root,
            "register": after.manifest.register,
            "records": sum(by_shard.values()),
            "shards": by_shard,
            "sha256": digest_of(scratch),
            "at": now,
        }
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    write_whole(folder / f"{name}.json", (json.dumps(told, indent=1, sort_keys=True) + "\n").encode())
    return file


def _removed(before: RunDirectory, after: RunDirectory, path: str) -> Iterator[pa.RecordBatch]:
    """Give the records of a shard that were admitted and no longer are, as they shipped."""
    number = [file.path for file in before.manifest.data].index(path)
    everything = before.manifest.mode == "label"
    data = Aligned(before.root / path, BATCH)
    old, new = (
        np.concatenate(
            [np.zeros(0, bool)]
            + [
                pc.equal(batch.column("admission"), ADMITTED).to_numpy(zero_copy_only=False)
                for batch in pq.ParquetFile(run.root / run.manifest.ledger[number]).iter_batches(
                    BATCH, columns=["admission"]
                )
            ]
        )
        for run in (before, after)
    )
    gone = (old & ~new) if everything else ~new[old]
    done = 0
    for records in data.next(len(gone)):
        picked = gone[done : done + records.num_rows]
        done += records.num_rows
        if picked.any():
            yield records.filter(pa.array(picked))


def open_hold(file: Path, key: Key) -> pa.Table:
    """Give the records of a hold.

    Raises:
        RegisterError: the key is another one, or a chunk was altered.
        InputError: it is no hold, or not all of it.
    """
    with file.open("rb") as stream:
        octets = b"".join(_chunks(stream, key, f"sha256:{file.stem}", file))
    with pa.ipc.open_stream(io.BytesIO(octets)) as reader:
        return reader.read_all()


def _chunks(stream: BinaryIO, key: Key, root: str, file: Path) -> Iterator[bytes]:
    cut = InputError(f"{file} is no whole legal hold", file=str(file))
    if stream.read(len(_FORM)) != _FORM:
        raise cut
    number = 0
    ahead = stream.read(_LENGTH)
    while ahead:
        length = int.from_bytes(ahead, "big")
        sealed = stream.read(length) if length <= _MOST else b""
        if len(ahead) != _LENGTH or len(sealed) != length:
            raise cut
        ahead = stream.read(_LENGTH)
        yield key.unseal(sealed, _context(root, number, last=not ahead))
        number += 1
    if not number:
        raise cut


def _context(root: str, number: int, *, last: bool) -> str:
    return f"legal hold of {root}, chunk {number}{', the last' if last else ''}"


class _Sealed(io.RawIOBase):
    """A file to write to; what is written reaches the other one sealed, chunk by chunk."""

    def __init__(self, stream: BinaryIO, key: Key, root: str) -> None:
        super().__init__()
        self._stream = stream
        self._key = key
        self._root = root
        self._waiting = bytearray()
        self._number = 0
        stream.write(_FORM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        if not any(failed):
            self._seal(len(self._waiting), last=True)
        super().close()

    def writable(self) -> bool:
        return True

    def write(self, octets: object) -> int:
        """Take octets; a chunk waits until it is known whether it is the last."""
        view = memoryview(octets).cast("B")  # type: ignore[arg-type]  # anything with a buffer
        self._waiting += view
        while len(self._waiting) > _CHUNK:
            self._seal(_CHUNK, last=False)
        return len(view)

    def _seal(self, length: int, *, last: bool) -> None:
        sealed = self._key.seal(bytes(self._waiting[:length]), _context(self._root, self._number, last=last))
        del self._waiting[:length]
        self._stream.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)
        self._number += 1
