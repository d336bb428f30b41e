"""A version made: found, decided again, put together, sealed, validated, documented, published."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from rightful.card.write import refuse_failed_quality, write_card
from rightful.errors import RunError
from rightful.files import remove_scratch
from rightful.ledger.checksums import NAME as CHECKSUMS
from rightful.ledger.manifest import version_plan
from rightful.ledger.run_directory import MANIFEST, QUALITY, README, RunDirectory
from rightful.runner import partial as place
from rightful.runner.stages import validate_run
from rightful.withdrawal.found import look_up
from rightful.withdrawal.pieces import Pieces
from rightful.withdrawal.redecided import Redecider
from rightful.withdrawal.totals import Totals, read_withdrawal, totals_of
from rightful.withdrawal.version import Version, chain_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.register.export import Register
    from rightful.register.sealing import Key
    from rightful.withdrawal.basis import Basis
    from rightful.withdrawal.found import Found
    from rightful.withdrawal.pieces import PartFigures


def beside(out: Path, what: str) -> Path:
    """Give the folder for what belongs to a version and not into it: `receipts`, `hold`."""
    return out.with_name(f"{out.name}.{what}")


class Making:
    """A version to be made.

    Args:
        basis: the version before.
        register: the newest opt-outs.
        out: the directory to be made.
        now: when (ISO 8601).
        on_progress: told (stage, records done, records in all).

    Attributes:
        sealed: the records under legal hold, once they are.
    """

    def __init__(
        self,
        basis: Basis,
        register: Register,
        out: Path,
        now: str,
        on_progress: Callable[[str, int, int], None] | None,
    ) -> None:
        if out.is_relative_to(basis.run.root):
            raise RunError(f"{out} lies in the run it is made of", hint="name another directory", path=str(out))
        self._basis = basis
        self._run = basis.run
        self._register = register
        self._out = out
        self._now = now
        self._on_progress = on_progress
        self.sealed: Path | None = None

    def make(self, hold: Key | None = None, models: int | None = None) -> bool:
        """Make the version, unless it is there; False where no record is decided otherwise, so that there is none.

        Args:
            hold: seals the removed records; None where they are not kept.
            models: versions of models that were trained on the run; None where nobody looked.
        """
        plan = version_plan(chain_of(self._run), self._register.digest)
        if self._is_there(plan):
            if hold is not None:
                with place.locked(self._out):
                    self._seal(self._out, hold)
            return True
        self._basis.refuse_unfit()
        with place.opened(self._out, plan) as folder:
            if self._is_there(plan):  # another process made it since
                place.discard(folder)
                self._seal(self._out, hold)
                return True
            # The list of checksums is written last: without it the folder is not whole, whatever else is in it.
            if not (folder / CHECKSUMS).exists() and not self._put_together(folder, models):
                place.discard(folder)
                return False
            self._seal(folder, hold)
            self._finish(folder)
            place.publish(folder, self._out)
        return True

    def count(self) -> Totals:
        """Count what would be another than before; nothing is made."""
        self._basis.refuse_unfit()
        with TemporaryDirectory(prefix="rightful-withdraw-") as scratch:
            found, pieces = self._look_up(Path(scratch))
            on_rows = self._counter("decide", self._rows(found.parts))
            return totals_of(self._basis, {number: pieces.count(number, on_rows) for number in found.parts})

    def _is_there(self, plan: str) -> bool:
        out = self._out
        if not out.exists():
            return False
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
            return False
        if (out / MANIFEST).exists() and RunDirectory(out).manifest.plan == plan:
            place.tidy(out)
            return True
        raise RunError(
            f"{out} is there, and is no version made of {self._run.root} with this register",
            hint="name another directory",
            path=str(out),
        )

    def _put_together(self, folder: Path, models: int | None) -> bool:
        work = folder / place.WORK
        work.mkdir(exist_ok=True)
        found, pieces = self._look_up(work)
        on_rows = self._counter("decide", self._rows(found.parts))
        figures: dict[int, PartFigures] = {number: pieces.make(number, work, on_rows) for number in found.parts}
        if not any(each.changed for each in figures.values()):
            return False
        on_tested = self._counter("test", sum(file.records for file in self._run.manifest.data))
        version = Version(self._basis, self._register, found, figures, folder)
        version.put_together(now=self._now, models=models, on_rows=on_tested)
        return True

    def _look_up(self, work: Path) -> tuple[Found, Pieces]:
        nothing = self._basis.without_captures(work / "nothing")
        on_rows = self._counter("look up", self._run.manifest.counts.records)
        found = look_up(self._basis, self._register, work, nothing, on_rows)
        redecider = Redecider(self._basis, found, nothing)
        return found, Pieces(self._basis, found, redecider, self._register.digest, nothing)

    def _rows(self, parts: tuple[int, ...]) -> int:
        files = (pq.ParquetFile(self._run.root / self._run.manifest.ledger[number]) for number in parts)
        return sum(file.metadata.num_rows for file in files)

    def _counter(self, stage: str, total: int) -> Callable[[int], None] | None:
        tell, done = self._on_progress, 0
        if tell is None:
            return None

        def on_rows(rows: int) -> None:
            nonlocal done
            done += rows
            tell(stage, done, total)

        return on_rows

    def _seal(self, folder: Path, key: Key | None) -> None:
        """Seal what the version lost, under the lock; what a killed process left half-written there is removed."""
        if key is None or not self._basis.has_data:
            return
        from rightful.withdrawal.legal_hold import hold_removed  # noqa: PLC0415 - when asked

        after = RunDirectory(folder)
        told = read_withdrawal(after)
        remove_scratch(beside(self._out, "hold"), keep=frozenset())
        lost = [path for path, shard in told["shards"].items() if shard["removed"]]
        self.sealed = hold_removed(self._run, after, lost, key, beside(self._out, "hold"), now=told["at"])

    def _finish(self, folder: Path) -> None:
        """Validate and document the version as far as the one before was."""
        documented = (self._run.root / README).exists()
        if (self._run.root / QUALITY).exists() and not (folder / (README if documented else QUALITY)).exists():
            report = validate_run(folder)
            if documented:
                refuse_failed_quality(report.to_dict(), str(folder))
                write_card(folder)
