"""The head of a web page: meta elements for other protocols, licence links, and what schema.org says of access.

- Only the first 512 KiB are read. What stands in comments or scripts is no element.
- `isAccessibleForFree: false` marks a paywall. It is evidence about access, and no reservation.
- `rel=license` names a licence; what a licence permits is a policy's question, so nothing is stated here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rightful.facts.statement import Reading, Remark, shown
from rightful.signals.markup import read_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rightful.signals.markup import Page

PROTOCOL = "page-meta"
VERSION = "HTML Living Standard; schema.org"
REMARKS = {
    "paywall": "the page says that it is not accessible for free: no opt-out",
    "paywall-part": "the page says that a part of it is not accessible for free: no opt-out",
    "licence": "the page names a licence",
    "usage-info": "the page names terms of use (schema.org usageInfo)",
    "access-conditions": "the page names conditions of access (schema.org conditionsOfAccess)",
    "not-a-boolean": "isAccessibleForFree is true or false; this value says nothing",
    "json-ld-unreadable": "a JSON-LD block is no JSON: nothing in it was read",
    "too-deep": "elements, or a JSON-LD block, are nested deeper than is read: what follows was not read",
    "too-many-attributes": "an element has more than 5,000 attributes: nothing of the page was read",
    "no-document": "no HTML could be found in it",
    "cut": "the page is longer than 512 KiB: what follows was not read",
}

LIMIT_OCTETS = 512 * 1024
ELEMENTS = ("meta", "link", "a", "area", "script")
_DEEPEST = 32
_LONGEST_KEY = 50
_PROPERTIES = {"isAccessibleForFree", "license", "usageInfo", "conditionsOfAccess"}
# HTML has `copyright` for a synonym of `license`.
_LICENCE_RELS = {"license", "copyright"}
_BOOLEANS = {"true": True, "false": False}
# Comment and CDATA marks around a block are left from XHTML.
_OPENINGS = ("//", "/*", "<!--", "<![CDATA[", "*/")
_CLOSINGS = ("*/", "-->", "]]>", "/*", "//")


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence a page names.

    Attributes:
        href: as written: may be relative, or a name where schema.org has it.
        media_type: the link's `type`, lower-case: `application/rsl+xml` is an RSL document; empty where it has none.
        where: `link rel=license`, `a property=license`, or the place in JSON-LD.
    """

    href: str
    media_type: str
    where: str


@dataclass(frozen=True, slots=True)
class Declared:
    """One schema.org property of a page.

    Attributes:
        name: without its namespace: `isAccessibleForFree`.
        value: as text; of an object its `@id`, `url` or `name`.
        where: number of the JSON-LD block from 0, and the JSON pointer in it: `json-ld 0 /@graph/1/license`.
    """

    name: str
    value: str
    where: str


