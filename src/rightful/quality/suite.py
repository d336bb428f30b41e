"""Validation: the requirements of a policy, run by Great Expectations over the records that ship."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rightful.errors import MissingExtraError, RightfulError
from rightful.quality.report import MAX_EXAMPLES, QualityReport, Result
from rightful.quality.requirements import RECORDS_PRESENT, Requirement, requirements_for
from rightful.quality.shards import TABLE, flatten, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from rightful.policy.policy import Policy
    from rightful.screening.columns import Columns

_KEY = "record_id"


def validate_files(
    files: Sequence[Path],
    *,
    policy: Policy,
    columns: Columns,
    as_of: datetime | None = None,
    memory_limit: str = "1GB",
    threads: int = 2,
) -> QualityReport:
    """Validate the records that ship.

    Nothing is written but one temporary directory, which is removed; its size is a fraction of the shards'. Where
    there are no records, only their presence is tested, and fails: what would hold of nothing is not applied.

    Args:
        files: the shards, each with the label column; their order is that of the records.
        policy: whose thresholds count.
        columns: which column is what.
        as_of: the reference time of the run.
        memory_limit: how much memory DuckDB takes before it spills to disk.
        threads: how many threads DuckDB takes.

    Raises:
        InputError, MissingColumnError: the shards cannot be read, or are not as `columns` says.
        PolicyError: the policy skips a requirement that cannot be skipped.
        MissingExtraError: Great Expectations or DuckDB is not installed.
        RightfulError: a requirement could not be tested; that is neither passed nor failed.
    """
    requirements = requirements_for(policy, columns, as_of=as_of)
    with TemporaryDirectory(prefix="rightful-quality-") as scratch, _environment():
        engine = _engine()
        database = Path(scratch) / "records.duckdb"
        rows = flatten(files, columns, database, memory_limit=memory_limit, threads=threads)
        asked = [requirement if rows else _unless_empty(requirement) for requirement in requirements]
        applied = [requirement for requirement in asked if not requirement.not_applied]
        found = engine.validate_table(
            database, TABLE, _KEY, [requirement.configuration for requirement in applied],
            settings(Path(scratch), memory_limit, threads), MAX_EXAMPLES,
        )  # fmt: skip
    by_code = {one.expectation_config.meta["code"]: one for one in found}
    results = [_result(requirement, by_code.get(requirement.code)) for requirement in asked]
    moment = as_of and (as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)).isoformat()
    return QualityReport(policy.id, _digest(asked), moment, rows, tuple(results))


def _unless_empty(requirement: Requirement) -> Requirement:
    if requirement.code == RECORDS_PRESENT or requirement.not_applied:
        return requirement
    return replace(requirement, not_applied="there are no records")


def _engine() -> ModuleType:
    try:
        from rightful.quality import duckdb_engine  # noqa: PLC0415 - an extra, and it takes seconds
    except ImportError as error:
        raise MissingExtraError.named("quality", needs="Great Expectations with DuckDB") from error
    return duckdb_engine


@contextmanager
def _environment() -> Iterator[None]:
    """Leave the environment as it was: older versions report usage unless told not to, all set a variable."""
    names = ("GX_ANALYTICS_ENABLED", "SF_PARTNER")
    before = {name: os.environ.get(name) for name in names}
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _result(requirement: Requirement, found: Any) -> Result:
    """Take from a result of Great Expectations what is ours to keep: counts and ids, no values."""
    common = (requirement.code, requirement.test, requirement.statement, requirement.severity, requirement.tolerated)
    if requirement.not_applied:
        return Result(*common, not_applied=requirement.not_applied)
    if found is None or _raised(found.exception_info) or not found.result:
        kinds = sorted(_kinds(found.exception_info)) if found is not None else []
        raise RightfulError(
            f"the quality requirement {requirement.code!r} could not be tested: {', '.join(kinds) or 'no result'}",
            hint="nothing was passed or failed; the log of great_expectations says more",
            requirement=requirement.code,
        )
    result = found.result
    if requirement.code == RECORDS_PRESENT:
        return Result(*common, passed=bool(found.success), asked=int(result["observed_value"]))
    ids = [str(row[_KEY]) for row in result.get("partial_unexpected_index_list") or ()]
    return Result(
        *common,
        passed=bool(found.success),
        asked=int(result["element_count"]) - int(result.get("missing_count") or 0),
        broken=int(result["unexpected_count"]),
        examples=tuple(dict.fromkeys(ids))[:MAX_EXAMPLES],
    )


def _raised(told: dict[str, Any]) -> bool:
    """Tell whether an expectation raised: it says so itself, or for each metric it needed."""
    parts = [told, *(part for part in told.values() if isinstance(part, dict))]
    return any(part.get("raised_exception") for part in parts)


def _digest(requirements: list[Requirement]) -> str:
    """SHA-256 of the requirements in force: the standard, as it was applied."""
    standard = [r.configuration | {"test": r.test, "not_applied": r.not_applied} for r in requirements]
    canonical = json.dumps(standard, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
