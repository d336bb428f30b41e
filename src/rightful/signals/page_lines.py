"""What is kept of a response, a page or embedded metadata: the few lines that readers of reservations ask for.

A line is `name: value`. Several values of one name stand in one line, `SEVERAL` between them; a line has no line break
within, and no text of the page but what states something about its use. Lines are all that screening and the ledger
keep of a page, so what is not here is not decided on.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rightful.facts.statement import shown
from rightful.signals import rsl
from rightful.signals.embedded import c2pa, plus
from rightful.signals.header_forms import STATING, UNREAD, header_pairs
from rightful.signals.licence import UNKNOWN, read_licence
from rightful.signals.markup import read_page
from rightful.signals.page_meta import ELEMENTS, LIMIT_OCTETS, Licence, PageHead
from rightful.signals.product_tokens import token_table
from rightful.signals.robots_tag import is_directive

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEVERAL = "\x1e"  # between the lines of a field that was sent more than once
LONGEST_LINE = 32_768  # characters; what would be longer is not cut, which could lose a refusal, but held
LONGEST = 8 * LONGEST_LINE  # characters of all lines of one record; more than that is no honest record's
LOOKED_AT = "looked_at"  # names what was there to be read, whether it states anything or not

_HEADERS = {
    name.replace("_", "-"): name
    for name in (
        "x_robots_tag", "tdm_reservation", "tdm_policy", "content_usage", "content_signal",
        "crawler_price", "crawler_exact_price", "crawler_max_price", "crawler_charged", "payment_required",
    )
}  # fmt: skip
# Text of headers in which this is not found, and which is no JSON, states nothing: its lines are these.
HEADERS_THAT_STATE = rf"(?i)^\s*[{{\[\"]|{STATING}"
HEADERS_WITHOUT = f"{LOOKED_AT}: headers"
# What a column of values holds where it holds more than the value: markup, JSON, quotes, the name of the field.
WRAPPED_VALUE = r"(?i)^\s*(?:[<\[{\"']|[a-z]+[-_][a-z-_]+\s*:)"
_METAS = {"robots": "meta_robots", "tdm-reservation": "meta_tdm_reservation", "tdm-policy": "meta_tdm_policy"}
# Every line there is.
NAMES = frozenset({
    *_HEADERS.values(), *_METAS.values(), LOOKED_AT, UNREAD, "access", "c2pa", "data_mining", "http_status", "meta_bot",
    "page_licence", "rsl_inline", "rsl_url", "xmp_tdm_policy", "xmp_tdm_reservation",
})  # fmt: skip
# What in a packet that cannot be read may be a refusal; PLUS says so itself.
_IN_PACKETS = {b"www.w3.org/ns/tdmrep": "xmp_tdm_reservation", rsl.NAMESPACE.encode(): "rsl_inline"}
_LICENCE_METAS = frozenset(
    f"{prefix}{name}"
    for prefix in ("dc.", "dc:", "dcterms.", "dcterms:", "dct:", "cc:", "")
    for name in ("rights", "license", "licence")
) | {"dc.rights.license"}
# What a refusal cannot be written without, in the part of a page that was not read.
_MAY_REFUSE = re.compile(
    rb"\bno-?(?:image)?ai\b|\bnoml\b|nosnippet|max-snippet|tdm[-:_]reservation|rsl\+xml|rslstandard|"
    rb"creativecommons\.org/licenses|rel\s*=\s*[\"']?(?:\w+:)?license|<meta[^>]{0,99}name\s*=\s*[\"']?robots",
    re.IGNORECASE,
).search
_UNREAD_PARTS = ("cut", "too-deep", "no-document", "too-many-attributes")
_LONGEST_LICENCE = 200  # characters; of a longer text what it is read as is kept
_LONGEST_CONTENT = 1_000
_MOST_WORDS = 3  # between two commas of a robots tag: `max-snippet: 50`, `otherbot: noai`


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
    """Give the lines of headers, in any form (`header_forms.header_pairs`)."""
    found = _Lines()
    found.add_headers(header_pairs(written))
    return found.text()


def of_field(role: str, written: str) -> str:
    """Give the lines of one value, where more stands in its column than the value (`WRAPPED_VALUE`).

    Args:
        role: whose column it is: the line's name.
        written: a whole meta element; JSON of a text, or of several; quotes; the field with its name.
    """
    text = written.strip()
    found = _Lines()
    if text.startswith("<") and role != "page_licence":
        found.add_page(text.encode("utf-8", "replace"))
        return found.text()
    name, colon, value = text.partition(":")
    if colon and _HEADERS.get(name.strip().lower().replace("_", "-")) == role:
        text = value.strip()
    for one in _unwrapped(text) if role != "data_mining" else [text]:
        found.add(role, one)
    return found.text()


def _unwrapped(text: str) -> list[str]:
    """Take values out of JSON, or out of the quotes that Python and spreadsheets put around them."""
    if text[:1] not in {"[", '"', "'", "{"}:
        return [text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [part.strip(" \t[]\"'") for part in re.split(r"[\"']\s*,\s*[\"']", text)]
    if isinstance(value, list):
        return [str(one) for one in value if one is not None]
    return [value if isinstance(value, str) else text]


def is_read(name: str) -> bool:
    """Tell whether a header of this name is read."""
    return name.strip().lower().replace("_", "-") in {*_HEADERS, "link"}


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
    """Give the lines of an RSL document, or a `<content>` of one, that came with the record, in a feed's item say."""
    found = _Lines()
    octets = source.encode("utf-8", "replace") if isinstance(source, str) else source
    found.add(LOOKED_AT, "rsl")
    licences = rsl.alone(octets)
    for licence in licences:
        found.add("rsl_inline", licence)
    if not licences and octets.strip():
        found.add(UNREAD, "rsl_inline")
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
    """Give lines that were made before, as they are; a name that no reader knows may be a refusal's."""
    written = lines.decode("utf-8", "replace") if isinstance(lines, bytes) else lines
    if len(written) > LONGEST:
        return f"{UNREAD}: page_fields"
    kept = []
    for line in written.split("\n"):
        name, colon, _ = line.partition(": ")
        if name in NAMES and colon:
            kept.append(line)
        elif line.strip():
            kept.append(f"{UNREAD}: page_fields")
    return "\n".join(dict.fromkeys(kept))


