"""Records from files: Parquet, JSON lines (plain, gz, zst), Arrow and WARC, as record batches of bounded size."""

from __future__ import annotations

import glob
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from rightful.errors import InputError
from rightful.ledger.run_directory import MANIFEST
from rightful.runner.warc_records import WARC_SCHEMA, read_contents, read_rows
from rightful.screening.column_kinds import plain_text, without_views
from rightful.snapshot.warc_file import is_warc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCH_ROWS = 65_536
_JSON_BLOCK = 8 << 20
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")


@dataclass(frozen=True, slots=True)
class Records:
    """One input file, readable in batches.

    Attributes:
        path: the file.
        schema: its schema.
        rows: its number of records; for JSON lines and WARC known once they were read through.
        groups: row-group sizes, where the format has them.
        left_out: what else it holds, and how much of it, where not all of it is records.
    """

    path: Path
    schema: pa.Schema
    rows: int
    groups: tuple[int, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        """Whether the schema was found by reading, and fits what is read with a wider one."""
        return _kind(self.path) == "json"


def find_inputs(patterns: str | Path | Sequence[str | Path]) -> list[Path]:
    """Expand patterns and folders into files, sorted, each once however it is named or linked to.

    Of a folder, what lies in hidden folders and in finished or unfinished runs is left out: a run must not read itself.

    Raises:
        InputError: a pattern matches nothing, or a file is of no format that is read.
    """
    several = [patterns] if isinstance(patterns, str | Path) else list(patterns)
    if not several:
        raise InputError("no inputs were named", hint="name files, folders or patterns")
    found: dict[Path, Path] = {}
    for pattern in several:
        path = Path(pattern)
        if path.is_file():
            matches = [path]  # before it is a pattern: a name may have brackets
        elif path.is_dir():
            matches = sorted(p for p in path.rglob("*") if p.is_file() and _kind(p) and not _of_a_run(p, path))
        else:
            matches = sorted(Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - absolute patterns too
            matches = [p for p in matches if p.is_file()]
        if not matches:
            raise InputError(f"nothing matches the input {str(pattern)!r}", pattern=str(pattern))
        for match in matches:
            found.setdefault(match.resolve(), match)
    for path in found.values():
        if _kind(path) is None:
            raise InputError(
                f"{path} is of no format that is read",
                hint="records are read from .parquet, .jsonl, .jsonl.gz, .jsonl.zst, .arrow, .warc and .warc.gz",
                file=str(path),
            )
    return list(found.values())


def _of_a_run(file: Path, folder: Path) -> bool:
    """Tell whether a file below a folder lies in a hidden folder, or in a run that is finished or being made."""
    parents = file.relative_to(folder).parents
    below = [folder / parent for parent in parents if parent.parts]
    return any(p.name.startswith(".") or p.name.endswith(".partial") or (p / MANIFEST).exists() for p in below)


def _kind(path: Path) -> str | None:
    stem = path.with_suffix("") if path.suffix in _COMPRESSIONS else path
    if path.suffix == ".parquet":
        return "parquet"
    if is_warc(path):
        return "warc"
    if stem.suffix in _JSON_SUFFIXES:
        return "json"
    return "arrow" if path.suffix in _ARROW_SUFFIXES else None


def open_records(path: Path) -> Records:
    """Read what a file holds, without its records.

    Raises:
        InputError: the file cannot be read; names it, and the line where there are lines.
        MissingExtraError: it is a WARC file, and what reads those is not installed.
    """
    kind = _kind(path)
    try:
        if kind == "warc":
            contents = read_contents(path)
            return Records(path, WARC_SCHEMA, contents.rows, left_out=contents.left_out)
        if kind == "parquet":
            source = pq.ParquetFile(path)
            sizes = tuple(source.metadata.row_group(i).num_rows for i in range(source.metadata.num_row_groups))
            return Records(path, without_views(source.schema_arrow), source.metadata.num_rows, sizes)
        if kind == "arrow":
            with _arrow_reader(path) as reader:
                return Records(path, without_views(reader.schema), sum(batch.num_rows for batch in reader))
        schema, rows = _json_schema(path)
        return Records(path, schema, rows)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read: {error}", file=str(path)) from error


def read_batches(
    records: Records, schema: pa.Schema, *, groups: Sequence[int] | None = None, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Give the records of a file, or of some of its row groups, in batches of at most `BATCH_ROWS`.

    Args:
        records: what `open_records` gave.
        schema: schema the batches have; equal to the file's own but for JSON lines.
        groups: row groups to read; all by default.
        columns: top-level columns to read; all by default.

    Raises:
        InputError: the file cannot be read; names it, and the line where there are lines.
    """
    try:
        for batch in map(plain_text, _batches(records.path, schema, groups, columns)):
            # Files may differ in metadata and in what may be null; what is written has one schema.
            yield batch if columns else pa.RecordBatch.from_arrays(batch.columns, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, EOFError) as error:
        raise InputError(f"{records.path} cannot be read: {error}", file=str(records.path)) from error


def _batches(
    path: Path, schema: pa.Schema, groups: Sequence[int] | None, columns: list[str] | None
) -> Iterator[pa.RecordBatch]:
    if _kind(path) == "parquet":
        yield from pq.ParquetFile(path).iter_batches(BATCH_ROWS, row_groups=groups, columns=columns)
    elif _kind(path) == "arrow":
        with _arrow_reader(path) as reader:
            for batch in reader:
                chosen = batch.select(columns) if columns else batch
                for start in range(0, chosen.num_rows, BATCH_ROWS):
                    yield chosen.slice(start, BATCH_ROWS)
    elif _kind(path) == "warc":
        yield from read_rows(path, columns)
    else:
        for line, block in _json_blocks(path):
            batch = _parse_block(path, line, block, schema)
            yield batch.select(columns) if columns else batch


def _arrow_reader(path: Path) -> pa.RecordBatchReader:
    """Open a file or a stream; `datasets` writes streams."""
    source = pa.memory_map(str(path))
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_stream(source)
    batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
    return pa.RecordBatchReader.from_batches(reader.schema, batches)


def _json_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Cut a file into blocks of whole lines, with the number of the first."""
    compression = _COMPRESSIONS.get(path.suffix)
    line, rest = 1, b""
    with pa.input_stream(str(path), compression=compression) as stream:
        while True:
            octets = stream.read(_JSON_BLOCK)
            whole = rest + octets
            if octets:
                cut = whole.rfind(b"\n") + 1
                block, rest = whole[:cut], whole[cut:]
            else:
                block, rest = whole, b""
            if block.strip():
                yield line, block
            line += block.count(b"\n")
            if not octets:
                return


def _json_schema(path: Path) -> tuple[pa.Schema, int]:
    """Read a file through once: the fields of any line, in order of first appearance."""
    schema = pa.schema([])
    rows = 0
    for line, block in _json_blocks(path):
        found = _parse_block(path, line, block, None)
        rows += found.num_rows
        try:
            schema = pa.unify_schemas([schema, _without_guesses(found.schema)], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(
                f"{path}, from line {line} on: a field changes its type: {error}", file=str(path), line=line
            ) from error
    return schema, rows


def _without_guesses(schema: pa.Schema) -> pa.Schema:
    """Undo what the reader guesses: a string that looks like a time is a string."""
    return pa.schema([field.with_type(_plain(field.type)) for field in schema])


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    return kind


def _parse_block(path: Path, line: int, block: bytes, schema: pa.Schema | None) -> pa.RecordBatch:
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer" if schema is None else "error")
    reading = pj.ReadOptions(block_size=len(block) + 1, use_threads=False)
    try:
        table = pj.read_json(io.BytesIO(block), reading, options)
    except pa.ArrowInvalid as error:
        _find_bad_line(path, line, block)
        raise InputError(f"{path}, from line {line} on: {error}", file=str(path), line=line) from error
    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    return pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in table.schema], schema=table.schema)


def _find_bad_line(path: Path, first: int, block: bytes) -> None:
    for number, text in enumerate(block.split(b"\n"), start=first):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: no JSON: {error}", file=str(path), line=number) from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: not a JSON object", file=str(path), line=number)
