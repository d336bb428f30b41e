"""The matcher tried again on the records that ship, and compared with what the run states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.ledger.run_directory import MANIFEST, MATCHING, SITUATIONS_FILE
from rightful.quality.matcher import matcher_json, try_matcher
from rightful.register.matching import KINDS

if TYPE_CHECKING:
    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy


def compare_matcher(run: RunDirectory, policy: Policy) -> tuple[list[str], str]:
    """Draw the same texts, change them alike, look for them again: what differs, and how much was tried."""
    if not run.compares_works and any(_is_matched(names) for names in run.situations()["optouts"].to_pylist()):
        return [f"{SITUATIONS_FILE} has matches with works, and {MANIFEST} says that there were none"], ""
    tried = try_matcher(run, policy)
    if tried is None:
        return [], "texts were not compared with works"
    file = run.root / MATCHING
    if not file.exists():
        return [f"{MATCHING} is missing, and texts were compared with works"], ""
    note = f"{tried['works']:,} works and {tried['others']:,} other texts, of {tried['read']:,} records"
    if file.read_bytes() != matcher_json(tried).encode():
        return [f"{MATCHING} does not state what the matcher finds in the data"], note
    return [], note


def _is_matched(optouts: list[str]) -> bool:
    return any(name.partition(":")[0] in KINDS for name in optouts)
