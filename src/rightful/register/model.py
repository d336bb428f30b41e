"""Requests to opt out as values: who asks, for what, by which authority, and the states a request goes through.

    received ─► verified ─► matched ─► removed ─► confirmed
        │           │          ▲──────────┴───────────┘  found again, in another or a later dataset
        └────┬──────┘
             ▼
          rejected ─► received (appealed)                 any ─► withdrawn, by the claimant, for good

Only requests that a person files pass through here. Machine-readable reservations (robots.txt and the other protocols)
never do: they act on sight, without identification, limit or delay (legal.md P-27, DSM Directive Art. 4(3)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rightful.errors import RegisterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rightful.register.entries import KeyKind


class State(StrEnum):
    """Where a request stands: the state of its last event."""

    RECEIVED = "received"
    VERIFIED = "verified"
    MATCHED = "matched"
    REMOVED = "removed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What happened to a request; a legal hold leaves its state as it is."""

    FILE = "file"
    VERIFY = "verify"
    MATCH = "match"
    REMOVE = "remove"
    CONFIRM = "confirm"
    REJECT = "reject"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    HOLD = "hold"
    RELEASE = "release"


class Scope(StrEnum):
    """What a request is about."""

    LOCATION = "location"
    FILE = "file"
    WORK = "work"
    REPERTOIRE = "repertoire"


class Authority(StrEnum):
    """By what right a claimant asks; all but the holder show a document, of which the digest is kept."""

    HOLDER = "holder"
    AGENT = "agent"
    COLLECTING_SOCIETY = "collecting_society"


TRANSITIONS: Mapping[State, Mapping[Act, State]] = {
    State.RECEIVED: {Act.VERIFY: State.VERIFIED, Act.REJECT: State.REJECTED, Act.WITHDRAW: State.WITHDRAWN},
    State.VERIFIED: {Act.MATCH: State.MATCHED, Act.REJECT: State.REJECTED, Act.WITHDRAW: State.WITHDRAWN},
    State.MATCHED: {Act.REMOVE: State.REMOVED, Act.WITHDRAW: State.WITHDRAWN},
    State.REMOVED: {Act.CONFIRM: State.CONFIRMED, Act.MATCH: State.MATCHED, Act.WITHDRAW: State.WITHDRAWN},
    State.CONFIRMED: {Act.MATCH: State.MATCHED, Act.WITHDRAW: State.WITHDRAWN},
    State.REJECTED: {Act.APPEAL: State.RECEIVED, Act.WITHDRAW: State.WITHDRAWN},
    State.WITHDRAWN: {},
}
OUT_OF_FORCE = (State.REJECTED, State.WITHDRAWN)
IN_EFFECT = (State.VERIFIED, State.MATCHED, State.REMOVED, State.CONFIRMED)
ENDED = (State.CONFIRMED, State.REJECTED, State.WITHDRAWN)

_AIMS = {act: state for moves in TRANSITIONS.values() for act, state in moves.items()}

REASONS = {
    "not-the-holder": "the claimant does not hold rights in what was named",
    "not-authorised": "the document shows no authority to act for the holder",
    "not-identified": "who asks could not be established",
    "not-protected": "what was named is no work, or its protection has ended",
    "not-found": "what was named does not exist",
    "duplicate": "the same claimant asked for the same before, and that request stands",
    "conflict-lost": "another claimant's right was established",
    "licensed": "the holder granted this use, and the grant binds",
}
"""Reasons of rejection that statistics name; `code: words` counts as its code, anything else as `other`."""

GOOD_FAITH = (
    "I state in good faith that what I say is true, and that I hold the rights in what I name or act for who does."
)
"""The statement a claimant makes; requests record which wording it was by `GOOD_FAITH_VERSION`."""
GOOD_FAITH_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who asks. Sealed where it is stored; two spellings of one `contact` are one claimant.

    Attributes:
        name: the person or body.
        contact: an address that reaches them: what tells one claimant from another.
        authority: what they say about their authority, in their words.
    """

    name: str = field(repr=False)
    contact: str = field(repr=False)
    authority: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it is filed.

    Attributes:
        claimant: who asks.
        scope: what about. A location needs `locations`, a file `digests`, a work `texts` (having the work is the proof
            of possession); a repertoire takes any of them, many at once, from an agent or a collecting society.
        authority: by what right.
        document: SHA-256 (hex) of the document that shows it; needed unless the claimant is the holder.
        good_faith: whether the claimant made the statement `GOOD_FAITH`.
        locations: kind (all but `content`) and value of each, as a person writes them.
        digests: SHA-256 of canonical texts, hex.
        texts: the works themselves: fingerprinted, never stored.
        keep_copy: store the texts, sealed; who does not ask for it gets fingerprints only.
        own_reference: the claimant's own name for it; sealed.
        retain_until: until when personal data and sealed copies are kept; else as `Limits.retention` says.
    """

    claimant: Claimant
    scope: Scope
    authority: Authority = Authority.HOLDER
    document: str | None = None
    good_faith: bool = False
    locations: Sequence[tuple[KeyKind, str]] = ()
    digests: Sequence[str] = ()
    texts: Sequence[str] = field(default=(), repr=False)
    keep_copy: bool = False
    own_reference: str = field(default="", repr=False)
    retain_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The friction of the form that people fill in, per claimant or asker, over 24 hours.

    Attributes:
        requests_a_day: requests of one claimant.
        works_a_day: keys (works, files, locations) of one claimant outside repertoires.
        works_a_request: keys of one request that is no repertoire.
        answers_a_day: questions of one asker (`answers.answer`).
        retention: how long personal data and sealed copies are kept after a request; by default three years, the
            limitation of claims (Civil Code of the PRC, Art. 188).
    """

    requests_a_day: int = 20
    works_a_day: int = 200
    works_a_request: int = 100
    answers_a_day: int = 50
    retention: timedelta = timedelta(days=3 * 365 + 1)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a request.

    Attributes:
        seq: its place among the request's events, from 1.
        act: what was done.
        state: the state after it.
        at: when, UTC.
        automatic: whether no person decided it.
        reason: why, in the words given.
        details: what else was recorded: receipts, counts, versions.
    """

    seq: int
    act: Act
    state: State
    at: datetime
    automatic: bool
    reason: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """What is told about one request: nothing personal, no key, no text, and no other request's reference.

    Attributes:
        reference: the request's public name.
        state: where it stands.
        scope: what it is about.
        authority: by what right it was filed.
        received_at: when, UTC.
        keys: how many works, files and locations it names.
        queued: filed in bulk, and waiting to be verified in its turn; it holds records meanwhile.
        appealed: whether it was rejected once and is asked for again.
        legal_hold: whether what it removes must be preserved, sealed, for a dispute.
        conflict: whether another claimant asks for something it names: then those records are held.
        events: what happened, oldest first.
    """

    reference: str
    state: State
    scope: Scope
    authority: Authority
    received_at: datetime
    keys: int
    queued: bool
    appealed: bool
    legal_hold: bool
    conflict: bool
    events: tuple[Event, ...]


def next_state(reference: str, state: State, act: Act) -> State:
    """Give the state an act leads to.

    Raises:
        RegisterError: it is not allowed from here; says from what to what, and what is.
    """
    moves = TRANSITIONS[state]
    if act not in moves:
        allowed = ", ".join(sorted(set(moves.values()))) or "nothing: this is its end"
        raise RegisterError(
            f"request {reference} cannot go from {state.value} to {_AIMS[act].value}",
            hint=f"allowed from {state.value}: {allowed}",
            reference=reference,
            state=state.value,
            allowed=sorted(moves.values()),
        )
    return moves[act]
