"""Who must be named: every admitted record that asks for it and no other, without a word of any text."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.audit.test_verify import rewrite, seal_again, with_column
from tests.remunerated import POLICY, TEXTS, records, write_world

from rightful.audit.verify import verify_run
from rightful.ledger.run_directory import ATTRIBUTIONS
from rightful.runner.run import screen_files
from rightful.settlement.attributions import ATTRIBUTIONS_SCHEMA


def attributed(folder, policy=POLICY, mode="screen", **world):
    screen_files(**write_world(folder, policy, **world), out=folder / "out", mode=mode)
    return pq.read_table(folder / "out" / ATTRIBUTIONS).to_pylist()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("made")
    screen_files(**write_world(folder), out=folder / "out")
    return folder / "out"


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def test_every_admitted_record_that_asks_for_a_name_has_a_row_and_no_other(made):
    rows = pq.read_table(made / ATTRIBUTIONS).to_pylist()
    assert [row["id"] for row in rows] == [f"{kind}-{n}" for kind in ("books", "old") for n in range(4)]
    assert rows[0] == {
        "id": "books-0",
        "url": "https://allows.example/books/0",
        "title": "Title of books 0",
        "author": "Author of books",
        "licence": "cc-by-4.0",
        "licence_evidence": "text",
        "conditions": ["BY"],
        "source": "books",
    }
    assert rows[1]["author"] is None
    assert {tuple(row["conditions"]) for row in rows if row["source"] == "old"} == {("moral-rights",)}


def test_share_alike_is_kept_with_the_record(tmp_path):
    rows = attributed(tmp_path, POLICY.replace("cc-by-4.0", "cc-by-sa-4.0"))
    assert rows[0]["conditions"] == ["BY", "SA"]


def test_a_licence_nothing_evidences_asks_for_nothing(tmp_path):
    rows = attributed(tmp_path, POLICY.replace('licence_evidence = "text"', 'licence_evidence = "tag_only"'))
    assert {row["source"] for row in rows} == {"old"}


def test_a_held_record_is_named_nowhere(tmp_path):
    rows = attributed(tmp_path, POLICY.replace('"cc-by-4.0"', '"cc-by-nd-4.0"'))
    assert {row["source"] for row in rows} == {"old"}


def test_no_text_of_a_record_is_in_the_file(tmp_path):
    secret = "a sentence that stands in the text alone"
    table = records()
    texts = table.set_column(table.schema.get_field_index("text"), "text", pa.array([secret] * table.num_rows))
    rows = attributed(tmp_path, table=texts)
    assert rows
    assert secret not in str(rows)
    assert not any(text and text in str(rows) for text in TEXTS)


def test_where_the_ledger_keeps_no_locations_the_file_keeps_none(tmp_path):
    rows = attributed(tmp_path, POLICY + '\n[ledger]\nlocations = "digest"\n')
    assert [row["id"] for row in rows][:1] == ["books-0"]
    assert {row["url"] for row in rows} == {None}
    assert b"allows.example/books" not in (tmp_path / "out" / ATTRIBUTIONS).read_bytes()
    assert verify_run(tmp_path / "out").findings == ()


def test_titles_and_authors_are_found_in_a_struct_of_metadata(tmp_path):
    table = records()
    fields = [table["title"].combine_chunks(), table["author"].combine_chunks()]
    nested = table.drop_columns(["title", "author"]).append_column(
        "metadata", pa.StructArray.from_arrays(fields, ["title", "author"])
    )
    rows = attributed(tmp_path, table=nested)
    assert (rows[0]["title"], rows[0]["author"]) == ("Title of books 0", "Author of books")
    assert verify_run(tmp_path / "out").findings == ()


def test_a_title_that_is_no_text_is_left_out(tmp_path):
    table = records().drop_columns(["author"])
    numbers = table.set_column(table.schema.get_field_index("title"), "title", pa.array(range(table.num_rows)))
    rows = attributed(tmp_path, table=numbers)
    assert {(row["title"], row["author"]) for row in rows} == {(None, None)}


def test_labelled_runs_name_admitted_records_alone(made, tmp_path):
    assert attributed(tmp_path, mode="label") == pq.read_table(made / ATTRIBUTIONS).to_pylist()
    assert verify_run(tmp_path / "out").findings == ()


def test_a_ledger_alone_has_no_such_file(tmp_path):
    screen_files(**write_world(tmp_path), out=tmp_path / "out", mode="ledger")
    assert not (tmp_path / "out" / ATTRIBUTIONS).exists()
    assert verify_run(tmp_path / "out").findings == ()


def test_data_in_which_nobody_must_be_named_has_an_empty_file(tmp_path):
    table = records()
    kept = table.filter(pa.compute.equal(table["source"], "commons"))
    assert attributed(tmp_path, table=kept) == []
    assert pq.read_schema(tmp_path / "out" / ATTRIBUTIONS).equals(ATTRIBUTIONS_SCHEMA)


def other_author(table):
    return with_column(table, "author", ["somebody else", *table["author"].to_pylist()[1:]])


def other_licence(table):
    return with_column(table, "licence", ["cc0-1.0", *table["licence"].to_pylist()[1:]])


@pytest.mark.parametrize(
    "forge",
    [
        other_author,
        other_licence,
        lambda table: table.slice(1),
        lambda table: table.slice(0, 7),
        lambda table: pa.concat_tables([table, table.slice(0, 1)]),
        lambda table: table.drop_columns(["author"]),
    ],
    ids=["author", "licence", "first row", "last row", "one row more", "no authors"],
)
def test_a_forged_file_is_found_though_every_digest_fits(run, forge):
    assert verify_run(run).findings == ()
    rewrite(run / ATTRIBUTIONS, forge)
    seal_again(run)
    assert any(ATTRIBUTIONS in finding for finding in verify_run(run).findings)
