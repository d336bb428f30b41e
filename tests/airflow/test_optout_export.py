"""The export as a task, and screening that refuses one that is too old: a watcher that died says nothing itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from rightful.airflow import (
    ExportOptOutsOperator,
    LabelRecordsOperator,
    OptOutRegisterHook,
    OptOutSensor,
    ScreenRecordsOperator,
)
from rightful.airflow.exports import GivenExport
from rightful.errors import InputError, RegisterError
from rightful.register.entries import KeyKind, OptOut
from rightful.register.export import Register, export_register

PAGES = [f"http://open-news.example/en/{number}" for number in range(1, 5)]
TEXT = "No word of this story is in any export of the register, only what it is known by."


def a_try(task="export", run="scheduled__1"):
    """The context of a task, as far as operators look into it."""
    return {"ti": SimpleNamespace(dag_id="d", task_id=task, run_id=run, map_index=-1)}


def exported(folder, context=None, **arguments):
    return ExportOptOutsOperator(task_id="export", folder=str(folder), **arguments).execute(context or {})


@pytest.fixture
def records(tmp_path):
    file = tmp_path / "records.jsonl"
    rows = ({"id": url[-1], "url": url, "text": f"text of {url}", "source": "web"} for url in PAGES)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def screened(records, rules, tmp_path):
    """Screen the records with a register; give how many are admitted."""

    def screen(register, name="out", operator=ScreenRecordsOperator, **arguments):
        told = operator(
            task_id="screen",
            records=str(records),
            out=str(tmp_path / name),
            **(rules | {"register": register}),
            **arguments,
        ).execute({})
        return told["records"]["admitted"]

    return screen


def test_what_is_exported_is_told(a_register, tmp_path):
    a_register.opt_out(PAGES[0], PAGES[1])
    a_register.opt_out(text=TEXT)
    a_register.opt_out(PAGES[2], verified=False)
    before = OptOutRegisterHook().version()
    told = exported(tmp_path / "exports")
    register = Register.open(told["register"])
    assert (told["version"], told["optouts"], told["changed"]) == (register.version, 4, True)
    assert told["token"] == before
    assert (datetime.now(UTC) - datetime.fromisoformat(told["exported_at"])).total_seconds() < 60
    assert register.find(KeyKind.URL, ["//open-news.example/en/1", "//open-news.example/en/4"])[0].tolist() == [2, 0]
    assert json.loads(json.dumps(told)) == told
    assert len(json.dumps(told)) < 2000
    assert not [word for word in ("Claimant", "claimant.example", "story") if word in json.dumps(told)]


def test_a_register_that_did_not_change_is_found_exported_and_its_age_begins_anew(a_register, tmp_path, monkeypatch):
    a_register.opt_out(PAGES[0])
    first = exported(tmp_path / "exports")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "exports").glob("*/*")}
    monkeypatch.setattr("rightful.airflow.operators.export.datetime", Later)
    again = exported(tmp_path / "exports")
    assert again == first | {"changed": False, "exported_at": again["exported_at"]}
    assert datetime.fromisoformat(again["exported_at"]) - datetime.fromisoformat(first["exported_at"]) >= Later.BY
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "exports").glob("*/*")}
    a_register.opt_out(PAGES[1])
    assert exported(tmp_path / "exports")["changed"]


class Later(datetime):
    """A clock some hours ahead."""

    BY = timedelta(hours=5)

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + cls.BY


def test_a_try_after_one_that_was_lost_tells_the_same(a_register, tmp_path):
    a_register.opt_out(PAGES[0])
    assert exported(tmp_path / "exports", a_try())["changed"]
    assert exported(tmp_path / "exports", a_try())["changed"]
    assert not exported(tmp_path / "exports", a_try(run="scheduled__2"))["changed"]


def test_the_log_of_the_register_names_the_task(a_register, tmp_path):
    a_register.opt_out(PAGES[0])
    exported(tmp_path / "exports", a_try())
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(f"sqlite:///{a_register.file}")
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = [str(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608
    engine.dispose()
    assert [row for row in rows if "airflow:d/export" in row]


def test_a_register_that_cannot_be_opened_is_not_tried_again(a_register, monkeypatch, tmp_path):
    a_register.connect(monkeypatch, host="/nowhere/optouts.db")
    with pytest.raises(AirflowFailException, match=r"\[register\] /nowhere/optouts.db does not exist"):
        exported(tmp_path / "exports")
    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize("operator", [ScreenRecordsOperator, LabelRecordsOperator])
def test_screening_takes_the_manifest_the_folder_and_the_path(a_register, screened, tmp_path, operator):
    a_register.opt_out(PAGES[0])
    told = exported(tmp_path / "exports")
    given = [told, str(tmp_path / "exports"), told["register"]]
    assert [screened(each, f"out-{n}", operator) for n, each in enumerate(given)] == [3, 3, 3]


def test_an_export_that_is_too_old_ends_the_task_for_good(a_register, screened, tmp_path):
    a_register.opt_out(PAGES[0])
    told = exported(tmp_path / "exports")
    old = told | {"exported_at": (datetime.now(UTC) - timedelta(hours=30)).isoformat()}
    assert screened(told, max_register_age_hours=24) == 3
    with pytest.raises(
        AirflowFailException, match=r"(?s)\[register\].*30\.0 hours ago; it may be 24 hours.*ExportOptOuts"
    ):
        screened(old, "another", max_register_age_hours=24)
    assert not (tmp_path / "another").exists()
    assert screened(old, "another", max_register_age_hours=48) == 3


def test_who_exports_says_how_old_it_may_be(a_register, screened, tmp_path, monkeypatch):
    a_register.opt_out(PAGES[0])
    assert "max_age_hours" not in exported(tmp_path / "exports")
    a_register.connect(monkeypatch, extra={"key_file": str(a_register.key_file), "max_age_hours": 6})
    assert exported(tmp_path / "exports")["max_age_hours"] == 6
    told = exported(tmp_path / "exports", max_age_hours=2)
    assert told["max_age_hours"] == 2
    old = told | {"exported_at": (datetime.now(UTC) - timedelta(hours=3)).isoformat()}
    with pytest.raises(AirflowFailException, match="it may be 2 hours old"):
        screened(old)
    (tmp_path / "exports" / "latest.json").write_text(json.dumps(old))
    with pytest.raises(AirflowFailException, match="it may be 2 hours old"):
        screened(str(tmp_path / "exports"))
    assert screened(old, max_register_age_hours=4) == 3


@pytest.mark.parametrize("told", ["no JSON", "[]"])
def test_an_age_that_cannot_be_read_is_no_young_one(a_register, screened, tmp_path, told):
    a_register.opt_out(PAGES[0])
    exported(tmp_path / "exports", max_age_hours=2)
    (tmp_path / "exports" / "latest.json").write_text(told)
    with pytest.raises(AirflowFailException, match=r"latest\.json"):
        screened(str(tmp_path / "exports"))
    assert exported(tmp_path / "exports")["changed"]
    assert screened(str(tmp_path / "exports")) == 3


def test_a_path_alone_is_as_old_as_the_register_says(a_register, screened, tmp_path):
    a_register.opt_out(PAGES[0])
    with OptOutRegisterHook().get_conn() as database:
        long_ago = datetime.now(UTC) - timedelta(days=3)
        register = database.export(tmp_path / "exports", actor="somebody", now=long_ago)
    for given in (str(register.path), str(tmp_path / "exports")):
        with pytest.raises(AirflowFailException, match=r"72\.0 hours ago"):
            screened(given, max_register_age_hours=24)
    told = exported(tmp_path / "exports")
    assert not Register.open(told["register"]).facts["as_of"].startswith(told["exported_at"][:10])
    assert screened(str(tmp_path / "exports"), max_register_age_hours=24) == 3


def test_the_newest_export_counts_whoever_made_it(a_register, tmp_path):
    a_register.opt_out(PAGES[0])
    told = exported(tmp_path / "exports", max_age_hours=9)
    a_register.opt_out(PAGES[1])
    with OptOutRegisterHook().get_conn() as database:
        newer = database.export(tmp_path / "exports", actor="somebody", now=datetime.now(UTC))
    given = GivenExport.read(str(tmp_path / "exports"))
    assert Path(given.path) == newer.path != Path(told["register"])
    assert (given.exported_at, given.max_age_hours) == (None, 9)


def test_nobody_knows_how_old_a_list_is(screened, tmp_path):
    register = export_register([OptOut(KeyKind.URL, "//open-news.example/en/1")], tmp_path / "list.arrow")
    assert screened(str(register.path)) == 3
    with pytest.raises(AirflowFailException, match="nothing says when the register"):
        screened(str(register.path), "another", max_register_age_hours=24)


@pytest.mark.parametrize("moment", ["2999-01-01T00:00:00+00:00", "yesterday", 7, None])
def test_an_age_that_cannot_be_is_none(a_register, tmp_path, moment):
    told = exported(tmp_path / "exports") | {"exported_at": moment}
    given = GivenExport.read(told)
    later = datetime.now(UTC) + timedelta(days=365)
    with pytest.raises(RegisterError, match="hours ago" if moment == "2999-01-01T00:00:00+00:00" else "hours"):
        given.open_if_fresh(24, now=later)


def test_a_register_that_must_not_be_old_must_be_there(screened):
    with pytest.raises(AirflowFailException, match="no register was given"):
        screened(None, max_register_age_hours=24)


def test_what_was_exported_and_is_another_by_now(a_register, tmp_path):
    a_register.opt_out(PAGES[0])
    told = exported(tmp_path / "exports")
    export_register([], told["register"])
    with pytest.raises(RegisterError, match=r"not sha256:.* as was exported"):
        GivenExport.read(told).open()


def test_what_is_no_export(tmp_path):
    with pytest.raises(RegisterError, match="HEAD cannot be read"):
        GivenExport.read(str(tmp_path))
    for value in ({"run": "x"}, 7, ""):
        with pytest.raises(InputError, match="register is no path"):
            GivenExport.read(value)


def test_waiting_from_an_export_on(a_register, tmp_path):
    told = exported(tmp_path / "exports")
    sensor = OptOutSensor(task_id="wait", since=told["token"])
    assert not sensor.poke({})
    a_register.opt_out(PAGES[0])
    assert sensor.poke({}).xcom_value == OptOutRegisterHook().version()
