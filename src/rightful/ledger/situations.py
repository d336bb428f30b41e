"""The situations of a run with their decisions and how many records are in each, as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rightful.facts.decision import Admission, Decision, Tier
from rightful.facts.situation import Situation
from rightful.ledger.manifest import Counts
from rightful.ledger.units import Units

if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTS = {
    "acquired", "filled_by", "licences_named", "looked_for", "looked_for_fetch", "matches", "optouts",
    "pool_faults", "public_domain_in", "stated_build", "stated_fetch", "unknown_values",
}  # fmt: skip
_FLAGS = {"source_known", "text_readable"}

SITUATIONS = pa.schema(
    [
        ("situation", pa.int64()),
        ("records", pa.int64()),
        # Of their text; null where no column of text was read. `tokens` is estimated (`units.Units`).
        ("characters", pa.int64()),
        ("octets", pa.int64()),
        ("tokens", pa.int64()),
        *(
            (f.name, pa.list_(pa.string()) if f.name in _LISTS else pa.bool_() if f.name in _FLAGS else pa.string())
            for f in fields(Situation)
        ),
        ("admission", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("tier", pa.string()),
        ("remuneration", pa.string()),
        ("basis", pa.string()),
        ("conditions", pa.list_(pa.string())),
    ]
)


def situation_table(
    decided: Mapping[Situation, Decision], records: Mapping[int, int], units: Mapping[int, Units] | None = None
) -> pa.Table:
    """Write situations in order of id.

    Args:
        decided: the situations, and what was decided of each.
        records: how many records are in each, by id.
        units: how much text they have, by id; None where no text was read.
    """
    rows = sorted(((situation.id, situation, decision) for situation, decision in decided.items()), key=lambda r: r[0])
    return pa.Table.from_pylist(
        [
            {
                "situation": number,
                "records": records[number],
                **_unit_facts(None if units is None else units.get(number, Units())),
                **situation.facts,
                **decision_facts(decision),
            }
            for number, situation, decision in rows
        ],
        schema=SITUATIONS,
    )


def _unit_facts(units: Units | None) -> dict[str, int | None]:
    if units is None:
        return dict.fromkeys(("characters", "octets", "tokens"))
    return {"characters": units.characters, "octets": units.octets, "tokens": units.tokens}


def decision_facts(decision: Decision) -> dict[str, Any]:
    """Give a decision as JSON values."""
    return {
        "admission": decision.admission.word,
        "reasons": list(decision.reasons),
        "tier": decision.tier and decision.tier.value,
        "remuneration": decision.remuneration,
        "basis": decision.basis,
        "conditions": list(decision.conditions),
    }


def read_situation(row: dict[str, Any]) -> tuple[Situation, Decision]:
    """Read one row of the table back."""
    decision = Decision(
        Admission[row["admission"].upper()],
        tuple(row["reasons"]),
        Tier(row["tier"]) if row["tier"] else None,
        row["remuneration"],
        row["basis"],
        tuple(row["conditions"]),
    )
    return Situation.from_facts(row), decision


def count(table: pa.Table) -> Counts:
    """Count records by what came of them."""
    by_admission: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    with_reason: Counter[str] = Counter()
    by_tier: Counter[str] = Counter()
    for row in table.select(["records", "admission", "reasons", "tier"]).to_pylist():
        records = row["records"]
        by_admission[row["admission"]] += records
        if row["admission"] == Admission.ADMIT.word:
            by_tier[row["tier"]] += records
        else:
            by_reason[row["reasons"][0]] += records
            for reason in row["reasons"]:
                with_reason[reason] += records
    return Counts(
        records=by_admission.total(),
        admit=by_admission["admit"],
        hold=by_admission["hold"],
        exclude=by_admission["exclude"],
        by_reason=dict(sorted(by_reason.items())),
        with_reason=dict(sorted(with_reason.items())),
        by_tier=dict(sorted(by_tier.items())),
    )
