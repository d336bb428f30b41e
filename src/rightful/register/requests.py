"""What happens to a request after it was filed: one event for each step, in one transaction with the log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, select

from rightful.errors import RegisterError
from rightful.register.access_log import canonical_json, one_line
from rightful.register.filing import add_event
from rightful.register.model import (
    OUT_OF_FORCE,
    Act,
    Authority,
    Event,
    RequestStatus,
    Scope,
    State,
    next_state,
)
from rightful.register.tables import events, keys, moment_of, requests, ticks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select, Subquery

    from rightful.register.store import Store

_NEED_REASON = (Act.REJECT, Act.APPEAL)
_NOT_UNDER_HOLD = (Act.REJECT, Act.WITHDRAW)  # they end a request, and with it what a hold is to preserve
_REFERENCE = re.compile(r"R-[A-Z2-7]{16}").fullmatch


def move(
    store: Store,
    reference: str,
    act: Act,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
    automatic: bool = False,
    details: Mapping[str, Any] | None = None,
) -> State:
    """Take one step.

    Returns:
        The state the request is in now.

    Raises:
        RegisterError: there is no such request, the step is not allowed from where it stands or under legal hold, or
            it lacks its reason.
    """
    at = ticks(now)
    if act in _NEED_REASON:
        one_line("reason", reason, needed=True)
    written = canonical_json(details or {})
    with store.writing() as connection:
        row = request_row(connection, reference)
        last = connection.execute(
            select(events.c.seq, events.c.state)
            .where(events.c.request == row.id)
            .order_by(events.c.seq.desc())
            .limit(1)
        ).one()
        state = State(last.state)
        held = connection.scalar(select(exists(held_requests().where(events.c.request == row.id))))
        if act in {Act.HOLD, Act.RELEASE}:
            if held is (act is Act.HOLD):
                raise RegisterError(f"request {row.reference} is{'' if act is Act.HOLD else ' not'} under legal hold")
        else:
            state = next_state(row.reference, state, act)
            if held and act in _NOT_UNDER_HOLD:
                raise RegisterError(
                    f"request {row.reference} is under legal hold: it cannot be {state.value}",
                    hint="release the hold first: rightful optout hold REF --release",
                    reference=row.reference,
                )
        event: dict[str, object] = {"seq": last.seq + 1, "act": act.value, "state": state.value, "at": at}
        event |= {"actor": actor, "automatic": automatic, "reason": reason, "details": written}
        add_event(connection, row.reference, row.id, event)
    return state


def request_row(connection: Connection, reference: str) -> Row[Any]:
    """Find a request.

    Raises:
        RegisterError: there is none of that reference.
    """
    name = reference.strip().upper()
    written = _REFERENCE(name)  # what no database would take for a text is asked of none
    row = connection.execute(select(requests).where(requests.c.reference == name)).first() if written else None
    if row is None:
        raise RegisterError("there is no request of that reference", hint="references look like R-ABCDEFGH23456723")
    return row


def held_requests() -> Select[tuple[int]]:
    """Select the requests (rows) under legal hold: whose newest hold was not released."""
    released = events.alias()
    later = and_(released.c.request == events.c.request, released.c.act == Act.RELEASE, released.c.seq > events.c.seq)
    return select(events.c.request).where(events.c.act == Act.HOLD, ~exists(select(released.c.id).where(later)))


def current_states() -> Subquery:
    """Give the state every request is in: (request, state, event)."""
    newest = select(events.c.request, func.max(events.c.seq).label("seq")).group_by(events.c.request).subquery()
    same = and_(events.c.request == newest.c.request, events.c.seq == newest.c.seq)
    return select(events.c.request, events.c.state, events.c.id.label("event")).join(newest, same).subquery()


def status(store: Store, reference: str) -> RequestStatus:
    """Tell where a request stands.

    Raises:
        RegisterError: there is no such request.
    """
    with store.reading() as connection:
        row = request_row(connection, reference)
        found = connection.execute(select(events).where(events.c.request == row.id).order_by(events.c.seq)).all()
        conflict = bool(connection.scalar(select(exists(_rivals(row)))))
    history = tuple(_event(event) for event in found)
    state = history[-1].state
    holds = [event.act for event in history if event.act in {Act.HOLD, Act.RELEASE}]
    return RequestStatus(
        reference=row.reference,
        state=state,
        scope=Scope(row.scope),
        authority=Authority(row.authority),
        received_at=moment_of(row.received_at),
        keys=row.named,
        queued=row.queued and state is State.RECEIVED,
        appealed=any(event.act is Act.APPEAL for event in history),
        legal_hold=holds[-1:] == [Act.HOLD],
        conflict=conflict and state not in OUT_OF_FORCE,
        events=history,
    )


def _event(row: Row[Any]) -> Event:
    return Event(
        row.seq, Act(row.act), State(row.state), moment_of(row.at), row.automatic, row.reason, json.loads(row.details)
    )


def _rivals(row: Row[Any]) -> Any:
    """Select the requests of other claimants that name something this one names, and are in force."""
    mine, theirs = keys.alias(), keys.alias()
    states = current_states()
    same = and_(mine.c.kind == theirs.c.kind, mine.c.lookup == theirs.c.lookup)
    return (
        select(requests.c.reference)
        .distinct()
        .join(theirs, theirs.c.request == requests.c.id)
        .join(mine, and_(same, mine.c.request == row.id))
        .join(states, states.c.request == requests.c.id)
        .where(requests.c.claimant != row.claimant, states.c.state.not_in(OUT_OF_FORCE))
        .order_by(requests.c.reference)
    )


def conflicts(store: Store, reference: str) -> tuple[str, ...]:
    """Name the requests of others, in force, that name something this one names: for who decides, not for who asks.

    Raises:
        RegisterError: there is no such request.
    """
    with store.reading() as connection:
        return tuple(connection.scalars(_rivals(request_row(connection, reference))))


def in_states(store: Store, states: Sequence[State], *, queued: bool | None = None) -> tuple[str, ...]:
    """Name the requests in these states, in the order they came."""
    current = current_states()
    query = select(requests.c.reference).join(current, current.c.request == requests.c.id)
    query = query.where(current.c.state.in_(states))
    if queued is not None:
        query = query.where(requests.c.queued.is_(queued))
    with store.reading() as connection:
        return tuple(connection.scalars(query.order_by(requests.c.id)))


def under_hold(store: Store) -> tuple[str, ...]:
    """Name the requests under legal hold, in the order they came."""
    query = select(requests.c.reference).where(requests.c.id.in_(held_requests())).order_by(requests.c.id)
    with store.reading() as connection:
        return tuple(connection.scalars(query))
