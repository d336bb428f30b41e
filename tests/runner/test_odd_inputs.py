"""Inputs as strangers write them: types, names and octets nobody asked for."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rightful.audit.explain import explain
from rightful.audit.verify import verify_run
from rightful.errors import InputError
from rightful.ledger.run_directory import RunDirectory
from rightful.runner.partial import partial_folder
from rightful.runner.run import screen_files
from rightful.runner.stages import run_files

URL = "http://open-news.example/en/story-1"


def strings(*values):
    return pa.array(values, pa.binary()).view(pa.string())  # as a careless writer leaves them in a file


def written(tmp_path, columns):
    given = {"id": ["a", "b"], "url": [URL, URL], "text": ["one", "two"], "source": ["web", "web"], **columns}
    pq.write_table(pa.table(given), tmp_path / "r.parquet")
    return tmp_path / "r.parquet"


def ran(demo_inputs, tmp_path, columns, **more):
    file = written(tmp_path, columns)
    screen_files(demo_inputs.policy, file, out=tmp_path / "out", **demo_inputs.rules(), **more)
    return RunDirectory(tmp_path / "out")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"language": [["en"], ["zh"]]}, "column 'language' holds list"),
        ({"license": [["cc"], ["cc"]]}, "column 'license' holds list"),
        ({"id": [["a"], ["b"]]}, "column 'id' holds list"),
        ({"id": [{"a": 1}, {"a": 2}]}, "column 'id' holds struct"),
        ({"url": [1, 2]}, "column 'url' holds int64"),
        ({"text": [1.5, 2.5]}, "column 'text' holds double"),
        ({"fetched_at": [1.5, 2.5]}, "column 'fetched_at' holds double"),
    ],
)
def test_a_column_of_the_wrong_type_is_said_before_anything_is_done(demo_inputs, tmp_path, columns, words):
    with pytest.raises(InputError) as caught:
        ran(demo_inputs, tmp_path, columns)
    assert words in str(caught.value)
    assert "[columns]" in caught.value.hint
    assert not partial_folder(tmp_path / "out").exists()


def test_lines_of_json_are_brought_to_one_schema(demo_inputs, tmp_path):
    """Null in one file and text in another, a whole number here and a fraction there, a field only some have."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows = [{"id": "a", "url": URL, "text": "t", "source": "web"}]
    extra = [{"title": None, "score": 1}, {"title": "T", "score": 0.5, "more": True}]
    for number, fields in enumerate(extra):
        (folder / f"{number}.jsonl").write_text(json.dumps(rows[0] | fields) + "\n", encoding="utf-8")
    manifest = screen_files(demo_inputs.policy, folder, out=tmp_path / "out", **demo_inputs.rules())
    assert manifest.counts.admit == 2
    data = pa.concat_tables(pq.read_table(tmp_path / "out" / file.path) for file in manifest.data)
    assert data.select(["title", "score", "more"]).to_pylist() == [
        {"title": None, "score": 1.0, "more": None}, {"title": "T", "score": 0.5, "more": True},
    ]  # fmt: skip


def test_two_columns_of_one_name_are_said(demo_inputs, tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array([URL]), pa.array([URL])], names=["id", "url", "url"])
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(InputError, match="two columns are called 'url'"):
        screen_files(demo_inputs.policy, tmp_path / "r.parquet", out=tmp_path / "out", **demo_inputs.rules())


