"""DAG files are parsed again and again: what they import must cost next to nothing over `airflow.sdk`."""

import json
import os
import subprocess
import sys

import pytest

from rightful.airflow.examples import example_dags_folder
from rightful.airflow.get_provider_info import get_provider_info

KINDS = ("operators", "hooks", "sensors", "triggers")
HEAVY = {
    "alembic", "cryptography", "datasets", "duckdb", "great_expectations", "httpx", "numpy", "pandas", "pyarrow",
    "pydantic", "rich", "sqlalchemy", "typer",
}  # fmt: skip
SCRIPT = """if True:
    import sys, time
    import airflow.sdk, airflow.triggers.base  # the second is not in the first, and what parses DAG files has it
    before = set(sys.modules)
    began = time.process_time()
    {statement}
    seconds = time.process_time() - began
    import json
    print(json.dumps([seconds, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""


def beyond_airflow(statement, tmp_path):
    script = SCRIPT.format(statement=statement)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path)},
    )  # fmt: skip
    seconds, modules = json.loads(done.stderr.splitlines()[-1])
    return seconds, {name.partition(".")[0] for name in modules}, modules


def test_nothing_for_dags_loads_anything_heavy(tmp_path):
    information = get_provider_info()
    named = [name for kind in KINDS for group in information[kind] for name in group["python-modules"]]
    named.append("rightful.airflow.assets")
    _, packages, modules = beyond_airflow(f"import {', '.join(named)}", tmp_path)
    assert not packages & HEAVY
    assert set(named) <= set(modules)


@pytest.mark.parametrize("name", ["rightful_quickstart", "rightful_in_your_dag", "rightful_withdrawal"])
def test_a_dag_file_parses_in_less_than_a_second(name, tmp_path):
    file = example_dags_folder() / f"{name}.py"
    seconds, packages, _ = beyond_airflow(f"import runpy; runpy.run_path({str(file)!r})", tmp_path)
    assert seconds < 1
    assert not packages & HEAVY
