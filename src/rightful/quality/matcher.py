"""The matcher test of a run: which texts of the records that ship it is made on, and what it found.

The texts are drawn by the run's own root: a few row groups of the shards, and rows of them. No more than those row
groups are read, in parts, however much data there is.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.register.matcher_test import MOST_CHARACTERS, matcher_test
from rightful.register.matching import Thresholds
from rightful.screening.columns import Columns
from rightful.screening.fact_columns import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy

_ROW_GROUPS = 32
_ROWS = 1_024
_BATCH = 1_024


def try_matcher(run: RunDirectory, policy: Policy) -> dict[str, Any] | None:
    """Try the matcher on texts of a run, by its policy's thresholds; None where no test belongs to the run.

    Returns:
        What `matcher_test` gives, and of which records: `records` that ship, `read` that the texts were drawn from.

    Raises:
        pyarrow.ArrowException, OSError: a shard cannot be read.
    """
    path = Columns.of(run.manifest.columns).text
    if not run.tries_matcher or path is None:
        return None
    seed = run.manifest.root
    rows = 0
    texts: list[str] = []
    for batch_rows, found in _drawn(run.data_files(), path, random.Random(f"{seed} rows")):  # noqa: S311 - repeatable
        rows += batch_rows
        texts += found
    records = sum(file.records for file in run.manifest.data)
    tried = matcher_test(texts, Thresholds(**policy.matching.model_dump()), seed)
    return {**tried, "records": records, "read": rows}


def matcher_json(tried: dict[str, Any]) -> str:
    """Write a matcher test: keys sorted, one spelling."""
    return json.dumps(tried, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _drawn(shards: list[Path], path: str, draw: random.Random) -> Iterator[tuple[int, list[str]]]:
    """Draw rows from a few row groups: how many of each part, and their texts, cut."""
    groups = [
        (shard, group, metadata.row_group(group).num_rows)
        for shard in shards
        for metadata in (pq.read_metadata(shard),)
        for group in range(metadata.num_row_groups)
    ]
    chosen = sorted(draw.sample(range(len(groups)), min(_ROW_GROUPS, len(groups))))
    for number in chosen:
        shard, group, rows = groups[number]
        places = sorted(draw.sample(range(rows), min(-(-_ROWS // len(chosen)), rows)))
        yield len(places), _texts_at(places, shard, group, path)


def _texts_at(places: list[int], shard: Path, group: int, path: str) -> list[str]:
    """Read the texts at ascending rows of a row group; what is null or no valid UTF-8 is none."""
    found: list[str] = []
    first = 0
    for batch in pq.ParquetFile(shard).iter_batches(_BATCH, row_groups=[group], columns=[path]):
        here = [place - first for place in places if first <= place < first + batch.num_rows]
        if here:
            texts = texts_of(batch.take(pa.array(here)), path)[0].to_pylist()
            found += [text[:MOST_CHARACTERS] for text in texts if text]
        first += batch.num_rows
        if not places or first > places[-1]:
            break
    return found
