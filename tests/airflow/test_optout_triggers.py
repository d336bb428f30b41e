"""The watcher tells every change once, forgets nothing and never ends; a waiting task is told, whatever happens."""

import asyncio
import importlib
import json
from datetime import datetime

import pytest

from rightful.airflow import optout_asset
from rightful.airflow.triggers import optout as triggers
from rightful.airflow.triggers.optout import OptOutChangedTrigger, OptOutEventTrigger
from rightful.errors import RegisterError

REGISTER = "rightful_register_default"


class Store:
    """What Airflow keeps with an asset."""

    def __init__(self, **kept):
        self.kept = kept

    async def aget(self, key, default=None):
        return self.kept.get(key, default)

    async def aset(self, key, value):
        self.kept[key] = value


class Register:
    """A register as triggers see it: a version at each look, or an error; the last one stays."""

    def __init__(self, *looks):
        self.looks = list(looks)
        self.looked = 0
        self.paused = []

    async def version_of(self, register_conn_id):
        assert register_conn_id == REGISTER
        self.looked += 1
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    async def sleep(self, seconds):
        self.paused.append(seconds)
        if len(self.looks) == 1 and len(self.paused) > 50:
            raise asyncio.CancelledError  # as the triggerer does when it stops


@pytest.fixture
def seen(monkeypatch):
    """Let triggers see a register, without waiting between looks."""

    def see(*looks):
        register = Register(*looks)
        monkeypatch.setattr(triggers, "version_of", register.version_of)
        monkeypatch.setattr(triggers.asyncio, "sleep", register.sleep)
        return register

    return see


def events_of(trigger):
    async def gather():
        told = []
        try:
            async for event in trigger.run():
                told.append(event.payload)  # noqa: PERF401 - what came before it was stopped counts
        except asyncio.CancelledError:
            return told, "stopped"
        return told, "ended"

    return asyncio.run(gather())


def a_watcher(store=None, **arguments):
    trigger = OptOutEventTrigger(REGISTER, **arguments)
    trigger.asset_state_store = store
    return trigger


@pytest.mark.parametrize(
    "trigger",
    [
        OptOutEventTrigger("a_register", poll_interval=5.0, debounce=1.5),
        OptOutChangedTrigger("a_register", since="sha256:ab", poll_interval=5.0),
        OptOutChangedTrigger("a_register"),
    ],
)
def test_a_trigger_is_made_again_from_what_it_tells(trigger):
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
    assert type(again) is type(trigger)


def test_what_a_trigger_tells_has_no_secret(monkeypatch):
    secret = {"conn_type": "rightful_register", "host": "db.example", "login": "u", "password": "s3cret"}
    monkeypatch.setenv("AIRFLOW_CONN_A_REGISTER", json.dumps({**secret, "extra": {"key": "k3y"}}))
    (watcher,) = optout_asset("a_register").watchers
    told = json.dumps([watcher.trigger.serialize(), OptOutChangedTrigger("a_register").serialize()])
    assert not [value for value in ("s3cret", "k3y", "db.example") if value in told]


def test_the_watcher_of_an_asset_survives_serialisation():
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import DagSerialization

    asset = optout_asset("a register", poll_interval=2, debounce=0.5)
    assert asset.uri == "rightful://register/a%20register"
    with DAG("a_dag", schedule=[asset]) as dag:
        pass
    written = json.dumps(DagSerialization.to_dict(dag))
    assert "OptOutEventTrigger" in written
    assert DagSerialization.from_dict(json.loads(written)).dag_id == "a_dag"


def test_every_change_is_told_with_what_was_before(seen):
    seen("v1", "v1", "v1", "v2", "v2", "v3")
    told, how = events_of(a_watcher(Store(cursor="v0")))
    assert told == [
        {"version": "v1", "previous": "v0"}, {"version": "v2", "previous": "v1"}, {"version": "v3", "previous": "v2"},
    ]  # fmt: skip
    assert how == "stopped"  # by the triggerer: it did not end


