"""The register goes out: an immutable, columnar version for screening, and what changed since the one before.

    <folder>/HEAD                                    the name of the newest version's folder
    <folder>/<16 digits of version>/register.arrow   entries, with the facts of the register
                                   /register.works.arrow
                                   /delta.arrow      entries added, removed and changed since the version before

Of what is verified, or further on, entries go out as `verified` and exclude; of what is received, or in conflict with
another claimant's request in force, as `received` and hold. Entries stay for good, whatever was removed: they are the
tombstones that keep a work out under another URL. An export that lacks one which the version before had, or a work's
fingerprint, without a rejection or a withdrawal, is refused: the database is not the one it was made from, or was
tampered with.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, insert, literal, select

from rightful.errors import RegisterError
from rightful.files import write_whole
from rightful.register.access_log import append, canonical_json, head_of
from rightful.register.delta import register_delta, same_content, write_delta
from rightful.register.entries import KeyKind, OptOut, OptOutState
from rightful.register.export import Register, export_register
from rightful.register.fingerprint import Fingerprint
from rightful.register.model import IN_EFFECT, OUT_OF_FORCE, Act
from rightful.register.places import HEAD, REGISTER, newest_in
from rightful.register.requests import current_states
from rightful.register.statistics import facts
from rightful.register.tables import effects, events, exports, keys, moment_of, requests, ticks, works
from rightful.register.tombstones import lost_tombstones

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Subquery

    from rightful.register.sealing import Key
    from rightful.register.store import Store

DELTA = "delta.arrow"
_ROWS_AT_A_TIME = 5_000
_STREAMED = {"yield_per": _ROWS_AT_A_TIME}
_WITH_EFFECT = (Act.FILE, Act.VERIFY, Act.REJECT, Act.APPEAL, Act.WITHDRAW)  # what an export can differ by


@dataclass(frozen=True, slots=True)
class _Seen:
    """What an export saw of the database."""

    token: str
    event: int
    log: tuple[int, str]
    counts: dict[str, Any]
    taking_effect: list[int]


def version(connection: Connection) -> str:
    """Give a token that changes whenever an export would differ: of the newest event that can make it so. Cheap."""
    return _newest_event(connection)[0]


def _newest_event(connection: Connection) -> tuple[str, int]:
    # One look-up in the index for each act: the newest of all would be a walk backwards over events without effect.
    newest = [connection.scalar(select(func.max(events.c.id)).where(events.c.act == act)) or 0 for act in _WITH_EFFECT]
    last = max(newest)
    query = select(events.c.seq, events.c.act, events.c.at, requests.c.reference)
    row = connection.execute(query.join(requests, requests.c.id == events.c.request).where(events.c.id == last)).first()
    said = f"{last} {row.reference} {row.seq} {row.act} {row.at}" if row else "empty"
    return hashlib.sha256(said.encode()).hexdigest(), last


def head(folder: Path) -> Path | None:
    """Find the newest version in a folder; None where nothing was exported to it."""
    return newest_in(folder) if (folder / HEAD).exists() else None


def export(
    store: Store,
    folder: Path,
    *,
    actor: str,
    now: datetime,
    background: Iterable[Sequence[str]] = (),
    unsafe_allow_lost: bool = False,
) -> Register:
    """Write the newest version, unless the folder has it.

    An unchanged register is the same version: nothing is written, and its facts stay those of when it was made. A
    background of texts (batches; gone through more than once) teaches it what is common; later versions still know.

    Raises:
        RegisterError: tombstones would be lost (`where["lost"]` counts them). With `unsafe_allow_lost` the export goes
            out without them, and its facts say how many.
    """
    at = ticks(now)
    before = _head_in(folder)
    if before is not None and background == ():
        with store.reading() as connection:
            if _is_recorded(connection, version(connection), before.version):
                return before
    given: dict[str, Any] = {"now": now, "before": before, "background": background}
    scratch = folder / f".export-{secrets.token_hex(8)}"
    try:
        with store.reading() as connection:
            seen, register = _write(connection, store.key, scratch, lost=0, **given)
            lost = lost_tombstones(connection, before, register)
            if lost:
                if not unsafe_allow_lost:
                    raise RegisterError(
                        f"{lost} tombstones of the version before are not in the register any more",
                        hint="restore the database the version before was made from; nothing was exported",
                        lost=lost,
                    )
                seen, register = _write(connection, store.key, scratch, lost=lost, **given)
        if before is not None and same_content(before, register):
            register = before
        else:
            if before is not None:
                write_delta(register_delta(before, register), scratch / DELTA)
            target = folder / register.version.removeprefix("sha256:")[:16]
            if not target.exists():
                scratch.replace(target)
            register = Register.open(target / REGISTER)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _record(store, folder, register, seen, actor=actor, at=at)


def _is_recorded(connection: Connection, token: str, exported: str) -> bool:
    rows = select(exports.c.id).where(exports.c.token == token, exports.c.version == exported)
    return connection.scalar(rows.limit(1)) is not None


def _head_in(folder: Path) -> Register | None:
    file = head(folder)
    return None if file is None or not file.exists() else Register.open(file)


def _write(
    connection: Connection,
    key: Key,
    scratch: Path,
    *,
    now: datetime,
    before: Register | None,
    background: Iterable[Sequence[str]],
    lost: int,
) -> tuple[_Seen, Register]:
    token, event = _newest_event(connection)
    open_keys = _open_keys()
    exported = _counted(connection, open_keys)
    counts = {"entries": exported, "tombstones": {"exported": exported["verified"], "lost": lost}}
    in_effect = select(open_keys.c.request).distinct().where(open_keys.c.in_effect, ~open_keys.c.conflict)
    new = list(connection.scalars(in_effect.where(~exists().where(effects.c.request == open_keys.c.request))))
    stated = facts(connection, now, taking_effect=new, tombstones=counts["tombstones"])
    register = export_register(
        _entries(connection, key, open_keys),
        scratch / REGISTER,
        works=_works(connection, key),
        works_key=key.works_key,
        background=background,
        before=before,
        facts=stated,
    )
    return _Seen(token, event, head_of(connection), counts, new), register


def _open_keys() -> Subquery:
    """Select the keys of requests in force; `conflict` where another claimant's names the same."""
    current = current_states()
    same = (keys.c.kind, keys.c.lookup)
    first, last = (of(requests.c.claimant).over(partition_by=same) for of in (func.min, func.max))
    return (
        select(
            keys.c.id,
            keys.c.request,
            keys.c.kind,
            keys.c.spelling,
            keys.c.sealed,
            requests.c.reference,
            requests.c.received_at,
            current.c.state.in_(IN_EFFECT).label("in_effect"),
            (first != last).label("conflict"),
        )
        .join(requests, requests.c.id == keys.c.request)
        .join(current, current.c.request == requests.c.id)
        .where(current.c.state.not_in(OUT_OF_FORCE))
        .subquery()
    )


