"""The dataset card as a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.manifests import path_in
from rightful.airflow.operators.base import RightfulOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import XComArg


class WriteDatasetCardOperator(RightfulOperator):
    """Write the dataset card of a screened and validated run into it. Done again, it is the same card.

    Args:
        run: directory of the run, or the manifest of an operator that had it before.

    Returns:
        {"run": path, "card": path of the README, "card_sha256": its digest}.
    """

    template_fields: Sequence[str] = ("run",)

    def __init__(self, *, run: str | Mapping[str, Any] | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def make(self) -> dict[str, Any]:
        """Write it.

        Raises:
            CardError: the run was not validated, holds more than admitted records, or its card claims too much.
            QualityGateError: a critical quality requirement failed.
            RunError: the folder is no finished run.
        """
        from rightful.card.write import write_card
        from rightful.files import digest_of

        run = str(Path(path_in(self.run, "run", "run")).resolve())
        card = write_card(run)
        self.log.info("card: %s", card)
        return {"run": run, "card": str(card), "card_sha256": digest_of(card)}
