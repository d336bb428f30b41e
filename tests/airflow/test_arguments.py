"""Constructors store what they are given: templates and results of tasks that have not run."""

import json

import pytest
from airflow.sdk import DAG, Asset, BaseOperator, BaseSensorOperator, task

import rightful.airflow
from rightful.airflow import (
    CaptureSignalsOperator,
    ExportOptOutsOperator,
    LabelRecordsOperator,
    OptOutSensor,
    ScreenRecordsOperator,
    ValidateQualityOperator,
    WithdrawOperator,
    WriteDatasetCardOperator,
)

NEEDED = {
    CaptureSignalsOperator: {"policy": "p", "snapshot": "s"},
    ScreenRecordsOperator: {"records": "r", "policy": "p", "snapshot": "s", "out": "o"},
    LabelRecordsOperator: {"records": "r", "policy": "p", "snapshot": "s", "out": "o"},
    ValidateQualityOperator: {"run": "r"},
    WriteDatasetCardOperator: {"run": "r"},
    ExportOptOutsOperator: {"folder": "f"},
    WithdrawOperator: {"runs": "r", "register": "e", "out": "o"},
    OptOutSensor: {},
}
NO_TEXT = {"processes", "overwrite", "max_register_age_hours", "max_age_hours", "deferrable"}
each_operator = pytest.mark.parametrize("operator", list(NEEDED), ids=lambda operator: operator.__name__)
each_that_needs_something = pytest.mark.parametrize(
    "operator", [operator for operator, needed in NEEDED.items() if needed], ids=lambda operator: operator.__name__
)
each_with_a_manifest = pytest.mark.parametrize(
    "operator",
    [operator for operator in NEEDED if operator is not OptOutSensor],
    ids=lambda operator: operator.__name__,
)


def test_the_table_above_is_whole():
    named = [getattr(rightful.airflow, name) for name in rightful.airflow.__all__]
    assert set(NEEDED) == {one for one in named if isinstance(one, type) and issubclass(one, BaseOperator)}


@each_operator
def test_every_template_field_takes_the_result_of_a_task(operator):
    with DAG("a_dag", schedule=None) as dag:

        @task
        def before():
            return "something"

        result = before()
        made = operator(task_id="it", **dict.fromkeys(operator.template_fields, result))
    assert made.upstream_task_ids == {"before"}
    assert set(NEEDED[operator]) <= set(operator.template_fields)
    assert all(getattr(made, name) is result for name in operator.template_fields)
    assert dag.task_ids == ["before", "it"]


@each_operator
def test_what_is_not_templated_is_no_text(operator):
    base = BaseSensorOperator if issubclass(operator, BaseSensorOperator) else BaseOperator
    own = vars(operator(task_id="it", **NEEDED[operator])).keys() - vars(base(task_id="it")).keys()
    assert own - set(operator.template_fields) <= NO_TEXT


@each_operator
def test_an_argument_it_does_not_know_is_refused(operator):
    with pytest.raises(TypeError, match="colour"):
        operator(task_id="it", **NEEDED[operator], colour="green")


@each_that_needs_something
def test_an_argument_it_needs_is_missed(operator):
    with pytest.raises(TypeError, match="missing keyword argument"):
        operator(task_id="it")


def test_templates_are_rendered():
    made = ScreenRecordsOperator(
        task_id="it",
        records=["{{ run_id }}/a.parquet", "{{ run_id }}/b.parquet"],
        policy="{{ params.policy }}",
        snapshot={"snapshot": "{{ run_id }}/signals", "digest": "d"},
        register="{{ params.register }}",
        out="{{ run_id }}/out",
    )
    made.render_template_fields({"run_id": "manual", "params": {"policy": "p.toml", "register": ""}})
    assert made.records == ["manual/a.parquet", "manual/b.parquet"]
    assert (made.policy, made.register, made.out) == ("p.toml", "", "manual/out")
    assert made.snapshot == {"snapshot": "manual/signals", "digest": "d"}


def test_it_can_be_mapped_over_shards():
    from airflow.serialization.serialized_objects import DagSerialization

    with DAG("a_dag", schedule=None) as dag:
        mapped = ScreenRecordsOperator.partial(task_id="screen", policy="p", snapshot="s").expand_kwargs(
            [{"records": "a.parquet", "out": "a"}, {"records": "b.parquet", "out": "b"}]
        )
        ValidateQualityOperator.partial(task_id="validate").expand(run=mapped.output)
    again = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))
    assert again.get_task("validate").upstream_task_ids == {"screen"}


@each_operator
def test_outlets_stay_those_of_the_user(operator):
    mine = Asset("mine")
    assert operator(task_id="it", **NEEDED[operator], outlets=[mine]).outlets == [mine]
    assert operator(task_id="it", **NEEDED[operator]).outlets == []


@each_with_a_manifest
def test_each_entry_of_a_manifest_is_an_xcom_unless_one_says_otherwise(operator):
    assert operator(task_id="it", **NEEDED[operator]).multiple_outputs
    assert not operator(task_id="it", **NEEDED[operator], multiple_outputs=False).multiple_outputs
