"""What earlier captures let us ask: "has it changed since?" (conditional requests, RFC 9110 13.1)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from rightful.signals.locations import signal_url
from rightful.snapshot.model import Kind, Outcome
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier answer, and what it is known by.

    Attributes:
        url: the URL that gave it, after redirects: its validators mean nothing to another URL.
        etag, last_modified: its validators, as sent.
        kind, truncated: what is recorded of its body.
        body: gives its body, read from the snapshot when it is needed.
    """

    url: str
    etag: str | None
    last_modified: str | None
    kind: Kind
    truncated: bool
    body: Callable[[], bytes]

    def conditions(self, url: str) -> dict[str, str]:
        """Give the header fields that make a request for this URL conditional; none for another URL."""
        if url != self.url:
            return {}
        fields = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in fields.items() if value is not None}


class EarlierCaptures:
    """The newest available capture with a validator, for each signal file that has one.

    Args:
        store: directory of the store; there may be none yet.
        origins: the only ones asked for.
    """

    def __init__(self, store: str | Path, origins: Iterable[str]) -> None:
        self._rows: dict[tuple[str, str], int] = {}
        if not (Path(store) / "HEAD").exists():
            return
        self._snapshot = Snapshot.open(store)
        captures = self._snapshot.captures
        usable = pc.and_(
            pc.equal(captures["outcome"], Outcome.AVAILABLE.value),
            pc.and_(
                pc.is_valid(captures["body_sha256"]),
                pc.or_(pc.is_valid(captures["etag"]), pc.is_valid(captures["last_modified"])),
            ),
        )
        self._captures = captures.filter(usable)
        wanted = set(origins)
        # Rows of one file stand in the order of their times: the newest is the last.
        named = zip(self._captures["origin"].to_pylist(), self._captures["signal"].to_pylist(), strict=True)
        self._rows = {name: row for row, name in enumerate(named) if name[0] in wanted}

    def of(self, origin: str, signal: str) -> Earlier | None:
        """Give what a conditional request for a signal file needs, if there is anything."""
        row = self._rows.get((origin, signal))
        if row is None:
            return None
        value = {name: self._captures[name][row].as_py() for name in self._captures.schema.names}
        sha256: str = value["body_sha256"]
        return Earlier(
            url=value["redirects"][-1] if value["redirects"] else signal_url(origin, signal),
            etag=value["etag"],
            last_modified=value["last_modified"],
            kind=Kind(value["kind"]),
            truncated=bool(value["truncated"]),
            body=lambda: self._snapshot.body(sha256),
        )
