"""The facts of a card: every number from the run's own files, so that it can be counted again.

Four kinds of statement are kept apart: `computed` (from records, ledger, captures), `imported` (evidence that
was handed in and hashed), `declared` (the operator's word), `not-checked`.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from rightful.card.claims import claims
from rightful.card.diversity_facts import diversity_facts
from rightful.card.optout_facts import optout_facts
from rightful.card.protocol_facts import protocol_facts, robots_facts
from rightful.card.provenance_facts import provenance_facts, source_facts
from rightful.card.rights_facts import rights_facts
from rightful.card.tier_facts import accrual_facts, attribution_facts, profile_facts, specific_facts, tier_facts
from rightful.files import digest_of
from rightful.ledger.run_directory import MANIFEST, QUALITY, RunDirectory
from rightful.policy.licences import terms_of
from rightful.policy.reasons import meaning_of
from rightful.screening.observe import built_on
from rightful.signals import licence

if TYPE_CHECKING:
    import pyarrow as pa

    from rightful.policy.policy import Policy

SCHEMA = "rightful-card/1"
_RESERVED = ("ROBOTS_FETCH", "ROBOTS_NOW", "RESERVED_", "CONDITIONAL_")


def card_facts(run: RunDirectory, policy: Policy) -> dict[str, Any]:
    """Gather every fact of the card, as JSON values.

    Args:
        run: a screened and validated run.
        policy: the policy that lies in it.

    Returns:
        What `card.json` holds. Shares are left to the reader of it: they follow from the counts.
    """
    manifest = run.manifest
    situations = run.situations()
    rows = situations.to_pylist()
    as_of = manifest.snapshot["as_of"]
    made_on = built_on(policy, datetime.fromisoformat(as_of) if as_of else None)
    quality = json.loads((run.root / QUALITY).read_text(encoding="utf-8"))
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "identity": _identity(policy),
        "made": {
            "tool": manifest.tool,
            "ruleset": manifest.ruleset,
            "reference_time": manifest.reference_time,
            "manifest_sha256": digest_of(run.root / MANIFEST),
            "quality_sha256": digest_of(run.root / QUALITY),
            "root": manifest.root,
            "policy": manifest.policy,
            "snapshot": manifest.snapshot,
            "register": manifest.register,
            "evidence": manifest.evidence,
        },
        "inputs": [{"name": file.name, "sha256": file.sha256, "records": file.records} for file in manifest.inputs],
        "funnel": _funnel(run),
        "protocols": protocol_facts(run, situations),
        "robots": robots_facts(run, situations, policy),
        "optouts": optout_facts(run, rows),
        "diversity": diversity_facts(run, rows, policy),
        "composition": _composition(run),
        "sites": _sites(run, policy.card.top_sites),
        "sources": source_facts(rows, policy),
        "provenance": provenance_facts(rows, policy),
        "unknown_values": [
            {"value": value, "records": records}
            for value, records in sorted(manifest.unknown_values.items(), key=lambda item: (-item[1], item[0]))
        ],
        "licences": _grouped(situations, ("licence", "licence_evidence")),
        "licences_named": _licences_named(situations),
        "licence_conflicts": _licence_conflicts(situations),
        "rights": rights_facts(rows, policy, made_on),
        "tiers": tier_facts(rows),
        "profile": profile_facts(policy),
        "specific_data": specific_facts(rows, run),
        "accruals": accrual_facts(run),
        "attributions": attribution_facts(run, policy),
        "scenario": policy.scenario.model_dump(mode="json"),
        "parameters": _parameters(policy),
        "quality": quality,
    }
    facts["claims"] = claims(facts)
    return facts


def to_json(facts: dict[str, Any]) -> str:
    """Write `card.json`: keys sorted, one spelling."""
    return json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _identity(policy: Policy) -> dict[str, Any]:
    card = policy.card
    return {
        "title": card.title,
        "version": card.version,
        "provider": card.provider,
        "contact": card.contact,
        "opt_out_contact": card.opt_out_contact,
        "description": card.description,
        "task_categories": list(card.task_categories),
        "languages": list(card.languages),
    }


def _funnel(run: RunDirectory) -> dict[str, Any]:
    counts = run.manifest.counts
    held = {row["reasons"][0] for row in run.situations().to_pylist() if row["admission"] == "hold"}
    ordered = sorted(counts.by_reason.items(), key=lambda item: (-item[1], item[0]))
    return {
        "records": counts.records,
        "admit": counts.admit,
        "hold": counts.hold,
        "exclude": counts.exclude,
        "by_reason": [
            {
                "reason": reason,
                "meaning": meaning_of(reason),
                "admission": "hold" if reason in held else "exclude",
                "records": records,
                "records_with_it": counts.with_reason[reason],
            }
            for reason, records in ordered
        ],
    }


def _composition(run: RunDirectory) -> dict[str, Any]:
    manifest = run.manifest
    languages: Counter[str] = Counter()
    for file in manifest.data:
        languages.update(file.languages)
    spans = [file.fetched for file in manifest.data if file.fetched]
    octets = [file.text_octets for file in manifest.data if file.text_octets is not None]
    return {
        "records": sum(file.records for file in manifest.data),
        "shards": len(manifest.data),
        "file_octets": sum(file.octets for file in manifest.data),
        "text_octets": sum(octets) if octets else None,
        "languages": [
            {"language": name, "records": records}
            for name, records in sorted(languages.items(), key=lambda item: (-item[1], item[0]))
        ],
        "fetched_first": min(span[0] for span in spans) if spans else None,
        "fetched_last": max(span[1] for span in spans) if spans else None,
        "columns": manifest.columns,
    }


def _sites(run: RunDirectory, top: int) -> dict[str, Any]:
    table = run.sites()
    known = table.filter(pc.is_valid(table["site"]))
    by_admitted = sorted(known.to_pylist(), key=lambda row: (-row["admit"], row["site"]))
    removed = sorted(known.to_pylist(), key=lambda row: (-(row["hold"] + row["exclude"]), row["site"]))
    return {
        "sites": known.num_rows,
        "admitted_sites": sum(row["admit"] > 0 for row in by_admitted),
        "top_admitted": [row for row in by_admitted[:top] if row["admit"]],
        "top_removed": [row for row in removed[:top] if row["hold"] + row["exclude"]],
    }


def _grouped(situations: pa.Table, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Count admitted records by several facts together."""
    grouped: Counter[tuple[str, ...]] = Counter()
    for row in situations.to_pylist():
        if row["admission"] == "admit":
            grouped[tuple(row[name] for name in names)] += row["records"]
    ordered = sorted(grouped.items(), key=lambda item: (-item[1], item[0]))
    return [{**dict(zip(names, key, strict=True)), "records": records} for key, records in ordered]


