"""Withdrawal: opt-outs that came after the datasets were made are taken out of them.

Three things are yours to say, below:

1. REGISTER: the Airflow connection of your register of opt-outs, of type `rightful_register`. The triggerer needs it
   as well as the workers: in the environment of both, or in a secrets backend, or in Airflow's own database.
2. RUNS: the finished datasets: paths or patterns. `rightful_quickstart` makes them.
3. KEY: what receipts are signed with, an ed25519 key file; empty: they are not signed.

It runs when the register changes, as soon as nothing more has come for half a minute, and every night besides: a
watcher that is dead says nothing, and the night does what it missed. Doing it again without a change does nothing.

What it makes lies in FOLDER: `register/` the exports that were applied; `current/<dataset>/` the newest version of each
dataset (and the older ones, until you delete them), whole, with quality and card, chained to the one before;
`receipts/` what claimants are told. Screening that is given the folder `register/` as its register uses the last
export, and fails where that is older than a day and a half: then this DAG has stopped, and nobody told.

Needs Airflow 3.2; from 3.3 on the watcher remembers what it told last when the triggerer is started again.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag

from rightful.airflow import ExportOptOutsOperator, WithdrawOperator, optout_asset

FOLDER = os.environ.get("RIGHTFUL_FOLDER", str(Path.home() / "rightful"))
REGISTER = "rightful_register_default"  # 1.
RUNS = f"{FOLDER}/screened/*"  # 2.
KEY = os.environ.get("RIGHTFUL_RECEIPTS_KEY", "")  # 3.


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("30 2 * * *", timezone="UTC"),
        assets=[optout_asset(REGISTER, poll_interval=60, debounce=30)],
    ),
    catchup=False,
    max_active_runs=1,  # two that rewrite one dataset would wait for each other anyway
    doc_md=__doc__,
    tags=["rightful"],
    params={
        "runs": Param(RUNS, type="string", description="Finished datasets: a path or pattern."),
        "folder": Param(FOLDER, type="string", description="Where everything is written to."),
        "signing_key": Param(KEY, type="string", description="ed25519 key file for receipts; empty: unsigned."),
        "legal_hold": Param("", type="string", description="Key file; what is taken out is sealed with it and kept."),
        "train_log": Param(
            "", type="string", description="Which models were trained on which dataset; empty: unknown."
        ),
    },
)
def rightful_withdrawal() -> None:
    """Export the register, then apply it to every dataset."""
    exported = ExportOptOutsOperator(
        task_id="export",
        register_conn_id=REGISTER,
        folder="{{ params.folder }}/register",
        max_age_hours=36,  # a night, and half a day to notice
        retries=2,  # a database that is away for a moment
    )
    WithdrawOperator(
        task_id="withdraw",
        register_conn_id=REGISTER,  # where the requests that were carried out are moved on
        register=exported.output,
        runs="{{ params.runs }}",
        out="{{ params.folder }}/current",
        receipts="{{ params.folder }}/receipts",
        signing_key="{{ params.signing_key }}",
        legal_hold="{{ params.legal_hold }}",
        train_log="{{ params.train_log }}",
        retries=2,
    )


rightful_withdrawal()
