"""How shards become the table that is tested: columns, names, times, and what cannot be read."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.quality.good_set import (
    AS_OF,
    COLUMNS,
    ROWS,
    SCHEMA,
    SECRET,
    good_rows,
    policy_with,
    results,
    write,
)

from rightful.errors import InputError, MissingColumnError
from rightful.quality.suite import validate_files
from rightful.screening.columns import Columns


def test_nested_columns_and_columns_with_odd_names(validated):
    rows = [
        {"meta": {"it's": {"url": row["url"]}, 'da"te': row["fetched_at"]}, "my.text": row["text"], "ID": row["id"],
         "id": row["url"], "filename": "f", "shard": 1, "rights": row["rights"]}
        for row in good_rows()
    ]  # fmt: skip
    rows[4]["meta"]["it's"] = None
    rows[5]["meta"] = None
    rows[6]["ID"] = rows[7]["ID"]
    columns = Columns(url="meta.it's.url", text="my.text", id="ID", fetched_at='meta.da"te', source=None)
    schema = pa.Table.from_pylist(rows).schema
    schema = schema.set(schema.get_field_index("rights"), SCHEMA.field("rights"))
    found = results(validated(rows, columns=columns, schema=schema))
    assert found["complete-url"].examples == ("rec-004", "rec-005")
    assert found["fetch-time-known"].examples == ("rec-005",)
    assert found["unique-id"].examples == ("rec-007",)
    assert found["complete-text"].passed


def test_without_ids_records_are_named_by_shard_and_row(tmp_path):
    rows = good_rows()
    for number in (0, 49, 50, 99):
        rows[number]["text"] = ""
    names = ("b, it's [ab]*?.parquet", 'a "two".parquet')
    files = write(tmp_path, rows, names=names)
    report = validate_files(files, policy=policy_with(), columns=replace(COLUMNS, id=None), as_of=AS_OF)
    found = results(report)
    assert found["complete-text"].examples == (f"{names[0]}#0", f"{names[0]}#49", f"{names[1]}#0", f"{names[1]}#49")
    assert found["unique-id"].not_applied == "the records have no column for: id"


def test_a_name_that_looks_like_a_pattern_is_only_a_name(tmp_path):
    """DuckDB would read `train-[01].parquet` as train-0 and train-1, and never open the file of that name."""
    spoilt = good_rows()
    spoilt[2]["rights"]["admission"] = "hold"
    write(tmp_path, good_rows(), names=("train-0.parquet", "train-1.parquet"))
    files = write(tmp_path, spoilt, names=("train-[01].parquet",))
    report = validate_files(files, policy=policy_with(), columns=COLUMNS, as_of=AS_OF)
    assert results(report)["authorisation-admitted"].examples == ("rec-002",)


def test_where_the_url_is_the_id_its_digest_is_told(validated):
    rows = good_rows()
    rows[3]["text"] = None
    report = validated(rows, columns=replace(COLUMNS, id="url"))
    assert re.fullmatch(r"[0-9a-f]{64}", results(report)["complete-text"].examples[0])
    assert "http" not in report.to_json()


def test_binary_ids_are_told_as_the_ledger_tells_them(validated):
    rows = good_rows()
    for number, row in enumerate(rows):
        row["id"] = bytes([0xAB, number])
    rows[3]["text"] = None
    schema = SCHEMA.set(SCHEMA.get_field_index("id"), pa.field("id", pa.binary()))
    assert results(validated(rows, schema=schema))["complete-text"].examples == ("ab03",)


@pytest.mark.parametrize(
    ("kind", "recent", "old"),
    [
        (pa.string(), "2026-07-31T10:00:00Z", "2026-06-02T14:00:00+02:30"),
        (pa.string(), "Fri, 31 Jul 2026 10:00:00 GMT", "20260601"),
        (pa.string(), "2026-08", "2026"),
        (pa.int64(), int(AS_OF.timestamp()), int(AS_OF.timestamp() * 1000) - 31 * 86_400_000),
        (pa.date32(), datetime(2026, 7, 31).date(), datetime(2026, 7, 1).date()),  # noqa: DTZ001 - dates
        (pa.timestamp("ns"), AS_OF.replace(tzinfo=None), datetime(2026, 7, 2, 11, 59)),  # noqa: DTZ001 - no zone
        (pa.timestamp("us", "Asia/Shanghai"), AS_OF, datetime(2026, 7, 2, 11, 59, tzinfo=UTC)),
        (pa.timestamp("ns", "Asia/Shanghai"), AS_OF, datetime(2026, 7, 2, 11, 59, tzinfo=UTC)),
    ],
)
def test_fetch_times_are_read_as_screening_reads_them(validated, kind, recent, old):
    rows = good_rows()
    for row in rows:
        row["fetched_at"] = recent
    rows[4]["fetched_at"] = old
    rows[5]["fetched_at"] = None
    schema = SCHEMA.set(SCHEMA.get_field_index("fetched_at"), pa.field("fetched_at", kind))
    found = results(validated(rows, schema=schema))
    assert (found["fetched-before"].passed, found["fetched-before"].asked) == (True, ROWS - 1)
    assert found["recent"].examples == ("rec-004",)
    assert found["fetch-time-known"].examples == ("rec-005",)


def test_columns_that_are_not_there_are_named(validated):
    with pytest.raises(MissingColumnError, match="no column 'langage' for the language"):
        validated(good_rows(), columns=replace(COLUMNS, language="langage"))
    with pytest.raises(MissingColumnError, match=r"no column 'meta\.url' for the url"):
        validated(good_rows(), columns=replace(COLUMNS, url="meta.url"))
    kept = [field for field in SCHEMA.field("rights").type if field.name != "tier"]
    schema = SCHEMA.set(SCHEMA.get_field_index("rights"), pa.field("rights", pa.struct(kept)))
    with pytest.raises(MissingColumnError, match=r"rights\.tier"):
        validated(good_rows(), schema=schema)


def test_shards_that_cannot_be_read_are_named(tmp_path):
    good = write(tmp_path, good_rows())

    def refused(*files, match, columns=COLUMNS):
        with pytest.raises(InputError, match=match) as error:
            validate_files(files, policy=policy_with(), columns=columns, as_of=AS_OF)
        return str(error.value)

    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"id": ["a"]}), other)
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(good[0].read_bytes()[:-200])
    twice = tmp_path / "again" / good[0].name
    twice.parent.mkdir()
    twice.write_bytes(good[0].read_bytes())
    refused(tmp_path / "absent.parquet", match=r"absent\.parquet")
    refused(torn, match="is no Parquet file")
    refused(*good, other, match="other columns")
    refused(*good, twice, match="two shards are named")
    table = pq.read_table(good[0])
    pq.write_table(table.append_column("file_row_number", table["id"]), other)
    refused(other, match="cannot be told apart", columns=replace(COLUMNS, id=None))
    assert not validate_files([other], policy=policy_with(), columns=COLUMNS, as_of=AS_OF).critical_failures


def test_an_error_of_duckdb_does_not_quote_a_record(tmp_path):
    text = SECRET.encode() + b"\xff"
    broken = pa.StringArray.from_buffers(
        1, pa.py_buffer(b"\0\0\0\0" + len(text).to_bytes(4, "little")), pa.py_buffer(text)
    )
    table = pa.Table.from_pylist(good_rows(1), SCHEMA)
    file = tmp_path / "broken.parquet"
    pq.write_table(table.set_column(table.column_names.index("text"), "text", broken), file)
    with pytest.raises(InputError, match="DuckDB says") as error:
        validate_files([file], policy=policy_with(), columns=COLUMNS, as_of=AS_OF)
    assert SECRET not in f"{error.value!r}{error.value.__cause__!r}{error.value.where}"
    assert error.value.__suppress_context__


def test_no_shards_are_no_records():
    report = validate_files([], policy=policy_with(), columns=COLUMNS, as_of=AS_OF)
    assert [r.code for r in report.critical_failures] == ["records-present"]


def test_settings_duckdb_refuses_are_named(tmp_path):
    with pytest.raises(InputError, match="memory_limit='much'"):
        validate_files(write(tmp_path, good_rows()), policy=policy_with(), columns=COLUMNS, memory_limit="much")
