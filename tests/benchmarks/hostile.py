"""`make fuzz`, its first part: every reader of signals on hostile documents of 5 MB, and on entity bombs.

A reader has to be linear in the size of its document, and to take less than a second for 5 MB; one that reads no more
than so many octets is measured on those, too. What is not so is marked, and the exit code is 1.

A document is read in a process of its own, which is ended where it takes too long. Processor time is counted, which
depends less on what else the machine does.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.hostile_documents import bombs as bombs_module
from tests.benchmarks.hostile_documents import lines, markup, objects
from tests.benchmarks.hostile_documents.bombs import LAUGHTER, bombs
from tests.benchmarks.hostile_documents.making import FIVE_MB
from tests.benchmarks.hostile_readers import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from tests.benchmarks.hostile_documents.making import Document

    from rightful.facts.statement import Reading

DOCUMENTS: tuple[Document, ...] = (*lines.DOCUMENTS, *objects.DOCUMENTS, *markup.DOCUMENTS)
MOST_SECONDS = 1.0  # for a document of 5 MB
MOST_GROWTH = 12.0  # times as long for five times the size: caches and collecting garbage cost some, 25 is quadratic
FLOOR_SECONDS = 0.05  # below, growth is noise
MOST_MEGABYTES = 100.0  # of memory, for an entity bomb
GIVEN_UP_SECONDS = 30
TURNS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading a document took.

    Attributes:
        seconds: of processor time; the best of some turns.
        megabytes: of memory, at most.
        wrong: why it could not be read, or what must not be in the reading; empty where nothing is wrong.
    """

    seconds: float
    megabytes: float
    wrong: str = ""


