"""The columns of a file of works' fingerprints: how they are written, named by a digest, and read.

An Arrow file of one row whose columns are lists, so that every column is one buffer and nothing is read that is not
looked at. Most hashes of most texts are no work's: a bit table lets few of them through to the search, which goes by
their upper bits to where it has to look.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rightful.errors import RegisterError
from rightful.register.fingerprint import SCHEME
from rightful.register.keyed import key_id

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "1"
MOST = 255  # how common a shingle is is counted up to here
_BITS_AN_ENTRY = 8
_COLUMNS: dict[str, pa.DataType] = {
    "hash": pa.uint64(),  # ascending, by entry; under the key of the register
    "work": pa.uint32(),  # by entry: number of the work
    "frequency": pa.uint8(),  # by entry: unrelated works and documents that have it, besides the work itself
    "filter": pa.uint8(),  # bits: which upper parts of hashes occur
    "bucket": pa.uint32(),  # where the hashes begin that have each upper part, and their number
    "digest": pa.uint8(),  # by work: 32 octets
    "shingles": pa.uint32(),  # by work: distinct ones of its text
    "scale": pa.uint8(),  # by work
}
_SCHEMA = pa.schema([pa.field(name, pa.large_list(kind)) for name, kind in _COLUMNS.items()])


def with_tables(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add what hashes are found by."""
    return columns | {"filter": bit_table(columns["hash"]), "bucket": bucket_table(columns["hash"])}


def write_columns(columns: dict[str, np.ndarray], file: Path, key: bytes | None = None) -> str:
    """Write columns, and what hashes are found by; the file is there whole or not at all. Gives their digest.

    Without a key, texts cannot be compared with what is written; sketches of texts can.
    """
    columns = with_tables(columns)
    digest = columns_digest(columns, key)
    metadata = {"rightful.format": FORMAT, "rightful.digest": digest, "rightful.scheme": str(SCHEME)}
    if key is not None:
        metadata["rightful.key"] = key.hex()
    arrays = [
        pa.LargeListArray.from_arrays(pa.array([0, len(columns[name])], pa.int64()), pa.array(columns[name], kind))
        for name, kind in _COLUMNS.items()
    ]
    table = pa.table(arrays, schema=_SCHEMA.with_metadata(metadata))
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    with pa.OSFile(str(scratch), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    scratch.replace(file)
    return digest


def columns_digest(columns: dict[str, np.ndarray], key: bytes | None) -> str:
    """SHA-256 over every column, each led by its name and length, and over the name of the key, if any."""
    total = hashlib.sha256(f"key:{key_id(key)}\n".encode() if key is not None else b"")
    for name in _COLUMNS:
        values = np.ascontiguousarray(columns[name])
        total.update(f"{name}:{len(values)}\n".encode())
        total.update(values.view(np.uint8).data if len(values) else b"")
    return f"sha256:{total.hexdigest()}"


def bit_table(hashes: np.ndarray) -> np.ndarray:
    """Mark the upper bits of every hash in a table of at least eight bits an entry; a power of two."""
    bits = max(6, int(len(hashes) * _BITS_AN_ENTRY - 1).bit_length())
    table = np.zeros(1 << (bits - 3), np.uint8)
    if len(hashes):
        place = hashes >> np.uint64(64 - bits)  # ascending, as the hashes are
        place = place[np.concatenate(([True], place[1:] != place[:-1]))]
        at = (place >> np.uint64(3)).astype(np.int64)
        np.bitwise_or.at(table, at, np.uint8(1) << (place & np.uint64(7)).astype(np.uint8))
    return table


def bucket_table(hashes: np.ndarray) -> np.ndarray:
    """Say where the hashes of every upper part begin, four to a part on average; one more entry than parts."""
    bits = max(len(hashes).bit_length() - 3, 0)
    parts = (hashes >> np.uint64(63 - bits) >> np.uint64(1)).astype(np.int64)
    starts = np.zeros((1 << bits) + 1, np.uint32)
    np.cumsum(np.bincount(parts, minlength=1 << bits), out=starts[1:])
    return starts


def read_columns(file: Path) -> tuple[dict[str, np.ndarray], str, bytes | None]:
    """Map a file into memory: its columns, the digest that its metadata states, and its key, if it has one.

    Raises:
        RegisterError: there is no such file, or it is another one than this version reads.
    """
    try:
        with pa.memory_map(str(file)) as source:
            table = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise RegisterError(
            f"{file} is no file of works' fingerprints",
            hint="it lies beside the register that it was exported with: copy both",
            path=str(file),
        ) from error
    metadata = table.schema.metadata or {}
    if metadata.get(b"rightful.format") != FORMAT.encode() or metadata.get(b"rightful.scheme") != b"%d" % SCHEME:
        raise RegisterError(f"{file} has fingerprints of another format", hint="export the register again")
    if not table.schema.equals(_SCHEMA) or table.num_rows != 1:
        raise RegisterError(f"{file} was altered: its columns are not those of works' fingerprints")
    columns = {name: _values(table.column(name), file) for name in _COLUMNS}
    try:
        key = bytes.fromhex(metadata[b"rightful.key"].decode()) if b"rightful.key" in metadata else None
        stated = metadata.get(b"rightful.digest", b"").decode()
    except ValueError as error:
        raise RegisterError(f"{file} was altered: its metadata cannot be read") from error
    return columns, stated, key


def _values(column: pa.ChunkedArray, file: Path) -> np.ndarray:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise RegisterError(f"{file} was altered: {error}") from error
    values: np.ndarray = column.chunk(0).values.to_numpy(zero_copy_only=True)
    return values
