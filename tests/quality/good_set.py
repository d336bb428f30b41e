"""A good set of a hundred records under a policy that applies every requirement, and how it becomes shards."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.policy.policy_file import parse_policy
from rightful.screening.columns import Columns
from rightful.screening.labels import RIGHTS

AS_OF = datetime(2026, 8, 1, 12, tzinfo=UTC)
ROWS = 100
SECRET = "Nobody but the author knows this sentence"
SITE = "site{}.example"
COLUMNS = Columns(url="url", text="text", id="id", fetched_at="fetched_at", source="source", language="language")
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.string()),
        ("text", pa.string()),
        ("fetched_at", pa.timestamp("s", "UTC")),
        ("language", pa.string()),
        ("source", pa.string()),
        ("rights", RIGHTS),
    ]
)
SHARDS = ("train-00000-of-00002.parquet", "train-00001-of-00002.parquet")

POLICY = """
[[sources]]
name = "web"
route = "crawled"
[[sources]]
name = "archive"
route = "purchased"
[quality]
max_age_days = 30
min_text_octets = 5
languages = ["EN", "fr"]
"""


def policy_with(**quality):
    """Give the policy with other thresholds."""
    parsed = parse_policy(POLICY)
    return parsed.model_copy(update={"quality": parsed.quality.model_copy(update=quality)})


def good_rows(count=ROWS):
    """Give records that meet every requirement."""
    return [_row(number) for number in range(count)]


def _row(number):
    crawled = bool(number % 3)
    return {
        "id": f"rec-{number:03d}",
        "url": f"https://{SITE.format(number % 7)}/page/{number}",
        "text": f"{SECRET}, number {number}: naïve café, 中文, Ñandú, NÃO, tab\tand\nline.\r\n",
        "fetched_at": AS_OF - timedelta(hours=number),
        "language": "en" if number % 2 else "FR",
        "source": "web" if crawled else "archive",
        "rights": {
            "admission": "admit",
            "reasons": ["GENERAL"],
            "tier": "EXEMPT_GENERAL",
            "remuneration": "none",
            "basis": "policy:seed-paper",
            "conditions": [],
            "route": "crawled" if crawled else "purchased",
            "licence": "none",
            "site": SITE.format(number % 7),
            "situation": number % 4 - 2,
        },
    }


def write(folder, rows, *, schema=SCHEMA, names=SHARDS):
    """Write rows as shards of about the same size, in row groups of twenty."""
    each = -(-len(rows) // len(names))
    for number, name in enumerate(names):
        table = pa.Table.from_pylist(rows[number * each : (number + 1) * each], schema)
        pq.write_table(table, folder / name, row_group_size=20)
    return [folder / name for name in names]


def results(report):
    """Give the results by code."""
    return {result.code: result for result in report.results}
