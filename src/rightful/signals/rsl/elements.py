"""Where an element of a document stands, and its words."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr  # which only write

from lxml import etree

from rightful.facts.statement import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is kept is shorter; white space goes yet.
_ENOUGH_CHARACTERS = 1000
_ENOUGH_ATTRIBUTES = 8


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
            pairs = islice(node.attrib.items(), _ENOUGH_ATTRIBUTES)
            attributes = "".join(f" {etree.QName(k).localname}={quoteattr(_cut(v))}" for k, v in pairs)
            yield f"<{name}{attributes}/>" if empty else f"<{name}{attributes}>{escape(_cut(node.text))}"
        else:
            tail = "" if node is element else escape(_cut(node.tail))
            yield tail if empty else f"</{name}>{tail}"


def _cut(value: Any) -> str:
    return str(value or "")[:_ENOUGH_CHARACTERS]
