"""Which kind of document a name or its octets are of: what decides which reader reads it.

A name decides where only one kind has it; else the octets do. Neither is trusted to be well-formed: a document that
only begins like one of its kind is read as that kind, and its reader says what is wrong with it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rightful.signals.embedded import c2pa
from rightful.signals.locations import AI_TXT, RSL, SIGNALS, TDM_POLICY

if TYPE_CHECKING:
    from collections.abc import Mapping

ROBOTS_TXT, TDMREP_JSON, TRUST = "robots.txt", "tdmrep.json", "trust.txt"
HTML, HEADERS, XMP, C2PA, FEED = "html", "headers", "xmp", "c2pa", "feed"
KINDS: Mapping[str, str] = {
    ROBOTS_TXT: "the rules of a site, and what they hold of other protocols",
    TDMREP_JSON: "TDM reservations of a site",
    AI_TXT: "Spawning's rules for media",
    TRUST: "what a publisher is associated with",
    RSL: "an RSL licence",
    TDM_POLICY: "an ODRL policy that a reservation names",
    HTML: "a web page",
    HEADERS: "the head of a response, as `curl -I` prints it",
    XMP: "an XMP packet",
    C2PA: "a C2PA manifest as JSON",
    FEED: "an RSS or Atom feed, for the RSL licences of its items",
}
"""Every kind that is read, and what it is."""

_FILES = frozenset(name.rpartition("/")[2] for name in SIGNALS)
_SUFFIXES = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".rsl": RSL,
    ".xmp": XMP,
    ".headers": HEADERS,
}
_NO_PAGES = (".json", ".rsl", ".txt", ".xml", ".xmp")
_SNIFFED_OCTETS = 64 * 1024
_DEEPEST = 12
_MOST_PLACES = 100_000  # objects and arrays that are looked into
_CONTAINERS = (dict, list)  # as `json` makes them
# What may stand before the root: declaration and instructions (an XMP packet begins with one), comments, a doctype.
_PROLOGUE = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(rb"\s*<(?:[A-Za-z_][\w.\-]*:)?([A-Za-z_][\w.\-]*)")
_HTML_DOCTYPE = re.compile(rb"<!DOCTYPE\s+html", re.IGNORECASE)
_ROOTS = {b"rsl": RSL, b"xmpmeta": XMP, b"xapmeta": XMP, b"rdf": XMP, b"rss": FEED, b"feed": FEED}
_HTML_ROOTS = frozenset({
    *(b"html", b"head", b"body", b"meta", b"title", b"link", b"script", b"base", b"style", b"div", b"p", b"main"),
    *(b"article", b"section", b"header", b"h1", b"table", b"center", b"font", b"span"),
})  # fmt: skip
_STATUS_LINE = re.compile(rb"HTTP/\d")
_USER_AGENT = re.compile(rb"^[ \t]*user[- ]?agent[ \t]*:", re.IGNORECASE | re.MULTILINE)
_RULE = re.compile(
    rb"^[ \t]*(?:disallow|allow|sitemap|content-signal|content-usage|license)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_TRUST = re.compile(
    rb"^[ \t]*(?:datatrainingallowed|belongto|controlledby|member)[ \t]*=", re.IGNORECASE | re.MULTILINE
)
# Fields that only a response has, and that nobody writes at the beginning of a line of prose.
_FIELD = re.compile(
    rb"^(?:content-type|x-robots-tag|tdm-reservation|tdm-policy|crawler-price|payment-required)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_LINES = ((_USER_AGENT, ROBOTS_TXT), (_FIELD, HEADERS), (_TRUST, TRUST), (_RULE, ROBOTS_TXT))
# What tells JSON that is none from other text.
_BROKEN_JSON = ((b'"tdm-reservation"', TDMREP_JSON), (b'.training-mining"', C2PA), (b'"permission"', TDM_POLICY))


def kind_called(written: str) -> str | None:
    """Give the kind of that name, or of the signal file of that path; None where there is none."""
    name = written.strip().lower()
    last = name.rpartition("/")[2]
    return name if name in KINDS else last if last in _FILES else None


def kind_of_name(name: str) -> str | None:
    """Tell which kind a path or URL names; None where its octets have to be asked."""
    plain = _last_of(name)
    if plain in _FILES:
        return plain
    return next((kind for suffix, kind in _SUFFIXES.items() if plain.endswith(suffix)), None)


def promises_no_page(name: str) -> bool:
    """Tell whether a path or URL is called like a document that is no web page."""
    return _last_of(name).endswith(_NO_PAGES)


def _last_of(name: str) -> str:
    return name.partition("?")[0].partition("#")[0].rstrip("/").replace("\\", "/").rpartition("/")[2].lower()


def kind_of_octets(body: bytes, name: str = "") -> str | None:
    """Tell which kind octets begin like; None where they are like none.

    Args:
        body: any octets.
        name: what they are called; XML that begins like nothing else, and is called so, is taken for RSL.
    """
    start = _text_like(body[:_SNIFFED_OCTETS])
    if _STATUS_LINE.match(start):
        return HEADERS
    if start[:1] in {b"{", b"["}:
        return _kind_of_json(body)
    if start[:1] == b"<":
        return _kind_of_markup(start) or (RSL if _last_of(name).endswith(".xml") else None)
    return next((kind for lines, kind in _LINES if lines.search(start)), None)


def _text_like(octets: bytes) -> bytes:
    """Take off what stands before the first character, and the zeros of UTF-16."""
    return (
        octets.removeprefix(b"\xef\xbb\xbf")
        .removeprefix(b"\xff\xfe")
        .removeprefix(b"\xfe\xff")
        .replace(b"\0", b"")
        .lstrip()
    )


def _kind_of_markup(start: bytes) -> str | None:
    at = 0
    while match := _PROLOGUE.match(start, at):
        if _HTML_DOCTYPE.match(match[0].lstrip()):
            return HTML
        at = match.end()
    root = _ROOT.match(start, at)
    name = root[1].lower() if root else b""
    if name in _HTML_ROOTS:
        return HTML
    return _ROOTS.get(name)


def _kind_of_json(body: bytes) -> str | None:
    """Tell by the keys; of what cannot be parsed, by what stands in it."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return next((kind for words, kind in _BROKEN_JSON if words in body), None)
    keys = _keys(value)
    if "tdm-reservation" in keys:
        return TDMREP_JSON
    if keys & {*c2pa.LABELS, "active_manifest", "claim_generator", "claim_generator_info"} or any(
        key.startswith(("cawg.", "c2pa.")) for key in keys
    ):
        return C2PA
    if any(re.split("[:/#]", key)[-1] in {"permission", "prohibition"} for key in keys):
        return TDM_POLICY
    return TDMREP_JSON if isinstance(value, list) and "location" in keys else None


def _keys(value: Any) -> set[str]:
    """Give the keys in a value, and the labels of assertions, which name what stands beside them."""
    found: set[str] = set()
    waiting = [(iter((value,)), 0)]
    looked_into = 0
    while waiting and looked_into < _MOST_PLACES:
        nodes, depth = waiting[-1]
        node = next((one for one in nodes if isinstance(one, _CONTAINERS) and one), None)
        if node is None or depth > _DEEPEST:
            waiting.pop()
            continue
        looked_into += 1
        if isinstance(node, dict):
            found.update(node)
            label = node.get("label")
            if isinstance(label, str):
                found.add(label.partition("__")[0])
        waiting.append((iter(node.values() if isinstance(node, dict) else node), depth + 1))
    return found
