"""What robots.txt says to other protocols, and the fields of the same name, against the tables of this folder."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from tests.conformance.tables import answer, codes, table

from rightful.signals import content_signal, content_usage
from rightful.signals.site_files import Interpretation, RobotsRecords

ASKED = Interpretation(tokens=("gptbot", "*"))


def read(protocol, case, path):
    legacy = case.get("legacy", "honour-deny")
    if "field" in case:
        return protocol.in_field(case["field"], **({"legacy": legacy} if protocol is content_usage else {}))
    return RobotsRecords(case["file"].encode(), replace(ASKED, legacy_labels=legacy)).reading(path)


@pytest.mark.parametrize(
    ("protocol", "case"),
    [
        *((content_usage, case) for case in table("content_usage")),
        *((content_signal, case) for case in table("content_signal")),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else value.PROTOCOL,
)
def test_table(protocol, case):
    for path, usage, expected in case["ask"]:
        reading = read(protocol, case, path)
        assert answer(reading, usage) == expected, (path, usage, reading)
        assert set(codes(reading)) <= set(protocol.REMARKS)
    assert codes(read(protocol, case, case["ask"][0][0])) == sorted(case.get("remarks", []))


def test_statements_name_their_line():
    body = b"User-agent: *\nContent-Usage: /a train-ai=n\nContent-Signal: ai-train=no\n"
    usage, signal = RobotsRecords(body, ASKED).reading("/a/b").statements
    assert (usage.where, usage.text) == ("line 2", "Content-Usage: /a train-ai=n")
    assert (signal.where, signal.text) == ("line 3", "Content-Signal: ai-train=no")


def test_what_the_policy_may_answer_otherwise():
    body = b"User-agent: *\nContent-Usage: ai=n\nContent-Signal: use=reference\n"
    literal = Interpretation(tokens=("*",), legacy_labels="ignore", reserved_use="unknown")
    assert RobotsRecords(body, literal).reading("/").statements == ()


def test_a_file_that_says_the_same_of_every_path_says_so():
    same = RobotsRecords(b"User-agent: *\nContent-Signal: ai-train=no\n", ASKED)
    assert same.uniform is not None
    assert same.uniform == same.reading("/any")
    assert RobotsRecords(b"User-agent: *\nContent-Signal: /a ai-train=no\n", ASKED).uniform is None
    assert RobotsRecords(b"", ASKED).uniform.statements == ()


# Read by eye: every site of the corpus with a Content-Signal; each says ai-train=no. In comments it says nothing.
SIGNALLING = dict.fromkeys(
    ("crawlpriceindex.com", "davidtofan.com", "glowsocial.com", "www.researchsquare.com"), "deny"
)


def test_real_files(shared):
    """Every body, of now and of earlier: none is too odd to be read, and CSS is no signal."""
    stated, asked = {}, 0
    for name in ("robots", "robots_history"):
        rows = pq.read_table(shared / f"data/{name}.parquet", columns=["host", "body"])
        distinct = {body: host for host, body in zip(rows["host"].to_pylist(), rows["body"].to_pylist(), strict=True)}
        for body, host in distinct.items():
            if body is not None:
                asked += 1
                reading = RobotsRecords(body.encode(), ASKED).reading("/any")
                if reading.statements or reading.remarks:
                    stated[host] = answer(reading, "train-ai")
    assert asked > 20_000
    assert stated == SIGNALLING
