"""Validation: the requirements of a policy, run by Great Expectations over the records that ship."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rightful.errors import MissingExtraError, RightfulError
from rightful.facts.moment import parse_time
from rightful.ledger.run_directory import POLICY
from rightful.policy.policy_file import read_policy
from rightful.quality.report import MAX_EXAMPLES, QualityReport, Result
from rightful.quality.requirements import RECORDS_PRESENT, Requirement, requirements_for
from rightful.quality.shards import KEY, TABLE, flatten, settings
from rightful.screening.columns import Columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import ModuleType

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy


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
    with _engine() as engine, TemporaryDirectory(prefix="rightful-quality-") as scratch:
        database = Path(scratch) / "records.duckdb"
        rows = flatten(files, columns, database, memory_limit=memory_limit, threads=threads)
        asked = [requirement if rows else _unless_empty(requirement) for requirement in requirements]
        applied = [requirement for requirement in asked if not requirement.not_applied]
        found = engine.validate_table(
            database,
            [requirement.configuration for requirement in applied],
            table=TABLE,
            key=KEY,
            examples=MAX_EXAMPLES,
            settings=settings(Path(scratch), memory_limit, threads),
        )
    by_code = {one.expectation_config.meta["code"]: one for one in found}
    results = [_result(requirement, by_code.get(requirement.code)) for requirement in asked]
    moment = parse_time(as_of)
    when = moment.astimezone(UTC).isoformat() if moment else None
    return QualityReport(policy.id, _digest(asked), when, rows, tuple(results))


def validate_run_directory(run: RunDirectory) -> QualityReport:
    """Validate the shards of a run by the policy in it; nothing is written.

    Raises:
        RunError: the folder is no finished run.
        and those of `validate_files`.
    """
    manifest = run.manifest
    return validate_files(
        run.data_files(),
        policy=read_policy(run.root / POLICY),
        columns=Columns.of(manifest.columns),
        as_of=parse_time(manifest.snapshot["as_of"]),
    )


def _unless_empty(requirement: Requirement) -> Requirement:
    if requirement.code == RECORDS_PRESENT or requirement.not_applied:
        return requirement
    return replace(requirement, not_applied="there are no records")


@contextmanager
def _engine() -> Iterator[ModuleType]:
    """Load the frameworks, and leave the environment as it was.

    Older versions of Great Expectations report usage unless told not to, and every version sets SF_PARTNER.
    """
    names = ("GX_ANALYTICS_ENABLED", "SF_PARTNER")
    before = {name: os.environ.get(name) for name in names}
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    try:
        yield _loaded()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _loaded() -> ModuleType:
    try:
        from rightful.quality import duckdb_engine  # noqa: PLC0415 - an extra, and it takes seconds
    except ModuleNotFoundError as error:
        raise MissingExtraError.named("quality", needs="Great Expectations with DuckDB") from error
    return duckdb_engine


def _result(requirement: Requirement, found: Any) -> Result:
    """Take from a result of Great Expectations what is ours to keep: counts and ids, no values."""
    common = (requirement.code, requirement.test, requirement.statement, requirement.severity, requirement.tolerated)
    if requirement.not_applied:
        return Result(*common, not_applied=requirement.not_applied)
    if found is None or not found.result or _raised(found.exception_info):
        told = sorted(_raised(found.exception_info)) if found is not None else []
        raise RightfulError(
            f"the quality requirement {requirement.code!r} could not be tested: {told[0] if told else 'no result'}",
            hint="it has neither passed nor failed; where memory ran out, raise memory_limit",
            requirement=requirement.code,
        )
    result = found.result
    if requirement.code == RECORDS_PRESENT:
        return Result(*common, passed=bool(found.success), asked=int(result["observed_value"]))
    ids = [str(row[KEY]) for row in result.get("partial_unexpected_index_list") or ()]
    return Result(
        *common,
        passed=bool(found.success),
        asked=int(result["element_count"]) - int(result.get("missing_count") or 0),
        broken=int(result["unexpected_count"]),
        examples=tuple(dict.fromkeys(ids))[:MAX_EXAMPLES],
    )


def _raised(told: dict[str, Any]) -> set[str]:
    """Give what an expectation raised; it tells so for itself, or for each metric it needed."""
    parts = [told, *(part for part in told.values() if isinstance(part, dict))]
    raised = [str(part.get("exception_message")) for part in parts if part.get("raised_exception")]
    # The first line only: the statement and a traceback follow. What was asked has no text to quote.
    return {(message.splitlines() or [""])[0] for message in raised}


def _digest(requirements: list[Requirement]) -> str:
    """SHA-256 of the requirements in force: the standard, as it was applied."""
    standard = [r.configuration | {"test": r.test, "not_applied": r.not_applied} for r in requirements]
    canonical = json.dumps(standard, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
