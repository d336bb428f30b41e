"""The codes of decisions: which rule gives one, what it says, and what would resolve it (`reasons.toml`)."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

# What the part of a code behind its colon says, where it is one of a few words.
_DETAILS = {
    "named": "in a group that names a crawler that counts",
    "wildcard": "in its * group",
    "named+wildcard": "both in a group that names a crawler that counts and in its * group",
    "unreachable": "by being unreachable (5xx, network)",
    "refused": "by being refused (401, 403, 429, 451)",
    "no-url": "it has no URL",
    "url-not-readable": "its URL names no web location",
    "url-too-long": "its URL is too long to be matched",
    "page": "by what its page names",
    "near": "by being nearly the same text",
    "contained": "by having the work, or a part of it, in its text, or being a part of it",
    "content": "by having the very text",
    "day": "or nobody can say: it has dates, and the day the data set is made is not known",
}
_LINEAGE = "LINEAGE:"
_SAY_OF_WHAT = frozenset({
    "RESERVED_FETCH", "RESERVED_NOW", "CONDITIONAL_FETCH", "CONDITIONAL_NOW", "UNREADABLE", "UNKNOWN_VALUE",
    "POOL_QUALITY", "PAYMENT_DUE", "CONTRACT_FORBIDS",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One code.

    Attributes:
        code: the code.
        rule: of legal.md 4.3, that gives it.
        says: what it says to a reader of the card.
        resolve: what would resolve it; empty where nothing is to be resolved.
        holds: it holds a record; what neither holds nor admits excludes.
    """

    code: str
    rule: str
    says: str
    resolve: str = ""
    holds: bool = False


@functools.cache
def reasons() -> dict[str, Reason]:
    """Read the table, by code."""
    text = resources.files("rightful.policy").joinpath("reasons.toml").read_text(encoding="utf-8")
    return {code: Reason(code, **row) for code, row in tomllib.loads(text).items()}


def reason_of(code: str) -> Reason:
    """Give the row of a code, its detail left aside; of what is inherited, the row of what it was inherited as."""
    return reasons()[inherited_from(code)[1].partition(":")[0]]


def inherited(name: str, reason: str) -> str:
    """Give a reason as what is made from a source has it; the source's name has no colon."""
    return f"{_LINEAGE}{name}:{reason}"


def inherited_from(code: str) -> tuple[str, str]:
    """Split off the name of the source that a reason was inherited from: empty, and the reason, where from none."""
    if not code.startswith(_LINEAGE):
        return "", code
    _, name, reason = code.split(":", 2)
    return name, reason


def meaning_of(code: str) -> str:
    """Say what a code says, its detail included."""
    source, bare = inherited_from(code)
    if source:
        return f"{reasons()['LINEAGE'].says} ({source}): {meaning_of(bare)}"
    name, _, detail = code.partition(":")
    says = reasons()[name].says
    told = _DETAILS.get(detail)
    if told:
        return f"{says}, {told}"
    return f"{says} ({detail})" if detail and name in _SAY_OF_WHAT else says