@dataclass(frozen=True, slots=True)
class PageHead:
    """What a page says about itself.

    Attributes:
        metas: name (or `property`, or `itemprop`) and content of each meta element that has one, in order, as written.
        licences: in order, those of JSON-LD last.
        declared: schema.org properties about access and rights.
        remarks: what was odd about the page.
    """

    metas: tuple[tuple[str, str], ...] = ()
    licences: tuple[Licence, ...] = ()
    declared: tuple[Declared, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @classmethod
    def parse(cls, html: bytes) -> PageHead:
        """Read a page as served. What cannot be read says nothing, and says why."""
        return cls.of(read_page(html[:LIMIT_OCTETS], ELEMENTS), len(html))

    @classmethod
    def of(cls, page: Page, length: int) -> PageHead:
        """Read the `ELEMENTS` of a page.

        Args:
            page: its first `LIMIT_OCTETS`.
            length: octets it has.
        """
        remarks = [Remark("cut", text=f"{length} octets")] if length > LIMIT_OCTETS else []
        odd = {"too-many-attributes": page.crowded, "no-document": page.empty, "too-deep": page.deep}
        remarks += [Remark(code) for code, found in odd.items() if found]
        metas: list[tuple[str, str]] = []
        licences: list[Licence] = []
        declared: list[Declared] = []
        blocks = 0
        for element in page.elements:
            attributes = element.attributes
            if element.tag == "meta":
                names = (attributes.get(key, "").strip() for key in ("name", "property", "itemprop"))
                name = next((name for name in names if name), "")
                if name:
                    metas.append((name, attributes.get("content", "").strip()))
            elif element.tag == "script":
                if _media_type(attributes) == "application/ld+json":
                    declared.extend(_declared(element.text, f"json-ld {blocks}", remarks))
                    blocks += 1
            elif "href" in attributes and (key := _names_licence(attributes)):
                where = f"{element.tag} {key}=license"
                licences.append(Licence(attributes["href"].strip(), _media_type(attributes), where))
        licences += [Licence(d.value, "", d.where) for d in declared if d.name == "license"]
        return cls(tuple(metas), tuple(licences), tuple(declared), tuple(remarks))

    @property
    def accessible_for_free(self) -> bool | None:
        """What the page says of the whole of itself; False if it says both, None if nothing."""
        said = [_boolean(d.value) for d in self.declared if _about_whole_page(d)]
        known = [free for free in said if free is not None]
        return all(known) if known else None

    def reading(self) -> Reading:
        """Give the evidence, as remarks: nothing here is a statement of its own."""
        found = [Remark("licence", licence.where, shown(licence.href)) for licence in self.licences]
        for declared in self.declared:
            code = _code(declared)
            if code:
                found.append(Remark(code, declared.where, shown(declared.value)))
        return Reading(remarks=tuple(dict.fromkeys((*self.remarks, *found))))


def _names_licence(attributes: Mapping[str, str]) -> str:
    """Give the attribute by which a link is one to a licence: HTML's, RDFa's (`cc:license`), or of microdata."""
    for key in ("rel", "property", "itemprop"):
        words = attributes.get(key, "").lower().split()
        if any(re.split("[:/#]", word)[-1] in _LICENCE_RELS for word in words):
            return key
    return ""


def _code(declared: Declared) -> str:
    if declared.name == "usageInfo":
        return "usage-info"
    if declared.name == "conditionsOfAccess":
        return "access-conditions"
    if declared.name == "license":
        return ""  # is among the licences
    free = _boolean(declared.value)
    if free is None:
        return "not-a-boolean"
    if free:
        return ""
    return "paywall" if _about_whole_page(declared) else "paywall-part"


def _about_whole_page(declared: Declared) -> bool:
    return declared.name == "isAccessibleForFree" and "/hasPart" not in declared.where


def _boolean(value: str) -> bool | None:
    """Read a boolean as it is found: true, "False", https://schema.org/False."""
    return _BOOLEANS.get(value.strip().lower().rpartition("/")[2])


def _media_type(attributes: Mapping[str, str]) -> str:
    return attributes.get("type", "").partition(";")[0].strip().lower()


def _declared(text: str, block: str, remarks: list[Remark]) -> list[Declared]:
    """Read one JSON-LD block; control characters inside strings are common, and let through."""
    try:
        value = json.loads(_unwrapped(text), strict=False)
    except (ValueError, RecursionError):
        remarks.append(Remark("json-ld-unreadable", block, shown(text[:1000])))
        return []
    found: list[Declared] = []
    waiting: list[tuple[Any, str, int]] = [(value, "", 0)]
    while waiting:
        node, path, depth = waiting.pop()
        if depth > _DEEPEST:
            remarks.append(Remark("too-deep", block))
            continue
        inner = list(_members(node, path))
        for name, child, pointer in inner:
            if name in _PROPERTIES:
                found.extend(Declared(name, said, f"{block} {pointer}") for said in _texts(child))
        waiting.extend((child, pointer, depth + 1) for _, child, pointer in reversed(inner))
    return found


def _unwrapped(text: str) -> str:
    """Take off each mark once, in the order they are written in."""
    for mark in _OPENINGS:
        text = text.strip().removeprefix(mark)
    for mark in _CLOSINGS:
        text = text.strip().removesuffix(mark)
    return text


def _members(node: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    """Give name without namespace, value and JSON pointer of what is directly inside."""
    if isinstance(node, dict):
        for key, child in node.items():
            kept = key[:_LONGEST_KEY].encode("utf-8", "replace").decode()
            name = kept.rpartition("/")[2].rpartition(":")[2]
            yield name, child, f"{path}/{kept.replace('~', '~0').replace('/', '~1')}"
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield "", child, f"{path}/{number}"


def _texts(value: Any) -> Iterator[str]:
    """Give the values of a property as text: JSON-LD writes one, or several, or an object that names it."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            names = (one.get(key) for key in ("@id", "@value", "url", "name"))
            one = next((name for name in names if isinstance(name, str | bool)), None)  # noqa: PLW2901 - what it names
        if isinstance(one, str | bool | int | float):
            yield str(one).encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair; UTF-8 may not
