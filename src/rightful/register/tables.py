"""The tables of the register, as the newest revision has them (`migrations` makes them; a test compares the two).

Times are whole microseconds since 1970, UTC: every database compares and keeps those alike.

    requests events log exports effects    append-only: triggers refuse to change or delete a row
    keys works claimants                   never deleted; only what depends on the key (`lookup`, `sealed`) may change
    personal copies questions              deleted when their time is over: names, contacts, sealed works, who asked
    settings                               the value that tells a wrong key
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from rightful.errors import RegisterError

if TYPE_CHECKING:
    from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})
_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only where the type is INTEGER


def _id() -> Column[int]:
    return Column("id", _BIG, primary_key=True)


def _need(name: str, kind: Any, *more: Any, **settings: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **settings)


claimants = Table(
    "optout_claimants",
    metadata,
    _id(),
    _need("lookup", String(64), unique=True),  # keyed digest of the contact: the pseudonym that stays
    _need("sealed", LargeBinary),  # the digest it was made from, so that another key can make it again
    _need("since", BigInteger),
)
requests = Table(
    "optout_requests",
    metadata,
    _id(),
    _need("reference", String(18), unique=True),
    _need("claimant", _BIG, ForeignKey(claimants.c.id)),
    _need("scope", String(16)),
    _need("authority", String(24)),
    Column("document", String(64)),
    _need("good_faith", String(8)),  # version of the statement that was made
    _need("queued", Boolean),
    _need("named", Integer),  # how many keys
    _need("received_at", BigInteger),
    Index(None, "claimant", "received_at"),
)
events = Table(
    "optout_events",
    metadata,
    _id(),
    _need("request", _BIG, ForeignKey(requests.c.id)),
    _need("seq", Integer),
    _need("act", String(16)),
    _need("state", String(16)),
    _need("at", BigInteger),
    _need("actor", Text),
    _need("automatic", Boolean),
    _need("reason", Text),
    _need("details", Text),  # canonical JSON
    UniqueConstraint("request", "seq", name="uq_optout_events_request_seq"),
    Index(None, "act", "id"),
)
keys = Table(
    "optout_keys",
    metadata,
    _id(),
    _need("request", _BIG, ForeignKey(requests.c.id), index=True),
    _need("kind", String(8)),
    _need("lookup", String(64)),  # keyed digest of the key: what it is found and compared by
    Column("spelling", Text),  # the canonical key of a location
    Column("sealed", LargeBinary),  # the digest of a content
    Index(None, "kind", "lookup"),
)
works = Table(
    "optout_works",
    metadata,
    Column("key", _BIG, ForeignKey(keys.c.id), primary_key=True, autoincrement=False),
    _need("sealed", LargeBinary),  # the fingerprint
)
copies = Table(
    "optout_copies",
    metadata,
    Column("key", _BIG, ForeignKey(keys.c.id), primary_key=True, autoincrement=False),
    _need("sealed", LargeBinary),  # the text
    _need("retain_until", BigInteger),
)
personal = Table(
    "optout_personal",
    metadata,
    Column("request", _BIG, ForeignKey(requests.c.id), primary_key=True, autoincrement=False),
    _need("sealed", LargeBinary),  # name, contact, authority, own reference: JSON
    _need("retain_until", BigInteger),
)
log = Table(
    "optout_log",
    metadata,
    Column("n", _BIG, primary_key=True, autoincrement=False),
    _need("at", BigInteger),
    _need("actor", Text),
    _need("action", Text),
    _need("object", Text),
    _need("reason", Text),
    _need("record", String(64), index=True),  # digest of the event it is about, or empty
    _need("previous", String(64)),
    _need("hash", String(64)),
)
settings = Table(
    "optout_settings",
    metadata,
    Column("name", String(32), primary_key=True),
    _need("value", LargeBinary),
)
exports = Table(
    "optout_exports",
    metadata,
    _id(),
    _need("version", String(80)),
    _need("at", BigInteger),
    _need("token", String(64)),  # what `RegisterDatabase.version` said
    _need("events", _BIG),  # the newest event in it
    _need("log_length", _BIG),
    _need("log_head", String(64)),
    _need("counts", Text),  # canonical JSON
)
effects = Table(
    "optout_effects",
    metadata,
    Column("request", _BIG, ForeignKey(requests.c.id), primary_key=True, autoincrement=False),
    _need("export", _BIG, ForeignKey(exports.c.id)),
    _need("at", BigInteger),  # when it was first exported as verified
)
questions = Table(
    "optout_questions",
    metadata,
    _id(),
    _need("asker", String(64)),  # keyed digest
    _need("at", BigInteger),
    Index(None, "asker", "at"),
)


def ticks(moment: datetime) -> int:
    """Write a time as it is stored.

    Raises:
        RegisterError: the time has no zone: then nobody knows when it was.
    """
    if moment.tzinfo is None:
        raise RegisterError(f"a time without a zone: {moment.isoformat()}", hint="pass an aware datetime, in UTC")
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(stored: int) -> datetime:
    """Read a time as it is stored."""
    return _EPOCH + stored * _MICROSECOND
