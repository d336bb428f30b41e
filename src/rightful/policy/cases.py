"""Cases: situations that counsel writes down with the answer that a policy ought to give, and whether it gives it.

A case is `{"id": "24", "inputs": {…}, "admission": "HOLD", "tier": null, "code": "CONTRACT_SILENT"}`, and may name the
remuneration `model` and the `conditions` too. Its inputs are what differs from a crawled record of a protected work
without licence, contract, opt-out or reservation, whose robots.txt allows. Scenario and profile are those of the
policy, where the inputs name none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rightful.errors import InputError
from rightful.facts.situation import Situation
from rightful.policy.case_words import CONTRACT, SCENARIO, SOURCE, Words, known_words
from rightful.policy.deciding import decide
from rightful.policy.policy import Policy
from rightful.policy.source_facts import filled
from rightful.policy.source_sections import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rightful.facts.decision import Decision

_ADMISSIONS = {"ADMIT": "admit", "HOLD": "hold", "EXCLUDED": "exclude", "EXCLUDE": "exclude"}
_FIELDS = frozenset({"id", "inputs", "admission", "tier", "code", "model", "conditions", "note"})
_NAME = "case"
_EVIDENCE = f"sha256:{'ca5e' * 16} as the case says"
# A code of a case may stand for several of the table, or leave the version of a licence open.
_FAMILIES = {
    "RESERVED": ("RESERVED_FETCH", "RESERVED_NOW", "CONDITIONAL_FETCH", "CONDITIONAL_NOW"),
    "SCENARIO": ("SCENARIO_MARKET", "SCENARIO_VERTICAL"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case as written.

    Attributes:
        id: how it is called.
        inputs: what differs from the defaults, by the short names of `case_words`.
        admission: `admit`, `hold` or `exclude`.
        expected: of `tier`, `code`, `model`, `conditions` those that the case names.
    """

    id: str
    inputs: Mapping[str, Any]
    admission: str
    expected: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """A case, what the policy decided, and in what that differs from what was expected."""

    case: Case
    decision: Decision
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def read_cases(file: str | Path) -> list[Case]:
    """Read a file of cases: a JSON array, or an object with `cases`.

    Raises:
        InputError: it cannot be read, or a case says what no case can say; the message names the case.
    """
    path = Path(file)
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(f"no cases can be read from {path}: {error}", file=str(path)) from error
    listed = raw.get("cases") if isinstance(raw, dict) else raw
    if not isinstance(listed, list) or not listed:
        raise InputError(
            f"{path} holds no cases",
            hint='write a JSON array of cases: [{"id": "1", "inputs": {}, "admission": "ADMIT"}]',
            file=str(path),
        )
    return [_case(path, number, each) for number, each in enumerate(listed, 1)]


def _case(path: Path, number: int, raw: Any) -> Case:
    name = f"{path}, case {number}"
    if not isinstance(raw, dict):
        raise InputError(f"{name}: a case is an object, not {raw!r}", file=str(path))
    name += f" ({raw['id']})" if raw.get("id") else ""
    if odd := sorted(set(raw) - _FIELDS):
        raise InputError(f"{name}: a case has no {odd[0]!r}; it has {', '.join(sorted(_FIELDS))}", file=str(path))
    inputs = raw.get("inputs", {})
    if not isinstance(inputs, dict):
        raise InputError(f"{name}: inputs is an object", file=str(path))
    if odd := sorted(set(inputs) - known_words()):
        raise InputError(
            f"{name}: there is no input {odd[0]!r}; there are {', '.join(sorted(known_words()))}", file=str(path)
        )
    admission = _ADMISSIONS.get(str(raw.get("admission")).upper())
    if admission is None:
        raise InputError(f"{name}: admission is ADMIT, HOLD or EXCLUDED, not {raw.get('admission')!r}", file=str(path))
    expected = {key: raw[key] for key in ("tier", "code", "model", "conditions") if key in raw}
    if not isinstance(expected.get("conditions", []), list):
        raise InputError(f"{name}: conditions is an array of texts", file=str(path))
    return Case(str(raw.get("id", number)), inputs, admission, expected)


def try_case(case: Case, policy: Policy) -> Tried:
    """Decide a case under a policy, and compare.

    Raises:
        InputError: the inputs of the case make no sense together; the message says which.
    """
    try:
        changed, situation = _situation(case, policy)
    except (ValidationError, ValueError, TypeError, AttributeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"case {case.id}: {reason}") from error
    decision = decide(situation, changed)
    return Tried(case, decision, tuple(_differences(case, decision)))


def _situation(case: Case, policy: Policy) -> tuple[Policy, Situation]:
    """Give the policy with what the case says of scenario and source, and the situation it describes."""
    words = Words(case.inputs)
    source = {"name": _NAME, "route": "crawled", "evidence": [_EVIDENCE]} | words.of(SOURCE) | words.pool()
    contract = words.of(CONTRACT)
    if "contract" in case.inputs:
        source["contract"] = {"same_holder": True, **contract}
    declared = Source.model_validate(source)
    whole = policy.model_dump()
    whole["scenario"] |= words.of(SCENARIO)
    if whole["scenario"]["research_organisation"] and not whole["scenario"]["evidence"]:
        whole["scenario"]["evidence"] = [_EVIDENCE]
    whole["profile"] = case.inputs.get("profile", policy.profile)
    if whole["profile"] == "eu_art4" and not whole["scenario"]["retention_until"]:
        whole["scenario"]["retention_until"] = case.inputs.get("retention_until", "9999")
    whole["sources"] = [*(s for s in whole["sources"] if s["name"] != _NAME), declared.model_dump()]
    changed = Policy.model_validate(whole)
    built_on = words.built_on(policy.as_of.build_date)
    of_rights = filled({}, declared, changed, built_on).facts
    return changed, Situation(source=_NAME, **(of_rights | words.facts()))


def _differences(case: Case, decision: Decision) -> list[str]:
    found = []
    if decision.admission.word != case.admission:
        found.append(f"admission {decision.admission.word}, not {case.admission}")
    tier = decision.tier.value if decision.tier is not None else None
    expected = case.expected
    if "tier" in expected and tier != expected["tier"]:
        found.append(f"tier {tier}, not {expected['tier']}")
    if "model" in expected and decision.remuneration != expected["model"]:
        found.append(f"model {decision.remuneration}, not {expected['model']}")
    if "conditions" in expected and sorted(decision.conditions) != sorted(expected["conditions"]):
        found.append(f"conditions {list(decision.conditions)}, not {expected['conditions']}")
    if "code" in expected and not any(_is(str(expected["code"]), reason) for reason in decision.reasons):
        found.append(f"{', '.join(decision.reasons)}, not {expected['code']}")
    return found


def _is(code: str, reason: str) -> bool:
    """Tell whether a reason is what a code names: a code without detail names all, and a licence all its versions."""
    name, colon, detail = code.partition(":")
    for each in _FAMILIES.get(name, (name,)):
        named = each + colon + detail
        rest = reason.removeprefix(named)
        if rest != reason and (not rest or rest[0] == ":" or (rest[0] == "-" and rest[1:2].isdecimal())):
            return True
    return False
