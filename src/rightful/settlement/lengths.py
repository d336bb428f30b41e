"""The text of records, added up by situation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rightful.ledger.units import Units

if TYPE_CHECKING:
    from collections.abc import Sequence


def units_by_group(groups: np.ndarray, lengths: tuple[np.ndarray, np.ndarray], number: int) -> Sequence[Units]:
    """Add up characters and octets by group.

    Args:
        groups: of each row, from 0.
        lengths: of each row, as `screening.figures.text_lengths` gives them.
        number: of groups.
    """
    # Sums of whole numbers in binary64 are exact up to 2**53 octets a batch.
    characters, octets = (
        np.bincount(groups, weights=of_rows, minlength=number).astype(np.int64).tolist() for of_rows in lengths
    )
    return [Units(c, o) for c, o in zip(characters, octets, strict=True)]
