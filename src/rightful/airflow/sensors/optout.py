"""A task that waits for opt-outs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, BaseSensorOperator, PokeReturnValue, conf

from rightful.airflow.failures import failing_as_airflow_does
from rightful.airflow.hooks.register import OptOutRegisterHook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context, XComArg


class OptOutSensor(BaseSensorOperator):
    """Wait until the register of opt-outs has another version than the one that is known.

    It looks once before it defers; deferred, it takes no slot of a worker.

    Args:
        register_conn_id: id of the connection.
        since: the version that is known, such as `exported.output["token"]` of `ExportOptOutsOperator`, or what this
            sensor returned before. Empty: none is, and whatever version the register has is another.
        deferrable: wait in the triggerer. By default as `[operators] default_deferrable` says.

    Returns:
        the version.
    """

    template_fields: Sequence[str] = ("register_conn_id", "since")
    ui_color = "#e8f0ea"

    def __init__(
        self,
        *,
        register_conn_id: str | XComArg = OptOutRegisterHook.default_conn_name,
        since: str | XComArg | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.register_conn_id = register_conn_id
        self.since = since
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow's signature
        """Look once.

        Raises:
            AirflowFailException: the connection or the key cannot work.
        """
        with failing_as_airflow_does():
            version = OptOutRegisterHook(str(self.register_conn_id)).version()
        return PokeReturnValue(version != (self.since or None), version)

    def execute(self, context: Context) -> Any:
        """Look once; then wait here or in the triggerer. Returns the version."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found:
            return found.xcom_value
        from rightful.airflow.triggers.optout import OptOutChangedTrigger

        self.defer(
            trigger=OptOutChangedTrigger(
                str(self.register_conn_id), since=str(self.since), poll_interval=self.poke_interval
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )
        return None  # never reached: `defer` raises

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """Give the version that the trigger saw.

        Raises:
            AirflowException: the trigger could not read the register, or ended without a word.
        """
        if event and event.get("status") == "changed":
            return str(event["version"])
        raise AirflowException(
            f"the wait for opt-outs ended without any: {(event or {}).get('message') or 'the trigger said nothing'}"
        )
