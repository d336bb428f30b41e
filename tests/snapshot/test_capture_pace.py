"""Politeness, retries and how much happens at once."""

from __future__ import annotations

import asyncio
from email.utils import format_datetime

import pytest
from tests.snapshot.capturing import NOON, ROBOTS, Clock, capture, rows, settings

from rightful.demo.web import Answer, Web, changing, redirect
from rightful.snapshot import turns as turns_module
from rightful.snapshot.capture import capture_signals, capture_signals_async
from rightful.snapshot.turns import Turns

ORIGIN = "http://a.example"


@pytest.mark.parametrize(
    "failure", [Answer(status=500), Answer(status=503), Answer(status=429), Answer(ending="reset")]
)
def test_a_failure_that_may_pass_is_tried_again(tmp_path, failure):
    clock = Clock()
    with Web({"a.example": changing(failure, failure, Answer(ROBOTS))}) as web:
        capture(web, [ORIGIN], tmp_path, clock=clock)
        assert len(web.requests) == 3
    assert rows(tmp_path)[ORIGIN]["body"] == ROBOTS
    assert clock.waits == [1.0, 2.0]


@pytest.mark.parametrize(("attempts", "waits"), [(1, []), (2, [1.0]), (4, [1.0, 2.0, 4.0])])
def test_attempts_are_counted(tmp_path, attempts, waits):
    clock = Clock()
    with Web({"a.example": Answer(status=503)}) as web:
        capture(web, [ORIGIN], tmp_path, clock=clock, attempts=attempts)
        assert len(web.requests) == attempts
    assert clock.waits == waits
    assert rows(tmp_path)[ORIGIN]["status"] == 503


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 204, 304])
def test_an_answer_that_stands_is_not_asked_for_again(tmp_path, status):
    with Web({"a.example": Answer(status=status, fields={"Content-Length": ""})}) as web:
        capture(web, [ORIGIN], tmp_path)
        assert len(web.requests) == 1


def test_redirects_share_the_attempts_and_are_not_walked_again(tmp_path):
    down = Answer(status=503)
    with Web({"a.example": redirect("http://b.example/x"), "b.example": changing(down, Answer(ROBOTS))}) as web:
        capture(web, [ORIGIN], tmp_path)
        assert [request.host for request in web.requests] == ["a.example", "b.example", "b.example"]
    assert rows(tmp_path)[ORIGIN]["redirects"] == ["http://b.example/x"]


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("30", [30.0]),
        ("0", [1.0]),  # no less than we would wait anyway
        (
            format_datetime(NOON.replace(minute=0, second=45, microsecond=0), usegmt=True),
            [pytest.approx(44.0, abs=0.1)],
        ),
        ("soon", [1.0]),
        ("-5", [1.0]),
        ("Mon, 99 Foo 2026 00:00:00 GMT", [1.0]),
    ],
)
def test_retry_after_is_honoured(tmp_path, asked, waits):
    clock = Clock()
    with Web({"a.example": changing(Answer(status=429, fields={"Retry-After": asked}), Answer(ROBOTS))}) as web:
        capture(web, [ORIGIN], tmp_path, clock=clock)
    assert clock.waits == waits
    assert rows(tmp_path)[ORIGIN]["status"] == 200


@pytest.mark.parametrize("asked", ["61", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_that_asks_for_a_long_pause_is_left_alone(tmp_path, asked):
    clock = Clock()
    with Web({"a.example": Answer(status=429, fields={"Retry-After": asked})}) as web:
        capture(web, [ORIGIN], tmp_path, clock=clock)
        assert len(web.requests) == 1
    assert clock.waits == []
    assert rows(tmp_path)[ORIGIN]["status"] == 429


def test_requests_to_one_host_are_spaced_whatever_the_scheme_port_or_reason(tmp_path):
    """Two origins of one host, one with a redirect to the same host: three requests, two pauses."""
    clock = Clock()
    hosts = {"a.example": {"/robots.txt": changing(redirect("/again"), Answer(ROBOTS)), "/again": Answer(ROBOTS)}}
    with Web(hosts) as web:
        origins = ["http://a.example", "http://a.example:8080"]
        capture(web, origins, tmp_path, clock=clock, seconds_between_requests_to_a_host=7.0)
        assert len(web.requests) == 3
        assert web.most_per_host == 1
    assert sum(clock.waits) == pytest.approx(14.0)


def test_requests_to_one_host_are_spaced_on_the_real_clock(tmp_path):
    with Web({"a.example": Answer(ROBOTS)}) as web:
        origins = [f"http://a.example:{port}" for port in (81, 82, 83)]
        capture_signals(
            origins, tmp_path, settings=settings(seconds_between_requests_to_a_host=0.3), connect_to=web.address
        )
        first, second, third = web.arrivals("a.example")
    assert min(second - first, third - second) > 0.25


def test_different_hosts_are_asked_at_once_up_to_the_limit(tmp_path):
    names = [f"h{n}.example" for n in range(12)]
    with Web({name: Answer(ROBOTS, delay=0.3) for name in names}) as web:
        report = capture(web, [f"http://{name}" for name in names], tmp_path, concurrency=4)
    assert report.outcomes == {"available": 12}
    assert web.most_at_once == 4
    assert web.most_per_host == 1


def test_no_more_tasks_than_workers_however_many_origins(tmp_path):
    tasks = []

    def look(_request):
        return Answer(status=404)

    async def run():
        with Web({f"h{n}": look for n in range(300)}) as web:
            await capture_signals_async(
                [f"http://h{n}" for n in range(300)],
                tmp_path,
                settings=settings(concurrency=5),
                connect_to=web.address,
                on_progress=lambda *_: tasks.append(len(asyncio.all_tasks())),
            )

    asyncio.run(run())
    assert len(tasks) == 301
    assert max(tasks) < 30


def test_progress_counts_up_to_the_total(tmp_path):
    seen = []
    with Web({"a.example": Answer(ROBOTS), "b.example": Answer(status=404)}) as web:
        capture_signals(
            ["http://a.example", "http://b.example"],
            tmp_path,
            settings=settings(),
            connect_to=web.address,
            on_progress=lambda *counts: seen.append(counts),
        )
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_turns_forget_hosts_whose_pause_is_over(monkeypatch):
    monkeypatch.setattr(turns_module, "_REMEMBERED", 10)
    clock = Clock()

    async def run():
        turns = Turns(1.0, clock.pace)
        for n in range(100):
            async with turns.turn(f"h{n}"):
                clock.at += 0.5
        return len(turns._hosts)

    assert asyncio.run(run()) <= 20
    assert clock.waits == []


def test_a_pause_lengthened_while_another_waits_holds_for_both():
    clock = Clock()
    order = []

    async def run():
        turns = Turns(1.0, clock.pace)

        async def first():
            async with turns.turn("a"):
                await asyncio.sleep(0)
            await asyncio.sleep(0)  # the second waits out its second now
            turns.postpone("a", 30.0)

        async def second():
            await asyncio.sleep(0)
            async with turns.turn("a"):
                order.append(clock.at)

        await asyncio.gather(first(), second())

    asyncio.run(run())
    assert order == [1031.0]
    assert clock.waits == [1.0, 30.0]
