"""The exported register: one immutable file that screening maps into memory.

An Arrow file, uncompressed, sorted by (kind, hash of key). A look-up is a binary search over the mapped
hashes and an exact comparison of the key on a hit, so a collision removes nobody's record, and workers share
the pages. The digest covers every column; it is in the file's metadata and recomputed by `verify`.
"""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xxhash

from rightful.errors import RegisterError
from rightful.register.entries import KINDS, STATES, KeyKind, OptOut, OptOutState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

FORMAT = "1"
_SCHEMA = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("kind", pa.uint8(), nullable=False),
        pa.field("state", pa.uint8(), nullable=False),
        pa.field("key", pa.large_string(), nullable=False),
        pa.field("reference", pa.large_string(), nullable=False),
        pa.field("received_at", pa.int64(), nullable=False),  # seconds since 1970, UTC; -1 where not known
    ]
)
_UNKNOWN_TIME = -1
NONE = 0
_BITS = {OptOutState.RECEIVED: 1, OptOutState.VERIFIED: 2}


def export_register(entries: Iterable[OptOut], file: str | Path) -> Register:
    """Write the opt-outs in force. Of several entries with one kind, key and reference, the last counts."""
    latest: dict[tuple[int, str, str], OptOut] = {}
    for entry in entries:
        latest[KINDS.index(entry.kind), entry.key, entry.reference] = entry
    rows = sorted((kind, _hash(key), key, reference) for kind, key, reference in latest)
    chosen = [latest[kind, key, reference] for kind, _, key, reference in rows]
    columns = [
        pa.array([hashed for _, hashed, _, _ in rows], pa.uint64()),
        pa.array([kind for kind, _, _, _ in rows], pa.uint8()),
        pa.array([STATES.index(entry.state) for entry in chosen], pa.uint8()),
        pa.array([entry.key for entry in chosen], pa.large_string()),
        pa.array([entry.reference for entry in chosen], pa.large_string()),
        pa.array([_seconds(entry.received_at) for entry in chosen], pa.int64()),
    ]
    return write_table(pa.table(columns, schema=_SCHEMA), Path(file))


