"""SHA256SUMS: the digest of every file of a run, in the form `sha256sum --check` reads.

The last line is a comment with the digest of the lines above it, so that an altered list is told apart from an
altered file.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rightful.errors import VerificationError
from rightful.files import digest_of, write_whole

NAME = "rightful/SHA256SUMS"
_SELF = "# sha256 of the lines above: "


def files_of(root: Path) -> list[str]:
    """List the files of a run, relative and sorted; hidden ones (a repository's own) are not part of it."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [str(Path(folder, name).relative_to(root)) for name in names if not name.startswith(".")]
    return sorted(name for name in found if name != NAME)


def foreign_files(root: Path) -> list[str]:
    """List what lies in a run's directory and is not of the run, hidden files and links included."""
    listed = set(read_checksums(root)) | {NAME}
    present = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(name for name in present if name not in listed)


def write_checksums(root: Path) -> dict[str, str]:
    """Write the list over every file there is now; give it back."""
    digests = {name: digest_of(root / name) for name in files_of(root)}
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    text = f"{lines}{_SELF}{hashlib.sha256(lines.encode()).hexdigest()}\n"
    write_whole(root / NAME, text.encode())
    return digests


def read_checksums(root: Path) -> dict[str, str]:
    """Read the list.

    Raises:
        VerificationError: it is missing or was altered.
    """
    file = root / NAME
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VerificationError(f"{NAME} cannot be read: {error}", findings=[NAME]) from error
    lines, mark, own = text.rpartition(_SELF)
    if not mark or own != f"{hashlib.sha256(lines.encode()).hexdigest()}\n":
        raise VerificationError(f"{NAME} was altered: its own digest does not match", findings=[NAME])
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines.splitlines())}


def changed_files(root: Path) -> list[str]:
    """List every difference between the list and the files: altered, missing, or not listed."""
    listed = read_checksums(root)
    present = set(files_of(root))
    findings = [f"{name} is missing" for name in sorted(set(listed) - present)]
    findings += [f"{name} is not listed in {NAME}" for name in sorted(present - set(listed))]
    findings += [
        f"{name} was altered: its digest is not the one in {NAME}"
        for name in sorted(present & set(listed))
        if digest_of(root / name) != listed[name]
    ]
    return findings
