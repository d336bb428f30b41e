"""Files that stay as they are from one version to the next: one more name for the same octets, where that can be."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def take_over(file: Path, place: Path) -> None:
    """Put a file into a new version; never as a symbolic link, for a version stands by itself.

    Where the file system has no second name for a file, or the folders lie on two, it is copied.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_name(f".{place.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    try:
        scratch.hardlink_to(file.resolve())
    except OSError:
        shutil.copyfile(file, scratch)
    scratch.replace(place)
    scratch.unlink(missing_ok=True)  # of two names for one file, moving one onto the other leaves both