def write_table(table: pa.Table, file: Path, *, version: str | None = None) -> Register:
    """Write a sorted table; `version` is kept where the file is a part of an older, larger register."""
    digest = _digest(table)
    metadata = {"rightful.format": FORMAT, "rightful.digest": digest, "rightful.version": version or digest}
    table = table.replace_schema_metadata(metadata)
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    with pa.OSFile(str(scratch), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    scratch.replace(file)
    return Register.open(file)


def _seconds(moment: datetime | None) -> int:
    return _UNKNOWN_TIME if moment is None else int(moment.timestamp())


def _hash(key: str) -> int:
    return xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass"))


def _digest(table: pa.Table) -> str:
    """SHA-256 over the values of every column, each led by its name and length."""
    total = hashlib.sha256()
    for name in _SCHEMA.names:
        column = table.column(name).combine_chunks()
        array = column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column
        total.update(f"{name}:{len(array)}\n".encode())
        if not len(array):
            continue
        if pa.types.is_large_string(array.type):
            offsets = np.frombuffer(array.buffers()[1], np.int64, len(array) + 1, array.offset * 8)
            total.update((offsets - offsets[0]).tobytes())
            total.update(memoryview(array.buffers()[2] or b"")[offsets[0] : offsets[-1]])
        else:
            total.update(array.to_numpy().tobytes())
    return f"sha256:{total.hexdigest()}"


def open_register(path: str | Path, digest: str | None = None) -> Register:
    """Open an exported register; with `digest`, only if it is that one."""
    register = Register.open(path)
    if digest is not None and register.digest != digest:
        raise RegisterError(f"{path} is register {register.digest[:19]}…, not {digest[:19]}… as before", path=str(path))
    return register


class Register:
    """An exported register, mapped into memory.

    Attributes:
        path: the file.
        digest: `sha256:<hex>` over its entries, as its metadata states it (`verify` recomputes it).
        version: digest of the register it was exported from; the same, unless it is a part of a larger one.
    """

    def __init__(self, path: Path, table: pa.Table) -> None:
        self.path = path
        self._table = table
        metadata = table.schema.metadata
        self.digest: str = metadata[b"rightful.digest"].decode()
        self.version: str = metadata[b"rightful.version"].decode()

    @classmethod
    def open(cls, path: str | Path) -> Register:
        """Open a file written by `export_register`.

        Raises:
            RegisterError: there is no such file, or it is no register this version reads.
        """
        file = Path(path)
        try:
            with pa.memory_map(str(file)) as source:
                table = pa.ipc.open_file(source).read_all()
        except (OSError, pa.ArrowInvalid) as error:
            raise RegisterError(
                f"{file} is no opt-out register",
                hint="make one from a list with: rightful optout import LIST.csv --out register.arrow",
                path=str(file),
            ) from error
        if (table.schema.metadata or {}).get(b"rightful.format") != FORMAT.encode():
            raise RegisterError(f"{file} is no register of format {FORMAT}", path=str(file))
        if not table.schema.equals(_SCHEMA):
            raise RegisterError(f"{file} was altered: its columns are not those of a register", path=str(file))
        return cls(file, table.combine_chunks())

    def __reduce__(self) -> tuple[Any, ...]:
        return open_register, (str(self.path.resolve()), self.digest)

    def __len__(self) -> int:
        count: int = self._table.num_rows
        return count

    def __repr__(self) -> str:
        return f"Register({str(self.path)!r}, {self.digest[:19]}…, {len(self)} opt-outs)"

    def verify(self) -> None:
        """Recompute the digest.

        Raises:
            RegisterError: the file was altered.
        """
        try:
            self._table.validate(full=True)  # before anything follows an offset of a file that may be altered
        except pa.ArrowInvalid as error:
            raise RegisterError(f"{self.path} was altered: {error}") from error
        if _digest(self._table) != self.digest:
            raise RegisterError(f"{self.path} was altered: its entries are not what its digest says")

    @cached_property
    def _kind_starts(self) -> np.ndarray:
        kinds = self._numpy("kind", np.uint8)
        return np.searchsorted(kinds, np.arange(len(KINDS) + 1))

    def _numpy(self, name: str, kind: type[np.generic]) -> np.ndarray:
        if not len(self):
            return np.empty(0, kind)
        array: np.ndarray = self._table.column(name).chunk(0).to_numpy(zero_copy_only=True)
        return array

    def _slice(self, kind: KeyKind) -> tuple[int, int]:
        code = KINDS.index(kind)
        return int(self._kind_starts[code]), int(self._kind_starts[code + 1])

    def has(self, kind: KeyKind) -> bool:
        """Tell whether any opt-out of a kind has an effect: if not, nothing need be looked up."""
        return KINDS.index(kind) in self._effective_kinds

    @cached_property
    def _effective_kinds(self) -> frozenset[int]:
        effective = np.isin(self._numpy("state", np.uint8), [STATES.index(state) for state in _BITS])
        return frozenset(np.unique(self._numpy("kind", np.uint8)[effective]).tolist())

    def find(self, kind: KeyKind, keys: Sequence[str]) -> tuple[np.ndarray, set[int]]:
        """Look up canonical keys.

        Returns:
            An array as long as `keys` of state bits (0 none, 1 received, 2 verified, 3 both), and the rows of every
            entry with an effect on any of them: several people may name one thing.
        """
        bits = np.zeros(len(keys), np.uint8)
        rows: set[int] = set()
        start, stop = self._slice(kind)
        if start == stop or not keys:
            return bits, rows
        hashed = np.fromiter((_hash(key) for key in keys), np.uint64, len(keys))
        mapped = self._numpy("hash", np.uint64)[start:stop]
        order = np.argsort(hashed)
        at = np.empty(len(keys), np.int64)
        at[order] = np.searchsorted(mapped, hashed[order])
        hit = np.flatnonzero(mapped[np.minimum(at, len(mapped) - 1)] == hashed)
        for i in hit.tolist():
            bits[i] = self._confirm(start + int(at[i]), stop, int(hashed[i]), keys[i], rows)
        return bits, rows

    def _confirm(self, row: int, stop: int, hashed: int, key: str, rows: set[int]) -> int:
        """Compare the key itself, and gather every entry that carries it."""
        bits = NONE
        while row < stop and self._table.column("hash")[row].as_py() == hashed:
            entry = self.entry(row)
            if entry.key == key and entry.state in _BITS:
                bits |= _BITS[entry.state]
                rows.add(row)
            row += 1
        return bits

    def entry(self, row: int) -> OptOut:
        """Give one entry."""
        value = {name: self._table.column(name)[row].as_py() for name in _SCHEMA.names}
        seconds = value["received_at"]
        moment = None if seconds == _UNKNOWN_TIME else pa.scalar(seconds, pa.timestamp("s", tz="UTC")).as_py()
        return OptOut(KINDS[value["kind"]], value["key"], STATES[value["state"]], value["reference"], moment)

    @cached_property
    def prefixes(self) -> dict[str, list[tuple[str, int, int]]]:
        """Prefix opt-outs by authority (`host[:port]`): (key, state bit, row). Few, so kept as they are."""
        start, stop = self._slice(KeyKind.PREFIX)
        found: dict[str, list[tuple[str, int, int]]] = {}
        for row in range(start, stop):
            entry = self.entry(row)
            if entry.state in _BITS:
                authority = entry.key[2:].partition("/")[0]
                found.setdefault(authority, []).append((entry.key, _BITS[entry.state], row))
        return found

    def part(self, rows: Sequence[int], file: Path) -> Register:
        """Write the entries of these rows as a register of its own: the evidence of a run."""
        table = self._table.take(pa.array(sorted(set(rows)), pa.int64()))
        return write_table(table, file, version=self.version)
