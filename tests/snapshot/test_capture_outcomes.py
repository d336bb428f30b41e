"""What a server does, and what the capture then says."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import zlib

import pytest
from tests.snapshot.capturing import NOON, ROBOTS, Clock, capture, rows, settings

from rightful.demo.web import Answer, Web, changing, conditional, gzipped, redirect
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.lines import PARSE_LIMIT_OCTETS
from rightful.snapshot.addresses import why_refused
from rightful.snapshot.answers import _Gunzip
from rightful.snapshot.capture import capture_signals_async
from rightful.snapshot.connecting import GuardedBackend, GuardedTransport
from rightful.snapshot.fetching import Fetcher
from rightful.snapshot.store import Snapshot, versions
from rightful.snapshot.turns import Turns

HTML = b"\n<!DOCTYPE html><html><head><title>Welcome</title></head></html>"
BOM = b"\xef\xbb\xbf" + ROBOTS

OUTCOMES = {
    "ok.example": (Answer(ROBOTS), {"status": 200, "outcome": "available", "kind": "robots", "body": ROBOTS}),
    "empty.example": (Answer(b""), {"status": 200, "outcome": "available", "kind": "empty", "body": b""}),
    "nothing.example": (
        Answer(b"", 204, {"Content-Length": ""}),
        {"status": 204, "outcome": "available", "kind": "empty"},
    ),
    "bom.example": (Answer(BOM), {"status": 200, "outcome": "available", "kind": "robots", "body": BOM}),
    "page.example": (Answer(HTML), {"status": 200, "outcome": "unavailable", "kind": "html", "body": HTML}),
    "missing.example": (
        Answer(HTML, 404),
        {"status": 404, "outcome": "unavailable", "kind": "none", "body": None, "error": None},
    ),
    "gone.example": (Answer(status=410), {"status": 410, "outcome": "unavailable"}),
    "refusing.example": (Answer(ROBOTS, 403), {"status": 403, "outcome": "unavailable", "body": None}),
    "legal.example": (Answer(status=451), {"status": 451, "outcome": "unavailable"}),
    "busy.example": (Answer(status=429), {"status": 429, "outcome": "unavailable"}),
    "down.example": (Answer(HTML, 503), {"status": 503, "outcome": "unreachable", "kind": "none", "body": None}),
    "unasked304.example": (Answer(status=304), {"status": 304, "outcome": "unreachable", "body": None}),
    "gzip.example": (gzipped(ROBOTS), {"status": 200, "outcome": "available", "body": ROBOTS}),
    "gzip2.example": (
        Answer(
            gzip.compress(b"User-agent: *\n") + gzip.compress(b"Disallow: /\n") + b"\0\0",
            200,
            {"Content-Encoding": "x-gzip"},
        ),
        {"outcome": "available", "body": b"User-agent: *\nDisallow: /\n"},
    ),
    "gzip0.example": (Answer(b"", 200, {"Content-Encoding": "gzip"}), {"outcome": "available", "kind": "empty"}),
    "cutgzip.example": (
        Answer(gzip.compress(ROBOTS)[:-9], 200, {"Content-Encoding": "gzip"}),
        {"outcome": "unreachable", "error": "content coding broken off", "body": None},
    ),
    "notgzip.example": (
        Answer(ROBOTS, 200, {"Content-Encoding": "gzip"}),
        {"outcome": "unreachable", "error": "content coding broken"},
    ),
    "brotli.example": (
        Answer(ROBOTS, 200, {"Content-Encoding": "br"}),
        {"outcome": "unreachable", "error": "content coding that was not asked for"},
    ),
    "layers.example": (
        Answer(gzip.compress(gzip.compress(ROBOTS)), 200, {"Content-Encoding": "gzip, gzip"}),
        {"outcome": "unreachable", "error": "content coding that was not asked for"},
    ),
    "reset.example": (
        Answer(ending="reset"),
        {"status": None, "outcome": "unreachable", "kind": "none", "error": "connection broken off", "body": None},
    ),
    "short.example": (
        Answer(ROBOTS, ending="short"),
        {"status": None, "outcome": "unreachable", "error": "answer broken off, or not HTTP", "body": None},
    ),
    "smtp.example": (
        Answer(ending="nonsense"),
        {"outcome": "unreachable", "error": "answer broken off, or not HTTP"},
    ),
    "nowhere.example": (
        Answer(status=302),
        {"status": 302, "outcome": "unreachable", "error": "redirect without a location"},
    ),
    "ftp.example": (
        redirect("ftp://ok.example/robots.txt"),
        {"status": 301, "outcome": "unreachable", "error": "redirect to a scheme other than http and https"},
    ),
    "user.example": (
        redirect("http://me:secret@ok.example/robots.txt"),
        {"outcome": "unreachable", "error": "redirect to a URL with user information", "redirects": []},
    ),
    "noturl.example": (redirect("http://a b/"), {"outcome": "unreachable", "error": "redirect to what is no URL"}),
    "long.example": (redirect("/" + "a" * 20_000), {"outcome": "unreachable", "error": "redirect to an overlong URL"}),
    "slash.example": (
        redirect("\\\\ok.example\\robots.txt"),  # as browsers read it: //ok.example/robots.txt
        {"outcome": "available", "redirects": ["http://ok.example/robots.txt"]},
    ),
    "moved.example": (
        redirect("http://ok.example/robots.txt#top", 308),
        {"status": 200, "outcome": "available", "body": ROBOTS, "redirects": ["http://ok.example/robots.txt"]},
    ),
}


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """Every host of the table, captured in one job."""
    store = tmp_path_factory.mktemp("captured") / "signals"
    with Web({host: behaviour for host, (behaviour, _) in OUTCOMES.items()}) as web:
        report = capture(web, [f"http://{host}" for host in OUTCOMES], store, attempts=2)
    return report, rows(store), web


@pytest.mark.parametrize("host", OUTCOMES)
def test_outcome(captured, host):
    row = captured[1][f"http://{host}"]
    expected = OUTCOMES[host][1]
    assert {name: row[name] for name in expected} == expected
    assert row["fetched_at"] == NOON.replace(microsecond=0)
    assert row["truncated"] is False


def test_the_report_counts_every_origin(captured):
    report, found, _ = captured
    assert report.origins == report.captured == len(found) == len(OUTCOMES)
    assert sum(report.outcomes.values()) == len(OUTCOMES)
    assert report.refused == {}
    assert (report.unchanged, report.resumed, report.unreadable) == (0, 0, ())


def test_what_is_sent(captured):
    request = next(request for request in captured[2].requests if request.host == "bom.example")
    assert request.path == "/robots.txt"
    assert request.fields["user-agent"] == "rightful (signal capture; no pages)"
    assert request.fields["accept-encoding"] == "gzip"
    assert not {"cookie", "authorization", "referer", "if-none-match", "if-modified-since"} & set(request.fields)


def test_a_cookie_is_not_sent_back(tmp_path):
    sets = Answer(status=302, fields={"Location": "/again", "Set-Cookie": "a=b; Path=/"})
    with Web({"a.example": {"/robots.txt": sets, "/again": Answer(ROBOTS)}}) as web:
        capture(web, ["http://a.example"], tmp_path)
        assert web.paths("a.example") == ["/robots.txt", "/again"]
        assert all("cookie" not in request.fields for request in web.requests)


@pytest.mark.parametrize("redirects", [1, 5])
def test_up_to_five_redirects_are_followed_across_hosts(tmp_path, redirects):
    hosts = {f"h{n}.example": redirect(f"http://h{n + 1}.example/robots.txt") for n in range(redirects)}
    with Web({**hosts, f"h{redirects}.example": Answer(ROBOTS)}) as web:
        capture(web, ["http://h0.example"], tmp_path)
    found = rows(tmp_path)
    assert list(found) == ["http://h0.example"]  # the answer counts for the origin that was asked first
    row = found["http://h0.example"]
    assert (row["outcome"], row["status"], row["body"]) == ("available", 200, ROBOTS)
    assert row["redirects"] == [f"http://h{n}.example/robots.txt" for n in range(1, redirects + 1)]


def test_the_sixth_redirect_is_not_followed(tmp_path):
    hosts = {f"h{n}.example": redirect(f"http://h{n + 1}.example/robots.txt") for n in range(6)}
    with Web({**hosts, "h6.example": Answer(ROBOTS)}) as web:
        capture(web, ["http://h0.example"], tmp_path)
        assert web.paths("h5.example") == ["/robots.txt"]
        assert web.paths("h6.example") == []
    row = rows(tmp_path)["http://h0.example"]
    assert (row["outcome"], row["status"], row["error"]) == ("unreachable", 301, "more than 5 redirects")
    assert len(row["redirects"]) == 5


def test_a_redirect_in_a_circle_ends(tmp_path):
    with Web({"a.example": redirect("/robots.txt", 302)}) as web:
        capture(web, ["http://a.example"], tmp_path)
        assert len(web.requests) == 6
    assert rows(tmp_path)["http://a.example"]["error"] == "more than 5 redirects"


async def _fetch_guarded(web, names, origin):
    """Fetch with the real guard, which takes exactly the server's own address for a public one."""

    async def resolve(host, _port):
        return [names.get(host, host)]

    def judge(address):
        return None if address == web.address[0] else why_refused(address)

    clock = Clock()
    limits = settings(unsafe_allow_private_addresses=False)
    transport = GuardedTransport(GuardedBackend(resolve, judge=judge), connections=2, tls=ssl.create_default_context())
    async with transport:
        turns = Turns(0, clock.pace)
        fetcher = Fetcher(transport, settings=limits, turns=turns, pace=clock.pace, now=lambda: NOON)
        return await fetcher.fetch(origin)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("127.0.0.2", "loopback"),
        ("2130706433", "loopback"),  # 127.0.0.1 in one number: the server's own address by another name
        ("169.254.169.254", "metadata"),
        ("[::1]", "loopback"),
        ("[::ffff:10.0.0.1]", "private"),
        ("intranet.example", "private"),
    ],
)
def test_a_redirect_that_leads_inside_is_refused(inside, why):
    names = {"a.example": "127.0.0.1", "intranet.example": "192.168.0.7", "127.0.0.1": "127.0.0.9"}
    with Web({}) as web:
        port = web.address[1]
        web.hosts["a.example"] = redirect(f"http://{inside}:{port}/robots.txt")
        found = asyncio.run(_fetch_guarded(web, names, f"http://a.example:{port}"))
        assert len(web.requests) == 1
    assert (found.outcome, found.status, found.error) == ("unreachable", None, f"address refused: {why}")
    assert len(found.redirects) == 1


