"""A run from inputs to a finished directory.

Everything is made inside `OUT.partial`, which is moved to `OUT` at the very end. A run that stops anywhere is
taken up by the next call with the same inputs and rules; with others it is refused, not mixed.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rightful.errors import RunError, WorkerLostError
from rightful.files import digest_of
from rightful.ledger.checksums import NAME as CHECKSUMS
from rightful.ledger.checksums import foreign_files
from rightful.ledger.run_directory import MANIFEST, RunDirectory
from rightful.runner import partial
from rightful.runner.finish import put_together
from rightful.runner.partial import partial_folder
from rightful.runner.plan import Mode, Plan, make_plan
from rightful.runner.shard import screen_unit
from rightful.runner.workers import enter_worker, screen_in_worker, without_main_module
from rightful.screening.screener import Screener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rightful.ledger.manifest import Manifest
    from rightful.register.export import Register
    from rightful.snapshot.store import Snapshot


def screen_files(
    policy: str | Path,
    inputs: str | Path | Sequence[str | Path],
    *,
    snapshot: Snapshot | str | Path,
    register: Register | str | Path | None = None,
    out: str | Path,
    mode: Mode = "screen",
    processes: int = 1,
    reference_time: str | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Screen files into a run directory: data, ledger, situations, evidence and manifest; no quality, no card.

    Args:
        policy: path of the policy file; it is copied into the run.
        inputs: files, folders or patterns.
        snapshot: captured signals, or the path of their store.
        register: exported opt-outs, or their path.
        out: directory to be made.
        mode: `screen` writes admitted records, `label` all records, `ledger` none.
        processes: worker processes; the result does not depend on it.
        reference_time: ISO 8601 time the manifest states; that of the newest capture by default.
        overwrite: replace a finished run of another plan.
        on_progress: told (records done, records in all).

    Raises:
        RunError: `out` holds something else, or there is no space left.
        InputError, PolicyError, SnapshotError, RegisterError: one of them cannot be read.
        WorkerLostError: a worker process died; finished shards are kept.
    """
    with begun(
        policy, inputs, snapshot=snapshot, register=register, out=out, mode=mode,
        reference_time=reference_time, overwrite=overwrite,
    ) as run:  # fmt: skip
        if run.is_screened:
            return RunDirectory(run.out).manifest
        run.screen(processes=processes, on_progress=on_progress)
        return run.publish()


class Run:
    """A run in progress: its plan, and the folder it is made in."""

    def __init__(self, policy: Path, plan: Plan, screener: Screener, out: Path, reference_time: str | None) -> None:
        self.policy_file = policy
        self.plan = plan
        self.screener = screener
        self.out = out
        self.folder = partial_folder(out)
        self.reference_time = reference_time

    @property
    def is_screened(self) -> bool:
        """Whether what was asked for is there already, made under the same plan."""
        return (self.out / MANIFEST).exists() and _made_under(self.plan, RunDirectory(self.out).manifest)

    def screen(self, *, processes: int, on_progress: Callable[[int, int], None] | None) -> Manifest:
        """Make every shard that is not there yet, and put them together."""
        # The list of checksums is written last: without it the folder is not whole, whatever else is in it.
        if not (self.folder / CHECKSUMS).exists():
            work = self.folder / partial.WORK
            work.mkdir(parents=True, exist_ok=True)
            if processes > 1 and len(self.plan.units) > 1:
                self._screen_in_processes(work, processes, on_progress)
            else:
                self._screen_here(work, on_progress)
            put_together(
                self.plan,
                self.screener,
                policy_file=self.policy_file,
                folder=self.folder,
                work=work,
                reference_time=self.reference_time,
            )
        return RunDirectory(self.folder).manifest

    def publish(self) -> Manifest:
        """Move the finished folder to where it was asked for."""
        manifest = RunDirectory(self.folder).manifest
        old = self.out.with_name(f".{self.out.name}.old-{os.getpid()}")
        if self.out.exists():
            self.out.replace(old)
        partial.publish(self.folder, self.out)
        shutil.rmtree(old, ignore_errors=True)
        return manifest

    def _screen_here(self, work: Path, on_progress: Callable[[int, int], None] | None) -> None:
        done = 0

        def on_rows(rows: int) -> None:
            nonlocal done
            done += rows
            if on_progress:
                on_progress(done, self.plan.rows)

        for unit in self.plan.units:
            screen_unit(self.plan, unit, self.screener, work, on_rows)

    def _screen_in_processes(self, work: Path, processes: int, on_progress: Callable[[int, int], None] | None) -> None:
        # forkserver: a fork of a process with Arrow's threads can hang.
        context = multiprocessing.get_context("forkserver")
        done = 0
        pool_of = functools.partial(ProcessPoolExecutor, processes, context, enter_worker)
        with without_main_module(), pool_of((self.plan, self.screener, work)) as pool:
            pending = {pool.submit(screen_in_worker, unit): unit for unit in self.plan.units}
            try:
                while pending:
                    finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        unit = pending.pop(future)
                        future.result()
                        done += unit.rows
                        if on_progress:
                            on_progress(done, self.plan.rows)
            except BrokenProcessPool as error:
                raise WorkerLostError(
                    "a worker process died, most likely for want of memory; the finished shards are kept",
                    hint="run the same command again to go on, with fewer --processes if memory was short",
                ) from error
            finally:
                pool.shutdown(cancel_futures=True)


@contextmanager
def begun(
    policy: str | Path,
    inputs: str | Path | Sequence[str | Path],
    *,
    snapshot: Snapshot | str | Path,
    register: Register | str | Path | None,
    out: str | Path,
    mode: Mode,
    reference_time: str | None,
    overwrite: bool,
) -> Iterator[Run]:
    """Begin a run, or take up one that stopped; one process at a time."""
    target = Path(out).resolve()
    screener = Screener(policy, snapshot, register)
    plan = make_plan(inputs, screener, mode, reference_time)
    screener = Screener(
        screener.policy,
        screener.snapshot,
        screener.register,
        plan.columns,
        specific_holders=plan.holders.holders if plan.holders else frozenset(),
    )
    if (target / MANIFEST).exists():
        partial.tidy(target)
    _refuse_foreign(target, plan, overwrite=overwrite)
    with partial.opened(target, plan.stamp):
        yield Run(Path(policy), plan, screener, target, reference_time)


def _refuse_foreign(target: Path, plan: Plan, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not (target / MANIFEST).exists():
        if target.is_dir() and not any(target.iterdir()):
            target.rmdir()
            return
        raise RunError(f"{target} is there and is no run of ours", hint="name another directory", path=str(target))
    if not overwrite and not _made_under(plan, RunDirectory(target).manifest):
        raise RunError(
            f"{target} holds a finished run of other inputs or rules",
            hint="name another directory, or replace it with --overwrite",
            path=str(target),
        )
    if overwrite and (foreign := foreign_files(target)):
        shown = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")  # noqa: PLR2004
        raise RunError(
            f"{target} holds files that are not of the run, and replacing it would delete them: {shown}",
            hint="move them away, or name another directory",
            path=str(target),
        )


def _made_under(plan: Plan, manifest: Manifest) -> bool:
    """Tell whether a finished run is the one the plan would make, by the content of its inputs."""
    sizes = {name: records.path.stat().st_size for name, records in plan.inputs}
    if sizes != {file.name: file.octets for file in manifest.inputs}:
        return False  # told without reading them
    return manifest.plan == plan.digest({name: digest_of(records.path) for name, records in plan.inputs})
