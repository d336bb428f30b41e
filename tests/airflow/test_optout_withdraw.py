"""Withdrawing as a task: new versions of datasets, requests moved on, and nothing done twice."""

import json
import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from rightful.airflow import ExportOptOutsOperator, ScreenRecordsOperator, WithdrawOperator
from rightful.airflow.versions import Version, newest_versions, runs_in
from rightful.audit.verify import verify_run
from rightful.errors import InputError, RunBusyError, RunError
from rightful.ledger.run_directory import RunDirectory
from rightful.register.model import Act, State
from rightful.register.sealing import Key
from rightful.withdrawal.receipts import receipt_key, verify_receipt

CLAIMANT = "Ada Claimant"


@pytest.fixture
def dataset(finished_run, tmp_path):
    """A finished dataset among others of its kind."""
    return Path(shutil.copytree(finished_run, tmp_path / "screened" / "demo"))


@pytest.fixture
def withdrawing(a_register, dataset, tmp_path):
    """Export the register and withdraw; give the manifest."""
    receipt_key(tmp_path / "receipts.pem", make=True)

    def withdraw(export=True, **arguments):
        if export:
            told = ExportOptOutsOperator(task_id="export", folder=str(tmp_path / "exports")).execute({})
            (tmp_path / "told.json").write_text(json.dumps(told))
        told = json.loads((tmp_path / "told.json").read_text())
        given = {
            "runs": str(tmp_path / "screened" / "*"), "register": told, "out": str(tmp_path / "current"),
            "receipts": str(tmp_path / "receipts"), "signing_key": str(tmp_path / "receipts.pem"),
            "register_conn_id": "rightful_register_default",
        }  # fmt: skip
        return WithdrawOperator(task_id="withdraw", **(given | arguments)).execute({})

    return withdraw


def urls_of(run, count=2):
    """Addresses of records that ship."""
    return [url for url in pq.read_table(Path(run) / "data")["url"].to_pylist() if url][:count]


def ships(run, url):
    return url in pq.read_table(Path(run) / "data")["url"].to_pylist()


def states(register, *references):
    return [[event.state for event in register.database.status(reference).events] for reference in references]


CARRIED_OUT = [State.RECEIVED, State.VERIFIED, State.MATCHED, State.REMOVED, State.CONFIRMED]


def test_an_opt_out_is_taken_out_and_carried_out(a_register, dataset, withdrawing, tmp_path, caplog):
    first, second = urls_of(dataset)
    reference = a_register.opt_out(first)
    elsewhere = a_register.opt_out("http://nobody.example/has/this")
    with caplog.at_level(logging.DEBUG):
        told = withdrawing()
    (run,) = told["runs"]
    assert Path(run).parent.parent == tmp_path / "current"
    assert Path(run).parent.name.startswith("demo-")
    assert Path(run).name.startswith("0002-")
    assert (ships(dataset, first), ships(run, first), ships(run, second)) == (True, False, True)
    verify_run(run).raise_for_findings()
    assert (Path(run) / "README.md").exists()
    assert (told["datasets"], told["versions"]) == (1, 1)
    assert told["removed"] == pq.read_table(dataset / "data").num_rows - pq.read_table(Path(run) / "data").num_rows
    assert told["requests"] == {"named": 1, "moved": 1, "left": 0}
    assert states(a_register, reference, elsewhere) == [CARRIED_OUT, [State.RECEIVED, State.VERIFIED]]
    (receipt,) = Path(told["receipts"]).iterdir()
    assert verify_receipt(receipt, tmp_path / "receipts.pem.pub", run=run)["reference"] == reference
    assert len(json.dumps(told)) < 2000
    assert json.loads(json.dumps(told)) == told
    texts = pq.read_table(dataset / "data")["text"].to_pylist()
    everything = json.dumps(told) + caplog.text + Path(told["report"]).read_text()
    assert not [word for word in (CLAIMANT, reference, first, *(text[:40] for text in texts)) if word in everything]


