"""The training and data mining assertion against the table of this folder."""

import json

import pytest
from tests.conformance.tables import answer, codes, table

from rightful.facts.statement import Usage, combine
from rightful.signals.embedded import c2pa


@pytest.mark.parametrize("case", table("c2pa"), ids=lambda case: case["name"])
def test_table(case):
    read = c2pa.in_manifest(case["manifest"], valid_signature=case.get("valid_signature", False))
    for usage, expected in case["ask"]:
        assert answer(read, usage) == expected, (usage, read)
    assert codes(read) == case.get("remarks", [])
    assert set(codes(read)) <= set(c2pa.REMARKS)
    for found in (*read.statements, *read.remarks):
        (found.where + found.text).encode()
    kept = c2pa.training_mining(case["manifest"])
    if kept:
        assert combine(c2pa.in_manifest(kept).statements) == combine(c2pa.in_manifest(case["manifest"]).statements)


@pytest.mark.parametrize("case", table("c2pa"), ids=lambda case: case["name"])
def test_text_octets_and_value_read_alike(case):
    octets = case["manifest"].encode()
    assert c2pa.in_manifest(octets) == c2pa.in_manifest(case["manifest"])
    if "not-json" not in case.get("remarks", []):
        assert c2pa.in_manifest(json.loads(octets)) == c2pa.in_manifest(octets)


def test_a_statement_says_where_it_stands():
    assertion = {"label": "cawg.training-mining", "data": {"entries": {"cawg.ai_inference": {"use": "notAllowed"}}}}
    (said,) = c2pa.in_manifest({"assertions": [assertion]}).statements
    assert said.where == "/assertions/0/data/entries/cawg.ai_inference"
    assert said.text == "cawg.ai_inference: notAllowed"
    assert said.usage is Usage.INPUT


@pytest.mark.parametrize(
    "manifest",
    [
        [{"cawg.training-mining": {}}] * 2_000 + [{"c2pa.training-mining": {"c2pa.data_mining": "notAllowed"}}],
        [[0] for _ in range(150_000)] + [{"c2pa.training-mining": {"c2pa.data_mining": "notAllowed"}}],
        {"manifests": [{"cawg.training-mining": {"x": n}} for n in range(2_000)]},
    ],
    ids=["assertions", "places", "manifests"],
)
def test_what_is_beyond_reading_may_be_a_refusal(manifest):
    for given in (json.dumps(manifest), c2pa.training_mining(json.dumps(manifest))):
        assert answer(c2pa.in_manifest(given), "train-ai") == "error"
    assert "too-many" in codes(c2pa.in_manifest(json.dumps(manifest)))
    few = {"manifests": [{"cawg.training-mining": {"cawg.x": n}} for n in range(900)]}
    assert len(c2pa.in_manifest(few).remarks) <= 200


def test_depth_and_rings_end():
    nested = json.dumps("x")
    for _ in range(300):
        nested = f'{{"ingredients": [{nested}]}}'
    assert c2pa.in_manifest(nested).statements == ()
    assert codes(c2pa.in_manifest("[" * 200_000)) == ["not-json"]
    ring: dict = {}
    ring["ingredients"] = [ring, {"c2pa.training-mining": {"entries": {"c2pa.data_mining": {"use": "notAllowed"}}}}]
    assert answer(c2pa.in_manifest(ring), "train-ai") == "deny"
