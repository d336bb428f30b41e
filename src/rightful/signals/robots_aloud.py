"""A robots.txt read aloud: its own rules, and what it holds of other protocols, each with whom it is said to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals import content_signal, content_usage
from rightful.signals.locations import ROBOTS
from rightful.signals.markup import looks_like_markup
from rightful.signals.remark_meanings import ROBOTS_PROTOCOL
from rightful.signals.robots_txt import Extension, RobotsTxt
from rightful.signals.robots_txt.lines import Field, read_line, split_lines
from rightful.signals.site_files import RobotsRecords
from rightful.signals.told import Part, said_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rightful.signals.site_files import Interpretation

VERSION = "RFC 9309"
_RECORDS = (content_usage, content_signal)
_FIELDS = ("content-usage", "content-signal")
_READ = {*_FIELDS, "license"}
# Fields that no protocol has, and what they look like.
_NEAR_MISSES = {
    "ai-usage": "Content-Usage",
    "licenses": "License",
    "license-url": "License",
    "rsl": "License",
}


def robots_parts(body: bytes, target: str, asked: Interpretation, document: str = ROBOTS) -> tuple[Part, ...]:
    """Read a robots.txt.

    Args:
        body: its octets.
        target: path and query asked about.
        asked: a policy's answers to what the specifications leave open; the tokens that are asked about.
        document: what it is called.
    """
    if is_page(body):
        return (without_file("a web page", document, Remark("markup", "line 1")),)
    robots = RobotsTxt.parse(body)
    alike = told_alike(robots, asked.tokens)
    own = _rules(robots, target, alike)
    remarks = (*((Remark("markup-with-rules", "line 1"),) if looks_like_markup(body) else ()), *_remarks(robots))
    records = RobotsRecords(body, asked).reading(target)
    statements = tuple(dict.fromkeys(records.statements))  # what stands before the groups is read with each of them

    to = said_to(statements, alike, lambda token: _records_for(robots, token, target, asked))
    parts = [Part(document, ROBOTS_PROTOCOL, Reading(tuple(own), remarks), _said_to_some(own, asked.tokens))]
    for module in _RECORDS:
        stated = tuple(s for s in statements if s.protocol == module.PROTOCOL)
        odd = tuple(dict.fromkeys(remark for remark in records.remarks if remark.code in module.REMARKS))
        if stated or odd:
            parts.append(Part(document, module.PROTOCOL, Reading(stated, odd), to))
    return tuple(parts)


def is_page(body: bytes) -> bool:
    """Tell whether a web page is in the place of robots.txt, as capture has it (`snapshot.model.classify`)."""
    return looks_like_markup(body) and not RobotsTxt.parse(body).groups


def without_file(why: str, document: str, *remarks: Remark, denies: bool = False) -> Part:
    """Give what stands where no robots.txt could be had.

    Args:
        why: `status 404`, `timeout`.
        document: what it is called.
        remarks: what its author would want to know.
        denies: whether it could be there all the same (RFC 9309 2.3.1.4), or is refused.
    """
    text = "complete disallow" if denies else "no file, no rules"
    preference = Preference.DENY if denies else Preference.ALLOW
    statement = Statement(ROBOTS_PROTOCOL, Usage.ACQUIRE, preference, VERSION, shown(why), text)
    return Part(document, ROBOTS_PROTOCOL, Reading((statement,), remarks))


def told_alike(robots: RobotsTxt, tokens: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Gather tokens that the same groups apply to, under one of them."""
    found: dict[int, list[str]] = {}
    for token in tokens:
        found.setdefault(id(robots.select(token)), []).append(token)
    return {several[0]: tuple(several) for several in found.values()}


def _rules(robots: RobotsTxt, target: str, alike: dict[str, tuple[str, ...]]) -> dict[Statement, tuple[str, ...]]:
    """Give what the file's own rules say of fetching a path, and the tokens each is said to."""
    said: dict[Statement, tuple[str, ...]] = {}
    matches = [(robots.match_target(target, one), several) for one, several in alike.items()]
    for match, several in sorted(matches, key=lambda found: (not found[0].line, found[0].line)):  # as they stand
        where = f"line {match.line}" if match.line else {"none": "no group"}.get(match.kind, "no rule matches")
        statement = Statement(ROBOTS_PROTOCOL, Usage.ACQUIRE, match.preference, VERSION, where, shown(match.text))
        said[statement] = (*said.get(statement, ()), *several)
    return said


def _records_for(robots: RobotsTxt, token: str, target: str, asked: Interpretation) -> Reading:
    """Read what is said to one token as `RobotsRecords` reads it for one, without parsing the file again."""
    records = (*robots.site_records, *robots.select(token).extensions)
    usage, signal = ([record for record in records if record.name == name] for name in _FIELDS)
    read = content_usage.in_robots(usage, target, legacy=asked.legacy_labels)
    return read + content_signal.in_robots(signal, target, reserved_use=asked.reserved_use)


def _said_to_some(said: dict[Statement, tuple[str, ...]], tokens: Sequence[str]) -> dict[Statement, tuple[str, ...]]:
    return {statement: tuple(sorted(named)) for statement, named in said.items() if len(named) < len(tokens)}


def _remarks(robots: RobotsTxt) -> Iterator[Remark]:
    for code, times in robots.leniency.items():
        yield Remark(code, text=f"{times} times" if times > 1 else "")
    lines: dict[str, list[int]] = {}
    for group in robots.groups:
        for token, number in group.tokens.items():
            lines.setdefault(token, []).append(number)
    for token, numbers in sorted(lines.items()):
        if len(numbers) > 1:
            yield Remark("two-groups", f"lines {', '.join(map(str, numbers[:10]))}", shown(token))
    for record in robots.site_records:
        if record.name in _FIELDS:
            yield Remark("record-before-group", f"line {record.line}", shown(robots.line_text(record.line)))
    yield from _odd_fields(robots)


def _odd_fields(robots: RobotsTxt) -> Iterator[Remark]:
    for number, octets in enumerate(split_lines(robots.body)[0], 1):
        line = read_line(number, octets)
        if not line or line.field is not Field.OTHER:
            continue
        read_as = Extension.of(line).name
        if read_as != line.name and read_as in _READ:
            yield Remark("misspelt-field", f"line {number}", f"{shown(line.name)}: read as {read_as}")
        if line.name in _NEAR_MISSES:
            yield Remark("near-miss", f"line {number}", f"{shown(line.name)}: is {_NEAR_MISSES[line.name]} meant?")
