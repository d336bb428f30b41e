"""What a card must not claim (legal.md 3.2): verdicts are for courts and counsel, and absences cannot be proved."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overclaim:
    """A phrase found where it must not be: line (1-based), the words, and what may be said instead."""

    line: int
    words: str
    instead: str


_COMPLIANT = "say which checks ran, when, with which rules, and what they found"
_FORBIDDEN: tuple[tuple[str, str], ...] = (
    (
        r"\b(?:is|are|fully|100\s?%|legally)\s+(?:legal|lawful(?! access)|compliant)\b|\blegally\s+(?:clean|safe)\b",
        _COMPLIANT,
    ),
    (r"\b(?:GDPR|AI[- ]Act|EU|CAC|copyright)[- ]compliant\b|\bcompliance\s+guaranteed\b", _COMPLIANT),
    (r"合法合规|完全合规|完全合法|合规数据", _COMPLIANT),
    (r"\bcopyright[- ]free\b|\bno\s+(?:copyright\s+)?infringement\b|无版权|无侵权|不侵权", "say how many were flagged"),
    (
        r"\ball\s+opt[- ]?outs?\s+(?:are|were|have\s+been)?\s*(?:honou?red|respected)\b|已尊重(?:全部|所有)退出",
        "say through which channels opt-outs were received, until when, and what share was covered",
    ),
    (r"\bno\s+personal\s+(?:data|information)\b|不含个人信息|无个人信息", "say what a detector found in how many"),
    (
        r"\brobots(?:\.txt)?[- ]compliant\b|\brobots(?:\.txt)?\s+(?:allows?|permits?)\s+training\b",
        "robots.txt is no licence: say what it said to which token, and when",
    ),
    (
        r"\bno\s+payment\s+(?:is\s+)?due\b|\bfree\s+of\s+charge\s+by\s+law\b|无需付费",
        "say: none under the policy, naming it",
    ),
    (r"\b(?:certified|approved|endorsed)\s+by\b|经.{0,8}(?:认证|批准)", "leave it out"),
    (r"\bdeleted\s+from\s+the\s+model\b|已从模型中删除", "say: removed from this and later versions of the data set"),
    (r"\bguarantee[sd]?\b(?!\s+nothing)|保证合法", _COMPLIANT),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in _FORBIDDEN)


def overclaims(text: str) -> list[Overclaim]:
    """Find every forbidden phrase of a card, or of a text that goes into one."""
    return [
        Overclaim(number, match[0], instead)
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern, instead in _PATTERNS
        for match in pattern.finditer(line)
    ]
