"""`label` adds one typed column to whatever it is given, and takes nothing away."""

from __future__ import annotations

import datasets
import pyarrow as pa
import pytest

from rightful.errors import ColumnConflictError, InputError
from rightful.huggingface import RightsFilter, features_with_rights
from rightful.huggingface.rights_filter import LEDGER_SCHEMA
from rightful.policy.policy_file import parse_policy, policy_template
from rightful.screening.labels import LEDGER, RIGHTS


@pytest.fixture
def f(world):
    return RightsFilter(*world.sources)


@pytest.fixture
def want(world):
    return world.screener.label(pa.table(world.rows))["rights"].to_pylist()


def test_dicts_and_tables(world, f, want):
    table = pa.table(world.rows)
    labelled = f.label(table)
    assert labelled.column_names == [*table.column_names, "rights"]
    assert labelled.schema.field("rights").type == RIGHTS
    assert labelled.drop_columns("rights").equals(table)
    assert labelled["rights"].to_pylist() == want
    assert f.label(table.to_batches()[0]).column("rights").to_pylist() == want
    assert f.label(table.to_pandas())["rights"].to_pylist() == want
    batch = f.label(world.rows)
    assert batch == world.rows | {"rights": want}
    assert "rights" not in world.rows
    assert [f.label(row)["rights"] for row in table.to_pylist()] == want


def test_a_label_is_replaced_and_foreign_columns_are_not(world, f, want):
    table = f.label(pa.table(world.rows))
    assert f.label(table).equals(table)
    assert f.label(table.to_pydict())["rights"] == want
    for foreign in (pa.table(world.rows | {"rights": world.rows["id"]}), world.rows | {"rights": world.rows["id"]}):
        with pytest.raises(ColumnConflictError):
            f.label(foreign)


@pytest.mark.parametrize("form", [None, "numpy", "pandas", "arrow"])
@pytest.mark.parametrize("batch_size", [4, 1000])
def test_map_of_batches_needs_no_features(world, f, want, form, batch_size):
    dataset = datasets.Dataset.from_dict(world.rows).with_format(form)
    labelled = dataset.map(f.label, batched=True, batch_size=batch_size)
    wanted = features_with_rights(dataset.features)
    if form == "pandas":  # whose own strings are large ones
        wanted |= {name: kind for name, kind in labelled.features.items() if name != "rights"}
    assert labelled.features == wanted
    assert labelled.with_format(None)["rights"][:] == want
    assert labelled.with_format(None).remove_columns("rights")[:] == dataset.with_format(None)[:]


def test_map_of_batches_whose_first_labels_are_all_null(world):
    # `datasets` takes the types of a column from its first batch; held records have no tier and no conditions.
    rows = {"url": [None, None, "https://open.example/c"], "text": ["a", "b", "c"]}
    f = RightsFilter(*world.sources)
    labelled = datasets.Dataset.from_dict(rows).map(f.label, batched=True, batch_size=2)
    assert labelled.features["rights"] == features_with_rights(labelled.features)["rights"]
    assert [label["admission"] for label in labelled["rights"]] == ["hold", "hold", "admit"]


def test_map_of_rows(world, f, want):
    dataset = datasets.Dataset.from_dict(world.rows)
    labelled = dataset.map(f.label, features=features_with_rights(dataset.features))
    assert labelled["rights"][:] == want


def test_map_of_streams(world, f, want):
    stream = datasets.Dataset.from_dict(world.rows).to_iterable_dataset()
    labelled = stream.map(f.label, batched=True, batch_size=5, features=features_with_rights(stream.features))
    assert [row["rights"] for row in labelled] == want


def test_label_and_drop(world, f, want):
    admitted = [label for label in want if label["admission"] == "admit"]
    table = f.label_and_drop(pa.table(world.rows))
    assert table["rights"].to_pylist() == admitted
    batch = f.label_and_drop(world.rows)
    assert batch == table.to_pydict()
    dataset = datasets.Dataset.from_dict(world.rows)
    for form in (None, "arrow"):
        kept = dataset.with_format(form).map(f.label_and_drop, batched=True, batch_size=7).with_format(None)
        assert kept[:] == table.to_pydict()
    with pytest.raises(InputError, match="single row"):
        f.label_and_drop({"url": "https://open.example/", "text": "t"})


def test_urls_alone_cannot_be_labelled(plain):
    with pytest.raises(InputError, match="label"):
        RightsFilter(*plain.sources).label(["https://open.example/"])


def test_ledger_is_that_of_the_screener(world, f):
    table = pa.table(world.rows)
    want = world.screener.decisions(table)
    assert want.schema == LEDGER
    assert f.ledger(table).equals(want.cast(LEDGER_SCHEMA))
    assert f.ledger(world.rows).equals(want.cast(LEDGER_SCHEMA))
    assert f.decisions(table).column_names == [*LEDGER.names, "rights"]


def test_features_with_rights():
    features = datasets.Features({"a": datasets.Value("string"), "b": datasets.ClassLabel(names=["x", "y"])})
    more = features_with_rights(features, label="r")
    assert list(more) == ["a", "b", "r"]
    assert list(features) == ["a", "b"]
    assert more.arrow_schema.field("r").type == RIGHTS
    assert features_with_rights(more, label="r") == more


def test_decisions_made_of_no_column_at_all(world):
    policy = parse_policy(policy_template().replace('route = "crawled"', 'route = "purchased"'))
    f = RightsFilter(policy, world.snapshot)
    assert len(f.label({"n": [1, 2, 3]})["rights"]) == 3
    assert f(pa.table({"n": [1, 2, 3]})).to_pylist() == [False] * 3