def test_done_again_it_is_found_done(a_register, dataset, withdrawing):
    reference = a_register.opt_out(urls_of(dataset)[0])
    first = withdrawing()
    octets = {path: path.read_bytes() for path in Path(first["runs"][0]).rglob("*") if path.is_file()}
    again = withdrawing(export=False)
    assert again["runs"] == first["runs"]
    assert (again["versions"], again["removed"]) == (0, 0)
    assert withdrawing()["runs"] == first["runs"]  # of an export that found the register unchanged
    assert octets == {path: path.read_bytes() for path in Path(first["runs"][0]).rglob("*") if path.is_file()}
    assert states(a_register, reference) == [CARRIED_OUT]


@pytest.mark.parametrize("lost", ["match", "remove", "confirm"])
def test_a_try_that_was_lost_half_way_is_taken_up(a_register, dataset, withdrawing, monkeypatch, lost):
    reference = a_register.opt_out(urls_of(dataset)[0])
    from rightful.register.database import RegisterDatabase

    def away(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RegisterDatabase, lost, away)
        with pytest.raises(KeyboardInterrupt):
            withdrawing()
    told = withdrawing(export=False)
    assert (told["versions"], told["requests"]) == (1, {"named": 1, "moved": 1, "left": 0})
    assert states(a_register, reference) == [CARRIED_OUT]
    verify_run(told["runs"][0]).raise_for_findings()


def test_the_next_withdrawal_goes_on_from_the_last_version(a_register, dataset, withdrawing):
    first, second = urls_of(dataset)
    one = a_register.opt_out(first)
    before = withdrawing()["runs"][0]
    two = a_register.opt_out(second)
    (run,) = withdrawing()["runs"]
    assert Path(run).parent == Path(before).parent
    assert Path(run).name.startswith("0003-")
    assert not ships(run, first)
    assert not ships(run, second)
    assert len(RunDirectory(run).manifest.earlier) == 2
    assert ships(before, second)  # older versions stay as they are
    verify_run(run).raise_for_findings()
    assert states(a_register, one, two) == [CARRIED_OUT, CARRIED_OUT]


