"""ai.txt on real files, whose cases are in test_site_files.py: prose under that name states nothing."""

import pyarrow.parquet as pq
from tests.conformance.tables import codes

from rightful.signals.ai_txt import AiTxt
from rightful.signals.trust_txt import TrustTxt

# What a careful reader says of each: both are Markdown. The first permits training in prose, under conditions in
# prose; the second is a map for readers of the site. Neither is in a format that a machine may act on.
PROSE = {("insiderisk.io", "ai.txt"), ("crawlpriceindex.com", "llms.txt")}


def test_real_prose_states_nothing(shared):
    rows = pq.read_table(shared / "data/signal_files.parquet").to_pylist()
    found = {(row["host"], row["kind"]): row["body"].encode() for row in rows if row["kind"] in {"ai.txt", "llms.txt"}}
    assert set(found) == PROSE
    for body in found.values():
        read = AiTxt.parse(body).reading("/essay.txt")
        assert read.statements == ()
        assert codes(read) == ["another-ai-txt"]
        assert TrustTxt.parse(body).reading("/").statements == ()
