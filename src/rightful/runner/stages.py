"""The stages after screening, and all of them in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.card.write import refuse_failed_quality, write_card
from rightful.files import write_whole
from rightful.ledger.checksums import write_checksums
from rightful.ledger.run_directory import MATCHING, POLICY, QUALITY, README, RunDirectory
from rightful.policy.policy_file import read_policy
from rightful.quality.matcher import matcher_json, try_matcher
from rightful.quality.report import QualityReport
from rightful.quality.suite import validate_run_directory
from rightful.runner.run import begun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rightful.ledger.manifest import Manifest
    from rightful.register.export import Register
    from rightful.snapshot.store import Snapshot


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run with everything in it: its folder, manifest, quality, and the path of its README."""

    folder: Path
    manifest: Manifest
    quality: QualityReport
    card: Path


def run_files(
    policy: str | Path,
    inputs: str | Path | Sequence[str | Path],
    *,
    snapshot: Snapshot | str | Path,
    register: Register | str | Path | None = None,
    out: str | Path,
    processes: int = 1,
    reference_time: str | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> FinishedRun:
    """Screen, validate and document files; `out` appears when all of it is done.

    Args and errors are those of `run.screen_files`; besides:

    Raises:
        QualityGateError: a critical requirement failed. Nothing is published: what was made stays in
            `OUT.partial`, with the result of the quality requirements.
        CardError: the card would claim what nobody checked.
    """
    with begun(
        policy, inputs, snapshot=snapshot, register=register, out=out, mode="screen",
        reference_time=reference_time, overwrite=overwrite,
    ) as run:  # fmt: skip
        folder = run.out
        if not run.is_screened:
            run.screen(processes=processes, on_progress=on_progress)
            folder = run.folder
        if not (folder / README).exists():
            report = validate_run(folder)
            refuse_failed_quality(report.to_dict(), str(folder))
            write_card(folder)
        if folder != run.out:
            run.publish()
    finished = RunDirectory(run.out)
    quality = QualityReport.from_json((run.out / QUALITY).read_text(encoding="utf-8"))
    return FinishedRun(run.out, finished.manifest, quality, run.out / README)


def validate_run(folder: str | Path) -> QualityReport:
    """Test the quality of a screened run and write `rightful/quality.json` into it.

    Where texts were compared with the works of a register, the matcher is tried on a sample of the records that ship
    as well: `rightful/matching.json`.

    Raises:
        RunError: the folder is no finished run.
        MissingExtraError: Great Expectations or DuckDB is not installed.
    """
    run = RunDirectory(folder)
    report = validate_run_directory(run)
    tried = try_matcher(run, read_policy(run.root / POLICY))
    if tried is not None:
        write_whole(run.root / MATCHING, matcher_json(tried).encode())
    write_whole(run.root / QUALITY, report.to_json().encode())
    write_checksums(run.root)
    return report
