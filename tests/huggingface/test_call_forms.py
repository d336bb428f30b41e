"""Every form in which `datasets` calls a function gives the decisions that the screener gives."""

from __future__ import annotations

from itertools import product

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rightful.errors import InputError, MissingColumnError
from rightful.huggingface import RightsFilter
from rightful.screening.columns import Columns


@pytest.fixture
def f(world):
    return RightsFilter(*world.sources)


def kept_ids(dataset):
    return [row["id"] for row in dataset.with_format(None)]


def ids(world, admitted=None):
    admitted = world.admitted() if admitted is None else admitted
    return [i for i, keep in zip(world.rows["id"], admitted, strict=True) if keep]


def test_the_world_has_every_fate(world):
    labels = world.screener.label(pa.table(world.rows))["rights"].to_pylist()
    assert {label["admission"] for label in labels} == {"admit", "hold", "exclude"}
    reasons = {reason.partition(":")[0] for label in labels for reason in label["reasons"]}
    expected = {"OPTOUT", "ROBOTS_NOW", "ROBOTS_FETCH", "ROBOTS_UNKNOWN", "NC", "UNATTRIBUTABLE", "UNKNOWN_VALUE"}
    assert expected <= reasons


def test_rows_batches_and_tables(world, f):
    want = world.admitted()
    table = pa.table(world.rows)
    assert [f(row) for row in table.to_pylist()] == want
    assert f(world.rows) == want
    assert f(table).equals(pa.array(want))
    assert f(table.to_batches()[0]).equals(pa.array(want))
    assert f(table.to_pandas()).equals(pa.array(want))
    assert f({name: tuple(column) for name, column in world.rows.items()}) == want
    chunked = pa.concat_tables([table.slice(0, 5), table.slice(5, 0), table.slice(5)])
    assert f(chunked).equals(pa.array(want))
    assert f(table.slice(0, 0)).equals(pa.array([], pa.bool_()))
    assert f({name: [] for name in world.rows}) == []


def test_indices_and_rank_change_nothing(world, f):
    want = world.admitted()
    row = {name: column[0] for name, column in world.rows.items()}
    assert f(row, 0) == f(row, 0, 1) == want[0]
    assert f(world.rows, list(range(len(want))), 0) == want


# `datasets` itself cannot filter Arrow tables row by row, so that is no form.
@pytest.mark.parametrize(("form", "batched"), [*product((None, "numpy", "pandas"), (False, True)), ("arrow", True)])
@pytest.mark.parametrize("with_indices", [False, True])
def test_filter_in_every_format(world, f, form, batched, with_indices):
    dataset = datasets.Dataset.from_dict(world.rows).with_format(form)
    kept = dataset.filter(f, batched=batched, with_indices=with_indices)
    assert kept_ids(kept) == ids(world)


@pytest.mark.parametrize("form", [None, "numpy", "arrow"])
@pytest.mark.parametrize("batched", [False, True])
def test_filter_of_streams(world, f, form, batched):
    stream = datasets.Dataset.from_dict(world.rows).to_iterable_dataset(num_shards=3).with_format(form)
    assert kept_ids(stream.filter(f, batched=batched)) == ids(world)


@pytest.mark.parametrize("form", [None, "numpy", "pandas", "arrow"])
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("with_indices", [False, True])
def test_input_columns(plain, form, batched, with_indices):
    f = RightsFilter(*plain.sources)
    want = ids(plain, plain.admitted({"url": plain.rows["url"]}))
    dataset = datasets.Dataset.from_dict(plain.rows).with_format(form)
    kept = dataset.filter(f, batched=batched, input_columns="url", with_indices=with_indices)
    assert kept_ids(kept) == want


def test_bare_urls(plain):
    f = RightsFilter(*plain.sources)
    urls = plain.rows["url"]
    want = plain.admitted({"url": urls})
    assert [f(url) for url in urls] == want
    assert f(urls) == f(tuple(urls)) == f(np.array(urls, object)) == f(pd.Series(urls)) == want
    assert f(pa.array(urls)).equals(pa.array(want))
    assert f(pa.chunked_array([urls[:3], urls[3:]])).equals(pa.array(want))
    assert f(datasets.Dataset.from_dict(plain.rows)["url"]) == want
    assert f(pa.scalar(urls[0])) is want[0]
    assert f(None) is False
    assert f(float("nan")) is False
    assert f([]) == []


def nested(world):
    inside = zip(world.rows["url"], world.rows["license"], world.rows["crawl_date"], strict=True)
    metadata = [
        None if url is None else {"url": url, "license": licence, "fetched_at": when} for url, licence, when in inside
    ]
    return {"id": world.rows["id"], "text": world.rows["text"], "metadata": metadata}


