"""An export of the register as operators give it to each other: where it is, and how old."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.manifests import path_in
from rightful.errors import RegisterError
from rightful.files import write_whole

if TYPE_CHECKING:
    from rightful.register.export import Register

_HEAD, _REGISTER = "HEAD", "register.arrow"  # of a folder of exports: `register.publishing`
_LATEST = "latest.json"  # beside them: the manifest of the last task that exported
_AHEAD = timedelta(minutes=10)  # by which the clocks of two machines may differ
_AGAIN = "export it again: ExportOptOutsOperator before this task, or `rightful optout export`"


@dataclass(frozen=True, slots=True)
class GivenExport:
    """An export as an argument names it.

    Attributes:
        path: the `.arrow` file.
        version: the version that was exported; None where only a path was given.
        exported_at: when the register was last seen to be this one; None: only the file itself can tell.
        max_age_hours: what the connection or the exporting task says about its age; None: nothing.
    """

    path: str
    version: str | None = None
    exported_at: datetime | None = None
    max_age_hours: float | None = None

    @classmethod
    def read(cls, value: Any) -> GivenExport:
        """Read an argument: a path, a folder of exports, or the manifest of `ExportOptOutsOperator`.

        Raises:
            InputError: it is none of them.
            RegisterError: the folder holds no export.
        """
        path = path_in(value, "register", "register")
        if isinstance(value, Mapping):
            return cls._told(path, value)
        if Path(path).is_dir():
            return cls._newest_in(Path(path))
        return cls(path)

    @classmethod
    def _newest_in(cls, folder: Path) -> GivenExport:
        """Take the version that HEAD names; what a task told of it, if a task exported it, says how old it is."""
        try:
            file = folder / (folder / _HEAD).read_text("ascii").strip() / _REGISTER
        except (OSError, UnicodeDecodeError) as error:
            raise RegisterError(
                f"{folder} holds no export of a register: {_HEAD} cannot be read", hint=_AGAIN, path=str(folder)
            ) from error
        told = latest_in(folder)
        given = cls._told(str(file), told)
        return given if told.get("register") == str(file.resolve()) else replace(given, version=None, exported_at=None)

    @classmethod
    def _told(cls, path: str, told: Mapping[str, Any]) -> GivenExport:
        age = told.get("max_age_hours")
        return cls(path, told.get("version"), _moment(told.get("exported_at")), None if age is None else float(age))

    def open(self) -> Register:
        """Open it; where a manifest was given, only if it is still the version that was exported.

        Raises:
            RegisterError: there is none, or another.
        """
        from rightful.register.export import Register

        register = Register.open(self.path)
        if self.version is not None and register.version != self.version:
            raise RegisterError(
                f"{self.path} is register {register.version[:19]}…, not {self.version[:19]}… as was exported",
                hint=_AGAIN,
                path=self.path,
            )
        return register

    def open_if_fresh(self, max_age_hours: float | None, *, now: datetime) -> Register:
        """Open it, unless it is too old: somebody may have opted out since, and nobody would know.

        Args:
            max_age_hours: how old it may be; None: as the export itself says, and if that says nothing any age.
            now: the time its age is counted to.

        Raises:
            RegisterError: it is too old, or nothing says how old it is; or as `open`.
        """
        register = self.open()
        allowed = self.max_age_hours if max_age_hours is None else max_age_hours
        if allowed is None:
            return register
        exported_at = self.exported_at or _moment(register.facts.get("as_of"))
        if exported_at is None:
            raise RegisterError(
                f"nothing says when the register {self.path} was exported, and it may be {allowed:g} hours old",
                hint=_AGAIN,
                path=self.path,
            )
        age = now - exported_at
        if not -_AHEAD <= age <= timedelta(hours=allowed):
            raise RegisterError(
                f"the register {self.path} was exported at {exported_at:%Y-%m-%d %H:%M} UTC, "
                f"{age.total_seconds() / 3600:.1f} hours ago; it may be {allowed:g} hours old",
                hint=f"opt-outs may have come since; {_AGAIN}",
                path=self.path,
            )
        return register


def latest_in(folder: Path) -> dict[str, Any]:
    """Give the manifest of the last task that exported into a folder; empty where there is none.

    Raises:
        RegisterError: there is one that cannot be read, so that nobody knows how old an export may be.
    """
    file = folder / _LATEST
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RegisterError(f"{file} cannot be read: {type(error).__name__}", hint=_AGAIN, path=str(file)) from error
    if not isinstance(told, dict):
        raise RegisterError(f"{file} is no manifest of an export", hint=_AGAIN, path=str(file))
    return told


def keep_latest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Keep a manifest for `latest_in`."""
    write_whole(folder / _LATEST, json.dumps(manifest, indent=1).encode())


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if value else None
    except (TypeError, ValueError):
        return None  # as one that nothing is said about: it fails closed
    return moment.astimezone(UTC) if moment and moment.tzinfo else moment and moment.replace(tzinfo=UTC)
