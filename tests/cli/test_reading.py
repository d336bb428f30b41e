"""`rightful signals`: documents and pages read aloud, as people type it."""

import json
import re
import subprocess
import sys

import pytest
from tests.snapshot.capturing import Clock
from typer.testing import CliRunner

from rightful.cli import app
from rightful.demo.web import Answer, Web, redirect
from rightful.errors import InputError
from rightful.signals.document_kinds import KINDS
from rightful.signals.locations import SIGNALS
from rightful.snapshot.page_capture import USER_AGENT

NS = 'xmlns="https://rslstandard.org/rsl"'
LICENCE = f'<rsl {NS}><content url="/"><license><prohibits type="usage">ai-train</prohibits></license></content></rsl>'
HTML = {"Content-Type": "text/html"}


def rightful(*words, code=0):
    """Run the program as a whole: what a user sees of it, and how it ends."""
    done = subprocess.run(
        [sys.executable, "-m", "rightful", "signals", *map(str, words)], capture_output=True, text=True, timeout=120,
        check=False, env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def quick(*words):
    """Run the command in this process; errors of ours come through as they are."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["signals", *(str(word) for word in words)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def given(*words):
    return json.loads(quick(*words, "--json"))


@pytest.fixture
def on_the_web(monkeypatch):
    """Ask about a path of a web on loopback; nobody waits."""
    monkeypatch.setattr("rightful.snapshot.page_capture.Pace", lambda: Clock().pace)

    def ask(web, path, *words, host="127.0.0.1"):
        url = f"http://{host}:{web.address[1]}{path}"
        return given(url, "--unsafe-allow-private-addresses", *words)

    return ask


def written(tmp_path, name, text):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_signal_file_is_read_aloud(tmp_path):
    robots = written(
        tmp_path,
        "robots.txt",
        "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /y\nContent-Usage: ai-train=no\n"
        "Content-Signal: train-ai=n\n\n"
        "User-agent: *\nDisalow: /x\n",
    )
    told = rightful(robots, "--path", "/x")
    for words in (
        "line 2",
        "Disallow: /",
        "Content-Usage: ai-train=no",
        "another vocabulary",
        "misspelt",
        "several groups",
    ):
        assert words in told
    assert re.search(r"content-signal +train-ai +deny", told)
    assert "\ntrain-ai: deny (content-usage line 6, content-signal line 7)\n" in told
    assert "\nacquire: deny (robots line 2, robots line 10)\n" in told
    assert "\nsearch: unknown (nothing that counts is said of it)\n" in told


def test_its_content_tells_what_its_name_does_not(tmp_path):
    tdmrep = written(tmp_path, "x.json", '{"tdm-reservation": 1}')
    assert "must be an array" in quick(tdmrep)
    assert "It states nothing" in quick(tdmrep, "--as", "trust.txt")
    assert "read as tdmrep.json" in quick(tdmrep, "--as", ".well-known/tdmrep.json")
    assert given(written(tmp_path, "l.xml", LICENCE))["kind"] == "rsl"
    assert given(written(tmp_path, "l", LICENCE))["kind"] == "rsl"
    assert given(written(tmp_path, "a.txt", "HTTP/1.1 402 No\nX-Robots-Tag: noai\n"))["kind"] == "headers"
    assert given(written(tmp_path, "b.txt", "X-Robots-Tag: noai\n"), "--as", "headers")["kind"] == "headers"
    assert given(written(tmp_path, "page.htm", "x"))["kind"] == "html"


def test_what_cannot_be_told_or_read_says_so(tmp_path):
    prose = written(tmp_path, "x.txt", "Once upon a time")
    for words in ((prose,), (prose, "--as", "pdf")):
        with pytest.raises(InputError) as error:
            quick(*words)
        assert all(kind in error.value.hint for kind in KINDS)
    assert "neither its name nor its content tells what it is" in rightful(prose, code=1)
    for name in ("ai.txt", ".", "nul\0.txt"):
        with pytest.raises(InputError, match="cannot be read"):
            quick(tmp_path / name)
    with pytest.raises(InputError, match="no web address"):
        quick("ftp://h.example/robots.txt")


def test_a_page_in_the_place_of_a_document_is_told_of(tmp_path):
    told = given(written(tmp_path, "rsl.xml", "<!doctype html><title>Home</title>"))
    assert told["kind"] == "html"
    assert [remark["code"] for remark in told["remarks"]] == ["page-instead"]
    assert given(written(tmp_path, "p.html", "<title>Home</title>"))["remarks"] == []


def test_json_is_one_object_and_says_what_the_table_says(tmp_path):
    robots = written(tmp_path, "robots.txt", "User-agent: *\nContent-Signal: ai-train=no, search=yes\nDisallow: /x")
    told = given(robots, "--path", "x/ä?b", "--token", "GPTBot")
    assert told["source"] == str(robots)
    assert (told["kind"], told["target"]) == ("robots.txt", "/x/%C3%A4?b")
    assert {(s["usage"], s["preference"], s["where"]) for s in told["statements"]} == {
        ("acquire", "deny", "line 3"),
        ("train-ai", "deny", "line 2"),
        ("search", "allow", "line 2"),
    }
    assert {usage: answer["preference"] for usage, answer in told["summary"].items()} == {
        "train-ai": "deny",
        "ai-input": "unknown",
        "search": "allow",
        "acquire": "deny",
    }


def test_what_strangers_wrote_is_printed_as_text(tmp_path):
    page = written(tmp_path, "p.html", "<meta name='robots' content='[/red]\x9b2J'><meta name='robots' content='noai'>")
    for words in ((), ("--json",)):
        told = quick(page, *words)
        assert "\x9b" not in told
        assert "[/red]" in told


def test_headers_are_read_with_their_status(tmp_path):
    dump = written(tmp_path, "x.headers", "HTTP/1.1 402 Payment Required\r\ncrawler-price: USD 0.01\r\n\r\n")
    told = quick(dump)
    assert "\nacquire: conditional: payment:crawl (http-payment crawler-price)\n" in told


PAGE = (
    b'<!doctype html><meta name="robots" content="noai"><link rel="license" type="application/rsl+xml" href="/l.xml">'
)


def test_a_page_of_the_web_is_read_with_its_headers_and_what_its_site_says(on_the_web):
    hosts = {
        "127.0.0.1": {
            "/a/page?q": Answer(PAGE, 200, HTML | {"tdm-reservation": "1", "Content-Usage": "train-ai=n"}),
            "/robots.txt": Answer(b"User-agent: *\nDisallow: /a/\nLicense: /l.xml\n"),
            "/l.xml": Answer(LICENCE.encode()),
        }
    }
    with Web(hosts) as web:
        told = on_the_web(web, "/a/page?q")
        assert web.paths("127.0.0.1") == ["/a/page?q", *(f"/{signal}" for signal in SIGNALS), "/l.xml"]
        assert {request.fields["user-agent"] for request in web.requests} == {USER_AGENT}
        licence = f"http://127.0.0.1:{web.address[1]}/l.xml"
    assert (told["kind"], told["target"]) == ("html", "/a/page?q")
    found = {(s["document"], s["protocol"], s["usage"], s["preference"]) for s in told["statements"]}
    assert found >= {
        ("page", "robots-tag", "train-ai", "deny"),
        ("page", "tdmrep", "ai-input", "deny"),
        ("page", "content-usage", "train-ai", "deny"),
        (licence, "rsl", "train-ai", "deny"),
        (licence, "rsl", "search", "allow"),
        ("robots.txt", "robots", "acquire", "deny"),
    }
    assert {(d["url"], d["state"]) for d in told["declared"]} == {(licence, "read")}
    assert told["summary"]["acquire"]["by"] == [{"document": "robots.txt", "protocol": "robots", "where": "line 2"}]


def test_a_licence_that_cannot_be_had_licenses_nothing(on_the_web):
    with Web({"127.0.0.1": {"/page": Answer(PAGE, 200, HTML)}}) as web:
        told = on_the_web(web, "/page")
    assert [d["state"] for d in told["declared"]] == ["not obtainable"]
    assert told["summary"]["search"]["preference"] == "deny"
    robots = [s for s in told["statements"] if s["protocol"] == "robots"]
    assert [(s["preference"], s["where"]) for s in robots] == [("allow", "status 404")]


@pytest.mark.parametrize(
    ("robots", "preference", "where"),
    [
        (Answer(status=404), "allow", "status 404"),
        (Answer(status=403), "deny", "status 403"),
        (Answer(status=429), "deny", "status 429"),
        (Answer(status=500), "deny", "status 500"),
        (Answer(ending="reset"), "deny", "connection broken off"),
        (Answer(b"<!doctype html><title>x</title>", 200, HTML), "allow", "a web page"),
        (Answer(b""), "allow", "no group"),
        (Answer(b"User-agent: *\nAllow: /"), "allow", "line 2"),
    ],
)
def test_whether_the_page_is_allowed_is_told_whatever_became_of_robots_txt(on_the_web, robots, preference, where):
    with Web({"127.0.0.1": {"/p": Answer(b"<p>", 200, HTML), "/robots.txt": robots}}) as web:
        told = on_the_web(web, "/p")
    said = [(s["preference"], s["where"]) for s in told["statements"] if s["protocol"] == "robots"]
    assert said == [(preference, where)]
    assert ("markup" in {r["code"] for r in told["remarks"]}) == (where == "a web page")


RESERVING = Answer(b'[{"location": "/", "tdm-reservation": 1}]')


@pytest.mark.parametrize(
    ("headers", "file", "preference"),
    [
        ({}, RESERVING, "deny"),
        ({"tdm-reservation": "0"}, RESERVING, "unknown"),
        ({"tdm-reservation": "1"}, Answer(b"[]"), "deny"),
        ({}, Answer(status=503), "error"),
        ({}, Answer(status=404), "unknown"),
    ],
)
def test_the_other_signal_files_of_a_page_s_site_are_read_with_it(on_the_web, headers, file, preference):
    hosts = {"127.0.0.1": {"/p": Answer(b"<p>", 200, HTML | headers), "/.well-known/tdmrep.json": file}}
    with Web(hosts) as web:
        told = on_the_web(web, "/p")
    said = {s["preference"] for s in told["statements"] if s["protocol"] == "tdmrep" and s["usage"] == "train-ai"}
    assert told["summary"]["train-ai"]["preference"] in {preference, "allow"}
    assert said == ({"allow"} if headers == {"tdm-reservation": "0"} else {preference} - {"unknown"})
    replaced = "page-instead-of-file" in {r["code"] for r in told["remarks"]}
    assert replaced == (headers == {"tdm-reservation": "0"})


def test_an_address_without_its_scheme_is_told_of():
    with pytest.raises(InputError) as caught:
        quick("h.example/page")
    assert "https://h.example/page" in caught.value.hint


def test_standard_input_is_read():
    done = subprocess.run(
        [sys.executable, "-m", "rightful", "signals", "-", "--as", "robots.txt"], input="User-agent: *\nDisallow: /\n",
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "Disallow: /" in done.stdout


def test_both_ends_of_a_redirect_are_asked(on_the_web):
    hosts = {"127.0.0.1": {"/robots.txt": Answer(b"User-agent: *\nDisallow: /old")}}
    with Web(hosts) as web:
        there = f"http://localhost:{web.address[1]}/new"
        hosts["127.0.0.1"]["/old"] = redirect(there)
        hosts["localhost"] = {
            "/new": Answer(b"<p>", 200, HTML | {"X-Robots-Tag": "noai"}),
            "/robots.txt": Answer(b"User-agent: *\nAllow: /new"),
        }
        told = on_the_web(web, "/old")
        here = f"http://127.0.0.1:{web.address[1]}/old"
    said = {(s["document"], s["preference"]) for s in told["statements"] if s["protocol"] == "robots"}
    assert said == {(f"robots.txt for {here}", "deny"), (f"robots.txt for {there}", "allow")}
    assert told["target"] == "/new"
    assert told["summary"]["train-ai"]["preference"] == "deny"


def test_a_redirect_is_judged_like_any_address(on_the_web, monkeypatch):
    answers = iter([None, "private"])
    monkeypatch.setattr("rightful.snapshot.capture.why_refused", lambda _: next(answers))
    with Web({"127.0.0.1": {}}) as web:
        port = web.address[1]
        web.hosts["127.0.0.1"]["/p"] = redirect(f"http://127.0.0.1:{port}/secret")
        web.hosts["127.0.0.1"]["/secret"] = Answer(b"<p>", 200, HTML)
        with pytest.raises(InputError, match="address refused: private"):
            quick(f"http://127.0.0.1:{port}/p")
        assert web.paths("127.0.0.1") == ["/p"]


@pytest.mark.parametrize("path", ["/robots.txt", "/page", "/l.xml"])
def test_a_private_address_is_refused(path):
    told = rightful(f"http://127.0.0.1:9{path}", code=1)
    assert "address refused: loopback" in told  # the guard of `capture` stands here, too


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(status=404), "status 404"),
        (Answer(status=500), "status 500"),
        (Answer(ending="reset"), "unreachable"),
        (Answer(ending="nonsense"), "not HTTP"),
        (redirect("/p"), "more than 5 redirects"),
        (redirect("ftp://h.example/"), "scheme other than"),
        (Answer(b"x", 200, {"Content-Encoding": "br"}), "content coding"),
    ],
)
def test_a_page_that_cannot_be_had_cannot_be_read(on_the_web, answer, message):
    with Web({"127.0.0.1": {"/p": answer}}) as web, pytest.raises(InputError, match=message):
        on_the_web(web, "/p")


def test_a_refusal_is_something_stated(on_the_web):
    with Web({"127.0.0.1": {"/p": Answer(status=402, fields={"crawler-price": "USD 1"})}}) as web:
        told = on_the_web(web, "/p")
    assert told["kind"] == "headers"
    assert told["summary"]["acquire"]["conditions"] == ["payment:crawl"]


def test_a_licence_of_the_web_is_read_as_one(on_the_web):
    with Web({"127.0.0.1": {"/l.xml": Answer(LICENCE.encode()), "/x/robots.txt": Answer(b"User-agent: *")}}) as web:
        told = on_the_web(web, "/l.xml", "--path", "/essay")
        assert (told["kind"], told["target"]) == ("rsl", "/essay")
        assert told["summary"]["train-ai"]["preference"] == "deny"
        assert [s["where"] for s in told["statements"] if s["protocol"] == "robots"] == ["status 404"]
        assert on_the_web(web, "/x/robots.txt")["kind"] == "robots.txt"
        assert on_the_web(web, "/l.xml", "--as", "headers")["kind"] == "headers"


def test_what_is_no_page_is_known_by_its_headers(on_the_web):
    answer = Answer(b"\x89PNG\r\n", 200, {"Content-Type": "image/png", "X-Robots-Tag": "noai"})
    with Web({"127.0.0.1": {"/i.png": answer}}) as web:
        told = on_the_web(web, "/i.png")
    assert told["kind"] == "headers"
    assert told["summary"]["train-ai"]["preference"] == "deny"


def test_a_signal_file_of_the_web_is_read_with_what_it_declares(on_the_web):
    hosts = {
        "127.0.0.1": {
            "/robots.txt": Answer(b"License: /l.xml\nUser-agent: *\nAllow: /"),
            "/l.xml": Answer(LICENCE.encode()),
            "/trust.txt": Answer(b"datatrainingallowed=no"),
            "/.well-known/trust.txt": Answer(b"datatrainingallowed=yes"),
            "/ai.txt": Answer(b"<!doctype html><title>x</title>", 200, HTML),
        }
    }
    with Web(hosts) as web:
        told = on_the_web(web, "/robots.txt")
        assert web.paths("127.0.0.1") == ["/robots.txt", "/l.xml"]
        assert (told["kind"], told["summary"]["train-ai"]["preference"]) == ("robots.txt", "deny")
        assert [d["state"] for d in told["declared"]] == ["read"]
        assert on_the_web(web, "/trust.txt")["summary"]["train-ai"]["preference"] == "deny"
        assert on_the_web(web, "/.well-known/trust.txt")["summary"]["train-ai"]["preference"] == "allow"
        assert [r["code"] for r in on_the_web(web, "/ai.txt")["remarks"]] == ["markup"]
        with pytest.raises(InputError, match="unavailable: status 404"):
            on_the_web(web, "/.well-known/tdmrep.json")


def test_a_page_longer_than_is_fetched_says_so(on_the_web):
    long = b"<meta name=robots content=noai>" + b"<p>x" * 200_000
    rules = b"User-agent: *\nDisallow: /x\n" + b"# filler\n" * 80_000
    with Web({"127.0.0.1": {"/p": Answer(long, 200, HTML), "/robots.txt": Answer(rules)}}) as web:
        told = on_the_web(web, "/p")
        codes = [(r["document"], r["code"]) for r in told["remarks"]]
        assert codes == [("page", "cut-off"), ("robots.txt", "truncated")]
        assert [r["code"] for r in on_the_web(web, "/robots.txt")["remarks"]] == ["truncated"]
    assert told["summary"]["train-ai"]["preference"] == "deny"
