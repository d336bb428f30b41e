"""The shards that ship, read once, as one DuckDB table of what the requirements are about.

The table has no text and no URL: flags, lengths, hashes, times and words of the label. So whatever reads it, its
log and its errors included, cannot repeat the text of a record; the shards are read once, however many
requirements there are; and what is tested spills to disk instead of growing in memory.
"""

from __future__ import annotations

from contextlib import closing
from string import Template
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.errors import InputError, MissingColumnError, RightfulError
from rightful.quality.garbled import GARBLED
from rightful.screening.labels import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rightful.screening.columns import Columns

TABLE = "records"
KEY = "record_id"
_MILLISECONDS = 100_000_000_000  # larger whole numbers are not seconds: as in screening
_ROLES = ("id", "url", "text", "fetched_at", "language", "source")
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
# The ways of writing a time that `facts.moment` reads and a cast to a timestamp does not.
_TIME_FORMATS = (
    "%Y", "%Y-%m", "%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H",
    "%a, %d %b %Y %H:%M:%S GMT",
)  # fmt: skip
_ROW_NUMBER = "file_row_number"  # DuckDB's name of the column it adds; counted from 0

_SHIPPED = Template("CREATE TEMP VIEW shipped AS SELECT $fields FROM read_parquet([$files], $options)")
_RECORDS = Template("CREATE TABLE records AS SELECT $fields FROM (SELECT *, $words FROM shipped)")


def settings(scratch: Path, memory_limit: str, threads: int) -> dict[str, Any]:
    """Give the settings of every connection: bounded, spilling beside the database, and without a network."""
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(scratch / "spilled"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def flatten(files: Sequence[Path], columns: Columns, database: Path, *, memory_limit: str, threads: int) -> int:
    """Write the table of the shards' records into a new database, and count its rows.

    Raises:
        InputError: a shard is not there, cannot be read, or has other columns than the first.
        MissingColumnError: a column of `columns`, or a field of the label, is not in the shards.
    """
    import duckdb

    schema = _schema(files)
    links = [_linked(file, number, database.parent) for number, file in enumerate(files)]
    try:
        connection = duckdb.connect(str(database), config=settings(database.parent, memory_limit, threads))
    except duckdb.Error as error:
        raise InputError(f"DuckDB refuses memory_limit={memory_limit!r} with threads={threads}: {error}") from error
    with closing(connection):
        if not links:
            connection.execute("CREATE TABLE records (record_id VARCHAR)")
            return 0
        connection.execute("SET TimeZone = 'UTC'")
        try:
            connection.execute(_view(links, columns, schema, _names(connection, links[0])))
            kinds = {name: str(kind) for name, kind, *_ in connection.execute("DESCRIBE shipped").fetchall()}
            fields, words = (_listed(pairs) for pairs in (_fields(kinds, columns), _words(kinds)))
            names = [file.name for file in files]
            connection.execute(_RECORDS.substitute(fields=fields, words=words), {"names": names})
            return int(connection.execute("SELECT count(*) FROM records").fetchall()[0][0])
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise RightfulError(
                f"DuckDB ran out of memory or of files: {error}",
                hint="raise memory_limit, or make room where temporary files go (TMPDIR)",
            ) from error
        except duckdb.Error as error:
            # Its message may quote the value it stumbled over, and that is the text of a record.
            kind = type(error).__name__
            raise InputError(f"the shards from {files[0]} on cannot be read: DuckDB says {kind}") from None


def _schema(files: Sequence[Path]) -> pa.Schema:
    first: pa.Schema = pa.schema([])
    names: set[str] = set()
    for file in files:
        try:
            schema = pq.read_schema(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{file} is no Parquet file: {error}", file=str(file)) from error
        if file.name in names:
            raise InputError(f"two shards are named {file.name}: ids made of it would be ambiguous", file=str(file))
        names.add(file.name)
        first = first or schema
        if schema.names != first.names:
            raise InputError(f"{file} has other columns than {files[0]}: {', '.join(schema.names)}", file=str(file))
    return first


def _linked(file: Path, number: int, scratch: Path) -> Path:
    """Give a shard a name of ours: DuckDB takes `*`, `?` and `[` in a name for a pattern, and reads other files."""
    link = scratch / f"{number:06d}.parquet"
    link.symlink_to(file.resolve())
    return link


def _names(connection: Any, shard: Path) -> list[str]:
    """Give DuckDB's names of the columns, in order: of two names that differ in case only it changes one."""
    return [row[0] for row in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(shard)]).fetchall()]


def _view(links: list[Path], columns: Columns, schema: pa.Schema, names: list[str]) -> str:
    """Write the view: a column for each role, for each field of the label, and for where a record stands."""
    in_duckdb = dict(zip(schema.names, names, strict=True))
    roles = {role: path for role in _ROLES if (path := getattr(columns, role)) is not None}
    fields = [f"{_reach(path, role, schema, in_duckdb)} AS {role}_" for role, path in roles.items()]
    for field in RIGHTS:
        reached = _reach(f"{columns.label}.{field.name}", "label", schema, in_duckdb)
        fields.append(f"{reached} AS label_{field.name}")
    numbered = _ROW_NUMBER not in {name.lower() for name in names}
    if not numbered and columns.id is None:
        raise InputError(
            f"the shards have a column named {_ROW_NUMBER} and no ids: their records cannot be told apart",
            hint="name the column of ids in the policy: [columns] id = …",
        )
    row = _ROW_NUMBER if numbered else "NULL"
    fields += [f"{row} AS row_", "CAST(regexp_extract(shard_, '([0-9]+)[.]parquet$', 1) AS INTEGER) AS shard_"]
    options = "filename = 'shard_'" + (f", {_ROW_NUMBER} = true" if numbered else "")
    files = ", ".join(_literal(str(link)) for link in links)
    return _SHIPPED.substitute(fields=", ".join(fields), files=files, options=options)


