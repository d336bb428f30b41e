"""Screening of one record under one policy, for tests of rights."""

from datetime import UTC, datetime

import pyarrow as pa

from rightful.policy.policy_file import parse_policy
from rightful.register.entries import KeyKind, OptOut, OptOutState
from rightful.register.export import export_register
from rightful.screening.screener import Screener
from rightful.signals.locations import ROBOTS
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

HOST = "https://h.example"
DIGEST = f"sha256:{'ab' * 32}"
SCENARIO = '[scenario]\nmarket_effect = "low"\n\n'
CRAWLED = f'[[sources]]\nname = "web"\nroute = "crawled"\nevidence = ["{DIGEST}"]\n'
UNEVIDENCED = '[[sources]]\nname = "web"\nroute = "crawled"\n'
CONTRACT = (
    f'\n[[contracts]]\nname = "press"\ntraining = "granted"\nchain = "direct"\npaid = true\nsame_holder = true\n'
    f'starts = "2026-06-01"\nevidence = ["{DIGEST}"]\n'
)
ALLOWS, DENIES = b"User-agent: *\nAllow: /\n", b"User-agent: *\nDisallow: /\n"


def at(year, month=1, day=1):
    return datetime(year, month, day, tzinfo=UTC)


def robots(body=ALLOWS, when=None, host=HOST):
    outcome, kind = classify(200, None, body, ROBOTS)
    return Capture(host, when or at(2026, 11), outcome, kind, signal=ROBOTS, status=200, body=body)


class Case:
    """A screener for one policy, with captures and opt-outs."""

    def __init__(self, folder, policy, captures=(), optouts=(), holders=frozenset()):
        snapshot = add_captures(folder / "snapshot", captures or [robots()])
        register = export_register(optouts, folder / "register.arrow")
        self.screener = Screener(parse_policy(policy), snapshot, register, specific_holders=holders)

    def examine(self, **columns):
        rows = {"url": [f"{HOST}/1"], "text": ["words"], **{name: [value] for name, value in columns.items()}}
        return self.screener.examine(pa.RecordBatch.from_pydict(rows))

    def decision(self, **columns):
        return self.examine(**columns).decided[0][0]

    def situation(self, **columns):
        return self.examine(**columns).observation.situations[0]


def optout(when=None, state=OptOutState.VERIFIED, reference="r1"):
    return OptOut(KeyKind.URL, "//h.example/1", state, reference, when)
