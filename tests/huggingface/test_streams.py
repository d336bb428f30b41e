"""Iterable datasets stay lazy, keep their features, and have a ledger that is a stream too."""

from __future__ import annotations

import datasets
import pytest

from rightful.errors import MissingColumnError
from rightful.huggingface import RightsFilter, features_with_rights, ledger, screen
from rightful.huggingface.rights_filter import LEDGER_SCHEMA


@pytest.fixture
def dataset(world):
    return datasets.Dataset.from_dict(world.rows)


def untyped(rows, seen=None):
    def records():
        for i in range(len(rows["text"])):
            if seen is not None:
                seen.append(i)
            yield {name: column[i] for name, column in rows.items()}

    return datasets.IterableDataset.from_generator(records)


@pytest.mark.parametrize("form", [None, "numpy", "arrow"])
@pytest.mark.parametrize("drop", [False, True])
def test_a_stream_is_screened_as_the_dataset_is(world, dataset, form, drop):
    want = screen(dataset, *world.sources, drop=drop)
    stream = dataset.to_iterable_dataset(num_shards=3).with_format(form)
    got = screen(stream, *world.sources, drop=drop, batch_size=5)
    assert type(got.kept) is type(got.ledger) is datasets.IterableDataset
    assert got.kept.features == features_with_rights(dataset.features)
    assert got.ledger.features.arrow_schema == LEDGER_SCHEMA
    assert got.kept._formatting.format_type == form
    assert list(got.kept.with_format(None)) == list(want.kept)
    assert list(got.ledger) == list(want.ledger)
    assert list(ledger(stream, *world.sources)) == list(want.ledger)


@pytest.mark.parametrize("batch_size", [1, 4, 10_000])
def test_a_stream_whose_columns_are_not_known(world, dataset, batch_size):
    want = screen(dataset, *world.sources)
    got = screen(untyped(world.rows), *world.sources, batch_size=batch_size)
    assert got.kept.features is None
    assert got.ledger.features.arrow_schema == LEDGER_SCHEMA
    assert [row["id"] for row in got.kept] == want.kept["id"][:]
    assert [row["rights"] for row in got.kept] == want.kept["rights"][:]
    assert list(got.ledger) == list(want.ledger)


def test_structs_that_are_null_throughout_a_batch(world):
    metadata = [{"url": url} if url else None for url in sorted(world.rows["url"], key=lambda url: url is None)]
    rows = {"metadata": metadata + [None] * 9, "text": ["t"] * (len(metadata) + 9)}
    want = screen(datasets.Dataset.from_dict(rows), *world.sources)
    got = screen(untyped(rows), *world.sources, batch_size=3)
    assert list(got.ledger) == list(want.ledger)
    assert len(list(got.kept)) == len(want.kept)


def test_nothing_is_read_before_it_is_asked_for(world):
    seen = []
    got = screen(untyped(world.rows, seen), *world.sources, batch_size=4)
    assert seen == []
    next(iter(got.kept))
    assert 0 < len(seen) < len(world.rows["url"])


def test_a_missing_column_of_an_untyped_stream_is_said_when_it_is_read(world):
    rows = {name: column for name, column in world.rows.items() if name != "url"}
    got = screen(untyped(rows), *world.sources)
    with pytest.raises(MissingColumnError, match="url"):
        list(got.kept)


def test_splits(world, dataset):
    splits = datasets.IterableDatasetDict({name: dataset.to_iterable_dataset() for name in ("train", "test")})
    got = screen(splits, *world.sources)
    assert type(got.kept) is type(got.ledger) is datasets.IterableDatasetDict
    assert list(got.kept) == list(got.ledger) == ["train", "test"]
    assert list(got.ledger["test"]) == list(screen(dataset, *world.sources).ledger)


def test_a_stream_resumes(world, dataset):
    kept = screen(dataset.to_iterable_dataset(num_shards=2), *world.sources, batch_size=4).kept
    whole = list(kept)
    reading = iter(kept)
    first = [next(reading) for _ in range(3)]
    state = kept.state_dict()
    again = screen(dataset.to_iterable_dataset(num_shards=2), *world.sources, batch_size=4).kept
    again.load_state_dict(state)
    assert first + list(again) == whole


def test_an_untyped_stream_says_nothing_of_texts_in_its_ledger(world):
    columns = {name for row in screen(untyped(world.rows), *world.sources).ledger for name in row}
    assert columns == set(LEDGER_SCHEMA.names)


def test_filter_and_map_of_a_stream_take_the_callable_too(world, dataset):
    f = RightsFilter(*world.sources)
    stream = dataset.to_iterable_dataset()
    mapped = stream.with_format("arrow").map(f.label_and_drop, batched=True, batch_size=6)
    assert [row["id"] for row in mapped.with_format(None)] == [row["id"] for row in stream.filter(f)]
