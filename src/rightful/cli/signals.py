"""`rightful capture`, `rightful snapshot`: what is known of sites before anything is screened."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rightful.errors import InputError
from rightful.terminal import console, plain, progress, table, visible

snapshot_app = typer.Typer(help="Import and show captured signals.", no_args_is_help=True, rich_markup_mode=None)

_Store = Annotated[Path, typer.Option("--out", help="Directory of the snapshot store; made if there is none.")]


def capture_command(
    out: _Store,
    hosts: Annotated[list[str] | None, typer.Argument(help="Hosts, origins or URLs.")] = None,
    file: Annotated[Path | None, typer.Option("--hosts", help="File with one host or URL a line.")] = None,
    records: Annotated[
        list[str] | None, typer.Option("--from", help="Records whose sites are to be captured (pattern).")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy with a [capture] section, and column names.")] = None,
    connect_to: Annotated[
        str | None, typer.Option(metavar="ADDRESS:PORT", help="Connect there whatever the host, as curl does.")
    ] = None,
) -> None:
    """Fetch the signal files of sites (robots.txt, tdmrep.json, ...) into a snapshot. Stopped, it goes on."""
    from rightful.policy.policy_file import parse_policy, policy_template, read_policy  # noqa: PLC0415 - when asked
    from rightful.snapshot.capture import capture_signals  # noqa: PLC0415 - opens sockets: when asked

    rules = read_policy(policy) if policy else parse_policy(policy_template())
    asked = list(hosts or [])
    if file is not None:
        asked += _lines(file)
    documents: dict[str, str] = {}
    if records:
        from rightful.runner.origins import to_capture  # noqa: PLC0415 - when asked

        found = to_capture(records, rules)
        asked += found.origins
        documents = found.documents
    if not asked:
        raise InputError("nothing to capture", hint="name hosts, or --hosts FILE, or --from 'records/*.parquet'")
    target = None
    if connect_to:
        address, _, port = connect_to.rpartition(":")
        target = (address, int(port))
    with progress("capture", "files") as move:
        report = capture_signals(
            asked, out, settings=rules.capture, documents=documents, on_progress=move, connect_to=target
        )
    for text in report.unreadable[:10]:
        typer.echo(f"not a host, left out: {visible(text)}", err=True)
    summary = table("outcome", "#files")
    for outcome, count in sorted(report.outcomes.items()):
        summary.add_row(outcome, f"{count:,}")
    console().print(summary)
    for origin, why in list(report.refused.items())[:10]:
        console().print(f"refused: {plain(origin)}: {why}", style="yellow", soft_wrap=True)
    console().print(f"{out}  {report.digest}", soft_wrap=True)
    if set(report.outcomes) == {"unreachable"}:
        console().print(
            "no site could be reached: what was captured denies everything. Is there a network?",
            style="yellow",
            soft_wrap=True,
        )


def _lines(file: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}", file=str(file)) from error
    stripped = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]


@snapshot_app.command("import")
def import_command(
    file: Annotated[
        Path,
        typer.Argument(help="Parquet or JSONL with host or robots_url, body, fetched_at, ...; or .warc, .warc.gz."),
    ],
    out: _Store,
    column: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=COLUMN", help="Say which column is what, if not found by name.")
    ] = None,
) -> None:
    """Add signal files that others captured: tables of robots.txt files, or WARC files of a crawl."""
    from rightful.snapshot.importing import import_captures  # noqa: PLC0415 - when asked

    columns = dict(pair.split("=", 1) for pair in column or [] if "=" in pair)
    report = import_captures(file, out, columns=columns)
    summary = table("outcome", "#captures")
    for outcome, count in sorted(report.outcomes.items(), key=lambda item: -item[1]):
        summary.add_row(outcome, f"{count:,}")
    for reason, count in report.left_out.items():
        summary.add_row(plain(f"left out: {reason} ({report.examples[reason]})"), f"{count:,}")
    summary.add_row("rows in all", f"{report.rows:,}")
    console().print(summary)
    console().print()
    if report.columns:
        used = ", ".join(f"{role} from {name!r}" for role, name in report.columns.items())
        console().print(f"read: {used}", soft_wrap=True)
    console().print(f"{out}  {report.digest}", soft_wrap=True)


@snapshot_app.command("show")
def show_snapshot_command(store: Annotated[Path, typer.Argument(help="Directory of a snapshot store.")]) -> None:
    """List the versions of a store, and what the newest one holds."""
    from rightful.snapshot.store import Snapshot, versions  # noqa: PLC0415 - when asked

    listed = table("version", "#captures", "newest capture")
    for snapshot in versions(store):
        listed.add_row(snapshot.digest, f"{len(snapshot):,}", str(snapshot.as_of or "unknown"))
    console().print(listed)
    newest = Snapshot.open(store)
    outcomes = table("outcome", "#captures", title="\nNewest version")
    for row in newest.captures.group_by("outcome").aggregate([([], "count_all")]).sort_by("outcome").to_pylist():
        outcomes.add_row(row["outcome"], f"{row['count_all']:,}")
    console().print(outcomes)
