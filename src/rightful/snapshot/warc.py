"""Captures out of a WARC file: what signal files answered when somebody crawled them.

- A response at `/robots.txt` (or another signal's path) is a capture, timed with its `WARC-Date`; so Common Crawl's
  subset of robots.txt files is read as it is. A `resource` is one without a status: its octets are what there was.
- A response that is RSL by its media type, or at a URL that a signal file before it declares, is a capture of that.
- A redirect is followed within the file, as RFC 9309 2.3.1.2 wants it followed: to the answer nearest in time, within
  the 24 hours an answer may be used for (2.4). Where that is not in the file, nothing is known of the site.
- A revisit, and an answer "not modified", stand for a body that came before them in the file; else they say nothing.
- What broke off, or is in a coding nobody can read, is `unreachable`: the rest of it may have been a refusal.

What is left out frees nothing, for its origin then counts as never captured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rightful.facts.moment import parse_time
from rightful.facts.site import parse_url
from rightful.signals.locations import RSL
from rightful.signals.rsl import MEDIA_TYPE
from rightful.signals.site_files import SITE_FILES, declared_in
from rightful.snapshot.answers import (
    KEPT_OCTETS,
    MAX_REDIRECTS,
    NOT_MODIFIED,
    NOT_MODIFIED_BASIS,
    REDIRECTS,
    UnreadableAnswerError,
    redirect_target,
)
from rightful.snapshot.http_message import decoded_body, media_type
from rightful.snapshot.model import Capture, Kind, Outcome, classify
from rightful.snapshot.warc_file import WarcFile, signal_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.snapshot.http_message import Message
    from rightful.snapshot.warc_file import ArchiveRecord

_WIRE_OCTETS = 2 * KEPT_OCTETS  # as read from the network for one signal file
_ANSWERS = frozenset({"response", "resource", "revisit"})
_USABLE = timedelta(hours=24)
_OK, _NOT_OK = 200, 300
_BROKEN = "answer broken off, or not HTTP"  # as a capture of our own has it


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that is no capture: why, and which one."""

    reason: str
    example: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer at a URL: `target` is where it redirects to, `error` why it cannot be read."""

    url: str
    fetched_at: datetime
    status: int | None
    body: bytes | None = None
    truncated: bool = False
    error: str | None = None
    target: str | None = None
    basis: str | None = None


class _LeftOutError(Exception):
    """A record that says nothing; its message says why. Never leaves this module."""


def read_captures(file: Path) -> Iterator[Capture | LeftOut]:
    """Read the captures of a WARC file; every record is one of them, or left out with a reason.

    Memory is that of the signal files' bodies, each cut at the parsing limit; all else is passed over.

    Raises:
        InputError: the file is no WARC file, is damaged, or ends too early; names it, and the octet.
        MissingExtraError: the library that reads WARC files is not installed.
    """
    crawl = _Crawl()
    with WarcFile(file) as records:
        for record in records:
            try:
                left_out = crawl.add(record)
            except _LeftOutError as reason:
                left_out = str(reason)
            if left_out:
                yield LeftOut(left_out, f"record {record.number}: {(record.url or record.kind)[:80]!r}")
    yield from crawl.captures()


class _Crawl:
    """The answers of a file: those at signals' URLs, and those at URLs that they redirect to."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, str, _Answer]] = []
        self._at: dict[str, list[_Answer]] = {}
        self._wanted: set[str] = set()
        self._declared: dict[str, str] = {}
        self._by_digest: dict[str, _Answer] = {}
        self._by_record: dict[str, _Answer] = {}

    def add(self, record: ArchiveRecord) -> str | None:
        """Take up a record, or say why it is passed over."""
        if record.kind not in _ANSWERS:
            return "no answer of a server"
        location = parse_url(record.url)
        if location is None:
            return "not a signal file"
        named = signal_at(record.url) or self._document_at(record, location.href)
        if named is None and location.href not in self._wanted:
            return "not a signal file"
        answer = self._answer(record, location.href)
        self._at.setdefault(answer.url, []).append(answer)
        if answer.target is not None:
            self._wanted.add(answer.target)
        if answer.body is not None and answer.error is None:
            self._by_record[record.field("WARC-Record-ID")] = answer
            digest = record.field("WARC-Payload-Digest")
            if digest:
                self._by_digest[digest] = answer
        if named is None:
            return "where a signal file redirects to"
        self._asked.append((*named, answer))
        kind = SITE_FILES.get(named[1])
        if kind is not None and kind.documents and answer.body is not None and answer.error is None:
            for document in declared_in(answer.body, *named):
                self._declared.setdefault(document.url, kind.documents)
        return None

    def _document_at(self, record: ArchiveRecord, url: str) -> tuple[str, str] | None:
        """Tell whether an answer is a document that signal files declare: a licence, or a policy."""
        if url in self._declared:
            return url, self._declared[url]
        return (url, RSL) if is_licence(record) else None

    def captures(self) -> Iterator[Capture | LeftOut]:
        """Give one capture for every answer at a signal's URL, in the order of the file."""
        for origin, signal, answer in self._asked:
            hops: list[str] = []
            end: _Answer | None = answer
            while end is not None and end.target is not None and len(hops) < MAX_REDIRECTS:
                hops.append(end.target)
                end = self._nearest(end.target, answer.fetched_at)
            if end is None:
                told = f"{answer.url[:80]!r} to {hops[-1][:80]!r}"
                yield LeftOut("redirect to what is not in the file", told)
                continue
            error = end.error if end.target is None else f"more than {MAX_REDIRECTS} redirects"
            # By its status alone a 304 would be an answer without a body; the one that stands is the earlier one.
            status = None if end.status == NOT_MODIFIED else end.status
            outcome, kind = Outcome.UNREACHABLE, Kind.NONE
            if error is None:
                outcome, kind = classify(status, None, end.body, signal)
            yield Capture(
                origin=origin,
                fetched_at=answer.fetched_at.replace(microsecond=0),
                outcome=outcome,
                kind=kind,
                signal=signal,
                status=end.status,
                error=error,
                body=end.body if error is None else None,
                redirects=tuple(hops),
                truncated=end.truncated,
                time_basis=end.basis,
            )

    def _nearest(self, url: str, moment: datetime) -> _Answer | None:
        near = [answer for answer in self._at.get(url, ()) if abs(answer.fetched_at - moment) <= _USABLE]
        return min(near, key=lambda answer: abs(answer.fetched_at - moment), default=None)

    def _answer(self, record: ArchiveRecord, url: str) -> _Answer:
        fetched_at = fetch_time(record)
        if fetched_at is None:
            raise _LeftOutError("time not readable")
        message = record.message if record.is_http else None
        status = message.status if message else None
        succeeded = status is None or _OK <= status < _NOT_OK
        if status == NOT_MODIFIED or (record.kind == "revisit" and succeeded):
            return self._standing(record, url, fetched_at, status)
        if record.is_http and message is None:
            return _Answer(url, fetched_at, None, error=_BROKEN)
        if message is not None and message.status in REDIRECTS:
            return _redirected(url, fetched_at, message)
        return _with_body(record, url, fetched_at, message) if succeeded else _Answer(url, fetched_at, status)

    def _standing(self, record: ArchiveRecord, url: str, fetched_at: datetime, status: int | None) -> _Answer:
        """Give the answer whose body a revisit repeats (6.7), or that a server says was not modified."""
        refers_to = record.field("WARC-Refers-To")
        earlier = self._by_record.get(refers_to) if refers_to else None
        if earlier is None and status == NOT_MODIFIED:
            # Not by its digest: that may be the one of the nothing that came, and an empty file permits.
            earlier = next((a for a in reversed(self._at.get(url, ())) if a.body is not None), None)
        elif earlier is None:
            earlier = self._by_digest.get(record.field("WARC-Payload-Digest"))
        if earlier is None:
            raise _LeftOutError("repeats what is not in the file")
        basis = NOT_MODIFIED_BASIS if status == NOT_MODIFIED else None
        told = status if status is not None else earlier.status
        return _Answer(url, fetched_at, told, earlier.body, truncated=earlier.truncated, basis=basis)


