"""Figures of the records of a batch: how long each text is, and its language; for ledgers, manifests, and again."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from rightful.screening.columns import column
from rightful.screening.fact_columns import texts_of

if TYPE_CHECKING:
    import numpy as np

# What a language tag looks like (RFC 5646 2.1), or a name of a language. Anything else may be a text, and is not told.
_LANGUAGE = re.compile(r"[^\W\d_][\w-]{0,34}").fullmatch
NO_LANGUAGE = "unknown"
ODD_LANGUAGE = "(no language)"


def text_lengths(batch: pa.RecordBatch, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Give characters and octets of every row of a text column; 0 where it is null.

    The octets are not looked into: of a text that is no valid UTF-8 the characters mean nothing.
    """
    texts = column(batch, path)
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if pa.types.is_binary(texts.type):
        texts = texts.view(pa.string())
    elif pa.types.is_large_binary(texts.type):
        texts = texts.view(pa.large_string())
    elif not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        texts = texts.cast(pa.large_string())  # views and nulls
    return _whole(pc.utf8_length(texts)), _whole(pc.binary_length(texts))


def _whole(lengths: pa.Array) -> np.ndarray:
    numbers: np.ndarray = lengths.fill_null(0).cast(pa.int64()).to_numpy()
    return numbers


def language_column(batch: pa.RecordBatch, path: str) -> pa.Array:
    """Give the language of every record as it may be told; `unknown` where none is stated."""
    encoded = pc.coalesce(texts_of(batch, path)[0], pa.scalar("", pa.large_string())).dictionary_encode()
    told = pa.array([_told(name.strip()) for name in encoded.dictionary.to_pylist()], pa.string())
    return told.take(encoded.indices)


def _told(name: str) -> str:
    return name if _LANGUAGE(name) else ODD_LANGUAGE if name else NO_LANGUAGE


def languages(told: pa.Array) -> dict[str, int]:
    """Count records by language, as `language_column` gives it; those that have none at all are not counted."""
    counted = Counter({row["values"]: row["counts"] for row in pc.value_counts(told).to_pylist()})
    return {name: records for name, records in counted.items() if name is not None}
