"""X-Robots-Tag and meta robots against the table of this folder, and against real pages."""

from collections import Counter

import pyarrow.parquet as pq
import pytest
from tests.conformance.tables import answer, codes, table

from rightful.signals import robots_tag

TABLE = table("robots_tag")


def read(case):
    bots, options = case.get("bots", []), case.get("options", {})
    headers = robots_tag.in_headers(case.get("headers", []), bots, **options)
    return headers + robots_tag.in_metas([tuple(meta) for meta in case.get("metas", [])], bots, **options)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_table(case):
    reading = read(case)
    for usage, expected in case["ask"]:
        assert answer(reading, usage) == expected, (usage, reading)
    assert codes(reading) == sorted(case.get("remarks", []))


def test_every_remark_is_documented_and_seen():
    assert {code for case in TABLE for code in codes(read(case))} == set(robots_tag.REMARKS) - {"too-long"}


def test_statements_say_where_they_stand():
    header = robots_tag.in_headers(["noindex, GPTBot: noai"], ["gptbot"]).statements[0]
    assert (header.where, header.text) == ("X-Robots-Tag", "GPTBot: noai")
    meta = robots_tag.in_metas([("Robots", "noml")]).statements[0]
    assert (meta.where, meta.text) == ("meta robots", "noml")


def test_real_pages(shared):
    """Searched for by eye: of 6,080 pages none writes a word of the noai family, or nosnippet; one misspells noodp."""
    contents = pq.read_table(shared / "data/page_signals.parquet").column("meta_robots").to_pylist()
    readings = [robots_tag.in_metas([("robots", content or "")]) for content in contents]
    assert not [reading for reading in readings if reading.statements]
    found = Counter(code for reading in readings for code in codes(reading))
    assert set(found) == {"search-word", "bing-word", "unknown-word"}
    assert found["unknown-word"] == 1
    archived = ["noarchive" in (content or "").lower() for content in contents]
    assert found["bing-word"] == sum(archived)
