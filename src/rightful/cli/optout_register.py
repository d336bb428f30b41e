"""What every command of `rightful optout` needs: the register and its key, who acts, when, and what a person reads."""

from __future__ import annotations

import getpass
import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from rightful.errors import InputError, RegisterError
from rightful.terminal import console, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rightful.register.database import RegisterDatabase
    from rightful.register.sealing import Key
    from rightful.register.store import Store

VARIABLE = "RIGHTFUL_REGISTER"
STDIN = "-"

Place = Annotated[
    str | None,
    typer.Option(
        "--db", envvar=VARIABLE, metavar="PATH|URL", help="The register: a file of SQLite, or a PostgreSQL URL."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="File with its key; by default RIGHTFUL_REGISTER_KEY or RIGHTFUL_REGISTER_KEY_FILE says it."),
]
Actor = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who does this: the log keeps it. By default your login name.")
]
Reference = Annotated[str, typer.Argument(metavar="REF", help="Reference of the request: R-…")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Opened(NamedTuple):
    """A register that is open: what happens to requests goes through `database`, what is looked at through `store`."""

    database: RegisterDatabase
    store: Store


@contextmanager
def opened(place: str | None, key_file: Path | None) -> Iterator[Opened]:
    """Open the register that was named, and close it.

    Raises:
        RegisterError: none was named, there is none there, or the key is none or another's.
    """
    needs_extra()
    from rightful.register.database import RegisterDatabase  # noqa: PLC0415 - when asked
    from rightful.register.store import Store, url_of  # noqa: PLC0415 - when asked

    store = Store(url_of(named(place)), key_of(key_file))
    try:
        store.prepare(create=False)
        yield Opened(RegisterDatabase(store), store)
    finally:
        store.close()


def needs_extra() -> None:
    """Load what the register needs.

    Raises:
        MissingExtraError: it is not installed; names the extra.
    """
    import rightful.register.store  # noqa: F401, PLC0415 - when asked


def named(place: str | None) -> str:
    """Give the place of the register.

    Raises:
        RegisterError: nobody named it.
    """
    if not place:
        raise RegisterError(
            "no register was named", hint=f"--db register.db, or set {VARIABLE}; rightful optout init makes one"
        )
    return place


def key_of(key_file: Path | None) -> Key:
    """Read the key from the file that was named, or as the environment says.

    Raises:
        RegisterError: there is none.
    """
    from rightful.register.sealing import Key  # noqa: PLC0415 - when asked

    return Key.from_environment() if key_file is None else Key.from_file(key_file)


def actor_of(actor: str | None) -> str:
    """Say who acts: as was named, or the login name.

    Raises:
        InputError: neither is known.
    """
    if actor is not None:
        return actor
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise InputError("there is no login name to keep in the log", hint="say who does this: --actor NAME") from error


def present() -> datetime:
    """Read the clock: here, and nowhere below the command line."""
    return datetime.now(UTC)


def text_of(file: Path) -> str:
    """Read a work, from standard input where its name is `-`.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return sys.stdin.read() if str(file) == STDIN else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or type(error).__name__}", file=str(file)) from error
    except UnicodeDecodeError as error:  # whose own words have octets of the text
        raise InputError(f"{file} cannot be read: it is no UTF-8, at octet {error.start:,}", file=str(file)) from None


def age(since: datetime, now: datetime) -> str:
    """Tell how long ago something was: in whole days, or below two in hours, and so on."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}"
    return f"{seconds} s"


def at_minute(moment: datetime) -> str:
    """Write a time for people."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values, a pair a line, each whole: to be copied from a terminal of any width."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        console().print(f"{name:<{width}}  {plain(value)}", soft_wrap=True, highlight=False)


def print_json(value: Any, *, one_line: bool = False) -> None:
    """Print JSON; on one line where one follows another."""
    typer.echo(json.dumps(value, indent=None if one_line else 1, ensure_ascii=False))
