"""Licences and policies that records' own pages and headers declare: captured, explained, looked up again."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.snapshot.capturing import settings

from rightful.audit.explain import explain
from rightful.audit.verify import verify_run
from rightful.card.protocol_facts import protocol_facts
from rightful.demo.web import Answer, Web
from rightful.ledger.run_directory import EVIDENCE, RunDirectory
from rightful.policy.policy_file import parse_policy
from rightful.runner.origins import to_capture
from rightful.runner.run import screen_files
from rightful.screening.screener import Screener
from rightful.signals.locations import ROBOTS, RSL, TDM_POLICY, TDMREP
from rightful.snapshot.capture import capture_signals
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import Snapshot, add_captures

POLICY = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
HOST = "http://h.example"
RSL_LINK = '<link rel="license" type="application/rsl+xml" href="{url}">'
LICENCE = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/shelf/"><license>'
    b'<prohibits type="usage">ai-train</prohibits></license></content><content url="/"><license/></content></rsl>'
)
PAID = b'{"assigner": {"vcard:fn": "H"}, "permission": {"action": "tdm:mine", "duty": "compensate"}}'
RESERVED = "TDM-Reservation: 1\nTDM-Policy: {url}"
BOTH = ["RESERVED_FETCH:{}", "RESERVED_NOW:{}"]


def both(protocol):
    return [reason.format(protocol) for reason in BOTH]


def capture(signal, body, year=2021, place=HOST, status=200):
    outcome, kind = classify(status, None, body, signal)
    return Capture(place, datetime(year, 1, 1, tzinfo=UTC), outcome, kind, signal=signal, status=status, body=body)


def records(tmp_path, *rows):
    usual = {"fetched_at": datetime(2022, 6, 1, tzinfo=UTC), "html": None, "http_headers": None, "final_url": None}
    pq.write_table(pa.Table.from_pylist([usual | row for row in rows]), tmp_path / "r.parquet")
    return tmp_path / "r.parquet"


def screened(tmp_path, captures, *rows):
    add_captures(tmp_path / "signals", [capture(ROBOTS, b"", 2020), *captures])
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    out = tmp_path / "out"
    screen_files(tmp_path / "policy.toml", records(tmp_path, *rows), snapshot=tmp_path / "signals", out=out)
    assert not [finding for finding in verify_run(out, everything=True).findings if "record" in finding]
    return out


def reasons(run, path):
    (why,) = explain(run, url=f"{HOST}{path}")
    return list(why.decision.reasons)


def page(path, link="/l.xml", **more):
    return {"url": f"{HOST}{path}", "html": RSL_LINK.format(url=link), **more}


def test_a_licence_that_a_page_declares_counts_for_its_path(tmp_path):
    run = screened(tmp_path, [capture(RSL, LICENCE, place=f"{HOST}/l.xml")], page("/shelf/1"), page("/notes/1"))
    assert reasons(run, "/shelf/1") == both("rsl")
    assert reasons(run, "/notes/1") == ["LIC:rsl"]
    (why,) = explain(run, url=f"{HOST}/shelf/1")
    told = [(s.when, s.capture and s.capture["origin"], s.statement.preference.value) for s in why.statements]
    assert ("now", f"{HOST}/l.xml", "deny") in told
    assert ("fetch", f"{HOST}/l.xml", "deny") in told
    assert f"{HOST}/l.xml" in {row["origin"] for row in Snapshot.open(run / EVIDENCE).captures.to_pylist()}


@pytest.mark.parametrize(
    ("captures", "expected"),
    [
        ([], ["UNREADABLE:rsl"]),
        ([capture(RSL, b"", place=f"{HOST}/l.xml", status=404)], both("rsl")),
        ([capture(RSL, b"no XML", place=f"{HOST}/l.xml")], both("rsl")),
        ([capture(RSL, LICENCE, 2025, place=f"{HOST}/l.xml")], ["RESERVED_NOW:rsl"]),
    ],
    ids=["never captured", "not there", "not readable", "captured later"],
)
def test_a_declared_licence_that_cannot_be_had_grants_nothing(tmp_path, captures, expected):
    assert reasons(screened(tmp_path, captures, page("/shelf/1")), "/shelf/1") == expected


def test_an_address_is_relative_to_where_redirects_led(tmp_path):
    row = page("/a", "l.xml", final_url=f"{HOST}/shelf/b")
    run = screened(tmp_path, [capture(RSL, LICENCE, place=f"{HOST}/shelf/l.xml")], row)
    assert reasons(run, "/a") == both("rsl")


def test_a_link_header_declares_a_licence(tmp_path):
    headers = f'Link: <{HOST}/l.xml>; rel="license"; type="application/rsl+xml"'
    run = screened(
        tmp_path, [capture(RSL, LICENCE, place=f"{HOST}/l.xml")], {"url": f"{HOST}/shelf/1", "http_headers": headers}
    )
    assert reasons(run, "/shelf/1") == both("rsl")


@pytest.mark.parametrize(
    ("captures", "expected"),
    [
        ([capture(TDM_POLICY, PAID, place=f"{HOST}/p.json")], ["CONDITIONAL_FETCH:tdmrep", "CONDITIONAL_NOW:tdmrep"]),
        (
            [capture(TDM_POLICY, PAID, 2025, place=f"{HOST}/p.json")],
            ["RESERVED_FETCH:tdmrep", "CONDITIONAL_NOW:tdmrep"],
        ),
        ([capture(TDM_POLICY, b"Ask us", place=f"{HOST}/p.json")], both("tdmrep")),
        ([], both("tdmrep")),
    ],
    ids=["understood", "captured later", "not understood", "never captured"],
)
def test_the_policy_of_a_header_takes_the_place_of_its_refusal(tmp_path, captures, expected):
    row = {"url": f"{HOST}/a", "http_headers": RESERVED.format(url="/p.json")}
    assert reasons(screened(tmp_path, captures, row), "/a") == expected


def test_what_pages_declare_is_found_and_captured(tmp_path):
    file = records(
        tmp_path,
        page("/shelf/1"),
        page("/shelf/2", "http://licences.example/x.xml"),
        page("/shelf/3", "http://["),
        {"url": f"{HOST}/a", "http_headers": RESERVED.format(url="p.json")},
        page("/shelf/4", "/p.json"),
        {"url": None, "html": RSL_LINK.format(url="relative.xml")},
    )
    policy = parse_policy(POLICY)
    found = to_capture(file, policy)
    licences = {f"{HOST}/l.xml": RSL, "http://licences.example/x.xml": RSL, f"{HOST}/p.json": RSL}
    assert (found.origins, found.documents) == ([HOST], licences)
    without = policy.model_copy(update={"capture": settings(licences=False)})
    assert to_capture(file, without).documents == {}

    hosts = {"h.example": {"/robots.txt": Answer(b""), "/l.xml": Answer(LICENCE), "/p.json": Answer(PAID)}}
    hosts["licences.example"] = {"/x.xml": Answer(LICENCE)}
    with Web(hosts) as web:
        report = capture_signals(
            found.origins, tmp_path / "s", settings=settings(), documents=found.documents, connect_to=web.address
        )
    assert report.captured == 4
    decided = Screener(policy, tmp_path / "s").decisions(pq.read_table(file))
    by_url = dict(zip(decided["url"].to_pylist(), decided["reasons"].to_pylist(), strict=True))
    assert by_url[f"{HOST}/shelf/1"] == by_url[f"{HOST}/shelf/2"] == ["RESERVED_NOW:rsl"]
    assert by_url[f"{HOST}/shelf/3"] == ["UNREADABLE:rsl"]


def test_a_page_lifts_its_sites_reservation_within_tdmrep_and_no_other(tmp_path):
    """Hard case 9: a meta element of 0 over a file's 1, and an RSL licence that denies."""
    reserved = capture(TDMREP, b'[{"location": "/", "tdm-reservation": 1}]')
    licence = capture(RSL, LICENCE, place=f"{HOST}/l.xml")
    lifted = '<meta name="tdm-reservation" content="0">'
    rows = [
        {"url": f"{HOST}/a"},
        {"url": f"{HOST}/b", "html": lifted},
        {"url": f"{HOST}/shelf/c", "html": lifted + RSL_LINK.format(url="/l.xml")},
    ]
    run = screened(tmp_path, [reserved, licence], *rows)
    assert reasons(run, "/a") == both("tdmrep")
    assert reasons(run, "/b") == ["GENERAL"]
    assert reasons(run, "/shelf/c") == both("rsl")


