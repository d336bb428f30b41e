"""`rightful optout status` and `requests`: where requests stand, and what they wait for. Nothing personal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightful.cli.optout_register import (
    AsJson,
    KeyFile,
    Place,
    age,
    at_minute,
    opened,
    present,
    print_json,
    print_pairs,
)
from rightful.register.model import ENDED, Act, State
from rightful.terminal import console, plain, table

if TYPE_CHECKING:
    from datetime import datetime

    from rightful.cli.optout_register import Opened
    from rightful.register.model import Authority, RequestStatus
    from rightful.register.overview import Exported, Listed, Overview

STATUS = """
Show where a request stands, what happened to it, and what it waits for; without a reference, the register at a glance.

Nothing personal is shown, and nothing of what a request names.

\b
  rightful optout status R-ABCDEFGH23456723
  rightful optout status --exports exports/
"""
REQUESTS = """
List requests in the order they came, with how long ago that was; those that are at no end yet, or of the states named.

\b
  rightful optout requests --state received
  rightful optout requests --state verified --state matched --most 1000 --json
"""


def status_command(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="Reference of a request: R-…")] = None,
    exports: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Tell whether the newest export in it is stale.")
    ] = None,
    db: Place = None,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Show where a request stands, or the register at a glance."""
    from rightful.register import overview  # noqa: PLC0415 - when asked

    now = present()
    with opened(db, key_file) as register:
        if reference is not None:
            status = register.database.status(reference)
            effect = overview.in_effect_since(register.store, reference)
            _show_status(status, effect, now, as_json=as_json)
            return
        found = overview.overview(register.store)
        held = len(register.database.under_legal_hold())
        newest = found.newest if exports is None else _newest_in(exports, register)
    _show_overview(found, held, newest, now, as_json=as_json)


def _newest_in(folder: Path, register: Opened) -> Exported:
    """Tell what the register knows of the newest export in a folder: of one it does not know, that it is stale."""
    from rightful.register.overview import Exported, exported  # noqa: PLC0415 - when asked
    from rightful.withdrawal.exported import newest_export  # noqa: PLC0415 - when asked

    newest = newest_export(folder)
    known = exported(register.store, newest.version)
    return known or Exported(newest.version, None, current=False)


def _show_status(status: RequestStatus, effect: datetime | None, now: datetime, *, as_json: bool) -> None:
    waits = _waits_for(status, effect)
    if as_json:
        print_json(_status_json(status, effect, waits))
        return
    out = console()
    out.print(f"{status.reference}  {status.state.value}", soft_wrap=True, highlight=False)
    pairs = {"about": f"{status.scope.value}, {status.keys:,} named", "filed by": _spaced(status.authority)}
    pairs["received"] = f"{at_minute(status.received_at)}, {age(status.received_at, now)} ago"
    if effect is not None:
        pairs["took effect"] = at_minute(effect)
    pairs |= {name: "yes" for name, so in {"appealed": status.appealed, "legal hold": status.legal_hold}.items() if so}
    print_pairs(pairs | {"waits for": waits})
    out.print()
    events = table("time", "what", "state", "why")
    for event in status.events:
        details = {} if event.act is Act.FILE else event.details
        told = [event.reason, *(f"{name}: {value}" for name, value in details.items())]
        why = "; ".join(part for part in told if part)
        act = f"{event.act.value}{' (automatic)' if event.automatic else ''}"
        events.add_row(at_minute(event.at), act, event.state.value, plain(why))
    out.print(events)


def _waits_for(status: RequestStatus, effect: datetime | None) -> str:
    if status.conflict:
        return "one claim to be left: others claim the same, and until then its records are held"
    if status.state is State.RECEIVED:
        turn = ", after those filed one by one" if status.queued else ""
        return f"somebody to verify or reject it{turn}"
    if status.state is State.VERIFIED and effect is None:
        return "the next export: rightful optout export"
    return {
        State.VERIFIED: "withdrawal from finished datasets, where it names any record: rightful withdraw",
        State.MATCHED: "the records that were found to be removed: rightful withdraw",
        State.REMOVED: "its claimant to be told",
        State.CONFIRMED: "nothing: its claimant was told. It goes on to exclude",
        State.REJECTED: "nothing, unless its claimant appeals",
        State.WITHDRAWN: "nothing: its claimant took it back",
    }[status.state]


