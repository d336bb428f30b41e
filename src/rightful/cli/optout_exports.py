"""`rightful optout export` and `check`: the register goes out, and a text is compared with it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.cli.optout_background import Background
from rightful.cli.optout_register import (
    Actor,
    AsJson,
    KeyFile,
    Place,
    actor_of,
    named,
    needs_extra,
    opened,
    present,
    print_json,
    print_pairs,
    text_of,
)
from rightful.errors import InputError
from rightful.terminal import console, progress, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rightful.register.export import Register
    from rightful.register.matching import Thresholds

EXPORT = """
Write the newest version of the register, for screening: FOLDER/<version>/register.arrow, which FOLDER/HEAD names.

Nothing is written where nothing changed. What the version before excluded is excluded still, unless the request was
rejected or taken back: an export that would lose any of it is refused.

A background is a sample of the records to be screened: what many of them share (notices, navigation, quotations) is
common, and alone it is no match with a work. Later exports still know.

\b
  rightful optout export --out exports/
  rightful optout export --out exports/ --background 'data/*.parquet'
  rightful run policy.toml … --register exports/
"""
CHECK = """
Tell in one word for each text whether it is among the works of a register: exact, near, contained or none; and the
versions that is of. Nothing else is told: no work, no URL, no request.

With --asker the question is counted against whoever asks, in the register: so many a day are answered, so that nobody
can try works one after the other. Do so wherever somebody else asks.

\b
  rightful optout check essay.txt --register exports/
  rightful optout check essay.txt --register exports/ --policy policy.toml --asker 203.0.113.9
"""


def export_command(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder of exports; made if there is none.")],
    background: Annotated[
        list[str] | None, typer.Option(help="Records (pattern) whose texts tell what is common in works.")
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="About how many of those texts.")] = 20_000,
    unsafe_allow_lost: Annotated[
        bool, typer.Option("--unsafe-allow-lost", help="Export although opt-outs are lost; the export says how many.")
    ] = False,
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Write the newest version of the register."""
    from rightful.register.export import Register  # noqa: PLC0415 - when asked

    with opened(db, key_file) as register:
        from rightful.register.publishing import head  # noqa: PLC0415 - when asked; with a database

        file = head(out)
        before = Register.open(file) if file is not None and file.exists() else None
        with progress("export", "entries"):
            made = register.database.export(
                out,
                actor=actor_of(actor),
                now=present(),
                background=Background.of(background, sample) if background else (),
                unsafe_allow_lost=unsafe_allow_lost,
            )
    new = before is None or before.version != made.version
    changed = _changed(before, made) if new and before is not None else None
    tombstones = made.facts["tombstones"]
    lost = tombstones["lost"] if new else 0  # what was lost when this version was made was told then
    if as_json:
        print_json(
            {
                "version": made.version,
                "register": str(made.path),
                "entries": len(made),
                "verified": tombstones["exported"],
                "received": len(made) - tombstones["exported"],
                "works": len(made.works or ()),
                "before": before and before.version,
                "changes": changed,
                "lost": lost,
            }
        )
        return
    _show_export(made, before, changed)
    if lost:
        told = f"LOST: {lost:,} opt-outs that excluded before, with no rejection or withdrawal on record"
        console().print(told, style="bold red", soft_wrap=True)


def _show_export(made: Register, before: Register | None, changed: dict[str, int] | None) -> None:
    excluding = made.facts["tombstones"]["exported"]
    pairs = {
        "version": made.version,
        "register": made.path,
        "entries": f"{len(made):,}: {excluding:,} exclude, {len(made) - excluding:,} hold",
        "works": f"{len(made.works or ()):,} with fingerprints: their edited copies and excerpts are found as well",
    }
    if changed is not None and before is not None:
        pairs["before"] = before.version
        pairs["since"] = ", ".join(f"{count:,} {change}" for change, count in changed.items())
    elif before is not None:
        pairs["since"] = "nothing changed, and nothing was written"
    print_pairs(pairs)


def _changed(before: Register, made: Register) -> dict[str, int]:
    """Count the entries that were added, removed and changed."""
    from rightful.register.delta import ADDED, CHANGED, REMOVED, register_delta  # noqa: PLC0415 - when asked

    counted = Counter(register_delta(before, made).column("change").to_pylist())
    return {change: counted[change] for change in (ADDED, REMOVED, CHANGED)}


def check_command(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Text files, one text each; - reads standard input.")
    ],
    register: Annotated[Path, typer.Option(metavar="FOLDER|FILE", help="Folder of exports, or an exported register.")],
    policy: Annotated[
        Path | None, typer.Option(help="Policy whose [matching] counts; else the usual thresholds.")
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION", help="Dataset the register was applied to, to name. Repeatable."),
    ] = None,
    asker: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who asks, an account or an address: counted in the register.")
    ] = None,
    db: Place = None,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell in one word whether a text is among the works of a register."""
    from rightful.withdrawal.exported import newest_export  # noqa: PLC0415 - when asked

    source = context.get_parameter_source("db")
    if asker is None and source is not None and source.name == "COMMANDLINE":
        raise InputError("a register counts questions, and nobody asks", hint="--asker NAME: an account, an address")
    texts = [(str(file), text_of(file)) for file in files]
    exported = newest_export(register)
    datasets = list(dataset or ())
    with _answering(exported, _thresholds(policy), asker, db, key_file) as found:
        for name, text in texts:
            word = found(text)
            if as_json:
                told = {"file": name, "found": word, "register": exported.version, "datasets": datasets}
                print_json(told, one_line=True)
            else:
                typer.echo(f"{word:<9}  {visible(name)}")
    if not as_json:
        typer.echo(f"register   {exported.version}")
        for version in datasets:
            typer.echo(f"dataset    {visible(version)}")


def _thresholds(policy: Path | None) -> Thresholds:
    from rightful.register.matching import Thresholds  # noqa: PLC0415 - when asked

    if policy is None:
        return Thresholds()
    from rightful.policy.policy_file import read_policy  # noqa: PLC0415 - when asked

    return Thresholds(**read_policy(policy).matching.model_dump())


@contextmanager
def _answering(
    exported: Register, thresholds: Thresholds, asker: str | None, db: str | None, key_file: Path | None
) -> Iterator[Callable[[str], str]]:
    """Give what answers: counted in the register where somebody asks, else by the export alone."""
    if asker is None:
        needs_extra()
        from rightful.register.answers import found_in  # noqa: PLC0415 - when asked

        yield lambda text: found_in(text, exported, thresholds).value
        return
    with opened(named(db), key_file) as register:
        yield (
            lambda text: (
                register.database.answer(
                    text, register=exported, asker=asker, now=present(), thresholds=thresholds
                ).found.value
            )
        )
