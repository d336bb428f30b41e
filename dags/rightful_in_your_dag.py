"""In your DAG: the operators between two tasks that were there before, and that stay as they are.

Before:

    train(extract())

After, `train` gets what `extract` found without what was opted out or reserved. `extract` returns a path and `train`
takes one; neither knows of rightful. What is between them takes results of tasks wherever it takes strings.

`label` is beside the way: everything labelled and nothing dropped, for people to see what screening removes and why.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import Param, dag, task

from rightful.airflow import CaptureSignalsOperator, LabelRecordsOperator, ScreenRecordsOperator

FOLDER = os.environ.get("RIGHTFUL_FOLDER", str(Path.home() / "rightful"))


@task
def extract(source: str, target: str) -> str:
    """Yours: read a crawl, keep the columns that training needs, write JSON lines, return their path."""
    import json

    import pyarrow.parquet as pq

    # What was kept of the response and the page stays, too: a reservation may be in it.
    columns = ["id", "url", "text", "language", "source", "fetched_at", "http_headers", "html_head"]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with Path(target).open("w", encoding="utf-8") as lines:
        for batch in pq.ParquetFile(source).iter_batches(columns=columns):
            lines.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in batch.to_pylist())
    return target


@task
def train(path: str) -> dict[str, int]:
    """Yours: train on the records of a file or folder; here it counts what it would train on."""
    import pyarrow.dataset as ds

    records = ds.dataset(path, format="json" if path.endswith(".jsonl") else "parquet")
    texts = records.to_table(columns=["text"])["text"].to_pylist()
    return {"records": len(texts), "characters": sum(map(len, texts))}


@dag(
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["rightful"],
    params={
        "source": Param(f"{FOLDER}/crawl.parquet", type="string", description="The crawl."),
        "policy": Param(f"{FOLDER}/policy.toml", type="string", description="Policy file of rightful."),
        "register": Param("", type="string", description="Exported opt-outs; empty: none were received."),
        "folder": Param(FOLDER, type="string", description="Where everything is written to."),
        "connect_to": Param("", type="string", description="ADDRESS:PORT of an egress gateway; empty: none."),
    },
)
def rightful_in_your_dag() -> None:
    """Extract, then screen, then train."""
    records = extract("{{ params.source }}", "{{ params.folder }}/{{ run_id }}/records.jsonl")

    # What is new begins here.
    captured = CaptureSignalsOperator(
        task_id="capture",
        records=records,
        policy="{{ params.policy }}",
        snapshot="{{ params.folder }}/signals",
        connect_to="{{ params.connect_to }}",
        retries=2,
    )
    screened = ScreenRecordsOperator(
        task_id="screen",
        records=records,
        policy="{{ params.policy }}",
        snapshot=captured.output,
        register="{{ params.register }}",
        out="{{ params.folder }}/{{ run_id }}/screened",
        overwrite=True,  # where a task before was cleared and gave something else
    )
    LabelRecordsOperator(
        task_id="label",
        records=records,
        policy="{{ params.policy }}",
        snapshot=captured.output,
        register="{{ params.register }}",
        out="{{ params.folder }}/{{ run_id }}/labelled",
        overwrite=True,
    )
    # What is new ends here.

    train(screened.output["data"])  # before: train(records)


rightful_in_your_dag()