def test_where_a_redirect_led_is_explained_too(tmp_path):
    other = "http://o.example"
    denying = capture(ROBOTS, b"User-agent: *\nDisallow: /\n", place=other)
    reserving = capture(TDMREP, b'[{"location": "/", "tdm-reservation": 1}]', place=other)
    run = screened(tmp_path, [denying, reserving], {"url": f"{HOST}/a", "final_url": f"{other}/b"})
    (why,) = explain(run, url=f"{HOST}/a")
    assert why.decision.reasons[0] == "ROBOTS_FETCH:wildcard"
    assert [e.capture["origin"] for e in why.robots if e.when == "now"] == [HOST, other]
    assert {e.capture["origin"] for e in why.statements} == {other}


def test_what_the_page_takes_the_place_of_is_not_told(tmp_path):
    reserving = capture(TDMREP, b'[{"location": "/", "tdm-reservation": 1}]')
    free = {"url": f"{HOST}/a", "http_headers": "TDM-Reservation: 0"}
    run = screened(tmp_path, [reserving], free, {"url": f"{HOST}/b"})
    for path, preference in (("/a", "allow"), ("/b", "deny")):
        (why,) = explain(run, url=f"{HOST}{path}")
        assert {e.statement.preference.value for e in why.statements} == {preference}


