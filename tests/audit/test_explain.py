"""Explaining: the decision, every reason, the deciding line and the capture it stands in."""

import shutil

import pytest

from rightful.audit.explain import explain
from rightful.errors import NotFoundError
from rightful.runner.run import screen_files


def test_a_denied_record_is_explained_to_the_line(finished_run):
    (why,) = explain(finished_run, url="http://library.example/shelf/1")
    assert why.decision.admission.word == "exclude"
    assert why.decision.reasons == ("ROBOTS_NOW:wildcard",)
    assert tuple(cause.reason for cause in why.causes) == why.decision.reasons
    now = next(evidence for evidence in why.robots if evidence.when == "now")
    assert now.capture["origin"] == "http://library.example"
    assert now.capture["status"] == 200
    tokens, verdict, kind, line, text = now.verdicts[0]
    assert (verdict, kind, line, text) == ("deny", "wildcard", 2, "Disallow: /shelf/")
    assert "gptbot" in tokens
    assert "*" in tokens


def test_a_named_denial_comes_first(finished_run):
    (why,) = explain(finished_run, url="http://managed.example/members/1")
    now = next(evidence for evidence in why.robots if evidence.when == "now")
    assert [(verdict, kind) for _, verdict, kind, _, _ in now.verdicts] == [("deny", "named"), ("deny", "wildcard")]
    assert now.verdicts[0][0] == ("gptbot",)


def test_an_opted_out_record_names_the_request(finished_run):
    (why,) = explain(finished_run, url="http://author.example/novel/3")
    assert [(e.kind.value, e.key, e.reference) for e in why.optouts] == [("site", "author.example", "request-1")]
    pending = explain(finished_run, url="http://forum.example/thread/8/2")[0]
    assert [(e.state.value, e.reference) for e in pending.optouts] == [("received", "request-3")]
    copied = explain(finished_run, url="http://mirror.example/copy/1")[0]
    assert [e.kind.value for e in copied.optouts] == ["content"]


def test_another_spelling_of_the_url_finds_it(finished_run):
    by_url = explain(finished_run, url="http://library.example/shelf/1")
    assert explain(finished_run, url="HTTP://Library.Example:80/x/../shelf/1#top") == by_url
    assert explain(finished_run, record_id=by_url[0].record["id"]) == by_url


def test_a_record_that_is_not_there_is_said(finished_run):
    with pytest.raises(NotFoundError):
        explain(finished_run, url="http://library.example/not-there")
    with pytest.raises(NotFoundError):
        explain(finished_run, record_id="r999999")


def test_a_ledger_of_digests_is_explained_to_whoever_has_the_url(demo_inputs, tmp_path):
    policy = tmp_path / "policy.toml"
    text = demo_inputs.policy.read_text(encoding="utf-8").replace('locations = "keep"', 'locations = "digest"')
    policy.write_text(text, encoding="utf-8")
    screen_files(policy, demo_inputs.records, out=tmp_path / "out", **demo_inputs.rules())
    (why,) = explain(tmp_path / "out", url="http://library.example/shelf/1")
    assert why.record["url"] is None
    assert why.robots[1].verdicts[0][4] == "Disallow: /shelf/"
    assert explain(tmp_path / "out", record_id=why.record["id"])[0].robots == ()
    ledger = (tmp_path / "out/rightful/ledger/part-00000.parquet").read_bytes()
    assert b"library.example/shelf" not in ledger
    shutil.rmtree(tmp_path / "out")


def test_a_reservation_names_its_line_at_both_times(finished_run):
    why = explain(finished_run, url="http://aipref.example/essays/1")[0]
    assert why.decision.reasons == ("RESERVED_NOW:content-usage",)
    stated = [s for s in why.statements if s.when == "now"]
    assert [(s.statement.preference.value, s.statement.where) for s in stated] == [("deny", "line 3")]
    assert stated[0].statement.text == "Content-Usage: /essays/ train-ai=n"
    assert stated[0].capture["body_sha256"] == why.robots[-1].capture["body_sha256"]
    assert explain(finished_run, url="http://aipref.example/notes/1")[0].statements[-1].statement.preference == "allow"
