"""A job that is killed, a job that runs twice, and stores that cannot be used."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.snapshot.capturing import NOON, ROBOTS, capture, rows, settings

from rightful.demo.web import Answer, Web
from rightful.errors import CaptureError, PolicyError, SnapshotError
from rightful.policy.policy_file import parse_policy
from rightful.snapshot import storing
from rightful.snapshot.capture import capture_signals, origin_of
from rightful.snapshot.journal import Journal
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import Snapshot, versions

KILLED = """
import sys
from rightful.policy.sections import Capturing
from rightful.snapshot.capture import capture_signals

store, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
settings = Capturing(concurrency=2, timeout_seconds=20, signals=["robots.txt"], unsafe_allow_private_addresses=True)
capture_signals([f"http://h{n:03}.example" for n in range(count)], store, settings=settings,
                connect_to=("127.0.0.1", port))
"""


def journals(store):
    return sorted((store / ".journal").glob("*.jsonl"))


def test_a_killed_job_goes_on_where_it_stopped(tmp_path):
    names = [f"h{n:03}.example" for n in range(30)]
    store = tmp_path / "signals"
    with Web({name: Answer(ROBOTS + name.encode(), delay=0.05) for name in names}) as web:
        job = subprocess.Popen([sys.executable, "-c", KILLED, store, str(web.address[1]), str(len(names))])
        deadline = time.monotonic() + 60
        while len(web.requests) < 10 and job.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait(30) == -signal.SIGKILL
        assert not (store / "HEAD").exists()  # nothing is half there
        (journal,) = journals(store)
        kept = len(journal.read_bytes().splitlines()) - 1
        assert 0 < kept < len(names)
        with journal.open("ab") as file:  # a kill in the middle of a write
            file.write(b'{"origin":"http://h029.example","fetched_at":"2026-11-2')

        report = capture(web, [f"http://{name}" for name in reversed(names)], store)

        asked = Counter(request.host for request in web.requests)
        assert sum(asked.values()) <= len(names) + 2 + 1  # two were on their way, and one line may have been torn
    assert (report.origins, report.captured) == (len(names), len(names))
    assert kept - 1 <= report.resumed <= kept
    assert {row["body"] for row in rows(store).values()} == {ROBOTS + name.encode() for name in names}
    assert len(versions(store)) == 1
    assert journals(store) == []


def line(origin, **changes):
    value = {
        "origin": origin,
        "fetched_at": "2026-11-23T12:00:00+00:00",
        "outcome": "available",
        "kind": "robots",
        "signal": "robots.txt",
        "status": 200,
        "error": None,
        "body": base64.b64encode(b"kept").decode(),
        "redirects": ["http://b.example/"],
        "etag": '"e"',
        "last_modified": None,
        "truncated": False,
        "time_basis": None,
    }
    return json.dumps(value | changes).encode() + b"\n"


A, B = "http://a.example", "http://b.example"
KEPT = Capture(
    A, NOON.replace(microsecond=0), Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=b"kept",
    redirects=("http://b.example/",), etag='"e"',
)  # fmt: skip


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"\n",
        b"\0\0\0\0",
        b"null\n",
        b"[1]\n",
        b"{}\n",
        line(B)[:-1],
        line(B)[:40],
        line(B, outcome="splendid"),
        line(B, body="*"),
        line(B, fetched_at="now"),
        line(B, unknown=1),
        line(B)[:40] + b"\n" + line(B),  # what follows a torn line is not trusted either
    ],
)
def test_a_torn_journal_is_read_up_to_the_tear(tmp_path, tail):
    with Journal(tmp_path, [A, B]) as journal:
        journal.add(KEPT)
    (path,) = journals(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    with Journal(tmp_path, [A, B]) as journal:
        assert journal.done == {f"{A}/robots.txt"}
        assert list(journal.captures()) == [KEPT]
        assert path.read_bytes() == whole
        journal.add(Capture(B, None, Outcome.UNREACHABLE, error="timeout"))
    with Journal(tmp_path, [A, B]) as journal:
        assert list(journal.captures()) == [KEPT, Capture(B, None, Outcome.UNREACHABLE, error="timeout")]


def test_a_journal_of_another_format_is_begun_anew(tmp_path):
    with Journal(tmp_path, [A]) as journal:
        journal.add(KEPT)
    (path,) = journals(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":9'))
    with Journal(tmp_path, [A]) as journal:
        assert not journal.done


def test_a_job_that_died_while_it_was_stored_is_not_stored_twice(tmp_path, monkeypatch):
    names = [f"h{n}.example" for n in range(6)]
    origins = [f"http://{name}" for name in names]
    with Web({name: Answer(ROBOTS + name.encode()) for name in names}) as web:
        monkeypatch.setattr(storing, "_PART_CAPTURES", 4)  # two parts: 4 and 2 captures
        whole = storing.add_captures
        calls = []

        def die_after_the_first(store, captures):
            if calls:
                raise KeyboardInterrupt
            calls.append(len(captures))
            return whole(store, captures)

        monkeypatch.setattr(storing, "add_captures", die_after_the_first)
        with pytest.raises(KeyboardInterrupt):
            capture(web, origins, tmp_path)
        assert len(Snapshot.open(tmp_path)) == 4
        monkeypatch.setattr(storing, "add_captures", whole)
        report = capture(web, origins, tmp_path)
        assert len(web.requests) == 6
    assert (report.captured, report.resumed) == (6, 6)
    assert len(Snapshot.open(tmp_path)) == 6
    assert len(rows(tmp_path)) == 6
    assert report.digest == Snapshot.open(tmp_path).digest


def test_every_job_adds_a_version_and_the_older_ones_stay(tmp_path):
    with Web({"a.example": Answer(b"User-agent: *\nDisallow: /old\n")}) as web:
        first = capture(web, [A], tmp_path)
        web.hosts["a.example"] = Answer(b"User-agent: *\nDisallow: /new\n")
        second = capture(web, [A], tmp_path)  # at the same second: another body is another capture
    assert [snapshot.digest for snapshot in versions(tmp_path)] == [first.digest, second.digest]
    assert len(Snapshot.open(tmp_path, first.digest)) == 1
    assert len(Snapshot.open(tmp_path)) == 2


def test_two_jobs_at_once_on_one_store(tmp_path):
    names = [f"h{n}.example" for n in range(20)]
    with Web({name: Answer(ROBOTS, delay=0.02) for name in names}) as web, ThreadPoolExecutor(2) as threads:
        jobs = [
            threads.submit(
                capture_signals,
                [f"http://{name}" for name in half],
                tmp_path,
                settings=settings(),
                connect_to=web.address,
            )
            for half in (names[:10], names[10:])
        ]
        reports = [job.result(60) for job in jobs]
    assert [report.captured for report in reports] == [10, 10]
    assert len(rows(tmp_path)) == len(Snapshot.open(tmp_path)) == 20
    assert Snapshot.open(tmp_path).digest in {report.digest for report in reports}


def test_the_same_job_twice_at_once_is_refused(tmp_path):
    with Journal(tmp_path, [f"{A}/robots.txt"]):
        with pytest.raises(CaptureError, match="another process captures the same origins") as caught:
            capture(None, [A], tmp_path)
        assert str(tmp_path) in str(caught.value)
        assert caught.value.retryable


def test_a_journal_removed_by_its_last_holder_is_not_written_to(tmp_path, monkeypatch):
    """The other process finishes between our opening of the file and our lock on it."""
    with Journal(tmp_path, [A]):
        pass
    (path,) = journals(tmp_path)
    flock = fcntl.flock
    left = [path]

    def finish_first(file, operation):
        if left:
            left.pop().unlink()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", finish_first)
    with Journal(tmp_path, [A]) as journal:
        journal.add(KEPT)
        assert path.exists()
        assert list(journal.captures()) == [KEPT]


def test_a_store_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SnapshotError, match=r"file/signals cannot be written"):
        capture(None, [A], file / "signals")


def test_a_store_that_fills_up_is_named_and_the_journal_stays(tmp_path, monkeypatch):
    def full(_self, _capture):
        raise OSError(28, "No space left on device")

    with Web({"a.example": Answer(ROBOTS)}) as web:
        monkeypatch.setattr(Journal, "add", full)
        with pytest.raises(SnapshotError, match="No space left on device") as caught:
            capture(web, [A], tmp_path)
    assert caught.value.where["path"] == str(tmp_path)
    assert len(journals(tmp_path)) == 1


def test_no_origins_make_an_empty_version(tmp_path):
    report = capture(None, [], tmp_path)
    assert (report.origins, report.captured, report.outcomes) == (0, 0, {})
    assert len(Snapshot.open(tmp_path, report.digest)) == 0


POLICY = '[[sources]]\nname = "web"\nroute = "crawled"\n'


def test_a_user_agent_that_cannot_be_sent_is_refused():
    for agent in ("röbot", "a\r\nX: y"):
        with pytest.raises(PolicyError, match="user_agent"):
            parse_policy(f"{POLICY}[capture]\nuser_agent = {json.dumps(agent)}\n")


ORIGINS = {
    "https://Example.COM/a/b?c#d": "https://example.com",
    "http://example.com:80/x": "http://example.com",
    "https://example.com:8443": "https://example.com:8443",
    "https://user:pw@example.com/": "https://example.com",
    "example.org": "https://example.org",
    "  example.org.  ": "https://example.org",
    "example.org:8080": "https://example.org:8080",
    "//example.org": "https://example.org",
    "bücher.example": "https://xn--bcher-kva.example",
    "192.0.2.7": "https://192.0.2.7",
    "[2001:db8::1]": "https://[2001:db8::1]",
    "ftp://example.com/": None,
    "mailto:me@example.com": None,
    "example.com/page": None,
    "two words": None,
    "https://": None,
    "": None,
}


@pytest.mark.parametrize(("value", "origin"), ORIGINS.items())
def test_origin_of(value, origin):
    assert origin_of(value) == origin


def test_origins_are_distinct_and_sorted_and_unreadable_ones_are_told(tmp_path):
    values = [
        "b.example",
        "https://a.example/1",
        "https://a.example/2",
        "",
        "\n",
        "two words",
        "two words",
        "x y " * 99,
    ]
    assert [origin_of(value) for value in values[:4]] == ["https://b.example", *["https://a.example"] * 2, None]
    with Web({}) as web:
        report = capture(web, ["http://a.example/1", "http://a.example/2", *values[4:]], tmp_path)
    assert report.origins == 1
    assert report.unreadable == ("two words", ("x y " * 99)[:200])
