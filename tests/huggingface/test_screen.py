"""Whole datasets: the same type back, labelled, contiguous, shown as before, and a ledger of every row."""

from __future__ import annotations

from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest

from rightful.errors import ColumnConflictError, InputError, MissingColumnError
from rightful.huggingface import features_with_rights, ledger, screen
from rightful.huggingface.rights_filter import LEDGER_SCHEMA
from rightful.screening.columns import Columns


@pytest.fixture
def dataset(world):
    info = datasets.DatasetInfo(description="of the test", license="other")
    return datasets.Dataset.from_dict(world.rows, info=info, split="train")


def labelled(world, rows=None):
    return world.screener.label(pa.table(rows or world.rows)).to_pylist()


def admitted(rows):
    return [row for row in rows if row["rights"]["admission"] == "admit"]


def rows_of(dataset):
    # Datasets give back times without a zone where the type has none; compare what Arrow holds.
    return dataset.with_format("arrow")[:].to_pylist()


def test_dataset(world, dataset):
    kept, decisions = screen(dataset, *world.sources)
    assert type(kept) is type(decisions) is datasets.Dataset
    assert rows_of(kept) == admitted(labelled(world))
    want = world.screener.decisions(pa.table(world.rows)).cast(LEDGER_SCHEMA)
    assert decisions.with_format("arrow")[:].equals(want)
    assert decisions.features.arrow_schema == LEDGER_SCHEMA
    assert kept._indices is None
    assert kept.split == decisions.split == "train"
    assert kept.info.description == "of the test"
    assert kept.features == features_with_rights(dataset.features)
    assert ledger(dataset, *world.sources)[:] == decisions[:]


def test_nothing_is_lost(world, dataset):
    kept, decisions = screen(dataset, *world.sources)
    counts = {word: decisions["admission"][:].count(word) for word in ("admit", "hold", "exclude")}
    assert sum(counts.values()) == len(dataset)
    assert counts["admit"] == len(kept)
    assert decisions["id"][:] == world.rows["id"]


# Python 3.12 warns of forking a process that has threads; pyarrow's are there before `datasets` forks its workers.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_every_batch_size_and_number_of_processes(world, dataset):
    want = screen(dataset, *world.sources)
    for more in ({"batch_size": 1}, {"batch_size": 7}, {"num_proc": 2}, {"num_proc": 2, "batch_size": 3}):
        got = screen(dataset, *world.sources, **more)
        assert got.kept[:] == want.kept[:]
        assert got.ledger[:] == want.ledger[:]


def test_all_rows_kept(world, dataset):
    kept, decisions = screen(dataset, *world.sources, drop=False)
    assert rows_of(kept) == labelled(world)
    assert kept.features == features_with_rights(dataset.features)
    assert len(decisions) == len(kept)


@pytest.mark.parametrize("drop", [False, True])
def test_shuffled_and_selected(world, dataset, drop):
    shuffled = dataset.shuffle(seed=3).select([4, 1, 1, 20, 9, 30, 2])
    assert shuffled._indices is not None
    kept, decisions = screen(shuffled, *world.sources, drop=drop)
    want = labelled(world, {name: shuffled[name][:] for name in shuffled.column_names})
    assert rows_of(kept) == (admitted(want) if drop else want)
    assert decisions["id"][:] == shuffled["id"][:]
    assert kept._indices is None
    assert decisions._indices is None


def shown(dataset):
    return dataset.format["type"], set(dataset.format["columns"]), dataset.format["output_all_columns"]


def test_the_format_is_restored(world, dataset):
    every = set(dataset.column_names)
    for type_ in ("arrow", "numpy", "pandas", None):
        kept = screen(dataset.with_format(type_), *world.sources).kept
        assert shown(kept) == (type_, every | {"rights"}, False)
    some = screen(dataset.with_format("numpy", columns=["n"], dtype=np.float32), *world.sources).kept
    assert shown(some) == ("numpy", {"n", "rights"}, False)
    assert some.format["format_kwargs"] == {"dtype": np.float32}
    assert set(some[0]) == {"n", "rights"}
    assert set(some.column_names) == every | {"rights"}
    rest = screen(dataset.with_format("numpy", columns=["n"], output_all_columns=True), *world.sources).kept
    assert shown(rest) == ("numpy", {"n"}, True)
    assert set(rest[0]) == every | {"rights"}
    own = screen(dataset.with_transform(lambda batch: {"x": batch["n"]}), *world.sources).kept
    assert own[0] == {"x": own.with_format(None)[0]["n"]}


@pytest.mark.parametrize("drop", [False, True])
def test_empty_and_emptied(world, dataset, drop):
    wanted = features_with_rights(dataset.features)
    none = datasets.Dataset.from_dict(world.rows, features=dataset.features).select([])
    emptied = datasets.Dataset.from_dict(
        {name: [column[0]] * 3 for name, column in world.rows.items()} | {"url": ["https://closed.example/"] * 3},
        features=dataset.features,
    )
    for few in (none, emptied, dataset.filter(lambda _: False)):
        kept, decisions = screen(few.with_format("numpy"), *world.sources, drop=drop)
        assert kept.features == wanted
        assert decisions.features.arrow_schema == LEDGER_SCHEMA
        assert len(kept) == (len(few) if not drop else 0)
        assert len(decisions) == len(few)
        assert kept.format["type"] == "numpy"
        assert kept.info.features == wanted


