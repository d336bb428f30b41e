"""`rightful demo`: sites served on this machine, signals captured from them, records screened, a card written."""

from __future__ import annotations

import importlib.util
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from rich.markup import escape

from rightful.demo.records import demo_register, write_inputs
from rightful.demo.sites import SITES
from rightful.demo.web import Web
from rightful.errors import RunError
from rightful.ledger.run_directory import RunDirectory
from rightful.terminal import console, print_counts, table

if TYPE_CHECKING:
    from rightful.demo.web import Behaviour

MARK = ".rightful-demo"


def show_demo(out: str | Path, *, with_airflow: bool = True) -> Path:
    """Run the demo into a folder of its own, and print what happened.

    Args:
        out: folder to make; an earlier demo in it is replaced, anything else is left alone.
        with_airflow: run the quickstart DAG, if Airflow is installed; otherwise the same steps without it.

    Returns:
        The path of the card.

    Raises:
        RunError: the folder holds something else, or a decision came out otherwise than is right.
    """
    folder = Path(out).resolve()
    _make_room(folder)
    say = console()
    paths = write_inputs(folder)
    records = pq.ParquetFile(paths["records"]).metadata.num_rows
    say.print(
        f"[bold]1[/bold]  {records:,} records in two languages over {len(SITES)} sites, each with another robots.txt"
    )
    register = demo_register(paths["optouts"], folder / "register.arrow")
    say.print(f"[bold]2[/bold]  {len(register)} opt-outs received directly")
    run = folder / "out"
    with Web(hosts()) as web:
        address, port = web.address
        configuration = {
            "records": str(paths["records"]),
            "policy": str(paths["policy"]),
            "register": str(register.path),
            "snapshot": str(folder / "signals"),
            "out": str(run),
            "connect_to": f"{address}:{port}",
        }
        if with_airflow and importlib.util.find_spec("airflow") is not None:
            say.print("[bold]3[/bold]  the quickstart DAG, in one process: capture, screen, validate, write the card")
            _through_airflow(configuration, folder / "airflow")
        else:
            say.print("[bold]3[/bold]  capture, screen, validate, write the card (without Airflow)")
            _directly(configuration)
    finished = RunDirectory(run)
    say.print()
    print_counts(finished.manifest)
    say.print()
    compare_with_the_right_answers(run, paths["expected"])
    if importlib.util.find_spec("cryptography") is not None:
        _withdraw_afterwards(run, paths["optouts"], folder)
    card = run / "README.md"
    say.print(f"\nthe card       {card}", soft_wrap=True)
    say.print("try next       ", end="")
    say.print(f"rightful verify {run}", soft_wrap=True, highlight=False)
    url = "http://library.example/shelf/1"
    say.print(f"               rightful explain {run} --url {url}", soft_wrap=True, highlight=False)
    return card


def _withdraw_afterwards(run: Path, optouts: Path, folder: Path) -> None:
    """Take out of the finished data what is opted out only now, and say what whoever asked for it gets."""
    from rightful.withdrawal.withdraw import withdraw  # noqa: PLC0415 - the frameworks are loaded by now

    say = console()
    register = demo_register(optouts, folder / "register-later.arrow", afterwards=True)
    done = withdraw(
        run,
        register=register,
        out=folder / "out-without",
        now=datetime.now(UTC).isoformat(timespec="seconds"),
        receipts=folder / "receipts",
        signing_key=folder / "receipts.pem",
        make_key=True,
    )
    if not done.removed or done.absence is None or done.absence.found:
        raise RunError("the work that was opted out afterwards was not found, or is still there", run=str(run))
    say.print(
        f"\n[bold]4[/bold]  a work is opted out afterwards: {done.removed} records left the data; looked for again in "
        f"{done.absence.records:,} records, found in {done.absence.found}; receipts signed: {len(done.receipts)}"
    )
    say.print(f"   the new version of the data  {done.out}", soft_wrap=True)


def hosts() -> dict[str, Behaviour]:
    """Give what the sites do, by host: they serve their signal files, and nothing else is asked of them."""
    return {site.host: site.behaviour for site in SITES}


def compare_with_the_right_answers(run: Path, expected: Path) -> None:
    """Compare the ledger with what is right, record by record.

    Raises:
        RunError: a decision is another one; names the kinds of records and what happened to them.
    """
    right = {row["id"]: (row["admission"], row["reason"]) for row in pq.read_table(expected).to_pylist()}
    wrong: Counter[tuple[str, str]] = Counter()
    for batch in RunDirectory(run).ledger_batches(["id", "admission", "reasons"]):
        for row in batch.to_pylist():
            decided = (row["admission"], row["reasons"][0])
            if right.pop(row["id"]) != decided:
                wrong[decided] += 1
    if wrong or right:
        listed = table("decided", "because", "#records")
        for (admission, reason), count in wrong.items():
            listed.add_row(admission, escape(reason), str(count))
        console().print(listed)
        raise RunError(f"{wrong.total() + len(right)} records came out otherwise than is right", run=str(run))
    console().print("every decision is the one known to be right", style="green")


def _make_room(folder: Path) -> None:
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise RunError(
            f"{folder} is there and holds something else", hint="rightful demo --out ANOTHER", path=str(folder)
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("made by rightful demo, which may delete it\n", encoding="utf-8")


def _through_airflow(configuration: dict[str, str], home: Path) -> None:
    from rightful.airflow.trial import run_dag  # noqa: PLC0415 - loads Airflow

    run_dag("rightful_quickstart", configuration, home=home, on_task=_tell)


def _tell(task: str, state: str) -> None:
    if state != "running":
        console().print(f"   {task:<9} {state}")


def _directly(configuration: dict[str, str]) -> None:
    from rightful.policy.policy_file import read_policy  # noqa: PLC0415 - only without Airflow
    from rightful.runner.origins import to_capture  # noqa: PLC0415 - only without Airflow
    from rightful.runner.stages import run_files  # noqa: PLC0415 - only without Airflow
    from rightful.snapshot.capture import capture_signals  # noqa: PLC0415 - only without Airflow

    policy = read_policy(configuration["policy"])
    address, _, port = configuration["connect_to"].rpartition(":")
    found = to_capture(configuration["records"], policy)
    capture_signals(
        found.origins,
        configuration["snapshot"],
        settings=policy.capture,
        documents=found.documents,
        connect_to=(address, int(port)),
    )
    run_files(
        configuration["policy"],
        configuration["records"],
        snapshot=configuration["snapshot"],
        register=configuration["register"],
        out=configuration["out"],
    )