def test_private_addresses_are_refused_unless_the_policy_says_otherwise(tmp_path):
    with Web({"a.example": Answer(ROBOTS)}) as web:
        port = web.address[1]
        origins = [f"http://127.0.0.1:{port}", f"http://localhost:{port}", "http://169.254.169.254", "http://[::1]:9"]
        clock = Clock()
        report = capture(None, origins, tmp_path, unsafe_allow_private_addresses=False, clock=clock)
        assert web.requests == []
    assert report.refused == {
        f"http://127.0.0.1:{port}": "loopback",
        f"http://localhost:{port}": "loopback",
        "http://169.254.169.254": "metadata",
        "http://[::1]:9": "loopback",
    }
    assert report.outcomes == {"unreachable": 4}
    assert {row["error"] for row in rows(tmp_path).values()} == {
        "address refused: loopback",
        "address refused: metadata",
    }
    assert clock.waits == []  # refused for good: not tried again


def test_a_long_file_is_read_up_to_the_parsing_limit(tmp_path):
    line = b"Disallow: /a-path-that-is-long-enough-to-count/\n"
    long = b"User-agent: *\n" + line * (1 + 2_000_000 // len(line))
    exact = long[:PARSE_LIMIT_OCTETS]
    with Web({"long.example": Answer(long), "exact.example": Answer(exact)}) as web:
        capture(web, ["http://long.example", "http://exact.example"], tmp_path)
    found = rows(tmp_path)
    row = found["http://long.example"]
    assert (row["outcome"], row["kind"], row["truncated"]) == ("available", "robots", True)
    assert row["body"] == long[: PARSE_LIMIT_OCTETS + 1]
    assert "truncated" in RobotsTxt.parse(row["body"]).leniency
    assert (found["http://exact.example"]["truncated"], found["http://exact.example"]["body"]) == (False, exact)


def test_a_rule_cut_at_the_limit_is_not_read_as_another_rule(tmp_path):
    head = b"User-agent: *\nDisallow: /\n"
    padding = b"#" * (PARSE_LIMIT_OCTETS - len(head) - len(b"Allow: /") - 1) + b"\n"
    with Web({"a.example": Answer(head + padding + b"Allow: /press/\n")}) as web:
        capture(web, ["http://a.example"], tmp_path)
    body = rows(tmp_path)["http://a.example"]["body"]
    assert body[:PARSE_LIMIT_OCTETS].endswith(b"\nAllow: /")
    (selection,) = RobotsTxt.parse(body).distinct(("*",))
    assert selection.rules.uniform is True  # everything is denied


def test_a_decompression_bomb_costs_no_more_than_the_limit(tmp_path):
    squeezer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join([*(squeezer.compress(b"\n" * 1_000_000) for _ in range(200)), squeezer.flush()])
    assert len(bomb) < PARSE_LIMIT_OCTETS  # a small file, and 200 MB of it
    assert len(_Gunzip().feed(bomb, 1_000)) == 1_000  # it never was in memory as a whole
    hollow = gzip.compress(b"") * 60_000  # 1.2 MB that hold nothing
    hosts = {name: Answer(body, 200, {"Content-Encoding": "gzip"}) for name, body in (("a", bomb), ("b", hollow))}
    with Web(hosts) as web:
        capture(web, ["http://a", "http://b"], tmp_path)
    found = rows(tmp_path)
    assert found["http://a"]["truncated"] is True
    assert len(found["http://a"]["body"]) == PARSE_LIMIT_OCTETS + 1
    assert found["http://b"]["error"] == "content coding larger than its content"


@pytest.mark.parametrize("answer", [Answer(ending="silence"), Answer(ROBOTS, slowness=0.2)])
def test_the_time_limit_is_for_the_whole_request(tmp_path, answer):
    with Web({"a.example": answer}) as web:
        capture(web, ["http://a.example"], tmp_path, attempts=2, timeout_seconds=0.5)
        assert len(web.requests) == 2
    row = rows(tmp_path)["http://a.example"]
    assert (row["outcome"], row["status"], row["error"], row["body"]) == ("unreachable", None, "timeout", None)


def test_nobody_listens(tmp_path):
    with Web({}) as web:
        port = web.address[1]
    report = capture(None, [f"http://127.0.0.1:{port}"], tmp_path)
    assert report.outcomes == {"unreachable": 1}
    assert rows(tmp_path)[f"http://127.0.0.1:{port}"]["error"] == "no connection"


def test_a_server_without_tls_is_asked_over_https(tmp_path):
    with Web({"a.example": Answer(ROBOTS)}) as web:
        capture(web, ["a.example"], tmp_path)
        assert web.requests == []
    row = rows(tmp_path)["https://a.example"]
    assert (row["outcome"], row["error"]) == ("unreachable", "TLS failed")


ETAG, MODIFIED = '"v1"', "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    "validators", [{"etag": ETAG}, {"last_modified": MODIFIED}, {"etag": ETAG, "last_modified": MODIFIED}]
)
def test_not_modified_repeats_the_body_with_the_new_time(tmp_path, validators):
    later = NOON.replace(day=24)
    with Web({"a.example": conditional(ROBOTS, **validators), "b.example": Answer(status=404)}) as web:
        capture(web, ["http://a.example", "http://b.example"], tmp_path)
        report = capture(web, ["http://a.example", "http://b.example"], tmp_path, now=later)
        third = capture(web, ["http://a.example"], tmp_path, now=later.replace(day=25))
    assert (report.captured, report.unchanged, third.unchanged) == (2, 1, 1)
    assert report.outcomes == {"available": 1, "unavailable": 1}
    captures = [row for row in Snapshot.open(tmp_path).captures.to_pylist() if row["origin"] == "http://a.example"]
    assert [row["status"] for row in captures] == [200, 304, 304]
    assert [row["fetched_at"].day for row in captures] == [23, 24, 25]
    assert {(row["outcome"], row["kind"], row["body_sha256"]) for row in captures} == {
        ("available", "robots", captures[0]["body_sha256"])
    }
    assert [row["time_basis"] for row in captures] == [None, "not modified", "not modified"]
    assert {(row["etag"], row["last_modified"]) for row in captures} == {
        (validators.get("etag"), validators.get("last_modified"))
    }
    assert rows(tmp_path)["http://a.example"]["body"] == ROBOTS
    assert len(versions(tmp_path)) == 3


