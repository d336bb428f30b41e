"""One DAG, run once, in an Airflow made for it: for the demo, the tests, and whoever wants to try a DAG.

    trial = run_dag("rightful_quickstart", {"records": "data/*.parquet", "policy": "policy.toml"}, home="trial/")
    trial.tasks["screen"].result["records"]

Airflow runs in a process of its own, because it reads its configuration when it is imported and cannot be told
another one afterwards. What is set in this process's environment for Airflow does not reach it, nothing it does
reaches another Airflow, and it leaves no process behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rightful.airflow.examples import example_dags_folder
from rightful.errors import MissingExtraError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ASKED, _LOG = "trial.json", "trial.log"
_TAIL = 30
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class TaskTrial:
    """What became of a task: Airflow's word for its state, what it returned, and why it failed (else empty)."""

    state: str
    result: Any
    error: str


@dataclass(frozen=True, slots=True)
class DagTrial:
    """What became of a DAG run.

    Attributes:
        dag_id: of the DAG.
        state: Airflow's word for it: "success", "failed".
        tasks: by task id; a mapped task is there once for each index, as `task[0]`.
        log: file with everything Airflow wrote.
    """

    dag_id: str
    state: str
    tasks: dict[str, TaskTrial]
    log: Path


def run_dag(
    dag: str | Path,
    run_conf: Mapping[str, Any] | None = None,
    *,
    home: str | Path,
    dag_id: str | None = None,
    connections: Mapping[str, Mapping[str, Any]] | None = None,
    on_task: Callable[[str, str], None] | None = None,
    timeout_seconds: float = 900,
) -> DagTrial:
    """Run a DAG by `dag.test()`, tasks one after the other; needs no running Airflow and no network.

    Args:
        dag: the DAG file, or the name of one of ours: `rightful_quickstart`, `rightful_in_your_dag`,
            `rightful_withdrawal`. The other files of its folder are parsed as well.
        run_conf: what the run is triggered with: values of the DAG's params, as JSON has them.
        home: the AIRFLOW_HOME of this run, with its database and log; made if there is none.
        dag_id: which DAG, where the file has several.
        connections: Airflow's connections of this run, by id, as JSON has them: {"conn_type", "host", "extra", …}.
        on_task: told (task, state) when a task starts ("running") and when it ends.
        timeout_seconds: after so long the run is ended.

    Raises:
        RunError: a task failed: names it and says why, `where["trial"]` is the `DagTrial`. Or there is no such DAG,
            its file cannot be imported, Airflow ended before the run did, or it took too long.
        NotFoundError: this installation has no DAG of ours.
        MissingExtraError: Airflow is not installed.
    """
    if find_spec("airflow") is None:
        raise MissingExtraError.named("airflow", needs="Apache Airflow")
    file = Path(dag).resolve() if Path(dag).suffix == ".py" else example_dags_folder() / f"{dag}.py"
    place = Path(home).resolve()
    place.mkdir(parents=True, exist_ok=True)
    asked = {"file": str(file), "dag_id": dag_id, "run_conf": dict(run_conf or {})}
    (place / _ASKED).write_text(json.dumps(asked), encoding="utf-8")
    began = time.monotonic()
    airflow, told = _start(place, file.parent, connections or {})
    clock = threading.Timer(timeout_seconds, _kill, (airflow,))
    clock.daemon = True
    clock.start()
    last: dict[str, Any] = {}
    try:
        with told:
            last = _listen(told, on_task)
    finally:
        clock.cancel()
        _end(airflow, _PATIENCE if last else 0.0)
    if not last:
        late = time.monotonic() - began >= timeout_seconds
        why = f"it took more than {timeout_seconds:g} seconds" if late else "Airflow ended before it"
        raise RunError(f"{file} did not run to its end: {why}\n{_tail(place / _LOG)}", path=str(file))
    return _read(last, file, place / _LOG)


def _read(last: dict[str, Any], file: Path, log: Path) -> DagTrial:
    if "error" in last:
        raise RunError(last["error"], path=str(file))
    tasks = {name: TaskTrial(**task) for name, task in last["tasks"].items()}
    trial = DagTrial(last["dag_id"], last["state"], tasks, log)
    if trial.state != "success":
        failed = "\n".join(f"  {name}: {task.error}" for name, task in tasks.items() if task.state == "failed")
        raise RunError(
            f"a run of the DAG {trial.dag_id} ended as {trial.state}:\n{failed}",
            hint=f"all that Airflow wrote is in {log}",
            trial=trial,
        )
    return trial


def _start(
    home: Path, folder: Path, connections: Mapping[str, Mapping[str, Any]]
) -> tuple[subprocess.Popen[bytes], IO[str]]:
    """Start Airflow; give what it tells, line by line."""
    reading, writing = os.pipe()
    command = [sys.executable, "-P", "-m", "rightful.airflow.trial_inside", str(home / _ASKED), str(writing)]
    told = os.fdopen(reading, encoding="utf-8")
    try:
        with (home / _LOG).open("wb") as log:
            airflow = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(home, folder, connections),
                pass_fds=(writing,),
                start_new_session=True,  # a group of its own, so that it can be ended with all it started
            )
    except BaseException:
        told.close()
        raise
    finally:
        os.close(writing)
    return airflow, told


def _environment(home: Path, folder: Path, connections: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Ours without anything that configures Airflow, and with what makes a small one."""
    named = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(dict(told)) for name, told in connections.items()}
    kept = {name: value for name, value in os.environ.items() if not name.lstrip("_").startswith("AIRFLOW")}
    return (
        kept
        | named
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
    )


def _listen(told: IO[str], on_task: Callable[[str, str], None] | None) -> dict[str, Any]:
    """Pass on what is told about tasks; give what is told last, nothing if that never comes."""
    for line in told:
        message: dict[str, Any] = json.loads(line)
        if "task" not in message:
            return message
        if on_task:
            on_task(message["task"], message["state"])
    return {}


def _end(airflow: subprocess.Popen[bytes], patience: float) -> None:
    """Let it end by itself for a while, then end whatever is left of its group."""
    deadline = time.monotonic() + patience
    how = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while time.monotonic() < deadline and os.waitid(os.P_PID, airflow.pid, how) is None:
        time.sleep(0.02)
    _kill(airflow)
    airflow.wait()


def _kill(airflow: subprocess.Popen[bytes]) -> None:
    """End the group. It was not waited for yet, so its number is nobody else's."""
    with suppress(ProcessLookupError):
        os.killpg(airflow.pid, signal.SIGKILL)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:])
