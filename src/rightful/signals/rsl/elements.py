"""XML read safely; where an element of it stands, and its words."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr  # which only write

from lxml import etree

from rightful.facts.statement import shown
from rightful.signals.markup import is_crowded

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_OCTETS = 512 * 1024  # no more is captured of any signal file
# As much of an element is written out before its white space goes and it is cut.
_ENOUGH_CHARACTERS = 1000
_ENOUGH_ATTRIBUTES = 8


def safe_parser() -> etree.XMLParser:
    """Make a parser that opens nothing, follows no entity and mends nothing."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)


def too_much(body: bytes) -> str:
    """Say why a document is not parsed, empty where it may be: it would take long, and no licence is like it."""
    if len(body) > LIMIT_OCTETS:
        return "too-large"
    if b"<!ATTLIST" in body.replace(b"\0", b""):  # libxml2 takes time quadratic in their number
        return "declarations"
    return "too-many-attributes" if is_crowded(body) else ""


def declares_names(root: etree._Element) -> bool:
    """Tell whether a document declares entities or attributes, or uses an entity, which may stand for anything."""
    if next(root.iter(etree.Entity), None) is not None:
        return True
    tree = root.getroottree()
    kind: Any = tree.docinfo.internalDTD
    if kind is None:
        return False
    # lxml writes no declarations of a document type that is called otherwise than the root.
    return kind.name != etree.QName(root).localname or bool(
        re.search("<!(ENTITY|ATTLIST)", etree.tostring(tree, encoding="unicode"))
    )


def where(element: etree._Element) -> str:
    """Give an element's place: `line 12 license`."""
    line: Any = element.sourceline
    return f"line {line or 0} {etree.QName(element).localname[:40]}"


def written(element: etree._Element) -> str:
    """Give an element as written, cut; without prefixes and comments.

    lxml writes the namespaces of a whole document before every element, which takes time squared where a document
    has thousands: only the beginning is written here.
    """
    pieces: list[str] = []
    length = 0
    for piece in _pieces(element):
        pieces.append(piece)
        length += len(piece)
        if length > _ENOUGH_CHARACTERS:
            break
    return shown("".join(pieces))


def text(element: etree._Element) -> str:
    """Give an element's own text; comments and foreign elements inside it are left out."""
    return " ".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def _pieces(element: etree._Element) -> Iterator[str]:
    for event, node in etree.iterwalk(element, events=("start", "end")):
        name = etree.QName(node).localname
        empty = len(node) == 0 and not node.text
        if event == "start":
            # Only these: to list all values of an element takes lxml time quadratic in their number.
            pairs = [(key, node.get(key)) for key in islice(node.attrib, _ENOUGH_ATTRIBUTES)]
            attributes = "".join(f" {etree.QName(k).localname}={quoteattr(_cut(v))}" for k, v in pairs)
            yield f"<{name}{attributes}/>" if empty else f"<{name}{attributes}>{escape(_cut(node.text))}"
        else:
            tail = "" if node is element else escape(_cut(node.tail))
            yield tail if empty else f"</{name}>{tail}"


def _cut(value: Any) -> str:
    return str(value or "")[:_ENOUGH_CHARACTERS]
