"""`rightful run`, and each of its stages by itself: screen, label, validate, card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.errors import QualityGateError
from rightful.terminal import console, plain, print_counts, progress, table

if TYPE_CHECKING:
    from rightful.ledger.manifest import Manifest
    from rightful.quality.report import QualityReport
    from rightful.runner.plan import Mode

_Policy = Annotated[Path, typer.Argument(help="Policy file; rightful policy init writes one.")]
_Input = Annotated[
    list[str],
    typer.Option(
        "--input",
        "-i",
        help="Records: file, folder or pattern; .parquet, .jsonl(.gz/.zst), .arrow, .warc(.gz/.zst). Repeatable.",
    ),
]
_Snapshot = Annotated[Path, typer.Option(help="Snapshot store with the captured signals.")]
_Register = Annotated[Path | None, typer.Option(help="Register of opt-outs; rightful optout import writes one.")]
_Out = Annotated[Path, typer.Option(help="Directory to make.")]
_Processes = Annotated[int, typer.Option("--processes", "-p", min=1, help="Worker processes; the result is the same.")]
_Time = Annotated[str | None, typer.Option(help="Time the card states (ISO 8601); by default of the newest capture.")]
_Overwrite = Annotated[bool, typer.Option(help="Replace a finished run of other inputs or rules.")]
_Folder = Annotated[Path, typer.Argument(help="Run directory.")]


def run_command(
    policy: _Policy,
    input: _Input,  # noqa: A002 - the option's name
    snapshot: _Snapshot,
    out: _Out,
    register: _Register = None,
    processes: _Processes = 1,
    reference_time: _Time = None,
    overwrite: _Overwrite = False,
) -> None:
    """Screen, validate and document records: everything a run directory holds.

    Stopped at any point, the same command goes on where it was.
    """
    from rightful.ledger.run_directory import RunDirectory  # noqa: PLC0415 - when asked
    from rightful.runner.partial import partial_folder  # noqa: PLC0415 - when asked
    from rightful.runner.stages import run_files  # noqa: PLC0415 - when asked

    try:
        with progress("screen", "records") as move:
            finished = run_files(
                policy, input, snapshot=snapshot, register=register, out=out, processes=processes,
                reference_time=reference_time, overwrite=overwrite, on_progress=move,
            )  # fmt: skip
    except QualityGateError:
        made = partial_folder(out.resolve())
        print_counts(RunDirectory(made if made.exists() else out).manifest)  # why, most often
        raise
    print_counts(finished.manifest)
    console().print()
    _print_quality(finished.quality)
    console().print(f"\ncard: {finished.card}", soft_wrap=True)
    console().print(f"next: rightful verify {out}    rightful explain {out} --url URL", soft_wrap=True)


def screen_command(
    policy: _Policy,
    input: _Input,  # noqa: A002 - the option's name
    snapshot: _Snapshot,
    out: _Out,
    register: _Register = None,
    processes: _Processes = 1,
    reference_time: _Time = None,
    overwrite: _Overwrite = False,
    ledger_only: Annotated[bool, typer.Option(help="Decide and write the ledger; copy no text.")] = False,
) -> None:
    """Keep the admitted records, labelled; write the ledger of all."""
    mode: Mode = "ledger" if ledger_only else "screen"
    print_counts(
        _screened(policy, input, snapshot, register, out, mode, processes, reference_time, overwrite=overwrite)
    )


def label_command(
    policy: _Policy,
    input: _Input,  # noqa: A002 - the option's name
    snapshot: _Snapshot,
    out: _Out,
    register: _Register = None,
    processes: _Processes = 1,
    reference_time: _Time = None,
    overwrite: _Overwrite = False,
) -> None:
    """Label every record and drop none: for your own eyes, not for publication."""
    print_counts(
        _screened(policy, input, snapshot, register, out, "label", processes, reference_time, overwrite=overwrite)
    )


def _screened(
    policy: Path,
    inputs: list[str],
    snapshot: Path,
    register: Path | None,
    out: Path,
    mode: Mode,
    processes: int,
    reference_time: str | None,
    *,
    overwrite: bool,
) -> Manifest:
    from rightful.runner.run import screen_files  # noqa: PLC0415 - when asked

    with progress("screen", "records") as move:
        return screen_files(
            policy, inputs, snapshot=snapshot, register=register, out=out, mode=mode, processes=processes,
            reference_time=reference_time, overwrite=overwrite, on_progress=move,
        )  # fmt: skip


def validate_command(folder: _Folder) -> None:
    """Test the quality of a screened run with Great Expectations, on the files as they ship."""
    from rightful.runner.stages import validate_run  # noqa: PLC0415 - when asked

    report = validate_run(folder)
    _print_quality(report)
    if report.critical_failures:
        raise typer.Exit(1)


def card_command(folder: _Folder) -> None:
    """Write the dataset card of a screened and validated run."""
    from rightful.card.write import write_card  # noqa: PLC0415 - when asked

    console().print(f"card: {write_card(folder)}", soft_wrap=True)


def _print_quality(report: QualityReport) -> None:
    listed = table("quality requirement", "severity", "result", "observed")
    for row in report.results:
        result = ("passed" if row.passed else "[red]failed[/red]") if row.applied else "not applied"
        listed.add_row(row.code, row.severity, result, plain(row.observed_text))
    console().print(listed)
