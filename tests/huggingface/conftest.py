"""A small world to screen: a few sites, their robots.txt, opt-outs, and records of every fate."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from rightful.policy.policy_file import parse_policy, policy_template
from rightful.register.entries import KeyKind, OptOut, canonical_key
from rightful.register.export import export_register
from rightful.register.fingerprint import text_digest
from rightful.screening.screener import Screener
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import add_captures

if TYPE_CHECKING:
    from pathlib import Path

    from rightful.policy.policy import Policy
    from rightful.register.export import Register
    from rightful.snapshot.store import Snapshot

# `datasets` reads these when it is imported, so before anything here imports it.
_HOME = tempfile.mkdtemp(prefix="rightful-hf-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ |= {"HF_HOME": _HOME, "HF_DATASETS_CACHE": f"{_HOME}/datasets", "HF_HUB_OFFLINE": "1"}

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARKER = "zebra-crossing"  # in every text: nothing but the records themselves may carry it

SITES = {
    "https://open.example": b"User-agent: *\nAllow: /\n",
    "https://partly.example": b"User-agent: *\nDisallow: /private/\n",
    "https://closed.example": b"User-agent: *\nDisallow: /\n",
    "https://gptless.example": b"User-agent: GPTBot\nDisallow: /\n",
    "https://optedout.example": b"",
}
PATHS = ("/", "/a", "/private/b", "/c?d=e", "/%7Ef")
ODD_URLS = (None, "", "not a url", "https://never.example/x", "https://open.example/mine", "mailto:a@b.example")


@dataclass
class World:
    root: Path
    policy: Policy
    snapshot: Snapshot
    register: Register
    rows: dict[str, list[object]]

    @property
    def screener(self) -> Screener:
        return Screener(self.policy, self.snapshot, self.register)

    @property
    def sources(self) -> tuple[Policy, Snapshot, Register]:
        return self.policy, self.snapshot, self.register

    def admitted(self, rows: dict[str, list[object]] | None = None, policy: Policy | None = None) -> list[bool]:
        labelled = Screener(policy or self.policy, self.snapshot, self.register).label(pa.table(rows or self.rows))
        return [label["admission"] == "admit" for label in labelled["rights"].to_pylist()]


def a_capture(origin: str, body: bytes, at: datetime = NOON) -> Capture:
    return Capture(origin, at, Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=body)


@pytest.fixture
def world(tmp_path: Path) -> World:
    urls = [f"{origin}{path}" for origin in SITES for path in PATHS]
    urls += ODD_URLS
    count = len(urls)
    rows: dict[str, list[object]] = {
        "id": [f"r{i}" for i in range(count)],
        "url": urls,
        "text": [f"{MARKER} {i % 7}" for i in range(count)],
        "license": [(None, "cc-by-nc-4.0", "cc-by-4.0", "made up")[i % 4] for i in range(count)],
        "crawl_date": [(None, NOON, LATER)[i % 3] for i in range(count)],
        "n": list(range(count)),
    }
    snapshot = add_captures(
        tmp_path / "signals",
        [a_capture(origin, body) for origin, body in SITES.items()]
        + [a_capture("https://open.example", b"User-agent: *\nDisallow: /a\n", LATER)],
    )
    opt_outs = [
        OptOut(KeyKind.SITE, canonical_key(KeyKind.SITE, "optedout.example")),
        OptOut(KeyKind.URL, canonical_key(KeyKind.URL, "https://open.example/mine")),
        OptOut(KeyKind.CONTENT, text_digest(f"{MARKER} 3")),
    ]
    register = export_register(opt_outs, tmp_path / "register.arrow")
    return World(tmp_path, parse_policy(policy_template()), snapshot, register, rows)


@pytest.fixture
def plain(world: World) -> World:
    """The same world with opt-outs by URL only: what URLs alone are enough to decide."""
    opt_outs = [world.register.entry(row) for row in range(len(world.register))]
    by_url = [entry for entry in opt_outs if entry.kind is not KeyKind.CONTENT]
    world.register = export_register(by_url, world.root / "by-url.arrow")
    return world


@pytest.fixture(autouse=True)
def _quiet() -> None:
    import datasets

    datasets.disable_progress_bars()
