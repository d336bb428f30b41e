"""Answers of servers over time, against the table of this folder: as a crawl has them, imported and screened."""

import pyarrow as pa
import pytest
from tests.archives import TEXT, Archive
from tests.conformance.tables import table

from rightful.policy.policy_file import parse_policy
from rightful.screening.screener import Screener
from rightful.snapshot.importing import import_captures

CASES = table("captures")
POLICY = '[[sources]]\nname = "web"\nroute = "crawled"\n[crawler]\npurposes = []\nwildcard = true\n'
_REDIRECTS = {301, 302, 303, 307, 308}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_table(case, tmp_path):
    archive = Archive()
    for url, moment, status, body in case["answers"]:
        if not status:
            archive.octets(body.encode(), url, moment=moment)
        elif status in _REDIRECTS:
            archive.response(url, b"", ("Location", body), status=f"{status} Elsewhere", moment=moment)
        else:
            archive.response(url, body.encode(), TEXT, status=f"{status} Told", moment=moment)
    import_captures(archive.write(tmp_path / "x.warc"), tmp_path / "store")
    policy = parse_policy(f'{POLICY}[protocols]\nrobots = "{case.get("robots", "strict")}"\n')
    records = pa.table({"url": [row[0] for row in case["ask"]], "fetched_at": [row[1] for row in case["ask"]]})
    observed = Screener(policy, tmp_path / "store").examine(records.to_batches()[0]).observation
    found = [observed.situations[number] for number in observed.situation.tolist()]
    assert [[s.robots_fetch, s.robots_build] for s in found] == [row[2:] for row in case["ask"]]


def test_the_table_is_no_shorter():
    assert len({case["name"] for case in CASES}) == len(CASES) >= 25
