"""Capture as a task: the only one that uses the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.manifests import path_in, paths_in
from rightful.airflow.operators.base import RightfulOperator
from rightful.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import XComArg

    from rightful.snapshot.capture import CaptureReport

_TOLD = 10


class CaptureSignalsOperator(RightfulOperator):
    """Fetch the robots.txt of sites into a snapshot store, as one new version of it.

    Stopped half-way, the next try goes on where this one was. Done again after it was done, it asks the sites again
    (those that answer "not modified" send nothing), and the store has one version more: what the sites say now.

    Args:
        policy: path of the policy file; its `[capture]` section says how, its `[columns]` where URLs are.
        snapshot: directory of the snapshot store; made if there is none.
        records: records whose sites are captured: a path, folder or pattern, or a list of them.
        hosts: hosts, origins or URLs to capture, one or a list; besides those of the records.
        connect_to: "ADDRESS:PORT" that every connection goes to whatever its host, as curl's --connect-to: for an
            egress gateway, or a web of your own. Empty: none.

    Returns:
        {"snapshot": path, "digest": of the version, "origins", "captured", "unchanged", "resumed": numbers,
        "outcomes": {outcome: number}, "refused", "unreadable": numbers}. Screening takes it as its `snapshot`, and
        then screens with this very version.
    """

    template_fields: Sequence[str] = ("policy", "snapshot", "records", "hosts", "connect_to")

    def __init__(
        self,
        *,
        policy: str | XComArg,
        snapshot: str | XComArg,
        records: str | Sequence[str] | XComArg | None = None,
        hosts: str | Sequence[str] | XComArg | None = None,
        connect_to: str | XComArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.policy = policy
        self.snapshot = snapshot
        self.records = records
        self.hosts = hosts
        self.connect_to = connect_to

    def make(self) -> dict[str, Any]:
        """Capture.

        Raises:
            InputError: nothing to capture was named, or the records cannot be read.
            MissingColumnError, PolicyError, SnapshotError, CaptureError: as `capture_signals` and the policy say.
        """
        from rightful.policy.policy_file import read_policy
        from rightful.runner.origins import to_capture
        from rightful.snapshot.capture import capture_signals

        rules = read_policy(path_in(self.policy, "policy"))
        store = Path(path_in(self.snapshot, "snapshot")).resolve()
        asked = paths_in(self.hosts, "hosts")
        records = paths_in(self.records, "records")
        documents: dict[str, str] = {}
        if records:
            found = to_capture(records, rules)
            asked += found.origins
            documents = found.documents
        if not asked:
            raise InputError(
                "nothing to capture: no host was named, and no record has a URL",
                hint="give the operator records=… or hosts=…",
            )
        report = capture_signals(
            asked, store, settings=rules.capture, documents=documents, connect_to=_address(self.connect_to)
        )
        self._tell(report)
        return {
            "snapshot": str(store),
            "digest": report.digest,
            "origins": report.origins,
            "captured": report.captured,
            "unchanged": report.unchanged,
            "resumed": report.resumed,
            "outcomes": report.outcomes,
            "refused": len(report.refused),
            "unreadable": len(report.unreadable),
        }

    def _tell(self, report: CaptureReport) -> None:
        lines = [f"  {outcome:<12} {sites:>10,}" for outcome, sites in report.outcomes.items()]
        self.log.info(
            "captured %s signal files of %s sites\n%s", f"{report.captured:,}", f"{report.origins:,}", "\n".join(lines)
        )
        for origin, why in list(report.refused.items())[:_TOLD]:
            self.log.warning("refused to connect to %s: %s", origin, why)
        if report.unreadable:
            self.log.warning("%s of the hosts are none and were left out", f"{len(report.unreadable):,}")


def _address(text: Any) -> tuple[str, int] | None:
    if not text:
        return None
    address, _, port = str(text).rpartition(":")
    if not address or not port.isdecimal():
        raise InputError(f"connect_to is {text!r}", hint='write it as "ADDRESS:PORT", such as "127.0.0.1:8080"')
    return address.strip("[]"), int(port)
