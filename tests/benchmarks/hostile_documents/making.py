"""How hostile documents are made, of any size, and how much of one each reader reads.

Readers are called as in `tests/fuzz/targets.py`. In a piece that is repeated, `{n}` is its number.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.signals import http_payment, page_meta, structured_field, tdm_policy, tdmrep, trust_txt
from rightful.signals.embedded import plus
from rightful.signals.licence import expression
from rightful.signals.robots_txt.lines import PARSE_LIMIT_OCTETS
from rightful.signals.rsl import elements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Make = Callable[[int], bytes]

FIVE_MB = 5_000_000
# Octets that are read of a document at most; of a longer one the beginning, or that it is too long.
FILE, FIELD, BODY = PARSE_LIMIT_OCTETS, structured_field.LIMIT_OCTETS, http_payment.BODY_LIMIT
JSON_FILE, PACKET, PAGE = tdmrep.LIMIT_OCTETS, plus.LIMIT_OCTETS, page_meta.LIMIT_OCTETS
_READ_UP_TO = {
    "robots_txt": FILE,
    "ai_txt": FILE,
    "trust_txt": trust_txt.LIMIT_OCTETS,
    "page_meta": PAGE,
    "rsl": elements.LIMIT_OCTETS,
    "tdmrep": JSON_FILE,
    "tdm_policy": tdm_policy.LIMIT_OCTETS,
    "content_usage": FIELD,
    "structured_field": FIELD,
    "plus": PACKET,
    "licence": expression.LONGEST,
}


@dataclass(frozen=True, slots=True)
class Document:
    """A hostile document.

    Attributes:
        name: what is hostile about it.
        readers: whom it is for.
        make: makes one of about so many octets, and not more.
        read_up_to: octets of the longest one like it that any reader reads whole.
    """

    name: str
    readers: tuple[str, ...]
    make: Make
    read_up_to: int = FIVE_MB

    def longest(self, reader: str) -> int:
        """Give the octets of the longest one that a reader reads whole."""
        return min(self.read_up_to, _READ_UP_TO.get(reader, FIVE_MB), FIVE_MB)


def rows(readers: tuple[str, ...], made: Mapping[str, Make], read_up_to: int = FIVE_MB) -> Iterator[Document]:
    """Make documents for the same readers, by their names; what is read aloud has its kind told first."""
    kinds = ("document_kinds",) if "reading_aloud" in readers else ()
    several = tuple(dict.fromkeys((*readers, *kinds)))
    return (Document(name, several, make, read_up_to) for name, make in made.items())


def filled(piece: str | bytes, before: str = "", after: str = "") -> Make:
    """Repeat a piece between a beginning and an end."""
    octets = piece.encode() if isinstance(piece, str) else piece
    start, end = before.encode(), after.encode()

    def make(size: int) -> bytes:
        times = max(1, (size - len(start) - len(end)) // len(octets.replace(b"{n}", b"99999")))
        if b"{n}" not in octets:
            return start + octets * times + end
        return b"".join((start, *(octets.replace(b"{n}", b"%d" % n) for n in range(times)), end))

    return make


def nested(opening: str, closing: str, before: str = "", after: str = "", within: str = "") -> Make:
    """Open as many as there is room for, and close all of them."""

    def make(size: int) -> bytes:
        times = max(1, (size - len(before + within + after)) // len(opening + closing))
        return (before + opening * times + within + closing * times + after).encode()

    return make


def in_utf16(make: Make) -> Make:
    """Write one in two octets a character."""
    return lambda size: make(size // 2 - 2).decode().encode("utf-16")


def in_base64(make: Make, before: str) -> Make:
    """Write one in base64 after a beginning."""
    return lambda size: before.encode() + base64.b64encode(make((size - len(before)) * 3 // 4))
