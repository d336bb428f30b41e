"""The register with ten million keys: written, opened, looked up in; time and memory, each in a process of its own.

`.venv/bin/python -m tests.benchmarks.register_bench` prints a table.

Resident memory is what the process gained (psutil's RSS, pages of the mapped file included, whoever shares them) from
before the register was opened; the queries are made before that. `anonymous` is the part of it that is the process's
own, `PSS` the gain in what smaps_rollup counts by share. One of ten keys that are looked up is in the register.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from rightful.register.delta import register_delta
from rightful.register.entries import KeyKind, OptOut
from rightful.register.export import Register, export_register, merge_registers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OF_EACH = 5_000_000
QUERIES = 1_000_000
HITS = 0.1
RARE_HITS = 0.01
BATCHES = (65_536, 1_000_000)
TURNS = 7
_SPREAD = 0x9E3779B97F4A7C15
_MB = 1 << 20


def url_key(number: int) -> str:
    """Make the key of a page; 60 characters, as real locations have."""
    page = number * _SPREAD % (1 << 64) >> 20
    return f"//www.site{number % 50_000}.example.org/articles/{page:x}/essay-{number % 1000}.html"


def digest(number: int) -> bytes:
    """Make the digest of a work."""
    return hashlib.sha256(number.to_bytes(8, "little")).digest()


def entries(of_each: int) -> Iterator[OptOut]:
    """Make opt-outs, one request each."""
    for number in range(of_each):
        reference = f"R-{number * _SPREAD % (1 << 64):016X}"
        yield OptOut(KeyKind.URL, url_key(number), reference=reference)
        yield OptOut(KeyKind.CONTENT, digest(number).hex(), reference=reference)


def write(file: Path, of_each: int) -> dict[str, float]:
    """Write the register: seconds to make the entries, to make and write them, and the peak of memory."""
    start = time.perf_counter()
    for _ in entries(of_each):
        pass
    making = time.perf_counter() - start
    before = psutil.Process().memory_info().rss / _MB
    start = time.perf_counter()
    export_register(entries(of_each), file)
    seconds = time.perf_counter() - start
    peak = _peak() - before
    start = time.perf_counter()
    Register.open(file).verify()
    return {
        "entries": 2 * of_each,
        "making the entries alone s": making,
        "making and writing them s": seconds,
        "verify s": time.perf_counter() - start,
        "at the peak: RSS MB": peak,
        "file MB": file.stat().st_size / _MB,
    }


def compare(file: Path, of_each: int) -> dict[str, float]:
    """Compare the register with one that lacks a thousand entries and has a thousand others."""
    old = Register.open(file)
    fewer = np.setdiff1d(np.arange(len(old)), np.linspace(0, len(old) - 1, 1000).astype(np.int64))
    rest = old.part(fewer, file.with_name("rest.arrow"))
    more = export_register(
        (OptOut(KeyKind.URL, url_key(number)) for number in range(3 * of_each, 3 * of_each + 1000)),
        file.with_name("more.arrow"),
    )
    start = time.perf_counter()
    new = merge_registers([rest, more], file.with_name("new.arrow"), version="of the benchmark")
    merging = time.perf_counter() - start
    start = time.perf_counter()
    delta = register_delta(old, new)
    assert delta.num_rows == 2000
    return {
        "union of two s": merging,
        "delta s": time.perf_counter() - start,
    }


def _queries(of_each: int, hits: float) -> list[int]:
    rng = np.random.default_rng(5)
    numbers = rng.integers(0, of_each, QUERIES)
    numbers[rng.random(QUERIES) >= hits] += of_each
    return numbers.tolist()


def _memory() -> dict[str, float]:
    lines = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    said = {name: float(lines[name].split()[0]) / 1024 for name in ("Pss", "Anonymous")}
    return {"RSS": psutil.Process().memory_info().rss / _MB, "PSS": said["Pss"], "anonymous": said["Anonymous"]}


def _peak() -> float:
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return float(lines["VmHWM"].split()[0]) / 1024


def look_up(file: Path, of_each: int) -> dict[str, float]:
    """Open the register, look a million keys of each kind up, then measure how many are looked up in a second."""
    numbers = _queries(of_each, HITS)
    urls = pa.array([url_key(number) for number in numbers])
    rarely = pa.array([url_key(number) for number in _queries(of_each, RARE_HITS)])
    raw = np.frombuffer(b"".join(map(digest, numbers)), np.uint8).reshape(-1, 32)
    spelt = pa.array([row.tobytes().hex() for row in raw])
    hits = sum(number < of_each for number in numbers)
    del numbers
    _give_back()
    before = _memory()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    start = time.perf_counter()
    register = Register.open(file)
    found = {"open ms": (time.perf_counter() - start) * 1e3}
    assert register.has(KeyKind.URL)
    found |= {f"opened: {name} MB": now - before[name] for name, now in _memory().items()}
    ways: dict[str, Callable[[int, int], tuple[np.ndarray, set[int]]]] = {
        "URLs": lambda at, size: register.find(KeyKind.URL, urls.slice(at, size)),
        "digests": lambda at, size: register.find_digests(raw[at : at + size]),
        "digests in hex": lambda at, size: register.find(KeyKind.CONTENT, spelt.slice(at, size)),
        f"URLs, {RARE_HITS:.0%} hits": lambda at, size: register.find(KeyKind.URL, rarely.slice(at, size)),
    }
    for way in ("URLs", "digests"):
        start = time.perf_counter()
        bits, _ = ways[way](0, QUERIES)
        found[f"first million {way} s"] = time.perf_counter() - start
        assert np.count_nonzero(bits) == hits
        found |= {f"then: {name} MB": now - before[name] for name, now in _memory().items()} if way == "digests" else {}
    for size in BATCHES:
        for way, looked in ways.items():
            found[f"{way}, batches of {size:,}: M/s"] = _rate(looked, size)
    found |= {f"in the end: {name} MB": now - before[name] for name, now in _memory().items()}
    found["at the peak: RSS MB"] = _peak() - before["RSS"]
    return found


def _give_back() -> None:
    """Let the system have the memory that making the queries took, so that what is gained later is seen."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)


