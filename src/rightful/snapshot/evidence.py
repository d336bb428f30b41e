"""The captures a run was decided on, as a snapshot of its own that travels with the run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from rightful.snapshot.store import Snapshot, add_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_evidence(snapshot: Snapshot, rows: Iterable[int], folder: Path) -> Snapshot:
    """Write the captures at these rows of a snapshot, with their bodies, into a new store.

    Deciding on it gives what the whole snapshot gave: the capture in force is among those used, and none of
    the others would have been chosen instead.
    """
    if folder.exists():
        shutil.rmtree(folder)
    captures = snapshot.captures.take(pa.array(sorted(set(rows)), pa.int64()))
    digests = pc.unique(captures["body_sha256"].drop_null()).to_pylist()
    bodies = {bytes.fromhex(digest): snapshot.body(digest) for digest in digests}
    written = add_table(folder, captures, bodies, as_of=snapshot.as_of)
    (folder / ".lock").unlink()
    return written
