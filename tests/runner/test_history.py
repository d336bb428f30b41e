"""Real sites that changed their mind: allowed when their pages were fetched, denied now, and the card says so."""

import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rightful.audit.verify import verify_run
from rightful.runner.stages import run_files
from rightful.signals.robots_txt import RobotsTxt
from rightful.snapshot.importing import import_captures
from rightful.snapshot.store import Snapshot

POLICY = """
[scenario]
market_effect = "low"

[crawler]
purposes = []
tokens = ["gptbot"]
wildcard = false

[[sources]]
name = "web"
route = "crawled"
"""


@pytest.fixture(scope="module")
def history(shared, tmp_path_factory):
    store = tmp_path_factory.mktemp("history") / "signals"
    import_captures(shared / "data/robots_history.parquet", store)
    return Snapshot.open(store)


def changes(snapshot, wanted):
    """Find hosts whose first dated file lets GPTBot in and whose last one names it and does not."""
    versions = {}
    for row in snapshot.captures.select(["origin", "fetched_at", "outcome", "body_sha256"]).to_pylist():
        if row["fetched_at"] and row["body_sha256"] and row["outcome"] == "available":
            versions.setdefault(row["origin"], []).append(row)
    for origin, rows in versions.items():
        first, last = (RobotsTxt.parse(snapshot.body(row["body_sha256"])) for row in (rows[0], rows[-1]))
        url = f"https:{origin}/"
        early, late = (row["fetched_at"] + timedelta(seconds=1) for row in (rows[0], rows[-1]))
        denied = "gptbot" in last.tokens and last.preference(url, "GPTBot").value == "deny"
        if first.preference(url, "GPTBot").value == "allow" and denied and early < late:
            yield url, early, late
            wanted -= 1
            if not wanted:
                return


def test_allowed_at_fetch_and_denied_now(history, tmp_path):
    sites = list(changes(history, 40))
    assert len(sites) == 40
    rows = [{"id": f"early {url}", "url": url, "text": "t", "fetched_at": early} for url, early, _ in sites]
    rows += [{"id": f"late {url}", "url": url, "text": "t", "fetched_at": late} for url, _, late in sites]
    rows.append({"id": "kept", "url": "https://kept.example/", "text": "t", "fetched_at": None})
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "r.parquet")
    (tmp_path / "policy.toml").write_text(f"{POLICY}[protocols]\nunsafe_keep_uncaptured = true\n", encoding="utf-8")
    finished = run_files(tmp_path / "policy.toml", tmp_path / "r.parquet", snapshot=history, out=tmp_path / "out")
    ledger = pq.read_table(finished.folder / "rightful/ledger/part-00000.parquet").to_pylist()
    by_id = {row["id"]: row["reasons"] for row in ledger}
    for url, _, _ in sites:
        assert by_id[f"early {url}"] == ["ROBOTS_NOW:named"], url
        assert by_id[f"late {url}"] == ["ROBOTS_FETCH:named", "ROBOTS_NOW:named"], url
    card = json.loads((finished.folder / "card.json").read_text(encoding="utf-8"))
    assert card["robots"]["drift"] == len(sites)
    assert "40 records were allowed when fetched and are denied now" in finished.card.read_text(encoding="utf-8")
    assert verify_run(finished.folder, everything=True).findings == ()
