"""How long a work is protected where: arithmetic on years, with the rule that gave each answer.

Unknown is protected. Nothing here decides what a work is: dates, and whose work it is, come from whoever knows.

    >>> from rightful.policy.protection_terms import Dates, status_in
    >>> status_in("CN", Dates(died=1961), 2026).reason
    'CN: protected until the end of 2011 (death 1961 + 50), 著作权法 第二十三条'
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

Works = Literal["author", "anonymous", "corporate", "government"]
WORKS: tuple[Works, ...] = ("author", "anonymous", "corporate", "government")


@dataclass(frozen=True, slots=True)
class Dates:
    """What is known of a work.

    Attributes:
        died: year in which its last surviving author died.
        published: year of its first publication.
        works: whose it is; the United States' government is meant by `government`.
    """

    died: int | None = None
    published: int | None = None
    works: Works = "author"


@dataclass(frozen=True, slots=True)
class TermRule:
    """One row of `terms.toml`."""

    jurisdiction: str
    works: str
    since: str
    years: int
    source: str
    date: str
    confidence: str
    published_before: int | None = None
    published_from: int | None = None
    not_before: int = 0

    def last_year(self, dates: Dates) -> int | None:
        """Give the last calendar year of protection; None where the rule is about other works, or lacks a date."""
        start = dates.died if self.since == "death" else dates.published
        published = dates.published
        if self.works != dates.works or start is None:
            return None
        if self.published_before is not None and (published is None or published >= self.published_before):
            return None
        if self.published_from is not None and (published is None or published < self.published_from):
            return None
        if not self.years:
            return start - 1
        if self.since == "death" and published is not None and published > start + self.years:
            return self.not_before or None  # left unpublished for longer than the term: rules of their own
        return max(start + self.years, self.not_before)


@dataclass(frozen=True, slots=True)
class TermStatus:
    """Whether a work is protected somewhere.

    Attributes:
        jurisdiction: where.
        status: `pd`, `protected` or `unknown`.
        last_year: of protection; None where not known.
        rule: which rule gave it; None where none has what it needs.
        reason: the arithmetic, in words.
    """

    jurisdiction: str
    status: Literal["pd", "protected", "unknown"]
    last_year: int | None = None
    rule: TermRule | None = None
    reason: str = ""


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("rightful.policy").joinpath("terms.toml").read_text(encoding="utf-8"))


def term_version() -> str:
    """Give the version of the table of terms."""
    return str(_table()["version"])


@functools.cache
def term_rules() -> tuple[TermRule, ...]:
    """Read the table of terms."""
    renamed = ({"since": row["from"]} | {key: row[key] for key in row if key != "from"} for row in _table()["rule"])
    return tuple(TermRule(**row) for row in renamed)


@functools.lru_cache(maxsize=100_000)
def status_in(jurisdiction: str, dates: Dates, year: int) -> TermStatus:
    """Say whether a work is protected in a jurisdiction in a year; of several rules, the longest term counts."""
    rules = [rule for rule in term_rules() if rule.jurisdiction == jurisdiction]
    found = [(last, rule) for rule in rules if (last := rule.last_year(dates)) is not None]
    if not found:
        return TermStatus(jurisdiction, "unknown", reason=f"{jurisdiction}: no rule has the dates it needs")
    last, rule = max(found, key=lambda pair: pair[0])
    start = dates.died if rule.since == "death" else dates.published
    if not rule.years:
        return TermStatus(jurisdiction, "pd", last, rule, f"{jurisdiction}: never protected, {rule.source}")
    sum_ = f"{rule.since} {start} + {rule.years}" + (f", and at least {rule.not_before}" if rule.not_before else "")
    told = f"{jurisdiction}: protected until the end of {last} ({sum_}), {rule.source}"
    return TermStatus(jurisdiction, "pd" if year > last else "protected", last, rule, told)


def public_domain_in(jurisdictions: tuple[str, ...], dates: Dates, year: int) -> tuple[str, ...]:
    """Give the jurisdictions in which a work is in the public domain in a year."""
    return tuple(sorted(j for j in jurisdictions if status_in(j, dates, year).status == "pd"))
