"""The Data Mining property against the table of this folder, and TDMRep's names in the same packet."""

import pytest
from tests.conformance.tables import answer, codes, table

from rightful.signals import tdmrep
from rightful.signals.embedded import plus


@pytest.mark.parametrize("case", table("plus"), ids=lambda case: case["name"])
def test_table(case):
    read = plus.in_xmp(case["xmp"].encode()) if "xmp" in case else plus.in_metadata(case["metadata"])
    for usage, expected in case["ask"]:
        assert answer(read, usage) == expected, (usage, read)
    assert codes(read) == case.get("remarks", [])
    assert set(codes(read)) <= set(plus.REMARKS)


def test_the_table_has_every_value():
    named = {value for case in table("plus") for value in plus._DENIED if value in str(case)}
    assert named == set(plus._DENIED)
    assert len(named) == 9


def packet(inner, namespace="http://www.w3.org/ns/tdmrep/"):
    return (
        f'<x xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:t="{namespace}">'
        f'<rdf:Description rdf:about="" {inner}</x>'
    ).encode()


def test_tdmrep_names_are_handed_out():
    elements = packet("><t:reservation>1</t:reservation><t:policy>https://h.example/p</t:policy></rdf:Description>")
    attributes = packet('t:reservation="1" t:policy="https://h.example/p"/>', "http://www.w3.org/ns/tdmrep#")
    expected = [("tdm:reservation", "1"), ("tdm:policy", "https://h.example/p")]
    assert plus.tdm_metas(elements) == plus.tdm_metas(attributes) == expected
    assert answer(tdmrep.in_metas(expected), "train-ai") == "deny"
    assert plus.tdm_metas(packet('t:reservation="1"/>', "http://h.example/")) == []
    assert plus.tdm_metas(b"") == plus.tdm_metas(b"<a") == []


def test_a_packet_in_utf_16_is_read():
    packet_text = next(case["xmp"] for case in table("plus") if case["name"] == "nothing")
    assert answer(plus.in_xmp(packet_text.encode("utf-16")), "train-ai") == "deny"


def test_a_statement_says_where_it_stands():
    xmp = '<a xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/">\n<p:DataMining>DMI-PROHIBITED</p:DataMining></a>'
    assert {said.where for said in plus.in_xmp(xmp.encode()).statements} == {"line 2"}


def test_too_large_a_packet_is_not_read():
    read = plus.in_xmp(b"<a>DMI-PROHIBITED" + b" " * plus.LIMIT_OCTETS + b"</a>")
    assert codes(read) == ["too-large"]
    assert answer(read, "train-ai") == "error"
