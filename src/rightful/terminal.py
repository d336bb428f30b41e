"""How things look on a terminal: tables, progress, errors."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rightful.errors import RightfulError
    from rightful.ledger.manifest import Manifest


def console() -> Console:
    """Give the console for results."""
    return Console()


def error_console() -> Console:
    """Give the console for everything that is not a result: progress and errors."""
    return Console(stderr=True)


def end_quietly() -> None:
    """At the very end: keep DuckDB's binding from listing, when the interpreter is gone, what it did not free.

    Only for programs that are ours, registered with `atexit`: whatever else is said after this is lost as well.
    """
    if "duckdb" in sys.modules:
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def print_error(error: RightfulError) -> None:
    """Print an error: what happened, then what to do."""
    out = error_console()
    out.print(Text("error: ", style="bold red") + Text(visible(error.message)), soft_wrap=True)
    if error.hint:
        out.print(Text("  hint: ", style="bold") + Text(visible(error.hint)), soft_wrap=True)


def visible(text: object) -> str:
    """Show the control characters of a foreign text: on a terminal they could erase or alter what is read."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in str(text))


def plain(text: object) -> str:
    """Give a foreign text as it may be printed: control characters shown, and no markup of ours in it."""
    return escape(visible(text))


@contextmanager
def progress(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the error console, where that is a terminal; give what it is moved with."""
    columns = (
        TextColumn(f"{what:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=error_console(), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield move


def table(*headings: str, title: str | None = None) -> Table:
    """Begin a table; a heading that begins with `#` is a column of numbers."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        made.add_column(heading.removeprefix("#"), justify="right" if heading[:1] == "#" else "left", overflow="fold")
    return made


def print_counts(manifest: Manifest) -> None:
    """Print what became of the records, and why."""
    counts = manifest.counts
    summary = table("", "#records", "#share")
    for name, records in (("admitted", counts.admit), ("held", counts.hold), ("excluded", counts.exclude)):
        summary.add_row(name, f"{records:,}", _share(records, counts.records))
    summary.add_row("in all", f"{counts.records:,}", "")
    console().print(summary)
    if counts.by_reason:
        reasons = table("held or excluded because", "#records")
        for reason, records in sorted(counts.by_reason.items(), key=lambda item: -item[1]):
            reasons.add_row(plain(reason), f"{records:,}")
        console().print()
        console().print(reasons)
    if manifest.unknown_values:
        unknown = table("values the policy does not know", "#records")
        for value, records in sorted(manifest.unknown_values.items(), key=lambda item: -item[1])[:10]:
            unknown.add_row(plain(value), f"{records:,}")
        console().print()
        console().print(unknown)
    if counts.by_tier:
        tiers = table("tier of the admitted", "#records")
        for tier, records in counts.by_tier.items():
            tiers.add_row(tier, f"{records:,}")
        console().print()
        console().print(tiers)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else ""
