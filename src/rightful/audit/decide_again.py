"""Deciding again, from the evidence that lies in a run and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.rights import Unlawful
from rightful.facts.situation import ROBOTS_CODES, Situation, UrlFact
from rightful.ledger.run_directory import EVIDENCE, OPTOUTS
from rightful.ledger.situations import read_situation
from rightful.policy.deciding import decide
from rightful.register.export import Register
from rightful.screening.labels import site_column
from rightful.screening.locate import URL_CODES
from rightful.screening.optout_columns import optout_names
from rightful.screening.rights_columns import RestrictionDates, of_listed_sites
from rightful.screening.settled import summarised
from rightful.screening.signal_lookup import Locations, SignalLookup, looked_for_names
from rightful.screening.text_matches import read_sketch
from rightful.snapshot.capture_index import NO_TIME
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy

LEDGER_COLUMNS = [
    "input",
    "row",
    "id",
    "url",
    "final_url",
    "account",
    "fetched_at",
    "text_sha256",
    "shared_shingles",
    "text_shingles",
    "situation",
    "url_sha256",
    "site",
    "fields",
]
# A location that is too long, or no text, is held for that; the ledger has its digest, or that of neither location.
_NOT_KEPT = {UrlFact.UNREADABLE.value, UrlFact.TOO_LONG.value}


@dataclass
class Redecided:
    """How many records were decided again, how many could not be, and which came out otherwise (`id: what`)."""

    records: int = 0
    not_kept: int = 0
    differing: list[str] = field(default_factory=list)


def evidence_lookup(run: RunDirectory, policy: Policy) -> SignalLookup:
    """Look signals up in the run's own captures and opt-outs."""
    snapshot = Snapshot.open(run.root / EVIDENCE, run.manifest.evidence)
    register = Register.open(run.root / OPTOUTS) if run.manifest.register is not None else None
    return SignalLookup(policy, snapshot, register)


def decide_situations_again(run: RunDirectory, policy: Policy) -> list[str]:
    """Decide every situation again under the policy in the run; list those that come out otherwise."""
    findings = []
    for row in run.situations().to_pylist():
        situation, decision = read_situation(row)
        if situation.id != row["situation"]:
            findings.append(f"situation {row['situation']}: its facts have another digest")
        elif decide(situation, policy) != decision:
            findings.append(f"situation {row['situation']}: the policy decides otherwise")
    return findings


def ledger_batches(run: RunDirectory, *, every: int) -> Iterator[pa.RecordBatch]:
    """Give the ledger, or every so-manieth row of it, beginning at a row that the run's root settles."""
    offset = int(run.manifest.root[-8:], 16) % every
    row = 0
    for batch in run.ledger_batches(LEDGER_COLUMNS):
        if every == 1:
            yield batch
        else:
            picked = np.arange((offset - row) % every, batch.num_rows, every)
            if len(picked):
                yield batch.take(pa.array(picked))
        row += batch.num_rows


