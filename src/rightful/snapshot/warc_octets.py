"""The octets of a WARC file as one stream, whatever it was compressed with, and where in the file each of them lies.

gzip is unpacked here, member by member, because a file that ends too early has to be told from one that ends: a
library that takes the one for the other makes captures that deny something disappear without a word.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol

from rightful.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# A frame that decoders skip; the dictionary of a whole .warc.zst is kept in one.
_ZSTD_SKIPPED = b"\x2a\x4d\x18"
GZIP_FORMAT = zlib.MAX_WBITS | 16
_CHUNK = 1 << 18


class WarcOctets(Protocol):
    """What reads a WARC file: as a binary file does, and able to say where it is."""

    def read(self, size: int = -1) -> bytes:
        """Give the next octets, at most `size` where that is positive; none at the end."""

    def tell(self) -> int:
        """Say how many octets were given."""

    def place(self, position: int) -> str:
        """Say in words where in the file the octet at this position of the stream lies."""


def open_octets(path: Path, raw: BinaryIO) -> WarcOctets:
    """Choose how to unpack a file, by its first octets and not by its name."""
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(GZIP_MAGIC):
        return _Members(path, raw)
    if magic == ZSTD_MAGIC or magic[1:] == _ZSTD_SKIPPED:
        from fastwarc.stream_io import ZstdReader  # noqa: PLC0415 - an extra: where it is used

        reader = ZstdReader(raw)
        return _Whole(reader.read, "of its unpacked content")
    return _Whole(raw.read, "of the file")


class _Whole:
    """A stream with one position: that of a plain file, or of what a file unpacks to."""

    def __init__(self, read: Callable[[int], bytes], of_what: str) -> None:
        self._read = read
        self._of_what = of_what
        self._given = 0

    def read(self, size: int = -1) -> bytes:
        octets = self._read(size if size > 0 else _CHUNK)
        self._given += len(octets)
        return octets

    def tell(self) -> int:
        return self._given

    def place(self, position: int) -> str:
        return f"octet {position:,} {self._of_what}"


class _Members:
    """The content of a gzip file (RFC 1952): of one member, or of one a record as WARC 1.1 annex D.2 recommends."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        self._path = path
        self._raw = raw
        self._pending = b""
        self._consumed = 0  # octets of the file that are unpacked
        self._given = 0
        self._member: zlib._Decompress | None = None
        self._starts: list[tuple[int, int]] = []  # members: where they begin in the stream, and in the file

    def read(self, size: int = -1) -> bytes:
        limit = size if size > 0 else _CHUNK
        while self._member is not None or self._begin():
            octets = self._unpacked(limit)
            if octets:
                self._given += len(octets)
                return octets
        return b""

    def tell(self) -> int:
        return self._given

    def place(self, position: int) -> str:
        """Name the member: what begins in the file at that octet can be unpacked by itself."""
        while len(self._starts) > 1 and self._starts[1][0] <= position:
            del self._starts[0]  # records are asked about in order
        if not self._starts:
            return "octet 0 of the file"
        start, offset = self._starts[0]
        inside = f", octet {position - start:,} of the gzip member there" if position > start else ""
        return f"octet {offset:,} of the file{inside}"

    def _begin(self) -> bool:
        """Begin the next member; False at the end of the file. Zeros after the last one are padding, as gzip has it."""
        if not self._pending:
            self._refill()
        if self._consumed:
            while self._pending and not self._pending.strip(b"\0"):
                self._consumed += len(self._pending)
                self._pending = b""
                self._refill()
        if not self._pending:
            return False
        self._starts.append((self._given, self._consumed))
        self._member = zlib.decompressobj(GZIP_FORMAT)
        return True

    def _unpacked(self, limit: int) -> bytes:
        """Give what the member holds next; nothing where more of the file is needed first, or where it ended."""
        member = self._member
        if member is None:  # never: `read` begins one
            return b""
        before = len(self._pending)
        try:
            octets = member.decompress(self._pending, limit)
        except zlib.error as error:
            raise self._damaged("is damaged") from error
        self._pending = member.unused_data if member.eof else member.unconsumed_tail
        self._consumed += before - len(self._pending)
        if member.eof:
            self._member = None
        elif not octets and not self._pending and not self._refill():
            raise self._damaged("ends too early")
        return octets

    def _refill(self) -> bool:
        self._pending = self._raw.read(_CHUNK)
        return bool(self._pending)

    def _damaged(self, what: str) -> InputError:
        start = self._starts[-1][1]
        return InputError(
            f"{self._path}: the gzip member that begins at octet {start:,} of the file {what}, "
            f"at about octet {self._consumed:,}",
            hint="get the file once more; nothing of it was used",
            file=str(self._path),
            octet=start,
        )