def _rate(looked: Callable[[int, int], object], size: int) -> float:
    seconds = []
    for _ in range(TURNS):
        start = time.perf_counter()
        for at in range(0, QUERIES, size):
            looked(at, size)
        seconds.append(time.perf_counter() - start)
    return QUERIES / statistics.median(seconds) / 1e6


def measure(folder: Path, of_each: int = OF_EACH) -> dict[str, dict[str, float]]:
    """Measure everything, in fresh processes."""
    file = folder / "register.arrow"
    return {job: _apart(job, file, of_each) for job in ("write", "look_up", "compare")}


def _apart(job: str, file: Path, of_each: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.register_bench", "--job", job, str(file), str(of_each)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def table(found: dict[str, dict[str, float]]) -> Table:
    """Lay out what was measured."""
    laid_out = Table("register", "measured", title="The register with ten million keys")
    for rows in found.values():
        for name, value in rows.items():
            laid_out.add_row(name, f"{value:,.0f}" if value >= 100 else f"{value:,.2f}")
        laid_out.add_section()
    return laid_out


def main() -> None:
    """Print the table, or one job's numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", nargs=3, metavar=("JOB", "FILE", "OF_EACH"))
    chosen = parser.parse_args().job
    if chosen:
        job, file, of_each = chosen
        print(json.dumps({"write": write, "look_up": look_up, "compare": compare}[job](Path(file), int(of_each))))
        return
    with tempfile.TemporaryDirectory() as folder:
        Console(width=120).print(table(measure(Path(folder))))


if __name__ == "__main__":
    main()
