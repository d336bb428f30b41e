"""Our errors as Airflow's: which of them fail a task for good, and which leave it to its retries."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from rightful.errors import RightfulError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def failing_as_airflow_does() -> Iterator[None]:
    """Turn an error of ours into one of Airflow's, with our message and hint; other errors pass.

    Raises:
        AirflowFailException: trying again, unchanged, gives the same: the task fails whatever retries it has.
        AirflowException: trying again may help.
    """
    try:
        yield
    except RightfulError as error:
        kind = AirflowException if error.retryable else AirflowFailException
        raise kind(f"[{error.code}] {error}") from error
