"""From a work that is opted out to a dataset without it: the DAG by itself, and begun by a real watcher."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rightful.airflow import ScreenRecordsOperator
from rightful.airflow.examples import example_dags_folder
from rightful.airflow.trial import run_dag
from rightful.audit.verify import verify_run
from rightful.register.model import State
from rightful.withdrawal.receipts import receipt_key, verify_receipt

CONNECTION = "rightful_register_default"
SECRETS = ("Ada Claimant", "claimant.example")
LONGEST = 240  # seconds; it takes a few where nothing else runs


@pytest.fixture
def place(finished_run, tmp_path):
    """A folder as the DAG expects it, with one finished dataset and a key for receipts."""
    folder = tmp_path / "rightful"
    shutil.copytree(finished_run, folder / "screened" / "demo")
    receipt_key(folder / "receipts.pem", make=True)
    return folder


def a_work_in(dataset):
    """A text that ships once, where it ships, and its words in other capitals and spaces."""
    table = pq.read_table(dataset / "data", columns=["url", "text", "source"]).to_pylist()
    row = max((row for row in table if row["url"]), key=lambda row: len(row["text"]))
    return row, "  ".join(row["text"].upper().split())


def ships(run, text):
    return text in pq.read_table(Path(run) / "data")["text"].to_pylist()


@pytest.mark.slow
def test_a_work_is_taken_out_by_the_dag_and_stays_out_under_another_address(a_register, place, rules, tmp_path):
    dataset = place / "screened" / "demo"
    row, work = a_work_in(dataset)
    reference = a_register.opt_out(text=work)
    configuration = {
        "runs": f"{place}/screened/*",
        "folder": str(place),
        "signing_key": str(place / "receipts.pem"),
    }
    connections = {CONNECTION: json.loads(a_register.connection())}
    trial = run_dag("rightful_withdrawal", configuration, home=tmp_path / "home", connections=connections)
    assert {name: task.state for name, task in trial.tasks.items()} == {"export": "success", "withdraw": "success"}
    exported, withdrawn = trial.tasks["export"].result, trial.tasks["withdraw"].result
    (run,) = withdrawn["runs"]
    assert (ships(dataset, row["text"]), ships(run, row["text"])) == (True, False)
    verify_run(run).raise_for_findings()
    (receipt,) = (place / "receipts").iterdir()
    assert verify_receipt(receipt, place / "receipts.pem.pub", run=run)["reference"] == reference
    assert a_register.database.status(reference).state is State.CONFIRMED
    told = json.dumps([exported, withdrawn]) + trial.log.read_text(encoding="utf-8")
    assert not [word for word in (row["text"][:40], reference, *SECRETS) if word in told]

    again = tmp_path / "again.jsonl"
    rows = [{"id": "1", "url": "http://open-news.example/en/elsewhere", "text": row["text"], "source": row["source"]}]
    again.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    screened = ScreenRecordsOperator(
        task_id="screen", records=str(again), out=str(tmp_path / "again"), **(rules | {"register": f"{place}/register"})
    ).execute({})
    assert screened["records"]["excluded"] == 1


def runs(process):
    """Tell without waiting for it: until that is done its number is nobody else's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


