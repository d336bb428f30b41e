"""Datasets through their versions, as withdrawing makes them: which is the newest, and where the next one goes.

    <out>/<name>-<8 digits>/HEAD                     the name of the newest version's folder
    <out>/<name>-<8 digits>/0002-<16 digits>/        a version: a whole run; the digits are those of the register

`<name>` is the folder of the run that the dataset began with, the first digits are those of its manifest: two runs in
folders of one name are two datasets, and copies and versions of a dataset belong to it wherever they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.airflow.manifests import path_in
from rightful.errors import InputError, RightfulError, RunError
from rightful.files import digest_of, write_whole
from rightful.ledger.run_directory import MANIFEST, RunDirectory

if TYPE_CHECKING:
    from rightful.ledger.manifest import Manifest

_HEAD = "HEAD"


@dataclass(frozen=True, slots=True)
class Version:
    """The newest version of a dataset.

    Attributes:
        run: its folder.
        home: where the versions of the dataset lie.
        number: 1 for the run it began with.
        register: version of the register it was made under; None: without one.
    """

    run: Path
    home: Path
    number: int
    register: str | None

    def next(self, register: str) -> Path:
        """Give the folder of the next version, under another register."""
        return self.home / f"{self.number + 1:04}-{register.removeprefix('sha256:')[:16]}"

    def succeed(self, run: Path) -> None:
        """Let the folder of the dataset name its newest version."""
        write_whole(self.home / _HEAD, f"{run.name}\n".encode())


def newest_versions(value: Any, out: Path) -> tuple[list[Version], list[RightfulError]]:
    """Find the newest version of every dataset that an argument names, each once.

    A dataset that cannot be read does not keep the others waiting: what is wrong with it is told beside them.

    Args:
        value: paths, patterns or manifests of operators, one or many. What a pattern finds and is no finished,
            screened run is left out.
        out: where versions lie.

    Returns:
        The versions; and the errors of what was named and is no finished run, or whose newest version is not there.

    Raises:
        InputError: nothing was named, or a pattern finds nothing.
    """
    found: dict[str, Version] = {}
    failed: list[RightfulError] = []
    for run in runs_in(value):
        try:
            manifest = RunDirectory(run).manifest
            began = _began(run, manifest)
            version = _newest(run, manifest, began, out)
        except RightfulError as error:
            failed.append(error)
            continue
        if began not in found or version.number > found[began].number:
            found[began] = version
    return list(found.values()), failed


def runs_in(value: Any) -> list[Path]:
    """Give the folders that an argument names; see `newest_versions`."""
    named = [run for path in _named(value) for run in _matching(path)]
    if not named:
        raise InputError(
            "no datasets were named", hint="give the operator runs=…: a path or pattern, a list, a manifest"
        )
    return list(dict.fromkeys(run.resolve() for run in named))


def _named(value: Any) -> Iterable[str]:
    if not value:
        return
    if isinstance(value, Mapping):
        several = value.get("runs")
        yield from _named(several) if several else [path_in(value, "runs", "run")]
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for item in value:
            yield from _named(item)
    else:
        yield path_in(value, "runs")


def _matching(path: str) -> list[Path]:
    if not has_magic(path) or Path(path).exists():
        return [Path(path)]
    found = [Path(name) for name in sorted(glob(path, recursive=True)) if _is_screened(Path(name))]  # noqa: PTH207
    if not found:
        raise InputError(f"nothing that {path} matches is a finished run", hint="ScreenRecordsOperator makes one")
    return found


def _is_screened(folder: Path) -> bool:
    if folder.name.endswith(".partial") or not (folder / MANIFEST).is_file():
        return False
    return RunDirectory(folder).manifest.mode == "screen"


def _newest(run: Path, manifest: Manifest, began: str, out: Path) -> Version:
    known = sorted(out.glob(f"*-{began}")) if out.is_dir() else []
    home = known[0] if known else out / f"{run.name}-{began}"
    given = Version(run, home, len(manifest.earlier) + 1, _register(manifest))
    try:
        head = home / (home / _HEAD).read_text("utf-8").strip()
    except FileNotFoundError:
        return given
    try:
        later = RunDirectory(head).manifest
    except RunError as error:
        raise RunError(
            f"{home / _HEAD} names {head.name!r} as the newest version of {run}: {error}",
            hint="put that version back, or let the file name the newest one that is there",
            path=str(head),
        ) from error
    last = Version(head, home, len(later.earlier) + 1, _register(later))
    return last if last.number > given.number else given


def _began(run: Path, manifest: Manifest) -> str:
    """Name the run that a dataset began with: by its manifest, which every version after it states."""
    first = manifest.earlier[0]["manifest_sha256"] if manifest.earlier else digest_of(run / MANIFEST)
    return str(first).removeprefix("sha256:")[:8]


def _register(manifest: Manifest) -> str | None:
    return str(manifest.register["version"]) if manifest.register else None