def test_a_changed_file_is_a_new_body(tmp_path):
    with Web({"a.example": conditional(ROBOTS, etag='"v1"')}) as web:
        capture(web, ["http://a.example"], tmp_path)
        web.hosts["a.example"] = conditional(b"User-agent: *\nDisallow: /\n", etag='"v2"')
        report = capture(web, ["http://a.example"], tmp_path, now=NOON.replace(day=24))
        assert web.requests[-1].fields["if-none-match"] == '"v1"'
    assert report.unchanged == 0
    row = rows(tmp_path)["http://a.example"]
    assert (row["status"], row["etag"], row["body"]) == (200, '"v2"', b"User-agent: *\nDisallow: /\n")


def test_validators_go_to_the_url_they_came_from_and_to_no_other(tmp_path):
    with Web(
        {"a.example": redirect("http://b.example/robots.txt"), "b.example": conditional(ROBOTS, etag=ETAG)}
    ) as web:
        capture(web, ["http://a.example"], tmp_path)
        report = capture(web, ["http://a.example"], tmp_path, now=NOON.replace(day=24))
        asked = [(request.host, request.fields.get("if-none-match")) for request in web.requests[2:]]
        assert asked == [("a.example", None), ("b.example", ETAG)]
        assert report.unchanged == 1
        web.hosts["a.example"] = redirect("http://c.example/robots.txt")
        web.hosts["c.example"] = Answer(status=304)
        capture(web, ["http://a.example"], tmp_path, now=NOON.replace(day=25))
        assert "if-none-match" not in web.requests[-1].fields
    row = rows(tmp_path)["http://a.example"]  # 304 to a question that was not asked says nothing
    assert (row["status"], row["outcome"], row["body"]) == (304, "unreachable", None)


