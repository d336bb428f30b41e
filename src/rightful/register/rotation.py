"""Another key: everything that is sealed is sealed again, every look-up made anew, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from rightful.errors import RegisterError
from rightful.register.access_log import append
from rightful.register.entries import KeyKind
from rightful.register.filing import lookup_of
from rightful.register.tables import claimants, copies, keys, personal, questions, requests, ticks, works

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Column, Connection, Row, Select, Table

    from rightful.register.sealing import Key
    from rightful.register.store import Store

_PAGE = 500


def rotate(store: Store, new: Key, *, actor: str, now: datetime) -> None:
    """Seal a register with a new key, in one transaction.

    A rotation that is killed has not happened: open the register with the old key and rotate again. Processes that
    have it open with the old key are told so at their next writing. Questions counted against askers start anew.

    Raises:
        RegisterError: the new key is the old one, or a sealed value was altered: then nothing is changed.
    """
    old = store.key
    if new.id == old.id:
        raise RegisterError("the new key is the register's key already", hint="make another: Key.create(path)")
    try:
        with store.writing() as connection:
            _again(connection, claimants, claimants.c.id, select(claimants), lambda row: _claimant(row, old, new))
            of_key = select(keys, requests.c.reference).join(requests, requests.c.id == keys.c.request)
            _again(connection, keys, keys.c.id, of_key, lambda row: _key(row, old, new))
            for table, what in ((works, "work"), (copies, "copy")):
                query = (
                    select(table, requests.c.reference)
                    .join(keys, keys.c.id == table.c.key)
                    .join(requests, requests.c.id == keys.c.request)
                )
                _again(connection, table, table.c.key, query, _resealing(old, new, what))
            query = select(personal, requests.c.reference).join(requests, requests.c.id == personal.c.request)
            _again(connection, personal, personal.c.request, query, _resealing(old, new, "personal"))
            connection.execute(delete(questions))
            append(connection, at=ticks(now), actor=actor, action="rotate", about="key", reason=f"{old.id} to {new.id}")
            store.write_key_test(connection, new)
            store.key = new
    except BaseException:
        store.key = old
        raise
    store.shed()


def _again(
    connection: Connection,
    table: Table,
    number: Column[Any],
    query: Select[Any],
    remade: Callable[[Row[Any]], dict[str, Any]],
) -> None:
    """Store every row's sealed values as `remade` gives them, a page at a time."""
    last = 0
    name = number.name
    while rows := connection.execute(query.where(number > last).order_by(number).limit(_PAGE)).all():
        last = getattr(rows[-1], name)
        changes = [{"at_row": getattr(row, name)} | remade(row) for row in rows]
        connection.execute(table.update().where(number == bindparam("at_row")), changes)


def _claimant(row: Row[Any], old: Key, new: Key) -> dict[str, Any]:
    digest = old.unseal(row.sealed, "claimant")
    return {"lookup": new.lookup("claimant", digest), "sealed": new.seal(digest, "claimant")}


def _key(row: Row[Any], old: Key, new: Key) -> dict[str, Any]:
    kind = KeyKind(row.kind)
    if kind is not KeyKind.CONTENT:
        return {"lookup": lookup_of(new, kind, row.spelling), "sealed": None}
    context = f"digest:{row.reference}"
    digest = old.unseal(row.sealed, context)
    return {"lookup": lookup_of(new, kind, digest.hex()), "sealed": new.seal(digest, context)}


def _resealing(old: Key, new: Key, what: str) -> Callable[[Row[Any]], dict[str, Any]]:
    def remade(row: Row[Any]) -> dict[str, Any]:
        context = f"{what}:{row.reference}"
        return {"sealed": new.seal(old.unseal(row.sealed, context), context)}

    return remade
