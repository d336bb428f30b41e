"""Names, contacts and sealed works: who may read them says why, every reading is logged, and they go when time is over.

What belongs to a request under legal hold stays until the hold is released, however long that is. The request, its
events and its keys stay; of the claimant there stays a pseudonym, a keyed digest of the contact, so that limits and
conflicts go on to hold. Backups and, on PostgreSQL, rows that are not vacuumed yet hold what was
deleted a while longer, sealed; destroying an old key (`rotation`) ends those.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, select

from rightful.errors import RegisterError
from rightful.register.access_log import append, one_line
from rightful.register.filing import DAY
from rightful.register.requests import held_requests, request_row
from rightful.register.tables import copies, keys, moment_of, personal, questions, ticks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Table

    from rightful.register.store import Store


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What the register knows of who filed a request.

    Attributes:
        name: the claimant's.
        contact: where they are reached.
        authority: what they said about it.
        own_reference: their own name for the request.
        retain_until: when it is deleted, UTC.
    """

    name: str = field(repr=False)
    contact: str = field(repr=False)
    authority: str = field(repr=False)
    own_reference: str = field(repr=False)
    retain_until: datetime


def personal_data(store: Store, reference: str, *, actor: str, reason: str, now: datetime) -> PersonalData:
    """Read who filed a request; the log keeps who read it, and why.

    Raises:
        RegisterError: there is no such request, no reason, or the data was deleted in time.
    """
    one_line("reason", reason, needed=True)
    with store.writing() as connection:
        row = request_row(connection, reference)
        found = connection.execute(select(personal).where(personal.c.request == row.id)).first()
        if found is None:
            raise RegisterError(f"the personal data of request {row.reference} was deleted: its time was over")
        value = json.loads(store.key.unseal(found.sealed, f"personal:{row.reference}"))
        append(connection, at=ticks(now), actor=actor, action="read-personal", about=row.reference, reason=reason)
    return PersonalData(**value, retain_until=moment_of(found.retain_until))


def sealed_copies(store: Store, reference: str, *, actor: str, reason: str, now: datetime) -> tuple[str, ...]:
    """Read the works that were filed to be kept with a request; the log keeps who read them, and why.

    Raises:
        RegisterError: there is no such request, or no reason.
    """
    one_line("reason", reason, needed=True)
    with store.writing() as connection:
        row = request_row(connection, reference)
        query = select(copies.c.sealed).join(keys, keys.c.id == copies.c.key).where(keys.c.request == row.id)
        found = connection.scalars(query.order_by(copies.c.key)).all()
        append(connection, at=ticks(now), actor=actor, action="read-copies", about=row.reference, reason=reason)
        opened = [store.key.unseal(sealed, f"copy:{row.reference}") for sealed in found]
    return tuple(octets.decode("utf-8", "surrogatepass") for octets in opened)


def erase_expired(store: Store, *, actor: str, now: datetime) -> int:
    """Delete the personal data and sealed copies whose time is over, and what is kept of askers.

    Of a request under legal hold nothing is deleted: its claimant's data and sealed copies wait for the release.

    Returns:
        How many personal data and sealed copies were deleted; if any, the log says so.
    """
    at = ticks(now)
    with store.writing() as connection:
        over = {}
        for name, table in (("personal", personal), ("copies", copies)):
            expired = and_(table.c.retain_until <= at, ~under_legal_hold(table))
            over[name] = int(connection.scalar(select(func.count()).select_from(table).where(expired)) or 0)
            connection.execute(delete(table).where(expired))
        connection.execute(delete(questions).where(questions.c.at <= at - DAY))
        total = sum(over.values())
        if total:
            said = f"{over['personal']} of personal data, {over['copies']} sealed copies"
            append(connection, at=at, actor=actor, action="erase", about="expired", reason=said)
    if total:
        store.shed()
    return total


def under_legal_hold(table: Table) -> ColumnElement[bool]:
    """Give the condition that a row of personal data, or of sealed copies, belongs to a request under legal hold."""
    if table is personal:
        return personal.c.request.in_(held_requests())
    return copies.c.key.in_(select(keys.c.id).where(keys.c.request.in_(held_requests())))
