"""What use costs, as the card tells it: tiers in records and text, the profile applied, specific data, what accrues."""

from __future__ import annotations

from collections import Counter
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from rightful.card.provenance_facts import by_admission
from rightful.card.rights_facts import confidence_facts
from rightful.facts.decision import Tier
from rightful.facts.rights import Specific
from rightful.ledger.run_directory import ACCRUALS, ATTRIBUTIONS
from rightful.policy.profiles import profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy

Row = dict[str, Any]
_EXACT = Context(prec=60, traps=[Inexact])
_UNITS = ("records", "characters", "tokens")
TIERS_ZH = {
    Tier.FREE_PD: "免费·公有领域、事实、官方文件",
    Tier.FREE_OWN: "免费·自有",
    Tier.FREE_LICENSED: "许可免费·附条件",
    Tier.EXEMPT_RESEARCH: "科研例外",
    Tier.EXEMPT_GENERAL: "通用模型豁免",
    Tier.POOL_SHARE: "共享池分成",
    Tier.PAID_LICENSED: "合同付费",
    Tier.PAID_SCENARIO: "场景付费",
    Tier.PERMISSION_AND_PAY: "许可并付费",
}
_SPECIFIC = {
    Specific.NO: "not specific, as far as was stated and measured",
    Specific.DECLARED: "the scenario declares it so",
    Specific.PURPOSE: "the purpose names rightsholders or works",
    Specific.CURATED: "its source was chosen for fine-tuning",
    Specific.HOLDER_SHARE: "one rightsholder has too large a share of the text",
    Specific.UNKNOWN: "a column names rightsholders, and nobody measured their shares",
}


def tier_facts(rows: Sequence[Row]) -> list[Row]:
    """Count admitted records and their text by tier, remuneration, basis and conditions."""
    grouped: dict[tuple[str, str, str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        if row["admission"] == "admit":
            key = row["tier"], row["remuneration"], row["basis"], tuple(row["conditions"])
            grouped.setdefault(key, []).append(row)
    found = [
        {
            "tier": tier,
            "tier_zh": TIERS_ZH[Tier(tier)],
            "remuneration": model,
            "basis": basis,
            "conditions": list(conditions),
            **_units(own),
        }
        for (tier, model, basis, conditions), own in grouped.items()
    ]
    return sorted(found, key=lambda row: (-row["records"], row["tier"], row["basis"] or "", row["conditions"]))


def _units(rows: Sequence[Row]) -> dict[str, int | None]:
    """Add up records, characters and tokens; None where text was not measured."""
    return {unit: None if any(row[unit] is None for row in rows) else sum(row[unit] for row in rows) for unit in _UNITS}


def profile_facts(policy: Policy) -> dict[str, Any]:
    """Say which profile was applied, what it says, and what that rests on, with who read it."""
    applied = profile(policy.profile)
    return {
        "id": applied.id,
        "title": applied.title,
        "title_zh": applied.title_zh,
        "says": applied.says,
        "says_zh": applied.says_zh,
        "exemption": applied.exemption,
        "payment": applied.payment,
        "held_because": applied.held_because,
        "basis": applied.basis,
        "basis_of_payment": applied.basis_of_payment,
        "research_basis": applied.research_basis,
        "needs": list(applied.needs),
        "sources": [
            {"title": source.title, "date": source.date, **confidence_facts(source.confidence)}
            for source in applied.sources
        ],
    }


def specific_facts(rows: Sequence[Row], run: RunDirectory) -> dict[str, Any]:
    """Count records whose data is specific, by why; and which holders were measured to have too large a share."""
    reasons = {row["specific_data"] for row in rows}
    return {
        "by": [
            {"why": why.value, "says": says, **by_admission(row for row in rows if row["specific_data"] == why.value)}
            for why, says in _SPECIFIC.items()
            if why.value in reasons
        ],
        "holders": run.manifest.holders,
    }


def accrual_facts(run: RunDirectory) -> dict[str, Any]:
    """Tell what accrues: every row of the file, units and amounts by status, and what waits for its holder."""
    rows = run.accruals().to_pylist()
    units = {row["status"]: _units([one for one in rows if one["status"] == row["status"]]) for row in rows}
    amounts: Counter[tuple[str, str, bool]] = Counter()
    totals: dict[tuple[str, str, bool], Decimal] = {}
    for row in rows:
        if row["amount"] is not None:
            key = row["status"], row["currency"], row["escrow"]
            amounts[key] += row["records"]
            totals[key] = _EXACT.add(totals.get(key, Decimal(0)), Decimal(row["amount"]))
    return {
        "file": ACCRUALS,
        "rows": rows,
        "units": [{"status": status, **units[status]} for status in sorted(units)],
        "amounts": [
            {"status": key[0], "currency": key[1], "escrow": key[2], "records": amounts[key], "amount": f"{total:f}"}
            for key, total in sorted(totals.items())
        ],
        "escrow_records": sum(row["records"] for row in rows if row["escrow"]),
    }


def attribution_facts(run: RunDirectory, policy: Policy) -> dict[str, Any]:
    """Tell how many records ask for a name, how many have a title or author, and whether locations are kept."""
    rows = titles = authors = 0
    for batch in pq.ParquetFile(run.root / ATTRIBUTIONS).iter_batches(columns=["title", "author"]):
        rows += batch.num_rows
        titles += batch.num_rows - batch.column("title").null_count
        authors += batch.num_rows - batch.column("author").null_count
    kept = policy.ledger.locations == "keep"
    return {"file": ATTRIBUTIONS, "records": rows, "titles": titles, "authors": authors, "locations": kept}
