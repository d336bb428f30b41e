"""The journal of a capture job: what was captured so far, so that a killed job goes on where it stopped.

    DIR/.journal/<job digest>.jsonl    one line per capture, appended as they come; bodies in base64

The job digest is over the sorted URLs: the same URLs are the same job. A line that a kill tore, and whatever
follows it, is dropped and captured again. One process at a time holds a journal.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from rightful.errors import CaptureError
from rightful.signals.locations import signal_url
from rightful.snapshot.model import Capture, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView, Sequence
    from types import TracebackType

_FORMAT = 1
_FIELDS = tuple(field.name for field in fields(Capture))


class Journal:
    """The captures of one job so far; a context manager that holds the journal while it is open.

    Args:
        store: directory of the snapshot store; made if there is none.
        urls: what the job asks for, sorted.

    Attributes:
        storing: whether an earlier attempt had begun to move these captures into the store.

    Raises:
        CaptureError: another process is at work on the same job.
        OSError: the store cannot be written.
    """

    def __init__(self, store: str | Path, urls: Sequence[str]) -> None:
        self._digest = hashlib.sha256("\n".join(urls).encode()).hexdigest()
        self._path = Path(store) / ".journal" / f"{self._digest}.jsonl"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._offsets: dict[str, int] = {}
        self.storing = False
        self._file = self._hold()
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def done(self) -> KeysView[str]:
        """The URLs captured so far; grows as captures are added."""
        return self._offsets.keys()

    def add(self, capture: Capture) -> None:
        """Append a capture; from here on it survives the end of this process."""
        self._offsets[signal_url(capture.origin, capture.signal)] = self._append(_line(capture))

    def captures(self) -> Iterator[Capture]:
        """Give all captures, by URL, reading one at a time."""
        with self._path.open("rb") as lines:
            for _, offset in sorted(self._offsets.items()):
                lines.seek(offset)
                yield _capture(json.loads(lines.readline()))

    def begin_storing(self) -> None:
        """Note that what follows may be in the store already if this process dies now."""
        self._append({"storing": True})
        self.storing = True

    def remove(self) -> None:
        """Delete the journal: its captures are in the store."""
        self._path.unlink()

    def _hold(self) -> BinaryIO:
        while True:
            file = self._path.open("a+b")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The holder before us may have finished and removed the file between our two calls.
                if os.fstat(file.fileno()).st_nlink:
                    return file
            except BlockingIOError:
                file.close()
                raise CaptureError(
                    f"another process captures the same origins into {self._path.parent.parent}",
                    hint="wait for it to end: it adds its captures to the same store",
                    path=str(self._path.parent.parent),
                ) from None
            file.close()

    def _read(self) -> None:
        self._file.seek(0)
        good = 0
        for line in self._file:
            try:
                self._take(line, good)
            except (ValueError, KeyError, TypeError):
                break
            good += len(line)
        self._file.truncate(good)
        if not good:
            self._append({"format": _FORMAT, "job": self._digest})

    def _take(self, line: bytes, offset: int) -> None:
        """Take in a line.

        Raises:
            ValueError, KeyError, TypeError: it is torn, or not one of ours.
        """
        if not line.endswith(b"\n"):
            raise ValueError("torn line")
        value = json.loads(line)
        if not offset:
            if value != {"format": _FORMAT, "job": self._digest}:
                raise ValueError("another format")
        elif value == {"storing": True}:
            self.storing = True
        else:
            capture = _capture(value)
            self._offsets[signal_url(capture.origin, capture.signal)] = offset

    def _append(self, value: dict[str, Any]) -> int:
        offset = self._file.seek(0, 2)
        self._file.write(json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n")
        self._file.flush()
        return offset


def _line(capture: Capture) -> dict[str, Any]:
    value = {name: getattr(capture, name) for name in _FIELDS}
    value["fetched_at"] = capture.fetched_at and capture.fetched_at.isoformat()
    value["body"] = None if capture.body is None else base64.b64encode(capture.body).decode("ascii")
    return value


def _capture(value: dict[str, Any]) -> Capture:
    capture = Capture(**value)
    return replace(
        capture,
        fetched_at=capture.fetched_at and datetime.fromisoformat(value["fetched_at"]),
        outcome=Outcome(value["outcome"]),
        kind=Kind(value["kind"]),
        redirects=tuple(value["redirects"]),
        body=None if value["body"] is None else base64.b64decode(value["body"], validate=True),
    )
