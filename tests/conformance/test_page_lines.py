"""What is kept of a response says what the response says: the tables once more, through the lines of the ledger."""

import html
import json

import pytest
from tests.conformance.tables import answer, table

from rightful.facts.statement import Usage
from rightful.signals.embedded import c2pa, plus
from rightful.signals.page_fields import read_fields
from rightful.signals.page_lines import lines_of, of_manifest, of_xmp
from rightful.signals.site_files import Interpretation


def name(case):
    return case["name"]


def read(lines, **options):
    return read_fields(lines, Interpretation(**options)).reading


ROBOTS_TAG = [case for case in table("robots_tag") if case.get("options", {}).get("media", "text") == "text"]


@pytest.mark.parametrize("case", ROBOTS_TAG, ids=name)
def test_robots_tags(case):
    tokens = tuple(case.get("bots", ()))
    metas = "".join(f'<meta name="{n}" content="{html.escape(c)}">' for n, c in case.get("metas", ()))
    page = f"<html><head>{metas}</head></html>".encode() if metas else None
    lines = lines_of(None, [("X-Robots-Tag", value) for value in case.get("headers", ())], page)
    for usage, expected in case["ask"]:
        assert answer(read(lines, tokens=tokens, **case.get("options", {})), usage) == expected, (usage, lines)


@pytest.mark.parametrize("case", [c for c in table("http_payment") if "body" not in c], ids=name)
def test_responses(case):
    lines = lines_of(case["status"], case.get("headers", ()))
    assert answer(read(lines), "acquire").partition(":")[0] == case["acquire"].partition(":")[0]


@pytest.mark.parametrize("case", [c for c in table("c2pa") if not c.get("valid_signature")], ids=name)
def test_manifests(case):
    lines = of_manifest(case["manifest"])
    for usage in Usage:
        assert answer(read(lines), usage) == answer(c2pa.in_manifest(case["manifest"]), usage), lines


@pytest.mark.parametrize("case", [c for c in table("plus") if "xmp" in c], ids=name)
def test_packets(case):
    lines = of_xmp(case["xmp"])
    for usage in Usage:
        assert answer(read(lines), usage) == answer(plus.in_xmp(case["xmp"].encode()), usage), lines


def test_a_manifest_is_kept_as_its_entries_alone():
    kept = c2pa.training_mining({"title": "a", "entries": {"cawg.data_mining": {"use": "notAllowed", "note": "b"}}})
    said = {"label": "cawg.training-mining", "data": {"entries": {"cawg.data_mining": {"use": "notAllowed"}}}}
    assert json.loads(kept) == [said]
