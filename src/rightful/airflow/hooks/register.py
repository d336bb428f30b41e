"""The register of opt-outs behind a connection."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from airflow.providers.common.compat.sdk import BaseHook

from rightful.errors import RegisterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from airflow.sdk import Connection

    from rightful.register.database import RegisterDatabase
    from rightful.register.export import Register
    from rightful.register.sealing import Key

_POSTGRESQL = "postgresql+psycopg"
_ITS_OTHER_NAMES = {"postgres", "postgresql"}


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Where a register is and what opens it, as a connection says it.

    Attributes:
        database: path of an SQLite file, or a URL as SQLAlchemy has them, with the password if there is one.
        key: the register's key, 32 octets in base64; empty: it is in `key_file`.
        key_file: path of a file with the key; empty: none.
        max_age_hours: how old an export may be for screening; None: nothing is said about it.
    """

    database: str = field(repr=False)
    key: str = field(repr=False)
    key_file: str
    max_age_hours: float | None

    @classmethod
    def of(cls, connection: Connection) -> RegisterPlace:
        """Read a connection.

        Host is a path, a database URL, or the host of a PostgreSQL server whose port, database and user are told
        beside it. Password is that of the user; where there is no user it is the register's key.

        Raises:
            RegisterError: the connection names no database, no key, or an age that is none.
        """
        name, extra = connection.conn_id, _extra(connection)
        if not connection.host:
            raise RegisterError(
                f"the connection {name} names no database",
                hint="its host is a path, such as /srv/optouts.db, or the URL of a database",
            )
        key = str(extra.get("key") or "") or ("" if connection.login else connection.password or "")
        key_file = str(extra.get("key_file") or "")
        if not key and not key_file:
            raise RegisterError(
                f"the connection {name} has no key of the register",
                hint="give it as key or key_file in the extra, or as the password where there is no login",
            )
        return cls(_database(connection), key, key_file, _hours(extra.get("max_age_hours"), name))

    def open(self) -> RegisterDatabase:
        """Open the database.

        Raises:
            RegisterError: there is no register, or the key is none or another register's.
        """
        from rightful.register.database import RegisterDatabase

        return RegisterDatabase.open(self.database, key=self._read_key())

    def version(self) -> str:
        """Open the register, ask for its version, close it."""
        with self.open() as register:
            return register.version()

    def without_secrets(self, error: BaseException) -> str:
        """Tell an error without what must not be in a log, wherever its text came from."""
        text = str(error) if isinstance(error, RegisterError) else f"{type(error).__name__}: {error}"
        _, url, rest = self.database.partition("://")
        password = rest.rpartition("@")[0].partition(":")[2]
        for secret in (self.database if url else "", password, unquote(password), self.key):
            text = text.replace(secret, "***") if secret else text
        return text

    def _read_key(self) -> Key:
        from rightful.register.sealing import VARIABLE, Key

        return Key.from_environment({VARIABLE: self.key}) if self.key else Key.from_file(self.key_file)


class OptOutRegisterHook(BaseHook):
    """The register of opt-outs that an Airflow connection of type `rightful_register` names.

    Works without a database of Airflow's where the connection is in the environment:

        AIRFLOW_CONN_RIGHTFUL_REGISTER_DEFAULT='{"conn_type": "rightful_register", "host": "/srv/optouts.db",
                                                 "extra": {"key_file": "/srv/optouts.key"}}'

    Args:
        register_conn_id: id of the connection.
    """

    conn_name_attr = "register_conn_id"
    default_conn_name = "rightful_register_default"
    conn_type = "rightful_register"
    hook_name = "Rightful opt-out register"

    def __init__(self, register_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.register_conn_id = register_conn_id

    @property
    def place(self) -> RegisterPlace:
        """What the connection says.

        Raises:
            AirflowNotFoundException: there is no such connection.
            RegisterError: it cannot be read.
        """
        return RegisterPlace.of(self.get_connection(self.register_conn_id))

    def get_conn(self) -> RegisterDatabase:
        """Open the register; the caller closes it, or uses it in a `with`.

        Raises:
            RegisterError: there is none there, or the key does not open it.
        """
        return self.place.open()

    @contextmanager
    def opened(self) -> Iterator[RegisterDatabase]:
        """Open the register, and close it.

        Raises:
            RegisterError: there is none there, or the key does not open it.
            RegisterUnreachableError: the database cannot be reached now; trying again may help.
        """
        with self.place.open() as register:
            yield register

    def version(self) -> str:
        """Give a token that is another one whenever an export would be another. Not the export's digest.

        Raises:
            RegisterError: as `opened`.
        """
        with self.opened() as register:
            return register.version()

    async def aversion(self) -> str:
        """Give the same from a coroutine: nothing blocks its loop."""
        return await version_of(self.register_conn_id)

    def export(self, folder: str | Path, *, actor: str, now: datetime) -> Register:
        """Export the register into a folder, as a version of its own.

        Raises:
            RegisterError: as `opened`; or the export would lose opt-outs.
        """
        with self.opened() as register:
            return register.export(folder, actor=actor, now=now)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the register opens, and if not why; never a secret."""
        try:
            place = self.place
        except RegisterError as error:
            return False, str(error)
        try:
            version = place.version()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and not raised
            return False, place.without_secrets(error)
        return True, f"the register opens; its version is {version}"


def _extra(connection: Connection) -> Mapping[str, Any]:
    """Read the extra by ourselves: Airflow's own way of it must not be gone from within a coroutine."""
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise RegisterError(f"the extra of the connection {connection.conn_id} is no JSON object")
    return extra


def _hours(value: Any, connection: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        hours = float(value)
    except (TypeError, ValueError):
        hours = 0.0
    if not hours > 0:
        raise RegisterError(f"max_age_hours of the connection {connection} is no number of hours")
    return hours


def _database(connection: Connection) -> str:
    host, login = connection.host or "", connection.login
    if "://" not in host:
        if not (connection.port or login or connection.schema):
            return host
        host = f"{_POSTGRESQL}://{host}" + (f":{connection.port}" if connection.port else "")
        host += f"/{quote(connection.schema or '', safe='')}"
    scheme, _, rest = host.partition("://")
    # What comes after the first @ would be read as the name of a server, and be told.
    if not rest.startswith("/") and rest.partition("?")[0].count("@") > 1:
        raise RegisterError(
            f"the URL of the connection {connection.conn_id} has more than one @",
            hint="a password has %40 for it; or give it as the connection's password, as it is",
        )
    if login and "@" not in rest.partition("/")[0]:
        secret = f":{quote(connection.password, safe='')}" if connection.password else ""
        rest = f"{quote(login, safe='')}{secret}@{rest}"
    return f"{_POSTGRESQL if scheme in _ITS_OTHER_NAMES else scheme}://{rest}"


async def version_of(register_conn_id: str) -> str:
    """Give the version of the register that a connection names, from a coroutine.

    Raises:
        RegisterError: the register cannot be read; the message has no secret of the connection.
    """
    place = RegisterPlace.of(await BaseHook.aget_connection(register_conn_id))
    try:
        return await asyncio.to_thread(place.version)
    except Exception as error:  # noqa: BLE001 - told in our words
        raise RegisterError(place.without_secrets(error)) from None
