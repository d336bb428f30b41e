"""How an exported register is written: columns in the order of look-ups, and a digest over everything in it.

Entries are sorted by kind, hash of the key, key, and reference. They are brought into columns as they come, so that
ten million of them never are as many objects.
"""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.errors import RegisterError
from rightful.register import key_hash
from rightful.register.entries import KINDS, STATES, KeyKind, OptOut, OptOutState
from rightful.register.register_file import FORMAT, MARK_OCTETS, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

UNKNOWN_TIME = -1
BITS = {OptOutState.RECEIVED: 1, OptOutState.VERIFIED: 2}
BITS_OF_STATE = np.array([BITS.get(state, 0) for state in STATES], np.uint8)
_KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_STATE_CODES = {state: code for code, state in enumerate(STATES)}
DIGEST_OCTETS = 32
_AT_A_TIME = 16_384  # entries brought into columns
_SLICE = 1 << 20  # rows whose offsets are hashed at a time


def columns_of(entries: Iterable[OptOut]) -> pa.Table:
    """Bring opt-outs into columns, in their order.

    Raises:
        RegisterError: the key of an entry is none of its kind.
    """
    return pa.Table.from_batches(_batches(iter(entries)), SCHEMA)


def _batches(entries: Iterator[OptOut]) -> Iterator[pa.RecordBatch]:
    while some := list(islice(entries, _AT_A_TIME)):
        keys = [_key_octets(entry) for entry in some]
        kinds = np.fromiter((_KIND_CODES[entry.kind] for entry in some), np.uint8, len(some))
        column = pa.array(keys, pa.large_binary())
        hashes, marks = key_hash.key_hashes(column), np.empty((len(some), MARK_OCTETS), np.uint8)
        contents = kinds == _KIND_CODES[KeyKind.CONTENT]
        marks[~contents] = key_hash.key_marks(column.filter(pa.array(~contents)))
        digests = b"".join(column.filter(pa.array(contents)).to_pylist())
        octets = np.frombuffer(digests, np.uint8).reshape(-1, DIGEST_OCTETS)
        hashes[contents], marks[contents] = key_hash.digest_hashes(octets), key_hash.digest_marks(octets)
        try:
            references = pa.array([entry.reference for entry in some], pa.large_string())
        except UnicodeEncodeError as error:
            raise RegisterError(f"a reference cannot be written as UTF-8: {error.reason}") from error
        states = np.fromiter((_STATE_CODES[entry.state] for entry in some), np.uint8, len(some))
        times = np.fromiter((_seconds(entry.received_at) for entry in some), np.int64, len(some))
        columns = [hashes, fixed_octets(marks), kinds, states, column, references, times]
        yield pa.record_batch([pa.array(c) if isinstance(c, np.ndarray) else c for c in columns], schema=SCHEMA)


def fixed_octets(rows: np.ndarray) -> pa.FixedSizeBinaryArray:
    """Give rows of octets as a column of values."""
    octets = np.ascontiguousarray(rows)
    kind = pa.binary(octets.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(octets), [None, pa.py_buffer(octets)])


def _key_octets(entry: OptOut) -> bytes:
    if entry.kind is not KeyKind.CONTENT:
        return entry.key.encode("utf-8", "surrogatepass")
    try:
        octets = bytes.fromhex(entry.key)
    except ValueError:
        octets = b""
    if len(octets) != DIGEST_OCTETS or octets.hex() != entry.key:
        raise RegisterError(
            "the key of an opt-out by content is no digest", hint="entries.canonical_key brings it into its spelling"
        )
    return octets


def _seconds(moment: datetime | None) -> int:
    return UNKNOWN_TIME if moment is None else int(moment.timestamp())


