"""Processes that write to one register at once, run by the tests of concurrency: `python writers.py WHAT PLACE …`."""

import itertools
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from rightful.register import filing
from rightful.register.database import RegisterDatabase
from rightful.register.entries import KeyKind
from rightful.register.model import Claimant, NewRequest, Scope
from rightful.register.sealing import Key

KEY = Key(b"\x07" * 32)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def request(who):
    claimant = Claimant(f"Person {who}", f"{who}@people.example")
    return NewRequest(claimant, Scope.LOCATION, good_faith=True, locations=[(KeyKind.SITE, f"{who}.example")])


def file_and_verify(register, who):
    name = register.file(request(who), actor=who, now=NOW)
    register.verify(name, actor=who, now=NOW)
    return name


def many(place, process, threads):
    """File and verify from many threads that begin together; print what was answered."""
    ready = threading.Barrier(threads)
    with RegisterDatabase.open(place, key=KEY, create=True) as register, ThreadPoolExecutor(threads) as pool:

        def one(number):
            ready.wait()
            return file_and_verify(register, f"w{process}-{number}")

        for name in pool.map(one, range(threads)):
            print(name)


def for_ever(place, process):
    """Take requests from state to state until killed; print every answer as soon as it is there."""
    with RegisterDatabase.open(place, key=KEY) as register:
        for number in itertools.count():
            who = f"k{process}-{number}"
            name = register.file(request(who), actor=who, now=NOW)
            print(name, "received", flush=True)
            for step in ("verify", "match", "remove", "confirm"):
                more = {"receipt": "r"} if step == "remove" else {}
                state = getattr(register, step)(name, actor=who, now=NOW, **more)
                print(name, state.value, flush=True)


def in_the_middle(place, name, point):
    """Verify a request and be killed in the transaction: before its event, between event and log, or after the log."""
    append = filing.append

    def killed(*arguments, **named):
        if point == "after the log":
            append(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    filing.append = killed
    if point == "before the event":
        filing.one_line = killed
    with RegisterDatabase.open(place, key=KEY) as register:
        register.verify(name, actor="somebody", now=NOW)


if __name__ == "__main__":
    what, place, *rest = sys.argv[1:]
    if what == "many":
        many(place, int(rest[0]), int(rest[1]))
    elif what == "for-ever":
        for_ever(place, int(rest[0]))
    else:
        in_the_middle(place, *rest)
