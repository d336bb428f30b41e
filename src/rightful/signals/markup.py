"""Markup read safely: the elements of a web page, and what can be told of XML before it is parsed.

No tree is made of a page: libxml2 would take time quadratic in the attributes of one tag.
"""

from __future__ import annotations

import codecs
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree
from lxml import html as lxml_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# libxml2 compares each attribute of a tag with all before it: of so many, that takes hundredths of a second.
MOST_ATTRIBUTES = 5_000

_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<", re.DOTALL)
# A tag as HTML's tokenizer takes it (13.2.5): a quote opens a value only behind an equals sign.
_VALUE = rb"=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|)"
_LONG_TAG = re.compile(rb"<[A-Za-z](?:[^=>]++|" + _VALUE + rb")*+", re.DOTALL)
_VALUES = re.compile(_VALUE, re.DOTALL)
_BETWEEN = re.compile(rb"[\s/]+")

DEEPEST = 2_048  # open elements; real pages reach hundreds by leaving elements open
_FED_OCTETS = 8_192  # at a time, so that reading can stop where a page is too deep
_CHARSET = re.compile(rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:\-]+)""", re.IGNORECASE)
_SEARCHED_OCTETS = 16 * 1024
# Encodings of pages (WHATWG Encoding Standard 4.2) that Python calls otherwise, or reads with fewer characters.
_ENCODINGS = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "gb_2312-80", "x-gbk", "chinese"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "ms_kanji"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "windows-949", "korean"), "cp949"),
    **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc_jp"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874"), "cp874"),
    **{name: name for name in ("iso-2022-jp", "koi8-r", "koi8-u", "macintosh")},
    **{f"iso-8859-{n}": f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-125{n}": f"cp125{n}" for n in range(9)},
    **{f"cp125{n}": f"cp125{n}" for n in range(9)},
    **dict.fromkeys(("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"), "utf-8"),  # who could read so far was told
    "iso-8859-9": "cp1254",
}


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a page.

    Attributes:
        tag: lower-case.
        attributes: by name, lower-case; empty where one has no value.
        text: what stands in it, of a script only.
    """

    tag: str
    attributes: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What was found in a page. What stands in comments or scripts is no element.

    Attributes:
        elements: those that were asked for, in order.
        empty: no element at all could be found in it.
        crowded: a tag has more attributes than `MOST_ATTRIBUTES`; nothing was read.
        deep: elements are nested deeper than `DEEPEST`; what follows was not read.
    """

    elements: Sequence[Element] = ()
    empty: bool = True
    crowded: bool = False
    deep: bool = False


class _Taker:
    """Takes what the parser finds, one event after the other."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self.elements: list[Element] = []
        self.empty, self.crowded, self.deep = True, False, False
        self._wanted = frozenset(wanted)
        self._depth = 0
        self._script: Element | None = None
        self._texts: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.empty = False
        self._depth += 1
        if len(attributes) > MOST_ATTRIBUTES:
            self.crowded = True
        elif self._depth > DEEPEST:
            self.deep = True
        if tag not in self._wanted or self.crowded or self.deep:
            return
        element = Element(tag, dict(attributes))
        if tag == "script":
            self._script, self._texts = element, []
        self.elements.append(element)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._script is not None and tag == "script":
            self.elements[-1] = Element(tag, self._script.attributes, "".join(self._texts))
            self._script = None

    def data(self, text: str) -> None:
        if self._script is not None:
            self._texts.append(text)

    def close(self) -> None:
        if self._script is not None:
            self.end("script")


@functools.lru_cache(maxsize=1)  # who reads a page aloud reads it with several readers, one after the other
def read_page(octets: bytes, wanted: tuple[str, ...]) -> Page:
    """Find elements in a page as served; bad markup is mended, and nothing is opened. Never raises.

    Args:
        octets: the page, or its beginning.
        wanted: names of elements, lower-case.
    """
    taker: Any = _Taker(wanted)  # the stubs know no target without all of the methods
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, target=taker
    )
    text = _in_utf8(octets)
    try:
        for at in range(0, len(text), _FED_OCTETS):
            parser.feed(text[at : at + _FED_OCTETS])
            if taker.crowded or taker.deep:
                break
        else:
            parser.close()
    except (etree.LxmlError, ValueError, AssertionError):
        taker.close()  # what was found was there
    return Page(() if taker.crowded else tuple(taker.elements), taker.empty, taker.crowded, taker.deep)


def _in_utf8(octets: bytes) -> bytes:
    """Bring a page to UTF-8: by its byte order mark, as it stands where it is that already, or by what it declares.

    An octet that the declared encoding does not have is replaced. libxml2 would end there, with all that follows.
    """
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace").encode("utf-8", "replace").replace(b"\0", b"")
    octets = octets.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"")  # libxml2 would see nothing after a NUL
    try:
        codecs.getincrementaldecoder("utf-8")().decode(octets)  # the cut may go through a character
    except UnicodeDecodeError:
        declared = _CHARSET.search(octets[:_SEARCHED_OCTETS])
        name = declared[1].decode("ascii", "replace").lower() if declared else ""
        return octets.decode(_ENCODINGS.get(name, "cp1252"), "replace").encode()
    return octets


def looks_like_markup(body: bytes) -> bool:
    """Tell whether a body begins with a tag, past a byte order mark and white space."""
    return _MARKUP.match(body[:4096]) is not None


def is_crowded(body: bytes) -> bool:
    """Tell whether a tag has more attributes than `MOST_ATTRIBUTES`, in HTML or XML, in UTF-8 or UTF-16."""
    octets = body.replace(b"\0", b"") if b"\0" in body else body
    return any(
        match.end() - match.start() > 2 * MOST_ATTRIBUTES and _attributes(match[0]) > MOST_ATTRIBUTES
        for match in _LONG_TAG.finditer(octets)
    )


def _attributes(tag: bytes) -> int:
    """Count what could be attributes; a value that is not quoted may be taken for several."""
    return len(_BETWEEN.findall(_VALUES.sub(b" ", tag)))