def observe_again(
    run: RunDirectory, policy: Policy, batches: Iterator[pa.RecordBatch], lookup: SignalLookup
) -> Redecided:
    """Look up again what the signals say about ledger rows, and compare with the situations they are in."""
    known = {row["situation"]: read_situation(row)[0] for row in run.situations().to_pylist()}
    keep = policy.ledger.locations == "keep"
    dates = RestrictionDates(policy, lookup)
    result = Redecided()
    for batch in batches:
        locations = locations_of(batch, keep=keep)
        signals = lookup.signals(locations)
        listed = of_listed_sites(policy, signals)
        stated = [known.get(number) for number in batch.column("situation").to_pylist()]
        without = batch.column("url").is_null().to_pylist()
        digested = batch.column("url_sha256").is_valid().to_pylist()
        sites, stated_sites = site_column(signals.located).to_pylist(), batch.column("site").to_pylist()
        for at, situation in enumerate(stated):
            if situation is None:
                result.differing.append(f"{_name(batch, at)}: its situation is not among the run's")
                continue
            url = URL_CODES[signals.url[at]].value
            if url != situation.url and _is_kept_elsewhere(batch, at, situation, run, keep=keep):
                result.not_kept += 1
                continue
            result.records += 1
            if sites[at] != stated_sites[at] and (keep or not without[at]):
                result.differing.append(f"{_name(batch, at)}: its site is {sites[at]}, the ledger says another")
            if keep and digested[at] and not without[at]:
                result.differing.append(f"{_name(batch, at)}: the ledger has its URL and a digest of it as well")
            pages = [facts.value(at) for facts in signals.pages or ()] or [None, None]
            at_fetch, now = (page.statements if page else () for page in pages)
            page = pages[1]
            dated = dates.dated(situation, locations, at) if dates.concerns(situation) else situation
            found = {
                "url": url,
                "robots_fetch": ROBOTS_CODES[signals.fetch[at]].value,
                "robots_build": ROBOTS_CODES[signals.build[at]].value,
                "optouts": optout_names(int(signals.optouts[at])),
                "matches": signals.matches.value(at) if signals.matches is not None else (),
                "stated_fetch": summarised(policy, signals.files(at), at_fetch, now=False),
                "stated_build": summarised(policy, signals.files(at), now, now=True),
                "licences_named": page.licences if page else (),
                "looked_for": looked_for_names(int(signals.looked_for[at]), page),
                "looked_for_fetch": looked_for_names(int(signals.looked_for_fetch[at]), page),
                "restricted_at": dated.restricted_at,
                "licence_older": dated.licence_older,
            }
            if listed[at] and situation.unlawful == Unlawful.NONE.value:
                found["unlawful"] = Unlawful.UNLAWFUL_SOURCE.value
            result.differing += _differences(_name(batch, at), found, situation)
    return result


def _is_kept_elsewhere(batch: pa.RecordBatch, at: int, situation: Situation, run: RunDirectory, *, keep: bool) -> bool:
    """Tell whether a location is not in the ledger by its own rules, so that nothing can be looked up again."""
    if not keep:
        return not batch.column("url")[at].is_valid
    if situation.url not in _NOT_KEPT:
        return False
    if batch.column("url")[at].is_valid:
        return "final_url" in run.manifest.columns and not batch.column("final_url")[at].is_valid
    return batch.column("url_sha256")[at].is_valid and not batch.column("site")[at].is_valid


def _differences(name: str, found: dict[str, Any], situation: Situation) -> list[str]:
    return [
        f"{name}: {fact} is {value!r} by the evidence, {getattr(situation, fact)!r} by the run"
        for fact, value in found.items()
        if value != getattr(situation, fact)
    ]


def _name(batch: pa.RecordBatch, at: int) -> str:
    return f"record {batch.column('id')[at].as_py()}"


def locations_of(batch: pa.RecordBatch, *, keep: bool) -> Locations:
    """Read the locations of ledger rows; without `keep` the ledger holds digests of them."""
    times = batch.column("fetched_at")
    digests = batch.column("text_sha256")
    finals = batch.column("final_url")
    return Locations(
        urls=batch.column("url"),
        finals=finals if keep and finals.null_count < len(finals) else None,
        fetched_at=None if times.null_count == len(times) else _seconds(times),
        accounts=batch.column("account") if keep else None,
        fields=batch.column("fields"),
        digests=None if digests.null_count == len(digests) else digests.to_pylist(),
        sketch=read_sketch(batch.column("shared_shingles"), batch.column("text_shingles")),
    )


def _seconds(times: pa.Array) -> np.ndarray:
    # Parquet has no whole seconds: what was written as such comes back in milliseconds.
    values: np.ndarray = (
        pc.cast(pc.cast(times, pa.timestamp("s", tz="UTC")), pa.int64()).fill_null(int(NO_TIME)).to_numpy()
    )
    return values
