"""Opt-outs from files: CSV, JSONL or Parquet.

Either two columns `kind` and `value`, or one column named after its kind (`url`, `prefix`, `host`, `site` or
`domain`, `account`, `content` or `sha256`); besides, if there: `state`, `reference` or `id`, `received_at`.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.errors import MissingColumnError, RegisterError
from rightful.facts.moment import parse_time
from rightful.register.entries import KeyKind, OptOut, OptOutState, canonical_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Choice = TypeVar("_Choice", KeyKind, OptOutState)

_KIND_COLUMNS = {
    "url": KeyKind.URL,
    "prefix": KeyKind.PREFIX,
    "url_prefix": KeyKind.PREFIX,
    "host": KeyKind.HOST,
    "site": KeyKind.SITE,
    "domain": KeyKind.SITE,
    "account": KeyKind.ACCOUNT,
    "content": KeyKind.CONTENT,
    "sha256": KeyKind.CONTENT,
}


def read_entries(files: Iterable[str | Path]) -> list[OptOut]:
    """Read every opt-out of every file, in order.

    Raises:
        RegisterError: a file or a row cannot be read; names both. Nothing is skipped: an opt-out that is
            silently dropped would be ignored for ever.
    """
    return [entry for file in files for entry in _entries(Path(file))]


def _entries(file: Path) -> Iterator[OptOut]:
    for where, row in rows_of(file):
        try:
            yield entry_of(row, file)
        except (RegisterError, ValueError) as error:
            message = error.message if isinstance(error, RegisterError) else str(error)
            hint = error.hint if isinstance(error, RegisterError) else ""
            raise RegisterError(f"{file}, {where}: {message}", hint=hint, file=str(file), where=where) from error


def entry_of(row: dict[str, Any], file: Path) -> OptOut:
    """Read one row.

    Raises:
        RegisterError: it names nothing, or what it names is none of its kind.
        ValueError: its time is no time.
    """
    kind, value = _key(row, file)
    return OptOut(
        kind=kind,
        key=canonical_key(kind, value),
        state=_choice(OptOutState, row.get("state") or "verified", "state"),
        reference=str(row.get("reference") or row.get("id") or ""),
        received_at=parse_time(row.get("received_at")),
    )


def names_key(row: dict[str, Any]) -> bool:
    """Tell whether a row has anything in a column that names what is opted out."""
    return any(row.get(name) for name in ("value", *_KIND_COLUMNS))


def _key(row: dict[str, Any], file: Path) -> tuple[KeyKind, str]:
    if "kind" in row and "value" in row:
        return _choice(KeyKind, row["kind"], "kind"), str(row["value"] or "")
    for name, kind in _KIND_COLUMNS.items():
        if row.get(name):
            return kind, str(row[name])
    if any(name in row for name in _KIND_COLUMNS):
        raise RegisterError("the row names nothing to opt out")
    raise MissingColumnError.among("kind", row, role="kind", source=str(file))


def _choice(choices: type[_Choice], value: object, name: str) -> _Choice:
    try:
        return choices(str(value).strip().lower())
    except ValueError:
        raise RegisterError(f"{value!r} is no {name}; one of: {', '.join(choices)}") from None


def rows_of(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the rows of a list, each with the words for where it stands.

    Raises:
        RegisterError: there is no such file, or it is none of the forms.
    """
    if not file.exists():
        raise RegisterError(f"{file} does not exist", file=str(file))
    read = _READERS.get(file.suffix)
    if read is None:
        raise RegisterError(f"{file}: opt-outs are read from {', '.join(_READERS)}", file=str(file))
    try:
        yield from read(file)
    except UnicodeDecodeError:  # whose words have what is before and after in the file
        raise RegisterError(f"{file} is not written in UTF-8", file=str(file)) from None


def _csv_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        try:
            for row in reader:
                yield f"line {reader.line_num}", row
        except csv.Error as error:
            raise RegisterError(
                f"{file}, after line {reader.line_num}: no CSV: {error}",
                hint="long texts are read from .jsonl and .parquet",
                file=str(file),
            ) from error


def _json_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield f"line {number}", _object(line, file, number)


def _parquet_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        source = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise RegisterError(f"{file} is no Parquet file: {error}", file=str(file)) from error
    number = 0
    for batch in source.iter_batches(10_000):
        for row in batch.to_pylist():
            yield f"row {number}", row
            number += 1


_READERS = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}


def _object(line: str, file: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise RegisterError(f"{file}, line {number}: no JSON: {error}", file=str(file), line=number) from error
    if not isinstance(row, dict):
        raise RegisterError(f"{file}, line {number}: not a JSON object", file=str(file), line=number)
    return row
