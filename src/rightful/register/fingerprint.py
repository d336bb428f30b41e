"""Fingerprints of works: what is compared and kept instead of their text."""

from __future__ import annotations

import hashlib
import unicodedata


def canonical_text(text: str) -> str:
    """Reduce a text to what makes it the same work: NFKC, case folded, runs of white space as one space.

    Width, ligatures, case and layout do not make another work; punctuation and words do.
    """
    if text.isascii():  # then NFKC changes nothing and folding is lower-casing
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Folding can leave what NFKC would compose: normalise once more, so that the form is stable.
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def text_digest(text: str) -> str:
    """SHA-256 of the canonical text, in hex. A lone surrogate counts as the replacement character."""
    octets = canonical_text(text).encode("utf-8", "replace")
    return hashlib.sha256(octets).hexdigest()
