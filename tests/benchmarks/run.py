"""`make bench`: ratios between our way and the usual ways, all of one run on one machine.

Jobs take turns, so that a machine that gets slower gets slower for all of them; what is printed is the median of the
ratios within a turn. Absolute times are shown for orientation only: they are the machine's, not ours.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from protego import Protego
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import register_bench
from tests.benchmarks.matching_bench import show_matching
from tests.benchmarks.world import World, make_world

from rightful.runner.run import screen_files
from rightful.screening.columns import Columns
from rightful.screening.locate import Locator
from rightful.screening.robots_columns import RobotsColumns, captures_in_force
from rightful.screening.screener import Screener

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 65_536
AGENT = "GPTBot"


def copy_only(world: World, folder: Path) -> int:
    """The floor: read the records and write them, with the same writer."""
    source = pq.ParquetFile(world.records)
    rows = 0
    with pq.ParquetWriter(folder / "copy.parquet", source.schema_arrow, compression="zstd", compression_level=1) as out:
        for batch in source.iter_batches(BATCH):
            out.write_batch(batch, row_group_size=BATCH)
            rows += batch.num_rows
    return rows


def whole_run(world: World, folder: Path) -> int:
    """Read, screen, write data and ledger and everything else of a screened directory: cold, one process."""
    manifest = screen_files(
        world.policy, world.records, snapshot=world.snapshot, register=world.register, out=folder / "out"
    )
    return manifest.counts.records


def screen_warm(screener: Screener, records: Path, *, label: bool = False) -> Callable[[World, Path], int]:
    """Read, screen, write data: with the rules compiled already; or label, so that all that was read is written."""

    def job(_world: World, folder: Path) -> int:
        source = pq.ParquetFile(records)
        rows = 0
        writer = None
        for batch in source.iter_batches(BATCH):
            kept = screener.label(batch) if label else screener.screen(batch)
            if writer is None:
                writer = pq.ParquetWriter(folder / "warm.parquet", kept.schema, compression="zstd", compression_level=1)
            writer.write_batch(kept, row_group_size=BATCH)
            rows += batch.num_rows
        if writer is not None:
            writer.close()
        return rows

    return job


def screen_without_labels(screener: Screener, records: Path) -> Callable[[World, Path], int]:
    """Read, decide, write what is admitted as it came in: what the label column is measured against."""

    def job(_world: World, folder: Path) -> int:
        source = pq.ParquetFile(records)
        rows = 0
        kind = source.schema_arrow
        with pq.ParquetWriter(folder / "bare.parquet", kind, compression="zstd", compression_level=1) as out:
            for batch in source.iter_batches(BATCH):
                mask = pa.array(screener.examine(batch).admitted)
                out.write_batch(batch.filter(mask), row_group_size=BATCH)
                rows += batch.num_rows
        return rows

    return job


def filter_with_protego(world: World, folder: Path) -> int:
    """What people write: `datasets.filter`, one row at a time, one agent, Protego kept per host."""
    import datasets

    datasets.disable_progress_bars()

    @cache
    def rules(host: str) -> Protego | None:
        body = world.bodies.get(host)
        return None if body is None else Protego.parse(body.decode("utf-8", "replace"))

    def allowed(row: dict[str, str]) -> bool:
        parsed = rules(urlsplit(row["url"]).hostname or "")
        return parsed is None or parsed.can_fetch(row["url"], AGENT)

    loaded = datasets.Dataset.from_parquet(str(world.records), cache_dir=str(folder / "hf"))
    kept = loaded.filter(allowed, load_from_cache_file=False)
    kept.flatten_indices().to_parquet(str(folder / "filtered.parquet"))
    return len(loaded)


def decisions_by_protego(world: World) -> Callable[[], int]:
    """A warm loop over URLs: everything parsed beforehand, one agent."""
    parsed = {host: Protego.parse(body.decode("utf-8", "replace")) for host, body in world.bodies.items()}
    urls = pq.read_table(world.records, columns=["url"])["url"].to_pylist()

    def job() -> int:
        for url in urls:
            parsed[urlsplit(url).hostname or ""].can_fetch(url, AGENT)
        return len(urls)

    return job


def decisions_by_columns(world: World, tokens: tuple[str, ...]) -> Callable[[], int]:
    """The same URLs by ours, warm, in batches."""
    from rightful.snapshot.site_view import SiteView
    from rightful.snapshot.store import Snapshot

    view = SiteView(Snapshot.open(world.snapshot), tokens=tokens)
    locator = Locator()
    urls = pq.read_table(world.records, columns=["url"])["url"].combine_chunks()
    column = urls.chunk(0) if isinstance(urls, pa.ChunkedArray) else urls

    def job() -> int:
        for start in range(0, len(column), BATCH):
            located = locator.locate(column.slice(start, BATCH))
            build, _ = captures_in_force(view, located, None)
            RobotsColumns(view, located).facts(build)
        return len(column)

    return job


def decide_only(screener: Screener, records: Path) -> Callable[[], int]:
    """Decide records that are in memory, and write nothing."""
    batches = [*pq.ParquetFile(records).iter_batches(BATCH)]

    def job() -> int:
        for batch in batches:
            screener.examine(batch)
        return sum(batch.num_rows for batch in batches)

    return job


def timed(job: Callable[[], int]) -> tuple[float, int]:
    """Run a job once: seconds, and how many it did."""
    began = time.perf_counter()
    done = job()
    return time.perf_counter() - began, done


def measure(jobs: dict[str, Callable[[], int]], turns: int) -> dict[str, list[float]]:
    """Run jobs in turns; give seconds per unit for each, turn by turn."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(turns):
        for name, job in jobs.items():
            seconds, done = timed(job)
            taken[name].append(seconds / done)
            print(f"  turn {turn + 1}/{turns}  {name}: {seconds:.2f} s", file=sys.stderr)
    return taken


