"""Content Signals (contentsignals.org): the `Content-Signal` line of robots.txt, and the header of that name.

A line has `search`, `ai-input` and `ai-train`, each `yes` or `no`, and may begin with a path; since July 2026 also
`use=immediate|reference|full`. What is not named is neither granted nor restricted. How several lines combine is not
specified: all that match apply, and the most restrictive stands.

The header is what a converter puts there by default ("yes" to everything), not what a publisher said: it can deny, and
grants nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals.refusals import is_consent, is_refusal, pairs_in
from rightful.signals.robots_txt.paths import canonical_pattern, canonical_target, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rightful.signals.robots_txt import Extension

PROTOCOL = "content-signal"
VERSION = "contentsignals.org 2026-07"
FIELD = "Content-Signal"
REMARKS = {
    "foreign-key": "the key is of another vocabulary (AIPREF says train-ai, Content-Signal ai-train)",
    "unknown-key": "Content-Signal has no such key",
    "neither-yes-nor-no": "the value of a key is neither yes nor no; what sounds like no is one, what like yes is none",
    "malformed": "a signal is written key=value, with commas between; what it refuses was read, and nothing else",
    "repeated-key": "a key stands twice in one line; the more restrictive value counts",
    "use-reserves-training": "use below full without ai-train: reproduction for training is not granted",
    "unknown-use": "use is immediate, reference or full",
    "too-long": "the field is longer than 64 KiB: the rest was not read, and may be a refusal",
}
ReservedUse = Literal["deny", "unknown"]

_KEYS = {"search": Usage.SEARCH, "ai-input": Usage.INPUT, "ai-train": Usage.TRAIN}
_FOREIGN = {
    **dict.fromkeys(("train-ai", "train-genai", "ai", "training"), (Usage.TRAIN,)),
    "ai-use": (Usage.INPUT,),
    "all": tuple(_KEYS.values()),
}
_KEY, _WORD = re.compile(r"[a-z-]+").fullmatch, re.compile(r"[a-z]*").fullmatch
_WORDS = {"yes": Preference.ALLOW, "no": Preference.DENY}
_REFUSALS = {"no", "n", "false"}
_USES = {"immediate", "reference", "full"}
LIMIT_CHARACTERS = 64 * 1024  # of the header; lines of robots.txt are shorter


def in_robots(records: Iterable[Extension], target: str, *, reserved_use: ReservedUse = "deny") -> Reading:
    """Read the lines of the groups that apply to one product token, for one path.

    Args:
        records: the `content-signal` records of the groups.
        target: path and query, as WHATWG parsing leaves them.
        reserved_use: what `use` below `full`, without `ai-train`, says of training.
    """
    spelt = canonical_target(target)
    readings: list[Reading] = []
    for record in records:
        if record.path is None or matches(canonical_pattern(record.path), spelt):
            path = f"{record.path} " if record.path else ""
            text = shown(f"{FIELD}: {path}{record.value}")
            readings.append(_read(record.value, f"line {record.line}", text, reserved_use, weak=False))
    return Reading.of(readings)


def in_field(values: Sequence[str], *, reserved_use: ReservedUse = "deny") -> Reading:
    """Read the response header; its `yes` is the default of a converter, and weak."""
    value = ",".join(values)
    if not value.strip():
        return Reading()
    text = shown(f"{FIELD}: {value[:1000]}")
    read = _read(value[:LIMIT_CHARACTERS], FIELD, text, reserved_use, weak=True)
    if len(value) <= LIMIT_CHARACTERS:
        return read
    unread = (Statement(PROTOCOL, usage, Preference.ERROR, VERSION, FIELD, text) for usage in _KEYS.values())
    return read + Reading(tuple(unread), (Remark("too-long", FIELD, text),))


def _read(value: str, where: str, text: str, reserved_use: ReservedUse, *, weak: bool) -> Reading:
    statements: list[Statement] = []
    remarks: list[Remark] = []
    keys: set[str] = set()
    says_training = "ai-train" in value.lower()
    for part in re.split("[,;]", value):
        key, equals, word = (piece.strip().lower() for piece in part.partition("="))
        if not key and not equals:
            continue
        exact = _KEY(key) is not None and _WORD(word) is not None
        if not exact:
            remarks.append(Remark("malformed", where, shown(part[:1000])))
        for name, said in [(key, word)] if exact else pairs_in(part):
            if name in keys:
                remarks.append(Remark("repeated-key", where, shown(name)))
            keys.add(name)
            usages, preference, odd = _said(name, said)
            if odd and (exact or odd != "unknown-key"):
                remarks.append(Remark(odd, where, shown(f"{name}={said}")))
            if preference is Preference.UNKNOWN or (preference is Preference.ALLOW and not exact):
                usages = ()
            if name == "use" and said != "full" and not says_training:
                remarks.append(Remark("use-reserves-training", where, text))
                if reserved_use == "deny":
                    usages, preference = (Usage.TRAIN,), Preference.DENY
            statements += [Statement(PROTOCOL, use, preference, VERSION, where, text, weak=weak) for use in usages]
    return Reading(tuple(statements), tuple(remarks))


def _said(key: str, word: str) -> tuple[tuple[Usage, ...], Preference, str]:
    """Give what `key=word` is about, what it says of that, and the remark it is worth.

    A key that is known with a word that sounds like neither yes nor no may be a refusal.
    """
    refused = Preference.DENY if is_refusal(word) else Preference.UNKNOWN
    if key in _KEYS:
        known = _WORDS.get(word)
        odd = Preference.UNKNOWN if is_consent(word) or not word else Preference.ERROR
        return (_KEYS[key],), known or (refused if is_refusal(word) else odd), "" if known else "neither-yes-nor-no"
    if key in _FOREIGN:
        return _FOREIGN[key], refused, "foreign-key"
    if key == "use":
        return (), Preference.UNKNOWN, "" if word in _USES else "unknown-use"
    return (), Preference.UNKNOWN, "unknown-key"
