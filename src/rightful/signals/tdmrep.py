"""TDMRep, the W3C community group's TDM Reservation Protocol (final report of 2024-05-10).

- `/.well-known/tdmrep.json` is an array of rules; the *first* rule whose location matches decides, not the longest.
- `tdm-reservation` is 1 (reserved) or 0 (not reserved); anything else is an error, and leaves it unset.
- A header supersedes the file, an HTML meta supersedes the header, metadata inside the document supersedes all. What a
  later step does not state, it does not reset: absence never lifts a reservation.

Text and data mining is any automated analysis of text (Directive 2019/790 Art. 2): training, and reading for an answer.
"""

from __future__ import annotations

import codecs
import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rightful.facts.statement import SHOWN_CHARACTERS, Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals.markup import looks_like_markup
from rightful.signals.robots_txt.paths import canonical_pattern, canonical_target, matches

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

PROTOCOL = "tdmrep"
VERSION = "CG-FINAL-tdmrep-20240510"
REMARKS = {
    "markup": "a web page is in the place of the file: it states nothing",
    "not-json": "the file is no JSON: it states nothing, unless it speaks of a reservation, which may be one",
    "not-an-array": "the file must be an array of rules; a reservation in it counts, nothing else does",
    "no-location": "a rule without a location matches nothing; a reservation in it is taken for the whole site",
    "not-0-or-1": "tdm-reservation is the number 0 or 1; only what can be taken for 1 counts",
    "policy-without-reservation": "a tdm-policy beside a reservation of 0 means nothing",
    "spelling": "the member is called otherwise; a reservation in it counts",
    "whole-address": "a location is a path; of a whole address the path was taken",
    "repeated": "it is stated several times, and differently; a reservation counts",
}

LIMIT_OCTETS = 1024 * 1024
_USAGES = (Usage.TRAIN, Usage.INPUT)
_RESERVATION, _POLICY = "tdm-reservation", "tdm-policy"
_RESERVED = frozenset({"1", "1.0", "true", "yes", "y", "on", "reserved"})
_NAMES = frozenset({_RESERVATION, "tdmreservation", "reservation"})  # of the member, in any spelling
_DEEPEST = 8
_ADDRESS = re.compile(r"(?:https?:)?//[^/?#]+(/.*)?", re.IGNORECASE | re.DOTALL).match
_speaks_of_one = re.compile("reserv", re.IGNORECASE).search
_MOST_REMARKS = 100  # an author who reads these has enough to do


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule as it stands: `pattern` as in robots.txt, `reserved` None where it is unset."""

    pattern: str
    reserved: bool | None
    policy: str
    where: str
    text: str


class TdmRep:
    """A `tdmrep.json` as read.

    Attributes:
        uniform: its reading for every path; None where the path matters.
        remarks: what its author would want to know.
        declares: addresses of the policies of rules that reserve, as written; one that a statement cannot cite whole,
            in `SHOWN_CHARACTERS`, is left out.
    """

    def __init__(self, rules: Sequence[_Rule], remarks: Sequence[Remark], *, error: bool = False) -> None:
        self._rules = tuple(rules)
        self._error = error
        self.remarks = tuple(remarks)
        written = dict.fromkeys(rule.policy.strip() for rule in self._rules if rule.reserved)
        self.declares = tuple(url for url in written if url and url == shown(url) and len(url) < SHOWN_CHARACTERS)
        self.uniform: Reading | None = None
        if not self._rules or self._rules[0].pattern in {"/", "/*", "*"}:
            self.uniform = self._read("/")

    @classmethod
    def parse(cls, body: bytes) -> TdmRep:
        """Read a file as served. What cannot be read states nothing, and says why."""
        if looks_like_markup(body):
            return cls((), (Remark("markup"),))
        text = _decoded(body[:LIMIT_OCTETS])
        try:
            return cls(*_rules(json.loads(text, object_pairs_hook=_strictest)))
        except (ValueError, RecursionError):  # which what can just be read may raise when it is written as evidence
            remark = Remark("not-json", text=shown(text[:200]))
            return cls((), (remark,), error=_speaks_of_one(text) is not None)

    def part(self, target: str) -> Hashable:
        """Give what of a path decides: which rule is the first that matches."""
        spelt = canonical_target(target)
        return next((n for n, rule in enumerate(self._rules) if matches(rule.pattern, spelt)), None)

    def reading(self, target: str) -> Reading:
        """Give what the first matching rule states about a path."""
        return self.uniform if self.uniform is not None else self._read(target)

    def _read(self, target: str) -> Reading:
        first = self.part(target)
        rule = self._rules[first] if isinstance(first, int) else None
        if self._error:
            unread = (Statement(PROTOCOL, usage, Preference.ERROR, VERSION, "line 1") for usage in _USAGES)
            return Reading(tuple(unread), self.remarks)
        if rule is None or rule.reserved is None:
            return Reading(remarks=self.remarks)
        return Reading(_statements(rule.reserved, rule.policy, rule.where, rule.text), self.remarks)


def naming(policy: str, statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Give the refusals that name a policy, whose address is as written in `TdmRep.declares`."""
    named = _condition(policy)
    return tuple(s for s in statements if s.preference is Preference.DENY and s.conditions == named)


