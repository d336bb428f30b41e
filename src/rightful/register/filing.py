"""A request is filed: what it must state, who asks how often, and what is kept of the works it names.

The friction is here and nowhere else: a statement of good faith, an authority with its document, the work itself as the
proof of possession, limits per claimant, and for many works at once somebody who acts for their holders. What is
refused is refused aloud, with the reason and when to come back; what is accepted holds records from the next export on.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from rightful.errors import RegisterError
from rightful.register.access_log import append, canonical_json, event_digest, one_line
from rightful.register.entries import KeyKind, canonical_key
from rightful.register.fingerprint import canonical_text, fingerprints_of
from rightful.register.model import GOOD_FAITH, GOOD_FAITH_VERSION, Act, Authority, Scope, State
from rightful.register.tables import claimants, copies, events, keys, moment_of, personal, requests, ticks, works

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from rightful.register.model import Claimant, NewRequest
    from rightful.register.sealing import Key
    from rightful.register.store import Store

DAY = 24 * 3600 * 1_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch
_LONGEST_CONTACT = 1_000
_TEXTS_AT_A_TIME = 256
_ROWS_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class _Named:
    """One thing a request names, ready to be stored."""

    kind: KeyKind
    key: str
    fingerprint: bytes | None = None
    text: str | None = None


def file_request(store: Store, request: NewRequest, *, actor: str, now: datetime) -> str:
    """Store a request and its first event.

    Returns:
        Its reference: public, and not to be guessed.

    Raises:
        RegisterError: it lacks what it must state, or its claimant is over a limit (`where["again_at"]` says when).
    """
    at = ticks(now)
    _state_all(request)
    retain_until = ticks(request.retain_until or now + store.limits.retention)
    named = {(thing.kind, thing.key): thing for thing in _named(request)}
    queued = request.scope is Scope.REPERTOIRE
    if not queued and len(named) > store.limits.works_a_request:
        raise RegisterError(
            f"{len(named)} works in one request, and {store.limits.works_a_request} are taken",
            hint="an agent or a collecting society may file a repertoire",
        )
    reference = "R-" + base64.b32encode(secrets.token_bytes(10)).decode("ascii")
    with store.writing() as connection:
        claimant = _claimant_row(connection, store.key, request.claimant, at)
        _within_limits(connection, store, claimant, at, 0 if queued else len(named))
        row = {
            "reference": reference,
            "claimant": claimant,
            "scope": request.scope.value,
            "authority": request.authority.value,
            "document": request.document,
            "good_faith": GOOD_FAITH_VERSION,
            "queued": queued,
            "named": len(named),
            "received_at": at,
        }
        number = connection.execute(requests.insert().values(row).returning(requests.c.id)).scalar_one()
        things = list(named.values())
        _store_keys(connection, store.key, things, reference=reference, number=number, retain_until=retain_until)
        sealed = store.key.seal(_personal(request), f"personal:{reference}")
        connection.execute(personal.insert().values(request=number, sealed=sealed, retain_until=retain_until))
        details = canonical_json({"scope": request.scope.value, "keys": len(named), "queued": queued})
        first = {"seq": 1, "act": Act.FILE.value, "state": State.RECEIVED.value, "at": at, "actor": actor.strip()}
        add_event(connection, reference, number, first | {"automatic": False, "reason": "", "details": details})
    return reference


def add_event(connection: Connection, reference: str, number: int, event: dict[str, object]) -> None:
    """Store an event and its row of the log, in the caller's transaction."""
    event["actor"] = one_line("actor", str(event["actor"]), needed=True)
    event["reason"] = one_line("reason", str(event["reason"]))
    connection.execute(events.insert().values(event | {"request": number}))
    append(
        connection,
        at=int(str(event["at"])),
        actor=str(event["actor"]),
        action=str(event["act"]),
        about=reference,
        reason=str(event["reason"]),
        record=event_digest(reference, event),
    )


def contact_digest(contact: str) -> bytes:
    """Tell one claimant from another: SHA-256 of the contact, NFKC, case folded, without white space around it.

    Raises:
        RegisterError: there is none, or it is too long to reach anybody.
    """
    if len(contact) > _LONGEST_CONTACT:
        raise RegisterError(
            f"a contact of {len(contact):,} characters, and {_LONGEST_CONTACT:,} are taken",
            hint="give an address that reaches the claimant",
        )
    normal = unicodedata.normalize("NFKC", contact).casefold().strip().removeprefix("mailto:").strip()
    if not normal:
        raise RegisterError("a claimant without a contact", hint="give an address that reaches them")
    return hashlib.sha256(normal.encode("utf-8", "replace")).digest()


def _state_all(request: NewRequest) -> None:
    """Refuse a request that does not state what it must.

    Raises:
        RegisterError: names what is missing.
    """
    if not request.claimant.name.strip():
        raise RegisterError("a claimant without a name", hint="say who asks")
    if not request.good_faith:
        raise RegisterError("the statement of good faith was not made", hint=GOOD_FAITH)
    if request.document is not None and not _DIGEST(request.document):
        raise RegisterError("the digest of the document is no SHA-256 in hex", hint="64 hex digits, lower case")
    if request.authority is not Authority.HOLDER and request.document is None:
        raise RegisterError(
            f"authority {request.authority.value} without a document",
            hint="give the SHA-256 of the mandate or the membership's statutes",
        )
    if request.scope is Scope.REPERTOIRE:
        if request.authority is Authority.HOLDER:
            raise RegisterError(
                "a repertoire is filed by an agent or a collecting society",
                hint="a holder names works one by one, or a location that has them all (prefix, host, site, account)",
            )
        if not (request.locations or request.digests or request.texts):
            raise RegisterError("the repertoire names nothing")
        return
    given = {Scope.LOCATION: request.locations, Scope.FILE: request.digests, Scope.WORK: request.texts}
    if not given[request.scope]:
        raise RegisterError(f"a request about a {request.scope.value} needs {_NEEDED[request.scope]}")
    if any(values for scope, values in given.items() if scope is not request.scope):
        raise RegisterError(
            f"a request about a {request.scope.value} names something else as well",
            hint="file one request for each, or a repertoire",
        )


