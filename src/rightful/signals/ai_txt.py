"""Spawning's ai.txt (2023): the grammar of robots.txt over file types, for media that are downloaded for training.

A single vendor's file without a specification of its own: what it denies is a refusal; what it allows is too little to
permit anything. Five other things are called ai.txt. A web page, or prose, in its place states nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals.markup import looks_like_markup
from rightful.signals.robots_txt import RobotsMatch, RobotsTxt, Selection

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

PROTOCOL = "ai-txt"
VERSION = "spawning 2023-05-30"
REMARKS = {
    "markup": "a web page is in the place of the file: it states nothing",
    "another-ai-txt": "the file has no group of rules: it is another of the formats of that name, and states nothing",
    "only-other-groups": "no group of the file is for everybody (*) or for a token that counts",
}


class AiTxt:
    """An ai.txt as read.

    Attributes:
        uniform: its reading for every path; None where the path matters.
        remarks: what its author would want to know.
    """

    def __init__(self, robots: RobotsTxt | None, tokens: tuple[str, ...], remarks: tuple[Remark, ...]) -> None:
        self._robots = robots
        self._selections = robots.distinct(tokens) if robots is not None else []
        self.remarks = remarks
        self.uniform: Reading | None = None
        if all(_uniform(selection) for selection in self._selections):
            self.uniform = self._read("/")

    @classmethod
    def parse(cls, body: bytes, tokens: tuple[str, ...] = ("*",)) -> AiTxt:
        """Read a file as served.

        Args:
            body: the octets.
            tokens: product tokens that count, lower-case, `*` among them where it does.
        """
        if looks_like_markup(body):
            return cls(None, tokens, (Remark("markup"),))
        robots = RobotsTxt.parse(body)
        if not any(group.rules or group.tokens for group in robots.groups):
            return cls(None, tokens, (Remark("another-ai-txt"),))
        reached = any(selection.kind != "none" for selection in robots.distinct(tokens))
        return cls(robots, tokens, () if reached else (Remark("only-other-groups"),))

    def part(self, target: str) -> Hashable:
        """Give what of a path decides: the lines that do, one for each group that counts."""
        return tuple(match.line for match in self._matches(target))

    def reading(self, target: str) -> Reading:
        """Give what it states about a path."""
        return self.uniform if self.uniform is not None else self._read(target)

    def _read(self, target: str) -> Reading:
        statements = []
        for match in self._matches(target):
            if match.line:
                where = f"line {match.line}"
                weak = match.preference is Preference.ALLOW
                text = shown(match.text[:1000])
                statements.append(Statement(PROTOCOL, Usage.TRAIN, match.preference, VERSION, where, text, weak=weak))
        return Reading(tuple(dict.fromkeys(statements)), self.remarks)

    def _matches(self, target: str) -> Iterator[RobotsMatch]:
        if self._robots is not None:
            for selection in self._selections:
                yield self._match(self._robots, target, selection)

    @staticmethod
    def _match(robots: RobotsTxt, target: str, selection: Selection) -> RobotsMatch:
        """Ask about a path; a page whose path has no file type is asked about as the HTML it is, too."""
        match = robots.match_selected(target, selection)
        path = target.partition("?")[0]
        if match.preference is Preference.DENY or "." in path.rpartition("/")[2]:
            return match
        page = robots.match_selected(f"{path.rstrip('/')}/index.html", selection)
        return page if page.preference is Preference.DENY else match


def _uniform(selection: Selection) -> bool:
    """Tell whether the same is stated of every path; where none is denied, one may be allowed in words all the same."""
    rules = selection.rules
    return rules.uniform is True or not rules.rules or (rules.uniform is False and rules.matches_everything)
