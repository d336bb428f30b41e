"""What Airflow reads while it starts: a mistake here takes a whole deployment down."""

import importlib
import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import rightful.airflow
from rightful.airflow.get_provider_info import get_provider_info


def test_it_is_what_airflow_s_schema_asks_for():
    import airflow

    schema = Path(airflow.__path__[0], "provider_info.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(get_provider_info(), json.loads(schema))


def test_the_package_name_is_the_distribution_s():
    found = importlib.metadata.entry_points(group="apache_airflow_provider", name="provider_info")
    own = [point for point in found if point.module == get_provider_info.__module__]
    assert [re.sub(r"[-_.]+", "-", point.dist.name).lower() for point in own] == [get_provider_info()["package-name"]]
    assert own[0].load() is get_provider_info


def test_every_module_it_names_has_operators_and_every_operator_is_in_one():
    from airflow.sdk import BaseOperator

    modules = [
        importlib.import_module(name) for group in get_provider_info()["operators"] for name in group["python-modules"]
    ]
    operators = {getattr(rightful.airflow, name) for name in rightful.airflow.__all__}
    assert all(issubclass(operator, BaseOperator) for operator in operators)
    assert {operator.__module__ for operator in operators} == {module.__name__ for module in modules}
    assert dir(rightful.airflow) == sorted(rightful.airflow.__all__)


def test_it_imports_nothing_of_airflow_s():
    script = """if True:
        import sys
        import rightful.airflow
        from rightful.airflow.get_provider_info import get_provider_info
        get_provider_info()
        print(*[name for name in sys.modules if name.partition(".")[0] == "airflow"])
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="FilterRecordsOperator"):
        _ = rightful.airflow.FilterRecordsOperator
