"""The rights in the records, as the card tells them: work status by jurisdiction, licences by evidence, who said so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rightful.card.provenance_facts import by_admission, counted
from rightful.facts.rights import LicenceEvidence
from rightful.facts.situation import origins_in
from rightful.policy.profiles import CONFIDENCE
from rightful.policy.protection_terms import Dates, status_in, term_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rightful.policy.policy import Policy

Row = dict[str, Any]
READ_HERE = "V"
CONFIDENCE_ZH = {"V": "已核对原文", "S": "依据已查阅的二手来源", "M": "未重新核对原文，使用前请查证"}
_PUBLIC_DOMAIN = "public_domain_in"
_COMPUTED = "computed"
_OVERRIDDEN = "LICENCE_OVERRIDES"


def rights_facts(rows: Sequence[Row], policy: Policy, built_on: str) -> dict[str, Any]:
    """Gather what is known of the rights in the records.

    Args:
        rows: of the table of situations.
        policy: whose jurisdictions count.
        built_on: the day up to which terms of protection were counted (ISO 8601); empty where not known.
    """
    return {
        "work_status": _work_status(rows, policy, built_on),
        "licences": _licences(rows),
        "filled_by": _filled_by(rows),
        "overridden": sum(row["records"] for row in rows if _OVERRIDDEN in row["reasons"]),
    }


def confidence_facts(confidence: str) -> dict[str, str]:
    """Say in words how far somebody here has read what a legal statement rests on."""
    return {
        "confidence": confidence,
        "confidence_says": CONFIDENCE.get(confidence, CONFIDENCE["M"]),
        "confidence_zh": CONFIDENCE_ZH.get(confidence, CONFIDENCE_ZH["M"]),
    }


def _work_status(rows: Sequence[Row], policy: Policy, built_on: str) -> dict[str, Any]:
    """Count records by where their work is in the public domain; what is not known to be counts as protected."""
    wanted = policy.scenario.jurisdictions
    how = [(row, origins_in(row["filled_by"], _PUBLIC_DOMAIN)) for row in rows]
    computed = sum(row["records"] for row, origins in how if _COMPUTED in origins)
    declared = _declared_dates(policy, built_on)
    shown = {place for row, origins in how if _COMPUTED in origins for place in row[_PUBLIC_DOMAIN]}
    rules = _rules([place for place in wanted if place in shown or declared])
    return {
        "built_on": built_on,
        "jurisdictions": [
            {
                "jurisdiction": place,
                "public_domain": by_admission(row for row in rows if place in row[_PUBLIC_DOMAIN]),
                "protected_or_unknown": by_admission(row for row in rows if place not in row[_PUBLIC_DOMAIN]),
            }
            for place in wanted
        ],
        "by": counted(("+".join(origins), row["records"]) for row, origins in how if origins),
        "stated": counted((row["work_status"], row["records"]) for row in rows),
        "computed": computed,
        "rules": rules,
        "rules_not_read": sum(rule["confidence"] != READ_HERE for rule in rules),
        "dates_of_sources": declared,
    }


def _rules(places: Iterable[str]) -> list[Row]:
    """List the rows of the table of terms for these jurisdictions: which law, of when, and who read it."""
    wanted = set(places)
    return [
        {
            "jurisdiction": rule.jurisdiction,
            "works": rule.works,
            "since": rule.since,
            "years": rule.years,
            "published_before": rule.published_before,
            "published_from": rule.published_from,
            "source": rule.source,
            "date": rule.date,
            **confidence_facts(rule.confidence),
        }
        for rule in term_rules()
        if rule.jurisdiction in wanted
    ]


def _declared_dates(policy: Policy, built_on: str) -> list[Row]:
    """Show the arithmetic for sources that state dates of all their works alike."""
    if not built_on:
        return []
    found = []
    for source in policy.sources:
        if source.dates in {Dates(), Dates(works=source.works)}:
            continue
        for place in policy.scenario.jurisdictions:
            status = status_in(place, source.dates, int(built_on[:4]))
            confidence = status.rule.confidence if status.rule else "M"
            found.append(
                {
                    "source": source.name,
                    "jurisdiction": place,
                    "status": status.status,
                    "reason": status.reason,
                    **confidence_facts(confidence),
                }
            )
    return found


def _licences(rows: Sequence[Row]) -> list[Row]:
    """Count admitted records by licence and how it is evidenced, and beside them what was held and excluded."""
    by_licence: dict[str, list[Row]] = {}
    for row in rows:
        by_licence.setdefault(row["licence"], []).append(row)
    found = []
    for licence, own in by_licence.items():
        evidenced: Counter[str] = Counter()
        for row in own:
            if row["admission"] == "admit":
                evidenced[row["licence_evidence"]] += row["records"]
        evidence = {level.value: evidenced[level.value] for level in LicenceEvidence}
        found.append({"licence": licence, "evidence": evidence, **by_admission(own)})
    return sorted(found, key=lambda row: (-row["admit"], -row["hold"] - row["exclude"], row["licence"]))


def _filled_by(rows: Sequence[Row]) -> list[Row]:
    """Count records by fact and by who stated it."""
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for filled in row["filled_by"]:
            fact, _, origin = filled.partition(":")
            counted[fact, origin] += row["records"]
    return [{"fact": fact, "origin": origin, "records": records} for (fact, origin), records in sorted(counted.items())]