def _licences_named(situations: pa.Table) -> list[dict[str, Any]]:
    """Count records by the licence stated of them and those that their pages name, where a page was looked at."""
    grouped: Counter[tuple[str, str, str]] = Counter()
    for row in situations.to_pylist():
        if licence.PROTOCOL in row["looked_for"]:
            grouped[row["licence"], " + ".join(row["licences_named"]), row["admission"]] += row["records"]
    ordered = sorted(grouped.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"licence": stated, "named": named, "admission": admission, "records": records}
        for (stated, named, admission), records in ordered
    ]


def _licence_conflicts(situations: pa.Table) -> int:
    """Count records whose stated licence permits use, and which a reservation excludes (protocols A14)."""
    return sum(
        row["records"]
        for row in situations.to_pylist()
        if any(reason.startswith(_RESERVED) for reason in row["reasons"])
        and any(choice.grants for choice in terms_of(row["licence"]).choices)
    )


def _parameters(policy: Policy) -> dict[str, Any]:
    """Every parameter somebody set or left at its default: a threshold nobody can see is no threshold."""
    value = policy.model_dump(mode="json")
    kept = ("protocols", "as_of", "gates", "tiers", "matching", "quality", "ledger")
    return {name: value[name] for name in kept} | {"card": {"diversity_alert": policy.card.diversity_alert}}
