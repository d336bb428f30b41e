"""Why a situation was decided as it was, reason by reason: the rule, the fact, where it came from, what resolves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.facts.situation import origins_in
from rightful.policy.deciding import decide, found_of
from rightful.policy.reasons import inherited_from, meaning_of, reason_of

if TYPE_CHECKING:
    from rightful.facts.situation import Situation
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Contract

# Where facts come from that nobody states of a record.
_LOOKED_UP = {
    "robots_fetch": "a captured robots.txt",
    "robots_build": "a captured robots.txt",
    "stated_fetch": "captured signal files, or the record's own response and page",
    "stated_build": "captured signal files, or the record's own response and page",
    "licences_named": "the record's own page",
    "optouts": "the register of opt-outs",
    "matches": "the record's text, compared with the fingerprints of the register",
    "url": "the record's URL",
    "text_readable": "the record's text",
    "source": "the record's source, or the policy",
    "restricted_at": "the register, fetch times and captures",
    "licence_older": "the register and fetch times",
}
_FILLED = {
    "column": "a column of the records",
    "source": "what the policy declares of its source",
    "computed": "arithmetic",
    "policy": "a setting of the policy",
}
# Which fact a tier rule that held stumbled over: of the scenario and profile it is the policy's.
_OF_TIERS = {
    "ASSESS": ("scenario.market_effect", "scenario.specific_data", "scenario.general"),
    "STYLE_OF_AUTHOR": ("scenario.imitates_identified_author",),
    "NO_PRC_EXCEPTION": ("profile",),
    "NO_UK_EXCEPTION": ("profile", "scenario.commercial", "scenario.research_organisation"),
    "NOT_QUALIFIED": ("profile", "scenario.research_organisation", "scenario.commercial"),
    "UNREASONABLE_PREJUDICE": ("profile",),
    "LAWFUL_ACCESS": ("lawful_access",),
    "DB_RIGHT": ("db_extraction",),
    "GENERAL": ("scenario.general", "specific_data", "scenario.market_effect"),
    "SCENARIO_MARKET": ("specific_data", "scenario.market_effect"),
    "SCENARIO_VERTICAL": ("scenario.general", "scenario.commercial"),
    "RESEARCH": ("profile", "scenario.research_organisation", "scenario.commercial", "lawful_access"),
    "OWN": ("work_status",),
    "POOL": ("source",),
    "LICENCE_OVERRIDES": ("contract", "restricted_at"),
}
# What a gate's reason rests on beside the fact it was found by.
_BESIDE = {
    "OPTOUT_VS_CONTRACT": ("contract", "restricted_at"),
    "CC_IRREVOCABLE_VS_OPTOUT": ("licence", "licence_evidence", "licence_older"),
}
NOT_STATED = "nobody: it is not stated"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that caused a reason: its name, its value as text, and where it came from, in words."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason of a decision.

    Attributes:
        reason: the code with its detail.
        rule: of the decision table that gives it (`G4`, `T9`).
        says: what it says, in words.
        facts: what caused it.
        resolve: what would resolve it; empty for a reason that admits.
    """

    reason: str
    rule: str
    says: str
    facts: tuple[Fact, ...]
    resolve: str


def causes(situation: Situation, policy: Policy) -> tuple[Cause, ...]:
    """Give the causes of the decision about a situation, in the order of its reasons."""
    by_reason: dict[str, dict[str, None]] = {}
    for finding in found_of(situation, policy).findings:
        by_reason.setdefault(finding.reason, {})[finding.fact] = None
    decision = decide(situation, policy)
    found = []
    for reason in decision.reasons:
        row = reason_of(reason)
        names = tuple(by_reason.get(reason, ())) or _of_tier(reason, situation, policy)
        names += _BESIDE.get(reason.partition(":")[0], ())
        facts = tuple(_fact(name, reason, situation, policy) for name in names)
        found.append(Cause(reason, row.rule, meaning_of(reason), facts, row.resolve))
    return tuple(found)


def _of_tier(reason: str, situation: Situation, policy: Policy) -> tuple[str, ...]:
    reason = inherited_from(reason)[1]
    code = reason.partition(":")[0]
    if code in {"PAYMENT_DUE", "PAID"}:
        return ("contract",) if situation.contract else ("stated_build", "acquired")
    if code == "PD":
        return ("public_domain_in",) if reason == "PD" else ("work_status",)
    if reason == "LIC:rsl":
        return ("stated_build",)
    if code == "LIC":
        return ("consent",) if reason == "LIC:consent" else ("licence", "licence_evidence")
    named = _OF_TIERS.get(code, ())
    if code == "ASSESS" and not policy.scenario.specific_data:
        return tuple(name if name != "scenario.specific_data" else "specific_data" for name in named)
    return named


def _fact(name: str, reason: str, situation: Situation, policy: Policy) -> Fact:
    if name == "profile":
        return Fact(name, policy.profile, _FILLED["policy"])
    if name.startswith("scenario."):
        value = getattr(policy.scenario, name.removeprefix("scenario."))
        return Fact(name, _written(value), _FILLED["policy"])
    if upstream := inherited_from(reason)[0]:
        return Fact(name, "", f"what the policy declares of source {upstream}")
    facts = situation.facts
    if name not in facts or name in situation.unknown_values or reason == f"UNKNOWN_VALUE:{name}":
        # Such values are counted in the manifest, and not kept with the situation.
        return Fact(name, "outside its closed list", _FILLED["column"])
    value = _written(facts[name])
    if name == "contract" and situation.contract:
        value += _dates(policy.contracts_by_name.get(situation.contract), situation.built_on)
    return Fact(name, value, _origin(name, situation))


def _dates(contract: Contract | None, built_on: str) -> str:
    if contract is None or not contract.dated:
        return ""
    return (
        f" ({contract.starts or '…'} to {contract.ends or '…'}; the data set is made on {built_on or 'no known day'})"
    )


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "none"
    return str(value) or "none"


def _origin(name: str, situation: Situation) -> str:
    if name in _LOOKED_UP:
        return _LOOKED_UP[name]
    if origins := origins_in(situation.filled_by, name):
        return " and ".join(_FILLED[origin] for origin in origins)
    if name in situation.unknown_values:
        return _FILLED["column"]
    return NOT_STATED
