"""A task that waits for opt-outs, in its slot and out of it."""

import asyncio

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)

from rightful.airflow import OptOutRegisterHook, OptOutSensor
from rightful.airflow.triggers.optout import OptOutChangedTrigger

PAGE = "http://open-news.example/en/1"


def a_sensor(**arguments):
    return OptOutSensor(task_id="wait", poke_interval=0.01, **arguments)


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_change_that_is_there_is_told_at_once(a_register, deferrable):
    known = OptOutRegisterHook().version()
    a_register.opt_out(PAGE)
    told = a_sensor(since=known, deferrable=deferrable).execute({})
    assert told == OptOutRegisterHook().version() != known


@pytest.mark.parametrize("known", [None, ""])
def test_who_knows_no_version_is_told_the_one_there_is(a_register, known):
    assert a_sensor(since=known).execute({}) == OptOutRegisterHook().version()


def test_it_waits_in_its_slot(a_register, monkeypatch):
    known = OptOutRegisterHook().version()
    looked = []

    def version(hook):
        looked.append(hook.register_conn_id)
        if len(looked) == 3:
            a_register.opt_out(PAGE)
        return real(hook)

    real = OptOutRegisterHook.version
    monkeypatch.setattr(OptOutRegisterHook, "version", version)
    assert a_sensor(since=known).execute({}) != known
    assert looked == ["rightful_register_default"] * 3


def test_it_waits_for_so_long(a_register):
    with pytest.raises(AirflowSensorTimeout):
        a_sensor(since=OptOutRegisterHook().version(), timeout=0.02).execute({})


def test_deferred_it_leaves_its_slot_and_is_told_by_the_trigger(a_register):
    known = OptOutRegisterHook().version()
    sensor = a_sensor(since=known, deferrable=True, timeout=600)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    trigger = deferred.value.trigger
    assert isinstance(trigger, OptOutChangedTrigger)
    assert trigger.serialize()[1] == {
        "register_conn_id": "rightful_register_default", "since": known, "poll_interval": 0.01,
    }  # fmt: skip
    assert deferred.value.timeout.total_seconds() == 600
    a_register.opt_out(PAGE)
    event = asyncio.run(anext(trigger.run()))
    assert getattr(sensor, deferred.value.method_name)({}, event.payload) == OptOutRegisterHook().version()


@pytest.mark.parametrize("event", [None, {}, {"status": "failed", "message": "the key is another register's"}])
def test_a_wait_that_failed_may_be_tried_again(event):
    with pytest.raises(AirflowException, match="another register" if event else "said nothing") as raised:
        a_sensor().execute_complete({}, event)
    assert not isinstance(raised.value, AirflowFailException)


def test_a_register_that_is_none_is_not_waited_for(a_register, monkeypatch):
    a_register.connect(monkeypatch, host="/nowhere/optouts.db")
    for deferrable in (False, True):
        with pytest.raises(AirflowFailException, match=r"\[register\] /nowhere/optouts.db does not exist"):
            a_sensor(since="v", deferrable=deferrable).execute({})
    with pytest.raises(AirflowSkipException):
        a_sensor(since="v", soft_fail=True).execute({})


def test_who_wants_all_sensors_deferred_gets_this_one_deferred(monkeypatch):
    assert not a_sensor().deferrable
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert a_sensor().deferrable
    assert not a_sensor(deferrable=False).deferrable
