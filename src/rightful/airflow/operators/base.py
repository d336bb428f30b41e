"""What the operators have in common: errors, manifests, and what outlets are told."""

from __future__ import annotations

import logging
from abc import abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Asset, BaseOperator

from rightful.airflow.failures import failing_as_airflow_does

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context
    from airflow.sdk.definitions.xcom_arg import PlainXComArg


class RightfulOperator(BaseOperator):
    """An operator that returns a manifest.

    Each entry of the manifest is an XCom of its own besides (`multiple_outputs`), so that a task can be given one of
    them: `screened.output["data"]`. Assets among the outlets get the manifest as `extra["rightful"]` of their event.
    """

    ui_color = "#e8f0ea"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)

    if TYPE_CHECKING:

        @property
        def output(self) -> PlainXComArg:
            """The manifest; Airflow's own, whose annotation does not say that it can be indexed."""

    @abstractmethod
    def make(self) -> dict[str, Any]:
        """Do the work and give its manifest; arguments are rendered by now.

        Raises:
            RightfulError: any.
        """

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the work; return its manifest, JSON values only."""
        with failing_as_airflow_does():
            manifest = self.make()
        events = context.get("outlet_events")
        for outlet in self.outlets:
            if events is not None and isinstance(outlet, Asset):
                events[outlet].extra["rightful"] = manifest
        return manifest


@contextmanager
def great_expectations_quiet() -> Iterator[None]:
    """Keep the hundreds of lines that Great Expectations tells of its own workings out of the log of the task."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)
