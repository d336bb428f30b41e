"""What opt-outs did to the languages and sites of a data set: before, after, how far apart, and when that is an alert.

Before are the records that are admitted, and those that would be if nobody had opted out: their situation is decided
again without its opt-outs. After are the admitted ones. Both are counted from the ledger.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.decision import Admission
from rightful.ledger.situations import read_situation
from rightful.policy.deciding import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy

Row = dict[str, Any]
FEWEST_RECORDS = 50  # of which a value must have lost more than half to be an alert by itself
_LOOKED_AT = ("language", "site")  # columns of the ledger
_SHOWN = 10
_DIGITS = 6
_NOTHING = pa.table({"value": pa.array([], pa.string())} | {n: pa.array([], pa.int64()) for n in ("before", "after")})


def diversity_facts(run: RunDirectory, rows: Sequence[Row], policy: Policy) -> Row | None:
    """Compare the records with and without what opt-outs took; None where the run had no register.

    Args:
        run: the run.
        rows: of its table of situations.
        policy: whose threshold counts.

    Returns:
        How many `records` there are before and after, and what became of each of `by`: `language` (None where no
        column names it) and `site`.
    """
    if run.manifest.register is None:
        return None
    kept = {row["situation"]: row["admission"] == Admission.ADMIT.word for row in rows if _is_wanted(row, policy)}
    names = [name for name in _LOOKED_AT if name != "language" or name in run.manifest.columns]
    counted = _counted(run, kept, names)
    by: dict[str, Row | None] = dict.fromkeys(_LOOKED_AT)
    by |= {name: _compared(counted[name], policy.card.diversity_alert) for name in names}
    return {
        "threshold": policy.card.diversity_alert,
        "fewest_records": FEWEST_RECORDS,
        "before": sum(row["records"] for row in rows if row["situation"] in kept),
        "after": sum(row["records"] for row in rows if kept.get(row["situation"])),
        "by": by,
        "alert": any(facts["alert"] for facts in by.values() if facts),
    }


def _is_wanted(row: Row, policy: Policy) -> bool:
    """Tell whether a situation is admitted, or would be without opt-outs."""
    if row["admission"] == Admission.ADMIT.word:
        return True
    if not row["optouts"]:
        return False
    situation, _ = read_situation(row)
    return decide(replace(situation, optouts=(), matches=()), policy).admission is Admission.ADMIT


def _counted(run: RunDirectory, kept: dict[int, bool], names: list[str]) -> dict[str, pa.Table]:
    """Count ledger rows by each column, `before` and `after`: one row a value, in order of the values.

    Args:
        run: whose ledger.
        kept: the situations of the rows that count before, by id; whether they count after as well.
        names: the columns.
    """
    counted = dict.fromkeys(names, _NOTHING)
    numbers, admitted = pa.array(list(kept), pa.int64()), pa.array(map(int, kept.values()), pa.int64())
    for batch in run.ledger_batches(["situation", *names]):
        place = pc.index_in(batch.column("situation"), numbers)
        chosen, after = batch.filter(pc.is_valid(place)), admitted.take(place.drop_null())
        one = pa.array(np.ones(len(after), np.int64))
        for name in names:
            part = pa.table({"value": chosen.column(name).cast(pa.string()), "before": one, "after": after})
            sums = pa.concat_tables([counted[name], part]).group_by("value")
            added = sums.aggregate([("before", "sum"), ("after", "sum")])
            counted[name] = added.rename_columns({"before_sum": "before", "after_sum": "after"})
    return {name: table.select(_NOTHING.column_names).sort_by("value") for name, table in counted.items()}


def _compared(table: pa.Table, threshold: float) -> Row:
    """Say how far apart before and after are, which values lost most of their records, and whether that is an alert.

    It is one from the threshold of the divergence on, where a value of many records lost more than half of them, and
    where nothing is left to compare.
    """
    before, after = (table[name].to_numpy() for name in ("before", "after"))
    divergence = jensen_shannon(before, after)
    lost = (before - after) / np.maximum(before, 1)
    many = before >= FEWEST_RECORDS
    # Shares of few records are all or nothing, so values of many come first; equal ones by size, then by name.
    order = np.lexsort((np.arange(len(lost)), -before, -lost, ~many))
    largest = order[lost[order] > 0][:_SHOWN]
    halved = int((many & (2 * after < before)).sum())
    shifted = divergence is not None and divergence >= threshold and divergence > 0
    return {
        "values_before": int((before > 0).sum()),
        "values_after": int((after > 0).sum()),
        "divergence": divergence,
        "lost_more_than_half": halved,
        "largest_losses": table.take(pa.array(largest, pa.int64())).to_pylist(),
        "alert": shifted or halved > 0 or (divergence is None and len(before) > 0),
    }


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float | None:
    """Give the Jensen-Shannon divergence (base 2, from 0 to 1) of two distributions of counts; None of nothing."""
    if not one.sum() or not other.sum():
        return None
    shares = one / one.sum(), other / other.sum()
    middle = (shares[0] + shares[1]) / 2
    terms = [share[share > 0] * np.log2(share[share > 0] / middle[share > 0]) for share in shares]
    return round(max(math.fsum(np.concatenate(terms)) / 2, 0.0), _DIGITS)
