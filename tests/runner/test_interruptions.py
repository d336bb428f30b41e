"""Runs that are stopped: killed, out of space, or with a worker lost. The next one goes on, octet for octet."""

import contextlib
import fcntl
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.runner.test_runs import octets_of

from rightful.errors import InputError, RunBusyError, WorkerLostError
from rightful.runner import partial
from rightful.runner import run as run_module
from rightful.runner.partial import partial_folder
from rightful.runner.run import screen_files
from rightful.runner.stages import run_files

TRIES = 20
TIDIED = {partial.LOCK, partial.STAMP}  # a run is moved with them, and the next call removes what a kill left


def screen_in_child(policy, inputs, rules, out, processes):
    screen_files(policy, inputs, out=out, processes=processes, **rules)


def run_in_child(policy, inputs, rules, out, processes):
    run_files(policy, inputs, out=out, processes=processes, **rules)


@pytest.fixture(scope="module")
def children():
    """Processes that start with everything imported, so that a kill falls into the run and not into an import."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["rightful.runner.stages", "rightful.quality.suite", "tests.runner.test_interruptions"]
    )
    return context


@pytest.fixture(scope="module")
def many_files(demo_inputs, tmp_path_factory):
    table = pq.read_table(demo_inputs.records)
    folder = tmp_path_factory.mktemp("many")
    size = table.num_rows // 12 + 1
    for n in range(12):
        pq.write_table(table.slice(n * size, size), folder / f"part-{n:02}.parquet")
    return folder


def run_child(children, demo_inputs, inputs, out, processes, *, kill_after=None, target=screen_in_child):
    arguments = (demo_inputs.policy, inputs, demo_inputs.rules(), out, processes)
    child = children.Process(target=target, args=arguments)
    child.start()
    if kill_after is not None:
        time.sleep(kill_after)
        with contextlib.suppress(ProcessLookupError):  # it was quicker
            os.kill(child.pid, signal.SIGKILL)
    child.join(120)
    return child.exitcode


def differing(out, expected):
    """Name the files that are there in one run only, or differ."""
    found = octets_of(out)
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def test_a_killed_run_goes_on_and_gives_the_same_octets(children, demo_inputs, many_files, tmp_path):
    """Kill -9 at a random moment, twenty times, of one process and of two."""
    draw = random.Random(20)
    assert run_child(children, demo_inputs, many_files, tmp_path / "first", 1) == 0  # starts the server too
    began = time.monotonic()
    assert run_child(children, demo_inputs, many_files, tmp_path / "whole", 1) == 0
    took = {1: time.monotonic() - began}
    began = time.monotonic()
    assert run_child(children, demo_inputs, many_files, tmp_path / "whole-2", 2) == 0
    took[2] = time.monotonic() - began
    expected = octets_of(tmp_path / "whole")
    assert octets_of(tmp_path / "whole-2") == expected
    stages = set()
    for attempt in range(3 * TRIES):
        if attempt >= TRIES and len(stages) > 1:  # a machine that is busy now and was not before takes more tries
            break
        processes = 2 if attempt % 5 == 4 else 1  # several processes take seconds to start
        out = tmp_path / f"try-{attempt}"
        killed = run_child(
            children, demo_inputs, many_files, out, processes, kill_after=draw.uniform(0.02, took[processes])
        )
        stages.add(stage_of(out))
        assert killed in {0, -signal.SIGKILL}
        assert not out.exists() or set(differing(out, expected)) <= TIDIED  # whole or not at all
        assert run_child(children, demo_inputs, many_files, out, processes) == 0
        assert differing(out, expected) == []
        assert not partial_folder(out).exists()
    assert len(stages) > 1, "every kill fell into the same stage"


def test_a_run_killed_in_its_later_stages_goes_on_as_well(children, demo_inputs, tmp_path):
    """The quality requirements and the card: nothing is to be seen of a run until all of it is there."""
    draw = random.Random(4)
    inputs = demo_inputs.records
    began = time.monotonic()
    assert run_child(children, demo_inputs, inputs, tmp_path / "whole", 1, target=run_in_child) == 0
    took = time.monotonic() - began
    expected = octets_of(tmp_path / "whole")
    for attempt in range(4):
        out = tmp_path / f"try-{attempt}"
        kill_after = draw.uniform(took * attempt / 4, took * (attempt + 1) / 4)
        run_child(children, demo_inputs, inputs, out, 1, kill_after=kill_after, target=run_in_child)
        assert not out.exists() or set(differing(out, expected)) <= TIDIED
        assert run_child(children, demo_inputs, inputs, out, 1, target=run_in_child) == 0
        assert differing(out, expected) == []


def stage_of(out):
    """Say how far a killed run got."""
    if out.exists():
        return "finished"
    if not partial_folder(out).exists():
        return "not begun"
    shards = len([p for p in partial_folder(out).glob(".work/*") if not p.name.startswith(".")])
    return f"{shards} shards"


def test_nothing_of_an_unfinished_run_is_mixed_into_another(children, demo_inputs, many_files, tmp_path):
    out = tmp_path / "out"
    run_child(children, demo_inputs, many_files, out, 1, kill_after=0.15)
    changed = tmp_path / "policy.toml"
    changed.write_text(
        demo_inputs.policy.read_text(encoding="utf-8").replace("wildcard = true", "wildcard = false"), encoding="utf-8"
    )
    screen_files(changed, many_files, out=out, **demo_inputs.rules())
    screen_files(changed, many_files, out=tmp_path / "fresh", **demo_inputs.rules())
    assert octets_of(out) == octets_of(tmp_path / "fresh")


def test_two_runs_into_one_folder_do_not_meet(children, demo_inputs, many_files, tmp_path):
    out = tmp_path / "out"
    partial_folder(out).mkdir()
    lock = (partial_folder(out) / ".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(RunBusyError, match="another process") as caught:
        screen_files(demo_inputs.policy, many_files, out=out, **demo_inputs.rules())
    assert caught.value.retryable  # the other may stop short
    lock.close()
    screen_files(demo_inputs.policy, many_files, out=out, **demo_inputs.rules())


def test_a_run_is_locked_until_it_is_in_place(demo_inputs, tmp_path, monkeypatch):
    out, tried = tmp_path / "out", []
    replace = Path.replace

    def moved(self, target):
        if self == partial_folder(out):
            with pytest.raises(RunBusyError), partial.opened(out, "another plan"):
                pass
            tried.append(self)
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", moved)
        screen_files(demo_inputs.policy, demo_inputs.records, out=out, **demo_inputs.rules())
    assert tried
    screen_files(demo_inputs.policy, demo_inputs.records, out=tmp_path / "fresh", **demo_inputs.rules())
    assert differing(out, octets_of(tmp_path / "fresh")) == []


def test_who_took_the_lock_of_a_folder_that_was_moved_does_not_begin_in_it(demo_inputs, tmp_path, monkeypatch):
    out, lock = tmp_path / "out", fcntl.flock

    def finished_meanwhile(stream, how):
        lock(stream, how)
        partial_folder(out).replace(out)

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", finished_meanwhile)
        with pytest.raises(RunBusyError, match="another process finished") as caught:
            screen_files(demo_inputs.policy, demo_inputs.records, out=out, **demo_inputs.rules())
    assert caught.value.retryable
    assert [file.name for file in out.iterdir()] == [partial.LOCK]


def test_a_run_that_stops_once_it_is_in_place_is_tidied_by_the_next_try(demo_inputs, tmp_path, monkeypatch):
    out = tmp_path / "out"
    arguments = (demo_inputs.policy, demo_inputs.records)

    def stop(_target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(partial, "tidy", stop)
        with pytest.raises(KeyboardInterrupt):
            screen_files(*arguments, out=out, **demo_inputs.rules())
    assert {file.name for file in out.iterdir()} > TIDIED
    screen_files(*arguments, out=out, overwrite=True, **demo_inputs.rules())
    assert not {file.name for file in out.iterdir()} & TIDIED
    assert not partial_folder(out).exists()


def test_a_lost_worker_is_said_and_the_finished_shards_are_kept(demo_inputs, many_files, tmp_path):
    out = tmp_path / "out"
    shot = []

    def shoot(done, total):
        del done, total
        workers = [child for child in multiprocessing.active_children() if child.name.startswith("ForkServerProcess")]
        if workers and not shot:
            shot.append(workers[0].pid)
            os.kill(workers[0].pid, signal.SIGKILL)

    with pytest.raises(WorkerLostError, match="the finished shards are kept") as caught:
        screen_files(demo_inputs.policy, many_files, out=out, processes=2, on_progress=shoot, **demo_inputs.rules())
    assert caught.value.retryable
    assert stage_of(out) not in {"finished", "not begun", "0 shards"}
    screen_files(demo_inputs.policy, many_files, out=out, processes=2, **demo_inputs.rules())
    screen_files(demo_inputs.policy, many_files, out=tmp_path / "fresh", **demo_inputs.rules())
    assert octets_of(out) == octets_of(tmp_path / "fresh")


FULL_DISK = """
import resource, sys
from rightful.errors import NoSpaceError
from rightful.runner.run import screen_files
policy, inputs, snapshot, register, out = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # as a full disk: no file may grow further
try:
    screen_files(policy, inputs, snapshot=snapshot, register=register, out=out)
