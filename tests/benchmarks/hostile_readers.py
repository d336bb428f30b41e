"""Every reader of signals, asked as screening asks it, for `hostile.py`: parse a document, then ask about some paths.

What the caller brings, such as the lines of a field, is prepared beforehand and not counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rightful.policy.sections import Crawler
from rightful.signals import (
    content_signal,
    content_usage,
    http_payment,
    page_fields,
    page_lines,
    page_meta,
    reading_aloud,
    robots_tag,
    rsl,
    structured_field,
    tdmrep,
)
from rightful.signals.document_kinds import C2PA, FEED, HEADERS, HTML, XMP, kind_of_octets
from rightful.signals.embedded import c2pa, plus
from rightful.signals.licence import read_licence
from rightful.signals.locations import AI_TXT, ROBOTS, RSL, TDM_POLICY, TDMREP, TRUST_TXT
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.site_files import DOCUMENTS, SITE_FILES, Interpretation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rightful.facts.statement import Reading
    from rightful.signals.site_files import SiteFile

TOKENS = Crawler().effective
ASKED = Interpretation(tokens=TOKENS)
# The last one is what patterns nearly match; few browsers and servers take longer ones.
PATHS = ("/", "/a/b?c=d", "/" + "a" * 2000)
_ORIGIN = "https://h.example"
_URLS, _STARTS = [_ORIGIN + path for path in PATHS], [len(_ORIGIN)] * len(PATHS)


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader.

    Attributes:
        read: reads what was prepared.
        prepare: makes of octets what the reader is given.
    """

    read: Callable[[Any], Sequence[Reading]]
    prepare: Callable[[bytes], Any] = bytes


def _asked(file: SiteFile) -> list[Reading]:
    return [file.reading(path) for path in PATHS]


def _robots_txt(octets: bytes) -> list[Reading]:
    """Read the rules as `SiteView` does, the evidence of a verdict, and what is said to other protocols."""
    robots = RobotsTxt.parse(octets)
    for selection in robots.distinct(TOKENS):
        selection.rules.deny_many(_URLS, _STARTS)
    robots.match_target(PATHS[1], "gptbot")
    return _asked(SITE_FILES[ROBOTS].read(ASKED, octets))


def _lines(octets: bytes) -> list[str]:
    """A line is a value of a field that was sent more than once."""
    return octets.decode("latin-1").split("\n")


def _pairs(octets: bytes) -> list[tuple[str, str]]:
    lines = (line.partition(":") for line in octets.decode("utf-8", "replace").split("\n"))
    return [(name, value.strip()) for name, _, value in lines]


def _response(octets: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    head, _, body = octets.partition(b"\n\n")
    status, _, fields = head.partition(b"\n")
    return status[-3:].decode("latin-1"), _pairs(fields), body


def _structured_field(value: str) -> list[Reading]:
    structured_field.read_dictionary(value)
    return []


def _rsl_discovery(octets: bytes) -> list[Reading]:
    """Read what may declare a licence: a `Link` field, a feed, a packet, or a page."""
    if octets.startswith((b"Link: ", b"HTTP/")):
        rsl.link_urls(octets.decode("latin-1").split("Link: "))
        return []
    kind = kind_of_octets(octets)
    if kind == FEED:
        documents = [item.document for item in rsl.Feed.parse(octets).items]
    elif kind == XMP:
        documents = [rsl.RslDocument.parse(source.encode(), in_page=True) for source in rsl.in_metadata(octets)]
    else:
        documents = list(rsl.in_page(octets).documents)
    return [document.statements(PATHS[1]) for document in documents]


def _robots_tag(fields: tuple[list[str], list[tuple[str, str]]]) -> list[Reading]:
    values, metas = fields
    return [robots_tag.in_headers(values, TOKENS), robots_tag.in_metas(metas, TOKENS)]


def _page_meta(octets: bytes) -> list[Reading]:
    head = page_meta.PageHead.parse(octets)
    return [head.reading(), robots_tag.in_metas(head.metas, TOKENS), tdmrep.in_metas(head.metas)]


def _metadata(octets: bytes) -> Any:
    """Give what a metadata tool gives, or the packet."""
    try:
        value = json.loads(octets)
    except (ValueError, RecursionError):
        return octets
    return value if isinstance(value, dict | str) else octets


def _plus(metadata: Any) -> list[Reading]:
    if not isinstance(metadata, bytes):
        return [plus.in_metadata(metadata)]
    return [plus.in_xmp(metadata), tdmrep.in_metas(plus.tdm_metas(metadata))]


def _with_kind(octets: bytes) -> tuple[str, bytes]:
    return kind_of_octets(octets) or HEADERS, octets


def _page_fields(given: tuple[str, bytes]) -> list[Reading]:
    """Make the lines of a document as of a column that has such ones, and read them; headers may be lines already."""
    kind, octets = given
    makers = {HTML: page_lines.of_page, XMP: page_lines.of_xmp, C2PA: page_lines.of_manifest, RSL: page_lines.of_rsl}
    several = [makers.get(kind, page_lines.of_headers)(octets)]
    if kind == HEADERS:
        several.append(page_lines.of_lines(octets))
    return [page_fields.read_fields(lines, ASKED).reading for lines in several]


def _reading_aloud(given: tuple[str, bytes]) -> list[Reading]:
    told = reading_aloud.read_aloud(*given, PATHS[1], TOKENS, origin=_ORIGIN)
    json.dumps(told.as_json())
    return [part.reading for part in told.parts]


def _document_kinds(octets: bytes) -> list[Reading]:
    kind_of_octets(octets)
    return []


def _site_file(signal: str) -> Reader:
    return Reader(lambda octets: _asked(SITE_FILES[signal].read(ASKED, octets)))


def _document(signal: str) -> Reader:
    return Reader(lambda octets: _asked(DOCUMENTS[signal](ASKED, octets)))


def _licence(written: str) -> list[Reading]:
    read_licence.cache_clear()
    read_licence(written)
    return []


READERS = {
    "robots_txt": Reader(_robots_txt),
    "content_usage": Reader(lambda values: [content_usage.in_field(values)], _lines),
    "content_signal": Reader(lambda values: [content_signal.in_field(values)], _lines),
    "structured_field": Reader(_structured_field, lambda octets: octets.decode("latin-1")),
    "rsl": _document(RSL),
    "rsl_discovery": Reader(_rsl_discovery),
    "tdmrep": _site_file(TDMREP),
    "tdmrep_pairs": Reader(lambda pairs: [tdmrep.in_headers(pairs), tdmrep.in_metas(pairs)], _pairs),
    "tdm_policy": _document(TDM_POLICY),
    "ai_txt": _site_file(AI_TXT),
    "trust_txt": _site_file(TRUST_TXT[0]),
    "robots_tag": Reader(_robots_tag, lambda octets: (_lines(octets), _pairs(octets))),
    "page_meta": Reader(_page_meta),
    "c2pa": Reader(lambda octets: [c2pa.in_manifest(octets)]),
    "plus": Reader(_plus, _metadata),
    "http_payment": Reader(lambda response: [http_payment.in_response(*response).reading], _response),
    "licence": Reader(_licence, lambda octets: octets.decode("utf-8", "replace")),
    "page_fields": Reader(_page_fields, _with_kind),
    "document_kinds": Reader(_document_kinds),
    "reading_aloud": Reader(_reading_aloud, _with_kind),
}
