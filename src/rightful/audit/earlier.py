"""A version beside the one it was made of: the same records, in the same order, but for those that were withdrawn.

The older version has the records that are gone. They are decided again by the opt-outs of the newer one: what nobody
opted out cannot be made to vanish, whatever the newer one's ledger states of it.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.audit.chain import chain_findings
from rightful.audit.data_again import screener_of, sketch_in
from rightful.facts.decision import Admission
from rightful.ledger.checksums import changed_files
from rightful.ledger.manifest import Manifest, version_of
from rightful.ledger.run_directory import MANIFEST, POLICY, WITHDRAWAL
from rightful.ledger.situations import read_situation
from rightful.policy.policy_file import read_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.facts.decision import Decision
    from rightful.facts.situation import Situation
    from rightful.ledger.run_directory import RunDirectory
    from rightful.register.export import Register
    from rightful.screening.screener import Screener

_BATCH = 65_536
_COMPARED = ["admission", "situation", "shared_shingles", "text_shingles"]
_MAY_DIFFER = {"tool", "plan", "register", "data", "counts", "earlier", "root"}
# What a withdrawal changes of a ledger row: the decision, and what a text is looked up by.
_DECIDED = ("admission", "reasons", "tier", "situation")
_OF_TEXT = ("text_sha256", "shared_shingles", "text_shingles")
_OF_OPTOUTS = {"optouts", "matches", "restricted_at", "licence_older"}
_Known = dict[int, tuple["Situation", "Decision"]]


def compare_chain(
    run: RunDirectory, earlier: RunDirectory | None, export: Register | None = None
) -> tuple[list[str], str]:
    """Look at the chain of a version, and at the version before where that is given; say what is wrong, and a note."""
    findings = list(chain_findings(run))
    if earlier is not None and not findings:
        findings += compare_versions(earlier, run, export)
    if not run.manifest.earlier:
        return findings, "made of its inputs"
    told = "" if earlier is None else ", compared with the one before"
    return findings, f"version {len(run.manifest.earlier) + 1} of a chain{told}"


def compare_versions(old: RunDirectory, new: RunDirectory, export: Register | None = None) -> Iterator[str]:
    """Say how a version is another one than its chain says, or differs from the one before by more than it may.

    Yields:
        One sentence each.
    """
    yield from (f"the earlier version: {finding}" for finding in changed_files(old.root))
    link = version_of((old.root / MANIFEST).read_bytes())
    if not new.manifest.earlier or new.manifest.earlier[-1] != link:
        yield f"{MANIFEST} is chained to another version than {old.root}"
        return
    if new.manifest.earlier[:-1] != old.manifest.earlier:
        yield f"{MANIFEST} has another chain than the earlier version"
    for name in (field.name for field in fields(Manifest)):
        if name not in _MAY_DIFFER and getattr(old.manifest, name) != getattr(new.manifest, name):
            yield f"{MANIFEST} states {name} otherwise than the earlier version"
            return
    known = [{row["situation"]: read_situation(row) for row in run.situations().to_pylist()} for run in (old, new)]
    screener = screener_of(new, read_policy(new.root / POLICY), export)
    for number, part in enumerate(new.manifest.ledger):
        ledgers = old.root / part, new.root / part
        yield from _compare_ledgers(*ledgers, known[0], known[1])
        if new.manifest.mode != "ledger":
            yield from _compare_shards(old, new, number, ledgers, screener)
    yield from _miscounted(old, new)


def _compare_ledgers(old: Path, new: Path, was: _Known, now: _Known) -> Iterator[str]:
    sides = [pq.ParquetFile(file).iter_batches(_BATCH) for file in (old, new)]
    name = f"{new.parent.name}/{new.name}"
    seen: set[tuple[int, int]] = set()
    while True:
        before, after = (next(side, None) for side in sides)
        if before is None or after is None:
            break
        if before.num_rows != after.num_rows:
            yield f"{name} has other rows than in the earlier version"
            return
        changed = pc.not_equal(before.column("situation"), after.column("situation"))
        for column in before.schema.names:
            ours, theirs = after.column(column), before.column(column)
            if column in _OF_TEXT:
                ours, theirs = ours.filter(theirs.is_valid()), theirs.filter(theirs.is_valid())
            elif column in _DECIDED:
                ours, theirs = (side.filter(pc.invert(changed)) for side in (ours, theirs))
            if column != "shared_shingles" and not ours.equals(theirs):
                yield f"{name}: {column} differs from the earlier version by more than opt-outs"
                return
        pairs = [side.column("situation").filter(changed).to_pylist() for side in (before, after)]
        seen |= set(zip(*pairs, strict=True))
    if before is not None or after is not None:
        yield f"{name} has other rows than in the earlier version"
    for pair in sorted(seen):
        yield from _by_more_than_optouts(name, was.get(pair[0]), now.get(pair[1]))


def _by_more_than_optouts(
    name: str, was: tuple[Situation, Decision] | None, now: tuple[Situation, Decision] | None
) -> Iterator[str]:
    if was is None or now is None:
        yield f"{name} has rows in a situation that is not among the run's"
        return
    (before, decided), (after, decides) = was, now
    other = {fact for fact, value in before.facts.items() if after.facts[fact] != value}
    if other - _OF_OPTOUTS:
        yield f"{name}: records differ in {min(other - _OF_OPTOUTS)}, which no opt-out changes"
    if not set(after.optouts) and before.optouts:
        yield f"{name}: records lost the opt-outs they had"
    if decides.admission < decided.admission:
        yield f"{name}: records are decided less strictly than in the earlier version"


def _compare_shards(
    old: RunDirectory, new: RunDirectory, number: int, ledgers: tuple[Path, Path], screener: Screener
) -> Iterator[str]:
    before, after = old.manifest.data[number], new.manifest.data[number]
    if after.register is not None and after.sha256 != before.sha256:
        yield f"{after.path} is said to be the earlier version's, and is another file"
        return
    if after.sha256 == before.sha256:
        return
    everything = new.manifest.mode == "label"
    label = new.manifest.columns["label"]
    rows = [pq.read_table(file, columns=_COMPARED) for file in ledgers]
    admitted = [_mask(pc.equal(side["admission"], Admission.ADMIT.word)) for side in rows]
    changed = _mask(pc.not_equal(rows[0]["situation"], rows[1]["situation"]))
    shipped = np.ones_like(changed) if everything else admitted[0]
    kept = np.ones(int(shipped.sum()), bool) if everything else admitted[1][shipped]
    otherwise, situations = changed[shipped], rows[1]["situation"].to_numpy()[shipped]
    relabelled = otherwise[kept]
    stated = rows[1].filter(pa.array(shipped))
    theirs = pq.ParquetFile(old.root / before.path).iter_batches(_BATCH)
    ours = _Rows(new.root / after.path)
    row = written = 0
    for batch in theirs:
        here = slice(row, row + batch.num_rows)
        chosen = batch.filter(pa.array(kept[here]))
        mask = pa.array(otherwise[here])
        again = _decided_again(screener, batch.filter(mask), stated.slice(row, batch.num_rows).filter(mask))
        if not np.array_equal(again, situations[here][otherwise[here]]):
            yield f"{after.path}: by the opt-outs, records that are gone or labelled anew are decided otherwise"
            return
        row += batch.num_rows
        found = ours.next(chosen.num_rows)
        same = pa.array(~relabelled[written : written + chosen.num_rows])
        written += chosen.num_rows
        expected = pa.Table.from_batches([chosen]).replace_schema_metadata()
        if found.num_rows != expected.num_rows or found.schema.names != expected.schema.names:
            yield f"{after.path} holds other records than the earlier version without the withdrawn ones"
            return
        labels = [side[label].combine_chunks().filter(same) for side in (expected, found)]
        others = [side.drop_columns([label]) for side in (expected, found)]
        if not labels[0].equals(labels[1]) or not others[0].equals(others[1]):
            yield f"{after.path} differs from the earlier version by more than the withdrawn records"
            return
    if row != len(kept) or ours.next(1).num_rows:
        yield f"{after.path} holds other records than the earlier version without the withdrawn ones"


def _miscounted(old: RunDirectory, new: RunDirectory) -> Iterator[str]:
    """Count what the version tells of its withdrawal again, by the ledgers of both."""
    manifest = new.manifest
    otherwise, shards = 0, {}
    for path, part in zip([file.path for file in manifest.data] or manifest.ledger, manifest.ledger, strict=True):
        rows = [pq.read_table(run.root / part, columns=["admission", "situation"]) for run in (old, new)]
        if rows[0].num_rows != rows[1].num_rows:
            return  # said already
        was, now = (_mask(pc.equal(side["admission"], Admission.ADMIT.word)) for side in rows)
        changed = _mask(pc.not_equal(rows[0]["situation"], rows[1]["situation"]))
        otherwise += int(changed.sum())
        stays = {"screen": was & now, "label": ~(was & ~now)}.get(manifest.mode, np.zeros_like(was))
        counted = {"removed": int((was & ~now).sum()), "relabelled": int((changed & stays).sum())}
        if any(counted.values()) if manifest.mode != "ledger" else changed.any():
            shards[path] = counted
    told = json.loads((new.root / WITHDRAWAL).read_bytes())
    sums = {name: sum(shard[name] for shard in shards.values()) for name in ("removed", "relabelled")}
    stated = {"shards": shards, "decided_otherwise": otherwise, **sums}
    if any(told[name] != value for name, value in stated.items()):
        yield f"{WITHDRAWAL} counts other records than differ from the earlier version"


def _decided_again(screener: Screener, records: pa.RecordBatch, stated: pa.Table) -> np.ndarray:
    """Give the situation of each record, as if it had just come in; `stated` are its rows of the ledger."""
    if not records.num_rows:
        return np.zeros(0, np.int64)
    examined = screener.examine(records, sketch_in(stated, screener))
    numbers: np.ndarray = np.array([number for _, number in examined.decided], np.int64)
    return numbers.take(examined.observation.situation)


def _mask(values: pa.ChunkedArray) -> np.ndarray:
    mask: np.ndarray = values.to_numpy()
    return mask.astype(bool)


class _Rows:
    """Reads so many rows at a time, wherever the row groups end."""

    def __init__(self, file: Path) -> None:
        source = pq.ParquetFile(file)
        self._batches = source.iter_batches(_BATCH)
        self._waiting = source.schema_arrow.remove_metadata().empty_table()

    def next(self, rows: int) -> pa.Table:
        """Give the next rows, fewer where there are no more."""
        parts, wanted = [self._waiting], rows - self._waiting.num_rows
        while wanted > 0:
            batch = next(self._batches, None)
            if batch is None:
                break
            parts.append(pa.Table.from_batches([batch]).replace_schema_metadata())
            wanted -= batch.num_rows
        joined = pa.concat_tables(parts)
        self._waiting = joined.slice(rows)
        return joined.slice(0, rows)
