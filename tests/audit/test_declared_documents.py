"""Licences and policies that signal files declare: they are part of the evidence, explained, and looked up again."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rightful.audit.explain import explain
from rightful.audit.verify import verify_run
from rightful.ledger.run_directory import EVIDENCE
from rightful.runner.run import screen_files
from rightful.signals.locations import ROBOTS, RSL, TDM_POLICY, TDMREP
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import Snapshot, add_captures

POLICY = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
HOST = "https://h.example"
URL = f"{HOST}/policy.json"
NAMING = f'[{{"location": "/", "tdm-reservation": 1, "tdm-policy": "{URL}"}}]'.encode()
PAID = b'{"assigner": {"vcard:fn": "H"}, "permission": {"action": "tdm:mine", "duty": "compensate"}}'
LICENCE = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">all</prohibits>'
    b"</license></content></rsl>"
)


def capture(signal, body, year=2021, place=HOST):
    outcome, kind = classify(200, None, body, signal)
    return Capture(place, datetime(year, 1, 1, tzinfo=UTC), outcome, kind, signal=signal, status=200, body=body)


def screened(tmp_path, captures):
    add_captures(tmp_path / "signals", [capture(ROBOTS, b"", 2020), *captures])
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    rows = [{"url": f"{HOST}/{year}", "fetched_at": datetime(year, 6, 1, tzinfo=UTC)} for year in (2019, 2022, 2025)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "r.parquet")
    screen_files(tmp_path / "policy.toml", tmp_path / "r.parquet", snapshot=tmp_path / "signals", out=tmp_path / "out")
    return tmp_path / "out"


def stated(run, year, when):
    (why,) = explain(run, url=f"{HOST}/{year}")
    found = [s for s in why.statements if s.when == when and s.statement.usage == "train-ai"]
    return [(s.capture and s.capture["signal"], s.statement.preference.value, s.statement.where) for s in found]


def test_a_policy_is_evidence_and_explained(tmp_path):
    run = screened(tmp_path, [capture(TDMREP, NAMING), capture(TDM_POLICY, PAID, 2024, URL)])
    (why,) = explain(run, url=f"{HOST}/2022")
    assert why.decision.reasons == ("RESERVED_FETCH:tdmrep", "CONDITIONAL_NOW:tdmrep")
    reserved = (TDMREP, "deny", "/0/tdm-reservation")
    assert stated(run, 2022, "fetch") == [reserved]
    assert stated(run, 2022, "now") == [reserved, (TDM_POLICY, "conditional", "/permission/0")]
    assert why.statements[-1].statement.text == "compensate; assigner: H"
    assert why.statements[-1].statement.conditions == ("payment:tdm",)
    assert why.statements[-1].capture["origin"] == URL
    evidence = Snapshot.open(run / EVIDENCE).captures.to_pylist()
    assert URL in {row["origin"] for row in evidence}
    assert not looked_up_again(run)


def test_a_policy_that_is_not_understood_is_explained_too(tmp_path):
    run = screened(tmp_path, [capture(TDMREP, NAMING), capture(TDM_POLICY, b"Write to us", 2021, URL)])
    assert stated(run, 2025, "now") == [(TDMREP, "deny", "/0/tdm-reservation"), (TDM_POLICY, "deny", "policy")]
    assert not looked_up_again(run)


@pytest.mark.parametrize("newest", [b"[]", NAMING], ids=["no longer named", "named"])
@pytest.mark.parametrize("policies", [[2021], [2024], [2021, 2024]], ids=str)
def test_a_history_of_policies_is_looked_up_again_as_it_was(tmp_path, newest, policies):
    bodies = {2021: PAID, 2024: PAID.replace(b"compensate", b"other")}
    documents = [capture(TDM_POLICY, bodies[year], year, URL) for year in policies]
    run = screened(tmp_path, [capture(TDMREP, NAMING), capture(TDMREP, newest, 2024), *documents])
    assert not looked_up_again(run)


@pytest.mark.parametrize("newest", [b"", f"License: {URL}\n".encode()], ids=["no longer declared", "declared"])
@pytest.mark.parametrize("years", [[], [2021], [2024], [2021, 2024]], ids=str)
def test_a_history_of_licences_is_looked_up_again_as_it_was(tmp_path, newest, years):
    """Whoever declared a licence that was captured later said nothing that can be read: not that it was never there."""
    licences = [capture(RSL, LICENCE, year, URL) for year in years]
    declaring = [capture(ROBOTS, f"License: {URL}\n".encode()), capture(ROBOTS, newest, 2023)]
    run = screened(tmp_path, [*declaring, *licences])
    assert not looked_up_again(run)
    if years == [2024]:
        assert stated(run, 2022, "fetch") == []


def test_another_policy_in_the_evidence_is_found(tmp_path):
    run = screened(tmp_path, [capture(TDMREP, NAMING), capture(TDM_POLICY, PAID, 2021, URL)])
    add_captures(run / EVIDENCE, [capture(TDM_POLICY, b"{}", 2025, URL)])
    assert verify_run(run, everything=True).findings


def looked_up_again(run):
    return [finding for finding in verify_run(run, everything=True).findings if "record" in finding]
