"""What is kept of a response, a page or embedded metadata: the few lines that readers of reservations ask for.

A line is `name: value`. Several values of one name stand in one line, `SEVERAL` between them; a line has no line break
within, and no text of the page but what states something about its use. Lines are all that screening and the ledger
keep of a page, so what is not here is not decided on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rightful.facts.statement import shown
from rightful.signals import rsl
from rightful.signals.embedded import c2pa, plus
from rightful.signals.page_meta import Licence, PageHead
from rightful.signals.product_tokens import token_table
from rightful.signals.robots_tag import is_directive

SEVERAL = "\x1e"  # between the lines of a field that was sent more than once
LONGEST_LINE = 32_768  # characters; what would be longer is not cut, which could lose a refusal, but held
UNREAD = "unread"  # names what was too long, or could not be read
LOOKED_AT = "looked_at"  # names what was there to be read, whether it states anything or not

_HEADERS = {
    name.replace("_", "-"): name
    for name in (
        "x_robots_tag", "tdm_reservation", "tdm_policy", "content_usage", "content_signal",
        "crawler_price", "crawler_exact_price", "crawler_max_price", "crawler_charged", "payment_required",
    )
}  # fmt: skip
# Text of headers in which this is not found, and which is no JSON, states nothing: its lines are these.
HEADERS_THAT_STATE = r"(?i)^\s*[{\[]|x-robots-tag|tdm-|content-usage|content-signal|crawler-|payment-required|rsl\+xml"
HEADERS_WITHOUT = f"{LOOKED_AT}: headers"
_METAS = {"robots": "meta_robots", "tdm-reservation": "meta_tdm_reservation", "tdm-policy": "meta_tdm_policy"}
# What in a packet that cannot be read may be a refusal; PLUS says so itself.
_IN_PACKETS = {b"www.w3.org/ns/tdmrep": "xmp_tdm_reservation", rsl.NAMESPACE.encode(): "rsl_inline"}
_LICENCE_METAS = ("dc.rights", "dcterms.rights", "dc.license", "dcterms.license", "dc.rights.license")
_STATUS_LINE = "http/"
_LONGEST_CONTENT = 1_000


def lines_of(status: int | None = None, headers: Sequence[tuple[str, str]] = (), html: bytes | None = None) -> str:
    """Give the lines of a response.

    Args:
        status: its status code.
        headers: names and values, as received.
        html: its body, where that is a page.
    """
    found = _Lines()
    if status is not None:
        found.add("http_status", str(status))
    if headers:
        found.add_headers(headers)
    if html is not None:
        found.add_page(html)
    return found.text()


def of_headers(written: object) -> str:
    """Give the lines of headers: a block of `Name: value` lines, JSON or a map of them, pairs, or a list of pairs."""
    found = _Lines()
    found.add_headers(header_pairs(written))
    return found.text()


def of_page(html: str | bytes) -> str:
    """Give the lines of a page, or of its head."""
    found = _Lines()
    found.add_page(html.encode("utf-8", "replace") if isinstance(html, str) else html)
    return found.text()


def of_xmp(xmp: str | bytes) -> str:
    """Give the lines of an XMP packet."""
    packet = xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp
    found = _Lines()
    found.add(LOOKED_AT, "xmp")
    if plus.why_unread(packet):
        for mark, name in _IN_PACKETS.items():
            if mark in packet.replace(b"\0", b""):
                found.add(UNREAD, name)
    for name, value in plus.tdm_metas(packet):
        found.add(f"xmp_tdm_{name.partition(':')[2]}", value)
    for source in rsl.in_metadata(packet):
        found.add("rsl_inline", source)
    stated = plus.data_mining(packet)
    if stated:
        found.add("data_mining", json.dumps(stated, ensure_ascii=False))
    return found.text()


def of_rsl(source: str | bytes) -> str:
    """Give the lines of an RSL document, or a `<content>` of one, that came with the record, from a feed say."""
    found = _Lines()
    found.add(LOOKED_AT, "rsl")
    found.add("rsl_inline", source.decode("utf-8", "replace") if isinstance(source, bytes) else source)
    return found.text()


def of_manifest(manifest: object) -> str:
    """Give the lines of a C2PA manifest, as JSON text or value."""
    found = _Lines()
    found.add(LOOKED_AT, "c2pa")
    stated = c2pa.training_mining(manifest)
    if stated:
        found.add("c2pa", stated)
    return found.text()


def of_lines(lines: str | bytes) -> str:
    """Give lines that were made before, as they are."""
    written = lines.decode("utf-8", "replace") if isinstance(lines, bytes) else lines
    return "\n".join(line for line in written.split("\n") if ": " in line)


def header_pairs(written: object) -> list[tuple[str, str]]:
    """Give names and values of headers, however they were kept.

    Args:
        written: a block of text, with a status line or without; JSON; a map, of texts or of lists of them; a list of
            pairs, or of maps with `name` (or `key`) and `value`.
    """
    if isinstance(written, bytes):
        written = written.decode("utf-8", "replace")
    if isinstance(written, str):
        if written.lstrip()[:1] in {"{", "["}:
            try:
                return header_pairs(json.loads(written))
            except (ValueError, RecursionError):
                return [(UNREAD, "http_headers")]
        parts = (line.partition(":") for line in written.splitlines())
        return [(name, value) for name, colon, value in parts if colon and not name.lower().startswith(_STATUS_LINE)]
    if isinstance(written, Mapping):
        return [(str(name), text) for name, value in written.items() for text in _texts(value)]
    pairs: list[tuple[str, str]] = []
    for item in written if isinstance(written, list | tuple) else ():
        if isinstance(item, Mapping):
            name = item.get("name", item.get("key"))
            pairs += [(str(name), text) for text in _texts(item.get("value"))]
        elif isinstance(item, list | tuple) and len(item) == 2:  # noqa: PLR2004 - a name and a value
            pairs += [(str(item[0]), text) for text in _texts(item[1])]
    return pairs


def _texts(value: Any) -> list[str]:
    several = value if isinstance(value, list | tuple) else [value]
    return [
        one.decode("latin-1") if isinstance(one, bytes) else str(one)
        for one in several
        if one is not None and one != ""
    ]


class _Lines:
    """Lines in the making: values by name, in the order they were found, each once."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}

    def add(self, name: str, value: str) -> None:
        self._found.setdefault(name, {})[" ".join(value.replace(SEVERAL, " ").split())] = None

    def add_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        self.add(LOOKED_AT, "headers")
        for name, value in headers:
            known = _HEADERS.get(name.strip().lower())
            if known:
                self.add(known, value)
            elif name.strip().lower() == "link":
                for url in rsl.link_urls([value]):
                    self.add("rsl_url", url)
            elif name == UNREAD:
                self.add(UNREAD, value)

    def add_page(self, html: bytes) -> None:
        self.add(LOOKED_AT, "page")
        head = PageHead.parse(html)
        if any(remark.code == "too-many-attributes" for remark in head.remarks):
            self.add(UNREAD, "page")
            return
        for name, content in head.metas:
            self._add_meta(name.lower(), content)
        for licence in licences_named(head):
            self.add("page_licence", shown(licence.href))
        if head.accessible_for_free is False:
            self.add("access", "isAccessibleForFree=false")
        if rsl.MEDIA_TYPE.encode() in html.lower():
            self._add_rsl(html)

    def _add_meta(self, name: str, content: str) -> None:
        if name in _METAS:
            self.add(_METAS[name], content)
        elif _is_for_a_bot(name, content):
            self.add("meta_bot", f"{name}={content}")

    def _add_rsl(self, html: bytes) -> None:
        declared = rsl.in_page(html)
        for url in declared.urls:
            self.add("rsl_url", url)
        for source in declared.sources:
            self.add("rsl_inline", source)

    def text(self) -> str:
        lines = []
        for name, values in self._found.items():
            line = f"{name}: {SEVERAL.join(values)}"
            lines.append(line if len(line) <= LONGEST_LINE else f"{UNREAD}: {name}")
        return "\n".join(line.encode("utf-8", "replace").decode() for line in lines)


def licences_named(head: PageHead) -> list[Licence]:
    """Give the licences that a page names: in links, schema.org and Dublin Core; RSL documents are none."""
    found = [licence for licence in head.licences if licence.media_type != rsl.MEDIA_TYPE]
    metas = ((name.lower(), content) for name, content in head.metas)
    return found + [Licence(content, "", f"meta {name}") for name, content in metas if name in _LICENCE_METAS]


def _is_for_a_bot(name: str, content: str) -> bool:
    """Tell whether an element is a bot's: of one that is known, or with nothing in it but words of robots tags."""
    if "=" in name:
        return False
    if name in token_table().names:
        return True
    parts = [part for part in content[:_LONGEST_CONTENT].split(",") if part.strip()]
    return bool(parts) and all(is_directive(part) for part in parts)
