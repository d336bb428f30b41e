"""The open database: its connections, its transactions and its key.

SQLite: write-ahead log, `BEGIN IMMEDIATE` for what writes, so that writers wait for each other instead of failing, and
readers wait for nobody; `synchronous=FULL`, so that what was answered is on the disk. PostgreSQL: one advisory lock
for the length of a writing transaction. Both give every writer the whole chain of the log to append to.
"""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.errors import MissingExtraError, RegisterError, RegisterUnreachableError

try:
    from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
    from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

    from rightful.register.migrations import bring_up_to_date, newest_revision, refuse_newer, revision_of
except ImportError as error:
    raise MissingExtraError.named("register", needs="SQLAlchemy with alembic") from error

from rightful.register.model import Limits
from rightful.register.tables import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.register.sealing import Key

_LOCK = int.from_bytes(hashlib.sha256(b"rightful opt-out register").digest()[:8], signed=True)
_WRITES = "rightful_writes"
_KEY_TEST = "key-test"
_WAIT_SECONDS = 120


class Store:
    """An open register: what every module of this package works on.

    Args:
        url: of the database.
        key: what its values are sealed with.
        limits: the friction.
    """

    def __init__(self, url: URL, key: Key, limits: Limits | None = None) -> None:
        self.url = url
        self.key = key
        self.limits = limits or Limits()
        self.engine = _engine(url)
        self._turn = threading.Lock()  # threads of one process take turns in order; SQLite's own waiting is not fair

    @property
    def sqlite(self) -> bool:
        """Whether the database is a file of SQLite."""
        return self.engine.dialect.name == "sqlite"

    @property
    def where(self) -> str:
        """The database's name for messages, without its password."""
        return (self.url.database or "") if self.sqlite else _without_password(self.url)

    def prepare(self, *, create: bool) -> bool:
        """Make or migrate the tables, and test the key.

        Returns:
            Whether the register was made now.

        Raises:
            RegisterError: there is none and none was to be made, it is of a newer release, or the key is another.
        """
        if self.sqlite:
            self._prepare_file(create=create)
        with self._reported(), self.engine.connect() as connection:
            current = revision_of(connection)
        refuse_newer(current)
        made = False
        if current != newest_revision():
            if current is None and not create:
                raise RegisterError(f"{self.where} holds no opt-out register", hint=_CREATE)
            made = self._migrate()
        with self.reading() as connection:
            self.test_key(connection)
        return made

    def _prepare_file(self, *, create: bool) -> None:
        file = Path(self.url.database or "")
        if not file.exists():
            if not create:
                raise RegisterError(f"{file} does not exist", hint=_CREATE, file=str(file))
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
            except OSError as error:
                raise RegisterError(f"{file} cannot be written: {error.strerror}", file=str(file)) from error

    def _migrate(self) -> bool:
        with self._begun(writes=True) as connection:
            made = revision_of(connection) is None
            bring_up_to_date(connection)
            if made:
                self.write_key_test(connection, self.key)
        return made

    @staticmethod
    def write_key_test(connection: Connection, key: Key) -> None:
        """Store a known value, sealed: what tells a wrong key when the register is opened."""
        connection.execute(settings.delete().where(settings.c.name == _KEY_TEST))
        value = key.seal(_KEY_TEST.encode(), _KEY_TEST)
        connection.execute(settings.insert().values(name=_KEY_TEST, value=value))

    def test_key(self, connection: Connection) -> None:
        """Refuse to go on with a key that is not the register's.

        Raises:
            RegisterError: it is not; also when another process rotated the key meanwhile.
        """
        sealed = connection.scalar(select(settings.c.value).where(settings.c.name == _KEY_TEST))
        if sealed is None:
            raise RegisterError(f"{self.where} was altered: it does not say by which key it is sealed")
        try:
            self.key.unseal(sealed, _KEY_TEST)
        except RegisterError as error:
            raise RegisterError(
                f"key {self.key.id} is not the key of the register {self.where}",
                hint="give the key it was made with, or rotated to: RIGHTFUL_REGISTER_KEY or its _FILE",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the database, for as long as this is open."""
        with self._begun(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that no other writer is beside: all of it is kept, or nothing."""
        with self._begun(writes=True) as connection:
            self.test_key(connection)
            yield connection

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[Connection]:
        turn = self._turn if writes and self.sqlite else None
        if turn:
            turn.acquire()
        try:
            with self._reported(), self.engine.connect() as connection:
                if not self.sqlite:
                    # Who waited for the lock must see what was written meanwhile, whatever the server's default is.
                    level = "READ COMMITTED" if writes else "REPEATABLE READ"
                    connection.execution_options(isolation_level=level, postgresql_readonly=not writes)
                connection.execution_options(**{_WRITES: writes})
                with connection.begin():
                    if not self.sqlite and writes:
                        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                    yield connection
        finally:
            if turn:
                turn.release()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Tell what the database refused, without the values it was given."""
        try:
            yield
        except PoolTimeoutError as error:
            raise RegisterUnreachableError(f"the register {self.where} is busy: no connection became free") from error
        except DBAPIError as error:
            said = str(error.orig).strip().partition("\n")[0]
            kind = RegisterUnreachableError if isinstance(error, OperationalError | InterfaceError) else RegisterError
            raise kind(f"the register {self.where} refused: {said}") from error
        except SQLAlchemyError as error:
            raise RegisterError(f"the register {self.where} cannot be used: {type(error).__name__}") from error

    def shed(self) -> None:
        """Overwrite what deletions left in SQLite's write-ahead log (`secure_delete` does so in the file itself)."""
        if self.sqlite:
            with self._reported(), self.engine.connect() as connection:
                driver = connection.connection.dbapi_connection
                if driver is not None:
                    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def url_of(place: str | Path) -> URL:
    """Read a URL of a database, or the path of a file of SQLite.

    Raises:
        RegisterError: it is neither SQLite nor PostgreSQL, or no file (a register in memory would be lost).
    """
    written = str(place)
    try:
        # A path is no part of a URL: what would be a query or an escape in one is a character of a file's name.
        url = make_url(written) if "://" in written else URL.create("sqlite", database=str(Path(written).absolute()))
    except ArgumentError:
        raise RegisterError("this is no URL of a database", hint=_URLS) from None  # its words may have the password
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    backend = url.get_backend_name()
    in_memory = backend == "sqlite" and url.database in {None, "", ":memory:"}
    if backend not in {"sqlite", "postgresql"} or in_memory:
        raise RegisterError(f"no register can be in {_without_password(url)}", hint=_URLS)
    return url


def _without_password(url: URL) -> str:
    """Write a URL for messages: without its password, which may stand in the query as well."""
    secret = [name for name in url.query if "pass" in name.lower()]
    return url.difference_update_query(secret).render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    pool = {"pool_timeout": _WAIT_SECONDS, "hide_parameters": True}
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_size=4, max_overflow=8, pool_pre_ping=True, **pool)
        engine = create_engine(
            url, connect_args={"timeout": _WAIT_SECONDS, "isolation_level": None}, pool_size=8, max_overflow=56, **pool
        )
    except ImportError as error:
        raise MissingExtraError.named("register", needs=f"a driver for {url.drivername}") from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    """Begin what the driver would begin too late, and as a reader."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


_CREATE = "make one: rightful optout init, or RegisterDatabase.open(…, create=True)"
_URLS = "a path, sqlite:///register.db or postgresql+psycopg://host/database"
