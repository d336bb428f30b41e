"""Rightsholders of a whole dataset: whose share of it makes their data specific."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rightful.screening.columns import Columns
from rightful.screening.holders import HolderSums, specific_among

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rightful.huggingface.rights_filter import RightsFilter

_ROWS = 10_000


def measured(splits: Iterable[Any], rights: RightsFilter) -> frozenset[str] | None:
    """Measure the holders of all splits together; None where a stream is among them, which nobody has seen whole.

    Args:
        splits: `datasets.Dataset`s, or iterable ones.
        rights: whose policy sets the limit.
    """
    totals: dict[str, int] = {}
    for split in splits:
        if not hasattr(split, "num_rows"):
            return None
        columns = rights.columns_of(split.features.arrow_schema.remove_metadata())
        if columns.rights_holder is None or not rights.policy.tiers.holder_share_limit:
            continue
        for name, units in _units(split, columns).items():
            totals[name] = totals.get(name, 0) + units
    return frozenset(name for name, _ in specific_among(totals, rights.policy.tiers.holder_share_limit))


def _units(split: Any, columns: Columns) -> dict[str, int]:
    named = {"rights_holder": columns.rights_holder, "text": columns.text}
    wanted = {role: path for role, path in named.items() if path is not None}
    tops = list(dict.fromkeys(path if path in split.features else path.partition(".")[0] for path in wanted.values()))
    sums = HolderSums(Columns.of(wanted))
    for table in split.select_columns(tops).with_format("arrow").iter(batch_size=_ROWS):
        for batch in pa.table(table).to_batches():
            sums.add(batch)
    return sums.units()
