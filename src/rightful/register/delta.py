"""What one version of an exported register has that another has not, and which tombstones are lost.

Entries are the same if they have kind, key and reference in common. Both versions are sorted alike, so almost all of
them meet at the same place among those of one hash; what does not is matched by key and reference. No key travels with
a delta, only its SHA-256: who has a key can find it, and nobody reads a list of URLs out of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.errors import RegisterError
from rightful.files import write_whole
from rightful.register.entries import KINDS, STATES, KeyKind, OptOutState
from rightful.register.export_writing import add_columns

if TYPE_CHECKING:
    from collections.abc import Collection

    from rightful.register.export import Register

DELTA_FORMAT = "1"
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_NAMES = pa.dictionary(pa.int8(), pa.string())
DELTA_SCHEMA = pa.schema(
    [
        pa.field("change", _NAMES, nullable=False),
        pa.field("kind", _NAMES, nullable=False),
        pa.field("reference", pa.large_string(), nullable=False),
        pa.field("state_before", _NAMES),
        pa.field("state", _NAMES),
        pa.field("key_sha256", pa.large_string(), nullable=False),  # hex, of the key as an entry spells it
    ]
)
_NONE = -1
_ROWS_AT_A_TIME = 1 << 18  # compared with each other
_AN_ENTRY = ("kind", "key", "reference")


def register_delta(old: Register | None, new: Register) -> pa.Table:
    """Compare two versions: what was removed, what is in another state, what was added, each in the register's order.

    Args:
        old: the version before; None of the first one.
        new: the version after.

    Returns:
        A table of `DELTA_SCHEMA`, with both versions in its metadata. An entry that only arrived at another time is
        the same.

    Raises:
        RegisterError: a file was altered: its offsets lead out of it.
    """
    after = new.columns()
    before = after.slice(0, 0) if old is None else old.columns()
    at = _matched(before, after)
    removed = np.ones(before.num_rows, bool)
    removed[at[at != _NONE]] = False
    rows = np.flatnonzero(removed)
    states = before.column("state").to_numpy()
    was = np.where(at == _NONE, _NONE, states.take(at, mode="clip").astype(np.int8) if len(states) else _NONE)
    now = after.column("state").to_numpy().astype(np.int8)
    changed = np.flatnonzero((at != _NONE) & (was != now))
    added = np.flatnonzero(at == _NONE)
    parts = [
        _told(REMOVED, before, rows, states[rows].astype(np.int8), None),
        _told(CHANGED, after, changed, was[changed], now[changed]),
        _told(ADDED, after, added, None, now[added]),
    ]
    versions = {
        "rightful.format": DELTA_FORMAT,
        "rightful.from": old.version if old else "",
        "rightful.to": new.version,
    }
    return pa.concat_tables(parts).combine_chunks().replace_schema_metadata(versions)


def same_content(one: Register, other: Register) -> bool:
    """Tell whether two versions differ in nothing but their facts."""
    works = [register.works.digest if register.works is not None else "" for register in (one, other)]
    return works[0] == works[1] and bool(one.columns().equals(other.columns()))


def delta_versions(delta: pa.Table) -> tuple[str | None, str]:
    """Give the versions that a delta leads from and to; there is none before the first."""
    metadata = delta.schema.metadata
    return metadata[b"rightful.from"].decode() or None, metadata[b"rightful.to"].decode()


def lost_tombstones(old: Register | None, new: Register, excused_references: Collection[str] = ()) -> pa.Table:
    """Give the entries, as rows of a delta, that were verified and are not any more, though nothing excuses it.

    Args:
        old: the version before; None of the first one, which can lose nothing.
        new: the version after.
        excused_references: requests that were withdrawn, or rejected on appeal.
    """
    return lost_in(register_delta(old, new), excused_references)


def lost_in(delta: pa.Table, excused_references: Collection[str] = ()) -> pa.Table:
    """Give the rows of a delta that are lost tombstones. Of those that hold instead, `state` is `received`."""
    was = pc.equal(delta.column("state_before").cast(pa.string()), OptOutState.VERIFIED.value).fill_null(False)  # noqa: FBT003
    excused = pc.is_in(delta.column("reference"), value_set=pa.array(list(excused_references), pa.large_string()))
    # Whatever was verified and is in a delta is verified no more: it would not be in it.
    return delta.filter(pc.and_not(was, excused))


def write_delta(delta: pa.Table, file: str | Path) -> None:
    """Write a delta as an Arrow file; it is there whole or not at all."""
    sink = pa.BufferOutputStream()
    digest = _digest(delta)
    stated = delta.replace_schema_metadata((delta.schema.metadata or {}) | {b"rightful.digest": digest.encode()})
    with pa.ipc.new_file(sink, stated.schema) as writer:
        writer.write_table(stated)
    write_whole(Path(file), sink.getvalue().to_pybytes())


def read_delta(file: str | Path) -> pa.Table:
    """Read a delta.

    Raises:
        RegisterError: there is no such file, or it is none that `write_delta` wrote.
    """
    try:
        delta = pa.ipc.open_file(pa.py_buffer(Path(file).read_bytes())).read_all()
        metadata = dict(delta.schema.metadata or {})
        if not delta.schema.equals(DELTA_SCHEMA) or metadata.get(b"rightful.format") != DELTA_FORMAT.encode():
            raise RegisterError(f"{file} is no delta of format {DELTA_FORMAT}", path=str(file))
        delta.validate(full=True)
        sound = _digest(delta).encode() == metadata.pop(b"rightful.digest", b"")
        delta_versions(delta)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise RegisterError(f"{file} is no delta between registers: {error}", path=str(file)) from error
    if not sound:
        raise RegisterError(f"{file} was altered: it is not what its digest says", path=str(file))
    return delta.replace_schema_metadata(metadata)


def _digest(delta: pa.Table) -> str:
    """SHA-256 over versions and rows."""
    versions = {name: said for name, said in (delta.schema.metadata or {}).items() if name != b"rightful.digest"}
    total = hashlib.sha256(repr(sorted(versions.items())).encode())
    plain = [column.cast(pa.large_string()).fill_null("").combine_chunks() for column in delta.columns]
    add_columns(total, pa.table(plain, DELTA_SCHEMA.names))
    return f"sha256:{total.hexdigest()}"


def _matched(before: pa.Table, after: pa.Table) -> np.ndarray:
    """Give the row of `before` that has each row of `after`, or -1."""
    at = np.full(after.num_rows, _NONE)
    kinds_before, kinds_after = before.column("kind").to_numpy(), after.column("kind").to_numpy()
    codes = np.arange(len(KINDS) + 1)
    edges_before, edges_after = np.searchsorted(kinds_before, codes), np.searchsorted(kinds_after, codes)
    unsettled: list[tuple[np.ndarray, np.ndarray]] = []
    for code in range(len(KINDS)):
        one = slice(int(edges_before[code]), int(edges_before[code + 1]))
        other = slice(int(edges_after[code]), int(edges_after[code + 1]))
        if one.stop > one.start and other.stop > other.start:
            unsettled.append(_meet(before, after, one, other, at))
    if unsettled:
        rows_before, rows_after = (np.concatenate(rows) for rows in zip(*unsettled, strict=True))
        at[rows_after] = _joined(before, after, rows_before, rows_after)
    return at


def _meet(before: pa.Table, after: pa.Table, one: slice, other: slice, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Match the rows of one kind, and say so in `at`, where all rows of a hash are the same, one by one.

    Returns:
        Those rows of both, of which others of their hash are in both, and which are still to be matched.
    """
    hashes_before, hashes_after = before.column("hash").to_numpy()[one], after.column("hash").to_numpy()[other]
    runs_before, runs_after = _run_starts(hashes_before), _run_starts(hashes_after)
    own_before, own_after = hashes_before[runs_before], hashes_after[runs_after]
    place = np.searchsorted(own_before, own_after)
    both = np.flatnonzero(own_before.take(place, mode="clip") == own_after)
    place = place[both]
    lengths_before = np.diff(np.append(runs_before, len(hashes_before)))[place]
    lengths_after = np.diff(np.append(runs_after, len(hashes_after)))[both]
    firsts_before, firsts_after = runs_before[place] + one.start, runs_after[both] + other.start
    even = lengths_before == lengths_after
    rows_before = _spread(firsts_before[even], lengths_before[even])
    rows_after = _spread(firsts_after[even], lengths_after[even])
    same = _same(before, after, rows_before, rows_after)
    whole = np.logical_and.reduceat(same, _starts(lengths_after[even])) if even.any() else np.empty(0, bool)
    settled = np.repeat(whole, lengths_after[even])
    at[rows_after[settled]] = rows_before[settled]
    open_runs = ~even
    open_runs[np.flatnonzero(even)[~whole]] = True
    return (
        _spread(firsts_before[open_runs], lengths_before[open_runs]),
        _spread(firsts_after[open_runs], lengths_after[open_runs]),
    )


