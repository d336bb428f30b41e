"""The sites a set of records comes from: what there is to capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.runner.reading import find_inputs, open_records, read_batches
from rightful.screening.columns import Columns, text_column
from rightful.screening.locate import Locator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rightful.policy.policy import Policy


def origins_in_files(inputs: str | Path | Sequence[str | Path], policy: Policy) -> list[str]:
    """List the distinct origins of records' URLs, sorted. Only the URL columns are read.

    Raises:
        InputError, MissingColumnError: a file cannot be read, or has no URL column.
    """
    locator = Locator()
    found: set[str] = set()
    for file in find_inputs(inputs):
        records = open_records(file)
        columns = Columns.resolve(records.schema, policy, file=str(file))
        paths = [path for path in (columns.url, columns.final_url) if path is not None]
        for batch in read_batches(
            records, records.schema, columns=columns.top_level(("url", "final_url"), records.schema)
        ):
            for path in paths:
                found.update(o.origin for o in locator.locate(*text_column(batch, path)).origins)
    return sorted(found)