@pytest.mark.parametrize(
    "kind", [pa.string_view(), pa.large_string(), pa.binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_of_every_type_is_text(demo_inputs, tmp_path, kind):
    columns = {"url": pa.array([URL, URL]), "text": pa.array(["one", "two"]), "language": pa.array(["en", "zh"])}
    run = ran(demo_inputs, tmp_path, {name: values.cast(kind) for name, values in columns.items()})
    assert run.manifest.counts.admit == 2
    assert run.manifest.data[0].languages == {"en": 1, "zh": 1}
    assert run.manifest.data[0].text_octets == 6


def test_rows_are_selected_of_a_file_whose_text_is_in_views(demo_inputs, tmp_path):
    given = pa.table({
        "id": pa.array(["a", "b"]).cast(pa.string_view()),
        "url": pa.array([URL, "http://never-captured.example/1"]).cast(pa.string_view()),
        "text": pa.array([b"one", b"two"]).cast(pa.binary_view()),
        "source": ["web", "web"],
    })  # fmt: skip
    with pa.ipc.new_file(tmp_path / "r.arrow", given.schema) as file:
        file.write_table(given)
    manifest = screen_files(demo_inputs.policy, tmp_path / "r.arrow", out=tmp_path / "out", **demo_inputs.rules())
    assert (manifest.counts.admit, manifest.counts.hold) == (1, 1)
    assert not verify_run(tmp_path / "out", everything=True).findings


@pytest.mark.parametrize("name", ["id", "language", "fetched_at"])
def test_what_is_no_valid_utf8_holds_its_record_and_the_run_verifies(demo_inputs, tmp_path, name):
    good = {"id": b"a", "language": b"en", "fetched_at": b"2026-01-15T08:00:00Z"}[name]
    file = written(tmp_path, {name: strings(good, b"\xff\xfe")})
    run_files(demo_inputs.policy, file, out=tmp_path / "out", **demo_inputs.rules())
    ledger = pq.read_table(tmp_path / "out/rightful/ledger/part-00000.parquet").to_pylist()
    assert [row["admission"] for row in ledger] == ["admit", "hold"]
    assert ledger[1]["reasons"] == [f"UNKNOWN_VALUE:{name}"]
    assert verify_run(tmp_path / "out", everything=True).findings == ()


def test_a_language_that_is_a_text_is_not_told(demo_inputs, tmp_path):
    secret = "Nobody but the author has read this sentence so far."
    run = ran(demo_inputs, tmp_path, {"language": [secret, "en-GB"]}, mode="label")
    assert run.manifest.data[0].languages == {"(no language)": 1, "en-GB": 1}
    assert secret not in json.dumps(run.manifest.to_json())


def test_what_records_say_of_themselves_keeps_no_card_from_being_written(demo_inputs, tmp_path):
    file = written(tmp_path, {"license": ["No copyright infringement intended [/green]", None]})
    finished = run_files(demo_inputs.policy, file, out=tmp_path / "out", **demo_inputs.rules())
    assert finished.manifest.counts.hold == 1
    assert "infringement" in finished.card.read_text(encoding="utf-8")


def test_credentials_in_urls_are_in_no_ledger(demo_inputs, tmp_path):
    secret = URL.replace("http://", "http://alice:hunter2@")
    file = written(tmp_path, {"url": [secret, URL], "final_url": [None, secret]})
    run_files(demo_inputs.policy, file, out=tmp_path / "out", **demo_inputs.rules())
    ledger = pq.read_table(tmp_path / "out/rightful/ledger/part-00000.parquet")
    assert ledger["url"].to_pylist() == [URL, URL]
    assert ledger["final_url"].to_pylist() == [None, URL]
    assert verify_run(tmp_path / "out", everything=True).findings == ()
    assert len(explain(tmp_path / "out", url=secret)) == 2


def test_a_time_that_is_none_is_refused_first(demo_inputs, tmp_path):
    with pytest.raises(InputError, match="'tomorrow-ish' is no time"):
        ran(demo_inputs, tmp_path, {}, reference_time="tomorrow-ish")


def test_headers_of_records_are_in_the_ledger_and_decided_on_again(demo_inputs, tmp_path):
    file = written(tmp_path, {"x_robots_tag": ["noai", None], "meta_robots": ["index", "max-snippet:50"]})
    run_files(demo_inputs.policy, file, out=tmp_path / "out", **demo_inputs.rules())
    ledger = pq.read_table(tmp_path / "out/rightful/ledger/part-00000.parquet").to_pylist()
    assert [row["admission"] for row in ledger] == ["exclude", "admit"]
    assert [row["fields"] for row in ledger] == [
        "x_robots_tag: noai\nmeta_robots: index",
        "meta_robots: max-snippet:50",
    ]
    assert verify_run(tmp_path / "out", everything=True).findings == ()
    stated = explain(tmp_path / "out", record_id="a")[0].statements
    assert {(s.capture, s.statement.where, s.statement.text) for s in stated} == {(None, "X-Robots-Tag", "noai")}
    card = json.loads((tmp_path / "out/card.json").read_text(encoding="utf-8"))
    row = next(row for row in card["protocols"] if row["protocol"] == "robots-tag")
    assert (row["looked_for"], row["excluded"], row["stated"]) == (True, 1, {"deny": 1})
