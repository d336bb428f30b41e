"""Where the files of an exported register lie: the newest in a folder of exports, and the works beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.errors import RegisterError

if TYPE_CHECKING:
    from pathlib import Path

HEAD, REGISTER = "HEAD", "register.arrow"  # HEAD names the folder of the newest version


def newest_in(path: Path) -> Path:
    """Give the newest register in a folder of exports (`HEAD` names it); a file is what it is.

    Raises:
        RegisterError: the folder is none of exports.
    """
    if not path.is_dir():
        return path
    try:
        name = (path / HEAD).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RegisterError(
            f"{path} is no folder of exported registers: {HEAD} cannot be read",
            hint="rightful optout export writes one; or name a register.arrow",
            path=str(path),
        ) from error
    return path / name if name.endswith(".arrow") else path / name / REGISTER


def works_file(file: Path) -> Path:
    """Give the path of the works' fingerprints of a register."""
    return file.with_name(f"{file.stem}.works.arrow")
