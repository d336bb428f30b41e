"""Records from WARC files: one row for every page that a server answered with, in the order of the file.

What becomes a row: each `response` with a status, and each `resource`, at a web address that is no signal file's.
What does not, and is counted: redirects and other answers without a page (1xx, 3xx); revisits, whose page is another
record's; signal files, which `rightful snapshot import` reads; and what is no answer of a server at all.

A response whose head cannot be read is a row all the same, and says so in `page_fields`: it may have been a refusal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rightful.errors import MissingExtraError
from rightful.facts.site import WEB_SCHEMES
from rightful.signals.header_forms import UNREAD
from rightful.signals.markup import looks_like_markup
from rightful.signals.page_lines import lines_of
from rightful.signals.page_meta import LIMIT_OCTETS as HEAD_OCTETS
from rightful.snapshot.answers import UnreadableAnswerError
from rightful.snapshot.http_message import decoded_body, media_type
from rightful.snapshot.warc import fetch_time, is_licence
from rightful.snapshot.warc_file import WarcFile, signal_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rightful.snapshot.warc_file import ArchiveRecord

WARC_SCHEMA = pa.schema(
    [
        ("id", pa.string()),  # WARC-Record-ID, as written
        ("url", pa.string()),
        ("fetched_at", pa.timestamp("us", tz="UTC")),
        ("http_status", pa.int32()),  # null of a resource, and where the head cannot be read
        ("media_type", pa.string()),  # as the server named it
        ("page_fields", pa.string()),  # signals.page_lines
        ("text", pa.large_string()),  # of HTML and plain text; null of all else
    ]
)
PAGE_OCTETS = 16 << 20  # of a longer page there is no text, and only its beginning is read for what it states
BATCH_ROWS = 4_096
BATCH_OCTETS = 32 << 20
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_PLAIN = "text/plain"
_HEAD_ENDS = (b"</head", b"<body")
_OK, _REDIRECT, _CLIENT = 200, 300, 400
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a WARC file holds: rows, and records by why they are none."""

    rows: int
    left_out: dict[str, int]


