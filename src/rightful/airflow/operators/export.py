"""The export of the opt-out register as a task."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.exports import keep_latest, latest_in
from rightful.airflow.hooks.register import OptOutRegisterHook
from rightful.airflow.manifests import path_in
from rightful.airflow.operators.base import RightfulOperator
from rightful.errors import RegisterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context, XComArg


class ExportOptOutsOperator(RightfulOperator):
    """Export the opt-outs in force as an immutable version that screening and withdrawing read.

    A register that did not change is not exported again: the version is found, and its age begins anew. The folder
    keeps the manifest of the last export, so that DAGs that know no more than the folder know its age.

    Args:
        register_conn_id: id of the connection, of type `rightful_register`.
        folder: where the versions lie; made if there is none.
        max_age_hours: how old this export may be where it is used. None: as the connection says.

    Returns:
        {"register": path of the .arrow file, "version": its digest, "token": what `OptOutSensor` takes as `since`,
        "optouts": number, "exported_at": ISO 8601, "changed": whether the export before had another version} and
        "max_age_hours" where something says it. Screening and withdrawing take it as their `register`.
    """

    template_fields: Sequence[str] = ("register_conn_id", "folder")

    def __init__(
        self,
        *,
        register_conn_id: str | XComArg = OptOutRegisterHook.default_conn_name,
        folder: str | XComArg,
        max_age_hours: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.register_conn_id = register_conn_id
        self.folder = folder
        self.max_age_hours = max_age_hours

    def execute(self, context: Context) -> dict[str, Any]:
        """Export; return the manifest."""
        self._actor, self._attempted = actor_in(context), attempt_in(context)
        return super().execute(context)

    def make(self) -> dict[str, Any]:
        """Export.

        Raises:
            RegisterError: there is no register, its key is another, or the folder holds something else.
        """
        folder = Path(path_in(self.folder, "folder")).resolve()
        hook = OptOutRegisterHook(path_in(self.register_conn_id, "register_conn_id"))
        now = datetime.now(UTC)
        try:
            before = latest_in(folder)
        except RegisterError as error:
            self.log.warning("%s", error.message)
            before = {}
        with hook.opened() as database:
            token = database.version()  # before the export: a change between the two is news to who waits for one
            register = database.export(folder, actor=self._actor, now=now)
        changed = before.get("version") != register.version
        if self._attempted and before.get("by") == self._attempted and not changed:
            changed = before["changed"]  # by this very task, in a try that was lost afterwards
        manifest: dict[str, Any] = {
            "register": str(register.path.resolve()),
            "version": register.version,
            "token": token,
            "optouts": len(register),
            "exported_at": now.isoformat(timespec="seconds"),
            "changed": changed,
        }
        max_age_hours = hook.place.max_age_hours if self.max_age_hours is None else self.max_age_hours
        if max_age_hours is not None:
            manifest["max_age_hours"] = max_age_hours
        keep_latest(folder, manifest | {"by": self._attempted})
        how = "changed" if changed else "as before"
        self.log.info("register %s: %s opt-outs, %s", register.version[:23], f"{len(register):,}", how)
        return manifest


def actor_in(context: Context) -> str:
    """Give the name under which a task writes into the register's log: that of the task, and no person's."""
    ti = context.get("ti")
    return f"airflow:{ti.dag_id}/{ti.task_id}" if ti else "airflow"


def attempt_in(context: Context) -> str | None:
    """Name the task in its DAG run, the same for every try."""
    ti = context.get("ti")
    return f"{ti.dag_id}/{ti.task_id}/{ti.run_id}/{ti.map_index}" if ti else None
