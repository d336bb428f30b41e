"""Shares of rightsholders, as far as the data that ships shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from rightful.screening.holders import HolderSums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy
    from rightful.screening.columns import Columns

_BATCH = 65_536


def shares_again(run: RunDirectory, policy: Policy, columns: Columns) -> Iterator[str]:
    """Measure the holders of what ships: what reaches the limit there is specific, whatever else was read.

    Yields:
        What the manifest's shares cannot be, one sentence each.
    """
    limit, stated = policy.tiers.holder_share_limit, run.manifest.holders
    if (columns.rights_holder is not None and bool(limit)) != (stated is not None):
        yield "the manifest states shares of rightsholders where none are measured, or none where the policy wants them"
    if columns.rights_holder is None or not limit or stated is None:
        return
    sums = HolderSums(columns)
    for file in run.data_files():
        wanted = columns.top_level(("rights_holder", "text"), pq.read_schema(file))
        for batch in pq.ParquetFile(file).iter_batches(_BATCH, columns=wanted):
            sums.add(batch)
    shipped, total = sums.units(), stated["total"]
    if sum(shipped.values()) > total:
        yield f"the manifest counts {total:,} {stated['unit']} of all records, and more of them ship"
    specific = {row["holder"] for row in stated["specific"]}
    for name, units in sorted(shipped.items()):
        if name and name not in specific and total and units / total >= limit:
            yield f"rightsholder {name!r} has {units:,} {stated['unit']} of what ships: its data is specific"
