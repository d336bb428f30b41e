"""Many writers at once and writers that are killed: nothing answered is lost, nothing is half done."""

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from tests.conftest import ROOT
from tests.register import writers
from tests.register.people import NOW, WORK, site, work

from rightful.errors import RegisterError
from rightful.register.database import RegisterDatabase
from rightful.register.model import Limits, State

PROCESSES, THREADS = 4, 50


def started(*arguments):
    command = [sys.executable, "-W", "error", writers.__file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_hundred_writers_lose_nothing(place):
    """Four processes of fifty threads each file and verify, beginning together, and one of them makes the register."""
    running = [started("many", place, process, THREADS) for process in range(PROCESSES)]
    answered = []
    for process in running:
        said, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        answered += said.split()
    assert len(set(answered)) == PROCESSES * THREADS
    with RegisterDatabase.open(place, key=writers.KEY) as register:
        assert set(register.by_state(State.VERIFIED)) == set(answered)
        assert register.verify_log().length == 2 * PROCESSES * THREADS
        facts = register.facts(NOW)
        assert facts["requests"]["verified"] == facts["requests"]["received"] == PROCESSES * THREADS


def test_of_writers_who_want_the_same_step_one_takes_it(either):
    name = either.file(work(), actor="desk", now=NOW)

    def verify(number):
        try:
            return either.verify(name, actor=f"w{number}", now=NOW)
        except RegisterError as error:
            return error.where["state"]

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(verify, range(20)))
    assert outcomes == ["verified"] * 20
    assert [event.seq for event in either.status(name).events] == [1, 2]
    either.verify_log()


def test_limits_hold_for_requests_that_come_together(place, key):
    with RegisterDatabase.open(place, key=key, create=True, limits=Limits(requests_a_day=5)) as register:

        def file(number):
            try:
                return register.file(site(f"s{number}.example"), actor="desk", now=NOW)
            except RegisterError as error:
                return "over" if "again_at" in error.where else error

        with ThreadPoolExecutor(20) as pool:
            outcomes = list(pool.map(file, range(20)))
        assert outcomes.count("over") == 15
        assert len(register.pending()) == 5


def test_writers_fail_nowhere_because_of_what_the_server_isolates_by_default(postgresql_place, key):
    making = RegisterDatabase.open(postgresql_place, key=key, create=True)
    with making as register, register._store.writing() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"))
    with RegisterDatabase.open(postgresql_place, key=key) as register, ThreadPoolExecutor(8) as pool:
        filed = set(pool.map(lambda number: writers.file_and_verify(register, f"w{number}"), range(24)))
        assert len(filed) == 24
        assert register.verify_log().length == 48


def test_readers_and_exports_go_on_beside_writers(either, tmp_path):
    def write(number):
        return writers.file_and_verify(either, f"w{number}")

    with ThreadPoolExecutor(10) as pool:
        filed = pool.map(write, range(40))
        sizes = []
        while len(sizes) < 5:
            sizes.append(len(either.export(tmp_path / "exports", actor="nightly", now=NOW)))
            either.verify_log()
            either.facts(NOW)
        filed = list(filed)
    assert sizes == sorted(sizes)
    assert len(either.export(tmp_path / "exports", actor="nightly", now=NOW)) == len(filed) == 40
    assert either.facts(NOW)["time_to_effect_seconds"]["n"] == 40


@pytest.mark.parametrize("point", ["before the event", "between event and log", "after the log"])
def test_a_writer_killed_in_a_step_leaves_it_undone(place, point):
    with RegisterDatabase.open(place, key=writers.KEY, create=True) as register:
        name = register.file(work(), actor="desk", now=NOW)
        head = register.log_head()
        process = started("in-the-middle", place, name, point)
        said, errors = process.communicate(timeout=120)
        assert process.returncode == -9, (said, errors)
        assert register.status(name).state is State.RECEIVED
        assert register.verify_log() == head
        assert register.verify(name, actor="desk", now=NOW) is State.VERIFIED
        register.verify_log(since=head)


ORDER = ["received", "verified", "matched", "removed", "confirmed"]


def test_writers_killed_at_any_moment_leave_a_register_that_is_whole(place):
    """Every answer that was given before is kept; at most the step that was under way came after it."""
    draw = random.Random(place.partition(":")[0])
    with RegisterDatabase.open(place, key=writers.KEY, create=True) as register:
        register.file(work(WORK), actor="desk", now=NOW)
    head = (0, "0" * 64)
    for turn in range(4):
        process = started("for-ever", place, turn)
        lines = [process.stdout.readline()]
        assert lines[0], process.stderr.read()
        time.sleep(draw.uniform(0, 0.15))
        process.kill()
        rest, errors = process.communicate(timeout=120)
        assert process.returncode == -9, errors
        answered = {}
        for line in lines + rest.splitlines():
            name, _, state = line.strip().partition(" ")
            if state in ORDER:
                answered[name] = state
        with RegisterDatabase.open(place, key=writers.KEY) as register:
            head = register.verify_log(since=head)
            for name, state in answered.items():
                status = register.status(name)
                assert [event.state.value for event in status.events] == ORDER[: len(status.events)]
                assert 0 <= len(status.events) - 1 - ORDER.index(state) <= 1
            facts = register.facts(NOW)
            assert facts["log"]["length"] == head.length
