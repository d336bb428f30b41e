"""The other side of `trial`: runs in a process of its own, with an Airflow made for one DAG run.

Told as lines of JSON: {"task", "state"} when a task starts or ends; at last {"dag_id", "state", "tasks"}, or {"error"}.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import get_listener_manager, hookimpl

if TYPE_CHECKING:
    from airflow.sdk import DAG


def main(asked_in: str, channel: str) -> None:
    """Run the DAG that a file asks for, and tell on a file descriptor how it goes."""
    os.set_inheritable(int(channel), False)  # noqa: FBT003 - what tasks start must not keep it open
    with os.fdopen(int(channel), "w", encoding="utf-8") as told:
        asked = json.loads(Path(asked_in).read_text(encoding="utf-8"))
        found = _find(Path(asked["file"]), asked["dag_id"])
        _tell(told, {"error": found} if isinstance(found, str) else _run(found, asked["run_conf"], told))


def _find(file: Path, dag_id: str | None) -> DAG | str:
    """Give the DAG, or why there is none."""
    from airflow.utils.db import initdb

    homes = ("airflow.dag_processing.dagbag", "airflow.models.dagbag")  # the second until Airflow 3.1
    home = next(name for name in homes if find_spec(name))
    initdb()
    bag: Any = importlib.import_module(home).DagBag(file, bundle_path=file.parent)
    dags: dict[str, DAG] = bag.dags
    for error in bag.import_errors.values():
        return f"{file} cannot be imported: {error}"
    if dag_id is None and len(dags) == 1:
        return next(iter(dags.values()))
    if dag_id in dags:
        return dags[dag_id]
    names = ", ".join(sorted(dags)) or "none"
    return f"which DAG of {file} is to run is not clear; asked for: {dag_id}; there: {names}"


def _run(dag: DAG, run_conf: dict[str, Any], told: IO[str]) -> dict[str, Any]:
    """Run it; the states and results are read from Airflow's database, errors are caught as they happen."""
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    from airflow import settings

    watcher = _Watcher(told)
    listeners: Any = get_listener_manager()
    listeners.add_listener(watcher)
    run = dag.test(run_conf=run_conf)
    session: Any = settings.Session and settings.Session()
    returned = select(XComModel).where(
        XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id, XComModel.key == "return_value"
    )
    results = {_name(row): XComModel.deserialize_value(row) for row in session.scalars(returned)}
    tasks = {
        _name(task): {
            "state": str(task.state),
            "result": results.get(_name(task)),
            "error": watcher.errors.get(_name(task), ""),
        }
        for task in run.get_task_instances(session=session)
    }
    return {"dag_id": run.dag_id, "state": str(run.state), "tasks": dict(sorted(tasks.items()))}


class _Watcher:
    """Listens to tasks as they run."""

    def __init__(self, told: IO[str]) -> None:
        self._told = told
        self.errors: dict[str, str] = {}

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        _tell(self._told, {"task": _name(task_instance), "state": "running"})

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        _tell(self._told, {"task": _name(task_instance), "state": "success"})

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any, error: str | BaseException | None) -> None:
        self.errors[_name(task_instance)] = str(error or "")
        _tell(self._told, {"task": _name(task_instance), "state": "failed"})


def _name(task: Any) -> str:
    return str(task.task_id) if (task.map_index or 0) < 0 else f"{task.task_id}[{task.map_index}]"


def _tell(told: IO[str], message: dict[str, Any]) -> None:
    # Values that JSON has no form for are told as text: what a task of somebody else's returns can be anything.
    told.write(json.dumps(message, default=str) + "\n")
    told.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