class _Lines:
    """Lines in the making: values by name, in the order they were found, each once."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}

    def add(self, name: str, value: str) -> None:
        self._found.setdefault(name, {})[" ".join(value.replace(SEVERAL, " ").split())] = None

    def add_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        self.add(LOOKED_AT, "headers")
        for written, value in headers:
            name = written.strip().lower()
            if name in _HEADERS:
                self.add(_HEADERS[name], value)
            elif name == "link":
                for url in rsl.link_urls([value]):
                    self.add("rsl_url", url)
            elif name == UNREAD:
                self.add(UNREAD, value)

    def add_page(self, html: bytes) -> None:
        self.add(LOOKED_AT, "page")
        page = read_page(html[:LIMIT_OCTETS], ELEMENTS)
        head = PageHead.of(page, len(html))
        odd = {remark.code for remark in head.remarks}.intersection(_UNREAD_PARTS)
        if odd or b"<" not in html:  # text has no elements, and may be of a file that states something
            rest = html[LIMIT_OCTETS - _LONGEST_CONTENT :] if odd == {"cut"} else html
            if "too-many-attributes" in odd or _MAY_REFUSE(rest.replace(b"\0", b"")):
                self.add(UNREAD, "page")
        for name, content in head.metas:
            self._add_meta(name.lower(), content)
        for licence in licences_named(head):
            self.add("page_licence", _kept_licence(licence.href))
        if head.accessible_for_free is False:
            self.add("access", "isAccessibleForFree=false")
        declared = rsl.in_elements(page.elements)
        for url in declared.urls:
            self.add("rsl_url", url)
        for source in declared.sources:
            self.add("rsl_inline", source)

    def _add_meta(self, name: str, content: str) -> None:
        known = _METAS.get(name.replace(":", "-").replace("_", "-"))
        if known:
            self.add(known, directives_of(content) if known == "meta_robots" else content)
        elif _is_for_a_bot(name, content):
            self.add("meta_bot", f"{name}={directives_of(content)}")

    def text(self) -> str:
        lines = []
        for name, values in self._found.items():
            line = f"{name}: {SEVERAL.join(values)}"
            lines.append(line if len(line) <= LONGEST_LINE else f"{UNREAD}: {name}")
        text = "\n".join(line.encode("utf-8", "replace").decode() for line in lines)
        return text if len(text) <= LONGEST else f"{UNREAD}: page_fields"


def directives_of(content: str) -> str:
    """Give what a robots meta element says, without what no robots tag says: it may be text of the page.

    What is as short as directives are is kept as written, known or not.
    """
    parts = re.split("([,;\uff0c])", content)
    if len(content) <= _LONGEST_CONTENT and all(len(part.split()) <= _MOST_WORDS for part in parts):
        return content
    dated = "unavailable" in content.lower()
    return re.sub(r"[\w+-]+", lambda word: word[0] if _is_kept(word[0], dated=dated) else "x", content)


def _is_kept(word: str, *, dated: bool) -> bool:
    return is_directive(word) or word.lstrip("+-").isdecimal() or (dated and word[:1].isdecimal())


def _kept_licence(written: str) -> str:
    """Give a licence as written, or, of a text, what it is read as."""
    if len(written) <= _LONGEST_LICENCE:
        return written
    read = read_licence(written).id
    return shown(written) if read == UNKNOWN else read


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
