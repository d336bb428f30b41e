"""Capture of several files of a site, and of the licences and policies that these declare."""

import json

from tests.snapshot.capturing import settings

from rightful.demo.web import Answer, Web
from rightful.signals.locations import RSL, SIGNALS, TDM_POLICY, TDMREP
from rightful.snapshot.capture import capture_signals
from rightful.snapshot.store import Snapshot

RULES = b"""License: http://licences.example/a.xml
License: ftp://licences.example/no.xml
License: b.xml
User-agent: *
License: http://licences.example/a.xml
"""


def rows(store):
    return {(row["origin"], row["signal"]): row for row in Snapshot.open(store).captures.to_pylist()}


def test_every_file_is_asked_for_and_told_apart(tmp_path):
    page = Answer(b"<!doctype html><title>Everything</title>", fields={"Content-Type": "text/html"})
    site = {"/robots.txt": Answer(b"User-agent: *\n"), f"/{TDMREP}": Answer(b"[]"), "/ai.txt": page}
    with Web({"a.example": site}) as web:
        report = capture_signals(
            ["http://a.example"], tmp_path, settings=settings(signals=SIGNALS), connect_to=web.address
        )
        assert sorted(web.paths("a.example")) == sorted(f"/{signal}" for signal in SIGNALS)
    assert report.outcomes == {"available": 2, "unavailable": 3}
    kinds = {signal: (row["outcome"], row["kind"], row["status"]) for (_, signal), row in rows(tmp_path).items()}
    assert kinds[TDMREP] == ("available", "other", 200)
    assert kinds["ai.txt"] == ("unavailable", "html", 200)
    assert kinds["trust.txt"][2] == 404


def test_the_licences_that_are_declared_are_captured_once(tmp_path):
    hosts = {
        "a.example": {"/robots.txt": Answer(RULES), "/b.xml": Answer(b"<rsl/>")},
        "c.example": {"/robots.txt": Answer(b"License: http://licences.example/a.xml\n")},
        "licences.example": {"/a.xml": Answer(b"<rsl></rsl>")},
    }
    with Web(hosts) as web:
        asked = ["http://a.example", "http://c.example"]
        report = capture_signals(asked, tmp_path, settings=settings(), connect_to=web.address)
        assert web.paths("licences.example") == ["/a.xml"]
    licences = {origin: row["outcome"] for (origin, signal), row in rows(tmp_path).items() if signal == RSL}
    assert licences == {"http://licences.example/a.xml": "available", "http://a.example/b.xml": "available"}
    assert report.captured == 4


def test_a_licence_at_a_private_address_is_refused(tmp_path):
    site = {"a.example": {"/robots.txt": Answer(b"License: http://169.254.169.254/latest/meta-data\n")}}
    guarded = settings(unsafe_allow_private_addresses=True)
    with Web(site) as web:
        capture_signals(["http://a.example"], tmp_path, settings=guarded, connect_to=web.address)
        assert web.paths("169.254.169.254") == ["/latest/meta-data"]  # with the guard off it would be asked
    with Web(site) as web:
        report = capture_signals(
            ["http://169.254.169.254"], tmp_path / "guarded", settings=settings(unsafe_allow_private_addresses=False)
        )
    assert "metadata" in report.refused["http://169.254.169.254"]


def test_licences_are_left_alone_where_the_policy_says_so(tmp_path):
    with Web({"a.example": {"/robots.txt": Answer(b"License: http://a.example/x.xml\n")}}) as web:
        capture_signals(["http://a.example"], tmp_path, settings=settings(licences=False), connect_to=web.address)
        assert web.paths("a.example") == ["/robots.txt"]


def rule(policy, location="/", reservation=1):
    return {"location": location, "tdm-reservation": reservation, "tdm-policy": policy}


def tdmrep(*rules):
    return {"/robots.txt": Answer(b""), f"/{TDMREP}": Answer(json.dumps(rules).encode())}


def captured(web, tmp_path, **changes):
    capture_signals(
        ["http://a.example"],
        tmp_path,
        settings=settings(signals=("robots.txt", TDMREP), **changes),
        connect_to=web.address,
    )
    return {origin: row for (origin, signal), row in rows(tmp_path).items() if signal == TDM_POLICY}


def test_the_policies_of_rules_that_reserve_are_captured_under_their_own_urls(tmp_path):
    site = tdmrep(
        rule("http://policies.example/p.json#part"),
        rule("../human", "/b"),
        rule("/free.json", "/c", 0),
        rule("ftp://policies.example/p", "/d"),
        rule("http://[", "/e"),
    )
    page = Answer(b"<!doctype html><title>Terms</title>", fields={"Content-Type": "text/html"})
    hosts = {"a.example": {**site, "/human": page}, "policies.example": {"/p.json": Answer(b"{}")}}
    with Web(hosts) as web:
        found = captured(web, tmp_path)
        assert web.paths("policies.example") == ["/p.json"]
        assert "/free.json" not in web.paths("a.example")
    kinds = {url: (row["outcome"], row["kind"], row["status"]) for url, row in found.items()}
    assert kinds == {
        "http://policies.example/p.json": ("available", "other", 200),
        "http://a.example/human": ("unavailable", "html", 200),
    }


def test_twenty_policies_of_a_site_are_enough(tmp_path):
    with Web({"a.example": tdmrep(*(rule(f"/{n}.json", f"/{n}/") for n in range(30)))}) as web:
        assert sorted(captured(web, tmp_path)) == sorted(f"http://a.example/{n}.json" for n in range(20))


def test_policies_are_left_alone_where_the_setting_says_so(tmp_path):
    with Web({"a.example": tdmrep(rule("/p.json"))}) as web:
        assert captured(web, tmp_path, licences=False) == {}
        assert "/p.json" not in web.paths("a.example")


def test_what_is_a_licence_and_a_policy_is_captured_once_and_as_a_licence(tmp_path):
    site = tdmrep(rule("/terms")) | {
        "/robots.txt": Answer(b"License: http://a.example/terms\nLicense: http://[\n"),
        "/terms": Answer(b"<rsl/>"),
    }
    with Web({"a.example": site}) as web:
        assert captured(web, tmp_path) == {}
        assert web.paths("a.example").count("/terms") == 1
    assert rows(tmp_path)["http://a.example/terms", RSL]["outcome"] == "available"


def test_a_file_that_was_asked_for_is_not_captured_again_as_a_policy(tmp_path):
    with Web({"a.example": tdmrep(rule("/robots.txt"))}) as web:
        assert captured(web, tmp_path) == {}
        assert web.paths("a.example").count("/robots.txt") == 1
