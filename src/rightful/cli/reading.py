"""`rightful signals`: a signal file read aloud, for whoever wrote it and whoever doubts it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.errors import InputError
from rightful.terminal import console, plain, table

if TYPE_CHECKING:
    from rightful.signals.reading_aloud import Told

_SHOWN_TOKENS = 5


def signals_command(
    file: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="robots.txt, tdmrep.json, ai.txt or trust.txt.")],
    path: Annotated[str, typer.Option(help="Path and query to ask about.")] = "/",
    token: Annotated[
        list[str] | None, typer.Option(help="Product token to ask about; by default those of training crawlers and *.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--as", help="What the file is, where its name does not tell.")] = None,
) -> None:
    """Read a signal file aloud: what it states, of which use, to whom, on which line, and what is odd about it."""
    from rightful.policy.sections import Crawler  # noqa: PLC0415 - when asked
    from rightful.signals.locations import SIGNALS  # noqa: PLC0415 - when asked
    from rightful.signals.reading_aloud import read_aloud, signal_of  # noqa: PLC0415 - when asked

    signal = signal_of(kind or file)
    if signal is None:
        raise InputError(
            f"{kind or file} is the name of no signal file that is read",
            hint=f"--as one of: {', '.join(SIGNALS)}",
        )
    body = _fetched(file, signal) if "://" in file else _read(file)
    tokens = tuple(name.lower() for name in token) if token else Crawler().effective
    target = path if path.startswith("/") else f"/{path}"
    _print(read_aloud(signal, body, target, tokens), target)


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}", file=file) from error


def _fetched(url: str, signal: str) -> bytes:
    from rightful.facts.site import parse_url  # noqa: PLC0415 - when asked
    from rightful.policy.sections import Capturing  # noqa: PLC0415 - when asked
    from rightful.snapshot.capture import capture_signals  # noqa: PLC0415 - opens sockets: when asked
    from rightful.snapshot.store import Snapshot  # noqa: PLC0415 - when asked

    location = parse_url(url)
    if location is None:
        raise InputError(f"{url!r} is no web address")
    settings = Capturing.model_validate({"signals": [signal], "attempts": 1})
    with TemporaryDirectory(prefix="rightful-signals-") as store:
        capture_signals([location.origin], store, settings=settings)
        snapshot = Snapshot.open(store)
        found = next(row for row in snapshot.captures.to_pylist() if row["signal"] == signal)
        if found["body_sha256"] is None or found["outcome"] != "available":
            why = found["error"] or f"status {found['status']}"
            raise InputError(f"{location.origin}/{signal} is {found['outcome']}: {why}")
        return snapshot.body(found["body_sha256"])


def _print(told: Told, target: str) -> None:
    from rightful.signals.reading_aloud import meaning_of_remark  # noqa: PLC0415 - when asked

    out = console()
    out.print(f"read as {told.signal}, about {plain(target)}\n", soft_wrap=True)
    if told.reading.statements:
        said = table("protocol", "use", "says", "to", "by", "in these words")
        for statement in told.reading.statements:
            asked = f" ({', '.join(statement.conditions)})" if statement.conditions else ""
            weak = " (too weak to permit)" if statement.weak else ""
            said.add_row(
                statement.protocol, statement.usage.value, plain(f"{statement.preference}{asked}{weak}"),
                plain(_to(told.to.get(statement, ()))), plain(statement.where), plain(statement.text),
            )  # fmt: skip
        out.print(said)
    else:
        out.print("It states nothing.")
    if told.reading.remarks:
        odd = table("odd", "where", "what", title="\nWhat its author would want to know")
        for remark in told.reading.remarks:
            odd.add_row(plain(meaning_of_remark(remark)), plain(remark.where), plain(remark.text))
        out.print(odd)


def _to(tokens: tuple[str, ...]) -> str:
    more = f" and {len(tokens) - _SHOWN_TOKENS} more" if len(tokens) > _SHOWN_TOKENS else ""
    return ", ".join(tokens[:_SHOWN_TOKENS]) + more or "all"
