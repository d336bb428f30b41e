"""Quality as a task: Great Expectations, on the files as they ship."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.manifests import path_in
from rightful.airflow.operators.base import RightfulOperator, great_expectations_quiet
from rightful.errors import InputError, QualityGateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import XComArg

    from rightful.quality.report import QualityReport, Result

_SEVERITIES = ("critical", "warning", "info")  # the gravest first
_NAMED = 20


class ValidateQualityOperator(RightfulOperator):
    """Test the quality of a screened run, and stop the DAG where a requirement of some severity fails.

    The result is written into the run. Done again, it is written again, octet for octet the same.

    Args:
        run: directory of the run, or the manifest of the operator that made it.
        fail_on: "critical", "warning" or "info": failed requirements of this severity and graver ones fail the
            task. A run with a failed critical requirement gets no card, whatever is said here.

    Returns:
        {"run": path, "applied", "passed": numbers of requirements, "failed": their codes}.
    """

    template_fields: Sequence[str] = ("run", "fail_on")

    def __init__(
        self, *, run: str | Mapping[str, Any] | XComArg, fail_on: str | XComArg = "critical", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.run = run
        self.fail_on = fail_on

    def make(self) -> dict[str, Any]:
        """Validate.

        Raises:
            QualityGateError: requirements failed; names them.
            InputError: `fail_on` is no severity.
            RunError: the folder is no finished run.
            MissingExtraError: Great Expectations or DuckDB is not installed.
        """
        from rightful.runner.stages import validate_run

        if self.fail_on not in _SEVERITIES:
            raise InputError(f"fail_on is {self.fail_on!r}", hint=f"it is one of {', '.join(_SEVERITIES)}")
        run = str(Path(path_in(self.run, "run", "run")).resolve())
        with great_expectations_quiet():
            report = validate_run(run)
        self.log.info("%s of %s requirements hold\n%s", *_passed(report), "\n".join(map(_line, report.results)))
        grave = _SEVERITIES[: _SEVERITIES.index(str(self.fail_on)) + 1]
        failed = [result for result in report.failures if result.severity in grave]
        if failed:
            noun = "requirement" if len(failed) == 1 else "requirements"
            listed = "\n".join(f"  {row.code}: {row.statement} (observed: {row.observed_text})" for row in failed)
            raise QualityGateError(
                f"{len(failed)} quality {noun} failed:\n{listed}",
                hint=f"the failing rows' ids are in {run}/rightful/quality.json",
                failed=[result.code for result in failed],
            )
        passed, applied = _passed(report)
        return {
            "run": run,
            "applied": applied,
            "passed": passed,
            "failed": [result.code for result in report.failures[:_NAMED]],
        }


def _passed(report: QualityReport) -> tuple[int, int]:
    return len(report.applied) - len(report.failures), len(report.applied)


def _line(result: Result) -> str:
    sign = "-" if not result.applied else "✓" if result.passed else "✗"
    return f"  {sign} {result.code:<28} {result.severity:<9} {result.observed_text}"