def read_contents(path: Path) -> Contents:
    """Read a file through: how many rows it gives, and what it holds besides.

    Raises:
        InputError: the file is no WARC file, is damaged, or ends too early; names it, and the octet.
        MissingExtraError: what reads WARC files, or pages, is not installed.
    """
    _require_reader_of_pages()
    rows = 0
    left_out: Counter[str] = Counter()
    with WarcFile(path) as records:
        for record in records:
            reason = _why_left_out(record)
            if reason is None:
                rows += 1
            else:
                left_out[reason] += 1
    return Contents(rows, dict(sorted(left_out.items())))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Give the rows of a file in batches, of at most `BATCH_ROWS` rows and, but for the last row, `BATCH_OCTETS`.

    Args:
        path: the file.
        columns: those to make, in this order; all by default. Without `text` no page is turned into text.

    Raises:
        InputError: the file is no WARC file, is damaged, or ends too early; names it, and the octet.
        MissingExtraError: what reads WARC files, or pages, is not installed.
    """
    _require_reader_of_pages()
    schema = WARC_SCHEMA if columns is None else pa.schema([WARC_SCHEMA.field(name) for name in columns])
    rows: list[dict[str, Any]] = []
    octets = 0
    with WarcFile(path) as records:
        for record in records:
            if _why_left_out(record) is not None:
                continue
            row = _row(record, schema.names)
            rows.append(row)
            octets += sum(len(value) for value in row.values() if isinstance(value, str))
            if len(rows) == BATCH_ROWS or octets >= BATCH_OCTETS:
                yield pa.RecordBatch.from_pylist(rows, schema)
                rows, octets = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema)


def _require_reader_of_pages() -> None:
    try:
        import resiliparse.extract.html2text  # noqa: F401, PLC0415 - an extra: when a WARC file is read
    except ImportError as error:
        raise MissingExtraError.named("warc", needs="Resiliparse") from error


def _why_left_out(record: ArchiveRecord) -> str | None:
    """Say why a record is no row; None where it is one. Asks for no more than the head of a response."""
    if record.kind not in {"response", "resource"}:
        return "revisit" if record.kind == "revisit" else "no answer of a server"
    if signal_at(record.url) is not None or is_licence(record):
        return "signal file"
    on_the_web = record.url.lower().startswith(WEB_SCHEMES)
    if record.kind == "resource" or not record.is_http:
        return None if on_the_web else "no web page"  # but a screenshot, a log, a name that was looked up
    status = record.message.status if record.message else _OK
    if status < _OK:
        return "no web page"
    return "redirect" if _REDIRECT <= status < _CLIENT else None


def _row(record: ArchiveRecord, names: Sequence[str]) -> dict[str, Any]:
    message = record.message if record.is_http else None
    media = message.media_type if message else None if record.is_http else media_type(record.field("Content-Type"))
    row: dict[str, Any] = {
        "id": record.field("WARC-Record-ID") or None,
        "url": record.url or None,
        "fetched_at": fetch_time(record),
        "http_status": message.status if message else None,
        "media_type": media,
    }
    if "text" in names or "page_fields" in names:
        page = _Page.of(record, media)
        headers = message.headers if message else ()
        # Without the status: it has a column of its own, and would be stated twice.
        lines = [lines_of(None, headers, page.octets if page.is_html else None)]
        unread = ["http_headers"] if record.is_http and message is None else []
        unread += [] if page.can_be_read else ["page"]
        row["page_fields"] = "\n".join(filter(None, [*lines, *(f"{UNREAD}: {name}" for name in unread)])) or None
        if "text" in names:
            charset = next(iter(reversed(message.values("content-type"))), "") if message else ""
            row["text"] = page.text(_charset(charset))
    return {name: row.get(name) for name in names}


@dataclass(frozen=True, slots=True)
class _Page:
    """The body of a record, as far as it is a page or plain text.

    Attributes:
        octets: freed of its codings; None where there is none, it is of another kind, or it cannot be read.
        is_html: whether it is HTML.
        too_long: whether it is longer than is read.
        can_be_read: whether what it states can be known.
    """

    octets: bytes | None = None
    is_html: bool = False
    too_long: bool = False
    can_be_read: bool = True

    @classmethod
    def of(cls, record: ArchiveRecord, media: str | None) -> _Page:
        if media is not None and media not in _HTML and media != _PLAIN:
            return cls()
        message = record.message if record.is_http else None
        if record.is_http and message is None:
            return cls()
        block = record.block(PAGE_OCTETS)
        try:
            octets, whole = (
                decoded_body(message, block.octets, PAGE_OCTETS, whole=block.whole)
                if message
                else (block.octets, block.whole)
            )
        except UnreadableAnswerError:
            return cls(can_be_read=media == _PLAIN)  # plain text states nothing
        is_html = media in _HTML or (media is None and looks_like_markup(octets))
        if not is_html and media is None:
            return cls()
        # A head that broke off may have gone on to refuse.
        lower = octets[:HEAD_OCTETS].lower()
        cut = is_html and not whole and len(octets) < HEAD_OCTETS and not any(end in lower for end in _HEAD_ENDS)
        return cls(octets, is_html, too_long=not whole and len(octets) == PAGE_OCTETS, can_be_read=not cut)

    def text(self, charset: str | None) -> str | None:
        """Give the readable text: of HTML everything but scripts, styles and comments, of plain text all of it."""
        if self.octets is None or self.too_long:
            return None
        decoded = _decoded(self.octets, charset, is_html=self.is_html)
        if not self.is_html:
            return decoded
        from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415 - an extra: when asked

        try:
            return str(extract_plain_text(decoded, preserve_formatting=True, main_content=False))
        except ValueError:
            return None


def _charset(content_type: str) -> str | None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def _decoded(octets: bytes, charset: str | None, *, is_html: bool) -> str:
    """Read octets as text: by their mark, the header, what the page says, or what they look like (HTML 13.2.3.2)."""
    from resiliparse.parse.encoding import (  # noqa: PLC0415 - an extra: when asked
        bytes_to_str,
        detect_encoding,
        map_encoding_to_html5,
    )

    mark = next((mark for mark in _MARKS if octets.startswith(mark)), b"")
    octets = octets.removeprefix(mark)
    named = _MARKS.get(mark) or (map_encoding_to_html5(charset, fallback_utf8=False) if charset else None)
    encoding = named or detect_encoding(octets, from_html_meta=is_html) or "utf-8"
    try:
        return bytes_to_str(octets, encoding, errors="replace", fallback_encodings=("utf-8",))
    except (LookupError, UnicodeError):  # an encoding of the web that Python does not have
        return octets.decode("utf-8", "replace")
