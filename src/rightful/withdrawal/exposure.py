"""Which versions of models were trained on what was taken out, by a log of trainings.

A log is JSON lines, CSV or Parquet, one training a row:

    model        its name
    version      of the model (or model_version)
    trained_on   the root or the SHA-256 of the manifest of a run (or dataset, root, manifest_sha256, run); in JSON and
                 Parquet it may be a list
    at           when (or time, date, trained_at); may be empty

A removed record was in the version before and in every one that version was made of, so whoever trained on any of them
had it.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NAMES = {
    "model": ("model", "model_name"),
    "version": ("version", "model_version"),
    "trained_on": ("trained_on", "dataset", "root", "manifest_sha256", "run"),
    "at": ("at", "time", "date", "trained_at"),
}
_LONGEST = 200  # characters of a name that are shown or kept


@dataclass(frozen=True, slots=True, order=True)
class Exposure:
    """A version of a model that was trained on a version of a run; `trained_on` is the latter's root."""

    model: str
    version: str
    trained_on: str
    at: str


def exposed_models(log: str | Path, chain: Sequence[Mapping[str, Any]]) -> tuple[Exposure, ...]:
    """Find the trainings on any version of a chain (`ledger.manifest.version_of`), sorted, each once.

    Raises:
        InputError: a row cannot be read; names the line, or the row.
    """
    file = Path(log)
    roots = {each[name].removeprefix("sha256:"): each["root"] for each in chain for name in ("root", "manifest_sha256")}
    found = set()
    try:
        for place, row in _rows(file):
            training = {role: _value(row, role) for role in _NAMES}
            named = training["trained_on"]
            versions = named if isinstance(named, list) else [named]
            if not _told(training["model"]) or not versions or not all(_told(each) for each in versions):
                raise InputError(
                    f"{file}, {place}: a training names a model and what it was trained on",
                    hint=f"columns: model, version, trained_on, at; also read: {_also()}",
                    file=str(file),
                    place=place,
                )
            for each in versions:
                root = roots.get(str(each).strip().lower().removeprefix("sha256:"))
                if root is not None:
                    model, version, at = (_shown(training[n]) for n in ("model", "version", "at"))
                    found.add(Exposure(model, version, root, at))
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise InputError(f"{file} cannot be read: {type(error).__name__}", file=str(file)) from error
    return tuple(sorted(found))


def _also() -> str:
    return ", ".join(name for names in _NAMES.values() for name in names[1:])


def _told(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:_LONGEST]


def _value(row: Mapping[str, Any], role: str) -> Any:
    for name in _NAMES[role]:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return None


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give every row with the place it is at."""
    if file.suffix == ".parquet":
        number = 0
        for batch in pq.ParquetFile(file).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
        return
    with file.open(encoding="utf-8-sig", newline="") as stream:
        if file.suffix == ".csv":
            reader = csv.DictReader(stream, strict=True)
            for values in reader:
                yield f"line {reader.line_num}", values
            return
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield f"line {number}", _object(file, number, line)


def _object(file: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(f"{file}, line {number}: no JSON: {error}", file=str(file), line=number) from error
    if not isinstance(value, dict):
        raise InputError(f"{file}, line {number}: not a JSON object", file=str(file), line=number)
    return value
