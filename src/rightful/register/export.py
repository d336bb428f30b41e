"""The exported register: one immutable file that screening maps into memory.

An Arrow file, uncompressed, sorted by kind and hash of the key. A look-up is a search over the mapped hashes and, on a
hit, a comparison of what no two keys have in common (`key_hash`), so a collision removes nobody's record, and workers
share the pages. The digest covers every column and what is stated about the register; it is in the file's metadata and
recomputed by `verify`.

Fingerprints of works, where there are any, lie beside it: `<stem>.works.arrow`, named by its digest. It is written
first, so that whoever sees the register sees it, too; a register whose works are others than it says does not open.
"""

from __future__ import annotations

import os
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from rightful.errors import RegisterError
from rightful.register import export_writing
from rightful.register.entries import KINDS, STATES, KeyKind, OptOut, OptOutState
from rightful.register.export_writing import BITS, UNKNOWN_TIME
from rightful.register.lookup import Lookup
from rightful.register.places import newest_in, works_file
from rightful.register.register_file import FORMAT, SCHEMA, RegisterFile
from rightful.register.wanted import wanted_digests, wanted_hex, wanted_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rightful.register.fingerprint import Fingerprint
    from rightful.register.wanted import Wanted
    from rightful.register.works import WorksIndex

__all__ = ["FORMAT", "Register", "export_register", "merge_registers", "open_register", "works_file"]

_STRICTNESS = {OptOutState.RECEIVED: 1, OptOutState.VERIFIED: 2}


