"""What can be told of markup without a parser: whether it is a web page, and whether parsing would take too long."""

from __future__ import annotations

import re

# libxml2 compares each attribute of a tag with all before it: of so many, that takes hundredths of a second.
MOST_ATTRIBUTES = 5_000

_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<", re.DOTALL)
# A tag as HTML's tokenizer takes it (13.2.5): a quote opens a value only behind an equals sign.
_VALUE = rb"=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|)"
_LONG_TAG = re.compile(rb"<[A-Za-z](?:[^=>]++|" + _VALUE + rb")*+", re.DOTALL)
_VALUES = re.compile(_VALUE, re.DOTALL)
_BETWEEN = re.compile(rb"[\s/]+")


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
