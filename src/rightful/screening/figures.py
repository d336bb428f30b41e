"""Figures over the records of a batch, for manifests and for counting them again."""

from __future__ import annotations

import re
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from rightful.screening.fact_columns import texts_of

# What a language tag looks like (RFC 5646 2.1), or a name of a language. Anything else may be a text, and is not told.
_LANGUAGE = re.compile(r"[^\W\d_][\w-]{0,34}").fullmatch
NO_LANGUAGE = "unknown"
ODD_LANGUAGE = "(no language)"


def languages(batch: pa.RecordBatch, path: str) -> dict[str, int]:
    """Count records by language; records without one count as `unknown`."""
    values = pc.coalesce(texts_of(batch, path)[0], pa.scalar("", pa.large_string()))
    counted: Counter[str] = Counter()
    for row in pc.value_counts(values).to_pylist():
        name = row["values"].strip()
        counted[name if _LANGUAGE(name) else ODD_LANGUAGE if name else NO_LANGUAGE] += row["counts"]
    return dict(counted)
