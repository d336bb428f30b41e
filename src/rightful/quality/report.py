"""The result of a validation as a value: counts, shares and ids, the same for the same shards on every machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rightful.errors import InputError
from rightful.quality.expectations import percent

if TYPE_CHECKING:
    from rightful.quality.requirements import Severity

FORMAT = 1
MAX_EXAMPLES = 20
_SHARE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one requirement.

    Attributes:
        code, test, statement, severity: those of the requirement.
        tolerated: share of the records that may break it.
        not_applied: why it was not tested; empty where it was.
        passed: whether it holds; None where it was not tested.
        asked: how many records it was asked of.
        broken: how many of them break it.
        examples: ids of some that do, `MAX_EXAMPLES` at most.
    """

    code: str
    test: str
    statement: str
    severity: Severity
    tolerated: float = 0.0
    not_applied: str = ""
    passed: bool | None = None
    asked: int | None = None
    broken: int | None = None
    examples: tuple[str, ...] = ()

    @property
    def applied(self) -> bool:
        """Whether it was tested."""
        return not self.not_applied

    @property
    def share(self) -> float | None:
        """Share of the records asked that break it, rounded; None where none was asked."""
        return None if self.broken is None or not self.asked else round(self.broken / self.asked, _SHARE_DIGITS)

    @property
    def observed_text(self) -> str:
        """What was found, for people."""
        if not self.applied:
            return self.not_applied
        if self.broken is None:
            return f"{self.asked:,} records"
        return f"{self.broken:,} of {self.asked:,}" + (f" ({percent(self.share)})" if self.share else "")

    @property
    def threshold_text(self) -> str:
        """What is tolerated, for people."""
        if self.broken is None and self.applied:
            return "at least 1"
        return f"at most {percent(self.tolerated)}" if self.tolerated else "none"


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Every requirement of a policy, and what became of it.

    Attributes:
        policy: id of the policy whose thresholds counted.
        suite: digest of the requirements as they were tested: codes, expectations, thresholds.
        as_of: reference time, ISO 8601; None where there was none.
        rows: how many records there are.
        results: of every requirement, those not tested included, in the order of `requirements_for`.
    """

    policy: str
    suite: str
    as_of: str | None
    rows: int
    results: tuple[Result, ...]

    @property
    def applied(self) -> list[Result]:
        """Those that were tested."""
        return [result for result in self.results if result.applied]

    @property
    def failures(self) -> list[Result]:
        """Those that were tested and do not hold."""
        return [result for result in self.applied if not result.passed]

    @property
    def critical_failures(self) -> list[Result]:
        """The failures that stop publication."""
        return [result for result in self.failures if result.severity == "critical"]

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON values: each result with what follows from it, and how many there are of which."""
        return {
            "format": FORMAT,
            "policy": self.policy,
            "suite": self.suite,
            "as_of": self.as_of,
            "rows": self.rows,
            "applied": len(self.applied),
            "not_applied": len(self.results) - len(self.applied),
            "passed": len(self.applied) - len(self.failures),
            "failed": len(self.failures),
            "results": [_row(result) for result in self.results],
        }

    def to_json(self) -> str:
        """Write the report: keys sorted, no clock, no machine, no text or URL of any record."""
        return json.dumps(self.to_dict(), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> QualityReport:
        """Read what `to_json` wrote.

        Raises:
            InputError: it is no report, or one of a format this version does not read.
        """
        try:
            value = json.loads(text)
            if value["format"] != FORMAT:
                raise InputError(f"a quality report of format {value['format']!r}; this version reads {FORMAT}")
            results = tuple(_result(row) for row in value["results"])
            return cls(value["policy"], value["suite"], value["as_of"], value["rows"], results)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"this is no quality report: {error!r}") from error


_STORED = tuple(Result.__dataclass_fields__)


def _row(result: Result) -> dict[str, Any]:
    derived = ("applied", "share", "observed_text", "threshold_text")
    return {**asdict(result), "examples": list(result.examples)} | {name: getattr(result, name) for name in derived}


def _result(row: dict[str, Any]) -> Result:
    return Result(**{name: row[name] for name in _STORED} | {"examples": tuple(row["examples"])})
