"""Withdrawing as a task: opt-outs that came later, taken out of datasets that were finished before."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.exports import GivenExport
from rightful.airflow.hooks.register import OptOutRegisterHook
from rightful.airflow.manifests import MAX_OCTETS, path_in
from rightful.airflow.operators.base import RightfulOperator, great_expectations_quiet
from rightful.airflow.operators.export import actor_in
from rightful.errors import InputError, RightfulError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context, XComArg

    from rightful.airflow.carried_out import CarriedOut
    from rightful.airflow.versions import Version
    from rightful.register.database import RegisterDatabase
    from rightful.register.export import Register
    from rightful.withdrawal.withdraw import Withdrawal

_REPORT = "latest.json"


class WithdrawOperator(RightfulOperator):
    """Take what was opted out by now out of finished datasets: a new version of each that holds any of it.

    Each dataset is taken up where the last withdrawal left it; versions lie in `out`, a folder for each dataset whose
    `HEAD` names the newest. Versions before stay as they are. A dataset that holds nothing of what was opted out gets
    no new version. Done again with the same register, everything is found done.

    Args:
        runs: the datasets: a path or pattern, a manifest, or a list of them. What a pattern finds and is no finished,
            screened run is left out.
        register: manifest of `ExportOptOutsOperator`, the folder it exports to, or path of an exported register.
        out: folder of the versions; made if there is none.
        receipts: folder of the receipts, one for each request that took anything out. Empty: beside each version.
        signing_key: ed25519 key file (PEM) that receipts are signed with. Empty: there are no receipts.
        train_log: file that says which models were trained on which dataset. Empty: nobody knows.
        legal_hold: file of the key under which removed records are sealed and kept. Empty: they are not, and the task
            fails where the register has requests under legal hold.
        register_conn_id: connection of the register, where requests that took records out are moved on: matched,
            removed, and confirmed where there is a receipt. Empty: they are not.
        max_register_age_hours: fail for good where the register was exported longer ago, or nobody knows when. None:
            as the export says.

    Returns:
        {"runs": paths of the newest version of each dataset, as many as fit, "datasets", "versions", "removed": numbers
        of datasets, of versions made now, and of records they lost, "register": version, "requests": {"named", "moved",
        "left"} numbers, "receipts": path or None, "not_looked_up": kinds of opt-outs that records cannot be asked for,
        "report": path of a JSON file with every dataset}.
    """

    template_fields: Sequence[str] = (
        "runs", "register", "out", "receipts", "signing_key", "train_log", "legal_hold", "register_conn_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        runs: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | XComArg,
        register: str | Mapping[str, Any] | XComArg,
        out: str | XComArg,
        receipts: str | XComArg | None = None,
        signing_key: str | XComArg | None = None,
        train_log: str | XComArg | None = None,
        legal_hold: str | XComArg | None = None,
        register_conn_id: str | XComArg | None = None,
        max_register_age_hours: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.runs = runs
        self.register = register
        self.out = out
        self.receipts = receipts
        self.signing_key = signing_key
        self.train_log = train_log
        self.legal_hold = legal_hold
        self.register_conn_id = register_conn_id
        self.max_register_age_hours = max_register_age_hours

    def execute(self, context: Context) -> dict[str, Any]:
        """Withdraw; return the manifest."""
        self._actor = actor_in(context)
        return super().execute(context)

    def make(self) -> dict[str, Any]:
        """Withdraw from every dataset, one after the other.

        Raises:
            InputError: no datasets were named, or a key or the train log cannot be read.
            RegisterError: the export is too old or altered, or the register of the connection cannot be used.
            RunError, VerificationError, QualityGateError, MissingExtraError: as `withdraw` says, of one dataset, after
                all others were done.
        """
        from rightful.airflow.versions import newest_versions
        from rightful.files import write_whole

        out = Path(path_in(self.out, "out")).resolve()
        now = datetime.now(UTC)
        register = GivenExport.read(self.register).open_if_fresh(self.max_register_age_hours, now=now)
        register.verify()
        versions, failed = newest_versions(self.runs, out)
        for error in failed:
            self.log.error("%s", error)
        done = _Done()
        hook = OptOutRegisterHook(path_in(self.register_conn_id, "register_conn_id")) if self.register_conn_id else None
        with hook.opened() if hook else nullcontext() as database:
            self._refuse_unkept(database)
            for version in versions:
                try:
                    self._withdraw(version, register, database, now, done)
                except RightfulError as error:  # the other datasets do not wait until somebody has mended this one
                    self.log.error("%s: %s", version.run, error)  # noqa: TRY400 - raised below
                    failed.append(error)
            if failed:
                raise next((error for error in failed if error.retryable), failed[0])
        write_whole(out / _REPORT, (json.dumps({"datasets": done.datasets}, indent=1) + "\n").encode())
        self.log.info("%s records taken out of %s datasets", f"{done.removed:,}", f"{done.made:,}")
        return self._manifest(done, register, out / _REPORT)

    def _withdraw(
        self, version: Version, register: Register, database: RegisterDatabase | None, now: datetime, done: _Done
    ) -> None:
        from rightful.airflow.carried_out import carry_out
        from rightful.withdrawal.withdraw import withdraw

        if version.register == register.version:  # it was made, or screened, by this very register
            done.add(version.run, version.run)
            return
        with great_expectations_quiet():
            made = withdraw(
                version.run,
                register=register,
                out=version.next(register.version),
                now=now.isoformat(timespec="seconds"),
                receipts=_path(self.receipts, "receipts"),
                signing_key=_path(self.signing_key, "signing_key"),
                train_log=_path(self.train_log, "train_log"),
                legal_hold=_path(self.legal_hold, "legal_hold"),
            )
        if made.not_looked_up:
            kinds = ", ".join(made.not_looked_up)
            self.log.warning("%s: its records have no column to look up opt-outs by: %s", version.run, kinds)
        if made.out is None:
            done.add(version.run, version.run, made)
            return
        self.log.info("%s: %s records taken out, now %s", version.run, f"{made.removed:,}", made.out)
        carried = carry_out(made, database, actor=self._actor, now=now) if database else None
        # The last step: whatever stops before it is done again, and finds what was done.
        version.succeed(made.out)
        done.add(version.run, made.out, made, carried)

    def _refuse_unkept(self, database: RegisterDatabase | None) -> None:
        if database is None or self.legal_hold:
            return
        held = len(database.under_legal_hold())
        if held:
            raise InputError(
                f"{held} requests are under legal hold, and nothing says how to seal what they take out",
                hint="give the operator legal_hold=…, the file of a key: rightful optout keys new FILE",
            )

    def _manifest(self, done: _Done, register: Register, report: Path) -> dict[str, Any]:
        manifest: dict[str, Any] = {
            "runs": [],
            "datasets": len(done.datasets),
            "versions": done.made,
            "removed": done.removed,
            "register": register.version,
            "requests": {"named": done.named, "moved": done.moved, "left": done.left},
            "receipts": _path(self.receipts, "receipts"),
            "not_looked_up": sorted(done.not_looked_up),
            "report": str(report),
        }
        room = MAX_OCTETS - len(json.dumps(manifest)) - 1
        for dataset in done.datasets:
            room -= len(json.dumps(dataset["run"])) + 2
            if room < 0:
                self.log.warning("not all datasets fit into the manifest; all are in %s", report)
                break
            manifest["runs"].append(dataset["run"])
        return manifest


def _path(value: Any, argument: str) -> str | None:
    return str(Path(path_in(value, argument)).resolve()) if value else None


@dataclass(slots=True)
class _Done:
    """What was done so far."""

    datasets: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0
    removed: int = 0
    named: int = 0
    moved: int = 0
    left: int = 0
    not_looked_up: set[str] = field(default_factory=set)

    def add(self, before: Path, run: Path, made: Withdrawal | None = None, carried: CarriedOut | None = None) -> None:
        removed = made.removed if made else 0
        exposed = None if made is None or made.exposed is None else len(made.exposed)
        self.datasets.append({"run": str(run), "before": str(before), "removed": removed, "models_exposed": exposed})
        self.made += run != before
        self.removed += removed
        self.not_looked_up.update(made.not_looked_up if made else ())
        if made is not None:
            self.named += sum(bool(reference) for reference in made.totals.requests)
        if carried is not None:
            self.moved += carried.moved
            self.left += carried.left
