"""The head of a web page against the table of this folder, and pages made of real declarations."""

import html
import json

import pyarrow.parquet as pq
import pytest
from tests.conformance.tables import codes, table

from rightful.signals import page_meta, robots_tag, tdmrep
from rightful.signals.page_meta import LIMIT_OCTETS, PageHead

TABLE = table("page_meta")


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_table(case):
    head = PageHead.parse(case["html"].encode())
    assert [list(meta) for meta in head.metas] == case.get("metas", [])
    assert [[x.href, x.media_type, x.where] for x in head.licences] == case.get("licences", [])
    assert [[d.name, d.value, d.where] for d in head.declared] == case.get("declared", [])
    assert head.accessible_for_free is case.get("free")
    assert codes(head.reading()) == sorted(case.get("remarks", []))
    assert head.reading().statements == ()


def test_only_the_first_512_kib_are_read():
    meta = b'<meta name="robots" content="noai">'
    filler = b"<p>" + b"x" * LIMIT_OCTETS + b"</p>"
    assert PageHead.parse(meta + filler).metas == (("robots", "noai"),)
    late = PageHead.parse(filler + meta)
    assert (late.metas, codes(late.reading())) == ((), ["cut"])


def test_a_cut_through_a_character_keeps_the_encoding():
    meta = '<meta name="rights" content="版权">'.encode()
    page = meta + b"<p>" + b"x" * (LIMIT_OCTETS - len(meta) - 4) + "权".encode()
    assert PageHead.parse(page).metas == (("rights", "版权"),)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding):
    page = '<html><head><meta charset="gb18030"><meta name="rights" content="版权"></head></html>'
    assert PageHead.parse(page.encode(encoding)).metas == (("rights", "版权"),)


def test_json_nested_too_deep_is_said():
    block = '{"a":' * 40 + '{"license": "L"}' + "}" * 40
    deep = PageHead.parse(f'<script type="application/ld+json">{block}</script>'.encode())
    assert (deep.licences, codes(deep.reading())) == ((), ["too-deep"])
    deeper = b'<script type="application/ld+json">' + b"[" * 200_000 + b"</script>"
    assert codes(PageHead.parse(deeper).reading()) == ["json-ld-unreadable"]


def test_elements_nested_deep_hide_nothing_without_a_word():
    meta = b"<meta name=robots content=noai>"
    assert PageHead.parse(b"<div>" * 2000 + meta).metas == (("robots", "noai"),)
    lost = PageHead.parse(b"<div>" * 3000 + meta)
    assert (lost.metas, codes(lost.reading())) == ((), ["too-deep"])


def test_every_remark_is_documented():
    seen = {code for case in TABLE for code in codes(PageHead.parse(case["html"].encode()).reading())}
    assert seen == set(page_meta.REMARKS) - {"cut", "too-deep", "too-many-attributes"}


def _page(row):
    """Write a page that declares what a real one declared."""
    metas = {
        "robots": row["meta_robots"],
        "tdm-reservation": row["tdm_reservation_meta"],
        "tdm-policy": row["tdm_policy_meta"],
    }
    head = [f'<meta name="{k}" content="{html.escape(v)}">' for k, v in metas.items() if v is not None]
    if row["declared_licence_url"]:
        head.append(f'<link rel="license" href="{html.escape(row["declared_licence_url"])}">')
    if row["free_access_ldjson"]:
        declared = json.dumps({"isAccessibleForFree": row["free_access_ldjson"]})
        head.append(f'<script type="application/ld+json">{declared}</script>')
    return f"<html><head>{''.join(head)}</head><body>x</body></html>".encode()


def test_real_declarations_come_through_a_page(shared):
    rows = pq.read_table(shared / "data/page_signals.parquet").to_pylist()
    reserved = []
    for row in rows:
        head = PageHead.parse(_page(row))
        found = dict(head.metas)
        assert found.get("robots", "") == (row["meta_robots"] or "").strip()
        assert [x.href for x in head.licences] == ([row["declared_licence_url"]] if row["declared_licence_url"] else [])
        assert head.accessible_for_free is {"true": True, "false": False, None: None}[row["free_access_ldjson"]]
        assert robots_tag.in_metas(head.metas).statements == ()
        if tdmrep.in_metas(head.metas).statements:
            reserved.append(row["host"])
    assert sorted(reserved) == RESERVED


# Read by eye: three pages carry a meta tdm-reservation, each of 1.
RESERVED = ["www.corriere.it", "www.diepresse.com", "www.faz.net"]
