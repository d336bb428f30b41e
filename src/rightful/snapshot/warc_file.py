"""WARC files (ISO 28500:2017, WARC 1.0 and 1.1): their records, one at a time, each whole or the file refused.

    with WarcFile(path) as records:
        for record in records:
            record.kind, record.url, record.message.status, record.body(limit)

What the library that reads them passes over in silence is looked at here: a record without a length, or one shorter
than its length, is the end of a download that broke off.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from rightful.errors import InputError, MissingExtraError
from rightful.facts.site import parse_url
from rightful.signals.locations import SIGNALS
from rightful.snapshot.http_message import Message, parse_message
from rightful.snapshot.warc_octets import open_octets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from fastwarc.warc import WarcRecord as _Record

    from rightful.snapshot.warc_octets import WarcOctets

SUFFIXES = (".warc", ".warc.gz", ".warc.zst")
_ARC_MAGIC = b"filedesc://"
_WARC_MAGIC = b"WARC/"
_HEAD_OCTETS = 1 << 16
_LONGEST_HEADER = 1 << 18
_BY_PATH = {f"/{signal}": signal for signal in SIGNALS}


def is_warc(path: Path) -> bool:
    """Tell by its name whether a file is read as a WARC file."""
    return path.name.endswith(SUFFIXES)


def signal_at(url: str) -> tuple[str, str] | None:
    """Give origin and signal of a URL at which a signal file is; None for every other URL."""
    location = parse_url(url)
    signal = _BY_PATH.get(location.target) if location else None
    return (location.origin, signal) if location and signal else None


@dataclass(frozen=True, slots=True)
class Block:
    """The content of a record, as far as it was read.

    Attributes:
        octets: from its beginning.
        whole: whether that is all of it, and all that the server sent: not cut by a limit of ours (or of whoever
            crawled: `WARC-Truncated`, 5.13), and no segment of several records (5.19).
    """

    octets: bytes
    whole: bool


class ArchiveRecord:
    """One record; it can be read until the next one is asked for.

    Attributes:
        number: of the record in the file, from 1.
        place: where it begins, in words.
    """

    def __init__(self, record: _Record, number: int, place: str, path: Path) -> None:
        self.number = number
        self.place = place
        self._record = record
        self._path = path
        self._read = b""

    @cached_property
    def kind(self) -> str:
        """`WARC-Type` (5.5): response, resource, revisit, request, metadata, warcinfo, conversion, continuation."""
        return self.field("WARC-Type").lower()

    @cached_property
    def url(self) -> str:
        """`WARC-Target-URI` (5.14), without the angle brackets that WARC 1.0 had around it; empty without one."""
        return self.field("WARC-Target-URI").removeprefix("<").removesuffix(">")

    def field(self, name: str) -> str:
        """Give a named field of the record; empty where it has none. What is no UTF-8 is replaced (4)."""
        value = self._record.headers.get_bytes(name.encode("ascii"))
        return value.decode("utf-8", "replace").strip() if value is not None else ""

    @cached_property
    def is_http(self) -> bool:
        """Whether the block is an HTTP message: says so (`Content-Type: application/http`, 6.3), or begins like one."""
        if self.field("Content-Type").lower().startswith("application/http"):
            return True
        self._more(_HEAD_OCTETS)
        return self.kind != "resource" and self._read.startswith(b"HTTP/")

    @cached_property
    def message(self) -> Message | None:
        """Status and headers of an HTTP message; None where they cannot be read."""
        self._more(_HEAD_OCTETS)
        return parse_message(self._read)

    def block(self, limit: int) -> Block:
        """Give the block: of an HTTP message what follows its headers, of anything else all of it.

        Args:
            limit: octets that are read at most.

        Raises:
            InputError: the file ends before the record does.
        """
        start = self.message.length if self.is_http and self.message else 0
        self._more(start + limit + 1)
        octets = self._read[start:]
        segmented = bool(self.field("WARC-Segment-Number"))
        truncated = bool(self.field("WARC-Truncated"))
        return Block(octets[:limit], len(octets) <= limit and not truncated and not segmented)

    def finish(self) -> None:
        """Pass over what was not read, and make sure that the record is whole.

        Raises:
            InputError: it is not.
        """
        told = self.field("Content-Length")
        if not (told.isascii() and told.isdigit()):
            raise self._damaged("has no length: the file ends too early, or is damaged")
        octets = len(self._read) + int(self._record.reader.consume())
        if octets != int(told):
            raise self._damaged(f"has {octets:,} of its {int(told):,} octets: the file ends too early")

    def _more(self, wanted: int) -> None:
        parts = [self._read]
        missing = wanted - len(self._read)
        while missing > 0 and (octets := self._record.reader.read(missing)):
            parts.append(octets)
            missing -= len(octets)
        if len(parts) > 1:
            self._read = b"".join(parts)

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self._path}: record {self.number}, which begins at {self.place}, {what}",
            hint="get the file once more; nothing of it was used",
            file=str(self._path),
            record=self.number,
        )


class WarcFile:
    """The records of a file, in order; a context manager that keeps it open.

    Raises:
        MissingExtraError: the library that reads WARC files is not installed.
        InputError: the file cannot be read, or is none; while it is read, that it is damaged or ends too early.
    """

    def __init__(self, path: Path) -> None:
        try:
            import fastwarc.warc  # noqa: F401, PLC0415 - an extra: when a WARC file is read
        except ImportError as error:
            raise MissingExtraError.named("warc", needs="FastWARC") from error
        self._path = path
        try:
            self._raw: BinaryIO = path.open("rb")
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}", file=str(path)) from error

    def __enter__(self) -> Self:
        try:
            self._refuse_foreign()
        except BaseException:
            self._raw.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._raw.close()

    def __iter__(self) -> Iterator[ArchiveRecord]:
        from fastwarc.warc import ArchiveIterator  # noqa: PLC0415 - an extra: when a WARC file is read

        octets = open_octets(self._path, self._raw)
        # Given a stream and not a name, which it may take for an address. It asks a stream for `read` and `tell` alone.
        stream = cast("BinaryIO", octets)
        records = ArchiveIterator(stream, parse_http=False, stream_detect=False, max_header_len=_LONGEST_HEADER)
        number = 0
        place = octets.place(0)
        try:
            for number, found in enumerate(records, start=1):
                place = octets.place(found.stream_pos)
                record = ArchiveRecord(found, number, place, self._path)
                yield record
                record.finish()
        except OSError as error:
            after = f"after record {number}, which begins at {place}" if number else f"at {place}"
            raise InputError(
                f"{self._path}: no record can be read {after}: {error}",
                hint="get the file once more; nothing of it was used",
                file=str(self._path),
                record=number + 1,
            ) from error

    def _refuse_foreign(self) -> None:
        try:
            first = _first(open_octets(self._path, self._raw))
        except OSError as error:
            raise InputError(f"{self._path} cannot be read: {error}", file=str(self._path)) from error
        self._raw.seek(0)
        if first.startswith(_WARC_MAGIC):
            return
        hint = "records are read from .warc, .warc.gz and .warc.zst as ISO 28500 has them"
        if first.startswith(_ARC_MAGIC):
            raise InputError(
                f"{self._path} is an ARC file, the format before WARC, which is not read",
                hint="bring it to WARC first: warcio recompress OLD.arc.gz NEW.warc.gz",
                file=str(self._path),
            )
        what = "does not begin as a WARC file does" if first else "is empty"
        raise InputError(f"{self._path} is no WARC file: it {what}", hint=hint, file=str(self._path))


def _first(octets: WarcOctets) -> bytes:
    """Read enough of a stream to know a format by."""
    first = b""
    while len(first) < len(_ARC_MAGIC) and (more := octets.read(len(_ARC_MAGIC) - len(first))):
        first += more
    return first
