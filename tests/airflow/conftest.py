"""An Airflow of the tests' own, configured before anything here imports it; each pytest-xdist worker has another."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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

CLAIMANT = "Ada Claimant"  # whose name is in nothing that Airflow keeps


@pytest.fixture(scope="session")
def parsed():
    """The example DAGs, by id, parsed once."""
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


class ARegister:
    """A real register in a file, with the Airflow connection that names it."""

    def __init__(self, folder: Path) -> None:
        from rightful.register.database import RegisterDatabase
        from rightful.register.sealing import Key

        self.file, self.key_file = folder / "optouts.db", folder / "optouts.key"
        self.database = RegisterDatabase.open(self.file, key=Key.create(self.key_file), create=True)
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def connect(self, monkeypatch: pytest.MonkeyPatch, **told: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_RIGHTFUL_REGISTER_DEFAULT", self.connection(**told))

    def connection(self, **told: Any) -> str:
        extra = {} if "password" in told and "login" not in told else {"key_file": str(self.key_file)}
        return json.dumps({"conn_type": "rightful_register", "host": str(self.file), "extra": extra} | told)

    def opt_out(self, *urls: str, text: str | None = None, verified: bool = True) -> str:
        """File a request, of a claimant of its own; verify it."""
        from rightful.register.entries import KeyKind
        from rightful.register.model import Claimant, NewRequest, Scope

        self.now += timedelta(minutes=1)
        request = NewRequest(
            Claimant(CLAIMANT, f"{self.now:%H%M}@claimant.example"),
            Scope.WORK if text else Scope.LOCATION,
            good_faith=True,
            locations=[(KeyKind.URL, url) for url in urls],
            texts=[text] if text else [],
        )
        reference = self.database.file(request, actor="desk", now=self.now)
        if verified:
            self.database.verify(reference, actor="desk", now=self.now)
        return reference


@pytest.fixture
def a_register(tmp_path, monkeypatch):
    """An empty register, connected as `rightful_register_default`."""
    made = ARegister(tmp_path)
    made.connect(monkeypatch)
    yield made
    made.database.close()
