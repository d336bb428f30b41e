"""The log of what was done and seen: append-only, each row bound to the one before it by its hash (legal.md P-45).

    hash = SHA-256 of the canonical JSON (keys sorted, no spaces, ASCII) of
           {n, at, actor, action, object, reason, record, previous}

`at` is in microseconds since 1970, UTC; `record` is the digest of the event a row is about, so that an event cannot be
changed without breaking the chain either; `previous` is the hash of the row before, zeros before the first.

The chain shows what was changed within it. It does not show what was cut off its end, nor that all of it was computed
anew: that takes a head that was known before. Those the database remembers of its exports are compared always; who owns
the database can rewrite them as well. Only a head that is kept elsewhere (it is in the facts of every export, and so in
manifests) proves that what was logged up to then is still what was logged; of what came after it, nothing.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from rightful.errors import RegisterError
from rightful.register.tables import events, exports, log, requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

NO_HASH = "0" * 64
_HASHED = ("n", "at", "actor", "action", "object", "reason", "record", "previous")
_PAGE = 5_000
_LONGEST = 500


class LogHead(NamedTuple):
    """How many rows the log has, and the hash of the last."""

    length: int
    hash: str


def canonical_json(value: Mapping[str, Any]) -> str:
    """Write a mapping in its one form.

    Raises:
        RegisterError: it holds what JSON cannot.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RegisterError(f"these details are no JSON: {error}") from error


def one_line(name: str, value: str, *, needed: bool = False) -> str:
    """Take a short line of words, as the log keeps them for ever; any space between words is kept as a plain one.

    Raises:
        RegisterError: it is missing, too long, or holds what is no character of a line.
    """
    line = "".join(" " if unicodedata.category(character) == "Zs" else character for character in value).strip()
    if needed and not line:
        raise RegisterError(f"no {name} given", hint=f"every change says its {name}: the log keeps it")
    if len(line) > _LONGEST:
        raise RegisterError(
            f"the {name} has {len(line):,} characters, and the log takes {_LONGEST}",
            hint="say it shorter, and keep the rest where the log can name it",
        )
    if not line.isprintable():
        place, character = next((at, each) for at, each in enumerate(line, 1) if not each.isprintable())
        raise RegisterError(
            f"the {name} is no single line of text: its character {place} is U+{ord(character):04X}",
            hint="write it in one line, without tabs, line breaks or invisible characters",
        )
    return line


def append(
    connection: Connection, *, at: int, actor: str, action: str, about: str, reason: str = "", record: str = ""
) -> LogHead:
    """Add a row, in the caller's writing transaction.

    Args:
        connection: of `Store.writing`.
        at: microseconds since 1970.
        actor: who did it.
        action: what, in a word.
        about: the object: a reference, a version.
        reason: why.
        record: digest of the event.
    """
    head = head_of(connection)
    row: dict[str, Any] = {
        "n": head.length + 1,
        "at": at,
        "actor": one_line("actor", actor, needed=True),
        "action": action,
        "object": about,
        "reason": one_line("reason", reason),
        "record": record,
        "previous": head.hash,
    }
    row["hash"] = _hash_of(row)
    connection.execute(log.insert().values(row))
    return LogHead(head.length + 1, row["hash"])


def head_of(connection: Connection) -> LogHead:
    """Give the log's head."""
    row = connection.execute(select(log.c.n, log.c.hash).order_by(log.c.n.desc()).limit(1)).first()
    return LogHead(row.n, row.hash) if row else LogHead(0, NO_HASH)


def _hash_of(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json({name: row[name] for name in _HASHED}).encode()).hexdigest()


def event_digest(reference: str, event: Mapping[str, Any]) -> str:
    """Give the digest of an event that the log keeps."""
    named = ("seq", "act", "state", "at", "actor", "automatic", "reason", "details")
    value = {"reference": reference} | {name: event[name] for name in named}
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def verify(connection: Connection, *, since: LogHead | None = None) -> LogHead:
    """Recompute the chain, and every event's digest; every head that an export had must be in the chain.

    Args:
        connection: of `Store.reading`.
        since: a head that was known before: it must be in the chain as well.

    Raises:
        RegisterError: names the first row that is broken, or the event that is not what was logged.
    """
    head = LogHead(0, NO_HASH)
    recorded = select(exports.c.log_length, exports.c.log_head).distinct()
    expected = {LogHead(row.log_length, row.log_head) for row in connection.execute(recorded)} - {head}
    if since is not None and since.length:
        expected.add(since)
    while rows := connection.execute(select(log).where(log.c.n > head.length).order_by(log.c.n).limit(_PAGE)).all():
        for row in rows:
            value = dict(row._mapping)  # noqa: SLF001 - the documented way to read a row by name
            if row.n != head.length + 1 or row.previous != head.hash or row.hash != _hash_of(value):
                raise RegisterError(
                    f"the log is broken at row {head.length + 1}",
                    hint="from there on it is not what was written: compare with a copy, and with heads in manifests",
                    row=head.length + 1,
                )
            head = LogHead(row.n, row.hash)
            expected.discard(head)
    if expected:
        lost = min(expected)
        raise RegisterError(
            f"the log is not the one whose head was {lost.hash[:16]}… at {lost.length} rows: it was cut or rewritten",
            row=lost.length,
        )
    _verify_events(connection)
    return head


def _verify_events(connection: Connection) -> None:
    logged = select(func.count()).select_from(log).where(log.c.record != "")
    if connection.scalar(logged) != connection.scalar(select(func.count()).select_from(events)):
        raise RegisterError("events and log disagree: there are more of one than of the other")
    last = 0
    query = select(events, requests.c.reference).join(requests, requests.c.id == events.c.request)
    while rows := connection.execute(query.where(events.c.id > last).order_by(events.c.id).limit(_PAGE)).all():
        found = {event_digest(row.reference, dict(row._mapping)): row for row in rows}  # noqa: SLF001
        known = set(connection.scalars(select(log.c.record).where(log.c.record.in_(found))))
        for digest, row in found.items():
            if digest not in known:
                raise RegisterError(
                    f"event {row.seq} of request {row.reference} is not what the log says was recorded",
                    reference=row.reference,
                )
        last = rows[-1].id
