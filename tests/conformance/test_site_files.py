"""tdmrep.json, ai.txt and trust.txt against the tables of this folder, and against real files."""

import pyarrow.parquet as pq
import pytest
from tests.conformance.tables import answer, codes, table

from rightful.facts.statement import Reading
from rightful.signals import ai_txt, tdmrep, trust_txt
from rightful.signals.ai_txt import AiTxt
from rightful.signals.tdmrep import TdmRep
from rightful.signals.trust_txt import TrustTxt


def read_tdmrep(case, path):
    steps = [
        TdmRep.parse(case["file"].encode(case.get("encoding", "utf-8"))).reading(path) if "file" in case else Reading(),
        tdmrep.in_headers(case.get("headers", [])),
        tdmrep.in_metas(case.get("metas", [])),
    ]
    return Reading(tdmrep.settle(*(s.statements for s in steps)), tuple(r for s in steps for r in s.remarks))


def read_ai_txt(case, path):
    return AiTxt.parse(case["file"].encode(), ("gptbot", "*")).reading(path)


def read_trust_txt(case, path):
    return TrustTxt.parse(case["file"].encode()).reading(path)


READERS = [(tdmrep, read_tdmrep), (ai_txt, read_ai_txt), (trust_txt, read_trust_txt)]
ROWS = [(protocol, read, case) for protocol, read in READERS for case in table(protocol.__name__.rpartition(".")[2])]


@pytest.mark.parametrize(("protocol", "read", "case"), ROWS, ids=[f"{p.PROTOCOL}: {c['name']}" for p, _, c in ROWS])
def test_table(protocol, read, case):
    for path, usage, expected in case["ask"]:
        assert answer(read(case, path), usage) == expected, (path, usage, read(case, path))
    found = codes(read(case, case["ask"][0][0]))
    assert found == sorted(case.get("remarks", []))
    assert set(found) <= set(protocol.REMARKS)


@pytest.mark.parametrize(
    ("protocol", "text", "path"),
    [
        (TdmRep, '[{"location": "/", "tdm-reservation": 1}, {"location": "/a", "tdm-reservation": 0}]', "/a"),
        (TdmRep, "[]", "/a"),
        (AiTxt, "User-Agent: *\nDisallow: /\n", "/a"),
        (TrustTxt, "datatrainingallowed=no", "/a"),
    ],
)
def test_a_file_that_says_the_same_of_every_path_says_so(protocol, text, path):
    file = protocol.parse(text.encode())
    assert file.uniform == file.reading(path) == file.reading("/")


def test_statements_say_where_they_stand():
    body = b'[{"location": "/a", "tdm-reservation": 1, "tdm-policy": "https://h.example/p"}]'
    read = TdmRep.parse(body).reading("/a")
    assert {s.where for s in read.statements} == {"/0/tdm-reservation"}
    assert read.statements[0].conditions == ("policy:https://h.example/p",)
    assert TrustTxt.parse(b"\n\ndatatrainingallowed=no").uniform.statements[0].where == "line 3"


# What a careful reader says of each: six reserve as the report asks; two are objects in which a reservation stands.
TDMREP_FILES = {
    "sourcelibrary.org": [],
    "www.bestseopodcast.com": [],
    "www.nineplus.sh": [],
    "jamacita.org": [],
    "openpoem.org": [],
    "thehonestbroker.org": [],
    "janpetrlik.com": ["not-an-array"],
    "maikfigura.de": ["not-an-array"],
}


def test_real_files(shared):
    rows = pq.read_table(shared / "data/signal_files.parquet").to_pylist()
    found = {row["host"]: TdmRep.parse(row["body"].encode()) for row in rows if row["kind"] == "tdmrep"}
    assert {host: codes(file.reading("/x")) for host, file in found.items()} == TDMREP_FILES
    assert {answer(file.reading("/x"), "train-ai") for file in found.values()} == {"deny"}
    prose = [AiTxt.parse(row["body"].encode()) for row in rows if row["kind"] in {"ai.txt", "llms.txt"}]
    assert [codes(file.reading("/")) for file in prose] == [["another-ai-txt"]] * len(prose)
    assert prose
