"""What is said of documents read aloud: statement by statement, by which protocol, where, and to whom.

Nothing is read here; `Told` is what the readers gave, put so that a person or a tool can follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, combine
from rightful.signals.remark_meanings import meaning_of_remark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Part:
    """What one protocol says in one document.

    Attributes:
        document: what the document is called: `robots.txt`, `page`, a URL.
        protocol: whose reader read it.
        reading: statements and remarks.
        to: product tokens that a statement is said to; all that were asked about, where it is not named here.
    """

    document: str
    protocol: str
    reading: Reading
    to: Mapping[Statement, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A document that another one declares.

    Attributes:
        url: its address, absolute where it could be made so.
        signal: what it is: `rsl`, `tdm-policy`.
        state: `read`, `not read` (it was not asked for) or `not obtainable`.
    """

    url: str
    signal: str
    state: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What all statements about one usage come to.

    Attributes:
        preference: the most restrictive one (`facts.statement.combine`).
        conditions: everything that is asked for, where it is conditional; sorted.
        by: those that say so: document, statement, product tokens.
    """

    preference: Preference
    conditions: tuple[str, ...]
    by: tuple[tuple[str, Statement, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What documents state about one path.

    Attributes:
        kind: which kind of document it was read as (`document_kinds.KINDS`).
        target: path and query asked about.
        parts: in the order they were read.
        mentioned: what they declare elsewhere.
    """

    kind: str
    target: str
    parts: tuple[Part, ...]
    mentioned: tuple[Mentioned, ...] = ()

    def and_then(self, other: Told) -> Told:
        """Add what another document states about the same path."""
        return Told(self.kind, self.target, self.parts + other.parts, self.mentioned + other.mentioned)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement, in order."""
        return tuple(statement for part in self.parts for statement in part.reading.statements)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Every remark, in order."""
        return tuple(remark for part in self.parts for remark in part.reading.remarks)

    def said(self) -> Iterator[tuple[str, Statement, tuple[str, ...]]]:
        """Give every statement once, with its document and whom it is said to; no tokens: all that were asked about."""
        seen = set()
        for part in self.parts:
            for statement in part.reading.statements:
                found = (part.document, statement, part.to.get(statement, ()))
                if found not in seen:
                    seen.add(found)
                    yield found

    def remarked(self) -> Iterator[tuple[str, str, Remark, str]]:
        """Give every remark with its document, its protocol and its meaning, each once."""
        seen = set()
        for part in self.parts:
            for remark in part.reading.remarks:
                found = (part.document, part.protocol, remark)
                if found not in seen:
                    seen.add(found)
                    yield *found, meaning_of_remark(part.protocol, remark)

    def answers(self) -> dict[Usage, Answer]:
        """Give one answer per usage, and whose it is."""
        found = {}
        for usage, preference in combine(self.statements).items():
            by: tuple[tuple[str, Statement, tuple[str, ...]], ...] = ()
            if preference is not Preference.UNKNOWN:
                by = tuple(said for said in self.said() if (said[1].usage, said[1].effective) == (usage, preference))
            asked = {c for _, s, _ in by for c in s.conditions} if preference is Preference.CONDITIONAL else set()
            found[usage] = Answer(preference, tuple(sorted(asked)), by)
        return found

    def as_json(self) -> dict[str, Any]:
        """Give all of it as values that JSON has."""
        return {
            "kind": self.kind,
            "target": self.target,
            "statements": [
                {
                    "document": document,
                    "protocol": statement.protocol,
                    "usage": statement.usage.value,
                    "preference": statement.preference.value,
                    "weak": statement.weak,
                    "conditions": list(statement.conditions),
                    "to": list(tokens),
                    "where": statement.where,
                    "text": statement.text,
                    "version": statement.version,
                }
                for document, statement, tokens in self.said()
            ],
            "remarks": [
                {
                    "document": document,
                    "protocol": protocol,
                    "code": remark.code,
                    "meaning": meaning,
                    "where": remark.where,
                    "text": remark.text,
                }
                for document, protocol, remark, meaning in self.remarked()
            ],
            "declared": [{"url": m.url, "signal": m.signal, "state": m.state} for m in self.mentioned],
            "summary": {
                usage.value: {
                    "preference": answer.preference.value,
                    "conditions": list(answer.conditions),
                    "by": [{"document": d, "protocol": s.protocol, "where": s.where} for d, s, _ in answer.by],
                }
                for usage, answer in self.answers().items()
            },
        }


def said_to(
    statements: Sequence[Statement],
    tokens: Mapping[str, tuple[str, ...]],
    read: Callable[[str], Reading],
) -> dict[Statement, tuple[str, ...]]:
    """Find out to whom each statement is said, by asking again for one token at a time.

    Args:
        statements: made for all tokens at once.
        tokens: one of those that are told alike -> all of them.
        read: reads for one token.

    Returns:
        Tokens of each statement that is said to some and not to others.
    """
    if not statements or len(tokens) < 2:  # noqa: PLR2004 - all of one are told the same
        return {}
    to: dict[Statement, list[str]] = {statement: [] for statement in statements}
    for one, alike in tokens.items():
        for statement in dict.fromkeys(read(one).statements):
            if statement in to:
                to[statement].extend(alike)
    everybody = sum(len(alike) for alike in tokens.values())
    return {statement: tuple(sorted(named)) for statement, named in to.items() if 0 < len(named) < everybody}