_NEEDED = {
    Scope.LOCATION: "a URL, a prefix, a host, a site or an account",
    Scope.FILE: "the SHA-256 of the canonical text of a file",
    Scope.WORK: "the text of the work: having it is the proof of possession",
}


def _named(request: NewRequest) -> Iterator[_Named]:
    for kind, value in request.locations:
        if kind is KeyKind.CONTENT:
            raise RegisterError("content is no location", hint="give its digest, or the work's text")
        key = canonical_key(kind, value)
        if not key.isprintable():
            raise RegisterError(f"this {kind.value} has characters no {kind.value} has")
        yield _Named(kind, key)
    for number, value in enumerate(request.digests, start=1):
        try:
            yield _Named(KeyKind.CONTENT, canonical_key(KeyKind.CONTENT, value))
        except RegisterError as error:  # without its value: somebody may have put a text where a digest belongs
            raise RegisterError(f"digest {number} is no SHA-256 in hex", hint=error.hint) from None
    for start in range(0, len(request.texts), _TEXTS_AT_A_TIME):
        batch = list(request.texts[start : start + _TEXTS_AT_A_TIME])
        for number, text in enumerate(batch, start=start + 1):
            if not canonical_text(text):
                raise RegisterError(f"text {number} is empty: there is no work in it")
        for text, found in zip(batch, fingerprints_of(batch), strict=True):
            copy = text if request.keep_copy else None
            yield _Named(KeyKind.CONTENT, found.digest, found.to_bytes(), copy)


def lookup_of(key: Key, kind: KeyKind, value: str) -> str:
    """Give what a canonical key is found by in the database."""
    octets = bytes.fromhex(value) if kind is KeyKind.CONTENT else value.encode("utf-8", "replace")
    return key.lookup(kind.value, octets)


def _claimant_row(connection: Connection, key: Key, claimant: Claimant, at: int) -> int:
    digest = contact_digest(claimant.contact)
    lookup = key.lookup("claimant", digest)
    found = connection.scalar(select(claimants.c.id).where(claimants.c.lookup == lookup))
    if found is not None:
        return int(found)
    row = claimants.insert().values(lookup=lookup, sealed=key.seal(digest, "claimant"), since=at)
    return int(connection.execute(row.returning(claimants.c.id)).scalar_one())


def _within_limits(connection: Connection, store: Store, claimant: int, at: int, more: int) -> None:
    recent = and_(requests.c.claimant == claimant, requests.c.received_at > at - DAY)
    filed, oldest = connection.execute(select(func.count(), func.min(requests.c.received_at)).where(recent)).one()
    if filed >= store.limits.requests_a_day:
        raise over_limit(f"{filed} requests of one claimant within a day", at if oldest is None else oldest)
    if not more:
        return
    named, oldest = connection.execute(
        select(func.coalesce(func.sum(requests.c.named), 0), func.min(requests.c.received_at)).where(
            recent, requests.c.queued.is_(False)
        )
    ).one()
    if int(named) + more > store.limits.works_a_day:
        raise over_limit(f"{int(named) + more} works of one claimant within a day", oldest or at)


def over_limit(what: str, oldest: int) -> RegisterError:
    """Make the error that says when to come back."""
    again = moment_of(oldest + DAY).isoformat(timespec="seconds")
    return RegisterError(f"over the limit: {what}", hint=f"come back after {again}", again_at=again)


def _store_keys(
    connection: Connection, key: Key, named: list[_Named], *, reference: str, number: int, retain_until: int
) -> None:
    for start in range(0, len(named), _ROWS_AT_A_TIME):
        batch = named[start : start + _ROWS_AT_A_TIME]
        rows = [
            {
                "request": number,
                "kind": thing.kind.value,
                "lookup": lookup_of(key, thing.kind, thing.key),
                "spelling": None if thing.kind is KeyKind.CONTENT else thing.key,
                "sealed": key.seal(bytes.fromhex(thing.key), f"digest:{reference}")
                if thing.kind is KeyKind.CONTENT
                else None,
            }
            for thing in batch
        ]
        adding = keys.insert().returning(keys.c.id, sort_by_parameter_order=True)
        ids = connection.scalars(adding, rows).all()
        made = [
            {"key": row, "sealed": key.seal(thing.fingerprint, f"work:{reference}")}
            for row, thing in zip(ids, batch, strict=True)
            if thing.fingerprint is not None
        ]
        kept = [
            {
                "key": row,
                "sealed": key.seal(thing.text.encode("utf-8", "surrogatepass"), f"copy:{reference}"),
                "retain_until": retain_until,
            }
            for row, thing in zip(ids, batch, strict=True)
            if thing.text is not None
        ]
        if made:
            connection.execute(works.insert(), made)
        if kept:
            connection.execute(copies.insert(), kept)


def _personal(request: NewRequest) -> bytes:
    value = {
        "name": request.claimant.name,
        "contact": request.claimant.contact,
        "authority": request.claimant.authority,
        "own_reference": request.own_reference,
    }
    return json.dumps(value).encode()
