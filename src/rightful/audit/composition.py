"""What a run consists of: exactly the files its manifest leads to, and no link, hidden file or stranger among them.

A loader takes whatever lies under `data/`: a file that no manifest names would ship, and nobody would have decided it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rightful.ledger.checksums import NAME as CHECKSUMS
from rightful.ledger.run_directory import (
    ACCRUALS,
    ATTRIBUTIONS,
    CARD,
    CROISSANT,
    EVIDENCE,
    LICENCE,
    MANIFEST,
    MATCHING,
    OPTOUTS,
    POLICY,
    QUALITY,
    README,
    SITES,
    SITUATIONS_FILE,
    WITHDRAWAL,
    RunDirectory,
    data_path,
    ledger_path,
)
from rightful.register.export import Register, works_file
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

# Made by later stages, so not covered by the root that screening wrote.
LATER_STAGES = {MANIFEST, QUALITY, MATCHING, CARD, README, LICENCE, CROISSANT}
_ALWAYS = {MANIFEST, POLICY, SITUATIONS_FILE, SITES, ACCRUALS, CHECKSUMS, f"{EVIDENCE}/HEAD"}


def strangers(run: RunDirectory) -> Iterator[str]:
    """Say what is in the directory and in no run, and what the manifest's own lists contradict."""
    manifest = run.manifest
    shards, parts = [file.path for file in manifest.data], list(manifest.ledger)
    wanted = [data_path(n, len(parts)) for n in range(len(parts))] if manifest.mode != "ledger" else []
    if parts != [ledger_path(n) for n in range(len(parts))] or shards != wanted:
        yield f"{MANIFEST} names other shards or ledger parts than a run of mode {manifest.mode} has"
    evidence = Snapshot.open(run.root / EVIDENCE, manifest.evidence)
    expected = _ALWAYS | LATER_STAGES | {*shards, *parts}
    expected |= {f.relative_to(run.root).as_posix() for f in evidence.files}
    if manifest.mode != "ledger":
        expected.add(ATTRIBUTIONS)
    if manifest.register is not None:
        expected.add(OPTOUTS)
        if Register.open(run.root / OPTOUTS).works is not None:
            expected.add(works_file(Path(OPTOUTS)).as_posix())
    if not run.tries_matcher:
        expected.discard(MATCHING)
    if manifest.earlier:
        expected.add(WITHDRAWAL)
    for name in _present(run.root):
        if name not in expected:
            yield f"{name} is no file of a run"
        elif (run.root / name).is_symlink():
            yield f"{name} is a link"


def _present(root: Path) -> Iterator[str]:
    """List every file and link; of what is hidden, only a repository's own at the top is passed over."""
    for folder, folders, names in os.walk(root):
        at_top = Path(folder) == root
        folders[:] = [name for name in folders if not (at_top and name.startswith("."))]
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *linked):
            if not (at_top and name.startswith(".")):
                yield Path(folder, name).relative_to(root).as_posix()
