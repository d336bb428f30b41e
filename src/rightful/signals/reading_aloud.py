"""Any signal file read for its author: what it states of a path, to whom, on which line, and what is odd about it.

The same readers that decide, asked one file at a time; nothing is interpreted here that screening would not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.facts.statement import Reading, Remark, Statement, Usage
from rightful.signals import ai_txt, content_signal, content_usage, tdmrep, trust_txt
from rightful.signals.locations import ROBOTS, SIGNALS
from rightful.signals.robots_txt import LENIENCY, RobotsTxt
from rightful.signals.site_files import SITE_FILES, Interpretation

if TYPE_CHECKING:
    from collections.abc import Sequence

ROBOTS_PROTOCOL = "robots"
_REMARKS = {**LENIENCY}
for _module in (ai_txt, content_signal, content_usage, tdmrep, trust_txt):
    _REMARKS |= _module.REMARKS
_REMARKS["two-groups"] = "several groups name one token: their rules are merged, which not every reader does"


@dataclass(frozen=True, slots=True)
class Told:
    """What a file states about one path.

    Attributes:
        signal: which file it was read as (`locations.SIGNALS`).
        reading: statements and remarks; of robots.txt its own rules are among them, about `acquire`.
        to: for statements of robots.txt, the product tokens each is said to; empty: everybody.
    """

    signal: str
    reading: Reading
    to: dict[Statement, tuple[str, ...]]


def signal_of(name: str) -> str | None:
    """Tell which signal file a path or URL names; None where it names none."""
    plain = name.partition("?")[0].partition("#")[0].rstrip("/")
    return next((signal for signal in sorted(SIGNALS, key=len, reverse=True) if _named(plain, signal)), None)


def _named(name: str, signal: str) -> bool:
    return name.rpartition("/")[2] == signal.rpartition("/")[2]


def read_aloud(signal: str, body: bytes, target: str, tokens: Sequence[str]) -> Told:
    """Read a file as screening would.

    Args:
        signal: which file it is.
        body: its octets.
        target: path and query asked about.
        tokens: product tokens to ask about, lower-case.
    """
    reading = SITE_FILES[signal].read(Interpretation(tuple(tokens)), body).reading(target)
    if signal != ROBOTS:
        return Told(signal, reading, {})
    own, to = _robots(body, target, tokens)
    return Told(signal, own + reading, to)


def _robots(body: bytes, target: str, tokens: Sequence[str]) -> tuple[Reading, dict[Statement, tuple[str, ...]]]:
    robots = RobotsTxt.parse(body)
    to: dict[Statement, list[str]] = {}
    for token in tokens:
        match = robots.match_target(target, token)
        where = f"line {match.line}" if match.line else {"none": "no group"}.get(match.kind, "no rule matches")
        statement = Statement(ROBOTS_PROTOCOL, Usage.ACQUIRE, match.preference, "RFC 9309", where, match.text)
        to.setdefault(statement, []).append(token)
    remarks = [Remark(code, text=f"{times} times" if times > 1 else "") for code, times in robots.leniency.items()]
    named = [token for group in robots.groups for token in group.tokens]
    remarks += [Remark("two-groups", text=token) for token in sorted({t for t in named if named.count(t) > 1})]
    return Reading(tuple(to), tuple(remarks)), {statement: tuple(names) for statement, names in to.items()}


def meaning_of_remark(remark: Remark) -> str:
    """Say what a remark says."""
    return _REMARKS[remark.code]
