"""The example DAGs as Airflow sees them, without running them."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rightful.airflow import examples
from rightful.errors import NotFoundError

EDGES = {
    "rightful_quickstart": {("capture", "screen"), ("screen", "validate"), ("validate", "card")},
    "rightful_in_your_dag": {
        ("extract", "capture"), ("extract", "screen"), ("extract", "label"),
        ("capture", "screen"), ("capture", "label"), ("screen", "train"),
    },
    "rightful_withdrawal": {("export", "withdraw")},
}  # fmt: skip


def edges(dag):
    return {(one.task_id, after) for one in dag.tasks for after in one.downstream_task_ids}


def test_each_file_is_one_dag_of_its_name(parsed):
    assert parsed.keys() == EDGES.keys()
    assert {dag_id: edges(dag) for dag_id, dag in parsed.items()} == EDGES
    assert all(dag.fileloc.endswith(f"{dag_id}.py") for dag_id, dag in parsed.items())


@pytest.mark.parametrize("dag_id", list(EDGES))
def test_it_survives_serialisation(parsed, dag_id):
    from airflow.serialization.serialized_objects import DagSerialization

    written = json.dumps(DagSerialization.to_dict(parsed[dag_id]))
    again = DagSerialization.from_dict(json.loads(written))
    assert edges(again) == EDGES[dag_id]
    assert again.params.dump() == parsed[dag_id].params.dump()
    assert len(written) < 20_000


@pytest.mark.parametrize("dag_id", list(EDGES))
def test_no_path_depends_on_a_date_that_a_run_may_not_have(parsed, dag_id):
    text = Path(parsed[dag_id].fileloc).read_text(encoding="utf-8")
    assert not {"ds", "ds_nodash", "data_interval_start", "data_interval_end", "logical_date"} & {
        word for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) for word in str(node.value).split()
    }


def test_the_withdrawal_is_started_by_opt_outs_and_every_night(parsed):
    dag = parsed["rightful_withdrawal"]
    (asset,) = dag.timetable.asset_condition.objects
    assert asset.uri == "rightful://register/rightful_register_default"
    (watcher,) = asset.watchers
    assert watcher.trigger.serialize()[1]["register_conn_id"] == "rightful_register_default"
    assert dag.timetable.timetable.expression == "30 2 * * *"
    assert str(dag.timetable.timetable.timezone) == "UTC"
    assert (dag.max_active_runs, dag.catchup) == (1, False)


def test_the_folder_is_set_by_one_variable(parsed):
    file = examples.example_dags_folder() / "rightful_quickstart.py"
    script = f"import runpy; found = runpy.run_path({str(file)!r}); print(found['RECORDS'], found['POLICY'])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "RIGHTFUL_FOLDER": "/srv/it"},
    )  # fmt: skip
    assert done.stdout.split() == ["/srv/it/records/*.parquet", "/srv/it/policy.toml"]


def test_the_folder_of_the_examples_in_a_wheel_and_nowhere(tmp_path, monkeypatch):
    module = tmp_path / "site-packages" / "rightful" / "airflow" / "examples.py"
    folder = module.parent / "example_dags"
    folder.mkdir(parents=True)
    monkeypatch.setattr(examples, "__file__", str(module))
    with pytest.raises(NotFoundError, match="no example DAGs"):
        examples.example_dags_folder()
    (folder / "rightful_quickstart.py").touch()
    assert examples.example_dags_folder() == folder
