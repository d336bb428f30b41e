"""Files that are there whole or not at all, and their digests."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(file: Path, octets: bytes) -> None:
    """Write a file under another name and move it into place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    scratch.write_bytes(octets)
    scratch.replace(file)


def remove_scratch(folder: Path, *, keep: frozenset[str]) -> None:
    """Remove what processes that were killed left half-written in a folder and below: every hidden name.

    Args:
        folder: that nobody else writes into.
        keep: hidden names at its top that stay; below them is looked as well.
    """
    for at, folders, names in os.walk(folder):
        own = keep if at == str(folder) else frozenset()
        hidden = [name for name in (*folders, *names) if name.startswith(".") and name not in own]
        folders[:] = [name for name in folders if name not in hidden]
        for name in hidden:
            leftover = Path(at, name)
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
