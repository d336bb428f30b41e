"""An Airflow of the tests' own, configured before anything here imports it; each pytest-xdist worker has another."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

_HOME = tempfile.mkdtemp(prefix="rightful-airflow-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[_name]
os.environ |= {
    "AIRFLOW_HOME": _HOME,
    "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parents[2] / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
}


@pytest.fixture(scope="session")
def parsed():
    """Both example DAGs, by id, parsed once."""
    from airflow.dag_processing.dagbag import DagBag

    from rightful.airflow.examples import example_dags_folder

    folder = example_dags_folder()
    bag = DagBag(folder, bundle_path=folder)
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def rules(demo_inputs):
    """What a screening operator takes besides records and a place to write to."""
    return {
        "policy": str(demo_inputs.policy),
        "snapshot": str(demo_inputs.snapshot),
        "register": str(demo_inputs.register),
    }
