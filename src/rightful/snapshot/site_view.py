"""A snapshot as screening sees it: from an origin to the captures in force, and from a capture to its rules.

Rules are compiled once per distinct body, for the product tokens of one policy: tokens that share a group are
one question, and thousands of hosts that serve one body are one compilation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.situation import ROBOTS_CODES, RobotsFact
from rightful.signals.locations import ROBOTS
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.lines import PARSE_LIMIT_OCTETS
from rightful.snapshot.capture_index import CaptureIndex
from rightful.snapshot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.signals.robots_txt.paths import PathRules
    from rightful.snapshot.store import Snapshot

REFUSALS = (401, 403, 429, 451)  # protocols A1: the server is there and will not say
_DAY = 86_400
_KEPT_RULE_SETS = 20_000

NAMED, WILDCARD = 1, 2
_CODE = {fact: code for code, fact in enumerate(ROBOTS_CODES)}
# Denial bits -> code; without a denial there is an allowance.
DENIAL_CODES = np.array(
    [
        _CODE[RobotsFact.ALLOW],
        _CODE[RobotsFact.NAMED],
        _CODE[RobotsFact.WILDCARD],
        _CODE[RobotsFact.NAMED_AND_WILDCARD],
    ],
    np.int8,
)
ASK_RULES = np.int8(-1)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What one robots.txt says to the tokens of a policy.

    Attributes:
        bits: denials that hold for every path (`NAMED | WILDCARD`).
        parts: (bit, rules) where the path decides.
        leniency: names of the leniencies reading it took.
    """

    bits: int
    parts: tuple[tuple[int, PathRules], ...]
    leniency: tuple[str, ...]


class SiteView(CaptureIndex):
    """Captures of robots.txt by origin and time, and their compiled rules.

    Args:
        snapshot: the captures.
        tokens: product tokens that count, lower-case.
        any_scheme: whether a capture of the other scheme answers where the exact origin was not captured.
        refusals_deny: whether a refusal (401, 403, 429, 451) denies; otherwise it is "no rules" as any 4xx.
        max_age_days: age, counted from the snapshot's newest capture, beyond which a capture is stale; 0 never.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        tokens: Sequence[str],
        any_scheme: bool = True,
        refusals_deny: bool = True,
        max_age_days: int = 0,
    ) -> None:
        super().__init__(snapshot, ROBOTS, any_scheme=any_scheme)
        self._snapshot = snapshot
        self._tokens = tuple(tokens)
        self._refusal = RobotsFact.REFUSED if refusals_deny else RobotsFact.MISSING_REFUSED
        self._max_age = max_age_days * _DAY
        self._rule_sets: dict[str, RuleSet] = {}

    @cached_property
    def answers(self) -> np.ndarray:
        """What every capture amounts to, as codes of `ROBOTS_CODES`; `ASK_RULES` where its rules must be asked."""
        outcome = self.captures["outcome"]
        status = self.captures["status"]
        refused = pc.is_in(status, value_set=pa.array(REFUSALS, status.type))
        answers = np.full(self.captures.num_rows, _CODE[RobotsFact.UNREACHABLE], np.int8)
        answers[_mask(pc.equal(outcome, Outcome.AVAILABLE.value))] = ASK_RULES
        answers[_mask(pc.equal(outcome, Outcome.UNAVAILABLE.value))] = _CODE[RobotsFact.MISSING]
        answers[_mask(refused)] = _CODE[self._refusal]
        return answers

    @cached_property
    def cut(self) -> np.ndarray:
        """Whether of every capture something is missing, or is not read for its length."""
        longer = pc.greater(self.captures["body_octets"], PARSE_LIMIT_OCTETS)
        return _mask(pc.or_kleene(longer, self.captures["truncated"]))

    @cached_property
    def stale(self) -> np.ndarray:
        """Whether every capture is too old to speak for now."""
        if not self._max_age or self._snapshot.as_of is None:
            return np.zeros(self.captures.num_rows, bool)
        oldest = int(self._snapshot.as_of.timestamp()) - self._max_age
        return self.times < oldest

    def rules_of(self, row: int) -> tuple[str, RuleSet]:
        """Give the digest of a capture's body and its compiled rules."""
        sha256 = self.captures["body_sha256"][row].as_py() or ""
        found = self._rule_sets.get(sha256)
        if found is None:
            if len(self._rule_sets) >= _KEPT_RULE_SETS:  # bounded by what is kept, not by what is met
                for old in list(self._rule_sets)[: _KEPT_RULE_SETS // 4]:
                    del self._rule_sets[old]
            found = self._rule_sets[sha256] = self._compile(self._snapshot.body(sha256) if sha256 else b"")
        return sha256, found

    def _compile(self, body: bytes) -> RuleSet:
        robots = RobotsTxt.parse(body)
        bits, parts = 0, []
        for selection in robots.distinct(self._tokens):
            bit = {"named": NAMED, "wildcard": WILDCARD, "none": 0}[selection.kind]
            if selection.rules.uniform is None:
                parts.append((bit, selection.rules))
            elif selection.rules.uniform:
                bits |= bit
        return RuleSet(bits, tuple(parts), tuple(sorted(robots.leniency)))


def _mask(values: pa.ChunkedArray) -> np.ndarray:
    array: np.ndarray = values.fill_null(False).to_numpy()  # noqa: FBT003 - the value nulls become
    return array.astype(bool)
