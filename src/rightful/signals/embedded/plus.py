"""The Data Mining property of PLUS, part of IPTC Photo Metadata since 2023.1, as XMP or as read by a metadata tool.

- One of nine values, each a URI of the PLUS vocabulary; `DMI-UNSPECIFIED` says nothing.
- Every `DMI-PROHIBITED...` denies training. The three `...SEE...` point to terms elsewhere: with the terms it is a
  condition, without them a refusal (protocols.md A13).
- Metadata is signed by nobody and is copied with the file: it can deny, and is too little to permit.

The names of TDMRep that stand in the same packet are handed out by `tdm_metas`, for TDMRep's own module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lxml import etree

from rightful.facts.statement import SHOWN_CHARACTERS, Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals.markup import is_crowded

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOL = "plus"
VERSION = "IPTC PMD 2023.1"
REMARKS = {
    "not-xml": "the packet is no well-formed XML, or has a document type: it was not read",
    "too-large": "the packet is larger than 1 MiB: it was not read",
    "too-many-attributes": "an element has more than 5,000 attributes: it was not read",
    "not-the-uri": "the value is not the URI of the PLUS vocabulary, but a form of it",
    "unknown-value": "PLUS has no such value",
    "empty": "the property is there without a value",
    "repeated": "the property stands more than once; the most restrictive value counts",
    "too-many": "the property stands more than a thousand times: the rest was not read, and may be a refusal",
    "terms-missing": "the value points to terms that are not there: it is a refusal",
}

VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
LIMIT_OCTETS = 1024 * 1024

_READING = (Usage.TRAIN, Usage.INPUT)
_EVERY = (Usage.TRAIN, Usage.INPUT, Usage.SEARCH)
# What each value denies and allows, and the properties in which the terms it points to stand.
_DENIED: Mapping[str, tuple[Usage, ...]] = {
    "DMI-UNSPECIFIED": (),
    "DMI-ALLOWED": (),
    "DMI-PROHIBITED-AIMLTRAINING": (Usage.TRAIN,),
    "DMI-PROHIBITED-GENAIMLTRAINING": (Usage.TRAIN,),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": _READING,
    "DMI-PROHIBITED": _EVERY,
    "DMI-PROHIBITED-SEECONSTRAINT": _EVERY,
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": _EVERY,
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": _EVERY,
}
_ALLOWED: Mapping[str, tuple[Usage, ...]] = {
    "DMI-ALLOWED": _EVERY,
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (Usage.SEARCH,),
}
_TERMS: Mapping[str, tuple[str, ...]] = {
    "DMI-PROHIBITED-SEECONSTRAINT": ("OtherConstraints",),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": ("EmbdEncRightsExpr", "EncRightsExpr"),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": ("LinkedEncRightsExpr", "LinkedRightsExpr"),
}
_TERM_NAMES = frozenset(name for names in _TERMS.values() for name in names)
# Which language or encoding the terms are in stands beside them, and is no term.
_ABOUT_TERMS = frozenset({"RightsExprEncType", "RightsExprLangId", "lang", "parseType", "type"})

_PLUS = re.compile(r"https?://ns\.useplus\.org/").match
_TDM = re.compile(r"https?://www\.w3\.org/ns/tdmrep[/#]?\Z").match
_LAST = re.compile(r"[/#:.]").split
_DEEPEST = 12
_MOST_VALUES = 1_000  # metadata has one
_FEW_ATTRIBUTES = 50


def in_xmp(xmp: bytes) -> Reading:
    """Read an XMP packet, whatever prefixes it has."""
    root, odd = _root(xmp)
    if root is None:
        named = b"DMI-" in xmp.replace(b"\0", b"")
        # What could not be read and names a value may be a refusal.
        unread = Statement(PROTOCOL, Usage.TRAIN, Preference.ERROR, VERSION, "", odd)
        return Reading((unread,) if named else (), (Remark(odd),) if odd else ())
    values: list[tuple[str, str]] = []
    terms: dict[str, str] = {}
    for namespace, name, where, given in _properties(root):
        if name == "DataMining" and _PLUS(namespace):
            values.append((where, given))
        elif name in _TERM_NAMES and given and not terms.get(name):
            terms[name] = given
    return _read(values, terms)


def data_mining(xmp: bytes) -> dict[str, list[str]]:
    """Give the Data Mining values of a packet and the terms they point to, for `in_metadata`; empty where it has none.

    Of a packet that cannot be read and names a value, why: it is no value of PLUS, and so nobody takes it for one.
    """
    root, odd = _root(xmp)
    if root is None:
        return {"DataMining": [f"unreadable: {odd}"]} if b"DMI-" in xmp.replace(b"\0", b"") else {}
    found: dict[str, list[str]] = {}
    for namespace, name, _, given in _properties(root):
        if (name == "DataMining" and _PLUS(namespace)) or (name in _TERM_NAMES and given):
            found.setdefault(name, []).append(_kept(given) if name == "DataMining" else shown(given[:1000]))
    return found if "DataMining" in found else {}


def _kept(given: str) -> str:
    """Cut a value so that it is read as before: the last part of a URI is what counts of it."""
    text, value = shown(given[:1000]), _known(given)[0]
    return text if _known(text)[0] == value else value or f"{text[: SHOWN_CHARACTERS - 1]}…"


def in_metadata(metadata: object) -> Reading:
    """Read what a metadata tool gives: the value itself, or a map such as `{"Xmp.plus.DataMining": ...}`."""
    if isinstance(metadata, str):
        return _read([("DataMining", metadata)], {})
    values: list[tuple[str, str]] = []
    terms: dict[str, str] = {}
    if isinstance(metadata, Mapping):
        for key, given in metadata.items():
            if not isinstance(key, str):
                continue
            name = re.sub(r"\[\d{1,9}\]\Z", "", _LAST(key[-200:])[-1])
            if name.lower() == "datamining":
                values.extend((shown(key), text) for text in _texts(given))
            elif name in _TERM_NAMES and not terms.get(name):
                terms[name] = next((text for text in _texts(given) if text.strip()), "")
    return _read(values, terms)


def why_unread(xmp: bytes) -> str:
    """Say why a packet is not read; empty where it is."""
    return _root(xmp)[1]


def tdm_metas(xmp: bytes) -> list[tuple[str, str]]:
    """Give `tdm:reservation` and `tdm:policy` of an XMP packet, for `tdmrep.in_metas`; empty where it has none."""
    root, _ = _root(xmp)
    found = _properties(root) if root is not None else ()
    return [(f"tdm:{name}", given) for ns, name, _, given in found if name in {"reservation", "policy"} and _TDM(ns)]


def _root(xmp: bytes) -> tuple[etree._Element | None, str]:
    """Parse a packet; where it is not read, say why (empty for an empty packet)."""
    if not xmp.strip(b"\0 \t\r\n"):
        return None, ""
    if len(xmp) > LIMIT_OCTETS:
        return None, "too-large"
    if is_crowded(xmp):
        return None, "too-many-attributes"
    # XMP has no document type; what has one wants its entities expanded.
    if b"<!DOCTYPE" in xmp.replace(b"\0", b""):
        return None, "not-xml"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    # Packets are padded so that they can be edited in place.
    wide = xmp[:2] in {b"\xff\xfe", b"\xfe\xff"}
    try:
        return etree.fromstring(xmp if wide else xmp.strip(b"\0 \t\r\n"), parser), ""
    except (etree.LxmlError, ValueError, LookupError):
        return None, "not-xml"


def _properties(root: etree._Element) -> Iterator[tuple[str, str, str, str]]:
    """Give namespace, name, where and value of every property, as attribute or as element."""
    stack = [root]
    while stack:
        element = stack.pop()
        if not isinstance(element.tag, str):
            continue  # comments, instructions, entities
        where = f"line {element.sourceline}"
        for name, given in _attributes(element):
            yield *_name(name), where, given
        namespace, name = _name(element.tag)
        if name == "DataMining" or name in _TERM_NAMES or _TDM(namespace):
            yield namespace, name, where, _value(element)
        else:
            stack.extend(reversed(element))


def _name(tag: str | bytes) -> tuple[str, str]:
    namespace, brace, name = str(tag).rpartition("}")
    return (namespace[1:], name) if brace else ("", name)


def _value(element: etree._Element) -> str:
    """Give the first text or reference in an element, in whatever RDF container."""
    for inner in element.iter("*"):  # elements only
        if _name(inner.tag)[1] in _ABOUT_TERMS:
            continue
        if inner.text and inner.text.strip():
            return inner.text.strip()
        for name, given in _attributes(inner):
            if _name(name)[1] not in _ABOUT_TERMS and given:
                return given
    return ""


def _attributes(element: etree._Element) -> list[tuple[str, str]]:
    """Give names and values of an element's attributes; of many, lxml takes time quadratic in their number."""
    if len(element.attrib) <= _FEW_ATTRIBUTES:
        return [(str(name), str(given).strip()) for name, given in element.attrib.items()]
    values: Any = element.xpath("@*")
    return [(value.attrname, value.strip()) for value in values]