def policies_named(statements: Iterable[Statement]) -> tuple[str, ...]:
    """Give the addresses of the policies that refusals name, as written; one too long to be cited whole is left out."""
    refusals = (s for s in statements if s.protocol == PROTOCOL and s.preference is Preference.DENY)
    named = (condition.removeprefix("policy:") for s in refusals for condition in s.conditions)
    return tuple(dict.fromkeys(url for url in named if url and len(url) < SHOWN_CHARACTERS))


def in_headers(headers: Iterable[tuple[str, str]]) -> Reading:
    """Read the response headers `tdm-reservation` and `tdm-policy` (names and values)."""
    return _pairs(headers, "")


def in_metas(metas: Iterable[tuple[str, str]]) -> Reading:
    """Read meta elements `tdm-reservation` and `tdm-policy`, or `tdm:...` as EPUB and PDF have them."""
    return _pairs(((name.replace("tdm:", "tdm-", 1), content) for name, content in metas), "meta ")


def settle(*steps: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Give what stands after every step, in this order: file, header, meta, metadata inside the document.

    What could not be read takes the place of nothing: what stood before it stands beside it.
    """
    left: tuple[Statement, ...] = ()
    for stated in reversed(steps):
        left = (*stated, *left)
        if any(statement.preference is not Preference.ERROR for statement in stated):
            break
    return left


def _pairs(pairs: Iterable[tuple[str, str]], prefix: str) -> Reading:
    remarks: list[Remark] = []
    found: dict[str, list[str]] = {_RESERVATION: [], _POLICY: []}
    for name, value in pairs:
        found.get(_plain(name), []).append(value.strip())
    values = [part for value in found[_RESERVATION] for part in value.split(",")]
    stated = [_value(value.strip(), f"{prefix}{_RESERVATION}", remarks) for value in values]
    known = {value for value in stated if value is not None}
    if not known:
        return Reading(remarks=tuple(remarks))
    if len(known) > 1:
        remarks.append(Remark("repeated", f"{prefix}{_RESERVATION}", shown(", ".join(found[_RESERVATION]))))
    reserved = any(known)
    policy = next(iter(found[_POLICY]), "")
    if policy and not reserved:
        remarks.append(Remark("policy-without-reservation", f"{prefix}{_POLICY}", shown(policy)))
    text = f"{_RESERVATION}: {int(reserved)}" + (f"; {_POLICY}: {policy}" if policy else "")
    return Reading(_statements(reserved, policy, f"{prefix}{_RESERVATION}", text), tuple(remarks))


def _rules(value: Any) -> tuple[list[_Rule], list[Remark]]:
    remarks: list[Remark] = []
    if isinstance(value, list):
        rules = [_rule(row, f"/{n}", remarks) for n, row in enumerate(value) if isinstance(row, dict | list)]
        return [rule for rule in rules if rule], remarks
    remarks.append(Remark("not-an-array", text=shown(json.dumps(value, ensure_ascii=False)[:1000])))
    found = shown(_reserved_within(value, "", 0))
    return [_Rule("/", reserved=True, policy="", where=found, text=f"{_RESERVATION}: 1")] if found else [], remarks


def _rule(row: dict[str, Any] | list[Any], where: str, remarks: list[Remark]) -> _Rule | None:
    plain = {_plain(name): value for name, value in row.items()} if isinstance(row, dict) else {}
    reserved = _value(plain.get(_RESERVATION), f"{where}/{_RESERVATION}", remarks)
    if _RESERVATION not in plain or _RESERVATION not in row:  # a rule in other words can reserve, and nothing else
        reserved = True if reserved or _reserved_within(row, "", 0) else None
        if reserved:
            _note(remarks, "spelling", where, row)
    location, policy = plain.get("location"), plain.get(_POLICY)
    if not isinstance(location, str) or not location.strip():
        _note(remarks, "no-location", where, row)
        if not reserved:
            return None
        location = "/"
    if policy and not reserved:
        _note(remarks, "policy-without-reservation", where, row)
    pattern = location.strip()
    if address := _ADDRESS(pattern):
        _note(remarks, "whole-address", where, row)
        pattern = address[1] or "/"
    octets = (pattern if pattern[0] in "/*" else f"/{pattern}").encode("utf-8", "replace")
    return _Rule(
        canonical_pattern(octets.decode("latin-1")),  # which takes one character for an octet
        reserved,
        policy if isinstance(policy, str) else "",
        f"{where}/{_RESERVATION}",
        _written(row),
    )


def _note(remarks: list[Remark], code: str, where: str, row: Any) -> None:
    if len(remarks) < _MOST_REMARKS:
        remarks.append(Remark(code, where, _written(row)))


def _written(row: Any) -> str:
    return shown(json.dumps(row, ensure_ascii=False)[:1000])


def _value(value: Any, where: str, remarks: list[Remark]) -> bool | None:
    """Read a reservation; what is no number counts only where it can be taken for one, and is remarked on."""
    if type(value) is int and value in {0, 1}:
        return bool(value)
    if value is None:
        return None
    if isinstance(value, str) and value in {"0", "1", ""} and not where.startswith("/"):
        return value == "1" if value else None  # headers and meta elements have no numbers
    if len(remarks) < _MOST_REMARKS:
        remarks.append(Remark("not-0-or-1", where, shown(str(value)[:200])))
    return True if _is_reserved(value) else None


def _is_reserved(value: Any) -> bool:
    """Tell whether a value can be taken for 1."""
    return isinstance(value, str | int | float) and str(value).strip(" \t\r\n\"';,.").lower() in _RESERVED


def _reserved_within(value: Any, where: str, depth: int) -> str:
    """Find a reservation of 1 anywhere in an object or a list; give where, or nothing."""
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return ""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        path = f"{where}/{name}"
        if _plain(str(name)) in _NAMES and _is_reserved(inner):
            return path
        found = _reserved_within(inner, path, depth + 1)
        if found:
            return found
    return ""


@functools.lru_cache(maxsize=1_000)
def _plain(name: str) -> str:
    """Give the name of a member, a header or a meta element as the report spells it."""
    plain = name.strip().lower().replace("_", "-").replace(":", "-")
    return _RESERVATION if plain == "tdmreservation" else plain


def _strictest(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members: of several of one name a reservation counts; where is not known of several."""
    row = dict(pairs)
    if len(row) < len(pairs):
        row |= {name: value for name, value in pairs if _plain(name) in _NAMES and _is_reserved(value)}
        if len({str(value) for name, value in pairs if name == "location"}) > 1:
            del row["location"]
    return row


def _decoded(octets: bytes) -> str:
    """Give the text of a file, in UTF-8 as it must be, or in what its octets can be."""
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _statements(reserved: bool, policy: str, where: str, text: str) -> tuple[Statement, ...]:  # noqa: FBT001 - 1 or 0
    preference = Preference.DENY if reserved else Preference.ALLOW
    conditions = _condition(policy) if policy and reserved else ()
    return tuple(Statement(PROTOCOL, usage, preference, VERSION, where, shown(text), conditions) for usage in _USAGES)


def _condition(policy: str) -> tuple[str, ...]:
    return (f"policy:{shown(policy)}",)
