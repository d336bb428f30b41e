"""Great Expectations over DuckDB: a data source and an expectation that it lacks, by its public extension points.

Only `suite` imports this, and only when something is validated: Great Expectations takes seconds to import. Its own
DuckDB data source (GX #12084) was not released when this was written; once it is, the two classes at the top go.
"""

from __future__ import annotations

import atexit
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import duckdb_engine  # noqa: F401 - SQLAlchemy finds the dialect by itself; here it is missed early if it is missing
import great_expectations as gx
from great_expectations.data_context.data_context.context_factory import project_manager, set_context
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.exceptions import DataContextError
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations import UnexpectedRowsExpectation
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# At exit the interpreter frees modules in an order that keeps DuckDB's types alive for its binding to report as
# leaked, forty lines on stderr. Nothing leaks; without this one module the order is another.
atexit.register(sys.modules.pop, "great_expectations.compatibility.pydantic", None)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Holds one connection: Great Expectations fetches rows after it gave the connection back, and DuckDB drops them."""

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """Give the connection; after an error without the transaction that it broke."""
        if self._connection is None:
            self._connection = self.engine.connect()
        try:
            yield self._connection
        except DBAPIError:
            self._connection.rollback()
            raise

    def close(self) -> None:
        """Close the connection and the engine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        super().close()


class RightfulDuckDBDatasource(SQLDatasource):
    """A SQL data source on a DuckDB file. Its name is ours, so that it never meets one of Great Expectations' own."""

    type: Literal["rightful_duckdb"] = "rightful_duckdb"

    @property
    def execution_engine_type(self) -> type[SqlAlchemyExecutionEngine]:
        """The engine that holds its connection."""
        return DuckDBExecutionEngine


class ExpectFewUnexpectedRows(UnexpectedRowsExpectation):
    """Expect that a query gives few rows for the rows there are; `mostly` is the share of rows without one."""

    mostly: float = 1.0

    metric_dependencies: ClassVar[tuple[str, ...]] = (
        "table.row_count",
        "unexpected_rows_query.table",
        "unexpected_rows_query.row_count",
    )
    success_keys: ClassVar[tuple[str, ...]] = ("unexpected_rows_query", "mostly")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        rows, unexpected = metrics["table.row_count"], metrics["unexpected_rows_query.row_count"]
        return {
            "success": rows == 0 or (rows - unexpected) / rows >= self.mostly,
            "result": {
                "element_count": rows,
                "unexpected_count": unexpected,
                "partial_unexpected_index_list": metrics["unexpected_rows_query.table"],
            },
        }


def validate_table(
    database: Path, table: str, key: str, configurations: Sequence[dict[str, Any]], settings: dict[str, str | int],
    examples: int,
) -> list[Any]:
    """Validate a table of a DuckDB file.

    Args:
        database: the file; it is opened for reading only.
        table: name of the table.
        key: the column that names a row.
        configurations: expectations as Great Expectations reads them.
        settings: of the DuckDB connection.
        examples: how many rows that break an expectation are named at most.

    Returns:
        An `ExpectationValidationResult` for each configuration, in an order of Great Expectations' own.
    """  # fmt: skip
    with _context() as context:
        source = context.data_sources.add_rightful_duckdb(
            "shards",
            connection_string=f"duckdb:///{database}",
            kwargs={"connect_args": {"read_only": True, "config": settings}},
        )
        engine = source.get_execution_engine()
        try:
            asset = source.add_table_asset(table, table_name=table)
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            result = batch.validate(
                gx.ExpectationSuite(name="rightful", expectations=list(configurations)),
                result_format={
                    "result_format": "SUMMARY",
                    "partial_unexpected_count": examples,
                    "unexpected_index_column_names": [key],
                },
            )
        finally:
            engine.close()
            source.get_engine().dispose()
        return list(result.results)


@contextmanager
def _context() -> Iterator[Any]:
    """Give a context that writes nothing, and put back the one the caller was working with."""
    try:
        before = project_manager.get_current_project()
    except DataContextError:
        before = None
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    try:
        yield context
    finally:
        set_context(before)
