"""robots.txt for a whole batch: the capture in force for every row, then each rule set over its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.situation import ROBOTS_CODES, RobotsFact
from rightful.screening.locate import NOWHERE
from rightful.snapshot.capture_index import NO_TIME, NOT_CAPTURED
from rightful.snapshot.site_view import ASK_RULES, DENIAL_CODES

if TYPE_CHECKING:
    from rightful.screening.locate import Located
    from rightful.signals.robots_txt.paths import PathRules
    from rightful.snapshot.capture_index import CaptureIndex
    from rightful.snapshot.site_view import RuleSet, SiteView

_UNKNOWN = ROBOTS_CODES.index(RobotsFact.UNKNOWN)
_ALLOW, _CUT = ROBOTS_CODES.index(RobotsFact.ALLOW), ROBOTS_CODES.index(RobotsFact.CUT)
_STALE = ROBOTS_CODES.index(RobotsFact.STALE)

# From so many rows on, RE2 over the column beats a loop, if the rules change polarity seldom enough.
_COLUMNAR_ROWS = 1_000
_COLUMNAR_RUNS = 4


def captures_in_force(
    view: CaptureIndex, located: Located, fetched_at: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the capture of every row: newest, and newest not later than the row's fetch.

    Args:
        view: captures by origin.
        located: the rows.
        fetched_at: seconds since 1970 per row, `NO_TIME` where unknown; None where no row has a time.

    Returns:
        Rows of `view.captures` at build and at fetch, `NOT_CAPTURED` where there is none.
    """
    spans = np.array([view.rows_of(o.origin) for o in located.origins] or [(0, 0)], np.int64)
    here = located.origin != NOWHERE
    first, stop = spans[located.origin, 0], spans[located.origin, 1]
    captured = here & (stop > first)
    build = np.where(captured, stop - 1, NOT_CAPTURED)
    fetch = np.full(len(build), NOT_CAPTURED, np.int64)
    if fetched_at is None:
        return build, fetch
    asked = np.flatnonzero(captured & (fetched_at != NO_TIME))
    # Most origins have one capture: one comparison settles them. The others are searched, origin by origin.
    single = asked[(stop - first)[asked] == 1]
    fits = (view.times[first[single]] <= fetched_at[single]) & (view.times[first[single]] != NO_TIME)
    fetch[single[fits]] = first[single[fits]]
    several = asked[(stop - first)[asked] > 1]
    for number in np.unique(located.origin[several]).tolist():
        rows = several[located.origin[several] == number]
        begin, end = spans[number]
        times = view.times[begin:end]
        at = np.searchsorted(times, fetched_at[rows], side="right") - 1
        fits = (at >= 0) & (times[np.maximum(at, 0)] != NO_TIME)
        fetch[rows[fits]] = begin + at[fits]
    return build, fetch


class RobotsColumns:
    """Evaluates captures over rows; one instance a batch, so that fetch and build share what they can."""

    def __init__(self, view: SiteView, located: Located) -> None:
        self._view = view
        self._located = located
        self._rule_sets: list[RuleSet] = []
        self._numbers: dict[str, int] = {}
        self._number_of_capture: dict[int, int] = {}

    def facts(self, captures: np.ndarray) -> np.ndarray:
        """Give codes into `ROBOTS_CODES` for the captures in force, whatever their age."""
        codes = np.full(len(captures), _UNKNOWN, np.int8)
        rows = np.flatnonzero(captures != NOT_CAPTURED)
        answers = self._view.answers[captures[rows]]
        codes[rows] = answers
        ask = rows[answers == ASK_RULES]
        if len(ask):
            asked = DENIAL_CODES[self._denials(ask, captures[ask])]
            codes[ask] = np.where((asked == _ALLOW) & self._view.cut[captures[ask]], _CUT, asked)
        return codes

    def aged(self, codes: np.ndarray, captures: np.ndarray) -> np.ndarray:
        """Mark what old captures say as stale, for they speak for now; what denies still denies."""
        if not self._view.stale.any():
            return codes
        rows = np.flatnonzero(captures != NOT_CAPTURED)
        stale = rows[self._view.stale[captures[rows]]]
        aged = codes.copy()
        aged[stale] = np.maximum(codes[stale], _STALE)
        return aged

    def _denials(self, rows: np.ndarray, captures: np.ndarray) -> np.ndarray:
        """Give denial bits for rows whose captures hold rules."""
        distinct, inverse = np.unique(captures, return_inverse=True)
        numbers = np.array([self._number(capture) for capture in distinct.tolist()], np.int32)[inverse]
        bits = np.array([rule_set.bits for rule_set in self._rule_sets], np.int8)[numbers]
        order = np.argsort(numbers, kind="stable")
        edges = np.flatnonzero(np.diff(numbers[order])) + 1
        for members in np.split(order, edges):
            for bit, rules in self._rule_sets[int(numbers[members[0]])].parts:
                bits[members] |= np.where(self._denied(rules, rows[members]), bit, 0).astype(np.int8)
        return bits

    def _number(self, capture: int) -> int:
        number = self._number_of_capture.get(capture)
        if number is None:
            sha256, rule_set = self._view.rules_of(capture)
            number = self._numbers.setdefault(sha256, len(self._rule_sets))
            if number == len(self._rule_sets):
                self._rule_sets.append(rule_set)
            self._number_of_capture[capture] = number
        return number

    def _denied(self, rules: PathRules, rows: np.ndarray) -> np.ndarray:
        """Apply one set of path rules to rows: plain ones inside their URL, the others on their target."""
        parsed = self._located.parsed
        denied = np.zeros(len(rows), bool)
        odd = np.array([row in parsed for row in rows.tolist()], bool) if parsed else np.zeros(len(rows), bool)
        plain = np.flatnonzero(~odd)
        if len(plain):
            chosen = rows[plain]
            urls = self._located.urls.take(pa.array(chosen))
            denied[plain] = (
                self._columnar(rules, urls)
                if _suits_columns(rules, len(plain))
                else rules.deny_many(urls.to_pylist(), self._located.start[chosen].tolist())
            )
        rest = np.flatnonzero(odd)
        for at, row, target in zip(
            rest.tolist(), rows[rest].tolist(), self._located.targets(rows[rest].tolist()), strict=True
        ):
            denied[at] = parsed[row].target.partition("?")[0] != "/robots.txt" and rules.denies(target)
        return denied

    @staticmethod
    def _columnar(rules: PathRules, urls: pa.Array) -> np.ndarray:
        """Decide with RE2, run by run: what an earlier run matched, a later one does not touch."""
        undecided = np.ones(len(urls), bool)
        denied = np.full(len(urls), rules.default_denies)
        for allows, expression in rules.re2_runs():
            pattern = rf"(?s)^[^/]*//[^/?#\\]*(?:{expression})"
            hit = pc.match_substring_regex(urls, pattern).to_numpy(zero_copy_only=False).astype(bool) & undecided
            denied[hit] = not allows
            undecided &= ~hit
        return denied


def _suits_columns(rules: PathRules, rows: int) -> bool:
    return rows >= _COLUMNAR_ROWS and rules.uniform is None and len(rules.re2_runs()) <= _COLUMNAR_RUNS
