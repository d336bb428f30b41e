"""Quickstart: from records to a screened, validated and documented dataset, in four tasks.

Two things are yours to say, below:

1. RECORDS: where your records are. A path, folder or pattern of .parquet, .jsonl (.gz, .zst) or .arrow files.
2. POLICY: your rules. `rightful policy init policy.toml` writes a file with every setting explained.

Then trigger the DAG. Everything it makes lies in FOLDER: `signals/` what sites said, and `screened/<run>` the dataset,
with the card as its README.md. Every path can be said anew for one run when you trigger it.

Opt-outs that reached you directly go into a register: `rightful optout import requests.csv --out register.arrow`.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import Param, dag

from rightful.airflow import (
    CaptureSignalsOperator,
    ScreenRecordsOperator,
    ValidateQualityOperator,
    WriteDatasetCardOperator,
)

FOLDER = os.environ.get("RIGHTFUL_FOLDER", str(Path.home() / "rightful"))
RECORDS = f"{FOLDER}/records/*.parquet"  # 1.
POLICY = f"{FOLDER}/policy.toml"  # 2.


@dag(
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["rightful"],
    params={
        "records": Param(RECORDS, type="string", description="Records: a path, folder or pattern."),
        "policy": Param(POLICY, type="string", description="Policy file."),
        "register": Param("", type="string", description="Exported opt-outs; empty: none were received."),
        "snapshot": Param(f"{FOLDER}/signals", type="string", description="Store of what sites say."),
        "out": Param("", type="string", description="Directory of the dataset; empty: one of its own for every run."),
        "connect_to": Param("", type="string", description="ADDRESS:PORT of an egress gateway; empty: none."),
    },
)
def rightful_quickstart() -> None:
    """Capture what sites say, screen the records by it, test their quality, write the card."""
    captured = CaptureSignalsOperator(
        task_id="capture",
        records="{{ params.records }}",
        policy="{{ params.policy }}",
        snapshot="{{ params.snapshot }}",
        connect_to="{{ params.connect_to }}",
        retries=2,  # the network; nothing else here gets better by trying again
    )
    screened = ScreenRecordsOperator(
        task_id="screen",
        records="{{ params.records }}",
        policy="{{ params.policy }}",
        snapshot=captured.output,
        register="{{ params.register }}",
        # A run of its own folder: the last good dataset stays where it is until this one has passed every gate.
        out=f"{{{{ params.out or '{FOLDER}/screened/' ~ run_id }}}}",
    )
    validated = ValidateQualityOperator(task_id="validate", run=screened.output)
    WriteDatasetCardOperator(task_id="card", run=validated.output)


rightful_quickstart()
