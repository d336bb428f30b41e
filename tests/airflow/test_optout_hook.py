"""A connection names a register; what it holds besides is told nobody."""

import asyncio
import json
import logging
from datetime import UTC, datetime

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

from rightful.airflow import OptOutRegisterHook
from rightful.airflow.failures import failing_as_airflow_does
from rightful.airflow.hooks.register import RegisterPlace, version_of
from rightful.errors import RegisterError
from rightful.register.sealing import Key

KEY = "a" * 43 + "="
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def place_of(**connection):
    extra = connection.pop("extra", {})
    return RegisterPlace.of(Connection(conn_id="c", extra=json.dumps(extra), **connection))


@pytest.mark.parametrize(
    ("connection", "database"),
    [
        ({"host": "/srv/o.db", "password": KEY}, "/srv/o.db"),
        ({"host": "sqlite:////srv/o.db", "password": KEY}, "sqlite:////srv/o.db"),
        (
            {"host": "db.example", "port": 5433, "schema": "rights", "login": "u@x", "password": "p:w/d"},
            "postgresql+psycopg://u%40x:p%3Aw%2Fd@db.example:5433/rights",
        ),
        ({"host": "db.example", "schema": "rights"}, "postgresql+psycopg://db.example/rights"),
        ({"host": "postgres://db.example/rights"}, "postgresql+psycopg://db.example/rights"),
        (
            {"host": "postgresql://db.example/rights?sslmode=require", "login": "u", "password": "p"},
            "postgresql+psycopg://u:p@db.example/rights?sslmode=require",
        ),
        ({"host": "postgresql+psycopg://a:b@db.example/r", "login": "u"}, "postgresql+psycopg://a:b@db.example/r"),
    ],
)
def test_where_the_database_is(connection, database):
    assert place_of(extra={"key_file": "/k"}, **connection).database == database


def test_the_password_is_the_users_and_where_there_is_none_the_key():
    assert place_of(host="/srv/o.db", password=KEY).key == KEY
    assert place_of(host="h", login="u", password="p", extra={"key": "k"}).key == "k"
    assert place_of(host="/srv/o.db", password=KEY, extra={"key": "k"}).key == "k"
    with pytest.raises(RegisterError, match="c has no key of the register"):
        place_of(host="h", login="u", password="p")


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ({"password": KEY}, "names no database"),
        ({"host": "/srv/o.db"}, "has no key"),
        ({"host": "/srv/o.db", "password": KEY, "extra": {"max_age_hours": "a day"}}, "is no number of hours"),
        ({"host": "/srv/o.db", "password": KEY, "extra": {"max_age_hours": -1}}, "is no number of hours"),
        ({"host": "/srv/o.db", "password": KEY, "extra": {"max_age_hours": "nan"}}, "is no number of hours"),
        ({"host": "/srv/o.db", "password": KEY, "extra": ["key"]}, "is no JSON object"),
        ({"host": "postgresql://u:s3@cret@h/db", "extra": {"key": KEY}}, "more than one @"),
    ],
)
def test_a_connection_that_cannot_work(connection, said):
    with pytest.raises(RegisterError, match=said) as raised:
        place_of(**connection)
    assert not [secret for secret in (KEY, "s3", "cret") if secret in str(raised.value)]


@pytest.mark.parametrize("host", ["postgresql://u:s3[cret@127.0.0.1:1/db", "postgresql://u:s3cret@127.0.0.1:port/db"])
def test_odd_urls_fail_in_words_without_secrets(a_register, monkeypatch, host):
    a_register.connect(monkeypatch, host=host)
    works, why = OptOutRegisterHook().test_connection()
    with pytest.raises(RegisterError) as raised:
        asyncio.run(version_of("rightful_register_default"))
    assert not works
    assert not [text for text in (why, str(raised.value)) if "s3" in text or "cret" in text]


def test_the_oldest_export_is_a_number_or_nothing():
    told = ({"max_age_hours": 36}, {"max_age_hours": "1.5"}, {"max_age_hours": ""}, {})
    assert [place_of(host="/o", password=KEY, extra=extra).max_age_hours for extra in told] == [36, 1.5, None, None]


def test_a_register_from_a_connection_in_the_environment(a_register):
    hook = OptOutRegisterHook()
    empty = hook.version()
    assert empty == asyncio.run(hook.aversion())
    reference = a_register.opt_out("http://open-news.example/en/1")
    assert hook.version() != empty
    with hook.get_conn() as database:
        assert database.by_state("verified") == (reference,)
    assert hook.test_connection() == (True, f"the register opens; its version is {hook.version()}")


def test_an_export_through_the_hook(a_register, tmp_path):
    reference = a_register.opt_out("http://open-news.example/en/1")
    register = OptOutRegisterHook().export(tmp_path / "exports", actor="a task of somebody's", now=NOW)
    assert register.entry(0).reference == reference
    assert register.path == tmp_path / "exports" / register.version.removeprefix("sha256:")[:16] / "register.arrow"


def test_a_key_in_a_file_and_a_key_in_the_connection(a_register, monkeypatch):
    written = a_register.key_file.read_text().strip()
    for extra in ({"key_file": str(a_register.key_file)}, {"key": written}):
        a_register.connect(monkeypatch, extra=extra)
        assert OptOutRegisterHook().version()
    a_register.connect(monkeypatch, password=written)
    assert OptOutRegisterHook().version()


def test_there_is_no_such_connection():
    with pytest.raises(AirflowNotFoundException):
        OptOutRegisterHook("no_such_register").version()


@pytest.mark.parametrize("told", [{"host": "/nowhere/o.db"}, {"host": "mysql://h/o"}, {"extra": {"key": KEY}}, {}])
def test_what_does_not_open_is_told_without_secrets(a_register, monkeypatch, caplog, told):
    other = Key.create(a_register.key_file.with_name("other.key"))
    assert other.id not in a_register.key_file.read_text()
    secret = a_register.key_file.with_name("other.key").read_text().strip()
    a_register.connect(monkeypatch, **({"extra": {"key": secret}} | told))
    with caplog.at_level(logging.DEBUG):
        works, why = OptOutRegisterHook().test_connection()
        with pytest.raises(RegisterError) as raised:
            asyncio.run(version_of("rightful_register_default"))
    assert not works
    assert not [text for text in (why, str(raised.value), caplog.text) if secret in text or KEY in text]
    with pytest.raises(AirflowFailException), failing_as_airflow_does():
        OptOutRegisterHook().version()


def test_a_database_that_is_away_is_tried_again(a_register, monkeypatch):
    a_register.connect(monkeypatch, host="postgresql://127.0.0.1:1/rights", login="u", password="s3cret")
    with pytest.raises(AirflowException) as raised, failing_as_airflow_does():
        OptOutRegisterHook().version()
    assert not isinstance(raised.value, AirflowFailException)
    assert "s3cret" not in str(raised.value)
    works, why = OptOutRegisterHook().test_connection()
    assert not works
    assert "s3cret" not in why
    with pytest.raises(RegisterError) as raised:
        asyncio.run(version_of("rightful_register_default"))
    assert "s3cret" not in str(raised.value)


def test_what_a_place_shows_of_itself_has_no_secret():
    shown = repr(place_of(host="h", login="u", password="p4ss", extra={"key": "k3y"}))
    assert "p4ss" not in shown
    assert "k3y" not in shown