def _counted(connection: Connection, open_keys: Subquery) -> dict[str, int]:
    verified = and_(open_keys.c.in_effect, ~open_keys.c.conflict)
    rows = connection.execute(select(verified, func.count()).select_from(open_keys).group_by(verified))
    found = {bool(state): int(number) for state, number in rows}
    return {"received": found.get(False, 0), "verified": found.get(True, 0)}


def _entries(connection: Connection, key: Key, open_keys: Subquery) -> Iterator[OptOut]:
    for row in connection.execute(select(open_keys), execution_options=_STREAMED):
        kind = KeyKind(row.kind)
        value = row.spelling if kind is not KeyKind.CONTENT else key.unseal(row.sealed, f"digest:{row.reference}").hex()
        state = OptOutState.VERIFIED if row.in_effect and not row.conflict else OptOutState.RECEIVED
        yield OptOut(kind, value, state, row.reference, moment_of(row.received_at))


def _works(connection: Connection, key: Key) -> Iterator[Fingerprint]:
    current = current_states()
    query = (
        select(works.c.sealed, requests.c.reference)
        .join(keys, keys.c.id == works.c.key)
        .join(requests, requests.c.id == keys.c.request)
        .join(current, current.c.request == requests.c.id)
        .where(current.c.state.not_in(OUT_OF_FORCE))
        .order_by(works.c.key)
    )
    for sealed, reference in connection.execute(query, execution_options=_STREAMED):
        yield Fingerprint.from_bytes(key.unseal(sealed, f"work:{reference}"))


def _record(store: Store, folder: Path, register: Register, seen: _Seen, *, actor: str, at: int) -> Register:
    """Keep what was exported and let the folder's HEAD name it, unless somebody exported a newer state meanwhile."""
    with store.writing() as connection:
        newest = _head_in(folder)
        if newest is not None:
            saw = connection.scalar(select(func.max(exports.c.events)).where(exports.c.version == newest.version))
            if saw is not None and saw > seen.event:
                return newest
        if not _is_recorded(connection, seen.token, register.version):
            row = {"version": register.version, "at": at, "token": seen.token, "events": seen.event}
            row |= {"log_length": seen.log[0], "log_head": seen.log[1], "counts": canonical_json(seen.counts)}
            number = connection.execute(exports.insert().values(row).returning(exports.c.id)).scalar_one()
            _take_effect(connection, seen.taking_effect, number, at)
        append(connection, at=at, actor=actor, action="export", about=register.version)
        if head(folder) != register.path:
            write_whole(folder / HEAD, f"{register.path.parent.name}\n".encode())
    return register


def _take_effect(connection: Connection, numbers: list[int], export_row: int, at: int) -> None:
    for start in range(0, len(numbers), _ROWS_AT_A_TIME):
        some = numbers[start : start + _ROWS_AT_A_TIME]
        unknown = and_(requests.c.id.in_(some), ~exists().where(effects.c.request == requests.c.id))
        rows = select(requests.c.id, literal(export_row), literal(at)).where(unknown)
        connection.execute(insert(effects).from_select(["request", "export", "at"], rows))
