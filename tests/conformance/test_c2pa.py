"""The training and data mining assertion against the table of this folder."""

import json

import pytest
from tests.conformance.tables import answer, codes, table

from rightful.facts.statement import Usage
from rightful.signals.embedded import c2pa


@pytest.mark.parametrize("case", table("c2pa"), ids=lambda case: case["name"])
def test_table(case):
    read = c2pa.in_manifest(case["manifest"], valid_signature=case.get("valid_signature", False))
    for usage, expected in case["ask"]:
        assert answer(read, usage) == expected, (usage, read)
    assert codes(read) == case.get("remarks", [])
    assert set(codes(read)) <= set(c2pa.REMARKS)


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


def test_depth_and_rings_end():
    nested = json.dumps("x")
    for _ in range(300):
        nested = f'{{"ingredients": [{nested}]}}'
    assert c2pa.in_manifest(nested).statements == ()
    assert codes(c2pa.in_manifest("[" * 200_000)) == ["not-json"]
    ring: dict = {}
    ring["ingredients"] = [ring, {"c2pa.training-mining": {"entries": {"c2pa.data_mining": {"use": "notAllowed"}}}}]
    assert answer(c2pa.in_manifest(ring), "train-ai") == "deny"
