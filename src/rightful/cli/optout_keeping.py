"""`rightful optout init`, `log`, `keys` and `erase`: for whoever keeps the register."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.cli.optout_register import (
    VARIABLE,
    Actor,
    AsJson,
    KeyFile,
    Place,
    actor_of,
    key_of,
    named,
    opened,
    present,
    print_json,
    print_pairs,
)
from rightful.errors import RegisterError
from rightful.terminal import console, plain, table

if TYPE_CHECKING:
    from sqlalchemy import URL

    from rightful.register.sealing import Key

INIT = """
Make the register and its key, and say what to keep safe. What is there already stays as it is.

The key is written where only its owner can read it (mode 0600); without --key-file it goes beside a register in SQLite.

\b
  rightful optout init --db register.db --key-file /etc/rightful/register.key
  rightful optout init --db postgresql+psycopg://rightful@db.example/optouts --key-file register.key
"""
LOG_VERIFY = """
Compute the log's chain again, and what it says of every event. Exit 1 where either was altered.

An export knows the head of the log as it was then. Those that the register remembers must be in the chain; with
--export that of the export as well, which whoever rewrites the register cannot have rewritten along with it.

\b
  rightful optout log verify
  rightful optout log verify --export exports/
"""
LOG_SHOW = """
Print the last rows of the log: who did what, when and why.

\b
  rightful optout log show --last 100
"""
KEYS_NEW = """
Make a key in a file that only its owner can read (mode 0600). A file that is there is never overwritten.

\b
  rightful optout keys new register.key
"""
KEYS_ROTATE = """
Seal everything with another key, whole or not at all. The new key is made where its file does not exist.

Stopped, it has not happened: the same command again does it.

\b
  rightful optout keys rotate --key-file register.key --new-key-file register-2.key
"""
ERASE = """
Delete the personal data and sealed copies whose time is over. Requests, their events and what they name stay, and
everything of a request under legal hold.

\b
  rightful optout erase --dry-run
  rightful optout erase
"""


def init_command(db: Place = None, key_file: KeyFile = None) -> None:
    """Make the register and its key."""
    from rightful.register.store import Store, url_of  # noqa: PLC0415 - when asked

    url = url_of(named(db))
    key, where, made_key = _first_key(url, key_file)
    store = Store(url, key)
    try:
        made = store.prepare(create=True)
    finally:
        store.close()
    words = {True: "made", False: "there already"}
    print_pairs({"register": f"{store.where}  ({words[made]})", "key": f"{where}  (id {key.id}, {words[made_key]})"})
    out = console()
    out.print(
        "\nKeep the key apart from the register and its backups, and a copy of it: without it names, digests and works "
        "in the register are lost, and with both anybody can read them.",
        soft_wrap=True,
    )
    place = store.where if store.sqlite else "URL"  # it may have a password
    out.print(f"\nFor the other commands:\n  export {VARIABLE}={plain(place)}", soft_wrap=True)
    if where != _ENVIRONMENT:
        out.print(f"  export {_file_variable()}={plain(where)}", soft_wrap=True)
    out.print("next: rightful optout add FILE --claimant NAME --contact ADDRESS --good-faith", soft_wrap=True)


_ENVIRONMENT = "from the environment"
_SHORT = 23  # `sha256:` and the digits that name an export's folder


def _file_variable() -> str:
    from rightful.register.sealing import FILE_VARIABLE  # noqa: PLC0415 - when asked

    return FILE_VARIABLE


def _first_key(url: URL, key_file: Path | None) -> tuple[Key, str, bool]:
    """Find the key, or make it: before the register, so that none is ever sealed with a key that was not kept.

    Raises:
        RegisterError: there is a register and not its key; or the key cannot be read or written.
    """
    from rightful.register.sealing import FILE_VARIABLE, Key  # noqa: PLC0415 - when asked
    from rightful.register.sealing import VARIABLE as KEY_VARIABLE  # noqa: PLC0415 - when asked

    if key_file is None and os.environ.get(KEY_VARIABLE):
        return key_of(None), _ENVIRONMENT, False
    sqlite = url.get_backend_name() == "sqlite"
    database = Path(url.database or "")
    beside = database.with_name(f"{database.name}.key") if sqlite else Path("register.key")
    file = (key_file or Path(os.environ.get(FILE_VARIABLE) or beside)).absolute()
    if file.exists():
        return Key.from_file(file), str(file), False
    if sqlite and database.exists() and database.stat().st_size:
        raise RegisterError(
            f"{database} is there already, and its key is not {file}",
            hint=f"name its key: --key-file, {FILE_VARIABLE} or {KEY_VARIABLE}",
            file=str(database),
        )
    return Key.create(file), str(file), True


def verify_log_command(
    export: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER|FILE", help="Export whose head must be in the log. Repeatable.")
    ] = None,
    db: Place = None,
    key_file: KeyFile = None,
) -> None:
    """Compute the log's chain again."""
    from rightful.withdrawal.exported import newest_export  # noqa: PLC0415 - when asked

    heads = []
    for path in export or ():
        said = newest_export(path).facts.get("log")
        if not isinstance(said, dict):
            raise RegisterError(f"{path} does not say the head of a log: it was made from lists", path=str(path))
        heads.append((int(said["length"]), str(said["head"])))
    with opened(db, key_file) as register:
        head = register.database.verify_log()
        for known in heads:
            head = register.database.verify_log(since=known)
    console().print(f"the log is whole: {head.length:,} rows, head {head.hash}", style="green", soft_wrap=True)
    for length, known_hash in heads:
        console().print(f"  and goes on from {length:,} rows, head {known_hash}", soft_wrap=True)


