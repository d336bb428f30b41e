"""Validation as a whole: what it reads, what it leaves behind, and what it tells."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from datetime import timedelta

import pytest
from tests.quality.good_set import (
    AS_OF,
    COLUMNS,
    SECRET,
    good_rows,
    policy_with,
    results,
    write,
)

from rightful.errors import MissingExtraError, RightfulError
from rightful.quality import suite
from rightful.quality.expectations import Expectation, present
from rightful.quality.requirements import Requirement
from rightful.quality.suite import validate_files


def all_faulty():
    """Give records that break almost everything, so that there is much to tell."""
    rows = good_rows()
    for row in rows:
        row["text"] += "\ufffd"
        row |= {"language": "xx", "fetched_at": AS_OF + timedelta(days=400), "source": "elsewhere"}
        row["rights"] |= {"admission": "exclude", "tier": None, "basis": None, "reasons": []}
    rows[0]["text"] = rows[1]["text"]
    return rows


def test_the_report_has_ids_and_no_text_url_or_site(validated):
    told = validated(all_faulty()).to_json()
    assert "rec-000" in told
    for row in all_faulty():
        assert row["text"] not in told
        assert row["url"] not in told
        assert row["rights"]["site"] not in told
    assert not re.search(rf"{SECRET}|http|[.]example|\ufffd|elsewhere", told)


def test_no_more_than_twenty_ids_are_given_for_each(validated):
    report = validated(all_faulty())
    assert max(len(r.examples) for r in report.results) == 20
    assert results(report)["authorisation-admitted"].examples == tuple(f"rec-{n:03d}" for n in range(20))


def test_the_same_shards_give_the_same_octets(tmp_path):
    files = write(tmp_path, all_faulty())
    told = {
        validate_files(files, policy=policy_with(), columns=COLUMNS, as_of=as_of, threads=threads).to_json()
        for threads, as_of in ((1, AS_OF), (4, AS_OF.replace(tzinfo=None)))
    }
    assert len(told) == 1


def test_without_a_reference_time_ages_are_not_tested(validated):
    found = results(validated(good_rows(), as_of=None))
    assert {found[code].not_applied for code in ("fetched-before", "recent")} == {"no reference time was given"}
    assert found["fetch-time-known"].passed


def test_nothing_is_left_behind_and_nothing_asks_the_network(tmp_path, monkeypatch, validated):
    def refuse(self, address):
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"validation tried to connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    validated(good_rows())  # imports are done, whatever they write
    folders = [tmp_path / name for name in ("cwd", "home", "scratch")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.chdir(folders[0])
    monkeypatch.setenv("HOME", str(folders[1]))
    monkeypatch.setattr(tempfile, "tempdir", str(folders[2]))
    monkeypatch.delenv("SF_PARTNER", raising=False)
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "mine")
    before = dict(os.environ)
    assert not validated(good_rows()).failures
    assert [list(folder.iterdir()) for folder in folders] == [[], [], []]
    assert dict(os.environ) == before


def test_the_callers_own_context_stays_the_current_one(validated):
    import great_expectations as gx
    from great_expectations.data_context.data_context.context_factory import project_manager

    mine = gx.get_context(mode="ephemeral")
    validated(good_rows())
    assert project_manager.get_current_project() is mine


@pytest.mark.parametrize(
    "expectation",
    [
        present("nowhere"),
        Expectation("expect_few_unexpected_rows", {"unexpected_rows_query": "SELECT nonsense FROM {batch}"}),
    ],
)
def test_what_cannot_be_tested_is_an_error_and_never_a_pass(validated, monkeypatch, caplog, expectation):
    broken = Requirement("odd", "high:current", "Odd.", expectation)
    stated = suite.requirements_for
    monkeypatch.setattr(suite, "requirements_for", lambda *a, **k: [*stated(*a, **k), broken])
    with pytest.raises(RightfulError, match=r"'odd' could not be tested: .*(nowhere|nonsense)") as error:
        validated(good_rows())
    assert error.value.where == {"requirement": "odd"}


def test_a_result_that_never_comes_is_an_error(validated, monkeypatch):
    from rightful.quality import duckdb_engine

    whole = duckdb_engine.validate_table
    monkeypatch.setattr(duckdb_engine, "validate_table", lambda *a, **k: whole(*a, **k)[1:])
    with pytest.raises(RightfulError, match="no result"):
        validated(good_rows())


def test_the_extra_is_named_where_it_is_missing(validated, monkeypatch):
    import rightful.quality

    monkeypatch.delitem(sys.modules, "rightful.quality.duckdb_engine", raising=False)
    monkeypatch.delattr(rightful.quality, "duckdb_engine", raising=False)
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    with pytest.raises(MissingExtraError, match=r"rightful\[quality\]"):
        validated(good_rows())


ALONE = """
import sys
import rightful.quality, rightful.quality.report, rightful.quality.requirements, rightful.quality.suite
heavy = {"great_expectations", "duckdb", "duckdb_engine", "pandas", "sqlalchemy"} & set(sys.modules)
assert not heavy, heavy
from pathlib import Path
from rightful.quality.suite import validate_files
from tests.quality.good_set import *
report = validate_files([Path(f) for f in sys.argv[1:]], policy=policy_with(), columns=COLUMNS, as_of=AS_OF)
sys.stdout.write(report.to_json())
"""


def test_alone_it_imports_late_and_is_quiet(tmp_path):
    files = write(tmp_path, all_faulty())
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {"PYTHONHASHSEED": "7", "HOME": str(home), "TZ": "Asia/Shanghai", "LC_ALL": "C"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, files)],
        capture_output=True, cwd=home, env=environment, check=False, timeout=300,
    )  # fmt: skip
    # DuckDB's binding counts its own types at exit; nothing of ours is among them, and nothing switches it off.
    told = [
        line for line in done.stderr.decode().splitlines() if not re.match(r"nanobind: | - |See https://nano", line)
    ]
    assert (done.returncode, told) == (0, [])
    here = validate_files(files, policy=policy_with(), columns=COLUMNS, as_of=AS_OF)
    assert json.loads(done.stdout) == json.loads(here.to_json())
    assert done.stdout.decode() == here.to_json()
    assert list(home.iterdir()) == []
