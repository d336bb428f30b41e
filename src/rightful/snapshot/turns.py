"""Politeness: requests to one host come one after the other, with a pause between them."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

# Hosts remembered before those whose pause is over are forgotten.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Pace:
    """What time and chance are to a capture; tests put their own in place.

    Attributes:
        sleep: waits for so many seconds.
        monotonic: seconds on a clock that never goes back.
        jitter: a number in [0, 1), so that many retries do not come at one moment.
    """

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class _Host:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0
    wanted: int = 0


class Turns:
    """Who may ask which host, and when.

    Args:
        seconds: pause between the end of a request to a host and the start of the next.
        pace: the clock.
    """

    def __init__(self, seconds: float, pace: Pace) -> None:
        self._seconds = seconds
        self._pace = pace
        self._hosts: dict[str, _Host] = {}
        self._room = _REMEMBERED

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until the host may be asked, and be the only one who asks it."""
        state = self._state(host)
        state.wanted += 1
        try:
            async with state.lock:
                # Another's failure may lengthen the pause while this one waits it out.
                while (wait := state.free_at - self._pace.monotonic()) > 0:
                    await self._pace.sleep(wait)
                try:
                    yield
                finally:
                    state.free_at = max(state.free_at, self._pace.monotonic() + self._seconds)
        finally:
            state.wanted -= 1

    def postpone(self, host: str, seconds: float) -> None:
        """Leave a host alone for so many seconds from now, whoever wants to ask it."""
        state = self._state(host)
        state.free_at = max(state.free_at, self._pace.monotonic() + seconds)

    def _state(self, host: str) -> _Host:
        if len(self._hosts) >= self._room:
            now = self._pace.monotonic()
            self._hosts = {name: state for name, state in self._hosts.items() if state.wanted or state.free_at > now}
            self._room = max(_REMEMBERED, 2 * len(self._hosts))
        return self._hosts.setdefault(host, _Host())
