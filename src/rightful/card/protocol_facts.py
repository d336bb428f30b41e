"""What the protocols of reservation said, as the card tells it: looked for or not, found, denying, changed since."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from rightful.card.claims import REGISTER
from rightful.card.provenance_facts import counted
from rightful.facts.decision import Admission
from rightful.facts.rights import Terms
from rightful.facts.situation import RobotsFact
from rightful.facts.statement import Preference
from rightful.ledger.run_directory import EVIDENCE, RunDirectory
from rightful.policy.reasons import reason_of
from rightful.policy.signal_gates import DENIALS
from rightful.signals import licence, rsl
from rightful.signals.locations import ROBOTS, RSL
from rightful.signals.page_fields import PROTOCOLS
from rightful.signals.product_tokens import token_table
from rightful.signals.robots_txt import LENIENCY, RobotsTxt
from rightful.signals.site_files import SITE_FILES
from rightful.snapshot.model import Kind
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from rightful.policy.policy import Policy

TERMS = "terms of service"  # nobody here reads them: what a column or the policy declares of them counts
_SIGNALS_OF = {
    protocol: tuple(name for name, kind in SITE_FILES.items() if protocol in kind.protocols)
    for kind in SITE_FILES.values()
    for protocol in kind.protocols
} | {rsl.PROTOCOL: (RSL,), "robots": (ROBOTS,)}
_NOT_LOOKED = {fact.value for fact in (RobotsFact.UNKNOWN, RobotsFact.CUT, RobotsFact.UNREACHABLE)}
_OF_PROTOCOLS = ("RESERVED", "CONDITIONAL", "UNREADABLE")
_NO_DENIAL = {"allow", "missing", "missing:refused"}


def protocol_facts(run: RunDirectory, situations: pa.Table) -> list[dict[str, Any]]:
    """Say for every protocol for how many records it was looked for, what it said of them, and what it did to them.

    A protocol is looked for where something was there that could have held its words: a capture of its file, a record's
    response, page or embedded metadata. For the others nothing is known, and nothing is claimed.
    """
    names = ["records", "reasons", "looked_for", "looked_for_fetch", "tos", "optouts"]
    names += [f"{fact}_{when}" for fact in ("stated", "robots") for when in ("fetch", "build")]
    rows = situations.select(names).to_pylist()
    for row in rows:
        row["removed_by"] = {
            protocol: max(_does(reason) for reason in row["reasons"] if _protocol_of(reason) == protocol)
            for protocol in map(_protocol_of, row["reasons"])
        }
        for when in ("fetch", "build"):
            row[when] = {said.partition(":")[0] for said in row[f"stated_{when}"]} | _robots_said(row[f"robots_{when}"])
        for when, names in (("build", row["looked_for"]), ("fetch", row["looked_for_fetch"])):
            if row[f"robots_{when}"] not in _NOT_LOOKED:
                names.append("robots")
        if run.manifest.register is not None:
            row["looked_for"].append(REGISTER)
        if row["optouts"]:
            row["build"].add(f"{REGISTER}={Preference.DENY}")
        if row["tos"] != Terms.UNKNOWN:
            row["looked_for"].append(TERMS)
        if row["tos"] == Terms.RESERVED:
            row["build"].add(f"{TERMS}={Preference.DENY}")
    files = _files(Snapshot.open(run.root / EVIDENCE).captures)
    found = [_protocol(name, rows, files) for name in dict.fromkeys(("robots", *_SIGNALS_OF, *PROTOCOLS))]
    return [*found, *(_protocol(name, rows, files) for name in (REGISTER, TERMS))]


def _protocol(name: str, rows: Iterable[dict[str, Any]], files: dict[str, Counter[str]]) -> dict[str, Any]:
    """Count records a protocol touched, and by what it said of them, whatever else removed them."""
    counted: Counter[Any] = Counter()
    found = sum((files.get(signal, Counter()) for signal in _SIGNALS_OF.get(name, ())), Counter())
    records = looked_for = drift = 0
    for row in rows:
        records += row["records"]
        looked_for += row["records"] if name in row["looked_for"] else 0
        if name in row["removed_by"]:
            counted[row["removed_by"][name]] += row["records"]
        for preference in Preference:
            if f"{name}={preference}" in row["fetch"] | row["build"]:
                counted[preference] += row["records"]
        reserved = {f"{name}={preference}" for preference in (Preference.DENY, Preference.CONDITIONAL)}
        if name in row["looked_for_fetch"] and row["build"] & reserved and not row["fetch"] & reserved:
            drift += row["records"]
    return {
        "protocol": name,
        "looked_for": bool(looked_for),
        "records_looked_for": looked_for,
        "coverage": looked_for * 10_000 // records / 10_000 if records else 0.0,  # never rounded up to all
        "files": dict(sorted(found.items())),
        "excluded": counted[Admission.EXCLUDE],
        "held": counted[Admission.HOLD],
        "drift": drift,
        "stated": {preference.value: counted[preference] for preference in Preference if counted[preference]},
    }


def _robots_said(fact: str) -> set[str]:
    """Give what robots.txt said as the other protocols have it."""
    if fact == RobotsFact.ALLOW.value:
        return {f"robots={Preference.ALLOW}"}
    return {f"robots={Preference.DENY}"} if RobotsFact(fact) in DENIALS else set()


def _files(captures: pa.Table) -> dict[str, Counter[str]]:
    """Count the captures of each signal by what they found; a web page in the place of a file is no file."""
    found: dict[str, Counter[str]] = {}
    for row in captures.group_by(["signal", "outcome", "kind"]).aggregate([([], "count_all")]).to_pylist():
        what = "web page" if row["kind"] == Kind.HTML.value else row["outcome"]
        found.setdefault(row["signal"], Counter())[what] += row["count_all"]
    return found


def _protocol_of(reason: str) -> str:
    """Give the protocol behind a reason; empty where there is none."""
    code, _, detail = reason.partition(":")
    if code.startswith("ROBOTS"):
        return "robots"
    if code == "RESERVED_TOS":
        return TERMS
    if code.startswith("OPTOUT"):
        return REGISTER
    if detail == "page":
        return licence.PROTOCOL
    return detail if code.startswith(_OF_PROTOCOLS) else ""


def _does(reason: str) -> Admission:
    """Give what a reason does by itself, whatever another one of the record does."""
    return Admission.HOLD if reason_of(reason).holds else Admission.EXCLUDE


def robots_facts(run: RunDirectory, situations: pa.Table, policy: Policy) -> dict[str, Any]:
    """Say which robots.txt files were used, how they had to be read, and what they said."""
    evidence = Snapshot.open(run.root / EVIDENCE)
    captures = evidence.captures.filter(pc.equal(evidence.captures["signal"], ROBOTS))
    times = [moment for moment in captures["fetched_at"].to_pylist() if moment is not None]
    leniency: Counter[str] = Counter()
    for row in pc.value_counts(captures["body_sha256"].drop_null()).to_pylist():
        robots = RobotsTxt.parse(evidence.body(row["values"]))
        for name in robots.leniency:
            leniency[name] += row["counts"]
    return {
        "captures": captures.num_rows,
        "first": min(times).isoformat() if times else None,
        "last": max(times).isoformat() if times else None,
        "undated": captures.num_rows - len(times),
        "outcomes": _value_counts(captures, "outcome"),
        "leniency": [
            {"name": name, "meaning": LENIENCY[name], "captures": leniency[name]} for name in sorted(leniency)
        ],
        "at_fetch": _fact_counts(situations, "robots_fetch"),
        "now": _fact_counts(situations, "robots_build"),
        "drift": _drift(situations),
        "tokens": list(policy.crawler.effective),
        "token_table": token_table().version,
    }


def _drift(situations: pa.Table) -> int:
    """Count records whose site allowed them when they were fetched and denies them now, by whatever protocol."""
    return sum(
        row["records"]
        for row in situations.to_pylist()
        if row["robots_fetch"] in _NO_DENIAL and not _reserved(row, "fetch")
        if row["robots_build"].startswith("disallow") or _reserved(row, "build")
    )


def _reserved(row: dict[str, Any], when: str) -> bool:
    stated = {said.partition("=")[2].partition(":")[0] for said in row[f"stated_{when}"]}
    return bool(stated & {Preference.DENY.value, Preference.CONDITIONAL.value})


def _fact_counts(situations: pa.Table, name: str) -> dict[str, int]:
    return counted((row[name], row["records"]) for row in situations.select([name, "records"]).to_pylist())


def _value_counts(table: pa.Table, name: str) -> dict[str, int]:
    counted = pc.value_counts(table[name]).to_pylist()
    return {row["values"]: row["counts"] for row in sorted(counted, key=lambda row: row["values"])}
