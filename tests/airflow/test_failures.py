"""A refusal by rule fails a task for good; what trying again may cure is left to its retries."""

import json
import traceback

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from rightful.airflow import (
    CaptureSignalsOperator,
    LabelRecordsOperator,
    ScreenRecordsOperator,
    ValidateQualityOperator,
    WriteDatasetCardOperator,
)
from rightful.airflow.failures import failing_as_airflow_does
from rightful.errors import CaptureError, MissingExtraError, RightfulError, WorkerLostError

MARKER = "zebra-crossing"


def a_screening(demo_inputs, rules, tmp_path, **other):
    arguments = {"records": str(demo_inputs.records), "out": str(tmp_path / "out"), **rules, **other}
    return ScreenRecordsOperator(task_id="screen", **arguments)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"policy": "nowhere.toml"}, r"\[policy\] no policy can be read from nowhere.toml"),
        (
            {"snapshot": "nowhere"},
            r"\[snapshot\] nowhere is no snapshot store\n  hint: make one with: rightful capture",
        ),
        ({"snapshot": {"snapshot": "nowhere", "digest": "sha256:00"}}, r"\[snapshot\] no snapshot version"),
        ({"snapshot": {"run": "nowhere"}}, r"\[input\] snapshot is no path"),
        ({"register": "nowhere.arrow"}, r"\[register\]"),
        ({"records": "nowhere/*.parquet"}, r"\[input\] nothing matches the input"),
        ({"records": ""}, r"\[input\] no records were named"),
        ({"records": []}, r"\[input\] no records were named"),
        ({"records": {"run": "x"}}, r"\[input\] records is a dict"),
        ({"out": None}, r"\[input\] out is no path"),
    ],
)
def test_what_cannot_work_is_not_tried_again(demo_inputs, rules, tmp_path, other, said):
    with pytest.raises(AirflowFailException, match=said):
        a_screening(demo_inputs, rules, tmp_path, **other).execute({})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_somebody_s_folder_is_left_alone(demo_inputs, rules, tmp_path, overwrite):
    theirs = tmp_path / "out" / "thesis.txt"
    theirs.parent.mkdir()
    theirs.write_text("years of work", encoding="utf-8")
    with pytest.raises(AirflowFailException, match="is no run of ours"):
        a_screening(demo_inputs, rules, tmp_path, overwrite=overwrite).execute({})
    assert theirs.read_text(encoding="utf-8") == "years of work"


def test_a_lost_worker_is_tried_again(demo_inputs, rules, tmp_path, monkeypatch):
    def lost(*_, **__):
        raise WorkerLostError("a worker is gone", hint="fewer processes")

    monkeypatch.setattr("rightful.runner.run.screen_files", lost)
    with pytest.raises(AirflowException, match=r"\[worker-lost\] a worker is gone\n  hint: fewer processes") as raised:
        a_screening(demo_inputs, rules, tmp_path).execute({})
    assert not isinstance(raised.value, AirflowFailException)


def test_the_network_is_tried_again(demo_inputs, tmp_path, monkeypatch):
    def busy(*_, **__):
        raise CaptureError("another process captures")

    monkeypatch.setattr("rightful.snapshot.capture.capture_signals", busy)
    with pytest.raises(AirflowException, match="another process") as raised:
        CaptureSignalsOperator(
            task_id="capture", policy=str(demo_inputs.policy), snapshot=str(tmp_path), hosts="a.example"
        ).execute({})
    assert not isinstance(raised.value, AirflowFailException)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, "nothing to capture"),
        ({"hosts": "", "records": []}, "nothing to capture"),
        ({"hosts": "a.example", "connect_to": "8080"}, "connect_to is '8080'"),
        ({"hosts": "a.example", "connect_to": "127.0.0.1:http"}, "connect_to is '127.0.0.1:http'"),
        ({"records": "nowhere.parquet"}, "nothing matches"),
    ],
)
def test_a_capture_that_cannot_work(demo_inputs, tmp_path, other, said):
    with pytest.raises(AirflowFailException, match=said):
        CaptureSignalsOperator(
            task_id="capture", policy=str(demo_inputs.policy), snapshot=str(tmp_path / "signals"), **other
        ).execute({})
    assert not (tmp_path / "signals").exists()


def test_quality_that_is_refused_names_what_failed(demo_inputs, rules, tmp_path):
    labelled = LabelRecordsOperator(
        task_id="label", records=str(demo_inputs.records), out=str(tmp_path / "out"), **rules
    ).execute({})
    with pytest.raises(AirflowFailException, match=r"(?s)\[quality-gate\].*authorisation-admitted: .*hint: ") as raised:
        ValidateQualityOperator(task_id="validate", run=labelled).execute({})
    assert "unique-id" not in str(raised.value)  # holds
    with pytest.raises(AirflowFailException, match=r"\[card\].* was made to label, not to screen"):
        WriteDatasetCardOperator(task_id="card", run=labelled).execute({})


def test_what_quality_fails_on(rules, tmp_path):
    file = tmp_path / "records.jsonl"
    rows = (
        {"id": name, "url": f"http://open-news.example/en/{name}", "text": "twice", "source": "web"} for name in "ab"
    )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = ScreenRecordsOperator(task_id="screen", records=str(file), out=str(tmp_path / "out"), **rules).execute({})
    told = ValidateQualityOperator(task_id="validate", run=run).execute({})
    assert "duplicate-text" in told["failed"]
    assert told["passed"] == told["applied"] - len(told["failed"])
    with pytest.raises(AirflowFailException, match=r"duplicate-text: .*observed: 1 of 2"):
        ValidateQualityOperator(task_id="validate", run=run, fail_on="warning").execute({})
    with pytest.raises(AirflowFailException, match="fail_on is 'never'"):
        ValidateQualityOperator(task_id="validate", run=run, fail_on="never").execute({})
    with pytest.raises(AirflowFailException, match="is no finished run"):
        ValidateQualityOperator(task_id="validate", run=str(tmp_path)).execute({})


def test_a_broken_record_is_named_and_not_quoted(rules, tmp_path):
    file = tmp_path / "records.jsonl"
    whole = {"id": "1", "url": "http://open-news.example/en/1", "text": MARKER}
    file.write_text(f'{json.dumps(whole)}\n{{"id": "2", "text": "{MARKER}\n', encoding="utf-8")
    with pytest.raises(AirflowFailException, match="line 2: no JSON") as raised:
        ScreenRecordsOperator(task_id="screen", records=str(file), out=str(tmp_path / "out"), **rules).execute({})
    assert MARKER not in "".join(traceback.format_exception(raised.value))


def test_only_what_is_retryable_is_tried_again():
    def kinds(kind):
        return {kind}.union(*(kinds(below) for below in kind.__subclasses__()))

    for kind in kinds(RightfulError):
        error = MissingExtraError.named("airflow", needs="it") if kind is MissingExtraError else kind("no", hint="so")
        with pytest.raises(AirflowException) as raised, failing_as_airflow_does():
            raise error
        assert isinstance(raised.value, AirflowFailException) is not kind.retryable
        assert raised.value.__cause__ is error
    with pytest.raises(ZeroDivisionError), failing_as_airflow_does():
        _ = 1 / 0
