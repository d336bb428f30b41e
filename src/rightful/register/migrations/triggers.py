"""Triggers that refuse to change what is append-only, in SQLite and PostgreSQL.

They guard against mistakes and against programs that reach past this package. Who owns the database can drop them, and
that alone leaves no trace. The hash chain of the log (`access_log`) then shows a row or an event that was changed,
taken out or slipped in. It does not show a tail that was cut together with its events, nor a chain that was computed
anew from where it was changed, unless a head from before is known: the exports table has some, which whoever rewrites
the log can rewrite as well; those in exports and manifests that are kept elsewhere they cannot. What the log does not
state (keys, fingerprints, claimants) it does not guard: if any of it went, the next export is refused (`tombstones`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Sequence

_FUNCTION = """
CREATE OR REPLACE FUNCTION optout_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % of % is refused', TG_OP, TG_TABLE_NAME;
END $$
"""


def refuse_changes(table: str, *, unique: Sequence[str], but: Sequence[str] = (), columns: Sequence[str] = ()) -> None:
    """Let rows of a table be added only.

    Args:
        table: its name.
        unique: the columns, or several with commas between, that no two rows have alike.
        but: columns that may change all the same.
        columns: every other column; needed with `but`.
    """
    named = f" OF {', '.join(columns)}" if but else ""
    if op.get_bind().dialect.name == "sqlite":
        for name, event in (("update", f"UPDATE{named}"), ("delete", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {name.upper()} of {table} is refused'); END"
            )
        # `INSERT OR REPLACE` deletes what is in its way, and asks no trigger of deletions.
        same = " OR ".join(_same(each.split(", ")) for each in unique)
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of ours
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: REPLACE of {table} is refused'); END"
        )
        return
    op.execute(_FUNCTION)
    for name, event in (("update", f"UPDATE{named}"), ("delete", "DELETE"), ("truncate", "TRUNCATE")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION optout_refuse()"
        )


def _same(columns: Sequence[str]) -> str:
    return f"({' AND '.join(f'{column} = NEW.{column}' for column in columns)})"
