"""Expressions of several licences (SPDX 2.3, annex D), each of which is a row of the table, or not known.

`A AND B` asks for what both ask; of `A OR B` whoever uses the work chooses one. An exception (`WITH`) permits more than
the licence it is added to, so the licence's own conditions are taken to stand.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import Any

from rightful.facts.statement import Remark, shown
from rightful.signals.licence.spelling import of_id, read_one
from rightful.signals.licence.table import Licence, letters_of, says, table

NOTHING = "none"
UNKNOWN = "unknown"
LONGEST = 2_000
_MOST_CHOICES = 64
_KEPT = 50_000
_OPERATORS = ("AND", "OR", "WITH")
# Hyphens and full-width letters, as keyboards and typesetters put them, are those of ids.
_PLAIN = {0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2212: "-", 0xFE63: "-", 0xAD: ""} | {
    code: chr(code - 0xFEE0)
    for code in range(0xFF01, 0xFF5F)
    if chr(code - 0xFEE0).isalnum() or code == 0xFF0D  # noqa: PLR2004
}
_like_an_id = re.compile(r"unknown|[\w.+-]*[\d-][\w.:+-]*", re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class Choice:
    """Licences that apply together.

    Attributes:
        licences: rows of the table, by id.
        unknown: there is one more that is not known, or more was written than is understood.
    """

    licences: tuple[Licence, ...] = ()
    unknown: bool = False

    @property
    def conditions(self) -> tuple[str, ...]:
        """What all of them ask for."""
        return tuple(sorted({condition for row in self.licences for condition in row.conditions}))

    @property
    def kinds(self) -> frozenset[str]:
        """Of which kinds they are (`table.KINDS`)."""
        return frozenset(row.kind for row in self.licences)

    @property
    def grants(self) -> bool:
        """Whether the use is permitted under the conditions: each is a licence, and each is known."""
        return self.kinds == {"licence"} and not self.unknown

    @property
    def id(self) -> str:
        """Ids of the licences; one that is not known is `unknown`."""
        return " AND ".join([*(row.id for row in self.licences), *([UNKNOWN] if self.unknown else [])])


@dataclass(frozen=True, slots=True)
class Terms:
    """What was written about a licence, read.

    Attributes:
        choices: what can be chosen from; empty where nothing is said.
        remarks: what its author would want to know.
        said: something is said, even if it is that nobody knows.
    """

    choices: tuple[Choice, ...] = ()
    remarks: tuple[Remark, ...] = ()
    said: bool = True

    @property
    def id(self) -> str:
        """One spelling of it, which is read alike: `cc-by-4.0`, `apache-2.0 OR mit`, `unknown`; `none` where empty."""
        if not self.choices:
            return UNKNOWN if self.said else NOTHING
        several = len(self.choices) > 1
        return " OR ".join(f"({c.id})" if several and " AND " in c.id else c.id for c in self.choices)

    @property
    def unknown(self) -> bool:
        """Whether nothing can be chosen that is known whole."""
        return bool(self.choices) and all(choice.unknown for choice in self.choices)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What every choice asks for."""
        asked = [set(choice.conditions) for choice in self.choices]
        return tuple(sorted(set.intersection(*asked))) if asked else ()


@functools.lru_cache(maxsize=_KEPT)
def read_licence(written: str) -> Terms:
    """Read what somebody wrote where a licence stands. Never raises; what is not recognised is `unknown`."""
    text = written.translate(_PLAIN).strip()
    if not text or text.lower() == NOTHING:
        return Terms(said=False)
    if text.lower() in table().says_nothing:
        return Terms(remarks=(Remark("says-nothing", text=shown(text)),))
    codes: list[str] = []
    if len(text) > LONGEST:
        return Terms(_wary((Choice(unknown=True),), text, codes), (Remark("too-long", text=shown(text)),))
    choices = _wary(_choices(text, codes), text, codes)
    if not codes and any(choice.unknown and not choice.licences for choice in choices):
        codes.append("not-known")
    return Terms(choices, tuple(Remark(code, text=shown(text)) for code in dict.fromkeys(codes)))


