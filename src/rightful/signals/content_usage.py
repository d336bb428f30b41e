"""AIPREF: the `Content-Usage` rule of robots.txt and the `Content-Usage` response field.

Read by draft-ietf-aipref-vocab-08 and draft-ietf-aipref-attach-05, which are drafts: the labels are a table.

- A value is a structured field Dictionary (RFC 9651): Token `y` allows, Token `n` denies. Any other value, a label not
  known and a Dictionary that does not parse state nothing (vocab 6).
- In robots.txt a rule may begin with a path. The longest path that matches *selects*, it does not merge: what a
  shorter one says of other labels is not asked. Rules of one length all apply, and a denial stands (attach 3).
- A parameter `exceptions` (CC signals) turns a denial into conditions.

With `legacy="honour-deny"` a refusal in words the draft does not know, or in the wrong place, is a refusal all the
same; nothing is ever allowed so.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals.refusals import is_refusal, pairs_in
from rightful.signals.robots_txt.paths import canonical_pattern, canonical_target, matches
from rightful.signals.structured_field import LIMIT_OCTETS, read_dictionary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rightful.signals.robots_txt import Extension

PROTOCOL = "content-usage"
VERSION = "draft-ietf-aipref-vocab-08"
FIELD = "Content-Usage"
REMARKS = {
    "not-a-dictionary": "the value is no structured field Dictionary: only what it refuses all the same was read",
    "uppercase-key": "keys of a Dictionary are lower-case; read as if they were, for its denials",
    "older-label": "the label is of an older draft",
    "foreign-label": "the label is of another vocabulary (Content-Signal says ai-train, AIPREF train-ai)",
    "unknown-label": "no draft has this label",
    "not-y-or-n": "the value of a label is neither the token y nor the token n",
}
Legacy = Literal["honour-deny", "ignore"]

# creativecommons/cc-signals: "no, unless": credit, and then a contribution of one kind or another.
_EXCEPTIONS = {
    "cc-cr": ("attribution",),
    "cc-cr-dc": ("attribution", "contribution"),
    "cc-cr-ec": ("attribution", "ecosystem-contribution"),
    "cc-cr-op": ("attribution", "open"),
}


@dataclass(frozen=True, slots=True)
class Label:
    """A label: the drafts that have it, and what it is about."""

    name: str
    drafts: tuple[str, ...]
    usages: tuple[Usage, ...]
    current: bool


@functools.cache
def labels() -> dict[str, Label]:
    """Read the table of labels, by name."""
    table = tomllib.loads(resources.files(__package__).joinpath("content_usage_labels.toml").read_text("utf-8"))
    return {
        row["name"]: Label(
            row["name"], tuple(row["drafts"]), tuple(map(Usage, row["usage"])), table["current"] in row["drafts"]
        )
        for row in table["label"]
    }


def in_robots(records: Iterable[Extension], target: str, *, legacy: Legacy = "honour-deny") -> Reading:
    """Read the rules of the groups that apply to one product token, for one path (attach 3.2 to 3.4).

    Args:
        records: the `content-usage` records of the groups.
        target: path and query, as WHATWG parsing leaves them.
        legacy: what to do with words the draft does not know.
    """
    spelt = canonical_target(target)
    found: list[tuple[int, Extension]] = []
    for record in records:
        pattern = canonical_pattern(record.path) if record.path else ""
        if not pattern or matches(pattern, spelt):
            found.append((len(pattern), record))
    longest = max((length for length, _ in found), default=0)
    readings: list[Reading] = []
    for length, record in found:
        if length == longest:
            path = f"{record.path} " if record.path else ""
            readings.append(_read(record.value, f"line {record.line}", f"{FIELD}: {path}{record.value}", legacy))
    return Reading.of(readings)


def in_field(values: Sequence[str], *, legacy: Legacy = "honour-deny") -> Reading:
    """Read the response field; its lines are one value (RFC 9651 4.2). It speaks of the content of that response."""
    value = ", ".join(values)
    return _read(value, FIELD, f"{FIELD}: {value}", legacy) if value.strip() else Reading()


def _read(value: str, where: str, text: str, legacy: Legacy) -> Reading:
    remarks: list[Remark] = []
    honours = legacy == "honour-deny"
    members = read_dictionary(value)
    denials_only = False
    if members is None and value != value.lower() and honours:
        members = read_dictionary(value.lower())
        denials_only = members is not None
        if denials_only:
            remarks.append(Remark("uppercase-key", where, shown(text)))
    if members is None:
        return _malformed(value, where, text, honours=honours)
    statements: list[Statement] = []
    for name, (item, parameters) in members.items():
        label = labels().get(name)
        if honours:
            statements += _refused(list(parameters.items()), where, text)
        if label is None:
            remarks.append(Remark("unknown-label", where, shown(name)))
            continue
        if not label.current:
            remarks.append(Remark("older-label" if label.drafts else "foreign-label", where, name))
        preference = _preference(item, label, honours=honours)
        if not _is_token(item, "y") and not _is_token(item, "n"):
            remarks.append(Remark("not-y-or-n", where, shown(f"{name}={item}")))
        if preference is Preference.UNKNOWN or (denials_only and preference is Preference.ALLOW):
            continue
        conditions = _conditions(parameters) if preference is Preference.DENY else ()
        stands = Preference.CONDITIONAL if conditions else preference
        statements += [
            Statement(PROTOCOL, usage, stands, VERSION, where, shown(text), conditions) for usage in label.usages
        ]
    return Reading(tuple(statements), tuple(remarks))


def _malformed(value: str, where: str, text: str, *, honours: bool) -> Reading:
    """Read what is no Dictionary: nothing, by the draft; what it refuses all the same, where that is honoured."""
    remark = Remark("not-a-dictionary", where, shown(text[:1000]))
    if not honours:
        return Reading(remarks=(remark,))
    if len(value) > LIMIT_OCTETS:
        unread = {usage for label in labels().values() if label.current for usage in label.usages}
        states = (Statement(PROTOCOL, u, Preference.ERROR, VERSION, where, shown(text[:1000])) for u in sorted(unread))
        return Reading(tuple(states), (remark,))
    return Reading(tuple(_refused(pairs_in(value), where, text)), (remark,))


def _refused(pairs: Iterable[tuple[str, Any]], where: str, text: str) -> list[Statement]:
    """Give what is refused in pairs of a label and a word that are no members of a Dictionary."""
    denied = {
        usage: None
        for name, word in pairs
        if name in labels() and (word is False or is_refusal(str(word).lower()))
        for usage in labels()[name].usages
    }
    return [Statement(PROTOCOL, usage, Preference.DENY, VERSION, where, shown(text)) for usage in denied]


def _preference(item: Any, label: Label, *, honours: bool) -> Preference:
    if _is_token(item, "n"):
        return Preference.DENY if label.current or honours else Preference.UNKNOWN
    if _is_token(item, "y"):
        return Preference.ALLOW if label.current else Preference.UNKNOWN
    word = str(item).lower() if isinstance(item, str) or type(item).__name__ == "Token" else ""
    refused = item is False or item == 0 or is_refusal(word)
    return Preference.DENY if refused and honours else Preference.UNKNOWN


def _is_token(item: Any, word: str) -> bool:
    return type(item).__name__ == "Token" and str(item) == word


def _conditions(parameters: dict[str, Any]) -> tuple[str, ...]:
    """Read the exceptions of CC signals; words it does not have are no exception."""
    stated = str(parameters.get("exceptions", "")).lower()
    return tuple(sorted({condition for word in stated.split() for condition in _EXCEPTIONS.get(word, ())}))