def cost(reader: str, octets: bytes, turns: int = TURNS) -> Cost:
    """Read a document in a process of its own."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_read, args=(reader, octets, turns, theirs))
    process.start()
    theirs.close()
    try:
        found: Cost = ours.recv() if ours.poll(GIVEN_UP_SECONDS) else Cost(GIVEN_UP_SECONDS, 0, "does not end")
    except EOFError:  # ended from outside: by the kernel, or by a fault of a parser in C
        found = Cost(0, 0, "crashes")
    process.kill()
    process.join()
    return found


def _read(reader: str, octets: bytes, turns: int, answer: Connection) -> None:
    given = READERS[reader].prepare(octets)
    gc.freeze()  # what others made is not the reader's to look through
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken: list[float] = []
    wrong = ""
    while not wrong and len(taken) < turns and sum(taken) < turns * MOST_SECONDS:
        began = time.process_time()
        try:
            wrong = "expands entities" if expanded(READERS[reader].read(given)) else ""
        except Exception as raised:  # noqa: BLE001 - any of them is what this is here to find
            wrong = f"raises {type(raised).__name__}"
        taken.append(time.process_time() - began)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    answer.send(Cost(min(taken), grown / 1024, wrong))


def expanded(readings: Sequence[Reading]) -> bool:
    """Tell whether what an entity stands for is in a reading."""
    found = (one for reading in readings for one in (*reading.statements, *reading.remarks))
    return any(LAUGHTER in one.text and "ENTITY" not in one.text for one in found)


@dataclass(frozen=True, slots=True)
class Row:
    """A document as a reader took it.

    Attributes:
        reader: whose.
        document: which.
        octets: of the longest one that is read whole.
        fifth: cost of a fifth of that; `whole`: of all of it; `five`: of 5 MB.
    """

    reader: str
    document: str
    octets: int
    fifth: Cost
    whole: Cost
    five: Cost

    @property
    def seconds(self) -> float:
        """The longest it took."""
        return max(cost.seconds for cost in (self.fifth, self.whole, self.five))

    @property
    def growth(self) -> float:
        """How many times as long five times the size took; 0 where that is noise."""
        return self.whole.seconds / max(self.fifth.seconds, 1e-3) if self.whole.seconds > FLOOR_SECONDS else 0.0

    @property
    def marks(self) -> str:
        """What is wrong; empty where nothing is."""
        wrong = {cost.wrong: None for cost in (self.fifth, self.whole, self.five) if cost.wrong}
        slow = [f"takes more than {MOST_SECONDS:.0f} s"] if self.seconds > MOST_SECONDS else []
        grows = ["is not linear"] if self.growth > MOST_GROWTH else []
        return ", ".join([*wrong, *slow, *grows])


def measure(document: Document, reader: str) -> Row:
    """Read a document of several sizes; no larger one where a small one takes too long."""
    octets = document.longest(reader)
    fifth = cost(reader, document.make(octets // 5))
    if fifth.seconds > MOST_SECONDS or fifth.wrong:
        return Row(reader, document.name, octets, fifth, fifth, fifth)
    whole = cost(reader, document.make(octets))
    five = whole if octets == FIVE_MB or whole.wrong else cost(reader, document.make(FIVE_MB))
    return Row(reader, document.name, octets, fifth, whole, five)


def rows_of(names: Sequence[str]) -> Iterator[Row]:
    """Measure every document with these readers, and say so."""
    for document in DOCUMENTS:
        for reader in document.readers:
            if reader in names:
                row = measure(document, reader)
                print(f"  {reader}: {document.name}: {row.seconds:.2f} s {row.marks}", file=sys.stderr)
                yield row


def show(rows: Sequence[Row]) -> None:
    """Print a row for each reader and document that takes any time, or is marked."""
    table = Table(title="Hostile documents, by reader, the slowest first", title_justify="left", box=None)
    for heading in ("reader", "document", "octets read", "s", "growth", "s at 5 MB", "MB", ""):
        table.add_column(heading, justify="left" if heading in {"reader", "document", ""} else "right", no_wrap=True)
    shown = [row for row in rows if row.marks or row.seconds > FLOOR_SECONDS]
    for row in sorted(shown, key=lambda row: (list(READERS).index(row.reader), -row.seconds)):
        table.add_row(
            *(row.reader, row.document, f"{row.octets:,}", f"{row.whole.seconds:.3f}"),
            *(f"{row.growth:.1f} x" if row.growth else "", f"{row.five.seconds:.3f}"),
            *(f"{max(row.whole.megabytes, row.five.megabytes):,.0f}", row.marks),
        )
    Console(width=140).print(table)
    print(f"and {len(rows) - len(shown)} that take less than {FLOOR_SECONDS} s\n")


def show_bombs(names: Sequence[str]) -> int:
    """Read every bomb with these readers, print the most that it took of one, and give how many did something."""
    table = Table(title="Entity bombs", title_justify="left", box=None)
    for heading in ("what it would be", "octets", "readers", "s", "MB", "what it does"):
        table.add_column(heading, justify="left" if heading.startswith("what") else "right", no_wrap=True)
    did = 0
    for bomb in bombs(Path(str(bombs_module.__file__)).as_uri()):
        took = {reader: cost(reader, bomb.octets, 1) for reader in bomb.readers if reader in names}
        if not took:
            continue
        seconds, memory = max(one.seconds for one in took.values()), max(one.megabytes for one in took.values())
        wrong = [f"{reader} {one.wrong}" for reader, one in took.items() if one.wrong]
        grew = ["grows"] if seconds > MOST_SECONDS or memory > MOST_MEGABYTES else []
        did += bool(wrong or grew)
        numbers = (f"{len(bomb.octets):,}", str(len(took)), f"{seconds:.3f}", f"{memory:,.0f}")
        table.add_row(bomb.name, *numbers, ", ".join(wrong + grew) or "nothing")
    Console(width=140).print(table)
    print()
    return did


def main() -> None:
    """Read everything with every reader, or with some; print tables; exit 1 where something is marked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", help=f"all of them, where none is named: {', '.join(READERS)}")
    asked = parser.parse_args()
    unknown = [name for name in asked.readers if name not in READERS]
    if unknown:
        parser.error(f"no such reader: {', '.join(unknown)}; there are {', '.join(READERS)}")
    names = asked.readers or list(READERS)
    exploded = show_bombs(names)
    rows = list(rows_of(names))
    show(rows)
    marked = [row for row in rows if row.marks]
    for row in marked:
        print(f"{row.reader}, {row.document}: {row.marks}")
    print(f"{len(rows)} rows, of which {len(marked)} are marked; {exploded} entity bombs did something")
    sys.exit(1 if marked or exploded else 0)


if __name__ == "__main__":
    main()
