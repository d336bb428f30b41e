"""Waiting for opt-outs: once, for a task; and for good, for an asset.

A dead watcher says nothing, so nothing may depend on one alone: screening refuses an export of the register that is
too old (`max_register_age_hours`), and the DAG that is started by opt-outs is started every night as well.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from rightful.airflow.hooks.register import OptOutRegisterHook, version_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_MOST_FAILURES = 5  # in a row, until a task that waits is told
_MOST_WAITS = 10  # a register that changes without end is not waited for without end
_LONGEST_PAUSE = 900.0  # seconds
_CURSOR, _LAST_OK = "cursor", "last_ok"


class OptOutChangedTrigger(BaseTrigger):
    """Wait until the version of a register is another, then tell it: {"status": "changed", "version"}.

    A register that cannot be read five times in a row ends the wait: {"status": "failed", "message"}.

    Args:
        register_conn_id: id of the connection.
        since: the version that is known; None: none is.
        poll_interval: seconds from one look to the next.
    """

    def __init__(self, register_conn_id: str, since: str | None = None, poll_interval: float = 60.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.register_conn_id = register_conn_id
        self.since = since
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give what makes it again, as JSON."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "register_conn_id": self.register_conn_id,
            "since": self.since,
            "poll_interval": self.poll_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait."""
        failures = 0
        while True:
            try:
                version = await version_of(self.register_conn_id)
            except Exception as error:  # noqa: BLE001 - the task is told, it cannot be raised to
                failures += 1
                if failures >= _MOST_FAILURES:
                    yield _event(status="failed", message=str(error))
                    return
            else:
                failures = 0
                if version != self.since:
                    yield _event(status="changed", version=version)
                    return
            await asyncio.sleep(_pause(self.poll_interval, failures))


class OptOutEventTrigger(BaseEventTrigger):
    """Tell every change of a register for as long as the triggerer runs: {"version", "previous"}.

    What was told last is remembered with the asset (from Airflow 3.3 on), so that nothing is missed while the
    triggerer is down or the DAG is paused. Where nothing is remembered the present version is told once: what it
    starts is idempotent. It never ends by itself; `last_ok` with the asset says when it last read the register.

    Args:
        register_conn_id: id of the connection.
        poll_interval: seconds from one look to the next.
        debounce: seconds without a change after which a change is told: many together are one event.
    """

    def __init__(
        self,
        register_conn_id: str = OptOutRegisterHook.default_conn_name,
        poll_interval: float = 60.0,
        debounce: float = 30.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.register_conn_id = register_conn_id
        self.poll_interval = poll_interval
        self.debounce = debounce
        if not hasattr(self, "asset_state_store"):  # before Airflow 3.3
            self.asset_state_store = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give what makes it again, as JSON."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "register_conn_id": self.register_conn_id,
            "poll_interval": self.poll_interval,
            "debounce": self.debounce,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Tell changes; never return, never raise."""
        cursor: str | None = None
        begun, failures = False, 0
        while True:
            try:
                if not begun:
                    cursor, begun = await self._remembered(), True
                version = await version_of(self.register_conn_id)
                # Only now: what was told the last time has long been written down. A triggerer that dies before
                # this tells it again, which is better than not at all.
                await self._remember(cursor)
                if version != cursor:
                    version = await self._settled(version)
                if version != cursor:
                    yield _event(version=version, previous=cursor)
                    cursor = version
                failures = 0
            except Exception as error:  # noqa: BLE001 - a watcher that ends is a watcher that nobody misses
                failures += 1
                self.log.warning("the register could not be read (%s times in a row): %s", failures, error)
            await asyncio.sleep(_pause(self.poll_interval, failures))

    async def _settled(self, version: str) -> str:
        """Wait until the register has been the same for a while."""
        for _ in range(_MOST_WAITS):
            await asyncio.sleep(self.debounce)
            before, version = version, await version_of(self.register_conn_id)
            if version == before:
                break
        return version

    async def _remembered(self) -> str | None:
        stored = await self.asset_state_store.aget(_CURSOR) if self.asset_state_store else None
        return None if stored is None else str(stored)

    async def _remember(self, cursor: str | None) -> None:
        if self.asset_state_store is None:
            return
        if cursor is not None:
            await self.asset_state_store.aset(_CURSOR, cursor)
        await self.asset_state_store.aset(_LAST_OK, datetime.now(UTC).isoformat(timespec="seconds"))


def _event(**payload: str | None) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


def _pause(poll_interval: float, failures: int) -> float:
    """Twice as long after each failure, up to a quarter of an hour or the interval itself."""
    if not failures:
        return poll_interval
    return max(poll_interval, min(max(poll_interval, 1.0) * 2.0 ** min(failures, 10), _LONGEST_PAUSE))
