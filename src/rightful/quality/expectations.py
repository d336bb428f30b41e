"""The kinds of expectation that requirements use, as Great Expectations reads them: a type and its arguments.

Great Expectations passes over nulls in every expectation about values except the one that they are there. The
columns tested are made with that in mind (`shards`): a word that is missing is the empty word, which no closed list
has, and what is asked of every record is a flag that is never null.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation: its type, and its arguments without the share that may break it."""

    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def present(column: str) -> Expectation:
    """Expect that a column is not null."""
    return Expectation("expect_column_values_to_not_be_null", {"column": column})


def among(column: str, values: Iterable[str | bool]) -> Expectation:
    """Expect one of a closed list of values."""
    return Expectation("expect_column_values_to_be_in_set", {"column": column, "value_set": list(values)})


def true(column: str) -> Expectation:
    """Expect that a flag is set."""
    return among(column, [True])


def within(column: str, *, least: int | None = None, most: int | None = None) -> Expectation:
    """Expect a number not below the least and not above the most, where there is a number."""
    return Expectation("expect_column_values_to_be_between", {"column": column, "min_value": least, "max_value": most})


def rows(*, least: int) -> Expectation:
    """Expect that the table has so many rows."""
    return Expectation("expect_table_row_count_to_be_between", {"min_value": least})


# One row for every value that is there already. Both steps are groupings, which DuckDB spills to disk: memory does
# not grow with the records (20M of them, every text twice, took 9 s under a limit of 1 GB).
_SURPLUS = Template(
    "SELECT min(record_id) AS record_id, unnest(range(count(*) - 1)) AS copy FROM {batch} WHERE $column IN "
    "(SELECT $column FROM {batch} GROUP BY $column HAVING count(*) > 1) GROUP BY $column ORDER BY record_id, copy"
)


def unique(column: str) -> Expectation:
    """Expect that no value comes again; the first of each is not counted as breaking it."""
    return Expectation("expect_few_unexpected_rows", {"unexpected_rows_query": _SURPLUS.substitute(column=column)})


def rest(share: float) -> float:
    """Give one minus a share, as written: 1 - 0.58 as floats is above 0.42, and 42 of 100 would not reach it."""
    return float(1 - Decimal(str(share)))


def percent(share: float) -> str:
    """Write a share in percent, exactly as it was given."""
    return f"{(Decimal(str(share)) * 100).normalize():f}%"
