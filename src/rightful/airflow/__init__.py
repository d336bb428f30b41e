"""Airflow: operators that capture, screen, label, validate and document, for DAGs that exist and for new ones.

    from rightful.airflow import CaptureSignalsOperator, ScreenRecordsOperator

    captured = CaptureSignalsOperator(task_id="capture", records=extract(), policy=POLICY, snapshot=SIGNALS)
    screened = ScreenRecordsOperator(
        task_id="screen", records=..., policy=POLICY, snapshot=captured.output, out="/data/{{ run_id }}"
    )
    train(screened.output["data"])

And opt-outs that come later: `ExportOptOutsOperator` and `WithdrawOperator` take them out of finished datasets, a DAG
scheduled on `optout_asset()` runs when one comes, and `OptOutSensor` waits for it.

What goes in are strings, templates and the results of other tasks; what comes out are small manifests of paths,
counts and digests, never records. A refusal by rule (an opt-out register that cannot be read, a quality requirement
that failed) fails a task for good; what a second try may cure (the network, a lost worker) is left to its retries.

Why: teams that have a DAG should not have to rewrite it. May import: everything but `demo` and `cli`; and nothing of
Airflow's in this module or in `get_provider_info`, for Airflow loads both while it starts. No module here loads more
than `airflow.sdk` until a task runs: DAG files are parsed every thirty seconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rightful.airflow.assets import optout_asset
    from rightful.airflow.hooks.register import OptOutRegisterHook
    from rightful.airflow.operators.capture import CaptureSignalsOperator
    from rightful.airflow.operators.card import WriteDatasetCardOperator
    from rightful.airflow.operators.export import ExportOptOutsOperator
    from rightful.airflow.operators.screen import LabelRecordsOperator, ScreenRecordsOperator
    from rightful.airflow.operators.validate import ValidateQualityOperator
    from rightful.airflow.operators.withdraw import WithdrawOperator
    from rightful.airflow.sensors.optout import OptOutSensor

_HOMES = {
    "CaptureSignalsOperator": "rightful.airflow.operators.capture",
    "ExportOptOutsOperator": "rightful.airflow.operators.export",
    "LabelRecordsOperator": "rightful.airflow.operators.screen",
    "OptOutRegisterHook": "rightful.airflow.hooks.register",
    "OptOutSensor": "rightful.airflow.sensors.optout",
    "ScreenRecordsOperator": "rightful.airflow.operators.screen",
    "ValidateQualityOperator": "rightful.airflow.operators.validate",
    "WithdrawOperator": "rightful.airflow.operators.withdraw",
    "WriteDatasetCardOperator": "rightful.airflow.operators.card",
    "optout_asset": "rightful.airflow.assets",
}

__all__ = [
    "CaptureSignalsOperator",
    "ExportOptOutsOperator",
    "LabelRecordsOperator",
    "OptOutRegisterHook",
    "OptOutSensor",
    "ScreenRecordsOperator",
    "ValidateQualityOperator",
    "WithdrawOperator",
    "WriteDatasetCardOperator",
    "optout_asset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
