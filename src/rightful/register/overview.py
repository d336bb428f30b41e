"""What whoever keeps a register sees of it at a glance: what waits, since when, what went out, what the log says last.

Nothing here is personal, and nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, func, select

from rightful.register import publishing
from rightful.register.access_log import head_of
from rightful.register.model import Authority, Scope, State
from rightful.register.personal import under_legal_hold
from rightful.register.requests import current_states, request_row
from rightful.register.tables import copies, effects, events, exports, log, moment_of, personal, requests, ticks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from rightful.register.access_log import LogHead
    from rightful.register.store import Store


class Exported(NamedTuple):
    """An export as the register remembers it.

    Attributes:
        version: of the exported register.
        at: when it was written, UTC; None where the register does not know it.
        current: whether one written now would be the same.
    """

    version: str
    at: datetime | None
    current: bool


class LogRow(NamedTuple):
    """A row of the log, as a person reads it."""

    n: int
    at: datetime
    actor: str
    action: str
    about: str
    reason: str


class Expired(NamedTuple):
    """What is past its time.

    Attributes:
        people: personal data that would be deleted.
        copies: sealed copies that would be deleted.
        held: of both, what stays all the same: its request is under legal hold.
    """

    people: int
    copies: int
    held: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A request in a list.

    Attributes:
        reference: its public name.
        state: where it stands.
        scope: what it is about.
        authority: by what right it was filed.
        keys: how many works, files and locations it names.
        queued: whether it was filed in bulk.
        received_at: when, UTC.
        since: when it came into its state, UTC.
    """

    reference: str
    state: State
    scope: Scope
    authority: Authority
    keys: int
    queued: bool
    received_at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """The register at a glance.

    Attributes:
        by_state: how many requests stand where now.
        queued: how many of those received were filed in bulk.
        oldest: the request that has waited longest to be verified.
        log: the head of the log.
        newest: the last export, into whatever folder.
    """

    by_state: Mapping[State, int]
    queued: int
    oldest: Listed | None
    log: LogHead
    newest: Exported | None


def overview(store: Store) -> Overview:
    """Look at everything, in one state of the database."""
    with store.reading() as connection:
        current = current_states()
        counted = select(current.c.state, func.count()).group_by(current.c.state)
        found = {State(state): int(number) for state, number in connection.execute(counted)}
        queued = (
            select(func.count())
            .select_from(current)
            .join(requests, requests.c.id == current.c.request)
            .where(current.c.state == State.RECEIVED, requests.c.queued)
        )
        waiting = _listed(connection, [State.RECEIVED], 1)
        last = select(exports.c.version).order_by(exports.c.id.desc()).limit(1)
        newest = connection.scalar(last)
        return Overview(
            by_state={state: found.get(state, 0) for state in State},
            queued=int(connection.scalar(queued) or 0),
            oldest=waiting[0] if waiting else None,
            log=head_of(connection),
            newest=_exported(connection, newest) if newest else None,
        )


def listed(store: Store, states: Collection[State], *, most: int) -> tuple[list[Listed], int]:
    """List requests that stand where is asked, in the order they came: at most so many, and how many there are."""
    with store.reading() as connection:
        current = current_states()
        count = select(func.count()).select_from(current).where(current.c.state.in_(states))
        return _listed(connection, states, most), int(connection.scalar(count) or 0)


def _listed(connection: Connection, states: Collection[State], most: int) -> list[Listed]:
    current = current_states()
    # A legal hold is an event too, and moves nothing: the last event with another state before it is the one that did.
    before = events.alias()
    moved = (
        select(func.max(events.c.at))
        .outerjoin(before, and_(before.c.request == events.c.request, before.c.seq == events.c.seq - 1))
        .where(events.c.request == requests.c.id, before.c.state.is_distinct_from(events.c.state))
        .scalar_subquery()
    )
    query = (
        select(requests, current.c.state, moved.label("since"))
        .join(current, current.c.request == requests.c.id)
        .where(current.c.state.in_(states))
        .order_by(requests.c.id)
        .limit(most)
    )
    return [_of(row) for row in connection.execute(query)]


def _of(row: Row[tuple[object, ...]]) -> Listed:
    return Listed(
        row.reference,
        State(row.state),
        Scope(row.scope),
        Authority(row.authority),
        row.named,
        row.queued,
        moment_of(row.received_at),
        moment_of(row.since),
    )


def in_effect_since(store: Store, reference: str) -> datetime | None:
    """Tell when a request was first exported as verified; None: it was not yet.

    Raises:
        RegisterError: there is no such request.
    """
    with store.reading() as connection:
        number = request_row(connection, reference).id
        at = connection.scalar(select(effects.c.at).where(effects.c.request == number))
    return None if at is None else moment_of(at)


def exported(store: Store, version: str) -> Exported | None:
    """Tell what the register remembers of an export; None: it is not from here."""
    with store.reading() as connection:
        return _exported(connection, version)


def _exported(connection: Connection, version: str) -> Exported | None:
    query = select(exports.c.at, exports.c.token).where(exports.c.version == version).order_by(exports.c.id.desc())
    rows = connection.execute(query).all()
    if not rows:
        return None
    token = publishing.version(connection)
    return Exported(version, moment_of(rows[0].at), any(row.token == token for row in rows))


def last_rows(store: Store, last: int) -> list[LogRow]:
    """Give the last rows of the log, oldest first."""
    with store.reading() as connection:
        rows = connection.execute(select(log).order_by(log.c.n.desc()).limit(last)).all()
    return [LogRow(row.n, moment_of(row.at), row.actor, row.action, row.object, row.reason) for row in reversed(rows)]


def expired(store: Store, now: datetime) -> Expired:
    """Count what `erase_expired` would delete, and what it would leave for a legal hold."""
    found = []
    with store.reading() as connection:
        for table in (personal, copies):
            held = under_legal_hold(table)
            counted = select(held, func.count()).select_from(table).where(table.c.retain_until <= ticks(now))
            rows = connection.execute(counted.group_by(held))
            found.append({bool(kept): int(number) for kept, number in rows})
    people, sealed = found
    held_of_both = people.get(True, 0) + sealed.get(True, 0)
    return Expired(people.get(False, 0), sealed.get(False, 0), held_of_both)
