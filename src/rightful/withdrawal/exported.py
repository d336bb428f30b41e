"""The newest register: an exported file, or the folder a register database exports its versions to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.register.export import Register

if TYPE_CHECKING:
    from pathlib import Path


def newest_export(path: str | Path) -> Register:
    """Open an exported register, or the newest version in a folder of exports.

    Raises:
        RegisterError: there is none, or it was altered.
    """
    register = Register.open(path)
    register.verify()
    return register