def _wary(choices: tuple[Choice, ...], text: str, codes: list[str]) -> tuple[Choice, ...]:
    """Add to what is not known whole that its text speaks of use that is not commercial, where it does."""
    if not any(c.unknown for c in choices) or any("NC" in c.conditions for c in choices) or "too-many-choices" in codes:
        return choices  # which says so itself
    plain = letters_of(text)
    if not any(says(plain, phrase) for phrase in table().mentions):
        return choices
    codes.append("speaks-of-noncommercial")
    terms = Choice((table().rows["noncommercial-terms"],), unknown=True)
    wary = {_together(choice, terms) if choice.unknown else choice for choice in choices}
    return tuple(sorted(wary, key=lambda choice: choice.id))


def _choices(text: str, codes: list[str]) -> tuple[Choice, ...]:
    parsed, ids = _parsed(text)
    found = None if ids else read_one(text, codes)
    if found is not None and found.whole:
        return (Choice(found.licences),)
    if parsed is None:
        return (Choice(found.licences if found else (), unknown=True),)
    if prose := _words_among(parsed, codes):
        return (prose,)
    try:
        return tuple(sorted(_of_node(parsed, codes), key=lambda choice: choice.id))
    except _TooManyError:
        codes.append("too-many-choices")
        return (Choice(unknown=True),)


def _is_id(symbol: Any) -> bool:
    return str(symbol).lower() == UNKNOWN or of_id(str(symbol), []) is not None


def _words_among(node: Any, codes: list[str]) -> Choice | None:
    """Give what is left of "CC BY or so": what is named in it can forbid, and is nothing to choose from."""
    parts = {str(symbol): next(iter(_of_node(symbol, codes))) for symbol in node.symbols}
    if all(part.licences or _like_an_id(written) for written, part in parts.items()):
        return None
    return functools.reduce(_together, (parts[written] for written in sorted(parts)))


class _TooManyError(Exception):
    """More alternatives than are compared. Never leaves this module."""


def _parsed(text: str) -> tuple[Any, bool]:
    """Parse an expression; None where it is none. Of an operator any spelling is taken, as tools do.

    The second value tells whether all that stands in it are ids.
    """
    if not any(f" {operator} " in f" {text.upper()} " for operator in _OPERATORS):
        return None, False
    try:
        parsed = _grammar().parse(text)
        return parsed, parsed is not None and all(map(_is_id, parsed.symbols))
    except Exception:  # noqa: BLE001 - parentheses in odd places also end in its own assertions and list indices
        return None, False


@functools.cache
def _grammar() -> Any:
    from license_expression import Licensing  # noqa: PLC0415 - for the few that are expressions

    return Licensing()  # knows no licences: which ones there are is our table's to say


def _of_node(node: Any, codes: list[str]) -> frozenset[Choice]:
    """Give the choices an expression leaves."""
    kind = type(node).__name__
    if kind == "LicenseSymbol":
        return frozenset({_of_symbol(node.key, codes)})
    if kind == "LicenseWithExceptionSymbol":
        choice = _of_symbol(node.license_symbol.key, codes)
        if node.exception_symbol.key.lower() not in table().exceptions:
            codes.append("exception-not-known")
            choice = Choice(choice.licences, unknown=True)
        return frozenset({choice})
    first, *others = (_of_node(part, codes) for part in node.args)
    for other in others:
        if kind == "AND":
            first = frozenset(_together(a, b) for a, b in itertools.product(first, other))
        else:
            first |= other
        if len(first) > _MOST_CHOICES:
            raise _TooManyError
    return first


def _together(one: Choice, other: Choice) -> Choice:
    rows = {row.id: row for row in (*one.licences, *other.licences)}
    return Choice(tuple(rows[key] for key in sorted(rows)), one.unknown or other.unknown)


def _of_symbol(written: str, codes: list[str]) -> Choice:
    if written.lower() == UNKNOWN:
        return Choice(unknown=True)
    row = of_id(written, codes)
    if row is not None:
        if row.ambiguous:
            codes.append("without-version")
        return Choice((row,))
    found = read_one(written, codes)
    return Choice(found.licences, unknown=not found.whole) if found else Choice(unknown=True)
