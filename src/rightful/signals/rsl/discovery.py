"""Where a licence is declared (4.2): robots.txt, the `Link` header, elements of a page.

Addresses are given as they are written: whoever fetches them resolves them, against the robots.txt or the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.signals.markup import read_page
from rightful.signals.rsl import elements
from rightful.signals.rsl.document import RslDocument
from rightful.signals.rsl.terms import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rightful.signals.markup import Element
    from rightful.signals.robots_txt import Extension

_FIELD = "license"
_RELATION = "license"
# One parameter of a link (RFC 8288 3). A quoted string that is not closed is read like an unquoted one.
_PARAMETER = re.compile(r"""\s*;\s*([^\s;,="]*)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^;,]*))?""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class InPage:
    """What a page declares. An element's licence is for the element it stands in (4.6); we take it for the page.

    Attributes:
        urls: of link elements.
        documents: of script elements.
        sources: what stands in these, as written.
    """

    urls: tuple[str, ...] = ()
    documents: tuple[RslDocument, ...] = ()
    sources: tuple[str, ...] = ()


def licence_urls(site_records: Iterable[Extension], group_records: Iterable[Extension]) -> list[str]:
    """Give the addresses of the `License` lines that apply: those of the group replace those outside (4.4).

    An address must be absolute. A path is given too: whoever wrote it has declared a licence.

    Args:
        site_records: records before the first group.
        group_records: records of the groups that apply to one product token.
    """
    return _named(group_records) or _named(site_records)


def link_urls(values: Iterable[str]) -> list[str]:
    """Give the addresses in `Link` header values that are of RSL: `rel=license` and the type (4.5), not one alone."""
    found: dict[str, None] = {}
    for value in values:
        if MEDIA_TYPE not in value.replace("\\", "").lower():  # in a quoted string any character may be escaped
            continue
        at = value.find("<")
        while at >= 0:
            end = value.find(">", at)
            if end < 0:
                break
            url, at = value[at + 1 : end].strip(), end + 1
            parameters: dict[str, str] = {}
            while match := _PARAMETER.match(value, at):
                at = match.end()
                parameters.setdefault(match[1].lower(), _unquoted((match[2] or "").strip()))
            if url and _is_rsl(parameters.get("rel", ""), parameters.get("type", "")):
                found[url] = None
            comma = value.find(",", at)
            at = value.find("<", comma) if comma >= 0 else -1
    return list(found)


def in_page(page: bytes) -> InPage:
    """Find the link elements and inline documents of an HTML page, in its first 512 KiB. Never raises."""
    return in_elements(read_page(page[: elements.LIMIT_OCTETS], ("link", "script")).elements)


def in_elements(found: Iterable[Element]) -> InPage:
    """Give what the link and script elements of a page declare."""
    urls: dict[str, None] = {}
    sources = []
    for element in found:
        given = element.attributes
        kind = given.get("type", "")
        if element.tag == "link":
            url = given.get("href", "").strip()
            if url and _is_rsl(given.get("rel", ""), kind):
                urls[url] = None
        elif element.tag == "script" and _is_media_type(kind):
            sources.append(element.text.strip())
    documents = (RslDocument.parse(source.encode("utf-8", "replace"), in_page=True) for source in sources)
    return InPage(tuple(urls), tuple(documents), tuple(sources))


def _named(records: Iterable[Extension]) -> list[str]:
    found: dict[str, None] = {}
    for record in records:
        if record.name == _FIELD:
            octets = f"{record.path or ''} {record.value}"  # what begins with a slash was taken for a path
            words = octets.encode("latin-1", "replace").decode("utf-8", "replace").split()
            found.update(dict.fromkeys(words[:1]))
    return list(found)


def _is_rsl(relations: str, media_type: str) -> bool:
    return _RELATION in relations.lower().split() and _is_media_type(media_type)


def _is_media_type(written: str) -> bool:
    return written.partition(";")[0].strip().lower() == MEDIA_TYPE


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
    return value
