"""Screening and labelling as tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rightful.airflow.exports import GivenExport
from rightful.airflow.manifests import path_in, paths_in, run_manifest
from rightful.airflow.operators.base import RightfulOperator
from rightful.errors import InputError, RegisterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import XComArg

    from rightful.ledger.manifest import Counts
    from rightful.register.export import Register
    from rightful.runner.plan import Mode
    from rightful.snapshot.store import Snapshot


class _DecidingOperator(RightfulOperator):
    template_fields: Sequence[str] = ("records", "policy", "snapshot", "register", "out")
    mode: ClassVar[Mode]

    def __init__(
        self,
        *,
        records: str | Sequence[str] | XComArg,
        policy: str | XComArg,
        snapshot: str | Mapping[str, Any] | XComArg,
        register: str | Mapping[str, Any] | XComArg | None = None,
        out: str | XComArg,
        processes: int = 1,
        overwrite: bool = False,
        max_register_age_hours: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.records = records
        self.policy = policy
        self.snapshot = snapshot
        self.register = register
        self.out = out
        self.processes = processes
        self.overwrite = overwrite
        self.max_register_age_hours = max_register_age_hours

    def make(self) -> dict[str, Any]:
        """Make the run, or find that it was made.

        Raises:
            InputError: no records were named, or they cannot be read.
            RegisterError: the export of the register is too old, or nothing says how old it is.
            PolicyError, SnapshotError, RegisterError, MissingColumnError, RunError, WorkerLostError: as
                `screen_files` says.
        """
        from rightful.files import digest_of
        from rightful.ledger.run_directory import MANIFEST
        from rightful.runner.run import screen_files

        records = paths_in(self.records, "records")
        if not records:
            raise InputError("no records were named", hint="give the operator records=…, a path or pattern or a list")
        out = Path(path_in(self.out, "out")).resolve()
        manifest = screen_files(
            path_in(self.policy, "policy"),
            records,
            snapshot=_snapshot(self.snapshot),
            register=self._register(),
            out=out,
            mode=self.mode,
            processes=self.processes,
            overwrite=self.overwrite,
        )
        self.log.info("%s\n%s", out, _table(manifest.counts))
        return run_manifest(out, manifest, manifest_sha256=digest_of(out / MANIFEST))

    def _register(self) -> Register | None:
        if not self.register:
            if self.max_register_age_hours is None:
                return None
            raise RegisterError(
                "no register was given, and max_register_age_hours says that there is one",
                hint="give the operator register=…, such as .output of ExportOptOutsOperator",
            )
        # The clock decides whether the task runs, never what becomes of a record.
        return GivenExport.read(self.register).open_if_fresh(self.max_register_age_hours, now=datetime.now(UTC))


class ScreenRecordsOperator(_DecidingOperator):
    """Keep the admitted records, labelled; write a ledger with the decision about every record.

    The same inputs and rules give the same run: a task that is tried again or cleared goes on where it stopped, and
    finds a finished run finished.

    Args:
        records: a path, folder or pattern, or a list of them: .parquet, .jsonl (.gz, .zst), .arrow.
        policy: path of the policy file.
        snapshot: directory of a snapshot store, whose newest version is used; or the manifest of
            `CaptureSignalsOperator`, for the very version that was captured.
        register: path of the exported opt-outs, the folder that `ExportOptOutsOperator` exports to, or its manifest.
            Empty: none were received.
        out: directory to be made. Where records or signals change from run to run it must as well: put
            `{{ run_id }}` into it, or let `overwrite` replace the run before.
        processes: worker processes; the result does not depend on it.
        overwrite: replace a finished run of other inputs or rules.
        max_register_age_hours: fail for good where the register was exported longer ago, or nobody knows when: what
            exports it may have stopped, and that says nothing by itself. None: as the connection of the register
            says, if the register comes from `ExportOptOutsOperator`.

    Returns:
        {"run": path, "data": path of the folder with the records, "manifest_sha256", "root": digests, "records":
        {"in_all", "admitted", "held", "excluded"}, "by_reason": {reason: number}, "policy", "snapshot", "register":
        digests}.
    """

    mode: ClassVar[Mode] = "screen"


class LabelRecordsOperator(_DecidingOperator):
    """Label every record and drop none: to look at what screening would do. What it makes gets no card.

    Arguments and manifest are those of `ScreenRecordsOperator`; the label is the struct column `rights`.
    """

    mode: ClassVar[Mode] = "label"


def _snapshot(value: Any) -> Snapshot | str:
    from rightful.snapshot.store import Snapshot

    path = path_in(value, "snapshot", "snapshot")
    return Snapshot.open(path, value.get("digest")) if isinstance(value, Mapping) else path


def _table(counts: Counts) -> str:
    rows = (("admitted", counts.admit), ("held", counts.hold), ("excluded", counts.exclude), ("in all", counts.records))
    share = 100 / (counts.records or 1)
    return "\n".join(f"  {name:<9} {records:>14,} {records * share:>7.2f} %" for name, records in rows)
