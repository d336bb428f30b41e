"""One capture: what a server answered when asked for a signal file, and what that answer amounts to."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa

from rightful.signals.locations import ROBOTS, RSL
from rightful.signals.markup import looks_like_markup
from rightful.signals.robots_txt import RobotsTxt

if TYPE_CHECKING:
    from datetime import datetime


class Outcome(StrEnum):
    """What an answer amounts to (RFC 9309 2.3.1)."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"  # 4xx, or a web page where the file should be: there is no such file
    UNREACHABLE = "unreachable"  # 5xx, network, or redirects without end: the file may exist


class Kind(StrEnum):
    """What the body is."""

    ROBOTS = "robots"
    OTHER = "other"  # of another signal, and no web page
    HTML = "html"
    EMPTY = "empty"
    NONE = "none"


CAPTURES = pa.schema(
    [
        ("origin", pa.string()),  # scheme://host[:port]; //host where the scheme asked for is not known
        ("signal", pa.string()),
        ("fetched_at", pa.timestamp("s", tz="UTC")),
        ("time_basis", pa.string()),
        ("status", pa.int16()),
        ("outcome", pa.string()),
        ("kind", pa.string()),
        ("error", pa.string()),
        ("redirects", pa.list_(pa.string())),
        ("etag", pa.string()),
        ("last_modified", pa.string()),
        ("truncated", pa.bool_()),
        ("body_octets", pa.int64()),
        ("body_sha256", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Capture:
    """One fetch of one signal file; see `CAPTURES` for the fields. `body` is None where nothing came."""

    origin: str
    fetched_at: datetime | None
    outcome: Outcome
    kind: Kind = Kind.NONE
    signal: str = ROBOTS
    status: int | None = None
    error: str | None = None
    body: bytes | None = None
    redirects: tuple[str, ...] = ()
    etag: str | None = None
    last_modified: str | None = None
    truncated: bool = False
    time_basis: str | None = None


# What crawlers write where a page was in the place of the file; in other words than these, `html` is part of a URL.
_HTML_ERROR = re.compile(r"\s*html[ _]response(?:[ _]error)?(?:\s*:\s*html response)?\s*\.?\s*", re.IGNORECASE)
# What compresses, archives and encrypts begins so (RFC 1952, RFC 8878, PKWARE, PDF), and no text does.
_BINARY = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"%PDF-")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LOOKED_AT = 4_096

TOO_MANY_REQUESTS = 429
_OK, _PARTIAL, _REDIRECT, _CLIENT, _SERVER = 200, 206, 300, 400, 500


def classify(status: int | None, error: str | None, body: bytes | None, signal: str = ROBOTS) -> tuple[Outcome, Kind]:
    """Say what an answer amounts to.

    A web page where a signal file should be (status 200 from a site that answers every path alike) is no
    such file: `unavailable`, kind `html`. A body with markup that holds user-agent lines all the same is
    read as robots.txt, as Google does. What was neither answered nor explained is `unreachable`, and so is what is no
    text: the answer to another question, or one that nobody unpacked.
    """
    kind = _kind(body, signal)
    if status is not None and _CLIENT <= status < _SERVER:
        # Whether a refusal (401, 403, 429, 451) denies is the policy's to say, by the status (protocols A1).
        return Outcome.UNAVAILABLE, kind
    whole = status is None or (_OK <= status < _REDIRECT and status != _PARTIAL)
    if not whole:
        return Outcome.UNREACHABLE, kind
    if error and not body:
        answered_a_page = _HTML_ERROR.fullmatch(error) is not None
        return (Outcome.UNAVAILABLE, Kind.HTML) if answered_a_page else (Outcome.UNREACHABLE, Kind.NONE)
    if body is None or (not body and status is None) or _is_binary(body):
        return Outcome.UNREACHABLE, kind
    if kind is Kind.HTML:
        return Outcome.UNAVAILABLE, kind
    return Outcome.AVAILABLE, kind


def _is_binary(body: bytes) -> bool:
    start = body[:_LOOKED_AT]
    return start.startswith(_BINARY) or (b"\0" in start and not start.startswith(_UTF_16))


def _kind(body: bytes | None, signal: str) -> Kind:
    if body is None:
        return Kind.NONE
    if not body.strip():
        return Kind.EMPTY
    if signal == RSL:
        return Kind.OTHER  # markup it must be
    if looks_like_markup(body) and (signal != ROBOTS or not RobotsTxt.parse(body).groups):
        return Kind.HTML
    return Kind.ROBOTS if signal == ROBOTS else Kind.OTHER
