"""Path patterns of robots.txt: one canonical spelling for both sides, and matching in linear time.

RFC 9309 2.2.2 asks that octets be percent-encoded or decoded to one spelling before they are compared:
- octets outside what a URI may hold are percent-encoded (`ツ` is `%E3%83%84`);
- percent-encoded unreserved octets are decoded (`%62%61%7A` is `baz`), other escapes are upper-cased;
- `%2A` and `%24` stand for a literal `*` and `$` (2.2.3), which a URL's own `*` and `$` become;
- in a query, the table of 2.2.2 compares `https://foo.bar` equal to `https%3A%2F%2Ffoo.bar`: the reserved
  octets `: / ? [ ] @` are decoded there. In a path `%2F` stays different from `/`.

Hostile patterns (`/*a*a*a*b`) cost no more than long ones: segments between wildcards are searched left to
right and never revisited, which finds a match whenever there is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9\-._~/?&=+,;:@!()\[\]]*").fullmatch
# Everything but unreserved, reserved and "%". The apostrophe is encoded too, because WHATWG encodes it in queries.
_FOREIGN = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&()*+,;=%]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_QUERY_GEN_DELIMS = frozenset(":/?[]@")


def canonical_target(target: str) -> str:
    """Spell the path and query of a URL for comparison; `target` is ASCII, as WHATWG parsing leaves it."""
    if _PLAIN(target):
        return target
    return _canonical(target).replace("*", "%2A").replace("$", "%24")


def canonical_pattern(octets: str) -> str:
    """Spell a path pattern for comparison; `octets` holds one character per octet (Latin-1)."""
    if _PLAIN(octets):
        return octets
    anchor = "$" if octets.endswith("$") else ""
    body = _canonical(octets.removesuffix("$")).replace("$", "%24")
    return body + anchor


def _canonical(text: str) -> str:
    text = _FOREIGN.sub(lambda m: f"%{ord(m[0]):02X}", text)
    if "%" not in text:
        return text
    path, mark, query = text.partition("?")
    return _ESCAPE.sub(_in_path, path) + mark + _ESCAPE.sub(_in_query, query)


def _in_path(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()


def _in_query(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED or char in _QUERY_GEN_DELIMS else match[0].upper()


@dataclass(frozen=True, slots=True)
class Rule:
    """One `Allow` or `Disallow` record.

    Attributes:
        allow: True for `Allow`.
        pattern: canonical path pattern; `*` any run, a final `$` the end of the target.
        line: 1-based line number in the file.
    """

    allow: bool
    pattern: str
    line: int

    @property
    def precedence(self) -> tuple[int, bool, int]:
        """Order of RFC 9309 2.2.2: most octets first; `Allow` before an equal `Disallow`; then as written."""
        return -len(self.pattern), not self.allow, self.line


def matches(pattern: str, target: str, start: int = 0) -> bool:
    """Tell whether a canonical pattern matches `target` from `start` on."""
    if "*" not in pattern:
        if pattern.endswith("$"):
            return len(target) - start == len(pattern) - 1 and target.startswith(pattern[:-1], start)
        return target.startswith(pattern, start)
    anchored = pattern.endswith("$")
    head, *rest = pattern.removesuffix("$").split("*")
    if not target.startswith(head, start):
        return False
    at = start + len(head)
    tail = rest.pop() if anchored else ""
    for segment in rest:
        found = target.find(segment, at)
        if found < 0:
            return False
        at = found + len(segment)
    return not anchored or (target.endswith(tail) and len(target) - len(tail) >= at)


def _regex(pattern: str) -> str:
    """Write a pattern for `re`: atomic groups keep it from going back over what it has passed."""
    anchored = pattern.endswith("$")
    head, *rest = pattern.removesuffix("$").split("*")
    tail = f".*{re.escape(rest.pop())}" if anchored and rest else ""
    middle = "".join(f"(?>.*?{re.escape(segment)})" for segment in rest if segment)
    return re.escape(head) + middle + tail + (r"\Z" if anchored else "")


def _re2(pattern: str) -> str:
    """Write a pattern for RE2 (Arrow's engine), which is linear by itself."""
    anchored = pattern.endswith("$")
    segments = pattern.removesuffix("$").split("*")
    return ".*".join(re.escape(s) for s in segments) + ("$" if anchored else "")


# What one expression for RE2 may be made of: so many octets of patterns, of which a wildcard counts for so many.
_RE2_ROOM, _RE2_STAR = 200_000, 80

_EVERYTHING = re.compile(r"/?\*+|/").fullmatch

# After so many targets, one alternation repays its compilation (0.6 ms for a typical site).
_PROMOTE_AFTER = 300


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours in precedence that answer alike; among them the order does not matter."""

    allow: bool
    prefixes: tuple[str, ...]
    globs: tuple[str, ...]


class PathRules:
    """The rules that apply to one product token, compiled.

    `uniform` is True or False where every target gets that answer (denied or not), None where paths differ.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.precedence))
        self._seen = 0

    def decisive(self, target: str) -> Rule | None:
        """Give the rule that decides a canonical target: the evidence. None where no rule matches."""
        return next((rule for rule in self.rules if matches(rule.pattern, target)), None)

    def denies(self, target: str, start: int = 0) -> bool:
        """Tell whether a canonical target is disallowed; `start` skips what stands before the path."""
        if self.uniform is not None:
            return self.uniform
        self._seen += 1
        if self._seen > _PROMOTE_AFTER:
            match = self._alternation.match(target, start)
            return self._default_denies if match is None else match.lastindex is not None
        for run in self._runs:
            if target.startswith(run.prefixes, start) or any(matches(glob, target, start) for glob in run.globs):
                return not run.allow
        return self._default_denies

    def deny_many(self, urls: Sequence[str], starts: Sequence[int]) -> list[bool]:
        """Decide many URLs whose path begins at `starts` and is canonical as it stands: `denies`, inlined."""
        if self.uniform is not None:
            return [self.uniform] * len(urls)
        self._seen += len(urls)
        if self._seen <= _PROMOTE_AFTER:
            return [self.denies(url, start) for url, start in zip(urls, starts, strict=True)]
        match, default = self._alternation.match, self._default_denies
        return [
            default if (found := match(url, start)) is None else found.lastindex is not None
            for url, start in zip(urls, starts, strict=True)
        ]

    @cached_property
    def _live(self) -> tuple[tuple[Rule, ...], bool]:
        """The rules that can still change an answer, and the answer where none of them matches."""
        live: list[Rule] = []
        seen: set[str] = set()
        for rule in self.rules:
            if rule.pattern[:1] not in "/*" or rule.pattern in seen:
                continue  # no target begins otherwise; and of equal patterns the first in precedence wins
            if _EVERYTHING(rule.pattern):
                return self._trimmed(live, default_denies=not rule.allow), not rule.allow
            seen.add(rule.pattern)
            live.append(rule)
        return self._trimmed(live, default_denies=False), False

    @staticmethod
    def _trimmed(live: list[Rule], *, default_denies: bool) -> tuple[Rule, ...]:
        while live and live[-1].allow is not default_denies:
            live.pop()
        return tuple(live)

    @property
    def _default_denies(self) -> bool:
        return self._live[1]

    @cached_property
    def uniform(self) -> bool | None:
        """The answer for every target, where there is one."""
        live, default_denies = self._live
        return None if live else default_denies

    @property
    def matches_everything(self) -> bool:
        """Whether a rule matches every target, so that there is evidence for each."""
        return any(_EVERYTHING(rule.pattern) for rule in self.rules)

    @cached_property
    def _runs(self) -> tuple[_Run, ...]:
        runs: list[_Run] = []
        for allow, members in self._polarities():
            prefixes = tuple(p for p in members if "*" not in p and not p.endswith("$"))
            globs = tuple(p for p in members if "*" in p or p.endswith("$"))
            runs.append(_Run(allow, prefixes, globs))
        return tuple(runs)

    @cached_property
    def _alternation(self) -> re.Pattern[str]:
        """One expression in precedence order; a capturing group closes only where a `Disallow` matched."""
        return re.compile(
            "|".join(
                ("(?:" if allow else "(") + "|".join(_regex(p) for p in members) + ")"
                for allow, members in self._polarities()
            ),
            re.DOTALL,
        )

    def _polarities(self) -> list[tuple[bool, list[str]]]:
        grouped: list[tuple[bool, list[str]]] = []
        for rule in self._live[0]:
            if grouped and grouped[-1][0] == rule.allow:
                grouped[-1][1].append(rule.pattern)
            else:
                grouped.append((rule.allow, [rule.pattern]))
        return grouped

    def re2_runs(self) -> list[tuple[bool, str]]:
        """Give, in precedence order, (allows, RE2 expression over a path) for columnar evaluation.

        The caller starts with every row undecided, takes the first expression that matches, and
        `default_denies` for the rest. Neighbours may be of one polarity: RE2 refuses an expression of tens of thousands
        of wildcards, and is slow from a few thousand on.
        """
        runs: list[tuple[bool, list[str]]] = []
        room = 0
        for allow, members in self._polarities():
            runs.append((allow, []))
            room = _RE2_ROOM
            for pattern in members:
                room -= len(pattern) + _RE2_STAR * pattern.count("*")
                if room < 0 and runs[-1][1]:
                    runs.append((allow, []))
                    room = _RE2_ROOM
                runs[-1][1].append(_re2(pattern))
        return [(allow, "|".join(expressions)) for allow, expressions in runs]

    @property
    def default_denies(self) -> bool:
        """The answer where none of `re2_runs` matches."""
        return self._default_denies
