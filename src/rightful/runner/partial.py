"""The folder a run is made in: beside where it was asked for, by one process at a time, taken up where one stopped."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rightful.errors import NoSpaceError, RunBusyError, RunError
from rightful.files import remove_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK, STAMP, WORK = ".lock", ".plan", ".work"
_OWN = frozenset({LOCK, STAMP, WORK})
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def partial_folder(target: Path) -> Path:
    """Where a run is made until it is finished."""
    return target.with_name(f"{target.name}.partial")


@contextmanager
def opened(target: Path, plan: str) -> Iterator[Path]:
    """Give the folder beside `target`; what another plan left in it is removed, for it is ours and unfinished.

    Raises:
        RunBusyError: another process makes the same.
        NoSpaceError: there is no space left to write to.
    """
    with locked(target) as folder:
        stamp = folder / STAMP
        if not stamp.exists() or stamp.read_text(encoding="ascii") != plan:
            _clear(folder)
            stamp.write_text(plan, encoding="ascii")
        remove_scratch(folder, keep=_OWN)
        try:
            yield folder
        except OSError as error:
            if error.errno in _FULL:
                raise NoSpaceError(
                    f"no space is left to write {target}: {error}",
                    hint="free some, then run the same command again: finished shards are kept",
                    path=str(target),
                ) from error
            raise


@contextmanager
def locked(target: Path) -> Iterator[Path]:
    """Keep others from making `target`, or anything beside it; a folder in which nothing was made is left nowhere.

    Raises:
        RunBusyError: another process makes it, or finished it at this moment.
    """
    folder = partial_folder(target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    except OSError as error:
        raise RunError(f"{folder} cannot be made: {error.strerror or error}", path=str(folder)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunBusyError(f"another process is making {target} at this moment", path=str(target)) from None
        if not _is_of(folder, lock.fileno()):
            raise RunBusyError(
                f"another process finished {target} at this moment",
                hint="run the same command again: it finds what was made",
                path=str(target),
            )
        try:
            yield folder
        finally:
            if _is_of(folder, lock.fileno()) and all(entry.name in {LOCK, STAMP} for entry in folder.iterdir()):
                discard(folder)


def publish(folder: Path, target: Path) -> None:
    """Move a finished run to where it was asked for, locked: nobody else may take it for unfinished."""
    shutil.rmtree(folder / WORK, ignore_errors=True)
    folder.replace(target)
    tidy(target)


def tidy(target: Path) -> None:
    """Remove what was only there while a run was made; a try may have stopped before it could."""
    for own in (STAMP, LOCK):
        (target / own).unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove the folder, of a run that is not needed; at once, so that nobody begins in what is going."""
    going = folder.with_name(f".{folder.name}.{os.getpid()}")
    folder.replace(going)
    shutil.rmtree(going)


def _clear(folder: Path) -> None:
    """Remove everything but the lock."""
    for entry in folder.iterdir():
        if entry.name != LOCK:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _is_of(folder: Path, lock: int) -> bool:
    """Tell whether a lock is that of the folder as it is now, and not of one that was moved meanwhile."""
    try:
        return os.path.samestat(os.fstat(lock), (folder / LOCK).stat())
    except FileNotFoundError:
        return False
