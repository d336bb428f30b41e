"""A second opinion on robots.txt verdicts, from Protego, and the name of every way it may differ.

Protego (Scrapy's parser) is independent of ours. Where the two disagree, the file is rewritten one step at a
time into a plainer file that says the same under RFC 9309; the first step after which Protego agrees names
the rule the disagreement comes from. A disagreement that no step removes is a defect in one of the two, and
`verify` fails on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from protego import Protego

from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.lines import Field, Line, read_line, split_lines, tokens_of
from rightful.signals.robots_txt.paths import canonical_pattern, canonical_target

if TYPE_CHECKING:
    from collections.abc import Callable

# In the order they are tried: what the rewriting removes -> the clause that makes it no change at all.
NAMED_RULES = {
    "byte-order-mark": "RFC 9309 2.2: a byte order mark is no part of the first record",
    "parse-limit": "RFC 9309 2.5: reading stops at a limit of 500 KiB or more",
    "line-ends": "RFC 9309 2.2: CR, LF and CRLF end a line, and nothing else does",
    "other-records": "RFC 9309 2.2.4: records such as Crawl-delay do not end a group",
    "directive-spelling": "tolerated misspellings and missing colons differ between readers",
    "token-spelling": "versions, wildcards and lists in a user-agent value are read differently",
    "token-boundary": "RFC 9309 2.2.1: tokens are compared whole, not as a part of a longer one",
    "absolute-url": "RFC 9309 2.2.2: a pattern is a path; one written as a whole URL matches nothing",
    "index-page": "no clause lets an Allow of /index.html allow its directory",
    "literal-dollar": "RFC 9309 2.2.3: a final $ anchors a pattern and is not also a literal",
    "percent-encoding": "RFC 9309 2.2.2: octets are brought to one spelling before they are compared and counted",
}


@dataclass(frozen=True)
class Disagreement:
    """One disagreement: what each reader says (`True` is denied) and the rule that accounts for it.

    `rule` is a key of `NAMED_RULES`, or None where nothing accounts for it.
    """

    ours: bool
    theirs: bool
    rule: str | None


@dataclass(frozen=True)
class _Text:
    """A file on its way to plainness."""

    raw: str
    lines: tuple[Line, ...]
    target: str

    def render(self) -> str:
        return "\n".join(f"{line.name}: {line.value}" for line in self.lines)


def compare(robots: RobotsTxt, target: str, token: str) -> Disagreement | None:
    """Ask Protego about a path and query; None where it agrees."""
    ours = robots.match_target(target, token).preference.value == "deny"
    raw = robots.body.decode("utf-8", "replace")
    theirs = _denies(raw, target, token)
    if ours == theirs:
        return None
    lines, _ = split_lines(robots.body)
    records = tuple(r for r in (read_line(n, octets) for n, octets in enumerate(lines, 1)) if r)
    text = _Text(raw, records, target)
    for rule, step in _STEPS:
        text = step(text, token)
        if _denies(text.raw, text.target, token) == ours:
            return Disagreement(ours, theirs, rule)
    return Disagreement(ours, theirs, None)


def _denies(text: str, target: str, token: str) -> bool:
    return not Protego.parse(text).can_fetch(f"https://site.example{target}", token)


def _without_mark(text: _Text, _: str) -> _Text:
    return replace(text, raw=re.sub("^(\ufeff|\ufffd)", "", text.raw))


def _within_limit(text: _Text, _: str) -> _Text:
    lines, _truncated = split_lines(text.raw.encode("utf-8", "replace"))
    return replace(text, raw="\n".join(octets.decode("utf-8", "replace") for octets in lines))


_FOREIGN_LINE_ENDS = re.compile("[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


def _plain_line_ends(text: _Text, _: str) -> _Text:
    return replace(text, raw=_FOREIGN_LINE_ENDS.sub(" ", text.raw.replace("\r\n", "\n").replace("\r", "\n")))


def _without_other_records(text: _Text, _: str) -> _Text:
    kept = [
        line
        for line, record in ((raw, read_line(0, raw.encode("utf-8", "replace"))) for raw in text.raw.split("\n"))
        if record is None or record.field is not Field.OTHER
    ]
    records = tuple(line for line in text.lines if line.field is not Field.OTHER)
    return replace(text, raw="\n".join(kept), lines=records)


def _rendered(text: _Text, lines: tuple[Line, ...]) -> _Text:
    plain = replace(text, lines=lines)
    return replace(plain, raw=plain.render())


def _plain_directives(text: _Text, _: str) -> _Text:
    return _rendered(text, tuple(replace(line, name=line.field.value) for line in text.lines))


def _plain_tokens(text: _Text, _: str) -> _Text:
    lines: list[Line] = []
    for line in text.lines:
        if line.field is Field.USER_AGENT:
            # A value without any usable token still opens a group: name it after nobody.
            tokens = sorted(tokens_of(line.value)[0]) or ["nobody-at-all"]
            lines += [replace(line, value=token) for token in tokens]
        else:
            lines.append(line)
    return _rendered(text, tuple(lines))


def _only_this_token(text: _Text, token: str) -> _Text:
    wanted = token.strip().lower()
    lines = tuple(
        replace(line, value="nobody-at-all")
        if line.field is Field.USER_AGENT and line.value not in {wanted, "*"}
        else line
        for line in text.lines
    )
    return _rendered(text, lines)


def _one_spelling(text: _Text, _: str) -> _Text:
    lines = tuple(
        replace(line, value=_as_letters(canonical_pattern(line.value)))
        if line.field in {Field.ALLOW, Field.DISALLOW} and line.value
        else line
        for line in text.lines
    )
    return _rendered(replace(text, target=_as_letters(canonical_target(text.target))), lines)


def _as_letters(text: str) -> str:
    """Write each octet as two letters, so that Protego finds nothing to respell and lengths keep their order."""
    return "".join(_LETTERS.get(char) or chr(97 + (ord(char) >> 4)) + chr(65 + (ord(char) & 15)) for char in text)


_LETTERS = {"/": "/S", "*": "**", "$": "$"}


def _without(condition: Callable[[Line], bool]) -> Callable[[_Text, str], _Text]:
    def step(text: _Text, _: str) -> _Text:
        return _rendered(text, tuple(line for line in text.lines if not condition(line)))

    return step


def _is_absolute_url(line: Line) -> bool:
    return line.field is not Field.USER_AGENT and line.value.startswith(("http://", "https://"))


def _reads_dollar_twice(line: Line) -> bool:
    return line.field in {Field.ALLOW, Field.DISALLOW} and line.value.endswith("$")


def _anchor_as_rule(text: _Text, _: str) -> _Text:
    """Keep an anchored rule only where it matches, spelt without its anchor: Protego then reads it once."""
    lines: list[Line] = []
    for line in text.lines:
        if not _reads_dollar_twice(line):
            lines.append(line)
            continue
        only = RobotsTxt.parse(f"User-agent: x\nDisallow: {line.value}".encode("latin-1"))
        if only.select("x").rules.denies(canonical_target(text.target)):
            # Same length, so that precedence stays what it was.
            lines.append(replace(line, value=line.value[:-1] + "*"))
    return _rendered(text, tuple(lines))


def _allows_index(line: Line) -> bool:
    return line.field is Field.ALLOW and line.value.endswith("/index.html")


_STEPS: tuple[tuple[str, Callable[[_Text, str], _Text]], ...] = (
    ("byte-order-mark", _without_mark),
    ("parse-limit", _within_limit),
    ("line-ends", _plain_line_ends),
    ("other-records", _without_other_records),
    ("directive-spelling", _plain_directives),
    ("token-spelling", _plain_tokens),
    ("token-boundary", _only_this_token),
    ("absolute-url", _without(_is_absolute_url)),
    ("index-page", _without(_allows_index)),
    ("literal-dollar", _anchor_as_rule),
    ("percent-encoding", _one_spelling),
)
