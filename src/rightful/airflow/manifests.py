"""What operators give each other: small dicts of paths, counts and digests, and how an argument is read from one.

A manifest ends up in Airflow's database and in its web pages. It holds no text of any record, and not much else:
less than `MAX_OCTETS` as JSON, for paths of a usual length.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rightful.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from rightful.ledger.manifest import Manifest

MAX_OCTETS = 2_000
_REASONS = 20
_REST = "other reasons"


def paths_in(value: Any, argument: str) -> list[str]:
    """Read an argument that names any number of paths: none, one, or several, as mapped tasks give them.

    Raises:
        InputError: it is something else.
    """
    if value is None or value == "":
        return []
    if isinstance(value, str | os.PathLike):
        return [os.fspath(value)]
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return [path for item in value for path in paths_in(item, argument)]
    raise InputError(
        f"{argument} is a {type(value).__name__}",
        hint=f"{argument} takes a path or pattern, or a list of them; a task before this one can return it",
    )


def path_in(value: Any, argument: str, key: str = "") -> str:
    """Read an argument that is one path or, where there is a `key`, the manifest of an operator that has it there.

    Raises:
        InputError: it is neither.
    """
    found = value.get(key) if key and isinstance(value, Mapping) else value
    if isinstance(found, str | os.PathLike) and os.fspath(found):
        return os.fspath(found)
    or_manifest = f", and no manifest that names one as {key!r}" if key else ""
    raise InputError(
        f"{argument} is no path{or_manifest}: it is {'empty' if value in ('', None) else 'a ' + type(value).__name__}",
        hint=f"give {argument} a path" + (", or .output of the operator that made it" if key else ""),
    )


def run_manifest(run: Path, manifest: Manifest, *, manifest_sha256: str) -> dict[str, Any]:
    """Tell a run in few words: where it is, what it was decided with, what became of how many records.

    Reasons beyond the most frequent are counted together, so that the counts of reasons add up to the records held
    and excluded.
    """
    counts = manifest.counts
    told: dict[str, Any] = {
        "run": str(run),
        "data": str(run / "data"),
        "manifest_sha256": manifest_sha256,
        "root": manifest.root,
        "records": {
            "in_all": counts.records,
            "admitted": counts.admit,
            "held": counts.hold,
            "excluded": counts.exclude,
        },
        "by_reason": {},
        "policy": manifest.policy["id"],
        "snapshot": manifest.snapshot["id"],
        "register": manifest.register["id"] if manifest.register else None,
    }
    for most in range(_REASONS, -1, -1):
        told["by_reason"] = _most_frequent(counts.by_reason, most)
        if len(json.dumps(told)) < MAX_OCTETS:
            break
    return told


def _most_frequent(reasons: Mapping[str, int], most: int) -> dict[str, int]:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(records for _, records in ordered[most:])
    return dict(ordered[:most]) | ({_REST: rest} if rest else {})
