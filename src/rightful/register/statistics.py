"""What the register tells the public: counts, times and the head of its log, of no request in particular (P-36)."""

from __future__ import annotations

import json
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import distinct, func, select

from rightful.register.access_log import head_of
from rightful.register.model import ENDED, REASONS, Act, State
from rightful.register.requests import current_states
from rightful.register.tables import effects, events, exports, moment_of, requests, ticks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

_DECIDED = (Act.VERIFY, Act.MATCH, Act.REMOVE, Act.CONFIRM, Act.REJECT)
_OTHER = "other"


def facts(
    connection: Connection,
    now: datetime,
    *,
    taking_effect: Collection[int] = (),
    tombstones: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Gather the facts.

    Args:
        connection: of `Store.reading`.
        now: as of when.
        taking_effect: requests (rows) that an export being made now has as verified; of them the newest count.
        tombstones: of that export; else those of the last one.

    Returns:
        `requests`: how many ever reached each state. `open`: how many are at no end yet. `rejected_by_reason`: by code
        (`model.REASONS`), every other reason as `other`. `time_to_effect_seconds`: from receipt to the first export
        that has a request as verified; `p95` is the nearest rank. `automatic`, `manual`: decisions by whom.
    """
    in_state = select(events.c.state, func.count(distinct(events.c.request))).group_by(events.c.state)
    reached: dict[str, int] = {str(state): int(number) for state, number in connection.execute(in_state)}
    current = current_states()
    open_ = connection.scalar(select(func.count()).select_from(current).where(current.c.state.not_in(ENDED)))
    decided = select(events.c.automatic, func.count()).where(events.c.act.in_(_DECIDED)).group_by(events.c.automatic)
    by_whom: dict[bool, int] = {bool(automatic): int(number) for automatic, number in connection.execute(decided)}
    head = head_of(connection)
    return {
        "requests": {state.value: int(reached.get(state.value, 0)) for state in State},
        "open": int(open_ or 0),
        "rejected_by_reason": _rejected(connection),
        "time_to_effect_seconds": _time_to_effect(connection, now, set(taking_effect)),
        "automatic": int(by_whom.get(True, 0)),
        "manual": int(by_whom.get(False, 0)),
        "log": {"head": head.hash, "length": head.length},
        "tombstones": dict(tombstones) if tombstones is not None else _last_tombstones(connection),
        "as_of": moment_of(ticks(now)).isoformat(),
    }


def _rejected(connection: Connection) -> dict[str, int]:
    """Count rejections by code; other words may name somebody, and are counted without being repeated."""
    query = select(events.c.reason, func.count()).where(events.c.act == Act.REJECT).group_by(events.c.reason)
    counted: Counter[str] = Counter()
    for reason, number in connection.execute(query):
        code = reason.partition(":")[0].strip()
        counted[code if code in REASONS else _OTHER] += number
    return dict(sorted(counted.items()))


def _time_to_effect(connection: Connection, now: datetime, taking_effect: set[int]) -> dict[str, Any]:
    known = select(effects.c.request, effects.c.at - requests.c.received_at)
    known = known.join(requests, requests.c.id == effects.c.request)
    waits = {int(number): int(wait) for number, wait in connection.execute(known)}
    at = ticks(now)
    if new := taking_effect - waits.keys():
        received = connection.execute(select(requests.c.id, requests.c.received_at))
        waits.update((number, at - moment) for number, moment in received if number in new)
    ordered = sorted(waits.values())
    if not ordered:
        return {"median": None, "p95": None, "n": 0}
    rank = -(-95 * len(ordered) // 100)
    return {"median": median(ordered) / 1e6, "p95": ordered[rank - 1] / 1e6, "n": len(ordered)}


def _last_tombstones(connection: Connection) -> dict[str, int]:
    counts = connection.scalar(select(exports.c.counts).order_by(exports.c.id.desc()).limit(1))
    return dict(json.loads(counts)["tombstones"]) if counts else {"exported": 0, "lost": 0}
