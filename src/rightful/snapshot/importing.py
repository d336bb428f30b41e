"""Captures that others made: a table of robots.txt files, or a WARC file, becomes captures, every row accounted for.

What becomes of the records of a WARC file, `warc` says. Of a table, columns are found by their usual names or mapped
by hand. A row whose host, time or status cannot be read, or that records no answer, is left out and counted with its
number: its origin then counts as never captured, so leaving it out frees nothing. A table in which every body stands
one row off its host (a published data set has that fault) is refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.errors import InputError, MissingColumnError
from rightful.facts.moment import parse_time
from rightful.facts.site import parse_authority, parse_url, registrable_domain
from rightful.snapshot.model import Capture, Kind, classify
from rightful.snapshot.store import Snapshot, add_captures
from rightful.snapshot.warc import LeftOut, read_captures
from rightful.snapshot.warc_file import is_warc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USUAL_NAMES = {
    "host": ("host", "hostname", "domain", "netloc"),
    "robots_url": ("robots_url", "robots_txt_url", "url"),
    "body": ("body", "robots_txt", "content", "text", "robots"),
    "fetched_at": ("fetched_at", "fetch_time", "crawled_at", "timestamp", "warc_date", "date"),
    "status": ("status", "status_code", "http_status"),
    "error": ("error", "exception"),
    "time_basis": ("fetched_at_basis", "time_basis"),
}
BATCH_ROWS = 5_000


@dataclass
class ImportReport:
    """What became of the rows: `rows` is the sum of `outcomes` and `left_out`; `examples` are of the latter."""

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    digest: str = ""


def import_captures(file: str | Path, store: str | Path, *, columns: Mapping[str, str] | None = None) -> ImportReport:
    """Add the captures of a Parquet, JSONL or WARC file to a snapshot store, as one new version.

    Args:
        file: .warc, .warc.gz or .warc.zst; or rows with `host` or `robots_url`, and any of body, fetched_at, status,
            error.
        store: directory of the store; made if there is none.
        columns: role -> column name, where the usual names do not fit.

    Raises:
        InputError: the file cannot be read, holds nothing usable, or every body stands one row off.
        MissingColumnError: no column says which host a row is about.
        MissingExtraError: it is a WARC file, and what reads those is not installed.
    """
    report = ImportReport()
    archive = is_warc(Path(file))
    read = _archived if archive else _captures
    captures = list(read(Path(file), columns or {}, report))
    if not captures:
        why = "; ".join(f"{reason}, such as {report.examples[reason]}" for reason in report.left_out)
        raise InputError(f"{file} holds no capture: {why or 'it has no rows'}", file=str(file))
    if not archive:  # in a WARC file an address and its answer are one record
        _refuse_shifted(Path(file), captures)
    snapshot: Snapshot = add_captures(store, captures)
    report.digest = snapshot.digest
    return report


def _captures(file: Path, mapping: Mapping[str, str], report: ImportReport) -> Iterator[Capture]:
    for first, rows, names in _batches(file):
        if not report.columns:
            report.columns = _find_columns(names, mapping, file)
        for number, row in enumerate(rows, start=first):
            report.rows += 1
            value = {role: row.get(name) for role, name in report.columns.items()}
            try:
                capture = _capture(value)
            except _LeftOutError as reason:
                report.left_out[str(reason)] += 1
                report.examples.setdefault(str(reason), f"row {number}: {reason.told!r}")
            else:
                report.outcomes[_label(capture)] += 1
                yield capture


def _archived(file: Path, mapping: Mapping[str, str], report: ImportReport) -> Iterator[Capture]:
    if mapping:
        raise InputError(f"{file} is a WARC file: it has no columns that could be mapped", file=str(file))
    for found in read_captures(file):
        report.rows += 1
        if isinstance(found, LeftOut):
            report.left_out[found.reason] += 1
            report.examples.setdefault(found.reason, found.example)
        else:
            report.outcomes[_label(found)] += 1
            yield found


class _LeftOutError(Exception):
    def __init__(self, reason: str, told: object = None) -> None:
        super().__init__(reason)
        self.told = str(told)[:80]


def _label(capture: Capture) -> str:
    page = "html page" if capture.kind is Kind.HTML else None
    return f"{capture.outcome} ({page or capture.status or capture.kind})"


def _find_columns(names: list[str], mapping: Mapping[str, str], file: Path) -> dict[str, str]:
    found = {}
    for role, usual in USUAL_NAMES.items():
        if role in mapping:
            if mapping[role] not in names:
                raise MissingColumnError.among(mapping[role], names, role=role, source=str(file))
            found[role] = mapping[role]
        else:
            hit = next((n for n in usual if n in names and n not in found.values()), None)
            if hit:
                found[role] = hit
    if unknown := set(mapping) - set(USUAL_NAMES):
        raise InputError(f"{min(unknown)!r} is no role of a column; roles: {', '.join(USUAL_NAMES)}")
    if "host" not in found and "robots_url" not in found:
        raise MissingColumnError.among("host", names, role="host", source=str(file))
    return found


def _capture(value: dict[str, Any]) -> Capture:
    body = value.get("body")
    octets = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
    status = _status(value.get("status"))
    error = value.get("error") or None
    if octets is None and status is None and error is None:
        raise _LeftOutError("no answer recorded", value.get("host"))
    outcome, kind = classify(status, error, octets)
    try:
        fetched_at = parse_time(value.get("fetched_at"))
    except (ValueError, OverflowError):
        raise _LeftOutError("time not readable", value["fetched_at"]) from None
    return Capture(
        origin=_origin(value),
        fetched_at=fetched_at,
        outcome=outcome,
        kind=kind,
        status=status,
        error=str(error)[:200] if error else None,
        body=octets,
        time_basis=value.get("time_basis"),
    )


def _origin(value: dict[str, Any]) -> str:
    if value.get("robots_url"):
        location = parse_url(str(value["robots_url"]))
        if location:
            return location.origin
    location = parse_authority(str(value.get("host") or ""))
    if location is None:
        raise _LeftOutError("host not readable", value.get("robots_url") or value.get("host"))
    return location.origin.removeprefix("https:")  # a host and its port, under a scheme that was not told


def _status(value: object) -> int | None:
    if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN, as pandas writes a missing number
        return None
    try:
        return int(str(value).removesuffix(".0"))
    except ValueError:
        raise _LeftOutError("status not readable", value) from None


def _batches(file: Path) -> Iterator[tuple[int, list[dict[str, Any]], list[str]]]:
    if not file.exists():
        raise InputError(f"{file} does not exist", file=str(file))
    if file.suffix == ".parquet":
        try:
            source = pq.ParquetFile(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{file} is no Parquet file: {error}", file=str(file)) from error
        first = 0
        for batch in source.iter_batches(BATCH_ROWS):
            yield first, _rows(batch), source.schema_arrow.names
            first += batch.num_rows
    elif file.suffix in {".jsonl", ".ndjson", ".json"}:
        yield from _json_batches(file)
    else:
        raise InputError(f"{file}: captures are imported from .warc, .warc.gz, .parquet or .jsonl", file=str(file))


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Read text as octets where it is not UTF-8: a robots.txt may be in any encoding."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except UnicodeDecodeError:
        columns = [
            column.cast(pa.large_binary())
            if pa.types.is_large_string(column.type) or pa.types.is_string(column.type)
            else column
            for column in batch.columns
        ]
        raw = pa.RecordBatch.from_arrays(columns, names=batch.schema.names).to_pylist()
        rows = [
            {k: v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else v for k, v in row.items()}
            for row in raw
        ]
    return rows


def _json_batches(file: Path) -> Iterator[tuple[int, list[dict[str, Any]], list[str]]]:
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    first = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{file}, line {number}: no JSON: {error}", file=str(file), line=number) from error
            if not isinstance(row, dict):
                raise InputError(f"{file}, line {number}: not a JSON object", file=str(file), line=number)
            rows.append(row)
            names.update(dict.fromkeys(row))
    # Names are collected over all lines first: a field may be absent from any of them.
    for start in range(0, len(rows), BATCH_ROWS):
        yield first + start, rows[start : start + BATCH_ROWS], list(names)


# Fewer files with a Sitemap line than this say nothing about a shift.
_SHIFT_MINIMUM = 20


def _refuse_shifted(file: Path, captures: list[Capture]) -> None:
    sites = [_site(capture) for capture in captures]
    named = [(i, site) for i, capture in enumerate(captures) if (site := _sitemap_site(capture))]
    own = sum(sites[i] == site for i, site in named)
    for step, side in ((-1, "before"), (1, "after")):
        beside = sum(sites[i + step] == site != sites[i] for i, site in named if 0 <= i + step < len(sites))
        if len(named) >= _SHIFT_MINIMUM and beside > max(own, len(named) // 2):
            raise InputError(
                f"{file}: of {len(named)} bodies that name a sitemap, {own} name their own site and {beside} that "
                f"of the row {side}: every body stands one row off",
                hint="repair the table at its source; captures of the wrong host must not decide anything",
                file=str(file),
            )


def _site(capture: Capture) -> str:
    return registrable_domain(capture.origin.rpartition("//")[2].partition(":")[0])


_SITEMAP = re.compile(rb"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)


def _sitemap_site(capture: Capture) -> str | None:
    found = _SITEMAP.search(capture.body or b"")
    location = parse_url(found[1].decode("latin-1")) if found else None
    return registrable_domain(location.host) if location else None
