"""Manifests are small whatever was found, and arguments are read from them or refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rightful.airflow.manifests import path_in, paths_in, run_manifest
from rightful.errors import InputError
from rightful.ledger.manifest import Counts, Manifest

DIGEST = "sha256:" + "0" * 64


def manifest_with(by_reason):
    excluded = sum(by_reason.values())
    return Manifest(
        tool="rightful", ruleset="1", mode="screen", plan=DIGEST, reference_time=None, policy={"id": DIGEST},
        snapshot={"id": DIGEST}, register={"id": DIGEST}, columns={}, inputs=(), data=(), ledger=(),
        counts=Counts(10**12, 10**12 - excluded, 0, excluded, by_reason=by_reason), evidence=DIGEST, root=DIGEST,
        unknown_values={},
    )  # fmt: skip


@pytest.mark.parametrize("length", [5, 60, 600, 6000])
def test_it_is_small_however_many_and_long_the_reasons_are(length):
    by_reason = {f"{number:03}{'R' * length}": number * 10**8 for number in range(1, 200)}
    told = run_manifest(Path("/somewhere") / ("deep/" * 40), manifest_with(by_reason), manifest_sha256="0" * 64)
    assert len(json.dumps(told)) < 2000
    assert sum(told["by_reason"].values()) == told["records"]["excluded"]
    assert len(told["by_reason"]) <= 21


def test_it_names_the_twenty_most_frequent_reasons():
    told = run_manifest(Path("/run"), manifest_with({f"R{n}": n for n in range(1, 31)}), manifest_sha256="0" * 64)
    assert list(told["by_reason"]) == [f"R{n}" for n in range(30, 10, -1)] + ["other reasons"]


def test_it_holds_no_value_that_a_record_brought_along():
    manifest = replace(manifest_with({"UNKNOWN_VALUE:licence": 2}), unknown_values={"licence=all mine": 2})
    told = run_manifest(Path("/run"), manifest, manifest_sha256="0" * 64)
    assert told["by_reason"] == {"UNKNOWN_VALUE:licence": 2}
    assert "all mine" not in json.dumps(told)


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (None, []),
        ("", []),
        ("a", ["a"]),
        (Path("a"), ["a"]),
        (["a", Path("b")], ["a", "b"]),
        ([["a", "b"], "", ("c",)], ["a", "b", "c"]),  # of mapped tasks, each of which returned several
    ],
)
def test_paths(value, paths):
    assert paths_in(value, "records") == paths


@pytest.mark.parametrize("value", [7, b"a", {"run": "a"}, [{"run": "a"}], [None, 7]])
def test_what_is_no_paths(value):
    with pytest.raises(InputError, match="records is a"):
        paths_in(value, "records")


def test_a_path_or_the_manifest_that_has_it():
    assert path_in("a", "run", "run") == path_in(Path("a"), "run", "run") == path_in({"run": "a"}, "run", "run") == "a"


@pytest.mark.parametrize("value", [None, "", {}, {"snapshot": "a"}, {"run": None}, ["a"], 7])
def test_what_is_no_path(value):
    with pytest.raises(InputError, match="run is no path"):
        path_in(value, "run", "run")


def test_a_manifest_where_a_path_is_wanted():
    with pytest.raises(InputError, match="policy is no path: it is a dict"):
        path_in({"policy": DIGEST}, "policy")
