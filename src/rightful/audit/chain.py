"""The chain of a version made by withdrawing: that it has the form of one, and tells of itself what its files are.

What an older version held, only the older version can show (`earlier.compare_versions`).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rightful.facts.moment import parse_time
from rightful.ledger.manifest import data_root, version_plan
from rightful.ledger.run_directory import MANIFEST, WITHDRAWAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.ledger.run_directory import RunDirectory

_HEX = re.compile(r"[0-9a-f]{64}").fullmatch
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}").fullmatch
_LINK = {"manifest_sha256", "root", "register", "reference_time"}
_TOLD = {
    "absence_test", "at", "data_root", "decided_otherwise", "earlier", "format", "models", "not_looked_up", "register",
    "relabelled", "removed", "requests", "shards",
}  # fmt: skip
_ABSENCE = {"records", "found"}


def chain_findings(run: RunDirectory) -> Iterator[str]:
    """Say what is wrong with the chain of a version, and with what it tells of its withdrawal.

    Yields:
        One sentence each; nothing for a run that was made of its inputs.
    """
    manifest = run.manifest
    if not manifest.earlier:
        if any(file.register is not None for file in manifest.data):
            yield f"{MANIFEST} has shards of an earlier version, and names none"
        return
    for at, link in enumerate(manifest.earlier):
        if not _is_link(link):
            yield f"{MANIFEST}: version {at} of the chain is not described as one"
            return
    digests = [link["manifest_sha256"] for link in manifest.earlier]
    if len(set(digests)) < len(digests):
        yield f"{MANIFEST}: the chain names a version twice"
    if manifest.register is None or manifest.plan != version_plan(manifest.earlier, manifest.register["id"]):
        yield f"{MANIFEST}: the plan does not follow from the chain and the register"
    yield from _told(run)


def _is_link(link: Any) -> bool:
    """Tell whether a value describes an older version (`manifest.version_of`)."""
    if not isinstance(link, dict) or set(link) != _LINK:
        return False
    register, time = link["register"], link["reference_time"]
    named = register is None or (isinstance(register, dict) and set(register) == {"id", "version"})
    texts = [link["manifest_sha256"], link["root"], *((register or {}).values() if named else ())]
    if not named or not all(isinstance(text, str) for text in texts):
        return False
    digests = texts[1:]
    return bool(_HEX(texts[0])) and all(map(_DIGEST, digests)) and (time is None or isinstance(time, str))


def _is_time(text: Any) -> bool:
    try:
        return parse_time(text) is not None
    except (ValueError, OverflowError, TypeError, AttributeError):
        return False


def _told(run: RunDirectory) -> Iterator[str]:
    """Compare what the version tells of its withdrawal with its manifest."""
    manifest = run.manifest
    told = json.loads((run.root / WITHDRAWAL).read_bytes())
    if set(told) != _TOLD or set(told["absence_test"]) != _ABSENCE or not _is_time(told["at"]):
        yield f"{WITHDRAWAL} has another form than a version's"
        return
    earlier = {name: value for name, value in told["earlier"].items() if name != "data_root"}
    if earlier != manifest.earlier[-1]:
        yield f"{WITHDRAWAL} names another version than the newest of the chain"
    register = manifest.register or {}
    if told["register"] != {name: register.get(name) for name in ("id", "version")}:
        yield f"{WITHDRAWAL} names another register than {MANIFEST}"
    if told["data_root"] != data_root(manifest.data):
        yield f"{WITHDRAWAL} states another digest of the data than the shards have"
    yield from _numbers(run, told)


def _numbers(run: RunDirectory, told: dict[str, Any]) -> Iterator[str]:
    """Compare the numbers among each other, and with what the manifest says of the shards."""
    manifest = run.manifest
    if manifest.mode != "ledger":
        written = [file.path for file in manifest.data if file.register is None]
        if sorted(told["shards"]) != sorted(written):
            yield f"{WITHDRAWAL} names other shards than were written under the register"
        for name in ("removed", "relabelled"):
            if sum(shard[name] for shard in told["shards"].values()) != told[name]:
                yield f"{WITHDRAWAL}: the records {name} do not add up over the shards"
    if told["removed"] + told["relabelled"] > told["decided_otherwise"]:
        yield f"{WITHDRAWAL} counts more records that ship otherwise than are decided otherwise"
    if any(records > told["removed"] for records in told["requests"].values()):
        yield f"{WITHDRAWAL} counts more records of a request than were removed"
    shipped = manifest.counts.admit if manifest.mode != "ledger" else 0
    if told["absence_test"] != {"records": shipped, "found": 0}:
        yield f"{WITHDRAWAL} states another test of what ships than it must have passed"
