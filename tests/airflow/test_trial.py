"""Both DAGs run through `dag.test()`, each in an Airflow of its own, and what came out is right."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from rightful.airflow.trial import run_dag
from rightful.audit.verify import verify_run
from rightful.demo.show import compare_with_the_right_answers, hosts
from rightful.demo.sites import SITES
from rightful.demo.web import Web
from rightful.errors import MissingExtraError, RunError
from rightful.signals.locations import SIGNALS

if TYPE_CHECKING:
    from rightful.airflow.trial import DagTrial

# Captured besides, one each: robots.txt declares it, or a page.
LICENCES = sum("rsl:" in site.shows.lower() or "link to a licence" in site.shows for site in SITES)

ODD = """
from airflow.sdk import dag, task
from rightful.airflow import ScreenRecordsOperator

@task
def begin():
    import os, subprocess
    sleeper = subprocess.Popen(["sleep", "600"])
    return {"sleeper": sleeper.pid, "names": [name for name in os.environ if name.startswith("AIRFLOW")]}

@task
def twice(number):
    return 2 * number

@dag(schedule=None)
def odd():
    screened = ScreenRecordsOperator(
        task_id="screen", records="nowhere/*.parquet", policy="p", snapshot="s", out="{{ run_id }}", retries=5
    )
    begin() >> twice.expand(number=[3, 4]) >> screened

odd()
"""


@pytest.fixture
def web():
    with Web(hosts()) as made:
        yield made


def told_by(trial: DagTrial) -> str:
    return json.dumps({name: task.result for name, task in trial.tasks.items()}) + trial.log.read_text(encoding="utf-8")


def runs(pid: int) -> bool:
    """A process that was ended may stay in the table until somebody asks how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def address_of(web: Web) -> str:
    return "{}:{}".format(*web.address)


@pytest.mark.slow
def test_the_quickstart(demo_inputs, web, tmp_path):
    heard = []
    out = tmp_path / "out"
    configuration = {
        "records": str(demo_inputs.records),
        "policy": str(demo_inputs.policy),
        "register": str(demo_inputs.register),
        "snapshot": str(tmp_path / "signals"),
        "out": str(out),
        "connect_to": address_of(web),
    }
    trial = run_dag(
        "rightful_quickstart", configuration, home=tmp_path / "home", on_task=lambda *event: heard.append(event)
    )
    names = ["capture", "screen", "validate", "card"]
    assert heard == [(name, state) for name in names for state in ("running", "success")]
    assert trial.state == "success"
    assert {name: task.state for name, task in trial.tasks.items()} == dict.fromkeys(names, "success")
    compare_with_the_right_answers(out, demo_inputs.expected)
    verify_run(out).raise_for_findings()
    capture, screen, validate, card = (trial.tasks[name].result for name in names)
    assert sum(capture["outcomes"].values()) == len(hosts()) * len(SIGNALS) + LICENCES
    assert screen["snapshot"] == capture["digest"]
    assert screen["records"]["in_all"] == pq.read_metadata(demo_inputs.records).num_rows
    assert validate["applied"] == validate["passed"]
    assert Path(card["card"]) == out / "README.md"
    assert all(len(json.dumps(task.result)) < 2000 for task in trial.tasks.values())
    texts = set(pq.read_table(demo_inputs.records)["text"].to_pylist())
    assert not [text for text in texts if text[:40] in told_by(trial)]


@pytest.mark.slow
def test_in_a_dag_of_one_s_own(demo_inputs, web, tmp_path):
    configuration = {
        "source": str(demo_inputs.records),
        "policy": str(demo_inputs.policy),
        "register": str(demo_inputs.register),
        "folder": str(tmp_path / "work"),
        "connect_to": address_of(web),
    }
    trial = run_dag("rightful_in_your_dag", configuration, home=tmp_path / "home")
    assert {task.state for task in trial.tasks.values()} == {"success"}
    screened, labelled = trial.tasks["screen"].result, trial.tasks["label"].result
    compare_with_the_right_answers(Path(screened["run"]), demo_inputs.expected)
    compare_with_the_right_answers(Path(labelled["run"]), demo_inputs.expected)
    assert trial.tasks["train"].result["records"] == screened["records"]["admitted"]
    assert pq.read_table(labelled["data"]).num_rows == labelled["records"]["in_all"]
    assert Path(trial.tasks["extract"].result).suffix == ".jsonl"


@pytest.mark.slow
def test_a_refusal_ends_the_run_at_once_and_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    monkeypatch.setenv("AIRFLOW_VAR_SECRET", "of another deployment")
    file = tmp_path / "dags" / "odd.py"
    file.parent.mkdir()
    file.write_text(ODD, encoding="utf-8")
    with pytest.raises(
        RunError, match=r"(?s)odd ended as failed:\n  screen: \[policy\] no policy can be read"
    ) as raised:
        run_dag(file, home=tmp_path / "home")
    trial = raised.value.where["trial"]
    assert {name: task.state for name, task in trial.tasks.items()} == {
        "begin": "success", "twice[0]": "success", "twice[1]": "success", "screen": "failed",
    }  # fmt: skip
    assert [trial.tasks[f"twice[{n}]"].result for n in (0, 1)] == [6, 8]
    assert "AIRFLOW_VAR_SECRET" not in trial.tasks["begin"].result["names"]
    until = time.monotonic() + 5  # it was told to end; when it does is the kernel's affair
    while runs(trial.tasks["begin"].result["sleeper"]) and time.monotonic() < until:
        time.sleep(0.01)
    assert not runs(trial.tasks["begin"].result["sleeper"])


@pytest.mark.slow
def test_a_file_that_cannot_be_imported(tmp_path):
    file = tmp_path / "dags" / "broken.py"
    file.parent.mkdir()
    file.write_text("from airflow.sdk import dag\nimport no_such_package\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"(?s)broken.py cannot be imported: .*no_such_package"):
        run_dag(file, home=tmp_path / "home")


def test_a_run_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(RunError, match=r"it took more than 0\.5 seconds"):
        run_dag("rightful_quickstart", home=tmp_path, timeout_seconds=0.5)


def test_without_airflow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("rightful.airflow.trial.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install \"rightful\[airflow\]\""):
        run_dag("rightful_quickstart", home=tmp_path)