class Airflow:
    """A scheduler, a DAG processor, a triggerer and the API they speak through, on loopback."""

    PARTS = (
        ("api-server", "--host", "127.0.0.1", "--workers", "1"),
        ("scheduler", "--skip-serve-logs"),
        ("dag-processor",),
        ("triggerer", "--skip-serve-logs", "--capacity", "4"),
    )

    def __init__(self, home: Path, folder: Path, port: int, **environment: str) -> None:
        self.home, self.port = home, port
        address = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if not name.lstrip("_").startswith("AIRFLOW")}
        self.environment = kept | environment | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API_AUTH__JWT_SECRET": "of this test alone, and as long as it has to be: 0123456789abcdef" * 2,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }  # fmt: skip
        self.started: list[subprocess.Popen[bytes]] = []

    def __enter__(self):
        self.home.mkdir()
        self.airflow("db", "migrate").wait()
        for part in self.PARTS:
            self.started.append(self.airflow(*part))
        return self

    def airflow(self, *words):
        with (self.home / f"{words[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "airflow", *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self.environment,
                cwd=self.home, start_new_session=True,
            )  # fmt: skip

    def __exit__(self, *_):
        for process in self.started:
            os.killpg(process.pid, signal.SIGTERM)
        until = time.monotonic() + 5
        while any(map(runs, self.started)) and time.monotonic() < until:
            time.sleep(0.05)
        for process in self.started:
            os.killpg(process.pid, signal.SIGKILL)  # and what it started and left; nobody waited for it yet
            process.wait()

    def asked(self, query):
        """Ask Airflow's database; nothing, where it is being made or written to."""
        try:
            with sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=5) as database:
                return database.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []

    def log(self):
        return "\n".join(file.read_text("utf-8", "replace") for file in sorted(self.home.rglob("*.log")))


def until(true, what, airflow):
    ends = time.monotonic() + LONGEST
    while not (found := true()):
        assert time.monotonic() < ends, f"{what}\n{airflow.log()[-20_000:]}"
        assert all(map(runs, airflow.started)), airflow.log()[-20_000:]
        time.sleep(0.2)
    return found


def free_port():
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.mark.slow
def test_a_watcher_sees_an_opt_out_and_starts_the_dag(a_register, place, tmp_path):
    dags = tmp_path / "dags"
    dags.mkdir()
    text = (example_dags_folder() / "rightful_withdrawal.py").read_text(encoding="utf-8")
    quick = text.replace("poll_interval=60, debounce=30", "poll_interval=1, debounce=1")
    assert quick != text
    (dags / "rightful_withdrawal.py").write_text(quick, encoding="utf-8")
    dataset = place / "screened" / "demo"
    row, work = a_work_in(dataset)
    environment = {
        "RIGHTFUL_FOLDER": str(place),
        "RIGHTFUL_RECEIPTS_KEY": str(place / "receipts.pem"),
        f"AIRFLOW_CONN_{CONNECTION.upper()}": a_register.connection(),
    }
    dag_runs = "SELECT run_type, state FROM dag_run ORDER BY id"
    with Airflow(tmp_path / "home", dags, free_port(), **environment) as airflow:
        # The watcher begins by telling what there is; the run of that withdraws nothing, for nothing is opted out.
        until(lambda: ("asset_triggered", "success") in airflow.asked(dag_runs), "the first run", airflow)
        assert not list((place / "current").glob("*/HEAD"))
        reference = a_register.opt_out(text=work)
        until(lambda: list((place / "current").glob("*/HEAD")), "a new version", airflow)
        until(lambda: airflow.asked(dag_runs).count(("asset_triggered", "success")) >= 2, "the second run", airflow)
        remembered = until(
            lambda: airflow.asked("SELECT value FROM asset_state_store WHERE key = 'cursor'"), "a cursor", airflow
        )
        triggers = json.dumps(airflow.asked("SELECT classpath, kwargs FROM trigger"))
        kept = json.dumps(airflow.asked("SELECT key, value FROM xcom UNION SELECT '', extra FROM asset_event"))
    assert "OptOutEventTrigger" in triggers
    assert "exported_at" in kept
    assert reference not in (told := triggers + kept + airflow.log())
    assert not [word for word in (*SECRETS, row["text"][:40], str(a_register.key_file)) if word in told]
    (home,) = (place / "current").glob("*-*")
    run = home / (home / "HEAD").read_text().strip()
    assert (ships(dataset, row["text"]), ships(run, row["text"])) == (True, False)
    verify_run(run).raise_for_findings()
    (receipt,) = (place / "receipts").iterdir()
    assert verify_receipt(receipt, place / "receipts.pem.pub", run=run)["reference"] == reference
    assert a_register.database.status(reference).state is State.CONFIRMED
    assert a_register.database.version() in str(remembered)
