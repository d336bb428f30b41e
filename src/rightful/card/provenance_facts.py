"""Where records came from, as the card tells it: routes and their risks, contracts, consents, lineage, documents."""

from __future__ import annotations

import functools
import tomllib
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, Any

from rightful.facts.rights import Route
from rightful.policy.reasons import inherited_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rightful.policy.policy import Policy

Row = dict[str, Any]
ADMISSIONS = ("admit", "hold", "exclude")
# Facts of user data, by the value that says that they do not apply.
_OF_USERS = {"consent": "n/a", "notice": "n/a", "sensitive_pi": "none", "third_party": "none"}


@functools.cache
def route_risks() -> dict[str, dict[str, str]]:
    """Read what comes with each route (`routes.toml`)."""
    return tomllib.loads(resources.files(__package__).joinpath("routes.toml").read_text(encoding="utf-8"))


def by_admission(rows: Iterable[Row]) -> dict[str, int]:
    """Count records by what came of them."""
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row["admission"]] += row["records"]
    return {name: counted[name] for name in ADMISSIONS}


def counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up records by name, the most first."""
    sums: Counter[str] = Counter()
    for name, records in pairs:
        sums[name] += records
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def source_facts(rows: Sequence[Row], policy: Policy) -> list[Row]:
    """Say of every source that has records what the policy declares of it, and what came of them."""
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        by_source.setdefault(row["source"] if row["source_known"] else "", []).append(row)
    found = []
    for name, own in by_source.items():
        source = policy.sources_by_name.get(name)
        found.append(
            {
                "source": name or "(not declared)",
                "route": source.route.value if source else None,
                "derived_from_crawl": bool(source and source.derived_from_crawl),
                "derived_from": list(source.derived_from) if source else [],
                "made_from": list(policy.upstream_of(name)) if source else [],
                "held_by_lineage": sum(
                    row["records"] for row in own if any(inherited_from(reason)[0] for reason in row["reasons"])
                ),
                "owner": source.owner if source else "",
                "url": source.url if source else "",
                "evidence": list(source.evidence) if source else [],
                **by_admission(own),
            }
        )
    return sorted(found, key=lambda row: (-sum(row[name] for name in ADMISSIONS), row["source"]))


def _by_lineage(row: Row) -> bool:
    return any(inherited_from(reason)[0] for reason in row["reasons"])


def provenance_facts(rows: Sequence[Row], policy: Policy) -> dict[str, Any]:
    """Say what came with each route, what was agreed, who consented, and which documents are named."""
    return {
        "routes": _routes(rows, policy),
        "contracts": _contracts(rows, policy),
        "consents": _consents(rows),
        "documents": _documents(policy),
    }


def _routes(rows: Sequence[Row], policy: Policy) -> list[Row]:
    """Say of every route the policy's sources declare what comes with it, and what held or excluded its records."""
    used = {source.route for source in policy.sources}
    found = []
    for route in Route:
        if route not in used:
            continue
        names = {source.name for source in policy.sources if source.route is route}
        own = [row for row in rows if row["source_known"] and row["source"] in names]
        stopped = [row for row in own if row["admission"] != "admit"]
        reasons = counted((reason, row["records"]) for row in stopped for reason in row["reasons"])
        found.append(
            {
                "route": route.value,
                "sources": sorted(names),
                **route_risks()[route.value],
                "reasons": [{"reason": reason, "records": records} for reason, records in reasons.items()],
                **by_admission(own),
            }
        )
    return found


def _contracts(rows: Sequence[Row], policy: Policy) -> list[Row]:
    found = []
    for name, contract in sorted(policy.contracts_by_name.items()):
        own = [row for row in rows if row["contract"] == name]
        stated = contract.model_dump(mode="json")
        # Every field by name: what is added to a contract later is not published unasked.
        kept = (
            "training", "commercial", "chain", "starts", "ends", "expired", "paid", "accruing", "model", "holder",
            "same_holder", "evidence",
        )  # fmt: skip
        found.append({"contract": name, **{field: stated[field] for field in kept}, **by_admission(own)})
    return found


def _consents(rows: Sequence[Row]) -> list[Row]:
    """Count records by what is stated of consent, notice, sensitive information and others' works."""
    found = []
    for fact, nothing in _OF_USERS.items():
        values = sorted({row[fact] for row in rows} - {nothing})
        found += [
            {"fact": fact, "value": value, **by_admission(row for row in rows if row[fact] == value)}
            for value in values
        ]
    return found


def _documents(policy: Policy) -> list[Row]:
    """List every document by digest, and what it was named for; none of them is in the run."""
    named = [(f"source {source.name}", source.evidence) for source in policy.sources]
    named += [(f"contract {name}", contract.evidence) for name, contract in sorted(policy.contracts_by_name.items())]
    named.append(("scenario", policy.scenario.evidence))
    found = []
    for what, evidence in named:
        for written in evidence:
            digest, _, note = written.partition(" ")
            found.append({"of": what, "digest": digest, "note": note})
    return found
