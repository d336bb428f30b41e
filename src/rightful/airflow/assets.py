"""The register of opt-outs as an asset that DAGs can be scheduled on."""

from __future__ import annotations

from urllib.parse import quote

from airflow.sdk import Asset, AssetWatcher

from rightful.airflow.hooks.register import OptOutRegisterHook
from rightful.airflow.triggers.optout import OptOutEventTrigger


def optout_asset(
    register_conn_id: str = OptOutRegisterHook.default_conn_name,
    *,
    poll_interval: float = 60.0,
    debounce: float = 30.0,
) -> Asset:
    """Give the asset of a register, with a watcher: the triggerer looks whether the register changed.

    The triggerer needs the connection and must reach the register. The event of a change has
    `extra["payload"]`, {"version", "previous"}.

    Args:
        register_conn_id: id of the connection.
        poll_interval: seconds from one look to the next.
        debounce: seconds without a change after which a change is told.
    """
    trigger = OptOutEventTrigger(register_conn_id, poll_interval=poll_interval, debounce=debounce)
    return Asset(
        name=f"optouts_{register_conn_id}",
        uri=f"rightful://register/{quote(register_conn_id, safe='')}",
        watchers=[AssetWatcher(name=f"optouts_{register_conn_id}_watcher", trigger=trigger)],
    )
