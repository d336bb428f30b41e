"""Opt-outs as the card tells them: requests, what they matched, how well the matcher does, what was taken out since.

What the register states of its requests came with it and cannot be counted again here: it is kept apart from what the
run computed, with the time it is as of. A register made from lists states nothing of requests.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from rightful.card.provenance_facts import by_admission, counted
from rightful.ledger.run_directory import MATCHING, WITHDRAWAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rightful.ledger.run_directory import RunDirectory

Row = dict[str, Any]
REACHED = ("received", "verified", "matched", "removed", "confirmed", "rejected", "withdrawn")
# How a text was matched, by the kind of opt-out that names its record.
_MATCHED = {"content": "exact", "near": "near", "contained": "contained"}
_NAMELESS = hashlib.sha256(b"").hexdigest()  # what opt-outs without a reference go by
_STATES = ("received", "unsure", "verified")


def optout_facts(run: RunDirectory, rows: Sequence[Row]) -> Row | None:
    """Gather what is known of opt-outs; None where the run had no register.

    Args:
        run: the run.
        rows: of its table of situations.
    """
    register = run.manifest.register
    if register is None:
        return None
    return {
        "version": register["version"],
        "optouts": register["optouts"],
        "records": dict(sorted(counted((name, row["records"]) for row in rows for name in row["optouts"]).items())),
        "requests": request_facts(register.get("facts") or {}),
        "matching": _matching(run, rows),
        "matcher": _matcher(run),
        "withdrawal": withdrawal_facts(run),
    }


def request_facts(stated: Mapping[str, Any]) -> Row | None:
    """Give what a register states of its requests, what it leaves out as None; None where it states nothing."""
    if not stated:
        return None
    requests, time = _inner(stated, "requests"), _inner(stated, "time_to_effect_seconds")
    log, tombstones = _inner(stated, "log"), _inner(stated, "tombstones")
    return {
        "as_of": _text(stated.get("as_of")),
        "reached": {state: _number(requests.get(state)) for state in REACHED},
        "open": _number(stated.get("open")),
        "rejected_by_reason": [
            {"reason": str(reason), "requests": _number(number)}
            for reason, number in sorted(_inner(stated, "rejected_by_reason").items())
        ],
        "time_to_effect": {
            "requests": _number(time.get("n")),
            "median_seconds": _number(time.get("median")),
            "p95_seconds": _number(time.get("p95")),
        },
        "automatic": _number(stated.get("automatic")),
        "manual": _number(stated.get("manual")),
        "log": {"head": _text(log.get("head")), "length": _number(log.get("length"))},
        "tombstones": {name: _number(tombstones.get(name)) for name in ("exported", "lost")},
    }


def _inner(stated: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = stated.get(name)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _matching(run: RunDirectory, rows: Sequence[Row]) -> Row:
    """Count records by how their text was matched and by the state of the opt-outs, and what they came to."""
    found = []
    for kind, name in _MATCHED.items():
        for state in _STATES:
            own = [row for row in rows if f"{kind}:{state}" in row["optouts"]]
            if own:
                found.append({"match": name, "state": state, **by_admission(own)})
    return {
        "works": run.manifest.register["works"] if run.compares_works and run.manifest.register else 0,
        "texts": _texts(run) if run.compares_works else 0,
        "by": found,
        "any": by_admission(row for row in rows if _kinds(row) & _MATCHED.keys()),
    }


def _kinds(row: Row) -> set[str]:
    return {name.partition(":")[0] for name in row["optouts"]}


def _texts(run: RunDirectory) -> int:
    """Count the records that have a text to compare."""
    return sum(pc.sum(pc.greater(batch["characters"], 0)).as_py() or 0 for batch in run.ledger_batches(["characters"]))


def _matcher(run: RunDirectory) -> Row | None:
    """Read the matcher test of a run; None where none belongs to it."""
    if not run.tries_matcher:
        return None
    tested: Row = json.loads((run.root / MATCHING).read_text(encoding="utf-8"))
    return tested


def withdrawal_facts(run: RunDirectory) -> Row | None:
    """Say what was taken out since the version before; None of a first version.

    Requests are those that have a reference. Models are those that were trained on what was taken out; None where
    nobody looked.
    """
    file = run.root / WITHDRAWAL
    if not run.manifest.earlier or not file.exists():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    return {
        "at": told["at"],
        "earlier_versions": len(run.manifest.earlier),
        "removed": told["removed"],
        "relabelled": told["relabelled"],
        "requests": len(told["requests"].keys() - {_NAMELESS}),
        "not_looked_up": told["not_looked_up"],
        "absence_test": {name: told["absence_test"][name] for name in ("records", "found")},
        "models": _number(told.get("models")),
    }
