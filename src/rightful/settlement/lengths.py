"""The text of records measured, and added up by situation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.ledger.units import Units
from rightful.screening.columns import column

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def units_by_group(groups: np.ndarray, lengths: tuple[np.ndarray, np.ndarray], number: int) -> Sequence[Units]:
    """Add up characters and octets by group.

    Args:
        groups: of each row, from 0.
        lengths: of each row, as `text_lengths` gives them.
        number: of groups.
    """
    # Sums of whole numbers in binary64 are exact up to 2**53 octets a batch.
    characters, octets = (
        np.bincount(groups, weights=of_rows, minlength=number).astype(np.int64).tolist() for of_rows in lengths
    )
    return [Units(c, o) for c, o in zip(characters, octets, strict=True)]
