"""Testing the quality again: the same requirements on the same shards must give the same report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.card.write import refuse_failed_quality
from rightful.errors import MissingExtraError, QualityGateError
from rightful.ledger.run_directory import CARD, QUALITY
from rightful.quality.report import QualityReport
from rightful.quality.suite import validate_run_directory

if TYPE_CHECKING:
    from rightful.ledger.run_directory import RunDirectory


def compare_quality(run: RunDirectory) -> tuple[list[str], str]:
    """Validate the shards again and compare; without the extra, look at what the report says of itself.

    Returns:
        What differs, and a note on how it was looked at.
    """
    text = (run.root / QUALITY).read_text(encoding="utf-8")
    stated = QualityReport.from_json(text)
    findings = []
    if (run.root / CARD).exists():
        try:
            refuse_failed_quality(stated.to_dict(), str(run.root))
        except QualityGateError as refusal:
            findings.append(f"{QUALITY}: {str(refusal).splitlines()[0]} and there is a card all the same")
    try:
        again = validate_run_directory(run)
    except MissingExtraError:
        shipped = sum(file.records for file in run.manifest.data)
        if stated.policy != run.manifest.policy["id"] or stated.rows != shipped:
            findings.append(f"{QUALITY} is of another policy, or of another number of records")
        return findings, "not tested again: rightful[quality] is not installed"
    if again.to_json() != text:
        findings.append(f"{QUALITY} is not what the data gives")
    return findings, f"{len(again.results):,} requirements tested again"