except NoSpaceError as error:
    print(error)
    sys.exit(7)
"""


def test_a_full_disk_is_said_and_nothing_is_half_written(demo_inputs, many_files, tmp_path):
    assert resource.RLIMIT_FSIZE is not None
    out = tmp_path / "out"
    arguments = [demo_inputs.policy, many_files, demo_inputs.snapshot, demo_inputs.register, out]
    full = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert full.returncode == 7, full.stderr
    assert "no space is left" in full.stdout
    assert "run the same command again" in full.stdout
    assert not out.exists()
    screen_files(demo_inputs.policy, many_files, out=out, **demo_inputs.rules())
    screen_files(demo_inputs.policy, many_files, out=tmp_path / "fresh", **demo_inputs.rules())
    assert octets_of(out) == octets_of(tmp_path / "fresh")


@pytest.mark.parametrize("stops", ["rightful.runner.finish.write_checksums", "rightful.runner.finish.shutil.rmtree"])
def test_a_run_that_stops_at_the_very_end_is_finished_by_the_next_try(demo_inputs, tmp_path, monkeypatch, stops):
    """Between the manifest and the list of checksums, and between that list and the clearing away."""

    def stop(*_arguments, **_named):
        raise KeyboardInterrupt

    arguments = (demo_inputs.policy, demo_inputs.records)
    with monkeypatch.context() as broken:
        broken.setattr(stops, stop)
        with pytest.raises(KeyboardInterrupt):
            screen_files(*arguments, out=tmp_path / "out", **demo_inputs.rules())
    screen_files(*arguments, out=tmp_path / "out", **demo_inputs.rules())
    screen_files(*arguments, out=tmp_path / "fresh", **demo_inputs.rules())
    assert differing(tmp_path / "out", octets_of(tmp_path / "fresh")) == []


def test_rules_or_inputs_that_change_while_a_run_is_made_stop_it(demo_inputs, tmp_path, monkeypatch):
    policy, records = tmp_path / "policy.toml", tmp_path / "records.parquet"
    table = pq.read_table(demo_inputs.records)
    screened = run_module.screen_unit

    def begin_anew(change):
        policy.write_bytes(demo_inputs.policy.read_bytes())
        pq.write_table(table, records)

        def changing(*arguments):
            change()
            screened(*arguments)

        monkeypatch.setattr(run_module, "screen_unit", changing)
        screen_files(policy, records, out=tmp_path / "out", **demo_inputs.rules())

    looser = demo_inputs.policy.read_text(encoding="utf-8").replace("wildcard = true", "wildcard = false")
    with pytest.raises(InputError, match=r"policy\.toml was changed while the run was made"):
        begin_anew(lambda: policy.write_text(looser, encoding="utf-8"))
    with pytest.raises(InputError, match=r"records\.parquet was changed while the run was made"):
        begin_anew(lambda: pq.write_table(table.slice(0, 100), records))
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(run_module, "screen_unit", screened)
    assert screen_files(policy, records, out=tmp_path / "out", **demo_inputs.rules()).counts.records == 100


def test_what_a_killed_process_left_half_written_is_in_no_run(demo_inputs, tmp_path, monkeypatch):
    def killed(file, _octets):
        file.with_name(f".{file.name}.1").write_bytes(b"half")
        raise KeyboardInterrupt

    def screened():
        screen_files(demo_inputs.policy, demo_inputs.records, out=tmp_path / "out", **demo_inputs.rules())

    with monkeypatch.context() as patched:
        patched.setattr("rightful.runner.finish.write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            screened()
    screened()
    assert not list((tmp_path / "out").rglob(".*"))