def _status_json(status: RequestStatus, effect: datetime | None, waits: str) -> dict[str, Any]:
    events = [
        {
            "seq": event.seq,
            "act": event.act.value,
            "state": event.state.value,
            "at": event.at.isoformat(),
            "automatic": event.automatic,
            "reason": event.reason,
            "details": dict(event.details),
        }
        for event in status.events
    ]
    return {
        "reference": status.reference,
        "state": status.state.value,
        "scope": status.scope.value,
        "authority": status.authority.value,
        "keys": status.keys,
        "received_at": status.received_at.isoformat(),
        "took_effect_at": effect.isoformat() if effect else None,
        "queued": status.queued,
        "appealed": status.appealed,
        "legal_hold": status.legal_hold,
        "conflict": status.conflict,
        "waits_for": waits,
        "events": events,
    }


def _show_overview(found: Overview, held: int, newest: Exported | None, now: datetime, *, as_json: bool) -> None:
    if as_json:
        oldest, head = found.oldest, found.log
        print_json(
            {
                "requests": {state.value: count for state, count in found.by_state.items()},
                "queued": found.queued,
                "legal_hold": held,
                "oldest_received": oldest and {"reference": oldest.reference, "at": oldest.received_at.isoformat()},
                "log": {"length": head.length, "head": head.hash},
                "export": newest
                and {"version": newest.version, "at": newest.at and newest.at.isoformat(), "stale": not newest.current},
            }
        )
        return
    out = console()
    counts = table("state", "#requests")
    for state, count in found.by_state.items():
        counts.add_row(state.value, f"{count:,}")
    out.print(counts)
    out.print()
    pairs = {}
    if found.oldest is not None:
        waited = age(found.oldest.received_at, now)
        pairs["waits longest"] = f"{found.oldest.reference}, to be verified, for {waited}"
    if found.queued:
        pairs["filed in bulk"] = f"{found.queued:,} of those received"
    if held:
        pairs["under legal hold"] = f"{held:,}"
    pairs |= {"log": f"{found.log.length:,} rows", "log head": found.log.hash, "newest export": _told(newest, now)}
    print_pairs(pairs)
    if newest is None or not newest.current:
        what = "nothing was exported yet" if newest is None else "requests came or changed since"
        out.print(f"\n{what}: rightful optout export --out FOLDER", style="yellow", soft_wrap=True)


def _told(newest: Exported | None, now: datetime) -> str:
    if newest is None:
        return "none yet"
    if newest.at is None:
        return f"{newest.version}, which this register did not write"
    return f"{newest.version}, {age(newest.at, now)} ago, {'current' if newest.current else 'stale'}"


def requests_command(
    state: Annotated[list[State] | None, typer.Option(help="Only those that stand there. Repeatable.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many to list.")] = 50,
    db: Place = None,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """List requests."""
    from rightful.register.overview import listed  # noqa: PLC0415 - when asked

    wanted = state or [each for each in State if each not in ENDED]
    with opened(db, key_file) as register:
        rows, count = listed(register.store, wanted, most=most)
    if as_json:
        for row in rows:
            print_json(_listed_json(row), one_line=True)
        return
    now = present()
    shown = table("reference", "state", "#for", "about", "#named", "filed by", "#age")
    shown.columns[0].no_wrap = True
    for row in rows:
        shown.add_row(
            row.reference,
            row.state.value,
            age(row.since, now),
            row.scope.value,
            f"{row.keys:,}",
            _spaced(row.authority),
            age(row.received_at, now),
        )
    console().print(shown)
    if count > len(rows):
        console().print(f"and {count - len(rows):,} more: --most {count}", style="dim")


def _spaced(authority: Authority) -> str:
    return authority.value.replace("_", " ")


def _listed_json(row: Listed) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "state": row.state.value,
        "since": row.since.isoformat(),
        "scope": row.scope.value,
        "keys": row.keys,
        "authority": row.authority.value,
        "queued": row.queued,
        "received_at": row.received_at.isoformat(),
    }