def test_two_datasets_have_versions_of_their_own(a_register, dataset, withdrawing, rules, demo_inputs, tmp_path):
    records = pq.read_table(demo_inputs.records)
    pq.write_table(records.slice(0, records.num_rows // 2), tmp_path / "half.parquet")
    other = tmp_path / "elsewhere" / "demo"
    ScreenRecordsOperator(task_id="screen", records=str(tmp_path / "half.parquet"), out=str(other), **rules).execute({})
    url = urls_of(other)[0]
    reference = a_register.opt_out(url)
    told = withdrawing(runs=[str(dataset), {"run": str(other)}])
    assert len({Path(run).parent for run in told["runs"]}) == told["versions"] == 2
    assert not any(ships(run, url) for run in told["runs"])
    assert states(a_register, reference) == [[*CARRIED_OUT, *CARRIED_OUT[2:]]]


def test_copies_of_a_dataset_are_one_dataset(a_register, dataset, withdrawing, tmp_path):
    shutil.copytree(dataset, tmp_path / "screened" / "copy")
    a_register.opt_out(urls_of(dataset)[0])
    before = withdrawing()
    assert before["datasets"] == before["versions"] == 1
    a_register.opt_out(urls_of(dataset)[1])
    told = withdrawing(runs=[str(tmp_path / "screened" / "*"), before])
    assert told["datasets"] == told["versions"] == 1
    assert Path(told["runs"][0]).name.startswith("0003-")


def test_a_dataset_without_anything_of_it_gets_no_version(a_register, dataset, withdrawing):
    a_register.opt_out("http://nobody.example/has/this")
    told = withdrawing()
    assert told["runs"] == [str(dataset)]
    assert (told["versions"], told["removed"], told["requests"]["named"]) == (0, 0, 0)


def test_what_is_received_only_holds_and_stays_received(a_register, dataset, withdrawing):
    url = urls_of(dataset)[0]
    reference = a_register.opt_out(url, verified=False)
    told = withdrawing()
    assert not ships(told["runs"][0], url)
    assert told["requests"] == {"named": 1, "moved": 0, "left": 1}
    assert states(a_register, reference) == [[State.RECEIVED]]


def test_a_claimant_who_takes_it_back_meanwhile(a_register, dataset, withdrawing, monkeypatch):
    reference = a_register.opt_out(urls_of(dataset)[0])
    from rightful.register.database import RegisterDatabase

    real = RegisterDatabase.match

    def too_late(database, reference, **who):
        database.withdraw(reference, actor="desk", now=datetime.now(UTC))
        return real(database, reference, **who)

    monkeypatch.setattr(RegisterDatabase, "match", too_late)
    assert withdrawing()["requests"] == {"named": 1, "moved": 0, "left": 1}
    assert states(a_register, reference)[0][-1] is State.WITHDRAWN


def test_without_a_key_there_are_no_receipts_and_nobody_was_told(a_register, dataset, withdrawing):
    reference = a_register.opt_out(urls_of(dataset)[0])
    told = withdrawing(signing_key="", receipts=None)
    assert told["receipts"] is None
    assert states(a_register, reference) == [CARRIED_OUT[:-1]]
    removed = next(event for event in a_register.database.status(reference).events if event.act is Act.REMOVE)
    assert removed.details["receipt"] == RunDirectory(told["runs"][0]).manifest.root


def test_the_receipt_that_is_noted_is_the_file_s(a_register, dataset, withdrawing):
    from rightful.files import digest_of

    reference = a_register.opt_out(urls_of(dataset)[0])
    (receipt,) = Path(withdrawing()["receipts"]).iterdir()
    removed = next(event for event in a_register.database.status(reference).events if event.act is Act.REMOVE)
    assert removed.details["receipt"] == f"sha256:{digest_of(receipt)}"
    assert removed.automatic


def test_without_a_connection_requests_stay_where_they_are(a_register, dataset, withdrawing):
    reference = a_register.opt_out(urls_of(dataset)[0])
    told = withdrawing(register_conn_id="")
    assert (told["versions"], told["requests"]) == (1, {"named": 1, "moved": 0, "left": 0})
    assert states(a_register, reference) == [CARRIED_OUT[:2]]


def test_a_legal_hold_needs_a_key(a_register, dataset, withdrawing, tmp_path):
    reference = a_register.opt_out(urls_of(dataset)[0])
    a_register.database.hold(reference, actor="counsel", now=a_register.now)
    with pytest.raises(AirflowFailException, match="1 requests are under legal hold"):
        withdrawing()
    assert not (tmp_path / "current").exists()
    Key.create(tmp_path / "hold.key")
    (run,) = withdrawing(legal_hold=str(tmp_path / "hold.key"))["runs"]
    assert list(Path(f"{run}.hold").glob("*.sealed"))


def test_models_that_were_trained_on_it_are_counted(a_register, dataset, withdrawing, tmp_path):
    log = tmp_path / "trainings.jsonl"
    log.write_text(json.dumps({"model": "m", "version": "1", "trained_on": RunDirectory(dataset).manifest.root}) + "\n")
    a_register.opt_out(urls_of(dataset)[0])
    told = withdrawing(train_log=str(log))
    (row,) = json.loads(Path(told["report"]).read_text())["datasets"]
    assert row == {"run": told["runs"][0], "before": str(dataset), "removed": told["removed"], "models_exposed": 1}


def test_an_export_that_is_too_old_withdraws_nothing(a_register, dataset, withdrawing, tmp_path):
    a_register.opt_out(urls_of(dataset)[0])
    told = ExportOptOutsOperator(task_id="export", folder=str(tmp_path / "exports"), max_age_hours=24).execute({})
    old = told | {"exported_at": (datetime.now(UTC) - timedelta(hours=30)).isoformat()}
    with pytest.raises(AirflowFailException, match="it may be 24 hours old"):
        withdrawing(register=old)
    assert not (tmp_path / "current").exists()


def test_a_dataset_that_is_broken_does_not_keep_the_others_waiting(a_register, dataset, withdrawing, tmp_path):
    broken = Path(shutil.copytree(dataset, tmp_path / "screened" / "a-broken-one"))
    manifest = json.loads((broken / "rightful" / "manifest.json").read_text())
    (broken / "rightful" / "manifest.json").write_text(json.dumps(manifest | {"tool": "another"}))
    url = urls_of(dataset)[0]
    a_register.opt_out(url)
    with pytest.raises(AirflowFailException, match=r"\[run\] .*a-broken-one is not what its list of digests says"):
        withdrawing()
    (home,) = (tmp_path / "current").glob("demo-*")
    assert not ships(home / (home / "HEAD").read_text().strip(), url)


def test_a_dataset_whose_newest_version_was_deleted_does_not_keep_the_others_waiting(
    a_register, dataset, withdrawing, rules, demo_inputs, tmp_path
):
    records = pq.read_table(demo_inputs.records)
    pq.write_table(records.slice(0, records.num_rows // 2), tmp_path / "half.parquet")
    half = tmp_path / "screened" / "a-half"
    ScreenRecordsOperator(task_id="screen", records=str(tmp_path / "half.parquet"), out=str(half), **rules).execute({})
    one, two = urls_of(dataset)
    a_register.opt_out(one)
    for run in withdrawing()["runs"]:
        if Path(run).parent.name.startswith("a-half-"):
            shutil.rmtree(run)
    a_register.opt_out(two)
    with pytest.raises(AirflowFailException, match=r"a-half-\w+/HEAD names '0002-\w+' as the newest version"):
        withdrawing()
    (home,) = (tmp_path / "current").glob("demo-*")
    newest = home / (home / "HEAD").read_text().strip()
    assert newest.name.startswith("0003-")
    assert not ships(newest, two)


def test_one_that_is_busy_is_tried_again(a_register, dataset, withdrawing, monkeypatch):
    a_register.opt_out(urls_of(dataset)[0])

    def busy(*_, **__):
        raise RunBusyError("another process is making it")

    monkeypatch.setattr("rightful.withdrawal.withdraw.withdraw", busy)
    with pytest.raises(AirflowException, match="another process") as raised:
        withdrawing()
    assert not isinstance(raised.value, AirflowFailException)


def test_which_datasets_a_pattern_finds(dataset, tmp_path):
    others = tmp_path / "screened"
    for name in ("half.partial", ".hidden"):
        shutil.copytree(dataset, others / name)
    (others / "notes.txt").write_text("mine")
    (others / "empty").mkdir()
    assert runs_in(str(others / "*")) == [dataset]
    assert runs_in([str(dataset), {"runs": [str(dataset)]}, {"run": str(dataset)}]) == [dataset]
    ((version,), failed) = newest_versions(str(others / "*"), tmp_path / "current")
    assert (version.number, failed) == (1, [])


@pytest.mark.parametrize("value", ["", [], None, {"runs": []}, 7])
def test_no_datasets(value):
    with pytest.raises(InputError):
        runs_in(value)


def test_what_is_no_dataset(tmp_path):
    with pytest.raises(InputError, match="is a finished run"):
        runs_in(str(tmp_path / "*"))
    versions, (error,) = newest_versions(str(tmp_path), tmp_path / "current")
    assert versions == []
    assert isinstance(error, RunError)
    assert "is no finished run" in str(error)


def test_more_datasets_than_a_manifest_holds(a_register, withdrawing, tmp_path, monkeypatch):
    version = ExportOptOutsOperator(task_id="export", folder=str(tmp_path / "exports")).execute({})["version"]
    runs = [tmp_path / f"{number:02}-{'long' * 20}" for number in range(40)]
    made = [Version(run, tmp_path / "current" / run.name, 1, version) for run in runs]
    monkeypatch.setattr("rightful.airflow.versions.newest_versions", lambda *_: (made, []))
    told = withdrawing()
    assert len(json.dumps(told)) < 2000
    assert (told["datasets"], 0 < len(told["runs"]) < 40) == (40, True)
    listed = json.loads(Path(told["report"]).read_text())["datasets"]
    assert [row["run"] for row in listed] == [str(run) for run in runs]