def show_log_command(
    last: Annotated[int, typer.Option(min=1, help="How many rows.")] = 20,
    db: Place = None,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the last rows of the log."""
    from rightful.register.overview import last_rows  # noqa: PLC0415 - when asked

    with opened(db, key_file) as register:
        rows = last_rows(register.store, last)
    if as_json:
        for row in rows:
            print_json(row._asdict() | {"at": row.at.isoformat()}, one_line=True)
        return
    shown = table("#row", "time, UTC", "who", "did", "to", "why")
    for row in rows:
        time = f"{row.at:%Y-%m-%d %H:%M:%S}"
        about = f"{row.about[:_SHORT]}…" if len(row.about) > _SHORT + 1 else row.about
        shown.add_row(f"{row.n:,}", time, *map(plain, (row.actor, row.action, about, row.reason)))
    console().print(shown)


def new_key_command(file: Annotated[Path, typer.Argument(help="File to make.")]) -> None:
    """Make a key."""
    from rightful.register.sealing import Key  # noqa: PLC0415 - when asked

    key = Key.create(file)
    console().print(
        f"{plain(file)} is written: key {key.id}. Keep a copy; what it seals is lost without it.", soft_wrap=True
    )


def rotate_command(
    new_key_file: Annotated[Path, typer.Option(help="File of the new key; made if there is none.")],
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Seal everything with another key."""
    from rightful.register.sealing import Key  # noqa: PLC0415 - when asked

    with opened(db, key_file) as register:
        new = Key.from_file(new_key_file) if new_key_file.exists() else Key.create(new_key_file)
        old = register.store.key.id
        register.database.rotate(new, actor=actor_of(actor), now=present())
    console().print(f"everything is sealed with key {new.id}, and nothing with {old} any more", soft_wrap=True)
    console().print(
        f"from now on: export {_file_variable()}={plain(new_key_file.absolute())}\n"
        "Backups of the register are sealed with the old key: destroy it when the last of them is gone.",
        soft_wrap=True,
    )


def erase_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; delete nothing.")] = False,
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
) -> None:
    """Delete personal data and sealed copies whose time is over."""
    from rightful.register.overview import expired  # noqa: PLC0415 - when asked

    now = present()
    with opened(db, key_file) as register:
        if dry_run:
            over = expired(register.store, now)
            console().print(f"would go: personal data of {over.people:,} requests, {over.copies:,} sealed copies")
            if over.held:
                console().print(f"would stay, under legal hold: {over.held:,} of either, though past their time")
            return
        erased = register.database.erase_expired(actor=actor_of(actor), now=now)
    console().print(f"erased: {erased:,} of personal data and sealed copies" if erased else "nothing is past its time")
