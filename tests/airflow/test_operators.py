"""Operators do what the command line does, and return small manifests without text."""

import json
import logging
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from airflow.sdk import Asset, AssetAlias

from rightful.airflow import (
    CaptureSignalsOperator,
    LabelRecordsOperator,
    ScreenRecordsOperator,
    ValidateQualityOperator,
    WriteDatasetCardOperator,
)
from rightful.audit.verify import verify_run
from rightful.demo.show import compare_with_the_right_answers, hosts
from rightful.demo.sites import SITES
from rightful.demo.web import Answer, Web
from rightful.files import digest_of
from rightful.signals.locations import SIGNALS
from rightful.snapshot.store import Snapshot

# Captured besides, one each: robots.txt declares it, or a page.
LICENCES = sum("rsl:" in site.shows.lower() or "link to a licence" in site.shows for site in SITES)

MARKER = "zebra-crossing"
URLS = ("http://open-news.example/en/1", "http://closed.example/2", "http://no-such-site.example/3", None)

# `execute` is called directly here: Airflow logs that this is not how it is called.


def a_capture(web, tmp_path, **arguments):
    address, port = web.address
    return CaptureSignalsOperator(
        task_id="capture", snapshot=str(tmp_path / "signals"), connect_to=f"{address}:{port}", **arguments
    )