def is_licence(record: ArchiveRecord) -> bool:
    """Tell by its media type whether an answer is an RSL document."""
    message = record.message if record.is_http else None
    media = message.media_type if message else None if record.is_http else media_type(record.field("Content-Type"))
    return media == MEDIA_TYPE


def fetch_time(record: ArchiveRecord) -> datetime | None:
    """Give the time of a record, `WARC-Date` (5.4), in UTC; None where it has none that can be read."""
    try:
        return parse_time(record.field("WARC-Date"))
    except (ValueError, OverflowError):
        return None


def _redirected(url: str, fetched_at: datetime, message: Message) -> _Answer:
    try:
        target = redirect_target(url, next(iter(message.values("location")), None))
    except UnreadableAnswerError as error:
        return _Answer(url, fetched_at, message.status, error=str(error))
    return _Answer(url, fetched_at, message.status, target=target)


def _with_body(record: ArchiveRecord, url: str, fetched_at: datetime, message: Message | None) -> _Answer:
    status = message.status if message else None
    block = record.block(_WIRE_OCTETS)
    body, whole = block.octets[:KEPT_OCTETS], block.whole and len(block.octets) <= KEPT_OCTETS
    if message is not None:
        try:
            body, whole = decoded_body(message, block.octets, KEPT_OCTETS, whole=block.whole)
        except UnreadableAnswerError as error:
            return _Answer(url, fetched_at, status, error=str(error))
    if not whole and len(body) < KEPT_OCTETS:
        # Shorter than what is parsed, and not all of it: a rule cut in half is another rule.
        return _Answer(url, fetched_at, status, error=_BROKEN)
    return _Answer(url, fetched_at, status, body, truncated=not whole)
