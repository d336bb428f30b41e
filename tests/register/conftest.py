"""Registers for tests: SQLite, and a PostgreSQL server of our own where Debian's package is installed."""

import atexit
import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from rightful.register.database import RegisterDatabase
from rightful.register.sealing import Key

_ENOUGH_SECONDS = 60


@pytest.fixture
def key() -> Key:
    return Key(b"\x07" * 32)


@pytest.fixture
def database(tmp_path, key):
    """A new register in SQLite."""
    with RegisterDatabase.open(tmp_path / "register.db", key=key, create=True) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def place(request, tmp_path) -> str:
    """Where a register can be made: in either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.db'}"
    return request.getfixturevalue("postgresql_place")


@pytest.fixture
def either(place, key):
    """A new register in either database."""
    with RegisterDatabase.open(place, key=key, create=True) as opened:
        yield opened


class Server:
    """A PostgreSQL server on loopback, on a port that was free, in a folder that goes with it."""

    def __init__(self, binaries: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rightful-postgresql-"))
        atexit.register(self.end)
        self.process = None
        self.who = _unprivileged(self.folder)
        initdb = [binaries / "initdb", "-D", self.folder / "data", "-U", "rightful", "-A", "trust", "-E", "UTF8"]
        made = subprocess.run(
            [*initdb, "--locale=C", "--no-sync"],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            **self.who,
        )
        if made.returncode:
            raise AssertionError(f"initdb failed: {made.stderr}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
            "fsync": "off",  # nobody pulls the plug of this one, and no test is about the disk
        }
        command = [binaries / "postgres", "-D", self.folder / "data"]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        if shutil.which("setpriv"):  # so that it ends even if the tests are killed
            command = ["setpriv", "--pdeathsig", "INT", *command]
        self.log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, cwd=self.folder, start_new_session=True, **self.who
        )
        self.numbers = itertools.count()
        self._await()

    def _await(self):
        import psycopg

        deadline = time.monotonic() + _ENOUGH_SECONDS
        while True:
            try:
                psycopg.connect(self.dsn("postgres")).close()
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text(errors="replace")
                    raise AssertionError(f"PostgreSQL did not start: {said}") from error
                time.sleep(0.05)
            else:
                return

    def dsn(self, database):
        return f"postgresql://rightful@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def new_database(self):
        import psycopg

        name = f"register_{next(self.numbers)}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield self.dsn(name)
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_ENOUGH_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict:
    """PostgreSQL does not run as root: then it runs as somebody who owns nothing but this folder."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {}


@pytest.fixture(scope="session")
def postgresql_server():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda file: int(file.parts[4]))
    if not found:
        pytest.skip("no PostgreSQL server on this machine: apt-get install postgresql")
    server = Server(found[-1].parent)
    yield server
    server.end()


@pytest.fixture
def postgresql_place(postgresql_server):
    """A new, empty database of PostgreSQL."""
    with postgresql_server.new_database() as dsn:
        yield dsn