def _reach(path: str, role: str, schema: pa.Schema, in_duckdb: Mapping[str, str]) -> str:
    """Write how a column is reached; a column whose own name has dots wins over a path, as in screening."""
    head, *inner = [path] if path in schema.names else path.split(".")
    if head not in schema.names:
        raise MissingColumnError.among(path, schema.names, role=role)
    sql, kind = _identifier(in_duckdb[head]), schema.field(head).type
    for name in inner:
        fields = [field.name for field in kind] if pa.types.is_struct(kind) else []
        if name not in fields:
            raise MissingColumnError.among(path, [*schema.names, *(f"{head}.{field}" for field in fields)], role=role)
        sql, kind = f"struct_extract({sql}, {_literal(name)})", kind.field(name).type
    return sql


def _words(kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give each column as text, and whether it has anything but white space; worked out once, for it costs most."""
    for role in _ROLES:
        name = f"{role}_"
        if name in kinds:
            yield role, _as_text(name, kinds[name])
            yield f"{role}_filled", f"regexp_matches({_as_text(name, kinds[name])}, '[^\\s\\p{{Z}}]')"
    yield "place", "list_extract($names, shard_ + 1)"


def _fields(kinds: Mapping[str, str], columns: Columns) -> Iterator[tuple[str, str]]:
    """Give the columns of the table, over the view and its words."""
    stated = _id(kinds["id_"], columns) if "id_" in kinds else "NULL"
    yield KEY, f"coalesce({stated}, place || '#' || row_, place)"
    for word in ("admission", "tier", "route"):
        yield word, f"coalesce(label_{word}, '')"
    for word in ("basis", "site"):
        yield word, f"nullif(trim(label_{word}), '')"
    yield "reasons", "coalesce(len(label_reasons), 0)"
    yield "situation", "label_situation"
    yield "label_complete", " AND ".join(f"label_{field.name} IS NOT NULL" for field in RIGHTS if field.name != "site")
    if "id_" in kinds:
        yield "has_id", f"{stated} IS NOT NULL"
    has_url = "coalesce(url_filled, false)" if "url_" in kinds else "false"
    if "url_" in kinds:
        yield "has_url", has_url
    if "text_" in kinds:
        # A text that cannot be decoded is there; it is not empty but unreadable, and has no octets to count.
        has_text = "coalesce(text_filled, text_ IS NOT NULL)"
        yield "has_text", has_text
        yield "has_text_or_url", f"({has_text} OR {has_url})"
        yield "text_octets", f"CASE WHEN text_filled THEN strlen(text) WHEN {has_text} THEN 0 END"
        # 64 bits: among 100M texts the odds that any two share a hash by chance are 3 in 10,000.
        yield "text_hash", "CASE WHEN text_filled THEN hash(text) END"
        yield "garbled", f"coalesce(regexp_matches(text, {_literal(GARBLED)}), false)"
    if "fetched_at_" in kinds:
        yield "fetched_at", _seconds(kinds["fetched_at_"])
    if "language_" in kinds:
        yield "language", "lower(trim(coalesce(language, '')))"
    if "source_" in kinds:
        yield "source", "coalesce(source, '')"


def _id(kind: str, columns: Columns) -> str:
    """Write an id as the ledger does; where URL or text serves as id, its digest, for neither may leave here."""
    if columns.id in {columns.url, columns.final_url, columns.text}:
        return "sha256(id_)"
    return f"nullif({'lower(hex(id_))' if kind == 'BLOB' else 'CAST(id_ AS VARCHAR)'}, '')"


def _as_text(name: str, kind: str) -> str:
    """Read a column as text; null where it is no valid UTF-8."""
    if kind == "BLOB":
        return f"TRY(decode({name}))"
    return name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"


def _seconds(kind: str) -> str:
    """Read a fetch time as screening does, in whole seconds since 1970, UTC; null where it is no time."""
    if kind in _INTEGERS:
        return f"CASE WHEN fetched_at_ > {_MILLISECONDS} THEN fetched_at_ // 1000 ELSE fetched_at_ END"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        zoned = "TZ" in kind or "TIME ZONE" in kind
        moment = f"CAST(fetched_at_ AS {'TIMESTAMPTZ' if zoned else 'TIMESTAMP'})"
    else:
        formats = ", ".join(_literal(form) for form in _TIME_FORMATS)
        read = f"coalesce(TRY_CAST(trim(fetched_at) AS TIMESTAMP), try_strptime(trim(fetched_at), [{formats}]))"
        # Without a digit it is one of the words SQL knows for times (`epoch`, `infinity`), and nobody meant that.
        moment = f"CASE WHEN regexp_matches(fetched_at, '[0-9]') THEN {read} END"
    return f"TRY_CAST(floor(epoch({moment})) AS BIGINT)"


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in pairs)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
