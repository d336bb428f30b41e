"""Runs over files: the same decisions however they are cut, and nothing lost, mixed or half-written."""

import gzip
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rightful.runner.reading
from rightful.demo.show import compare_with_the_right_answers
from rightful.errors import InputError, MissingColumnError, RunError
from rightful.ledger.run_directory import RunDirectory
from rightful.runner.partial import partial_folder
from rightful.runner.reading import find_inputs
from rightful.runner.run import screen_files


def screened(demo_inputs, inputs, out, **how):
    return screen_files(demo_inputs.policy, inputs, out=out, **demo_inputs.rules(), **how)


def ledger_of(out, *, places=True):
    run = RunDirectory(out)
    table = pa.Table.from_batches(list(run.ledger_batches()))
    return table if places else table.drop_columns(["input", "row"])


def data_of(out):
    return pa.concat_tables([pq.read_table(file) for file in RunDirectory(out).data_files()])


def octets_of(out):
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


@pytest.fixture
def in_five_files(demo_inputs, tmp_path):
    """The demo's records over five files, of one and of several row groups."""
    table = pq.read_table(demo_inputs.records)
    folder = tmp_path / "records"
    folder.mkdir()
    size = table.num_rows // 5 + 1
    for n in range(5):
        pq.write_table(table.slice(n * size, size), folder / f"part-{n}.parquet", row_group_size=size if n % 2 else 37)
    return folder


def test_every_decision_is_the_one_known_to_be_right(demo_inputs, tmp_path):
    manifest = screened(demo_inputs, demo_inputs.records, tmp_path / "out")
    compare_with_the_right_answers(tmp_path / "out", demo_inputs.expected)
    counts = manifest.counts
    assert counts.admit + counts.hold + counts.exclude == counts.records == pq.read_table(demo_inputs.records).num_rows
    assert sum(counts.by_reason.values()) == counts.hold + counts.exclude
    assert sum(counts.by_tier.values()) == counts.admit
    data = data_of(tmp_path / "out")
    assert data.num_rows == counts.admit
    assert set(pa.compute.struct_field(data["rights"], "admission").to_pylist()) == {"admit"}


@pytest.mark.parametrize("rows", [1, 7, 1000, 65536])
def test_batches_of_any_size_give_the_same(demo_inputs, tmp_path, monkeypatch, rows):
    screened(demo_inputs, demo_inputs.records, tmp_path / "whole")
    monkeypatch.setattr(rightful.runner.reading, "BATCH_ROWS", rows)
    screened(demo_inputs, demo_inputs.records, tmp_path / "cut")
    assert ledger_of(tmp_path / "cut").equals(ledger_of(tmp_path / "whole"))
    assert data_of(tmp_path / "cut").equals(data_of(tmp_path / "whole"))


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_any_number_of_processes_gives_the_same_octets(demo_inputs, in_five_files, tmp_path, processes):
    screened(demo_inputs, in_five_files, tmp_path / "one")
    screened(demo_inputs, in_five_files, tmp_path / "many", processes=processes)
    assert octets_of(tmp_path / "many") == octets_of(tmp_path / "one")


def test_the_same_run_twice_gives_the_same_octets(demo_inputs, tmp_path):
    copy = tmp_path / "elsewhere" / demo_inputs.records.name
    copy.parent.mkdir()
    shutil.copyfile(demo_inputs.records, copy)  # another folder, another time of change
    screened(demo_inputs, demo_inputs.records, tmp_path / "a")
    screened(demo_inputs, copy, tmp_path / "b")
    assert octets_of(tmp_path / "a") == octets_of(tmp_path / "b")


def as_json_lines(table):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()).encode()


def write_jsonl(table, folder):
    (folder / "r.jsonl").write_bytes(as_json_lines(table))


def write_gzip(table, folder):
    (folder / "r.jsonl.gz").write_bytes(gzip.compress(as_json_lines(table)))


def write_zstd(table, folder):
    with pa.output_stream(str(folder / "r.jsonl.zst"), compression="zstd") as stream:
        stream.write(as_json_lines(table))


