"""What the tests of capture share: a clock that does not make anyone wait, and a capture against a `Web`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rightful.policy.sections import Capturing
from rightful.snapshot.capture import CaptureReport, capture_signals_async
from rightful.snapshot.store import Snapshot
from rightful.snapshot.turns import Pace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rightful.demo.web import Web

NOON = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=UTC)
ROBOTS = b"User-agent: *\nDisallow: /private/\n"


@dataclass
class Clock:
    """Time passes only where someone waits for it; `waits` says how long they waited."""

    at: float = 1000.0
    waits: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)

    @property
    def pace(self) -> Pace:
        return Pace(sleep=self.sleep, monotonic=lambda: self.at, jitter=lambda: 0.5)


def settings(**changes: Any) -> Capturing:
    """Settings for loopback: no pauses, no guard, little patience."""
    values = {
        "seconds_between_requests_to_a_host": 0.0,
        "timeout_seconds": 10.0,
        "concurrency": 8,
        "signals": ("robots.txt",),
        "unsafe_allow_private_addresses": True,
    }
    return Capturing(**(values | changes))


def capture(
    web: Web | None,
    origins: Iterable[str],
    store: Path,
    *,
    clock: Clock | None = None,
    now: datetime = NOON,
    **changes: Any,
) -> CaptureReport:
    """Capture from a web, by default on a clock of its own."""
    return asyncio.run(
        capture_signals_async(
            origins,
            store,
            settings=settings(**changes),
            connect_to=web.address if web else None,
            now=lambda: now,
            pace=(clock or Clock()).pace,
        )
    )


def rows(store: Path) -> dict[str, dict[str, Any]]:
    """Give the newest capture of every origin of a store, with its body."""
    snapshot = Snapshot.open(store)
    snapshot.verify()
    found = {}
    for row in snapshot.captures.to_pylist():
        sha256 = row["body_sha256"]
        found[row["origin"]] = row | {"body": None if sha256 is None else snapshot.body(sha256)}
    return found
