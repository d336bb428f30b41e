"""Records of several routes, and a policy under which some of them are paid for."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

_D = "sha256:" + "0" * 63
DOCUMENTS = {name: f"{_D}{n}" for n, name in enumerate(("licence", "dates", "agency", "royalty", "pool", "consent"), 1)}
TEXTS = ("A short text in ASCII letters.", "清晨的码头还没有人。", "Ünïcödé, and 汉字 beside it", "")

POLICY = f"""
name = "remunerated"

[scenario]
general = false
commercial = true
market_effect = "low"
rationale = "An assistant for one field."
signed_by = "A. Signatory"
[scenario.factors]
purpose = "to answer questions of one field"
effect = "answers do not stand in for the works"

[as_of]
build_date = "2026-11-01"

[[sources]]
name = "books"
route = "open_dataset"
licence = "cc-by-4.0"
licence_evidence = "text"
evidence = ["{DOCUMENTS["licence"]} CC BY 4.0 legal code"]

[[sources]]
name = "old"
route = "open_dataset"
author_died = 1900
published = 1890
evidence = ["{DOCUMENTS["dates"]}"]

[[sources]]
name = "agency"
route = "purchased"
evidence = ["{DOCUMENTS["agency"]}"]
[sources.contract]
training = "granted"
commercial = "granted"
chain = "direct"
paid = true
holder = "The agency"
evidence = ["{DOCUMENTS["agency"]} agreement of May"]

[[sources]]
name = "royalty"
route = "purchased"
evidence = ["{DOCUMENTS["royalty"]}"]
[sources.contract]
training = "granted"
chain = "agent_verified"
accruing = true
model = "use"
evidence = ["{DOCUMENTS["royalty"]}"]

[[sources]]
name = "unpaid"
route = "purchased"
evidence = ["{DOCUMENTS["royalty"]}"]
[sources.contract]
training = "granted"
chain = "direct"
evidence = ["{DOCUMENTS["royalty"]}"]

[[sources]]
name = "commons"
route = "pool"
evidence = ["{DOCUMENTS["pool"]}"]
[sources.pool]
agreement = true
passes = ["title", "authorisation", "accuracy", "completeness", "currency"]

[[sources]]
name = "web"
route = "crawled"

[[sources]]
name = "orphans"
route = "open_dataset"
holder = "unlocated"

[[sources]]
name = "extracts"
route = "open_dataset"
derived_from = ["web"]
derived_from_crawl = true

[[sources]]
name = "chats"
route = "self.user"
consent = "second_live"
notice = "shown"
evidence = ["{DOCUMENTS["consent"]}"]

[[sources]]
name = "granted"
route = "crawled"
evidence = ["{DOCUMENTS["agency"]}"]
[sources.contract]
training = "granted"
chain = "direct"
paid = true
starts = "2026-07-01"
same_holder = true
evidence = ["{DOCUMENTS["agency"]}"]
"""
ALLOWED, DENIED = "https://allows.example", "https://denies.example"
PLACES = {"granted": DENIED, "denied": DENIED}
# Admitted all, but for what was not paid, and what its site denies.
KINDS = (
    "books", "old", "agency", "royalty", "unpaid", "commons", "web", "denied", "orphans", "extracts", "chats",
    "granted",
)  # fmt: skip


def records(each=4):
    """Give so many records of each kind, with titles and authors as records have them."""
    rows = [
        {
            "id": f"{kind}-{n}",
            "url": f"{PLACES.get(kind, ALLOWED)}/{kind}/{n}",
            "text": TEXTS[n % len(TEXTS)],
            "source": "web" if kind == "denied" else kind,
            "title": f"Title of {kind} {n}",
            "author": None if n else f"Author of {kind}",
        }
        for kind in KINDS
        for n in range(each)
    ]
    return pa.Table.from_pylist(rows)


def write_world(folder, policy=POLICY, table=None, files=1):
    """Write policy, signals and records; give what a run over them takes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    (folder / "records").mkdir()
    table = records() if table is None else table
    size = -(-table.num_rows // files)
    for n in range(files):
        pq.write_table(table.slice(n * size, size), folder / f"records/{n}.parquet", row_group_size=5)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    captures = []
    for origin, rule in ((ALLOWED, b"Allow"), (DENIED, b"Disallow")):
        body = b"User-agent: *\n" + rule + b": /\n"
        outcome, kind = classify(200, None, body)
        captures.append(Capture(origin, moment, outcome, kind, status=200, body=body))
    add_captures(folder / "signals", captures)
    return {
        "policy": folder / "policy.toml",
        "inputs": folder / "records",
        "snapshot": folder / "signals",
    }