def write_arrow_file(table, folder):
    with pa.OSFile(str(folder / "r.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)


def write_arrow_stream(table, folder):
    with pa.OSFile(str(folder / "r.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)


@pytest.mark.parametrize("write", [write_jsonl, write_gzip, write_zstd, write_arrow_file, write_arrow_stream])
def test_every_format_gives_the_same_decisions(demo_inputs, tmp_path, monkeypatch, write):
    monkeypatch.setattr(rightful.runner.reading, "_JSON_BLOCK", 4096)  # several blocks, lines cut across them
    folder = tmp_path / "records"
    folder.mkdir()
    write(pq.read_table(demo_inputs.records), folder)
    screened(demo_inputs, demo_inputs.records, tmp_path / "parquet")
    screened(demo_inputs, folder, tmp_path / "other")
    assert ledger_of(tmp_path / "other", places=False).equals(ledger_of(tmp_path / "parquet", places=False))
    texts = data_of(tmp_path / "other")["text"].to_pylist()
    assert texts == data_of(tmp_path / "parquet")["text"].to_pylist()


def test_urls_inside_structs(demo_inputs, tmp_path):
    table = pq.read_table(demo_inputs.records)
    inner = pa.StructArray.from_arrays(
        [table["url"].combine_chunks(), table["source"].combine_chunks()], names=["url", "source"]
    )
    nested = table.drop_columns(["url", "source"]).append_column("metadata", inner)
    pq.write_table(nested, tmp_path / "nested.parquet")
    screened(demo_inputs, demo_inputs.records, tmp_path / "flat")
    manifest = screened(demo_inputs, tmp_path / "nested.parquet", tmp_path / "nested")
    assert manifest.columns["url"] == "metadata.url"
    assert ledger_of(tmp_path / "nested", places=False).equals(ledger_of(tmp_path / "flat", places=False))


def test_labelling_drops_nothing(demo_inputs, tmp_path):
    manifest = screened(demo_inputs, demo_inputs.records, tmp_path / "out", mode="label")
    data = data_of(tmp_path / "out")
    assert data.num_rows == manifest.counts.records
    expected = pq.read_table(demo_inputs.expected)
    assert pa.compute.struct_field(data["rights"], "admission").to_pylist() == expected["admission"].to_pylist()


def test_a_ledger_alone_copies_no_text(demo_inputs, tmp_path):
    manifest = screened(demo_inputs, demo_inputs.records, tmp_path / "out", mode="ledger")
    assert not manifest.data
    assert not (tmp_path / "out/data").exists()
    compare_with_the_right_answers(tmp_path / "out", demo_inputs.expected)


def test_nothing_but_data_holds_text(finished_run, demo_inputs):
    """Law 8: no text of any record outside the data, and none of a removed or held record in it."""
    table = pq.read_table(demo_inputs.records)
    right = pq.read_table(demo_inputs.expected)["admission"].to_pylist()
    removed = [t for t, a in zip(table["text"].to_pylist(), right, strict=True) if a != "admit"]
    # The first sentence of a generated text is its number: long pieces tell one text from another.
    pieces = {text[len(text) // 2 : len(text) // 2 + 25].encode() for text in table["text"].to_pylist()}
    for file in finished_run.rglob("*"):
        if file.is_file() and "data" not in file.relative_to(finished_run).parts:
            octets = file.read_bytes()
            if file.suffix == ".parquet":
                octets = str(pq.read_table(file).to_pylist()).encode()
            assert not [piece for piece in pieces if piece in octets], file
    kept = data_of(finished_run)["text"].to_pylist()
    assert not set(kept) & set(removed)


def test_records_without_ids_are_called_by_their_place(demo_inputs, in_five_files, tmp_path):
    folder = tmp_path / "no-ids"
    folder.mkdir()
    for file in sorted(in_five_files.iterdir()):
        pq.write_table(pq.read_table(file).drop_columns(["id"]), folder / file.name)
    screened(demo_inputs, folder, tmp_path / "out")
    ledger = ledger_of(tmp_path / "out")
    first = pq.ParquetFile(folder / "part-0.parquet").metadata.num_rows
    assert ledger["id"][0].as_py() == "part-0.parquet#0"
    assert ledger["id"][first].as_py() == "part-1.parquet#0"
    assert len(set(ledger["id"].to_pylist())) == ledger.num_rows


def test_a_finished_run_is_left_as_it_is(demo_inputs, tmp_path):
    out = tmp_path / "out"
    first = screened(demo_inputs, demo_inputs.records, out)
    before = (out / "rightful/manifest.json").stat().st_mtime_ns
    assert screened(demo_inputs, demo_inputs.records, out) == first
    assert (out / "rightful/manifest.json").stat().st_mtime_ns == before
    assert not partial_folder(out).exists()


def test_another_run_does_not_replace_it_unasked(demo_inputs, tmp_path):
    out = tmp_path / "out"
    screened(demo_inputs, demo_inputs.records, out)
    before = octets_of(out)
    with pytest.raises(RunError, match="other inputs or rules"):
        screened(demo_inputs, demo_inputs.records, out, mode="label")
    assert octets_of(out) == before
    assert screened(demo_inputs, demo_inputs.records, out, mode="label", overwrite=True).mode == "label"
    assert not [path for path in out.parent.iterdir() if path.name.startswith(".")]


def test_somebody_elses_folder_is_left_alone(demo_inputs, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(RunError, match="no run of ours"):
        screened(demo_inputs, demo_inputs.records, tmp_path / "mine")
    with pytest.raises(RunError, match="no run of ours"):
        screened(demo_inputs, demo_inputs.records, tmp_path / "mine", overwrite=True)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_values_outside_the_closed_lists_are_told_and_shortened(demo_inputs, tmp_path):
    table = pa.table({"url": ["http://open-news.example/en/1"] * 6, "text": ["a text"] * 6, "source": ["web"] * 6})
    licences = ["all mine", "all mine", None, "x" * 500, "cc-by-4.0", "public-domain\n|"]
    pq.write_table(table.append_column("licence", pa.array(licences)), tmp_path / "r.parquet")
    manifest = screened(demo_inputs, tmp_path / "r.parquet", tmp_path / "out")
    assert manifest.counts.by_reason["UNKNOWN_VALUE:licence"] == 4
    assert manifest.unknown_values["licence=all mine"] == 2
    assert sum(manifest.unknown_values.values()) == 4
    assert "x" * 100 not in manifest.to_json()


def test_outputs_say_what_they_were_decided_with(demo_inputs, tmp_path):
    manifest = screened(demo_inputs, demo_inputs.records, tmp_path / "out")
    metadata = pq.read_schema(RunDirectory(tmp_path / "out").data_files()[0]).metadata
    assert metadata[b"rightful.policy"].decode() == manifest.policy["id"]
    assert metadata[b"rightful.snapshot"].decode() == manifest.snapshot["id"]
    assert metadata[b"rightful.register"].decode() == manifest.register["id"]


def test_a_missing_column_is_named_with_those_there_are(demo_inputs, tmp_path):
    table = pq.read_table(demo_inputs.records).rename_columns({"url": "link"})
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(MissingColumnError) as caught:
        screened(demo_inputs, tmp_path / "r.parquet", tmp_path / "out")
    assert "id, link, text, language, source, fetched_at" in str(caught.value)
    assert "[columns] url" in str(caught.value)
    assert not partial_folder(tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "octets", "words"),
    [
        ("broken.parquet", b"PAR1 no more", "broken.parquet cannot be read"),
        ("empty.parquet", b"", "empty.parquet cannot be read"),
        ("broken.arrow", b"ARROW1 no more", "broken.arrow cannot be read"),
        ("bad.jsonl", b'{"url": "https://h.example/"}\n{"url": \n', "bad.jsonl, line 2: no JSON"),
        ("list.jsonl", b'{"url": "https://h.example/"}\n[1]\n', "list.jsonl, line 2: not a JSON object"),
        ("empty.jsonl", b"", "no records at all"),
        ("half.jsonl.gz", gzip.compress(b'{"url": "x"}\n' * 500, mtime=0)[:-20], "half.jsonl.gz cannot be read"),
        ("table.csv", b"url\nx\n", "of no format that is read"),
    ],
)
def test_unreadable_inputs_are_named(demo_inputs, tmp_path, name, octets, words):
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(InputError) as caught:
        screened(demo_inputs, tmp_path / name, tmp_path / "out")
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_pattern_that_matches_nothing_is_said(demo_inputs, tmp_path):
    with pytest.raises(InputError, match="nothing matches"):
        screened(demo_inputs, f"{tmp_path}/*.parquet", tmp_path / "out")


def test_different_schemas_are_said_before_anything_is_done(demo_inputs, in_five_files, tmp_path):
    odd = in_five_files / "part-3.parquet"
    table = pq.read_table(odd)
    pq.write_table(table.set_column(2, "text", table["text"].cast(pa.binary())), odd)
    with pytest.raises(InputError) as caught:
        screened(demo_inputs, in_five_files, tmp_path / "out")
    assert "part-3.parquet has another schema" in str(caught.value)
    assert "text: string there, binary here" in str(caught.value)
    assert not partial_folder(tmp_path / "out").exists()


def test_a_file_without_records_adds_none(demo_inputs, in_five_files, tmp_path):
    table = pq.read_table(in_five_files / "part-0.parquet")
    pq.write_table(table.slice(0, 0), in_five_files / "part-9.parquet")
    manifest = screened(demo_inputs, in_five_files, tmp_path / "out")
    assert manifest.counts.records == pq.read_table(demo_inputs.records).num_rows
    assert manifest.data[-1].records == 0


def test_octets_that_are_no_text_hold_the_record(demo_inputs, tmp_path):
    good, bad = b"http://open-news.example/en/story-1", b"http://open-news.example/\xff\xfe"

    def strings(*values):
        return pa.array(values, pa.binary()).view(pa.string())  # as a careless writer leaves them in a file

    table = pa.table(
        {
            "id": ["a", "b", "c"],
            "url": strings(good, bad, good),
            "text": strings(b"fine", b"fine", b"br\xfcchig"),
            "source": ["web"] * 3,
        }
    )
    pq.write_table(table, tmp_path / "r.parquet")
    screened(demo_inputs, tmp_path / "r.parquet", tmp_path / "out")
    rows = {row["id"]: row for row in ledger_of(tmp_path / "out").to_pylist()}
    assert rows["a"]["admission"] == "admit"
    assert rows["b"]["reasons"] == ["UNATTRIBUTABLE:url-not-readable"]
    assert rows["c"]["reasons"] == ["UNREADABLE:text"]
    assert data_of(tmp_path / "out")["id"].to_pylist() == ["a"]


def test_odd_urls_are_held_with_a_reason(demo_inputs, tmp_path):
    urls = [None, "", "   ", "no url", "https:///", "mailto:a@b.example", "http://h.example/" + "x" * 10_000_000]
    pq.write_table(pa.table({"url": urls, "source": ["web"] * 7, "text": ["t"] * 7}), tmp_path / "r.parquet")
    screened(demo_inputs, tmp_path / "r.parquet", tmp_path / "out")
    reasons = [row["reasons"][0] for row in ledger_of(tmp_path / "out").to_pylist()]
    assert reasons == [
        *["UNATTRIBUTABLE:no-url"] * 3,
        *["UNATTRIBUTABLE:url-not-readable"] * 3,
        "UNATTRIBUTABLE:url-too-long",
    ]
    assert max(p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file()) < 1_000_000


def test_features_stored_by_datasets_are_kept_in_step(demo_inputs, tmp_path):
    """`datasets` refuses a file whose columns differ from the features in its metadata."""
    datasets = pytest.importorskip("datasets")
    table = pq.read_table(demo_inputs.records)
    datasets.Dataset(table).to_parquet(tmp_path / "r.parquet")
    screened(demo_inputs, tmp_path / "r.parquet", tmp_path / "out")
    file = RunDirectory(tmp_path / "out").data_files()[0]
    loaded = datasets.Dataset.from_parquet(str(file), cache_dir=str(tmp_path / "hf"))
    assert loaded.column_names == [*table.column_names, "rights"]
    assert loaded[0]["rights"]["admission"] == "admit"


def test_replacing_a_run_deletes_nothing_but_the_run(demo_inputs, tmp_path):
    out = tmp_path / "out"
    screen_files(demo_inputs.policy, demo_inputs.records, out=out, **demo_inputs.rules())
    (out / ".git").mkdir()
    (out / ".git/config").write_text("[core]", encoding="utf-8")
    (out / "NOTES.md").write_text("mine", encoding="utf-8")
    more = {**demo_inputs.rules(), "mode": "label", "overwrite": True}
    with pytest.raises(RunError, match=r"would delete them: \.git/config, NOTES\.md"):
        screen_files(demo_inputs.policy, demo_inputs.records, out=out, **more)
    assert (out / "NOTES.md").read_text(encoding="utf-8") == "mine"


def test_inputs_are_taken_once_and_as_they_are_named(demo_inputs, tmp_path):
    folder = tmp_path / "in [put]"
    folder.mkdir()
    file, link = folder / "a.parquet", tmp_path / "b.parquet"
    file.write_bytes(demo_inputs.records.read_bytes())
    link.symlink_to(file)
    assert find_inputs([file, link, folder, os.path.relpath(file)]) == [file]
    manifest = screen_files(demo_inputs.policy, folder, out=folder / "out", **demo_inputs.rules())
    assert [i.name for i in manifest.inputs] == ["a.parquet"]
    again = screen_files(demo_inputs.policy, folder, out=folder / "out", **demo_inputs.rules())
    assert again == manifest  # a run does not read itself
    through_a_link = screen_files(demo_inputs.policy, link, out=tmp_path / "linked", **demo_inputs.rules())
    assert [i.name for i in through_a_link.inputs] == ["b.parquet"]