def in_order(table: pa.Table, precedence: np.ndarray | None = None) -> pa.Table:
    """Sort entries as they are looked up; of those with one kind, key and reference only the highest precedence stays.

    Args:
        table: columns of entries. Whoever keeps no other reference to it needs memory for one column more, not for all.
        precedence: a number for every row; their order if it is not given.
    """
    if precedence is None:
        precedence = np.arange(table.num_rows)
    kinds, hashes = (table.column(name).to_numpy() for name in ("kind", "hash"))
    order = np.argsort(kinds, kind="stable")
    starts = np.searchsorted(kinds[order], np.arange(len(KINDS) + 1))
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        rows = order[start:stop]
        order[start:stop] = rows[np.argsort(hashes[rows])]
    order = _settled(table, order, kinds, hashes, precedence)
    columns = {name: table.column(name) for name in SCHEMA.names}
    del table
    rows = pa.array(order)
    for name in SCHEMA.names:
        columns[name] = pc.take(columns.pop(name).combine_chunks(), rows)
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _settled(
    table: pa.Table, order: np.ndarray, kinds: np.ndarray, hashes: np.ndarray, precedence: np.ndarray
) -> np.ndarray:
    """Sort the rows whose hash is not the only one, and leave out the ones that a later word replaces."""
    same = hashes[order[1:]] == hashes[order[:-1]]
    same &= kinds[order[1:]] == kinds[order[:-1]]
    if not same.any():
        return order
    tied = np.flatnonzero(np.append(same, [False]) | np.append([False], same))
    rows = order[tied]
    several = table.select(["kind", "hash", "key", "reference"]).take(pa.array(rows))
    several = several.append_column("precedence", pa.array(precedence[rows])).combine_chunks()
    place = pc.sort_indices(several, [(name, "ascending") for name in several.column_names])
    order[tied] = rows[place.to_numpy()]
    several = several.take(place).combine_chunks()
    again = np.ones(len(tied) - 1, bool)  # whether the next row is of the same kind, key and reference
    for name in ("kind", "key", "reference"):
        column = several.column(name)
        again &= pc.equal(column.slice(1), column.slice(0, len(tied) - 1)).to_numpy()
    kept = np.ones(len(order), bool)
    kept[tied[:-1][again]] = False
    return order[kept]


def write_entries(
    table: pa.Table, file: Path, *, version: str | None = None, works: str = "", facts: Mapping[str, Any] | None = None
) -> None:
    """Write entries that are in order.

    Args:
        table: of `in_order`.
        file: to write.
        version: of the register that it is a part of; None where it is a register of its own.
        works: digest of the works' fingerprints beside it.
        facts: about the register.
    """
    stated = canonical_facts(facts)
    digest = content_digest(table, works=works, facts=stated, version=version or "")
    metadata = {
        "rightful.format": FORMAT,
        "rightful.digest": digest,
        "rightful.version": version or digest,
        "rightful.kinds": json.dumps(kind_counts(table.column("kind").to_numpy(), table.column("state").to_numpy())),
        "rightful.works": works,
        "rightful.facts": stated,
    }
    table = table.replace_schema_metadata(metadata)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def canonical_facts(facts: Mapping[str, Any] | None) -> str:
    """Write facts as JSON, in one way.

    Raises:
        RegisterError: JSON has no word for one of them.
    """
    try:
        return json.dumps(dict(facts or {}), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RegisterError(f"the facts of a register are written as JSON: {error}") from error


def kind_counts(kinds: np.ndarray, states: np.ndarray) -> dict[str, tuple[int, int]]:
    """Count the entries of every kind, and those of them that have an effect."""
    all_rows = np.bincount(kinds, minlength=len(KINDS))
    effective = np.bincount(kinds[BITS_OF_STATE[states] != 0], minlength=len(KINDS))
    return {kind.value: (int(all_rows[code]), int(effective[code])) for code, kind in enumerate(KINDS)}


def content_digest(table: pa.Table, *, works: str, facts: str, version: str) -> str:
    """SHA-256 over the values of every column, each led by its name and length, and over what else is stated."""
    total = hashlib.sha256()
    add_columns(total, table)
    for name, said in (("works", works), ("facts", facts), ("version", version)):
        total.update(f"{name}:{len(said)}\n{said}".encode())
    return f"sha256:{total.hexdigest()}"


def add_columns(total: hashlib._Hash, table: pa.Table) -> None:
    """Add the values of every column to a digest; offsets count from 0, however the column was cut."""
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        array = column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column
        total.update(f"{name}:{len(array)}\n".encode())
        if not len(array):
            continue
        if pa.types.is_fixed_size_binary(array.type):
            width = array.type.byte_width
            total.update(memoryview(array.buffers()[1])[array.offset * width : (array.offset + len(array)) * width])
            continue
        if pa.types.is_primitive(array.type):
            total.update(np.ascontiguousarray(array.to_numpy()).view(np.uint8).data)
            continue
        offsets = np.frombuffer(array.buffers()[1], np.int64, len(array) + 1, array.offset * 8)
        for start in range(0, len(offsets), _SLICE):
            total.update((offsets[start : start + _SLICE] - offsets[0]).tobytes())
        total.update(memoryview(array.buffers()[2] or b"")[offsets[0] : offsets[-1]])


def content_states(table: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Give the digests of works that are opted out at all, and of those that a verified request opts out."""
    contents = table.filter(pc.equal(table.column("kind"), KINDS.index(KeyKind.CONTENT)))
    states = contents.column("state")
    wanted = [pa.array([STATES.index(state) for state in some], pa.uint8()) for some in (BITS, [OptOutState.VERIFIED])]
    found = (contents.filter(pc.is_in(states, value_set=some)).column("key") for some in wanted)
    effective, verified = (keys.combine_chunks() for keys in found)
    return effective, verified