def _run_starts(hashes: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))


def _starts(lengths: np.ndarray) -> np.ndarray:
    starts: np.ndarray = np.cumsum(lengths) - lengths
    return starts


def _spread(firsts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    rows: np.ndarray = np.repeat(firsts - _starts(lengths), lengths) + np.arange(int(lengths.sum()))
    return rows


def _same(before: pa.Table, after: pa.Table, rows_before: np.ndarray, rows_after: np.ndarray) -> np.ndarray:
    """Compare keys and references of pairs of rows, some at a time."""
    same = np.ones(len(rows_after), bool)
    for start in range(0, len(rows_after), _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        for name in ("key", "reference"):
            pair = (
                table.column(name).chunk(0).take(pa.array(rows[part]))
                for table, rows in ((before, rows_before), (after, rows_after))
            )
            same[part] &= pc.equal(*pair).to_numpy(zero_copy_only=False)
    return same


def _joined(before: pa.Table, after: pa.Table, rows_before: np.ndarray, rows_after: np.ndarray) -> np.ndarray:
    """Match rows by kind, key and reference: neighbours, once both are sorted together."""
    one, other = (
        table.select(_AN_ENTRY).take(pa.array(rows)) for table, rows in ((before, rows_before), (after, rows_after))
    )
    both = pa.concat_tables([one, other]).combine_chunks()
    both = both.append_column("version", pa.array(np.arange(both.num_rows) >= one.num_rows))
    order = pc.sort_indices(both, [(name, "ascending") for name in both.column_names])
    both, place = both.take(order).combine_chunks(), order.to_numpy()
    pairs = (place[:-1] < one.num_rows) & (place[1:] >= one.num_rows)
    for name in _AN_ENTRY:
        column = both.column(name)
        pairs &= pc.equal(column.slice(1), column.slice(0, len(pairs))).to_numpy()
    found = np.full(len(rows_after), _NONE)
    first = np.flatnonzero(pairs)
    found[place[first + 1] - one.num_rows] = rows_before[place[first]]
    return found


def _told(change: str, table: pa.Table, rows: np.ndarray, was: np.ndarray | None, now: np.ndarray | None) -> pa.Table:
    chosen = table.select(_AN_ENTRY).take(pa.array(rows)).combine_chunks()
    codes = chosen.column("kind").to_numpy().astype(np.int8)
    content = KINDS.index(KeyKind.CONTENT)
    digests = [
        hashlib.sha256(key.hex().encode() if code == content else key).hexdigest()
        for code, key in zip(codes.tolist(), chosen.column("key").to_pylist(), strict=True)
    ]
    columns = [
        _named(np.zeros(len(rows), np.int8), [change]),
        _named(codes, [kind.value for kind in KINDS]),
        chosen.column("reference"),
        _named(was, [state.value for state in STATES], len(rows)),
        _named(now, [state.value for state in STATES], len(rows)),
        pa.array(digests, pa.large_string()),
    ]
    return pa.table(columns, schema=DELTA_SCHEMA)


def _named(codes: np.ndarray | None, names: list[str], rows: int = 0) -> pa.Array:
    indices = pa.nulls(rows, pa.int8()) if codes is None else pa.array(codes, pa.int8())
    return pa.DictionaryArray.from_arrays(indices, pa.array(names))
