"""robots.txt, exactly as RFC 9309 says.

- A group is one or more user-agent lines and the rules after them; blank lines and records of other
  protocols neither end nor split it (2.2.4).
- All groups that name a product token are merged (2.2.1); only if there is none do the `*` groups apply.
- Tokens are compared whole and without case: `Applebot` is not `Applebot-Extended` (2.2.1).
- The matching rule with most octets decides, `Allow` wins a tie, and without a match the target is allowed
  (2.2.2). `/robots.txt` itself is always allowed.
- What the file says to other protocols (`Content-Usage`, `License`, ...) is kept with its group and path.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rightful.facts.site import parse_url
from rightful.facts.statement import Preference
from rightful.signals.robots_txt.lines import LENIENCY, RECORD_SPELLINGS, Field, Line, read_line, split_lines, tokens_of
from rightful.signals.robots_txt.paths import PathRules, Rule, canonical_pattern, canonical_target

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LENIENCY", "Extension", "Group", "RobotsMatch", "RobotsTxt", "Selection"]

WILDCARD = "*"
ROBOTS_PATH = "/robots.txt"


@dataclass(frozen=True, slots=True)
class Extension:
    """A record of another protocol.

    Attributes:
        name: field name, lower-case, with hyphens; of what is often misspelt the right spelling.
        path: path pattern the value begins with, or None where it applies to everything.
        value: the rest of the value; one character per octet (Latin-1).
        line: 1-based line number.
    """

    name: str
    path: str | None
    value: str
    line: int

    @classmethod
    def of(cls, line: Line) -> Extension:
        """Separate the path, where the value begins with one, from the rest."""
        name = line.name.replace("_", "-")
        name = RECORD_SPELLINGS.get(name, name)
        if not line.value.startswith("/"):
            return cls(name, None, line.value, line.number)
        path, _, rest = line.value.replace("\t", " ").partition(" ")
        return cls(name, path, rest.strip(), line.number)


@dataclass(slots=True)
class Group:
    """User-agent lines and what follows them. `tokens` maps each token to the line that names it."""

    tokens: dict[str, int] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)


@dataclass(frozen=True)
class Selection:
    """The rules that apply to one product token.

    Attributes:
        kind: `named` (groups name the token), `wildcard` (the `*` groups apply), `none` (no group applies).
        rules: merged and compiled.
        extensions: records of other protocols in the same groups.
    """

    kind: str
    rules: PathRules
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class RobotsMatch:
    """One verdict with its evidence.

    Attributes:
        preference: `allow` or `deny`; `unknown` where the URL names no web location.
        kind: as in `Selection`.
        line: 1-based number of the deciding line, 0 where no rule matched.
        text: that line as written.
    """

    preference: Preference
    kind: str
    line: int = 0
    text: str = ""


class RobotsTxt:
    """A parsed robots.txt. Make one with `RobotsTxt.parse(body)`."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.groups: list[Group] = []
        self.site_records: list[Extension] = []
        self.leniency: Counter[str] = Counter()
        self._selections: dict[str, Selection] = {}
        self._read()

    @classmethod
    def parse(cls, body: bytes) -> RobotsTxt:
        """Read a robots.txt as served. Any octets are accepted; what cannot be read says nothing."""
        return cls(body)

    def _read(self) -> None:
        lines, leniency = split_lines(self.body)
        self.leniency.update(leniency)
        group: Group | None = None
        group_has_rules = group_has_records = False
        for number, octets in enumerate(lines, start=1):
            line = read_line(number, octets)
            if line is None:
                continue
            self.leniency.update(line.leniency)
            if line.field is Field.USER_AGENT:
                if group is None or group_has_rules:
                    group = Group()
                    self.groups.append(group)
                    group_has_rules = group_has_records = False
                elif group_has_records:
                    self.leniency["merged-over-record"] += 1
                tokens, cuts = tokens_of(line.value)
                self.leniency.update(cuts)
                for token in tokens:
                    group.tokens.setdefault(token, number)
            elif line.field is Field.OTHER:
                (group.extensions if group else self.site_records).append(Extension.of(line))
                group_has_records = True
            elif group is None:
                self.leniency["rule-before-group"] += 1
            else:
                group_has_rules = True
                self._add_rule(group, line)

    def _add_rule(self, group: Group, line: Line) -> None:
        if not line.value:
            return  # an empty Disallow matches nothing
        pattern = canonical_pattern(line.value)
        if pattern[0] not in "/*":
            self.leniency["pattern-without-slash"] += 1
        group.rules.append(Rule(line.field is Field.ALLOW, pattern, line.number))

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Every product token some group names, lower-case, `*` included."""
        return frozenset(token for group in self.groups for token in group.tokens)

    def select(self, token: str) -> Selection:
        """Merge the groups that apply to a product token (2.2.1); tokens of one group share one object."""
        wanted = token.strip().lower()
        kind = "wildcard" if wanted == WILDCARD or wanted not in self.tokens else "named"
        key = wanted if kind == "named" else WILDCARD
        members = tuple(i for i, group in enumerate(self.groups) if key in group.tokens)
        share = f"{kind}:{members}"
        if share not in self._selections:
            chosen = [self.groups[i] for i in members]
            self._selections[share] = Selection(
                kind=kind if chosen else "none",
                rules=PathRules(tuple(rule for group in chosen for rule in group.rules)),
                extensions=tuple(record for group in chosen for record in group.extensions),
            )
        return self._selections[share]

    def distinct(self, tokens: Iterable[str]) -> list[Selection]:
        """Give the different selections a set of tokens leads to: mostly one, however many tokens."""
        wanted = {token.strip().lower() for token in tokens}
        named = wanted & self.tokens - {WILDCARD}
        asked = sorted(named) if named == wanted else [*sorted(named), WILDCARD]
        return list({id(s): s for s in map(self.select, asked)}.values())

    def match(self, url: str, token: str) -> RobotsMatch:
        """Decide one URL for one product token, with the line that decides."""
        location = parse_url(url)
        if location is None:
            return RobotsMatch(Preference.UNKNOWN, "none")
        return self.match_target(location.target, token)

    def match_target(self, target: str, token: str) -> RobotsMatch:
        """Decide a path and query, as WHATWG parsing leaves them, for one product token."""
        return self.match_selected(target, self.select(token))

    def match_selected(self, target: str, selection: Selection) -> RobotsMatch:
        """Decide a path and query for the tokens that a selection of `distinct` is for."""
        if target.partition("?")[0] == ROBOTS_PATH:
            return RobotsMatch(Preference.ALLOW, selection.kind)
        rule = selection.rules.decisive(canonical_target(target))
        if rule is None:
            return RobotsMatch(Preference.ALLOW, selection.kind)
        preference = Preference.ALLOW if rule.allow else Preference.DENY
        return RobotsMatch(preference, selection.kind, rule.line, self.line_text(rule.line))

    def preference(self, url: str, token: str) -> Preference:
        """Decide one URL for one product token: `allow`, `deny`, or `unknown` where it is no web URL."""
        return self.match(url, token).preference

    def line_text(self, number: int) -> str:
        """Give a line as written (undecodable octets replaced)."""
        lines = self._lines
        return lines[number - 1].decode("utf-8", "replace").strip() if 0 < number <= len(lines) else ""

    @cached_property
    def _lines(self) -> list[bytes]:
        return split_lines(self.body)[0]
