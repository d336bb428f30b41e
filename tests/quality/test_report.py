"""The report as a value: what follows from its results, and its JSON."""

import json

import pytest

from rightful.card.write import refuse_failed_quality
from rightful.errors import InputError, QualityGateError
from rightful.quality.report import QualityReport, Result

PASSED = Result("fine", "high:current", "Fine.", "critical", passed=True, asked=3, broken=0)
FAILED = Result("odd", "fault:high-error", "Odd.", "warning", 0.01, passed=False, asked=3, broken=1, examples=("é#1",))
CRITICAL = Result("bad", "high:clear-title", "Bad.", "critical", passed=False, asked=3, broken=3, examples=("a", "b"))
ABSENT = Result("gone", "high:current", "Gone.", "critical", not_applied="there is no column")
EMPTY = Result("any", "fault:severe-missing", "Any.", "critical", passed=False, asked=0)


def report(*results):
    return QualityReport("sha256:p", "sha256:s", "2026-08-01T12:00:00+00:00", 3, results)


def test_what_is_not_applied_is_neither_passed_nor_failed():
    told = report(PASSED, FAILED, CRITICAL, ABSENT).to_dict()
    assert (told["applied"], told["passed"], told["failed"], told["not_applied"]) == (3, 1, 2, 1)
    assert report(PASSED, FAILED, ABSENT).critical_failures == []
    assert report(FAILED, CRITICAL, EMPTY).critical_failures == [CRITICAL, EMPTY]


def test_numbers_are_told_for_people_too():
    assert [r.observed_text for r in (PASSED, FAILED, ABSENT, EMPTY)] == [
        "0 of 3", "1 of 3 (33.3333%)", "there is no column", "0 records",
    ]  # fmt: skip
    assert [r.threshold_text for r in (PASSED, FAILED, EMPTY)] == ["none", "at most 1%", "at least 1"]
    assert FAILED.share == 0.333333


def test_json_reads_back_and_is_canonical():
    whole = report(PASSED, FAILED, CRITICAL, ABSENT, EMPTY)
    told = whole.to_json()
    assert QualityReport.from_json(told) == whole
    assert told == json.dumps(json.loads(told), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "results": [{}]}'])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(InputError):
        QualityReport.from_json(text)


def test_a_critical_failure_stops_publication():
    refuse_failed_quality(report(PASSED, FAILED, ABSENT).to_dict(), "out")
    with pytest.raises(QualityGateError, match=r"bad: Bad. \(observed: 3 of 3 \(100%\)\)"):
        refuse_failed_quality(report(PASSED, CRITICAL).to_dict(), "out")
