"""The file of an exported register, mapped into memory and read only where it is looked at.

A look-up touches hash, mark and state, 21 octets an entry, and no key: ten million entries of any length stay within
210 MB that all processes share. Nothing in a file is believed that would be followed: an offset that leads nowhere is
an error, never a crash. What leads somewhere and still was altered, `Register.verify` finds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from rightful.errors import RegisterError
from rightful.register.entries import KINDS, STATES

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "2"
MARK_OCTETS = 12
SCHEMA = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("mark", pa.binary(MARK_OCTETS), nullable=False),  # tells keys of one hash apart: `key_hash`
        pa.field("kind", pa.uint8(), nullable=False),
        pa.field("state", pa.uint8(), nullable=False),
        pa.field("key", pa.large_binary(), nullable=False),  # UTF-8; the 32 octets of a digest for content
        pa.field("reference", pa.large_string(), nullable=False),
        pa.field("received_at", pa.int64(), nullable=False),  # seconds since 1970, UTC; -1 where not known
    ]
)
_NUMBERS = {"hash": "<u8", "kind": "u1", "state": "u1", "received_at": "<i8"}
_TEXTS = ("key", "reference")
_AS_NEW = "export it again: rightful optout import LIST.csv --out register.arrow"


class RegisterFile:
    """The columns of a register.

    Attributes:
        path: the file.
        rows: how many entries.
        starts: the first row of every kind, and the number of rows last.
        counts: of every kind how many entries there are, and how many of them have an effect.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        batch, self._metadata = _mapped(path)
        self.rows: int = batch.num_rows
        self._columns = dict(zip(SCHEMA.names, batch.columns, strict=True))
        self._numbers = {name: self._viewed(name, kind, self.rows) for name, kind in _NUMBERS.items()}
        self._offsets = {name: self._viewed(name, "<i8", self.rows + 1) for name in _TEXTS}
        self.marks = self._viewed("mark", "u1", self.rows * MARK_OCTETS).reshape(-1, MARK_OCTETS)
        self.counts = self._counts()
        self.starts = np.concatenate(([0], np.cumsum([rows for rows, _ in self.counts])))
        if self.starts[-1] != self.rows:
            raise self.altered("its entries are not as many as it says")

    def altered(self, what: object) -> RegisterError:
        """Say that the file is not what was written."""
        return RegisterError(f"{self.path} was altered: {what}", path=str(self.path))

    def said(self, name: str, default: str | None = None) -> str:
        """Give a line of the metadata."""
        try:
            return self._metadata[f"rightful.{name}".encode()].decode()
        except KeyError:
            if default is not None:
                return default
            raise self.altered(f"it does not state its {name}") from None
        except UnicodeDecodeError as error:
            raise self.altered(error) from error

    def said_json(self, name: str) -> dict[str, Any]:
        """Give a line of the metadata that is an object."""
        try:
            found = json.loads(self.said(name))
        except ValueError as error:
            raise self.altered(error) from error
        if not isinstance(found, dict):
            raise self.altered(f"its {name} are no object")
        return found

    def _counts(self) -> list[tuple[int, int]]:
        said = self.said_json("kinds")
        try:
            counts = [(int(rows), int(effective)) for rows, effective in (said.get(kind, (0, 0)) for kind in KINDS)]
        except (TypeError, ValueError) as error:
            raise self.altered(error) from error
        if any(not 0 <= effective <= rows for rows, effective in counts):
            raise self.altered("it counts less than nothing, or more than all")
        return counts

    def numbers(self, name: str) -> np.ndarray:
        """Give a column of numbers, mapped."""
        return self._numbers[name]

    def _viewed(self, name: str, kind: str, count: int) -> np.ndarray:
        octets = self._columns[name].buffers()[1]
        return np.frombuffer(octets, kind, count) if self.rows else np.zeros(count, kind)

    def columns(self) -> pa.Table:
        """Give all columns, mapped, after a look at every offset and code.

        Raises:
            RegisterError: one leads out of the file or stands for nothing, or a reference is no text.
        """
        self._codes(self._numbers["kind"], self._numbers["state"])
        table = pa.table(list(self._columns.values()), schema=SCHEMA)
        try:
            table.validate(full=True)
        except pa.ArrowException as error:
            raise self.altered(error) from error
        return table

    def _codes(self, kinds: np.ndarray, states: np.ndarray) -> None:
        if kinds.max(initial=0) >= len(KINDS) or states.max(initial=0) >= len(STATES):
            raise self.altered("an entry is of no kind or in no state")

    def take(self, rows: np.ndarray) -> pa.Table:
        """Give some entries as columns.

        Raises:
            RegisterError: the file was altered there.
        """
        self._codes(self._numbers["kind"][rows], self._numbers["state"][rows])
        columns = [
            self.texts(name, rows) if name in _TEXTS else self._columns[name].take(pa.array(rows))
            for name in SCHEMA.names
        ]
        return pa.table(columns, schema=SCHEMA)

    def texts(self, name: str, rows: np.ndarray) -> pa.Array:
        """Give the keys or references of some rows.

        Raises:
            RegisterError: the file was altered: the offsets of a row lead out of it.
        """
        offsets = self._offsets[name]
        starts, stops = offsets[rows], offsets[rows + 1]
        if len(rows) and (starts.min() < 0 or (stops < starts).any() or stops.max() > self._size(name)):
            raise self.altered(f"where the {name} of an entry lies is outside of it")
        return self._columns[name].take(pa.array(rows))

    def octets(self, name: str, row: int) -> bytes:
        """Give the key or reference of one row."""
        found: bytes = self.texts(name, np.array([row], np.int64)).cast(pa.large_binary())[0].as_py()
        return found

    def _size(self, name: str) -> int:
        data = self._columns[name].buffers()[2]
        return 0 if data is None else int(data.size)


def _mapped(path: Path) -> tuple[pa.RecordBatch, dict[bytes, bytes]]:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        metadata = reader.schema.metadata or {}
    except (OSError, ValueError, pa.ArrowException) as error:
        raise RegisterError(
            f"{path} is no opt-out register",
            hint="make one from a list with: rightful optout import LIST.csv --out register.arrow",
            path=str(path),
        ) from error
    if metadata.get(b"rightful.format") != FORMAT.encode():
        raise RegisterError(f"{path} is no register of format {FORMAT}", hint=_AS_NEW, path=str(path))
    if not reader.schema.equals(SCHEMA) or reader.num_record_batches > 1:
        raise RegisterError(f"{path} was altered: its columns are not those of a register", path=str(path))
    try:
        batch = reader.get_batch(0) if reader.num_record_batches else pa.RecordBatch.from_pylist([], SCHEMA)
        batch.validate()  # of every column: that what its first and last offset say is there
    except (OSError, ValueError, pa.ArrowException) as error:
        raise RegisterError(f"{path} was altered: {error}", path=str(path)) from error
    if any(column.buffers()[0] is not None or column.offset for column in batch.columns):
        raise RegisterError(f"{path} was altered: it has entries without values", path=str(path))
    return batch, metadata