def export_register(
    entries: Iterable[OptOut],
    file: str | Path,
    *,
    works: Iterable[Fingerprint] = (),
    works_key: bytes | None = None,
    background: Iterable[Sequence[str]] = (),
    before: Register | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Register:
    """Write the opt-outs in force. Of several entries with one kind, key and reference, the last counts.

    Args:
        entries: the opt-outs; read once, and never held all at once.
        file: to write.
        works: fingerprints of works that are opted out by content; of others, none is taken.
        works_key: that their shingle hashes are put under (`keyed`); drawn anew if not given.
        background: batches of unrelated documents, to tell what is common in works.
        before: an earlier export: what it knows to be common stays so.
        facts: about the register, as JSON has them.

    Raises:
        RegisterError: an entry has a key that is none of its kind, or a fact that JSON has no word for.
    """
    table = export_writing.in_order(export_writing.columns_of(entries))
    known = before.works if before is not None else None
    states = export_writing.content_states(table)
    given = {"key": works_key, "background": background, "before": known, "states": states}
    return _write(table, Path(file), _writer(works, given), facts=facts)


def merge_registers(
    stricter: Sequence[Register], file: str | Path, *, version: str, facts: Mapping[str, Any] | None = None
) -> Register:
    """Write one register of what is in any of several. Of one kind, key and reference, the strictest state counts.

    Args:
        stricter: the registers; among equals the first.
        file: to write.
        version: of the result.
        facts: about the result.
    """
    columns = pa.concat_tables([register.columns() for register in stricter] or [SCHEMA.empty_table()])
    strictness = np.array([_STRICTNESS.get(state, 0) for state in STATES])
    order = np.arange(columns.num_rows)
    precedence = strictness[columns.column("state").to_numpy()] * len(order) + order[::-1]
    table = export_writing.in_order(columns, precedence)
    indexes = [register.works for register in stricter if register.works is not None]

    def merged(beside: Path) -> str | None:
        from rightful.register.works import merge_works  # noqa: PLC0415 - where there are works

        return merge_works(indexes, beside)

    return _write(table, Path(file), merged if indexes else None, version=version, facts=facts)


def _writer(works: Iterable[Fingerprint], given: dict[str, Any]) -> Callable[[Path], str | None] | None:
    remaining = iter(works)
    first = list(islice(remaining, 1))
    if not first:
        return None

    def written(beside: Path) -> str | None:
        from rightful.register.works import write_works  # noqa: PLC0415 - where there are works

        return write_works(chain(first, remaining), beside, **given)

    return written


def _write(
    table: pa.Table,
    file: Path,
    write_works: Callable[[Path], str | None] | None,
    *,
    version: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Register:
    """Write the works first and the register last: nobody sees a register without them."""
    export_writing.canonical_facts(facts)  # before anything is written
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = works_file(file)
    scratch, scratch_beside = (path.with_name(f".{path.name}.{os.getpid()}") for path in (file, beside))
    try:
        works = write_works(scratch_beside) if write_works is not None else None
        export_writing.write_entries(table, scratch, version=version, works=works or "", facts=facts)
        if works is not None:
            scratch_beside.replace(beside)
        scratch.replace(file)
    finally:
        for path in (scratch, scratch_beside):
            path.unlink(missing_ok=True)
    if works is None:
        beside.unlink(missing_ok=True)  # of a register that stood here before
    return Register.open(file)


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
        digest: `sha256:<hex>` over its entries and facts, as its metadata states it (`verify` recomputes it).
        version: digest of the register it was exported from; the same, unless it is a part of a larger one.
        facts: what was stated about the register when it was exported; a part keeps it.
        works: fingerprints of works that are opted out by content; None where there are none.
    """

    def __init__(self, file: RegisterFile) -> None:
        self.path = file.path
        self._file = file
        self.digest: str = file.said("digest")
        self.version: str = file.said("version")
        self.facts: dict[str, Any] = file.said_json("facts")
        self.works = self._open_works(file.said("works"))
        self._lookups: dict[KeyKind, Lookup] = {}

    @classmethod
    def open(cls, path: str | Path) -> Register:
        """Open a file written by `export_register`, or the newest one in a folder of exports.

        Raises:
            RegisterError: there is no such file, it is no register this version reads, or its works are missing.
        """
        return cls(RegisterFile(newest_in(Path(path))))

    def with_key_of(self, other: Register) -> Register:
        """Give the same register, the evidence of a run, with the key of the export that it is a part of."""
        opened = Register.open(self.path)
        if opened.works is not None and other.works is not None:
            opened.works = opened.works.with_key(other.works.key)
        return opened

    def _open_works(self, digest: str) -> WorksIndex | None:
        if not digest:
            return None
        from rightful.register.works import WorksIndex  # noqa: PLC0415 - where there are works

        return WorksIndex.open(works_file(self.path), digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return open_register, (str(self.path.resolve()), self.digest)

    def __len__(self) -> int:
        return self._file.rows

    def __repr__(self) -> str:
        return f"Register({str(self.path)!r}, {self.digest[:19]}…, {len(self)} opt-outs)"

    def verify(self) -> None:
        """Recompute the digest, of the works as well.

        Raises:
            RegisterError: the file was altered.
        """
        table = self.columns()
        stated_version = "" if self.version == self.digest else self.version
        digest = export_writing.content_digest(
            table, works=self._file.said("works"), facts=self._file.said("facts"), version=stated_version
        )
        if digest != self.digest:
            raise RegisterError(f"{self.path} was altered: its entries are not what its digest says")
        counts = export_writing.kind_counts(self._file.numbers("kind"), self._file.numbers("state"))
        if [counts[kind] for kind in KINDS] != self._file.counts:
            raise RegisterError(f"{self.path} was altered: its kinds are not as many as it says")
        if self.works is not None:
            self.works.verify()

    def columns(self) -> pa.Table:
        """Give all entries as columns, mapped (`register_file.SCHEMA`): in order of kind, hash, key and reference.

        Raises:
            RegisterError: the file was altered: the offsets of an entry lead out of it.
        """
        return self._file.columns()

    def _slice(self, kind: KeyKind) -> tuple[int, int]:
        code = KINDS.index(kind)
        return int(self._file.starts[code]), int(self._file.starts[code + 1])

    def has(self, kind: KeyKind) -> bool:
        """Tell whether any opt-out of a kind has an effect: if not, nothing need be looked up."""
        return self._file.counts[KINDS.index(kind)][1] > 0

    def find(
        self, kind: KeyKind, keys: Sequence[str | None] | pa.Array | pa.ChunkedArray
    ) -> tuple[np.ndarray, set[int]]:
        """Look up canonical keys. A null is found nowhere.

        Returns:
            An array as long as `keys` of state bits (0 none, 1 received, 2 verified, 3 both), and the rows of every
            entry with an effect on any of them: several people may name one thing.

        Raises:
            RegisterError: the file was altered where it was looked at.
        """
        if not self.has(kind):
            return np.zeros(len(keys), np.uint8), set()
        portions = wanted_hex(keys) if kind is KeyKind.CONTENT else wanted_keys(keys)
        return self._find(kind, len(keys), portions)

    def find_digests(self, digests: np.ndarray | Sequence[bytes | None] | pa.Array) -> tuple[np.ndarray, set[int]]:
        """Look up contents by their digests, 32 octets each: rows of uint8, or values, of which some may be null."""
        if not self.has(KeyKind.CONTENT):
            return np.zeros(len(digests), np.uint8), set()
        return self._find(KeyKind.CONTENT, len(digests), wanted_digests(digests))

    def _find(self, kind: KeyKind, count: int, portions: Iterator[Wanted]) -> tuple[np.ndarray, set[int]]:
        bits = np.zeros(count, np.uint8)
        rows: set[int] = set()
        lookup = self._lookups.get(kind)
        if lookup is None:
            lookup = self._lookups[kind] = Lookup.of(self._file, *self._slice(kind))
        for wanted in portions:
            lookup.find(wanted, bits, rows)
        return bits, rows

    def entry(self, row: int) -> OptOut:
        """Give one entry.

        Raises:
            IndexError: there is no such row.
            RegisterError: the file was altered there.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"{self.path} has {len(self)} opt-outs, and none at {row}")
        codes = {name: int(self._file.numbers(name)[row]) for name in ("kind", "state", "received_at")}
        key, reference = self._file.octets("key", row), self._file.octets("reference", row)
        seconds = codes["received_at"]
        try:
            kind, state = KINDS[codes["kind"]], STATES[codes["state"]]
            spelt = key.hex() if kind is KeyKind.CONTENT else key.decode("utf-8", "surrogatepass")
            moment = None if seconds == UNKNOWN_TIME else pa.scalar(seconds, pa.timestamp("s", tz="UTC")).as_py()
            return OptOut(kind, spelt, state, reference.decode(), moment)
        except (LookupError, ValueError, OverflowError) as error:
            raise self._file.altered(f"entry {row} cannot be read") from error

    @cached_property
    def prefixes(self) -> dict[str, list[tuple[str, int, int]]]:
        """Prefix opt-outs by authority (`host[:port]`): (key, state bit, row). Few, so kept as they are."""
        found: dict[str, list[tuple[str, int, int]]] = {}
        for row in range(*self._slice(KeyKind.PREFIX)):
            entry = self.entry(row)
            if entry.state in BITS:
                authority = entry.key[2:].partition("/")[0]
                found.setdefault(authority, []).append((entry.key, BITS[entry.state], row))
        return found

    def part(self, rows: Sequence[int], file: Path) -> Register:
        """Write the entries of these rows, and the works of them, as a register of its own: the evidence of a run."""
        chosen = np.unique(np.array(rows, np.int64))
        table = self._file.take(chosen)
        start, stop = self._slice(KeyKind.CONTENT)
        contents = chosen[(chosen >= start) & (chosen < stop)]
        works = self.works
        digests = {key.hex() for key in self._file.texts("key", contents).to_pylist()} if works is not None else set()
        write = (lambda beside: works.part(digests, beside)) if works is not None else None
        return _write(table, file, write, version=self.version, facts=self.facts)
