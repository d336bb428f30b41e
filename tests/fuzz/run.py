"""`make fuzz`: every reader of signals on inputs that coverage leads to, by Atheris.

A target stops at the first input that makes its reader raise. That input is kept in `fuzz-run/crashes`, and the table
below the run says how to read it again: `python tests/fuzz/run.py --input <file>`. What was found on the way is kept in
`fuzz-run/corpus`, and the next run goes on from there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

WORK = ROOT / "fuzz-run"
CRASHES = WORK / "crashes"
SECONDS_OF_ONE_INPUT = 10  # slower is a finding
MEGABYTES = 2048
LONGEST_INPUT = 8192  # octets; long documents are tests/benchmarks/hostile.py's
SECONDS_TO_START_AND_END = 120


@dataclass(frozen=True)
class Outcome:
    """How a target fared.

    Attributes:
        target: its name.
        runs: inputs it read.
        first: coverage of the seeds and of what earlier runs kept; `last`: coverage at the end; in branches.
        added: inputs kept because they reached something new.
        crash: the input it raised on, if any.
        said: the last lines of what it printed, where it did not end well.
    """

    target: str
    runs: int
    first: int
    last: int
    added: int
    crash: Path | None
    said: str


def fuzz(target: str, seconds: int) -> Outcome:
    """Run one target in an interpreter of its own."""
    corpus = WORK / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    CRASHES.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--one", target, "--seconds", str(seconds)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=seconds + SECONDS_TO_START_AND_END, cwd=ROOT, check=False
        )
        printed, code = (done.stderr + b"\n" + done.stdout).decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        printed, code = (late.stderr or b"").decode("utf-8", "replace") + "\nthe target did not end", 1
    written = re.search(r"Test unit written to (\S+)", printed)
    said = "" if code == 0 else "\n".join(line for line in printed.splitlines() if line.strip())[-3000:]
    covered = [int(n) for n in re.findall(r"cov: (\d+)", printed)]
    return Outcome(
        target,
        runs=_last(r"stat::number_of_executed_units:\s+(\d+)", printed),
        first=covered[0] if covered else 0,
        last=covered[-1] if covered else 0,
        added=_last(r"stat::new_units_added:\s+(\d+)", printed),
        crash=Path(written[1]) if written else None,
        said=said,
    )


def _last(pattern: str, printed: str) -> int:
    found = re.findall(pattern, printed)
    return int(found[-1]) if found else 0


def fuzz_here(name: str, seconds: int) -> None:
    """Fuzz one target in this interpreter; ends it."""
    import atheris

    with atheris.instrument_imports(include=["rightful", "http_sf"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    corpus = WORK / "corpus" / name
    seeds = list(target.seeds())
    for seed in seeds:
        (corpus / f"seed-{sha256(seed).hexdigest()[:16]}").write_bytes(seed)
    words = WORK / f"{name}.dict"
    words.write_text(_dictionary(seeds), encoding="ascii")
    arguments = [
        *(f"-max_total_time={seconds}", f"-timeout={SECONDS_OF_ONE_INPUT}", f"-rss_limit_mb={MEGABYTES}"),
        *(f"-max_len={LONGEST_INPUT}", f"-dict={words}", f"-artifact_prefix={CRASHES / name}-"),
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], target.read)
    atheris.Fuzz()


def _dictionary(seeds: list[bytes]) -> str:
    """Give the words that seeds use most, which a fuzzer would take long to guess."""
    found = Counter(word for seed in seeds for word in set(re.findall(rb"[A-Za-z][\w:.-]{2,30}", seed)))
    return "".join(f'"{word.decode()}"\n' for word, _ in sorted(found.most_common(200)))


def read_again(path: Path) -> None:
    """Read one input with the target its name begins with; raises what the reader raises."""
    from tests.fuzz.targets import TARGETS

    name = max((name for name in TARGETS if path.name.startswith(f"{name}-")), key=len, default="")
    if not name:
        sys.exit(f"{path.name} does not begin with the name of a target: {', '.join(TARGETS)}")
    TARGETS[name].read(path.read_bytes())
    print(f"{name} reads it")


def show(outcomes: list[Outcome]) -> int:
    """Print the table, and how to read every crash again; give the exit code."""
    print(f"{'target':<18}{'runs':>10}{'branches':>10}{'at first':>10}{'inputs kept':>13}{'crashes':>9}")
    for one in outcomes:
        crashed = int(bool(one.said))
        print(f"{one.target:<18}{one.runs:>10,}{one.last:>10,}{one.first:>10,}{one.added:>13,}{crashed:>9}")
    for one in outcomes:
        if one.said:
            print(f"\n{one.target} ended with\n{one.said}")
            if one.crash:
                print(f"read it again: {sys.executable} tests/fuzz/run.py --input {one.crash}")
    return 1 if any(one.said for one in outcomes) else 0


def main() -> None:
    """Fuzz every target, or some; print a table; exit 1 where a reader raised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="all of them, where none is named")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--jobs", type=int, default=2, help="targets at one time")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs kept")
    parser.add_argument("--input", type=Path, help="read this one input again, and nothing else")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.input:
        read_again(asked.input)
        return
    if asked.one:
        fuzz_here(asked.one, asked.seconds)
        return
    from tests.fuzz.targets import TARGETS

    if asked.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    names = asked.targets or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        sys.exit(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    with ThreadPoolExecutor(asked.jobs) as pool:
        outcomes = list(pool.map(lambda name: fuzz(name, asked.seconds), names))
    sys.exit(show(outcomes))


if __name__ == "__main__":
    main()
