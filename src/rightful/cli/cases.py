"""`rightful policy test`: whether a policy gives the answers that counsel wrote down."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from rightful.terminal import console, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel

    from rightful.policy.cases import Case, Tried

TEST_HELP = """
Try cases: situations, and the answer that a policy ought to give. Exit 1 if it gives another one to any.

A case names what differs from a crawled record of a protected work, without licence, contract, opt-out or reservation,
whose robots.txt allows. Scenario and profile are those of the policy, unless the case names them. A file of cases:

\b
  [
    {"id": "licensed", "inputs": {"licence": "cc-by-4.0", "lic_ev": "text+notice"},
     "admission": "ADMIT", "tier": "FREE_LICENSED", "code": "LIC", "conditions": ["BY"]},
    {"id": "a contract that says nothing of training",
     "inputs": {"route": "purchased", "contract": {"training": "silent", "chain": "direct"}},
     "admission": "HOLD", "tier": null, "code": "CONTRACT_SILENT"},
    {"id": "robots.txt changed", "inputs": {"robots_now": "disallow"}, "admission": "EXCLUDED", "code": "ROBOTS_NOW"}
  ]

Fields: id, inputs, admission (ADMIT, HOLD, EXCLUDED), and as far as they are to be compared: tier, code (any of the
reasons; without a detail it stands for all), model (how use is paid), conditions; note is for readers.
rightful policy test --words lists every input, and what it may be.
"""


def _print_words(asked: bool) -> None:
    if asked:
        _words()
        raise typer.Exit


def cases_command(
    policy: Annotated[Path, typer.Argument(help="Policy file.")],
    cases: Annotated[Path, typer.Argument(metavar="CASES.json", help="File of cases.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    failures: Annotated[bool, typer.Option("--failures", help="Show only the cases that fail.")] = False,
    words: Annotated[  # noqa: ARG001 - answered before anything else is read
        bool, typer.Option("--words", callback=_print_words, is_eager=True, help="List the words of inputs, and end.")
    ] = False,
) -> None:
    """Try cases against a policy."""
    from rightful.policy.cases import read_cases, try_case  # noqa: PLC0415 - when asked
    from rightful.policy.policy_file import read_policy  # noqa: PLC0415 - when asked

    rules = read_policy(policy)
    tried = [try_case(case, rules) for case in read_cases(cases)]
    failed = [each for each in tried if not each.passed]
    shown = failed if failures else tried
    if as_json:
        typer.echo(json.dumps(_as_json(rules.id, tried, shown), indent=1, ensure_ascii=False))
    else:
        _print_tried(shown)
        count = f"{len(tried) - len(failed):,} of {len(tried):,} cases pass"
        console().print(
            f"{count}, {len(failed):,} {'fails' if len(failed) == 1 else 'fail'}" if failed else count,
            style="red" if failed else "green",
            highlight=False,
        )
    if failed:
        raise typer.Exit(1)


def _as_json(policy: str, tried: list[Tried], shown: list[Tried]) -> dict[str, Any]:
    from rightful.ledger.situations import decision_facts  # noqa: PLC0415 - it loads pyarrow

    passed = sum(each.passed for each in tried)
    rows = [
        {
            "id": each.case.id,
            "passed": each.passed,
            "expected": {"admission": each.case.admission, **each.case.expected},
            "decided": decision_facts(each.decision),
            "differences": list(each.differences),
        }
        for each in shown
    ]
    return {"policy": policy, "cases": len(tried), "passed": passed, "failed": len(tried) - passed, "results": rows}


def _print_tried(tried: Iterable[Tried]) -> None:
    listed = table("case", "expected", "decided", "")
    for each in tried:
        decision = each.decision
        tier = decision.tier.value if decision.tier else "no tier"
        listed.add_row(
            plain(each.case.id),
            plain(_expected(each.case)),
            plain(f"{decision.admission.word}, {tier}, {' '.join(decision.reasons)}"),
            "passed" if each.passed else plain("; ".join(each.differences)),
            style="dim" if each.passed else "red",
        )
    if listed.rows:
        console().print(listed)
        console().print()


def _expected(case: Case) -> str:
    """Say what a case expects; what it does not name may be anything."""
    told = [case.admission]
    if "tier" in case.expected:
        told.append(case.expected["tier"] or "no tier")
    told += [str(case.expected[name]) for name in ("code", "model") if name in case.expected]
    if "conditions" in case.expected:
        told.append(" ".join(case.expected["conditions"]) or "no conditions")
    return ", ".join(told)


def _words() -> None:
    from rightful.policy.case_words import CONTRACT, SCENARIO, SOURCE, known_words  # noqa: PLC0415 - when asked
    from rightful.policy.source_sections import Contract, Scenario, Source  # noqa: PLC0415 - when asked

    _print_group("Of the scenario", {word: _choices(Scenario, name) for word, name in SCENARIO.items()})
    _print_group("Of the source", {word: _choices(Source, name) for word, name in SOURCE.items()})
    console().print(
        "true and false will do for: third_party, tos_reservation, lic_refused, db_extraction, lawful_access\n"
    )
    rest = sorted(known_words() - set(SCENARIO) - set(SOURCE))
    _print_group("Of the record, and of all together", {word: OTHER_WORDS.get(word, "") for word in rest})
    _print_group('Inside of "contract": {…}', {word: _choices(Contract, name) for word, name in CONTRACT.items()})


def _print_group(title: str, words: Mapping[str, str]) -> None:
    listed = table("input", "what it may be", title=title)
    for word, choices in words.items():
        listed.add_row(word, plain(choices))
    console().print(listed)
    console().print()


def _choices(model: type[BaseModel], name: str) -> str:
    """Say what a setting may be, by its type."""
    kind = model.model_fields[name].annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(str(choice.value) for choice in kind)
    if kind is bool:
        return "true, false"
    parts = get_args(kind)
    if parts and all(isinstance(part, str) for part in parts):
        return ", ".join(parts)
    return _TEXTS.get(name) or ("a list of names" if parts else "text")


_DATE = "a date: 2026-06-30, 2026-06, 2026"
_TEXTS = {"starts": _DATE, "ends": _DATE, "retention_until": _DATE, "author_died": "a year", "published": "a year"}
OTHER_WORDS = {
    "acquired": 'a list of what was paid for: "payment:training", "contribution"',
    "built_on": "the day the data set is made: 2026-06-30",
    "contract": "an object, see below",
    "lic_ev": "none, tag_only, text, text+notice",
    "lic_older": "true: the record was fetched under its licence before every opt-out",
    "licence": 'an id, a name or an expression: "cc-by-4.0", "MIT OR Apache-2.0", "custom_allow", "custom_deny"',
    "optout": "none, received, verified, rejected, withdrawn",
    "optout_time": "date of the newest opt-out or reservation, or unknown",
    "own_ev": 'true: there is evidence for work_status "own"',
    "page_licences": "a list of licences that the record's page names",
    "pool": '{"agreement": true, "quality": 5, "faults": ["stale"]}; quality is how many of five tests it passes',
    "profile": "seed, cn_strict, eu_art4, uk_s29a, jp_30_4, research_eu3",
    "reservation": 'what another protocol says: "tdmrep:tdm=1", "content-usage:train-ai=n", or a list of such',
    "robots_fetch": "as robots_now, when the record was fetched",
    "robots_now": "allow, disallow, missing, unknown, cut, stale, refused, unreachable, n/a, disallow:wildcard, …",
    "rsl": '{"permits": ["ai-train"], "prohibits": [], "payment": "crawl", "acquired": false}',
    "source_known": "false: the policy declares no such source",
    "text_readable": "true, false",
    "unknown_values": "a list of facts whose value is outside its closed list",
    "url": "located, no-url, url-not-readable, url-too-long",
}
