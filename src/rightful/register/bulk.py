"""Lists as requests: one claimant, many keys, from CSV, JSONL or Parquet as `importing` reads them.

A row names a location or a digest (columns `kind` and `value`, or a column named after its kind), or has a work in the
column `text`, which is fingerprinted and not kept, or both. Ids and times in a list are not those of a request, and are
ignored.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightful.errors import RegisterError
from rightful.register.entries import KeyKind, OptOutState
from rightful.register.importing import entry_of, names_key, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rightful.register.entries import OptOut
    from rightful.register.model import NewRequest

_TEXT = "text"


def with_lists(request: NewRequest, files: Iterable[str | Path]) -> NewRequest:
    """Add what lists name to a request; its scope says whether so much may be filed.

    Raises:
        RegisterError: a row cannot be read (the message names file and row), or lists an opt-out that was rejected or
            withdrawn: that is no request. Nothing is skipped.
    """
    locations, digests, texts = list(request.locations), list(request.digests), list(request.texts)
    for file in map(Path, files):
        for where, row in rows_of(file):
            _refuse_ended(row, file, where)
            text = row.get(_TEXT)
            if text:
                if not isinstance(text, str):
                    raise RegisterError(f"{file}, {where}: the work is no text", file=str(file), where=where)
                texts.append(text)
                if not names_key(row):
                    continue
            entry = _entry(row, file, where)
            if entry.kind is KeyKind.CONTENT:
                digests.append(entry.key)
            else:
                locations.append((entry.kind, entry.key))
    return replace(request, locations=tuple(locations), digests=tuple(digests), texts=tuple(texts))


def _entry(row: dict[str, Any], file: Path, where: str) -> OptOut:
    try:
        return entry_of(row, file)
    except (RegisterError, ValueError) as error:
        # Without the words of the reader, who repeats the value: a column named content may hold a work.
        hint = error.hint if isinstance(error, RegisterError) else ""
        raise RegisterError(
            f"{file}, {where}: names nothing that can be opted out", hint=hint, file=str(file), where=where
        ) from None


def _refuse_ended(row: dict[str, Any], file: Path, where: str) -> None:
    state = str(row.get("state") or "").strip().lower()
    if state in {OptOutState.REJECTED, OptOutState.WITHDRAWN}:
        raise RegisterError(f"{file}, {where}: an opt-out that is {state} is no request", file=str(file), where=where)
