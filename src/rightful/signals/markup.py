"""Whether a body is a web page: what a site that answers every path alike puts in place of a signal file."""

from __future__ import annotations

import re

_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<", re.DOTALL)


def looks_like_markup(body: bytes) -> bool:
    """Tell whether a body begins with a tag, past a byte order mark and white space."""
    return _MARKUP.match(body[:4096]) is not None