def test_validators_that_cannot_be_sent_back_are_not_kept(tmp_path):
    hosts = {
        "a.example": Answer(ROBOTS, 200, {"ETag": '"\xfc"'}),
        "b.example": Answer(ROBOTS, 200, {"ETag": "x" * 2000}),
    }
    with Web(hosts) as web:
        capture(web, ["http://a.example", "http://b.example"], tmp_path)
        capture(web, ["http://a.example", "http://b.example"], tmp_path)
    assert {row["etag"] for row in rows(tmp_path).values()} == {None}


def test_after_an_outage_the_last_available_capture_is_asked_about(tmp_path):
    stands = conditional(ROBOTS, etag=ETAG)
    with Web({"a.example": changing(stands, Answer(status=404), stands)}) as web:
        for day in (23, 24, 25):
            capture(web, ["http://a.example"], tmp_path, now=NOON.replace(day=day))
    row = rows(tmp_path)["http://a.example"]
    assert (row["status"], row["outcome"], row["body"]) == (304, "available", ROBOTS)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of its own authority for secure.example, made for this run."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=secure.example"),
        *("-addext", "subjectAltName=DNS:secure.example"),
    ]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("openssl cannot make a certificate here")
    return folder / "cert.pem", folder / "key.pem"


def test_tls_is_verified_for_the_host_and_not_for_the_address(tmp_path, certificate):
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*certificate)
    trusting = ssl.create_default_context(cafile=certificate[0])
    with Web({name: Answer(ROBOTS) for name in ("secure.example", "other.example")}, tls=served) as web:
        job = capture_signals_async(
            ["secure.example", "other.example"],
            tmp_path / "a",
            settings=settings(),
            connect_to=web.address,
            tls=trusting,
        )
        asyncio.run(job)
        capture(web, ["secure.example"], tmp_path / "b")
    found = rows(tmp_path / "a")
    assert found["https://secure.example"]["body"] == ROBOTS
    assert found["https://other.example"]["error"] == "TLS certificate not valid for the host"
    assert rows(tmp_path / "b")["https://secure.example"]["error"] == "TLS certificate not valid for the host"
