"""Every error rightful raises.

Rules:
- A reservation, an opt-out or an unknown host is *not* an error: it is a decision. An error means that
  something could not be decided or done at all.
- One positional message, everything else keyword-only, so that every error survives pickling between
  worker processes.
- A message says what happened and where; `hint` says what to do about it.
- `retryable` is true only where trying again, unchanged, may help (the network). Airflow reads it.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class RightfulError(Exception):
    """Base of every error of this package.

    Args:
        message: what happened, and where.
        hint: what the reader can do about it.
        **where: values worth keeping for programs (a path, a line, a list of names).
    """

    code: ClassVar[str] = "rightful"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", **where: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.where)


def _rebuild(kind: type[RightfulError], message: str, hint: str, where: dict[str, Any]) -> RightfulError:
    return kind(message, hint=hint, **where)


class PolicyError(RightfulError, ValueError):
    """The policy file cannot work, whatever the data."""

    code = "policy"


class MissingColumnError(RightfulError, LookupError):
    """A column that is needed is not in the records."""

    code = "missing-column"

    @classmethod
    def among(cls, wanted: str, available: Iterable[str], *, role: str, source: str = "") -> MissingColumnError:
        """Say which columns there are, and which of them is closest to the one wanted."""
        names = list(available)
        close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
        hint = f"name the column in the policy: [columns] {role} = "
        hint += f'"{close[0]}"  (the closest name there is)' if close else f'"…"; the columns are: {", ".join(names)}'
        where = f" in {source}" if source else ""
        return cls(
            f"no column {wanted!r} for the {role} of a record{where}; the columns are: {', '.join(names)}",
            hint=hint,
            wanted=wanted,
            available=names,
            role=role,
        )


class ColumnConflictError(RightfulError, ValueError):
    """The records already have a column of the name we would add, and it is not ours."""

    code = "column-conflict"


class MissingExtraError(RightfulError, ImportError):
    """A part of rightful was asked for whose packages are not installed."""

    code = "missing-extra"

    @classmethod
    def named(cls, extra: str, *, needs: str) -> MissingExtraError:
        """Name the extra and the command that installs it."""
        return cls(
            f"this needs {needs}, which is not installed",
            hint=f'pip install "rightful[{extra}]"',
            extra=extra,
        )


class InputError(RightfulError, ValueError):
    """An input file cannot be read: the message names the file and, where there is one, the line or row."""

    code = "input"


class SnapshotError(RightfulError):
    """A snapshot of signals is missing, altered or of a format this version does not read."""

    code = "snapshot"


class RegisterError(RightfulError):
    """An opt-out register is missing, altered, or has an entry that cannot be read."""

    code = "register"


class RegisterUnreachableError(RegisterError):
    """The register's database cannot be reached, or is busy: trying again may help."""

    code = "register-unreachable"
    retryable = True


class CaptureError(RightfulError):
    """Signals could not be captured: the network, not the site, is at fault. Trying again may help."""

    code = "capture"
    retryable = True


class RunError(RightfulError):
    """A run directory cannot be written or continued."""

    code = "run"


class RunBusyError(RunError):
    """Another process is making the same run, or is only now ending: trying again later may help."""

    code = "run-busy"
    retryable = True


class NoSpaceError(RunError):
    """No space is left to write to: once there is some, the same call goes on where it stopped."""

    code = "no-space"
    retryable = True


class WorkerLostError(RunError):
    """A worker process died before it finished its shard; finished shards are kept."""

    code = "worker-lost"
    retryable = True


class VerificationError(RightfulError):
    """A run directory does not hold what its card says. `where["findings"]` lists every finding."""

    code = "verification"


class QualityGateError(RightfulError):
    """A quality requirement of severity critical failed: nothing is published."""

    code = "quality-gate"


class CardError(RightfulError):
    """A card cannot be written: a fact it must state is missing, or its wording claims too much."""

    code = "card"


class NotFoundError(RightfulError, LookupError):
    """No record of that id or URL is in the run."""

    code = "not-found"
