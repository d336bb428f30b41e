"""What worker processes of a run do, and how they begin and end."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from contextlib import contextmanager
from multiprocessing import connection
from types import ModuleType
from typing import TYPE_CHECKING, cast

from rightful.runner.shard import screen_unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.runner.plan import Plan, Unit
    from rightful.screening.screener import Screener


@contextmanager
def without_main_module() -> Iterator[None]:
    """Start workers without importing what this process was started with; nothing they run lies in it.

    It may be a script without a guard around its calls, or Airflow's own command, whose import fails inside a task.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


_worker: tuple[Plan, Screener, Path] | None = None


def enter_worker(plan: Plan, screener: Screener, work: Path) -> None:
    """Set a worker process up."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _worker  # noqa: PLW0603 - what a worker process is set up with, once
    _worker = plan, screener, work


def _end_with_parent() -> None:
    """End a worker whose parent was killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def screen_in_worker(unit: Unit) -> None:
    """Screen one unit in a worker that was set up."""
    plan, screener, work = cast("tuple[Plan, Screener, Path]", _worker)
    screen_unit(plan, unit, screener, work)
