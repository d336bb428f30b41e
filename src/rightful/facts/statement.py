"""What a protocol says about one use of one location, and how several such statements are one answer.

Within a protocol its own precedence applies first, in the protocol's module. Across protocols, and wherever a
specification says nothing, the most restrictive statement stands: `combine` is the maximum on one scale, so it is
commutative, associative and idempotent, and one statement more never loosens an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_CHARACTERS = 200


class Preference(StrEnum):
    """What one protocol says about one use of one location.

    A reservation is `DENY`. `CONDITIONAL` is "no, unless": it denies whoever has not met the conditions. `ERROR` means
    the signal was there and could not be read: never an allowance. `UNKNOWN` says nothing.
    """

    ALLOW = "allow"
    CONDITIONAL = "conditional"
    DENY = "deny"
    UNKNOWN = "unknown"
    ERROR = "error"


class Usage(StrEnum):
    """What a document is used for. Every protocol's own words are brought to these four."""

    TRAIN = "train-ai"
    INPUT = "ai-input"
    SEARCH = "search"
    ACQUIRE = "acquire"


_WITH_CONDITIONS = {Preference.ALLOW, Preference.CONDITIONAL}
# Least restrictive first: of two, the later one stands. What nobody could read is held, which is less than denied.
RESTRICTIVENESS = (Preference.UNKNOWN, Preference.ALLOW, Preference.ERROR, Preference.CONDITIONAL, Preference.DENY)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its evidence.

    Attributes:
        protocol: `content-usage`, `rsl`, ...; the name of its module with hyphens.
        usage: what it is about.
        preference: what it says.
        version: the edition of the specification it was read by.
        where: line, field or element it stands in (`line 12`, `Content-Usage`, `/0/tdm-reservation`).
        text: the words themselves, cut to 200 characters.
        conditions: what `CONDITIONAL` asks for, and what `ALLOW` comes with: `attribution`, `payment:crawl`,
            `contact`, `policy:<URL>`, ...; sorted.
        weak: the evidence is too weak to permit anything: an `ALLOW` counts as `UNKNOWN`.
    """

    protocol: str
    usage: Usage
    preference: Preference
    version: str = ""
    where: str = ""
    text: str = ""
    conditions: tuple[str, ...] = ()
    weak: bool = False

    @property
    def effective(self) -> Preference:
        """The preference that counts."""
        return Preference.UNKNOWN if self.weak and self.preference is Preference.ALLOW else self.preference


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a document its author would want to know: a lint, never a statement.

    Attributes:
        code: one of the protocol's `REMARKS`.
        where: as in `Statement`.
        text: what it is about, cut to 200 characters.
    """

    code: str
    where: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A document or field read: everything it states, and what is odd about it.

    Attributes:
        statements: one per usage and thing said; empty where it says nothing.
        remarks: what its author would want to know.
    """

    statements: tuple[Statement, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def __add__(self, other: Reading) -> Reading:
        return Reading(self.statements + other.statements, self.remarks + other.remarks)

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> Reading:
        """Give several as one; adding one at a time would copy what is long as often as there are readings."""
        several = list(readings)
        return cls(
            tuple(s for read in several for s in read.statements), tuple(r for read in several for r in read.remarks)
        )

    @property
    def substance(self) -> tuple[Statement, ...]:
        """What is stated, without where and in which words: the same for all files that say the same."""
        bare = {replace(s, where="", text="", version="") for s in self.statements}
        return tuple(sorted(bare, key=lambda s: (s.protocol, s.usage, s.preference, s.conditions, s.weak)))


def most_restrictive(preferences: Iterable[Preference]) -> Preference:
    """Give the most restrictive of several preferences; `UNKNOWN` where there is none."""
    return max(preferences, key=RESTRICTIVENESS.index, default=Preference.UNKNOWN)


def combine(statements: Iterable[Statement]) -> dict[Usage, Preference]:
    """Give one answer per usage: the most restrictive of all that is stated (AIPREF vocabulary 5.1)."""
    answers = dict.fromkeys(Usage, Preference.UNKNOWN)
    for statement in statements:
        answers[statement.usage] = most_restrictive((answers[statement.usage], statement.effective))
    return answers


def summary(statements: Iterable[Statement], usages: Iterable[Usage]) -> tuple[str, ...]:
    """Say what each protocol answers for these usages together: `rsl=conditional:contribution+payment:crawl`, sorted.

    A protocol that answers nothing is left out. Of several usages the most restrictive answer counts: a record that
    may be trained on and may not be fetched may not be used. What could not be read stands beside conditions: whoever
    meets those has not met what it may ask for.
    """
    wanted = set(usages)
    by_protocol: dict[str, list[Statement]] = {}
    for statement in statements:
        if statement.usage in wanted:
            by_protocol.setdefault(statement.protocol, []).append(statement)
    found = []
    for protocol, said in sorted(by_protocol.items()):
        answer = most_restrictive(statement.effective for statement in said)
        if answer is Preference.UNKNOWN:
            continue
        asked = {c for s in said if s.preference is answer and answer in _WITH_CONDITIONS for c in s.conditions}
        found.append(f"{protocol}={answer}" + (f":{'+'.join(sorted(asked))}" if asked else ""))
        if answer is Preference.CONDITIONAL and any(s.preference is Preference.ERROR for s in said):
            found.append(f"{protocol}={Preference.ERROR}")
    return tuple(found)


def read_summary(said: str) -> tuple[str, Preference, frozenset[str]]:
    """Give protocol, preference and conditions of one entry of a `summary`."""
    protocol, _, answer = said.partition("=")
    preference, _, asked = answer.partition(":")
    return protocol, Preference(preference), frozenset(asked.split("+")) if asked else frozenset()


def shown(text: str) -> str:
    """Cut what a document says to what is kept of it, on one line, and as text that can be written."""
    return " ".join(text.split())[:SHOWN_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