def protocols(run):
    directory = RunDirectory(run)
    return {row["protocol"]: row for row in protocol_facts(directory, directory.situations())}


def test_the_card_counts_what_each_protocol_did_by_itself(tmp_path):
    """A record that robots tags exclude is held, and not excluded, by the licence that nobody captured."""
    rows = [
        page("/shelf/1", "/never.xml", http_headers="X-Robots-Tag: noai"),
        page("/shelf/2", "/never.xml"),
        {"url": f"{HOST}/c", "html": '<link rel="license" href="https://creativecommons.org/licenses/by-nc/4.0/">'},
        {"url": f"{HOST}/d", "http_headers": '{"X-Robots-Tag": '},
    ]
    found = protocols(screened(tmp_path, [capture(TDMREP, None, status=503)], *rows))
    told = {name: (row["excluded"], row["held"]) for name, row in found.items()}
    assert told["robots-tag"] == (1, 1)
    assert told["rsl"] == (0, 3)
    assert told["licence"] == (1, 0)
    assert told["tdmrep"] == (0, 4)
    assert found["robots-tag"]["records_looked_for"] == 3  # of the last one nobody knows
    assert found["tdmrep"]["records_looked_for"] == 3  # a file that could not be had told nothing


def test_what_was_not_asked_about_when_fetched_has_not_changed(tmp_path):
    reserving = b'[{"location": "/", "tdm-reservation": 1}]'
    row = {"url": f"{HOST}/a"}
    asked = [capture(TDMREP, b"[]", 2021), capture(TDMREP, reserving, 2023)]
    (tmp_path / "asked").mkdir()
    assert protocols(screened(tmp_path / "asked", asked, row))["tdmrep"]["drift"] == 1
    assert protocols(screened(tmp_path, asked[1:], row))["tdmrep"]["drift"] == 0