def test_splits(world, dataset):
    splits = datasets.DatasetDict(
        {"train": dataset.shuffle(seed=1), "validation": dataset.select([]), "test": dataset.select(range(10, 14))}
    )
    kept, decisions = screen(splits, *world.sources)
    assert type(kept) is type(decisions) is datasets.DatasetDict
    assert list(kept) == list(decisions) == ["train", "validation", "test"]
    kept._check_values_features()  # what push_to_hub asks first
    decisions._check_values_features()
    assert kept.num_rows == {name: len(screen(split, *world.sources).kept) for name, split in splits.items()}
    assert decisions.num_rows == splits.num_rows
    assert ledger(splits, *world.sources)["train"][:] == decisions["train"][:]


def test_features_of_every_kind_survive(world, tmp_path):
    features = datasets.Features(
        {
            "image": datasets.Image(),  # Pillow is not installed here: whatever decodes one fails
            "audio": datasets.Audio(sampling_rate=16_000),
            "kind": datasets.ClassLabel(names=["a", "b"]),
            "grid": datasets.Array2D((2, 2), "int32"),
            "tags": datasets.List(datasets.Value("string")),
            "page": {"url": datasets.Value("string"), "seen": datasets.Value("timestamp[us]")},
            "big": datasets.Value("large_string"),
        }
    )
    urls = world.rows["url"]
    count = len(urls)
    table = pa.table(
        {
            "image": pa.array(
                [{"bytes": b"no image", "path": None}] * count, features.arrow_schema.field("image").type
            ),
            "audio": pa.array([{"bytes": b"none", "path": None}] * count, features.arrow_schema.field("audio").type),
            "kind": pa.array([i % 2 for i in range(count)], pa.int64()),
            "grid": pa.ExtensionArray.from_storage(
                features.arrow_schema.field("grid").type,
                pa.array([[[1, 2], [3, 4]]] * count, pa.list_(pa.list_(pa.int32()))),
            ),
            "tags": [["x"], []] * (count // 2) + [None] * (count % 2),
            "page": pa.array([{"url": url} for url in urls], features.arrow_schema.field("page").type),
            "big": pa.array(["t"] * count, pa.large_string()),
        },
        schema=features.arrow_schema,
    )
    dataset = datasets.Dataset(table, info=datasets.DatasetInfo(features=features))
    columns = Columns(url="page.url", text="big", label="verdict")
    for given in (dataset, dataset.select(range(count)[::-1])):
        kept, decisions = screen(given, *world.sources, columns=columns)
        assert kept.features == features_with_rights(features, label="verdict")
        assert 0 < len(kept) < len(decisions) == count
    stream = screen(dataset.to_iterable_dataset(), *world.sources, columns=columns).kept
    assert stream.features == features_with_rights(features, label="verdict")
    assert sum(len(batch) for batch in stream.with_format("arrow").iter(7)) == len(kept)
    kept.to_parquet(tmp_path / "kept.parquet")
    assert datasets.Features.from_arrow_schema(pa.parquet.read_schema(tmp_path / "kept.parquet")) == kept.features


def test_screening_again_replaces_the_label_in_its_place(world, dataset):
    once = screen(dataset, *world.sources, drop=False).kept.select_columns(["id", "rights", "url", "text", "n"])
    for drop in (False, True):
        twice = screen(once, world.policy, world.snapshot, drop=drop).kept  # without the register
        assert twice.column_names == once.column_names
        assert twice.features == once.features
        reasons = {reason for label in twice["rights"] for reason in label["reasons"]}
        assert not any(reason.startswith("OPTOUT") for reason in reasons)


def test_the_ledger_holds_no_text(world, tmp_path):
    path = tmp_path / "in.parquet"
    datasets.Dataset.from_dict(world.rows).to_parquet(path)
    dataset = datasets.Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "hf"))
    decisions = screen(dataset, *world.sources).ledger
    decisions.save_to_disk(tmp_path / "ledger")
    decisions.to_parquet(tmp_path / "ledger.parquet")
    files = [file for file in (tmp_path / "ledger").rglob("*") if file.is_file()]
    files += [tmp_path / "ledger.parquet", *(file["filename"] for file in decisions.cache_files)]
    marker = world.rows["text"][0].partition(" ")[0].encode()
    for file in files:
        assert marker not in Path(file).read_bytes(), file


def test_rows_are_written_through_parquet(world, dataset, tmp_path):
    kept, _ = screen(dataset, *world.sources)
    kept.to_parquet(tmp_path / "kept.parquet")
    back = datasets.Dataset.from_parquet(str(tmp_path / "kept.parquet"), cache_dir=str(tmp_path / "hf"))
    assert back.features == kept.features
    assert back[:] == kept[:]


def test_large_rows_make_short_batches(world, dataset, monkeypatch):
    sizes = []
    monkeypatch.setattr("rightful.huggingface.whole._OCTETS_A_BATCH", 2_000)
    original = datasets.Dataset.map

    def map_(self, *args, batch_size, **more):
        sizes.append(batch_size)
        return original(self, *args, batch_size=batch_size, **more)

    monkeypatch.setattr(datasets.Dataset, "map", map_)
    got = screen(dataset, *world.sources)
    assert all(1 <= size < len(dataset) for size in sizes)
    monkeypatch.undo()
    assert got.kept[:] == screen(dataset, *world.sources).kept[:]


def test_what_cannot_be_screened_is_said_before_anything_is_read(world, dataset):
    with pytest.raises(MissingColumnError, match="url"):
        screen(dataset.remove_columns("url"), *world.sources)
    with pytest.raises(MissingColumnError, match="url"):
        screen(dataset.remove_columns("url").to_iterable_dataset(), *world.sources)
    with pytest.raises(ColumnConflictError, match="rights"):
        screen(dataset.add_column("rights", world.rows["id"]), *world.sources)
    for wrong in (world.rows, [world.rows], pa.table(world.rows), "hub/name"):
        with pytest.raises(InputError, match="is no dataset"):
            screen(wrong, *world.sources)