def written_at(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def marked(tmp_path):
    """Records of every fate as JSON lines, the marker in every text."""
    file = tmp_path / "records.jsonl"
    rows = ({"id": f"r{n}", "url": url, "text": f"{MARKER} {n}", "source": "web"} for n, url in enumerate(URLS))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_capture_of_the_sites_of_records_and_of_hosts(demo_inputs, tmp_path):
    with Web(hosts() | {"more.example": Answer(b"")}) as web:
        operator = a_capture(
            web,
            tmp_path,
            policy=str(demo_inputs.policy),
            records=[str(demo_inputs.records)],
            hosts="http://more.example",
        )
        told = operator.execute({})
        assert told["snapshot"] == str(tmp_path / "signals")
        assert told["digest"] == Snapshot.open(tmp_path / "signals").digest
        assert told["origins"] == len(hosts()) + 1
        assert told["captured"] == sum(told["outcomes"].values()) == told["origins"] * len(SIGNALS) + LICENCES
        again = operator.execute({})
        paths = [f"/{signal}" for signal in SIGNALS]
        assert sorted(web.paths("more.example")) == sorted(paths + paths)  # the sites were asked again
    for version in (told["digest"], again["digest"]):
        assert Snapshot.open(tmp_path / "signals", version).digest == version


def test_capture_of_hosts_that_are_none_or_out_of_reach(demo_inputs, tmp_path, capfd):
    with Web({}) as web:
        told = a_capture(
            web, tmp_path, policy=str(demo_inputs.policy), hosts=["http://a.example", "not a host"]
        ).execute({})
    assert told["unreadable"] == 1
    assert told["captured"] == len(SIGNALS)
    assert "1 of the hosts" in "".join(capfd.readouterr())


def test_screen(demo_inputs, rules, tmp_path):
    told = ScreenRecordsOperator(
        task_id="screen", records=str(demo_inputs.records), out=str(tmp_path / "out"), **rules
    ).execute({})
    compare_with_the_right_answers(tmp_path / "out", demo_inputs.expected)
    expected = pq.read_table(demo_inputs.expected)["admission"].to_pylist()
    assert told["records"] == {
        "in_all": len(expected),
        "admitted": expected.count("admit"),
        "held": expected.count("hold"),
        "excluded": expected.count("exclude"),
    }
    assert sum(told["by_reason"].values()) == told["records"]["held"] + told["records"]["excluded"]
    assert told["run"] == str(tmp_path / "out")
    assert pq.read_table(told["data"]).num_rows == told["records"]["admitted"]
    assert told["manifest_sha256"] == digest_of(tmp_path / "out" / "rightful" / "manifest.json")


def test_label_drops_nothing(demo_inputs, rules, tmp_path):
    told = LabelRecordsOperator(
        task_id="label", records=str(demo_inputs.records), out=str(tmp_path / "out"), **rules
    ).execute({})
    labels = pc.struct_field(pq.read_table(told["data"])["rights"], "admission").to_pylist()
    assert labels == pq.read_table(demo_inputs.expected)["admission"].to_pylist()


def test_screening_uses_the_version_that_was_captured(demo_inputs, rules, tmp_path):
    with Web({"open-news.example": Answer(b"")}) as web:
        capture = a_capture(web, tmp_path, policy=rules["policy"], hosts="http://open-news.example")
        told = capture.execute({})
        web.hosts["open-news.example"] = Answer(b"User-agent: *\nDisallow: /\n")
        capture.execute({})  # by another DAG run, before this one screens
    arguments = rules | {"snapshot": told, "records": str(demo_inputs.records)}
    screened = ScreenRecordsOperator(task_id="screen", out=str(tmp_path / "out"), **arguments).execute({})
    assert screened["snapshot"] == told["digest"]
    assert screened["records"]["admitted"]


def test_the_whole_way_and_again(demo_inputs, rules, tmp_path):
    screen = ScreenRecordsOperator(
        task_id="screen", records=str(demo_inputs.records), out=str(tmp_path / "out"), overwrite=True, **rules
    )

    def the_whole_way():
        screened = screen.execute({})
        validated = ValidateQualityOperator(task_id="validate", run=screened).execute({})
        return screened, validated, WriteDatasetCardOperator(task_id="card", run=validated).execute({})

    screened, validated, card = first = the_whole_way()
    assert validated["run"] == card["run"] == screened["run"]
    assert validated["passed"] == validated["applied"] > 10
    assert validated["failed"] == []
    assert card["card_sha256"] == digest_of(tmp_path / "out" / "README.md")
    before = written_at(tmp_path / "out" / "data") | written_at(tmp_path / "out" / "rightful" / "ledger")
    octets = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert the_whole_way() == first
    assert before.items() <= written_at(tmp_path / "out").items()
    assert octets == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    verify_run(tmp_path / "out").raise_for_findings()
    for manifest in first:
        assert len(json.dumps(manifest)) < 2000
        assert json.loads(json.dumps(manifest)) == manifest


def test_nothing_that_is_told_has_text_of_a_record(marked, rules, tmp_path, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        arguments = {"records": str(marked), **rules}
        told = [
            ScreenRecordsOperator(task_id="screen", out=str(tmp_path / "out"), **arguments).execute({}),
            LabelRecordsOperator(task_id="label", out=str(tmp_path / "labelled"), **arguments).execute({}),
            ValidateQualityOperator(task_id="validate", run=str(tmp_path / "out")).execute({}),
            WriteDatasetCardOperator(task_id="card", run=str(tmp_path / "out")).execute({}),
        ]
    assert MARKER not in json.dumps(told)
    assert MARKER not in caplog.text + "".join(capfd.readouterr())
    assert told[0]["records"] == {"in_all": 4, "admitted": 1, "held": 2, "excluded": 1}


def test_a_summary_is_logged_and_nothing_else(marked, rules, tmp_path, caplog, capfd):
    with caplog.at_level(logging.INFO):
        ScreenRecordsOperator(task_id="screen", out=str(tmp_path / "out"), records=str(marked), **rules).execute({})
        ValidateQualityOperator(task_id="validate", run=str(tmp_path / "out")).execute({})
    told = "".join(capfd.readouterr())
    assert "  held                   2   50.00 %" in told
    assert "✓ authorisation-admitted" in told
    assert caplog.text == ""
    assert logging.getLogger("great_expectations").isEnabledFor(logging.INFO)


def test_several_processes_make_the_same(demo_inputs, rules, tmp_path):
    table = pq.read_table(demo_inputs.records)
    halves = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    for at, half in enumerate(halves):
        pq.write_table(table.slice(at * (table.num_rows // 2), table.num_rows // 2), half)
    told = [
        ScreenRecordsOperator(
            task_id="screen", records=halves, out=str(tmp_path / f"out-{processes}"), processes=processes, **rules
        ).execute({})
        for processes in (1, 2)
    ]
    assert told[0]["root"] == told[1]["root"]
    assert told[0]["manifest_sha256"] == told[1]["manifest_sha256"]


def test_worker_processes_do_not_import_what_the_task_s_process_was_started_with(marked, rules, tmp_path):
    """As in a task that Airflow runs: its command cannot be imported by processes that a task starts."""
    out = tmp_path / "out"
    for name in "ab":
        shutil.copy(marked, tmp_path / f"{name}.jsonl")
    arguments = {"records": str(tmp_path / "[ab].jsonl"), "out": str(out), "processes": 2, **rules}
    script = tmp_path / "command.py"
    script.write_text(
        f"""if __name__ != "__main__":
    raise ImportError("not here")
from rightful.airflow import ScreenRecordsOperator
ScreenRecordsOperator(task_id="screen", **{arguments!r}).execute({{}})
assert __import__("sys").modules["__main__"].__file__ == __file__
""",
        encoding="utf-8",
    )
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    assert (out / "rightful" / "manifest.json").exists()


def test_a_dag_that_screens_other_records_into_the_same_place(marked, rules, tmp_path):
    from rightful.ledger.run_directory import RunDirectory

    out = tmp_path / "out"
    first = ScreenRecordsOperator(task_id="screen", out=str(out), records=str(marked), **rules).execute({})
    pq.write_table(pa.table({"id": ["x"], "url": [URLS[0]], "text": ["t"], "source": ["web"]}), tmp_path / "x.parquet")
    again = ScreenRecordsOperator(
        task_id="screen", out=str(out), records=str(tmp_path / "x.parquet"), overwrite=True, **rules
    ).execute({})
    assert again["manifest_sha256"] != first["manifest_sha256"]
    assert RunDirectory(out).manifest.counts.records == 1


def test_asset_events_of_outlets_are_told_the_manifest(marked, rules, tmp_path):
    from airflow.sdk.execution_time.context import OutletEventAccessors

    mine, alias = Asset("mine"), AssetAlias("alias")
    events = OutletEventAccessors()
    events[mine].extra["owner"] = "us"
    told = ScreenRecordsOperator(
        task_id="screen", out=str(tmp_path / "out"), records=str(marked), outlets=[mine, alias], **rules
    ).execute({"outlet_events": events, "ti": SimpleNamespace()})
    assert events[mine].extra == {"owner": "us", "rightful": told}
    assert events[alias].extra == {}
