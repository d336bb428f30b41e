"""`rightful withdraw` and `rightful receipt`: works taken out of finished runs, and what whoever asked holds of it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.errors import InputError
from rightful.terminal import console, plain, progress, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rightful.withdrawal.withdraw import Withdrawal

_MOST_SHOWN = 20
_VERSION_DIGITS = 12


def withdraw_command(
    runs: Annotated[list[Path], typer.Argument(help="Run directories; each stays as it is.")],
    register: Annotated[
        Path, typer.Option(help="The newest opt-outs: an exported register, or the folder it is exported to.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Directory of the new version; RUN-<register> by default, and of several runs.")
    ] = None,
    receipts: Annotated[Path | None, typer.Option(help="Folder for receipts; OUT.receipts by default.")] = None,
    signing_key: Annotated[
        Path | None, typer.Option(help="Key that signs the receipts (PEM, ed25519); without it there are none.")
    ] = None,
    make_key: Annotated[bool, typer.Option(help="Make the signing key where there is none.")] = False,
    train_log: Annotated[
        Path | None, typer.Option(help="Which models were trained on what: .jsonl, .csv or .parquet.")
    ] = None,
    legal_hold: Annotated[
        Path | None, typer.Option(help="Seal the removed records under the key in this file, into OUT.hold.")
    ] = None,
    now: Annotated[str | None, typer.Option(help="Time receipts state (ISO 8601); by default the present.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Count what would go; make nothing.")] = False,
) -> None:
    """Take what the newest register names out of finished runs, and make a new version of each.

    Stopped at any point, the same command goes on where it was.
    """
    from rightful.withdrawal.exported import newest_export  # noqa: PLC0415 - when asked
    from rightful.withdrawal.withdraw import withdraw  # noqa: PLC0415 - when asked

    if out is not None and len(runs) > 1:
        raise InputError("one directory cannot take several versions", hint="leave --out out, or name one run")
    newest = newest_export(register)
    moment = now or datetime.now(UTC).isoformat(timespec="seconds")
    for run in runs:
        named = newest.version.removeprefix("sha256:")[:_VERSION_DIGITS]
        target = out or run.resolve().with_name(f"{run.resolve().name}-{named}")
        with _stages() as move:
            done = withdraw(
                run, register=newest, out=target, now=moment, receipts=receipts, signing_key=signing_key,
                make_key=make_key, train_log=train_log, legal_hold=legal_hold, dry_run=dry_run, on_progress=move,
            )  # fmt: skip
        _print(done, run, target, dry_run=dry_run)


def receipt_command(
    file: Annotated[Path, typer.Argument(help="Receipt.")],
    key: Annotated[Path, typer.Option(help="Public key of whoever signed it (PEM).")],
    run: Annotated[Path | None, typer.Option(help="The version without the records, or a later one.")] = None,
) -> None:
    """Test whether a receipt is signed by a key, and speaks of a run. Exit 1 if not."""
    from rightful.withdrawal.receipts import verify_receipt  # noqa: PLC0415 - when asked

    stated = verify_receipt(file, key, run=run)
    shown = table("", "")
    for name in ("reference", "records_removed", "at"):
        shown.add_row(name.replace("_", " "), plain(str(stated[name])))
    for name, label in (("earlier", "version before"), ("version", "version without them")):
        shown.add_row(label, plain(stated[name]["root"]))
    tested = stated["absence_test"]
    shown.add_row("absence test", f"{tested['found']:,} found among {tested['records']:,} records")
    console().print(shown)
    console().print("the receipt is signed by this key" + ("" if run is None else ", and speaks of this run"))


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage, one after the other."""
    with ExitStack() as shown:
        moves: dict[str, Callable[[int, int], None]] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in moves:
                shown.close()
                moves[stage] = shown.enter_context(progress(stage, "records"))
            moves[stage](done, total)

        yield move


def _print(done: Withdrawal, run: Path, target: Path, *, dry_run: bool) -> None:
    out, totals = console(), done.totals
    out.print(f"[bold]{plain(str(run))}[/bold]", soft_wrap=True)
    if done.not_looked_up:
        kinds = " and ".join(done.not_looked_up)
        out.print(f"  the records could not be looked up by {kinds}: the run holds no such column", style="yellow")
    if not totals.decided_otherwise:
        out.print("  nothing changed: the register names no record that is not out already")
        return
    summary = table("", "#")
    summary.add_row("records that would go" if dry_run else "records removed", f"{totals.removed:,}")
    summary.add_row("records with another label", f"{totals.relabelled:,}")
    summary.add_row("ledger rows decided otherwise", f"{totals.decided_otherwise:,}")
    summary.add_row("shards written anew", f"{len(totals.shards):,} of {totals.all_shards:,}")
    if done.absence is not None:
        summary.add_row("found in the test after the build", f"{done.absence.found:,} of {done.absence.records:,}")
    out.print(summary)
    _print_requests(totals.requests)
    if dry_run:
        out.print("nothing was made")
        return
    for exposure in done.exposed or ():
        out.print(
            f"  trained on it: {plain(exposure.model)} {plain(exposure.version)} {plain(exposure.at)}", soft_wrap=True
        )
    if done.receipts:
        out.print(f"receipts: {done.receipts[0].parent}", soft_wrap=True)
    if done.sealed is not None:
        out.print(f"legal hold: {done.sealed}", soft_wrap=True)
    out.print(f"version: {target}\nnext: rightful verify {target} --earlier {run}", soft_wrap=True)


def _print_requests(requests: dict[str, int]) -> None:
    if not requests:
        return
    listed = table("request", "#records")
    for reference, records in sorted(requests.items(), key=lambda item: (-item[1], item[0]))[:_MOST_SHOWN]:
        listed.add_row(plain(reference or "(no reference)"), f"{records:,}")
    if len(requests) > _MOST_SHOWN:
        listed.add_row(f"and {len(requests) - _MOST_SHOWN:,} more", "")
    console().print(listed)
