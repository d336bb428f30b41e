"""Tombstones that are lost: what an export excluded and the next one would not, for no reason on record.

Reasons on record are a rejection and a withdrawal. What holds now, because another claimant came, is not lost: it stays
out. A work whose entry is there without its fingerprint is lost: edited copies of it would be found no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select

from rightful.register.delta import lost_in, register_delta
from rightful.register.entries import KINDS, STATES, KeyKind, OptOutState
from rightful.register.model import OUT_OF_FORCE
from rightful.register.requests import current_states
from rightful.register.tables import requests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from rightful.register.export import Register

_ROWS_AT_A_TIME = 10_000
_DIGEST_OCTETS = 32


def lost_tombstones(connection: Connection, before: Register | None, after: Register) -> int:
    """Count the entries that excluded in the version before, and are in the new one no more or without a fingerprint.

    Args:
        connection: of `Store.reading`: what is on record.
        before: the version before; None of the first one, which can lose nothing.
        after: the version after.
    """
    if before is None:
        return 0
    gone = lost_in(register_delta(before, after))
    references = gone.filter(pc.is_null(gone.column("state"))).column("reference").to_pylist()
    ended = _ended(connection, set(references))
    return sum(reference not in ended for reference in references) + _without_fingerprint(connection, before, after)


def _without_fingerprint(connection: Connection, before: Register, after: Register) -> int:
    """Count the entries that are in both versions, whose work had a fingerprint and has none.

    The fingerprint may have come with another request about the same work: it is excused if any of those has ended.
    """
    lost = _digests(before).difference(_digests(after))
    if not lost:
        return 0
    named, still = (_naming(register, lost) for register in (before, after))
    ended = _ended(connection, {reference for _, reference, _ in named})
    excused = {digest for digest, reference, _ in named if reference in ended}
    there = {(digest, reference) for digest, reference, _ in still}
    return sum(
        state is OptOutState.VERIFIED and digest not in excused and (digest, reference) in there
        for digest, reference, state in named
    )


def _digests(register: Register) -> set[bytes]:
    works = register.works
    if works is None:
        return set()
    octets = works.of_works(np.arange(len(works)))["digest"].tobytes()
    return {octets[start : start + _DIGEST_OCTETS] for start in range(0, len(octets), _DIGEST_OCTETS)}


def _naming(register: Register, digests: set[bytes]) -> list[tuple[bytes, str, OptOutState]]:
    """Give digest, request and state of the entries that name any of some contents."""
    columns = register.columns()
    named = pc.is_in(columns.column("key"), value_set=pa.array(list(digests), pa.large_binary()))
    of_content = pc.equal(columns.column("kind"), KINDS.index(KeyKind.CONTENT))
    rows = columns.filter(pc.and_(named, of_content))
    return [
        (digest, reference, STATES[state])
        for digest, reference, state in zip(
            *(rows.column(name).to_pylist() for name in ("key", "reference", "state")), strict=True
        )
    ]


def _ended(connection: Connection, references: Iterable[str]) -> set[str]:
    """Give those of some requests that were rejected or withdrawn."""
    wanted = list(references)
    current = current_states()
    query = select(requests.c.reference).join(current, current.c.request == requests.c.id)
    query = query.where(current.c.state.in_(OUT_OF_FORCE))
    found: set[str] = set()
    for start in range(0, len(wanted), _ROWS_AT_A_TIME):
        some = wanted[start : start + _ROWS_AT_A_TIME]
        found.update(connection.scalars(query.where(requests.c.reference.in_(some))))
    return found
