"""One ledger part decided again by the merged opt-outs, beside the records that ship.

Records that are there are observed and decided as if they had just come in, exactly as `verify` does. Of the others
only the ledger is left: what it holds is looked up, and what it does not hold stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rightful.audit.decide_again import locations_of
from rightful.errors import VerificationError
from rightful.facts.decision import Admission
from rightful.facts.situation import UrlFact
from rightful.ledger.situations import decision_facts
from rightful.policy.deciding import decide
from rightful.policy.overrides import UNKNOWN_DATE
from rightful.register.entries import KeyKind
from rightful.register.matching import KINDS as MATCH_KINDS
from rightful.runner.shard import LEDGER_PART
from rightful.screening.fact_columns import Coded
from rightful.screening.optout_columns import optout_names
from rightful.screening.rights_columns import RestrictionDates
from rightful.screening.text_matches import read_sketch
from rightful.withdrawal.aligned import Aligned
from rightful.withdrawal.found import BATCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rightful.facts.decision import Decision
    from rightful.facts.situation import Situation
    from rightful.screening.screener import Examined
    from rightful.screening.signal_lookup import Locations
    from rightful.snapshot.store import Snapshot
    from rightful.withdrawal.basis import Basis
    from rightful.withdrawal.found import Found

ADMITTED = Admission.ADMIT.word
_BY_PLACE = (KeyKind.URL, KeyKind.PREFIX, KeyKind.HOST, KeyKind.SITE, KeyKind.ACCOUNT)
_BY_DIGEST = (KeyKind.CONTENT,)
_BY_SKETCH = MATCH_KINDS
# What an opt-out changes of a situation. Anything else that comes out otherwise is a fault of the run, or of ours.
_OF_OPTOUTS = ("optouts", "matches", "restricted_at", "licence_older")
# Columns that stay, and those in which a record that is there leaves what it is looked up by.
_OF_PLACE = ("input", "row", "id")
_OF_TEXT = ("text_sha256", "shared_shingles", "text_shingles")


@dataclass(slots=True)
class Piece:
    """Some records of the data with their ledger rows, decided again.

    Attributes:
        at: which rows of the ledger batch they are.
        examined: the records, observed and decided.
        changed: which of them are decided otherwise.
        removed: which of them were admitted and no longer are.
    """

    at: np.ndarray
    examined: Examined
    changed: np.ndarray
    removed: np.ndarray


@dataclass(slots=True)
class Redecided:
    """A batch of the ledger decided again.

    Attributes:
        before, after: its rows as they were, and as they are now.
        changed: which rows are decided otherwise.
        pieces: the records of it that are in the data, in order.
    """

    before: pa.RecordBatch
    after: pa.RecordBatch
    changed: np.ndarray
    pieces: list[Piece] = field(default_factory=list)


class Redecider:
    """Decides ledger parts again.

    Args:
        basis: the run.
        found: what the register names in it.
        nothing: a snapshot without captures.

    Attributes:
        decided: every situation of the run, and every one that came up, with its decision; by id.
    """

    def __init__(self, basis: Basis, found: Found, nothing: Snapshot) -> None:
        self._basis = basis
        self._screener = basis.screener(found.merged)
        self._alone = basis.register_alone(found.merged, nothing)
        self._dates = RestrictionDates(basis.policy, self._alone)
        self.decided: dict[int, tuple[Situation, Decision]] = dict(basis.situations)

    def part(self, number: int) -> Iterator[Redecided]:
        """Decide one part, batch by batch.

        Raises:
            VerificationError: the run's own evidence does not give what the run decided.
        """
        run = self._basis.run
        data = Aligned(run.root / run.manifest.data[number].path, BATCH) if self._basis.has_data else None
        for batch in pq.ParquetFile(run.root / run.manifest.ledger[number]).iter_batches(BATCH):
            yield self._batch(batch.cast(LEDGER_PART), data)

    def _batch(self, batch: pa.RecordBatch, data: Aligned | None) -> Redecided:
        admitted = pc.equal(batch.column("admission"), ADMITTED).to_numpy(zero_copy_only=False)
        shipped = admitted | (self._basis.run.manifest.mode == "label") if data else np.zeros_like(admitted)
        pieces = list(self._pieces(batch, np.flatnonzero(shipped), admitted, data)) if data else []
        after, changed = _with_pieces(batch, pieces)
        others = np.flatnonzero(~shipped)
        rest = batch.take(pa.array(others))
        numbers = self._of_ledger(rest)
        moved = numbers != rest.column("situation").to_numpy()
        self._confirm(rest.column("situation").to_numpy()[moved], numbers[moved])
        after = self._with_decisions(after, others[moved], numbers[moved])
        changed[others[moved]] = True
        return Redecided(batch, after, changed, pieces)

    def _pieces(self, batch: pa.RecordBatch, rows: np.ndarray, admitted: np.ndarray, data: Aligned) -> Iterator[Piece]:
        before = batch.column("situation").to_numpy()
        done = 0
        for records in data.next(len(rows)):
            at = rows[done : done + records.num_rows]
            done += records.num_rows
            known = batch.take(pa.array(at))
            sketch = read_sketch(known.column("shared_shingles"), known.column("text_shingles"))
            examined = self._screener.examine(records, sketch)
            numbers = np.array([number for _, number in examined.decided], np.int64)[examined.observation.situation]
            for situation, (decision, number) in zip(examined.observation.situations, examined.decided, strict=True):
                self.decided.setdefault(number, (situation, decision))
            changed = numbers != before[at]
            self._confirm(before[at][changed], numbers[changed])
            yield Piece(at, examined, changed, admitted[at] & ~examined.admitted)
        if done != len(rows):
            raise VerificationError("the data holds fewer records than the ledger admitted", findings=["data"])

    def _confirm(self, before: np.ndarray, after: np.ndarray) -> None:
        """Make sure that nothing but opt-outs made a difference, and that it restricts."""
        for old, new in np.unique(np.stack([before, after], axis=1), axis=0).tolist():
            known = self.decided.get(old)
            if known is None:
                raise VerificationError(f"situation {old} is not among the run's", findings=[str(old)])
            (was, decided), (now, decides) = known, self.decided[new]
            if replace(now, **{name: getattr(was, name) for name in _OF_OPTOUTS}) != was:
                raise VerificationError(
                    f"the run's own evidence does not give the facts of situation {old}",
                    hint="rightful verify says where; screen the inputs again",
                    findings=[str(old)],
                )
            if decides.admission < decided.admission:
                raise VerificationError(
                    f"situation {old} would be decided less strictly than before, and withdrawing never loosens",
                    hint="screen the inputs again, with the newest register",
                    findings=[str(old)],
                )

    def _of_ledger(self, rows: pa.RecordBatch) -> np.ndarray:
        """Give the situations of records that are not in the data, by what the ledger has of them."""
        before: np.ndarray = rows.column("situation").to_numpy()
        after = before.copy()
        if not rows.num_rows:
            return after
        locations = locations_of(rows, keep=self._basis.keep)
        signals = self._alone.signals(locations)
        matches = signals.matches or Coded(np.zeros(rows.num_rows, np.int64), ((),))
        given = [_is_there(rows.column(name)) for name in ("text_sha256", "shared_shingles")]
        keys = np.stack([before, signals.optouts, matches.codes, *given], axis=1, dtype=np.int64, casting="unsafe")
        alike, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        for number, (old, bits, _, digested, sketched) in enumerate(alike.tolist()):
            asked = {*_BY_PLACE, *(_BY_DIGEST if digested else ()), *(_BY_SKETCH if sketched else ())}
            told = matches.value(int(first[number])) if sketched else None
            target, kept = self._named(self.decided[old][0], optout_names(bits), told, asked)
            here = np.flatnonzero(which.reshape(-1) == number)
            if target.optouts and self._dates.concerns(target) and self._is_looked_up(target):
                after[here] = [self._dated(target, kept, locations, row) for row in here.tolist()]
            elif target is not self.decided[old][0]:
                after[here] = self._remember(target)
        return after

    def _is_looked_up(self, situation: Situation) -> bool:
        """Tell whether the ledger has where a record is; that it is nowhere, it always has."""
        return self._basis.keep or situation.url == UrlFact.MISSING.value

    def _named(
        self, situation: Situation, found: Sequence[str], matches: tuple[str, ...] | None, asked: set[str]
    ) -> tuple[Situation, bool]:
        """Give a situation with its opt-outs as they are now, and whether any is kept that nothing can ask for."""
        if not self._is_looked_up(situation):
            return situation, True
        kept = {name for name in situation.optouts if name.partition(":")[0] not in asked}
        names, told = tuple(sorted({*found, *kept})), situation.matches if matches is None else matches
        same = (names, told) == (situation.optouts, situation.matches)
        return (situation if same else replace(situation, optouts=names, matches=told)), bool(kept)

    def _dated(self, target: Situation, kept: bool, locations: Locations, row: int) -> int:  # noqa: FBT001
        dated = self._dates.dated(target, locations, row)
        if kept:  # what nothing can ask for was asked when the record was screened
            restricted = {target.restricted_at, dated.restricted_at}
            older = {target.licence_older, dated.licence_older}
            dated = replace(
                dated,
                restricted_at=UNKNOWN_DATE if UNKNOWN_DATE in restricted else max(restricted),
                licence_older="no" if "no" in older else dated.licence_older,
            )
        return self._remember(dated)

    def _remember(self, situation: Situation) -> int:
        number = situation.id
        if number not in self.decided:
            self.decided[number] = situation, decide(situation, self._basis.policy)
        return number

    def _with_decisions(self, rows: pa.RecordBatch, at: np.ndarray, numbers: np.ndarray) -> pa.RecordBatch:
        """Give ledger rows with other decisions at some of them."""
        if not len(at):
            return rows
        distinct, which = np.unique(numbers, return_inverse=True)
        facts = [decision_facts(self.decided[number][1]) for number in distinct.tolist()]
        values: dict[str, list[Any]] = {
            name: [each[name] for each in facts] for name in ("admission", "reasons", "tier")
        }
        values["situation"] = distinct.tolist()
        more = {name: [pa.array(new, LEDGER_PART.field(name).type)] for name, new in values.items()}
        order = np.arange(rows.num_rows)
        order[at] = rows.num_rows + which
        return _replaced(rows, more, dict.fromkeys(more, order))


def _with_pieces(batch: pa.RecordBatch, pieces: Iterable[Piece]) -> tuple[pa.RecordBatch, np.ndarray]:
    """Give ledger rows as the records say they are now, and which of them are decided otherwise.

    What a text is looked up by is taken of every record that is there: a ledger has it of all of them, or of none.
    """
    order = {name: np.arange(batch.num_rows) for name in LEDGER_PART.names if name not in _OF_PLACE}
    changed = np.zeros(batch.num_rows, bool)
    found, start = [], batch.num_rows
    for piece in pieces:
        rows = piece.examined.ledger()
        place = start + np.arange(rows.num_rows)
        changed[piece.at] = piece.changed
        for name, places in order.items():
            taken = _is_there(rows.column(name)) if name in _OF_TEXT else piece.changed
            places[piece.at[taken]] = place[taken]
        found.append(rows)
        start += rows.num_rows
    if not found:
        return batch, changed
    return _replaced(batch, {name: [rows.column(name) for rows in found] for name in order}, order), changed


def _is_there(values: pa.Array) -> np.ndarray:
    mask: np.ndarray = values.is_valid().to_numpy(zero_copy_only=False)
    return mask


def _replaced(rows: pa.RecordBatch, more: dict[str, list[pa.Array]], order: dict[str, np.ndarray]) -> pa.RecordBatch:
    """Give rows with some columns taken anew, by place among the rows and, after them, what more there is."""
    columns = [
        pa.concat_arrays([rows.column(name), *more[name]]).take(pa.array(order[name]))
        if name in more
        else rows.column(name)
        for name in rows.schema.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)
