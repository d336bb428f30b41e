"""A response, a page, an XMP packet or a manifest read aloud: the same lines that screening keeps of it, read alike.

What screening decides on are the lines of `page_lines`, read by `page_fields`; here the lines of each protocol are read
by themselves, so that each remark is known by its protocol, and where a reader tells the place in the document better
than a line does, that reader is asked. What is stated is the same, which the tests hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from rightful.facts.statement import Reading
from rightful.signals import content_signal, content_usage, http_payment, licence, page_meta, robots_tag, rsl, tdmrep
from rightful.signals.embedded import c2pa, plus
from rightful.signals.header_forms import header_pairs, unfolded
from rightful.signals.markup import looks_like_markup
from rightful.signals.page_fields import read_fields
from rightful.signals.page_lines import licences_named, lines_of
from rightful.signals.page_meta import PageHead
from rightful.signals.site_files import Interpretation, resolved
from rightful.signals.told import Part, said_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.signals.site_files import Declared

PAGE, RESPONSE = "page", "response"

# Which lines are read together: one protocol's, for TDMRep has an order among its own.
_PAYMENT = ("http_status", "crawler_price", "crawler_exact_price", "crawler_max_price", "crawler_charged")
_LINES_OF = {
    robots_tag.PROTOCOL: ("x_robots_tag", "meta_robots", "meta_bot"),
    tdmrep.PROTOCOL: tuple(f"{at}tdm_{name}" for at in ("", "meta_", "xmp_") for name in ("reservation", "policy")),
    content_usage.PROTOCOL: ("content_usage",),
    content_signal.PROTOCOL: ("content_signal",),
    http_payment.PROTOCOL: (*_PAYMENT, "payment_required"),
}
# Read from the document itself, which knows the place; the lines say the same.
_READ_WHOLE = frozenset({"rsl_inline", "access"})
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)")
_STATUS_LINE_LATER = re.compile(rb"\s*(HTTP/\d(?:\.\d)?[ \t]+\d{3}(?!\d))")
_BLANK = re.compile(rb"\r?\n\r?\n|\r\r")
_ANYBODY = Interpretation()  # what is declared does not depend on who asks


@dataclass(frozen=True)
class Response:
    """A response, whole or in part.

    Attributes:
        status: None where it is not known.
        headers: names and values, as received.
        html: the page, None where there is none.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    html: bytes | None = None

    @cached_property
    def lines(self) -> str:
        """What screening keeps of it."""
        return lines_of(self.status, self.headers, self.html)


def parse_dump(octets: bytes) -> Response:
    """Read the head of a response as `curl -I` or `curl -i` prints it, of several (redirects) the last.

    The status line may be missing. What follows the head is read where it is a page. JSON of headers is read, too.
    """
    rest = octets.removeprefix(b"\xef\xbb\xbf").lstrip()
    if rest[:1] in {b"{", b"["}:
        return Response(headers=tuple(header_pairs(rest)))
    status, start = None, 0
    while True:
        blank = _BLANK.search(rest, start)
        end, after = blank.span() if blank else (len(rest), len(rest))
        match = _STATUS_LINE.match(rest, start, end)
        status = int(match[1]) if match else status
        following = _STATUS_LINE_LATER.match(rest, after)
        if match is None or following is None:
            break
        start = following.start(1)
    lines = unfolded(rest[start:end].decode("latin-1"))[1 if match else 0 :]  # RFC 9110 5.5: a character is an octet
    parts = (line.partition(":") for line in lines)
    headers = tuple((name.strip(), value.strip()) for name, colon, value in parts if colon)
    body = rest[after:]
    return Response(status, headers, body if looks_like_markup(body) else None)


def response_parts(response: Response, asked: Interpretation, document: str = PAGE) -> tuple[Part, ...]:
    """Read a response and its page.

    Args:
        response: what is known of it.
        asked: a policy's answers to what the specifications leave open; the tokens that count.
        document: what it is called.
    """
    lines = [line for line in response.lines.split("\n") if line.partition(": ")[0] not in _READ_WHOLE]
    parts = []
    for protocol, names in _LINES_OF.items():
        own = "\n".join(line for line in lines if line.partition(": ")[0] in names)
        if own:
            parts.append(_part(protocol, own, asked, document))
    named = {name for names in _LINES_OF.values() for name in names}
    others = "\n".join(line for line in lines if line.partition(": ")[0] not in named)
    parts += by_protocol(read_fields(others, asked).reading, document)
    if response.html is not None:
        parts += _page_parts(response.html, response.lines, asked, document)
    return tuple(part for part in parts if part.reading != Reading())


def declared_by_response(response: Response, url: str = "") -> tuple[Declared, ...]:
    """Give the RSL documents that a response or its page declares, absolute against its URL; the first twenty."""
    return resolved(read_fields(response.lines, _ANYBODY).licence_urls, url)


def xmp_parts(packet: bytes, document: str = "xmp") -> tuple[Part, ...]:
    """Read an XMP packet."""
    tdm = tdmrep.in_metas(plus.tdm_metas(packet))
    parts = [Part(document, plus.PROTOCOL, plus.in_xmp(packet)), Part(document, tdmrep.PROTOCOL, _placed(tdm, "xmp"))]
    for number, source in enumerate(rsl.in_metadata(packet)):
        licence = rsl.RslDocument.parse(source.encode(), in_page=True)
        parts.append(Part(document, rsl.PROTOCOL, _placed(licence.statements("/"), f"rsl {number}")))
    return tuple(part for part in parts if part.reading != Reading())


def manifest_parts(manifest: bytes, document: str = "c2pa") -> tuple[Part, ...]:
    """Read a C2PA manifest; nobody has verified its signature."""
    return (Part(document, c2pa.PROTOCOL, c2pa.in_manifest(manifest)),)


def by_protocol(reading: Reading, document: str) -> list[Part]:
    """Part a reading that has no remarks by the protocols of its statements."""
    protocols = dict.fromkeys(statement.protocol for statement in reading.statements)
    return [
        Part(document, protocol, Reading(tuple(s for s in reading.statements if s.protocol == protocol)))
        for protocol in protocols
    ]


def _part(protocol: str, lines: str, asked: Interpretation, document: str) -> Part:
    reading = read_fields(lines, asked).reading
    to = {}
    if protocol == robots_tag.PROTOCOL:  # the others are said to everybody

        def read(token: str) -> Reading:
            return read_fields(lines, replace(asked, tokens=(token,))).reading

        to = said_to(reading.statements, {token: (token,) for token in asked.tokens}, read)
    return Part(document, protocol, reading, to)


def _page_parts(html: bytes, lines: str, asked: Interpretation, document: str) -> Iterator[Part]:
    head = PageHead.parse(html)
    yield Part(document, page_meta.PROTOCOL, head.reading())
    for named in licences_named(head):
        yield Part(document, licence.PROTOCOL, licence.remarks_on(named.href, named.where))
    if any(line.startswith("rsl_inline: ") for line in lines.split("\n")):
        for number, inline in enumerate(rsl.in_page(html).documents):
            reading = _placed(inline.statements("/", user=asked.user), f"script {number}")
            yield Part(document, rsl.PROTOCOL, reading)


def _placed(reading: Reading, place: str) -> Reading:
    """Say in front of every place what it is in."""

    def put(where: str) -> str:
        return f"{place}, {where.removeprefix('meta ')}" if where else place

    return Reading(
        tuple(replace(statement, where=put(statement.where)) for statement in reading.statements),
        tuple(replace(remark, where=put(remark.where)) for remark in reading.remarks),
    )
