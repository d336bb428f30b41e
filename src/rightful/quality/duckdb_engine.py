"""Great Expectations over DuckDB: a data source and an expectation that it lacks, by its public extension points.

Only `suite` imports this, and only when something is validated: Great Expectations takes seconds to import. Its own
DuckDB data source (GX #12084) was not released when this was written; once it is, the two classes at the top go.

Everything is closed here before it returns. What DuckDB's binding still reports as leaked when the interpreter exits
are its own types, kept alive by an interpreter that ends with SQLAlchemy and pandas in it; nothing switches it off.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import duckdb_engine  # noqa: F401 - SQLAlchemy finds the dialect by itself; here it is missed early if it is missing
import great_expectations as gx
from great_expectations.data_context.data_context.context_factory import project_manager
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.exceptions import DataContextError
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations import UnexpectedRowsExpectation
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Holds one connection: rows are fetched after a connection was given back, and DuckDB has dropped them then."""

    _connection: Any

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
    def execution_engine_type(self) -> Any:
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

    def _validate(self, metrics: dict[str, Any], **_: Any) -> dict[str, Any]:
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
    database: Path,
    configurations: Sequence[dict[str, Any]],
    *,
    table: str,
    key: str,
    examples: int,
    settings: dict[str, Any],
) -> list[Any]:
    """Validate a table of a DuckDB file.

    Args:
        database: the file; it is opened for reading only.
        configurations: expectations as Great Expectations reads them.
        table: name of the table.
        key: the column that names a row.
        examples: how many rows that break an expectation are named at most.
        settings: of the DuckDB connection.

    Returns:
        An `ExpectationValidationResult` for each configuration, in an order of Great Expectations' own.
    """
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
        project_manager.set_project(before)