def _texts(given: Any, depth: int = 0) -> Iterator[str]:
    """Give the texts of a metadata value: a string, a list of them, or a map of languages."""
    if isinstance(given, str):
        yield given
    elif depth < _DEEPEST and isinstance(given, Mapping | list | tuple):
        for inner in given.values() if isinstance(given, Mapping) else given:
            yield from _texts(inner, depth + 1)


def _read(values: list[tuple[str, str]], terms: Mapping[str, str]) -> Reading:
    statements: list[Statement] = []
    remarks: list[Remark] = []
    if len(values) > 1:
        remarks.append(Remark("repeated", values[1][0], shown(values[1][1][:1000])))
    if len(values) > _MOST_VALUES:
        remarks.append(Remark("too-many"))
        statements.append(Statement(PROTOCOL, Usage.TRAIN, Preference.ERROR, VERSION))
    for where, given in values[:_MOST_VALUES]:
        value, odd = _known(given)
        if odd:
            remarks.append(Remark(odd, where, shown(given[:1000])))
        if value:
            statements += _said(value, where, shown(given[:1000]), terms, remarks)
        elif odd == "unknown-value":
            refused = (
                given.strip().upper().removeprefix(VOCABULARY.upper()).startswith(("PROHIBITED", "DMI-PROHIBITED"))
            )
            preference = Preference.DENY if refused else Preference.ERROR
            statements.append(Statement(PROTOCOL, Usage.TRAIN, preference, VERSION, where, shown(given[:1000])))
    return Reading(tuple(dict.fromkeys(statements)), tuple(dict.fromkeys(remarks)))


def _known(given: str) -> tuple[str, str]:
    """Give which of the nine values it is, empty for none, and the remark it is worth."""
    text = given.strip()
    if not text:
        return "", "empty"
    value = _LAST(text[-200:])[-1].strip().upper()
    if value not in _DENIED:
        return "", "unknown-value"
    return value, "" if text == VOCABULARY + value else "not-the-uri"


def _said(value: str, where: str, text: str, terms: Mapping[str, str], remarks: list[Remark]) -> list[Statement]:
    """Give what one of the nine values says."""
    preference = Preference.DENY
    conditions: tuple[str, ...] = ()
    if value in _TERMS:
        found = next((terms[name] for name in _TERMS[value] if terms.get(name, "").strip()), "")
        if found:
            preference, conditions = Preference.CONDITIONAL, (f"constraint:{shown(found[:1000])}",)
        else:
            remarks.append(Remark("terms-missing", where, text))
    denied = [Statement(PROTOCOL, u, preference, VERSION, where, text, conditions) for u in _DENIED[value]]
    allowed = _ALLOWED.get(value, ())
    return denied + [Statement(PROTOCOL, u, Preference.ALLOW, VERSION, where, text, weak=True) for u in allowed]