def show(title: str, taken: dict[str, list[float]], against: str, unit: str) -> None:
    """Print units per second, and the ratio to one of the jobs, as median, least and most of the turns."""
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("job", f"{unit}/s (this machine)", f"speed against «{against}»", "least", "most"):
        table.add_column(heading, justify="left" if heading == "job" else "right")
    for name, seconds in taken.items():
        ratios = [floor / own for floor, own in zip(taken[against], seconds, strict=True)]
        table.add_row(
            name,
            f"{1 / statistics.median(seconds):,.0f}",
            f"{statistics.median(ratios):.2f} x",
            f"{min(ratios):.2f}",
            f"{max(ratios):.2f}",
        )
    Console(width=120).print(table)
    print()


def main() -> None:
    """Make a world, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--hosts", type=int, default=4_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--works", type=int, default=1_000_000, help="works of the large index")
    parser.add_argument("--only", choices=("matching", "register", "screening"), help="one part of it")
    asked = parser.parse_args()
    if asked.only in {None, "matching"}:
        show_matching(measure, show, turns=asked.turns, works=asked.works)
    if asked.only in {None, "register"}:
        show_register()
    if asked.only in {None, "screening"}:
        show_screening(asked)


def show_register() -> None:
    """Print what a register of ten million keys takes, each figure in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="rightful-register-") as scratch:
        Console(width=120).print(register_bench.table(register_bench.measure(Path(scratch))))
    print()


def show_screening(asked: argparse.Namespace) -> None:
    """Measure reading, screening and writing on a world of records."""
    with tempfile.TemporaryDirectory(prefix="rightful-bench-") as scratch:
        folder = Path(scratch)
        world = make_world(folder, asked.rows, asked.hosts)
        kind = "real" if world.real else "made-up"
        print(f"{world.rows:,} records of about 1 kB over {len(world.bodies):,} hosts with {kind} robots.txt files\n")
        work = folder / "work"

        def in_fresh_folder(job: Callable[[World, Path], int]) -> Callable[[], int]:
            def run() -> int:
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                return job(world, work)

            return run

        screener = Screener(world.policy, world.snapshot, world.register, Columns(url="url", text="text", id="id"))
        for batch in pq.ParquetFile(world.records).iter_batches(BATCH, columns=["url", "id", "text"]):
            screener.screen(batch)  # compiles what the warm job uses
        jobs = {
            "read and write only": in_fresh_folder(copy_only),
            "rightful: read, screen, write (warm)": in_fresh_folder(screen_warm(screener, world.records)),
            "rightful: a whole screened run (cold)": in_fresh_folder(whole_run),
            "datasets.filter with Protego per row": in_fresh_folder(filter_with_protego),
        }
        taken = measure(jobs, asked.turns)
        show("Records, one process", taken, "read and write only", "records")
        floor = taken["read and write only"]
        above = {name: [a - b for a, b in zip(taken[name], floor, strict=True)] for name in jobs}
        theirs = above["datasets.filter with Protego per row"]
        for name in list(jobs)[1:3]:
            ratios = [t / max(o, 1e-12) for t, o in zip(theirs, above[name], strict=True)]
            print(f"time above the floor: datasets.filter takes {statistics.median(ratios):.1f} x that of «{name}»")
        print()
        labels = {
            "without labels": in_fresh_folder(screen_without_labels(screener, world.records)),
            "with labels": in_fresh_folder(screen_warm(screener, world.records)),
        }
        show("Labels: read, screen, write (warm)", measure(labels, 3 * asked.turns), "without labels", "records")
        every_protocol = Screener(world.policy, world.signals, world.register)
        alone = Columns(url="url", text="text", id="id")
        robots_alone = Screener(world.policy, world.snapshot, world.register, alone)
        two = {"robots.txt alone": robots_alone, "every protocol": every_protocol}
        protocols = {name: in_fresh_folder(screen_warm(one, world.told, label=True)) for name, one in two.items()}
        protocols |= {f"{name}, deciding only": decide_only(one, world.told) for name, one in two.items()}
        for job in protocols.values():
            job()
        taken = measure(protocols, asked.turns)
        whole = {name: taken[name] for name in two}
        show("Records by protocols: read, label, write (warm)", whole, "robots.txt alone", "records")
        rest = {name: taken[name] for name in taken if name not in two}
        show("The same without reading and writing", rest, "robots.txt alone, deciding only", "records")
        every = screener.policy.crawler.effective
        decisions = {
            "Protego, warm loop, 1 token": decisions_by_protego(world),
            "rightful, warm, 1 token": decisions_by_columns(world, ("gptbot",)),
            f"rightful, warm, {len(every)} tokens": decisions_by_columns(world, every),
        }
        for job in decisions.values():
            job()
        show("URLs decided by robots.txt", measure(decisions, asked.turns), "Protego, warm loop, 1 token", "URLs")


if __name__ == "__main__":
    main()