def test_nested_columns_and_null_structs(world, f):
    rows = nested(world)
    want = world.admitted(rows)
    table = pa.table(rows)
    assert f(table).equals(pa.array(want))
    assert [f(row) for row in table.to_pylist()] == want
    assert f(rows) == want
    # A batch in which no row has any metadata has no type for it either: its rows are held, as they are in others.
    assert f({"text": ["a", "b"], "metadata": [None, None]}) == [False, False]
    assert f(pa.table({"text": ["a"], "metadata": pa.nulls(1)})).to_pylist() == [False]
    dataset = datasets.Dataset.from_dict(rows)
    assert kept_ids(dataset.filter(f)) == kept_ids(dataset.filter(f, batched=True, batch_size=4)) == ids(world, want)


def test_a_name_with_dots_is_not_a_path(world, f):
    rows = {"metadata.url": world.rows["url"], "metadata": ["x"] * len(world.rows["url"]), "text": world.rows["text"]}
    assert f(rows) == f(pa.table(rows)).to_pylist() == world.admitted(rows)


def test_nested_text_is_looked_up_by_content(world):
    columns = world.policy.columns.model_copy(update={"text": "page.text"})
    policy = world.policy.model_copy(update={"columns": columns})
    f = RightsFilter(policy, world.snapshot, world.register)
    rows = {"url": ["https://open.example/c"] * 2, "page": [{"text": t} for t in world.rows["text"][2:4]]}
    assert f(rows) == f(pa.table(rows)).to_pylist() == [True, False]


def test_columns_given_are_all_that_is_used(world):
    f = RightsFilter(*world.sources, columns=Columns(url="url", text="text"))
    want = world.admitted({"url": world.rows["url"], "text": world.rows["text"]})
    assert f(world.rows) == want
    assert want != world.admitted()
    with pytest.raises(MissingColumnError, match="'text'"):
        f({"url": ["https://open.example/"]})


def test_one_filter_serves_data_of_several_shapes(world, f):
    without = {"url": world.rows["url"], "text": world.rows["text"]}
    for rows in (without, world.rows, nested(world), without):
        assert f(rows) == world.admitted(rows)


def test_values_of_any_kind_beside_the_columns_that_count(world, f):
    beside = {"image": [object()], "many": [[1, "a"]], "set": [{1, 2}], "nothing": [None]}
    row = {"url": "https://open.example/c", "text": "t"}
    assert f(row | {name: values[0] for name, values in beside.items()}) is True
    assert f({name: [value] for name, value in row.items()} | beside) == [True]


def test_half_a_surrogate_pair_is_held(f):
    assert f({"url": "https://open.example/\ud800", "text": "t"}) is False
    assert f({"url": "https://open.example/c", "text": "\ud800"}) is False
    assert f({"url": ["https://open.example/c"] * 2, "text": ["\ud800", "t"]}) == [False, True]


def test_urls_alone_are_refused_where_the_rules_ask_for_more(world):
    f = RightsFilter(*world.sources)  # the register has opt-outs by content
    with pytest.raises(MissingColumnError, match="content"):
        f(["https://open.example/c"])
    other = world.policy.sources[0].model_copy(update={"name": "other"})
    policy = world.policy.model_copy(update={"sources": (*world.policy.sources, other)})
    with pytest.raises(MissingColumnError, match="source"):
        RightsFilter(policy, world.snapshot)(["https://open.example/c"])


def test_urls_alone_with_a_licence_column_in_the_policy(plain):
    columns = plain.policy.columns.model_copy(update={"licence": "license"})
    f = RightsFilter(plain.policy.model_copy(update={"columns": columns}), plain.snapshot, plain.register)
    with pytest.raises(MissingColumnError, match="'license'"):
        f("https://open.example/c")
    assert f({"url": "https://open.example/c", "license": None}) is True


def test_several_input_columns_are_refused(plain):
    f = RightsFilter(*plain.sources)
    with pytest.raises(InputError, match="several input_columns"):
        f("https://open.example/c", "cc-by-4.0")
    with pytest.raises(InputError, match="several input_columns"):
        f(["https://open.example/c"] * 2, [20, 7])
    with pytest.raises(InputError, match="several input_columns"):
        f({"url": "https://open.example/c"}, "cc-by-4.0")


@pytest.mark.parametrize("records", [{"text": "t"}, {"text": ["t"]}, {}, {"metadata": "a string, no struct"}])
def test_no_url_column_is_an_error(plain, records):
    with pytest.raises(MissingColumnError, match="url"):
        RightsFilter(*plain.sources)(records)


def test_messages_name_types_and_no_values(plain):
    f = RightsFilter(*plain.sources)
    for records in ({"url": ["a secret", 3]}, ["a secret", 3], {"url": 7}, object()):
        with pytest.raises(InputError) as caught:
            f(records)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