def test_changes_in_short_order_are_one_event(seen):
    register = seen("v0", "v1", "v2", "v3", "v3")
    told, _ = events_of(a_watcher(Store(cursor="v0"), poll_interval=60, debounce=7))
    assert told == [{"version": "v3", "previous": "v0"}]
    assert register.paused[1:4] == [7, 7, 7]


def test_a_change_that_is_taken_back_at_once_is_none(seen):
    seen("v1", "v0", "v0")
    told, _ = events_of(a_watcher(Store(cursor="v0")))
    assert told == []


def test_a_register_that_changes_without_end_is_told_nonetheless(seen):
    seen(*(f"v{number}" for number in range(1, 40)))
    told, _ = events_of(a_watcher(Store(cursor="v0")))
    assert told[0] == {"version": "v11", "previous": "v0"}
    assert told[-1]["version"] == "v39"


def test_what_was_told_is_remembered_and_not_told_again(seen):
    store = Store()
    seen("v1", "v1", "v1")
    assert events_of(a_watcher(store))[0] == [{"version": "v1", "previous": None}]
    assert store.kept["cursor"] == "v1"
    seen("v1", "v1")
    assert events_of(a_watcher(store))[0] == []
    seen("v2", "v2")  # while the triggerer was down
    assert events_of(a_watcher(store))[0] == [{"version": "v2", "previous": "v1"}]


def test_it_remembers_when_it_last_read_the_register(seen):
    store = Store()
    seen(OSError("away"), "v1", "v1")
    events_of(a_watcher(store))
    assert datetime.fromisoformat(store.kept["last_ok"]).tzinfo


def test_before_airflow_3_3_it_tells_the_version_there_is_when_it_begins(seen):
    seen("v1", "v1", "v2", "v2")
    assert events_of(a_watcher(None))[0] == [
        {"version": "v1", "previous": None},
        {"version": "v2", "previous": "v1"},
    ]


def test_whatever_fails_it_goes_on_and_asks_less_often(seen):
    failures = [RegisterError("no"), OSError("away"), RuntimeError("of somebody's"), KeyError("x")]
    register = seen(*failures, "v1", "v1")
    told, how = events_of(a_watcher(Store(), poll_interval=10, debounce=1))
    assert told == [{"version": "v1", "previous": None}]
    assert how == "stopped"
    assert register.paused[:4] == [20, 40, 80, 160]
    assert set(register.paused[5:]) == {10}


def test_a_memory_that_fails_stops_nothing(seen):
    class Forgetful(Store):
        async def aget(self, key, default=None):
            self.asked = getattr(self, "asked", 0) + 1
            if self.asked < 3:
                raise RuntimeError("the server is away")
            return await super().aget(key, default)

        async def aset(self, key, value):
            self.told = getattr(self, "told", 0) + 1
            if self.told == 2:
                raise RuntimeError("the server is away")
            await super().aset(key, value)

    store = Forgetful(cursor="v1")
    seen("v1", "v2", "v2", "v2")
    told, how = events_of(a_watcher(store))
    assert told == [{"version": "v2", "previous": "v1"}]
    assert (how, store.kept["cursor"]) == ("stopped", "v2")


def test_pauses_have_a_longest():
    assert [triggers._pause(60, failures) for failures in (0, 1, 100)] == [60, 120, 900]
    assert triggers._pause(3600, 3) == 3600
    assert triggers._pause(0, 1) == 2.0


def test_a_task_that_waits_is_told_the_new_version(seen):
    register = seen("v1", "v1", "v2")
    assert events_of(OptOutChangedTrigger(REGISTER, since="v1")) == ([{"status": "changed", "version": "v2"}], "ended")
    assert register.paused == [60, 60]


def test_a_task_that_waits_gets_over_a_few_failures_and_is_told_of_many(seen):
    seen(OSError("a"), OSError("b"), "v2")
    assert events_of(OptOutChangedTrigger(REGISTER, since="v1"))[0] == [{"status": "changed", "version": "v2"}]
    register = seen(RegisterError("the key is another register's"))
    told, how = events_of(OptOutChangedTrigger(REGISTER, since="v1"))
    assert told == [{"status": "failed", "message": "the key is another register's"}]
    assert (how, register.looked) == ("ended", 5)
