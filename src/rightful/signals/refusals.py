"""Refusals in words that no specification has: whoever writes `ai-train: disallow` does not mean to allow.

Such words deny and nothing else: what sounds like consent permits only as its specification spells it.
"""

from __future__ import annotations

import re

_REFUSAL = re.compile(
    r"n|no|not\b.*|none|never|false|0|off|dis.*|den(y|ied)|forbid.*|prohibit.*|block.*|reserved?|refused?"
)
_CONSENT = re.compile(r"y|yes|true|1|on|allow(ed)?|permit(ted)?|ok|granted|all")
# A label and a word, with a sign between them or with none, and quotes around.
_PAIRS = (
    re.compile(r"(?<![\w-])([a-z][\w-]*)[\"']?\s*[=:]\s*[\"']?([\w-]+)"),
    re.compile(r"(?<![\w-])([a-z][\w-]*)[\"']?\s+[\"']?([\w-]+)"),
)


def is_refusal(word: str) -> bool:
    """Tell whether a word, in lower case, can only mean no."""
    return _REFUSAL.fullmatch(_bare(word)) is not None


def is_consent(word: str) -> bool:
    """Tell whether a word, in lower case, means yes in somebody's spelling."""
    return _CONSENT.fullmatch(_bare(word)) is not None


def pairs_in(text: str) -> list[tuple[str, str]]:
    """Find labels and what is said of them in a text of no known form; underscores in labels are hyphens."""
    plain = text.lower()
    return [(label.replace("_", "-"), word) for pair in _PAIRS for label, word in pair.findall(plain)]


def _bare(word: str) -> str:
    return word.strip(" \t\"'.;,!?")
