"""Reading an answer: its body up to the parsing limit, whatever was compressed, and where a redirect leads."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import can_ada

from rightful.facts.site import MAX_URL_OCTETS, WEB_SCHEMES, parse_url
from rightful.signals.robots_txt.lines import PARSE_LIMIT_OCTETS

if TYPE_CHECKING:
    import httpx

# One octet over the limit of parsing: it tells the parser that its last line is cut, for a rule cut in half is
# another rule (`Allow: /press/` would become `Allow: /`).
KEPT_OCTETS = PARSE_LIMIT_OCTETS + 1
MAX_REDIRECTS = 5  # RFC 9309 2.3.1.2: at least five, across authorities
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_MODIFIED = 304
NOT_MODIFIED_BASIS = "not modified"
# Octets read from the wire for those: compression that makes a body larger is an attack on the reader's time.
_WIRE_OCTETS = 2 * KEPT_OCTETS
_GZIP = zlib.MAX_WBITS | 16
_GZIP_MAGIC = b"\x1f"


class UnreadableAnswerError(Exception):
    """The answer cannot be read or followed; says why in our words. Never leaves this package."""


async def read_body(response: httpx.Response) -> tuple[bytes, bool]:
    """Read a body, decoded, and stop reading where it is longer than what is parsed.

    Returns:
        At most `KEPT_OCTETS` octets, and whether there were more.

    Raises:
        UnreadableAnswerError: the body is coded in a way that was not asked for, or its coding is broken.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnreadableAnswerError("content coding that was not asked for")
    unpack = _Gunzip() if "gzip" in coding else None
    body = bytearray()
    wire = 0
    async for part in response.aiter_raw():
        wire += len(part)
        body += unpack.feed(part, KEPT_OCTETS + 1 - len(body)) if unpack else part
        if len(body) > KEPT_OCTETS:
            return bytes(body[:KEPT_OCTETS]), True
        if wire > _WIRE_OCTETS:
            raise UnreadableAnswerError("content coding larger than its content")
    if unpack is not None and not unpack.whole:
        raise UnreadableAnswerError("content coding broken off")
    return bytes(body), False


class _Gunzip:
    """Unpacks gzip (RFC 1952) no further than it is asked to: a kilobyte may hold a megabyte."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self._over = False

    @property
    def whole(self) -> bool:
        """Whether the octets so far end where a member ends; no octets at all do."""
        return self._member is None

    def feed(self, octets: bytes, limit: int) -> bytes:
        """Unpack, up to `limit` octets; what is left over when the limit is reached is dropped."""
        out = bytearray()
        while octets and len(out) < limit and not self._over:
            if self._member is None:
                self._member = zlib.decompressobj(_GZIP)
            try:
                out += self._member.decompress(octets, limit - len(out))
            except zlib.error:
                raise UnreadableAnswerError("content coding broken") from None
            octets = self._member.unconsumed_tail
            if self._member.eof:
                octets = self._member.unused_data
                self._member = None
                # What follows a member and is none is padding, as gzip itself takes it.
                self._over = bool(octets) and not octets.startswith(_GZIP_MAGIC)
        return bytes(out)


def redirect_target(url: str, location: str | None) -> str:
    """Say where a redirect leads, read as browsers read it (WHATWG URL standard).

    Raises:
        UnreadableAnswerError: it leads nowhere, to no http(s) URL, or names a user.
    """
    if not location:
        raise UnreadableAnswerError("redirect without a location")
    if len(location) > MAX_URL_OCTETS:
        raise UnreadableAnswerError("redirect to an overlong URL")
    path, mark, query = location.partition("?")
    # `urljoin` does not know that browsers take \ for /; in a query it is no separator.
    joined = urljoin(url, path.replace("\\", "/") + mark + query)
    try:
        parsed = can_ada.parse(joined)
    except ValueError:
        raise UnreadableAnswerError("redirect to what is no URL") from None
    if parsed.protocol not in WEB_SCHEMES:
        raise UnreadableAnswerError("redirect to a scheme other than http and https")
    if parsed.username or parsed.password:
        raise UnreadableAnswerError("redirect to a URL with user information")
    target = parse_url(parsed.href)
    if target is None:
        raise UnreadableAnswerError("redirect to what is no URL")
    return target.href
