"""From the journal of a capture job into the store, once: a job that died here is not added twice."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rightful.errors import SnapshotError
from rightful.snapshot.answers import NOT_MODIFIED_BASIS
from rightful.snapshot.fetching import REFUSED
from rightful.snapshot.store import Snapshot, add_captures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rightful.snapshot.journal import Journal
    from rightful.snapshot.model import Capture

# What is held in memory and moved at once. A larger job becomes several parts, its last version all of it.
_PART_OCTETS = 128 * 1024 * 1024
_PART_CAPTURES = 200_000


@dataclass(slots=True)
class Stored:
    """What was moved: see `capture.CaptureReport`."""

    digest: str = ""
    unchanged: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)

    def count(self, capture: Capture) -> None:
        """Count one capture in."""
        self.outcomes[capture.outcome.value] += 1
        self.unchanged += capture.time_basis == NOT_MODIFIED_BASIS
        if capture.error and capture.error.startswith(REFUSED):
            self.refused[capture.origin] = capture.error.removeprefix(REFUSED)


def add_journal(journal: Journal, store: str | Path) -> Stored:
    """Move the captures of a journal into the store, and remove the journal.

    Raises:
        SnapshotError: the store cannot be written; the journal stays.
    """
    stored = Stored()
    with writing_to(store):
        # Only an attempt that died right here can have left some of them in the store already.
        there = _identities(store) if journal.storing else frozenset()
        journal.begin_storing()
        for part in _parts(journal.captures()):
            for capture in part:
                stored.count(capture)
            new = [capture for capture in part if _identity(capture) not in there]
            stored.digest = add_captures(store, new).digest
        journal.remove()
    return stored


def _parts(captures: Iterable[Capture]) -> Iterator[list[Capture]]:
    """Cut captures into lists that fit into memory; one empty list where there are none."""
    part: list[Capture] = []
    octets = 0
    for capture in captures:
        part.append(capture)
        octets += len(capture.body or b"")
        if octets >= _PART_OCTETS or len(part) >= _PART_CAPTURES:
            yield part
            part, octets = [], 0
    yield part


def _identity(capture: Capture) -> tuple[object, ...]:
    digest = None if capture.body is None else sha256(capture.body).hexdigest()
    return capture.origin, capture.signal, capture.fetched_at, capture.status, digest


def _identities(store: str | Path) -> frozenset[tuple[object, ...]]:
    if not (Path(store) / "HEAD").exists():
        return frozenset()
    captures = Snapshot.open(store).captures
    columns = (captures[name].to_pylist() for name in ("origin", "signal", "fetched_at", "status", "body_sha256"))
    return frozenset(zip(*columns, strict=True))


@contextmanager
def writing_to(store: str | Path) -> Iterator[None]:
    """Name the store where the operating system refuses to write (SnapshotError)."""
    try:
        yield
    except OSError as error:
        raise SnapshotError(
            f"the snapshot store {store} cannot be written: {error.strerror or error}", path=str(store)
        ) from error
