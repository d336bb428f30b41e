"""Shares of rightsholders: measured over datasets that can be seen whole, unknown in streams."""

import datasets
import pyarrow as pa
import pytest

from rightful.huggingface import ledger, screen
from rightful.huggingface.rights_filter import RightsFilter
from rightful.policy.policy_file import parse_policy, policy_template


@pytest.fixture
def rows(world):
    count = len(world.rows["id"])
    names = [" Big Press" if n % 2 else ("big  PRESS" if n % 4 else None) for n in range(count)]
    return {**world.rows, "license": [None] * count, "rights_holder": names}


def specific(decisions, rows):
    """Of whom the records are that only the tier holds."""
    return {name for name, why in zip(rows["rights_holder"], decisions["reasons"], strict=True) if why == ["ASSESS"]}


def test_a_dataset_is_measured_whole(world, rows):
    dataset = datasets.Dataset.from_dict(rows)
    kept, decisions = screen(dataset, *world.sources)
    assert specific(decisions, rows) == {" Big Press", "big  PRESS"}
    assert set(kept["rights_holder"]) == {None}
    assert ledger(dataset, *world.sources)["reasons"] == decisions["reasons"]


def test_all_splits_are_measured_together(world, rows):
    """Of one split alone a holder may have little."""
    half = len(rows["id"]) // 2
    one = datasets.Dataset.from_dict({name: values[:half] for name, values in rows.items()})
    other = datasets.Dataset.from_dict({name: [*values[half:]] for name, values in rows.items()})
    policy = parse_policy(policy_template().replace("holder_share_limit = 0.2", "holder_share_limit = 0.7"))
    whole = datasets.DatasetDict({"a": one, "b": other})
    found = screen(whole, policy, *world.sources[1:]).ledger
    assert any(why == ["ASSESS"] for part in found.values() for why in part["reasons"])
    higher = parse_policy(policy_template().replace("holder_share_limit = 0.2", "holder_share_limit = 0.8"))
    found = screen(whole, higher, *world.sources[1:]).ledger
    assert not any(why == ["ASSESS"] for part in found.values() for why in part["reasons"])


def test_of_a_stream_nobody_knows_the_shares_and_they_exempt_nothing(world, rows):
    stream = datasets.Dataset.from_dict(rows).to_iterable_dataset()
    assert {row["rights_holder"] for row in screen(stream, *world.sources).kept} == {None}
    told = RightsFilter(*world.sources, specific_holders=frozenset())
    kept = [sum(each(pa.table(rows)).to_pylist()) for each in (told, RightsFilter(*world.sources))]
    assert kept[0] > kept[1] > 0
