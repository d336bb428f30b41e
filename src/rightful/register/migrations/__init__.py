"""The register's tables through time; each revision is a script in `versions`.

A register goes forward only: what an older release cannot read it refuses. There is no `alembic.ini` and no `env.py`:
`bring_up_to_date` runs what is missing in the caller's transaction, so that a migration happens whole or not at all.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import String, column, inspect, select, table

from rightful.errors import RegisterError

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection

VERSION_TABLE = "optout_revision"
_TURN = threading.Lock()  # what the scripts call (`alembic.op`) is one for the whole process


def revision_of(connection: Connection) -> str | None:
    """Name the revision a database has; None if it holds no register."""
    if not inspect(connection).has_table(VERSION_TABLE):  # asked by ourselves: alembic tells the log of every question
        return None
    return connection.scalar(select(column("version_num", String)).select_from(table(VERSION_TABLE)))


def newest_revision() -> str:
    """Name the revision this release makes."""
    return ScriptDirectory.from_config(_configuration()).get_current_head() or ""


def bring_up_to_date(connection: Connection, aim: str = "head") -> None:
    """Run the revisions a database lacks.

    Raises:
        RegisterError: the database has a revision this release does not know: it is newer.
    """
    config = _configuration()
    scripts = ScriptDirectory.from_config(config)
    current = revision_of(connection)
    refuse_newer(current)

    def steps(_found: Any, _context: Any) -> list[Any]:
        missing = scripts.iterate_revisions(aim, current or "base")
        return [MigrationStep.upgrade_from_script(scripts.revision_map, script) for script in reversed(list(missing))]

    with _TURN, EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE)
        environment.run_migrations()


def refuse_newer(current: str | None) -> None:
    """Refuse a revision this release does not know.

    Raises:
        RegisterError: it is none of ours.
    """
    known = {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}
    if current is not None and current not in known:
        raise RegisterError(
            f"the register is of a newer release: revision {current}, and this one knows {newest_revision()}",
            hint="upgrade rightful; a register never goes back",
            revision=current,
        )


def _configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
