"""Figures over the records of a batch, for manifests and for counting them again."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from rightful.screening.columns import column


def text_octets(batch: pa.RecordBatch, path: str) -> int:
    """Count the octets of a text column."""
    texts = column(batch, path)
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if pa.types.is_null(texts.type):
        return 0
    total: int | None = pc.sum(pc.binary_length(texts)).as_py()
    return total or 0


def languages(batch: pa.RecordBatch, path: str) -> dict[str, int]:
    """Count records by language; records without one count as `unknown`."""
    values = column(batch, path).cast(pa.string())
    counted = pc.value_counts(pc.coalesce(values, pa.scalar("unknown"))).to_pylist()
    return {row["values"]: row["counts"] for row in counted}
