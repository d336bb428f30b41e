"""Licences inside other XML: `<rsl:content>` in the items of a feed (4.7), `<rsl:rsl>` in metadata (4.8).

An item's licence is for what the item links to; a packet's is for the asset it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from rightful.facts.statement import Remark, shown
from rightful.signals.rsl import elements
from rightful.signals.rsl.document import RslDocument
from rightful.signals.rsl.terms import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTENT, _RSL = f"{{{NAMESPACE}}}content", f"{{{NAMESPACE}}}rsl"
_MOST = 20  # of one packet, which should have one


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item that has a licence.

    Attributes:
        url: what it links to, as written; empty where it links to nothing.
        where: its place: `line 12 item`.
        document: its licence; it has one content.
    """

    url: str
    where: str
    document: RslDocument


@dataclass(frozen=True, slots=True)
class Feed:
    """The items of a feed that have licences. Make one with `Feed.parse(body)`.

    Attributes:
        items: in the order of the feed.
        remarks: why it could not be read.
    """

    items: tuple[FeedItem, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> Feed:
        """Read a feed as served: RSS 1.0 and 2.0, Atom. Never raises."""
        root, remark = _root(body)
        if root is None:
            return cls(remarks=(remark,))
        items = tuple(_items(root))
        return cls(items, () if items else (Remark("no-item", elements.where(root)),))


def in_metadata(packet: bytes) -> tuple[str, ...]:
    """Give the `<rsl:rsl>` elements of an XMP packet, or of a book's metadata, as written. Never raises."""
    if NAMESPACE.encode() not in packet:
        return ()
    root, _ = _root(packet)
    found = list(root.iter(_RSL))[:_MOST] if root is not None else ()
    return tuple(etree.tostring(element, encoding="unicode", with_tail=False) for element in found)


def alone(source: bytes) -> tuple[str, ...]:
    """Give the outermost elements of RSL in XML, without what in them is not RSL's: a feed's item has a text, too."""
    root, _ = _root(source)
    found = (
        [e for e in root.iter(_RSL, _CONTENT) if next(e.iterancestors(_RSL, _CONTENT), None) is None]
        if root is not None
        else []
    )
    for element in found:
        etree.strip_elements(element, etree.Comment, etree.ProcessingInstruction, with_tail=False)
        foreign = [e for e in element.iter("{*}*") if etree.QName(e).namespace != NAMESPACE]
        for other in foreign:
            parent = other.getparent()
            if parent is not None:
                parent.remove(other)
        for inner in element.iter():
            inner.tail = None
            if len(inner):
                inner.text = None
    return tuple(etree.tostring(element, encoding="unicode", with_tail=False) for element in found[:_MOST])


def _root(body: bytes) -> tuple[etree._Element | None, Remark]:
    odd = elements.too_much(body)
    if odd:
        return None, Remark(odd, text=f"{len(body)} octets")
    try:
        root = etree.fromstring(body, elements.safe_parser())
    except (etree.LxmlError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None) or 1
        return None, Remark("not-xml", f"line {line}", shown(str(error)[:1000]))
    remark = Remark("declarations", "line 1", "DOCTYPE")
    return (None if elements.declares_names(root) else root), remark


def _items(root: etree._Element) -> Iterator[FeedItem]:
    for element in root.iter("{*}item", "{*}entry"):
        for child in element:
            if child.tag == _CONTENT:
                yield FeedItem(_link(element), elements.where(element), RslDocument.of_content(child))


def _link(item: etree._Element) -> str:
    """Give what an item links to: the text of RSS's link, the address of Atom's, which is the alternate one."""
    for child in item:
        tag: Any = child.tag
        if isinstance(tag, str) and etree.QName(tag).localname == "link":
            address = child.get("href")
            if address is None:
                return (child.text or "").strip()
            if child.get("rel", "alternate") == "alternate":
                return str(address).strip()
    return ""
