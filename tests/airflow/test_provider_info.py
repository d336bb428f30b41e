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


def named(kind):
    return {name for group in get_provider_info()[kind] for name in group["python-modules"]}


def test_every_module_it_names_has_what_it_says_and_everything_public_is_in_one():
    from airflow.sdk import BaseHook, BaseOperator, BaseSensorOperator

    public = [getattr(rightful.airflow, name) for name in rightful.airflow.__all__]
    classes = [one for one in public if isinstance(one, type)]
    sensors = {one.__module__ for one in classes if issubclass(one, BaseSensorOperator)}
    hooks = {one.__module__ for one in classes if issubclass(one, BaseHook)}
    operators = {one.__module__ for one in classes if issubclass(one, BaseOperator)} - sensors
    assert (operators, sensors, hooks) == (named("operators"), named("sensors"), named("hooks"))
    assert {one.__module__ for one in classes} == operators | sensors | hooks
    assert dir(rightful.airflow) == sorted(rightful.airflow.__all__)


def test_the_triggers_it_names_are_there():
    from airflow.triggers.base import BaseTrigger

    for name in named("triggers"):
        module = importlib.import_module(name)
        assert [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, BaseTrigger)]


def test_the_connection_type_is_that_of_its_hook():
    (told,) = get_provider_info()["connection-types"]
    module, _, name = told["hook-class-name"].rpartition(".")
    hook = getattr(importlib.import_module(module), name)
    assert (told["connection-type"], told["hook-name"]) == (hook.conn_type, hook.hook_name)
    assert hook.default_conn_name == "rightful_register_default"
    assert hook("another").register_conn_id == vars(hook("another"))[hook.conn_name_attr] == "another"
    assert told["conn-fields"]["key"]["schema"]["format"] == "password"


def test_airflow_finds_the_connection_type():
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    found = ProvidersManagerTaskRuntime().hooks["rightful_register"]
    assert found.hook_name == "Rightful opt-out register"
    assert found.connection_id_attribute_name == "register_conn_id"


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
