"""A TDM policy: under which conditions a reservation of TDMRep is lifted (final report of 2024-05-10, on TDM policies).

A policy is an ODRL 2.2 Offer in the profile `http://www.w3.org/ns/tdmrep`, written in JSON-LD.

- It turns a refusal into "no, unless" and never into more: what it permits for nothing contradicts the reservation.
- One thing in it that is not understood leaves the refusal as it is: there is then no way to know the conditions.
- Several permissions to mine are for several collections, and no location says which one it is in (`target` is a name,
  not a place): everything that any of them asks for is asked for.
- A web page in its place is for people to read: its conditions are not known either.

Example:
    >>> from rightful.signals.tdm_policy import TdmPolicy
    >>> TdmPolicy.parse(
    ...     b'{"permission": {"action": "tdm:mine", "duty": {"action": "compensate"}}}'
    ... ).conditions
    ('payment:tdm',)
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rightful.facts.statement import Preference, Reading, Remark, shown
from rightful.signals.markup import looks_like_markup
from rightful.signals.odrl import Names, entries, fields, only, unique_members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rightful.facts.statement import Statement

VERSION = "CG-FINAL-tdmrep-20240510, ODRL 2.2"
LIMIT_OCTETS = 1024 * 1024

# Why a refusal stands.
PROBLEMS = {
    "web-page": "a web page is in the place of the policy: it is for people, its conditions are not known",
    "too-long": "the policy is longer than what is read of one: its conditions are not known",
    "not-json": "the policy is no JSON: its conditions are not known",
    "no-policy": "the JSON holds no ODRL policy: its conditions are not known",
    "other-profile": "the policy is of another profile of ODRL, by which its words may mean something else",
    "other-kind": "the policy is no Offer: what it says is between others, or not offered",
    "prohibition": "the policy prohibits something; whether that is mining is not settled by its name",
    "no-permission": "the policy permits no mining (tdm:mine)",
    "unconditional": "the policy permits mining for nothing, and the site reserves it: the reservation counts",
    "not-understood": "the policy asks for something that is not understood, or permits mining in words that are not",
}
REMARKS = PROBLEMS | {
    "no-profile": "a policy names its profile, http://www.w3.org/ns/tdmrep",
    "no-kind": "a policy says that it is an Offer",
}

_DUTIES = {"obtainConsent": "contact", "compensate": "payment:tdm"}
# `commercial` is what a draft of the report called everything that is no research.
_PURPOSES = {"research": "research-only", "non-research": "non-research-only", "commercial": "non-research-only"}
_KINDS = {"Offer", "Policy", "Set"}
_MOST_PRICES = 20
_RULES = ("permission", "prohibition", "obligation")
_ANY = {"@id", "@type", "uid", "type", "title", "description", "label", "comment"}
_OF_POLICY = _ANY | {"@context", "profile", "assigner", "target", "action", "duty", "constraint", *_RULES}
_OF_PERMISSION = _ANY | {"action", "target", "assigner", "duty", "constraint"}
_OF_DUTY = _ANY | {"action", "target", "assigner", "consentingParty", "compensatedParty"}
_OF_CONSTRAINT = _ANY | {"leftOperand", "operator", "rightOperand"}
_OF_PRICE = _OF_CONSTRAINT | {"unit", "dataType"}
_CONTACT = ("fn", "nickname", "hasEmail", "hasURL", "hasTelephone", "hasAddress")


class TdmPolicy:
    """A policy as read. Make one with `TdmPolicy.parse(body)`.

    Attributes:
        conditions: what mining is permitted for, sorted: `contact`, `payment:tdm`, `research-only`,
            `non-research-only`, `geo`; empty where the refusal stands.
        problem: why it stands, one of `PROBLEMS`; empty where there are conditions.
        assigner: who offers it and how to reach them, on one line; evidence, and nothing is decided on it.
        prices: amounts that are named (ODRL `payAmount`), as written with their unit; the first twenty.
        where: the permission, or what was not understood (`/permission/0/duty/1`).
        remarks: what its author would want to know, the problem first.
        uniform: what it states by itself: nothing, it speaks of what somebody else reserved.
    """

    def __init__(self) -> None:
        self.conditions: tuple[str, ...] = ()
        self.problem = ""
        self.assigner = ""
        self.prices: tuple[str, ...] = ()
        self.where = ""
        self.remarks: tuple[Remark, ...] = ()
        self._asked: set[str] = set()
        self._duties: dict[str, None] = {}
        self._prices: dict[str, None] = {}

    @classmethod
    def parse(cls, body: bytes) -> TdmPolicy:
        """Read a document as served, whatever its media type says. Never raises."""
        policy = cls()
        policy._read(body)
        if not policy.problem:
            policy.conditions = tuple(sorted(policy._asked))
        policy.prices = tuple(policy._prices)[:_MOST_PRICES]
        return policy

    @property
    def uniform(self) -> Reading:
        """Its reading for every path: it states nothing without a reservation."""
        return Reading(remarks=self.remarks)

    def part(self, _target: str) -> None:
        """Give what of a path decides: nothing."""

    def reading(self, _target: str) -> Reading:
        """Give what it states about a path: nothing without a reservation."""
        return self.uniform

    def under(self, reserved: Iterable[Statement]) -> tuple[Statement, ...]:
        """Give what becomes of statements that name this policy: a refusal, its conditions; the others stay."""
        preference = Preference.CONDITIONAL if self.conditions else Preference.DENY
        told = [*self._duties, *self.prices, f"assigner: {self.assigner}" if self.assigner else ""]
        text = PROBLEMS[self.problem] if self.problem else "; ".join(words for words in told if words)
        return tuple(
            replace(
                statement,
                preference=preference,
                version=VERSION,
                where=self.where or "policy",
                text=shown(text),
                conditions=self.conditions or statement.conditions,
            )
            if statement.preference is Preference.DENY
            else statement
            for statement in reserved
        )

    def _read(self, body: bytes) -> None:
        if looks_like_markup(body):
            return self._refuse("web-page")
        if len(body) > LIMIT_OCTETS:
            return self._refuse("too-long")
        try:
            value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique_members)
        except (ValueError, RecursionError):
            return self._refuse("not-json", "", body[:200].decode("utf-8", "replace"))
        outer = [node for node in entries(value) if isinstance(node, dict)]
        names = Names(outer)
        nodes = [*outer, *(inner for node in outer for inner in entries(node.pop("@graph", None)))]
        policies = [found for node in nodes if isinstance(node, dict) and _is_policy(found := fields(node, names))]
        if not policies:
            return self._refuse("no-policy")
        for number, policy in enumerate(policies):
            self._read_policy(policy, names, f"/{number}" if len(policies) > 1 else "")
            if self.problem:
                break  # nothing that follows would change it
        return None

    def _refuse(self, code: str, where: str = "", text: str = "") -> None:
        if not self.problem:
            self.problem, self.where = code, where
            self.remarks = (Remark(code, where, shown(text[:1000])), *self.remarks)

    def _read_policy(self, policy: dict[str, list[Any]], names: Names, where: str) -> None:
        self.assigner = self.assigner or _contact(policy.get("assigner", []))
        self._read_kind(policy, names, where)
        if policy.get("prohibition"):
            return self._refuse("prohibition", f"{where}/prohibition")
        if odd := only(policy, _OF_POLICY):
            return self._refuse("not-understood", where, odd)
        shared = self._asks(policy, names, where)
        for number, obligation in enumerate(policy.get("obligation", [])):
            shared += self._duty(obligation, names, f"{where}/obligation/{number}")
        found = False
        for number, permission in enumerate(policy.get("permission", [])):
            found |= self._permission(permission, policy, shared, names, f"{where}/permission/{number}")
            if self.problem:
                break
        return None if found else self._refuse("no-permission", where)

    def _read_kind(self, policy: dict[str, list[Any]], names: Names, where: str) -> None:
        profiles = [names.profile(value) for value in policy.get("profile", [])]
        kinds = [names.local(value) for value in (*policy.get("@type", []), *policy.get("type", []))]
        if profiles and not all(profiles):
            self._refuse("other-profile", f"{where}/profile")
        if not set(kinds) <= _KINDS:
            self._refuse("other-kind", f"{where}/@type", ", ".join(kinds[:5]))
        told = {remark.code for remark in self.remarks}
        absent = (("no-profile", profiles), ("no-kind", kinds))
        self.remarks += tuple(Remark(code, where or "/") for code, stated in absent if not stated and code not in told)

    def _permission(
        self, permission: Any, policy: dict[str, list[Any]], shared: list[str], names: Names, where: str
    ) -> bool:
        """Read a permission; tell whether it is one to mine, or may be."""
        if not isinstance(permission, dict):
            self._refuse("not-understood", where)
            return True
        found = fields(permission, names)
        actions = [names.local(action) for action in found.get("action") or policy.get("action", [])]
        if actions and "mine" not in actions and all(actions):
            return False
        odd = only(found, _OF_PERMISSION)
        if odd or not actions or not all(actions):
            self._refuse("not-understood", where, odd or "action")
            return True
        asked = self._asks(found, names, where) + shared
        if not asked:
            self._refuse("unconditional", where)
        self.where = self.where or where
        self._asked.update(asked)
        return True

    def _asks(self, found: dict[str, list[Any]], names: Names, where: str) -> list[str]:
        """Give what the duties and constraints of a rule ask for; all have to be met."""
        duties = enumerate(found.get("duty", []))
        constraints = enumerate(found.get("constraint", []))
        asked = [word for number, duty in duties for word in self._duty(duty, names, f"{where}/duty/{number}")]
        return asked + [self._constraint(one, names, f"{where}/constraint/{number}") for number, one in constraints]

    def _duty(self, duty: Any, names: Names, where: str) -> list[str]:
        found = fields(duty, names) if isinstance(duty, dict) else {"action": [duty]}
        actions = [self._priced(action, names) for action in found.get("action", [])]
        asked = [_DUTIES.get(action, "") for action in actions]
        odd = only(found, _OF_DUTY)
        if odd or not all(asked or [""]):
            self._refuse("not-understood", where, odd or ", ".join(actions[:5]))
        self._duties |= dict.fromkeys(actions)
        return asked

    def _priced(self, action: Any, names: Names) -> str:
        """Give an action's name, and take note of a price; any other refinement of it is not understood."""
        if not isinstance(action, dict) or "refinement" not in (found := fields(action, names)):
            return names.local(action)
        for price in found.pop("refinement"):
            amount = fields(price, names) if isinstance(price, dict) else {}
            if only(amount, _OF_PRICE) or [names.local(x) for x in amount.get("leftOperand", [])] != ["payAmount"]:
                return ""
            parts = (names.text(x) for key in ("rightOperand", "unit") for x in amount.get(key, []))
            self._prices[shown(" ".join(parts))] = None
        return names.local(found)

    def _constraint(self, constraint: Any, names: Names, where: str) -> str:
        found = fields(constraint, names) if isinstance(constraint, dict) else {}
        left, operator = ([names.local(x) for x in found.get(key, [])] for key in ("leftOperand", "operator"))
        right = [names.local(x) for x in found.get("rightOperand", [])]
        odd = only(found, _OF_CONSTRAINT)
        asked = ""
        if (left, operator) == (["purpose"], ["eq"]) and len(right) == 1:
            asked = _PURPOSES.get(right[0], "")
        elif left == ["spatial"] and len(operator) == 1 and right:
            asked = "geo"
        if odd or not asked:
            self._refuse("not-understood", where, odd or " ".join((*left[:1], *operator[:1], *right[:1])))
        return asked


def _is_policy(found: dict[str, list[Any]]) -> bool:
    return any(name in found for name in (*_RULES, "profile", "@graph"))


def _contact(assigners: list[Any]) -> str:
    """Give names and addresses of who offers a policy, in the words of vCard, on one line."""
    found: list[str] = []
    for assigner in assigners:
        if isinstance(assigner, str):
            found.append(assigner)
        elif isinstance(assigner, dict):
            of = {key.replace("#", ":").replace("/", ":").rpartition(":")[2]: value for key, value in assigner.items()}
            known = [text for name in _CONTACT for value in entries(of.get(name)) for text in _texts(value)]
            found += known or _texts(of.get("uid", of.get("@id")))
    return shown(", ".join(found)[:1000])


def _texts(value: Any) -> list[str]:
    """Give what is written in a value: itself, or the texts that stand directly in it (a postal address)."""
    inside = value.values() if isinstance(value, dict) else [value]
    return [text for text in inside if isinstance(text, str) and text.strip()]
