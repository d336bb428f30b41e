"""A withdrawal that stops anywhere is finished by the same call, and gives what one that never stopped gives."""

import contextlib
import fcntl
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest
from tests.withdrawal.test_withdraw import octets_of
from tests.withdrawal.world import NOW, by_site, by_text, by_url

from rightful.errors import RunBusyError
from rightful.ledger.run_directory import RunDirectory
from rightful.register.sealing import Key
from rightful.runner import partial as place
from rightful.runner.partial import partial_folder
from rightful.withdrawal.withdraw import withdraw

POINTS = [
    "rightful.withdrawal.making.look_up",
    "rightful.withdrawal.found.merge_registers",
    "rightful.withdrawal.found.write_whole",
    "rightful.withdrawal.pieces.attribution_rows",
    "rightful.withdrawal.pieces.part_folder",
    "rightful.withdrawal.version.take_over",
    "rightful.withdrawal.version.write_tables",
    "rightful.withdrawal.version.look_for_withdrawn",
    "rightful.withdrawal.version.write_whole",
    "rightful.withdrawal.version.write_checksums",
    "rightful.withdrawal.making.read_withdrawal",
    "rightful.withdrawal.legal_hold.write_whole",
    "rightful.withdrawal.making.place.publish",
    "rightful.runner.partial.shutil.rmtree",
    "rightful.withdrawal.withdraw.totals_in",
    "rightful.withdrawal.receipts.write_whole",
]


class StoppedError(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def stop_at(monkeypatch, point, calls):
    """Stop at a function's call of that number, from 0; at none of them, if there are fewer."""
    owner, _, name = point.rpartition(".")
    original = resolve_name(point)
    left = calls

    def stopped(*args, **named):
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError(name)
        return original(*args, **named)

    monkeypatch.setattr(resolve_name(owner), name, stopped)


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("point", POINTS)
def test_stopped_anywhere_the_same_call_goes_on(world, monkeypatch, point, calls):
    run = world.screen(register=world.register(by_url(0, "R-0"), name="old"))
    register = world.register(by_url(0, "R-0"), by_url(1), by_site("c.example"), by_text(24), name="newest")
    Key.create(world.folder / "hold.key")
    how = {
        "register": register, "now": NOW, "signing_key": world.folder / "k.pem", "make_key": True,
        "legal_hold": world.folder / "hold.key",
    }  # fmt: skip
    whole = withdraw(run, out=world.folder / "whole", **how)
    with monkeypatch.context() as patched:
        stop_at(patched, point, calls)
        with contextlib.suppress(StoppedError):
            withdraw(run, out=world.folder / "new", **how)
    done = withdraw(run, out=world.folder / "new", **how)
    assert octets_of(done.out) == octets_of(whole.out)
    assert [file.read_bytes() for file in done.receipts] == [file.read_bytes() for file in whole.receipts]
    assert done.sealed.exists()
    assert done.totals == whole.totals
    left = [path.name for path in world.folder.iterdir() if path.name.startswith(("new", ".new"))]
    assert sorted(left) == ["new", "new.hold", "new.receipts", "newest"]


KILLED = """
import os, pathlib, signal, sys
from rightful.withdrawal.withdraw import withdraw

run, register, out, now, name = sys.argv[1:]
replace = pathlib.Path.replace

def killed(self, target):
    if pathlib.Path(target).name == name:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)

pathlib.Path.replace = killed
withdraw(run, register=register, out=out, now=now)
"""


@pytest.mark.parametrize(
    "name", ["optouts.arrow", "part-00000.parquet", "train-00001-of-00003.parquet", "SHA256SUMS", "new"]
)
def test_killed_before_a_file_is_in_place_the_same_call_gives_the_same_octets(world, name):
    run = world.screen()
    register = world.register(by_url(1), by_text(24), name="newest")
    whole = withdraw(run, register=register, out=world.folder / "whole", now=NOW)
    asked = [str(run), str(register.path), str(world.folder / "new"), NOW, name]
    killed = subprocess.run([sys.executable, "-c", KILLED, *asked], check=False)
    assert killed.returncode == -signal.SIGKILL
    done = withdraw(run, register=register, out=world.folder / "new", now=NOW)
    assert octets_of(done.out) == octets_of(whole.out)
    assert not partial_folder(world.folder / "new").exists()


def test_a_version_is_locked_until_it_is_in_place(world, monkeypatch):
    run = world.screen()
    register = world.register(by_url(1), name="newest")
    out, tried = world.folder / "new", []
    replace = Path.replace

    def moved(self, target):
        if self == partial_folder(out):
            with pytest.raises(RunBusyError), place.opened(out, "another plan"):
                pass
            tried.append(self)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", moved)
    done = withdraw(run, register=register, out=out, now=NOW)
    assert tried
    assert RunDirectory(done.out).manifest.counts.admit == world.admitted - 1


def test_a_lock_of_a_folder_that_was_moved_is_none(world, monkeypatch):
    out = world.folder / "new"
    lock = fcntl.flock

    def locked(stream, how):
        lock(stream, how)
        partial_folder(out).replace(out)

    monkeypatch.setattr(fcntl, "flock", locked)
    with pytest.raises(RunBusyError, match="finished"), place.opened(out, "a plan"):
        pass
    assert [path.name for path in out.iterdir()] == [place.LOCK]


def test_what_another_process_made_while_this_one_began_is_taken(world, monkeypatch):
    run = world.screen()
    register = world.register(by_url(1), name="newest")
    opened, out = place.opened, world.folder / "new"

    def late(target, plan):
        with monkeypatch.context() as others:
            others.setattr(place, "opened", opened)
            withdraw(run, register=register, out=out, now=NOW)
        return opened(target, plan)

    monkeypatch.setattr(place, "opened", late)
    assert withdraw(run, register=register, out=out, now=NOW).removed == 1
    assert not partial_folder(out).exists()


def test_finished_parts_are_kept_and_those_of_another_register_are_not(world, monkeypatch):
    run = world.screen()
    register = world.register(by_url(1), by_url(25, "R-25"), name="newest")
    with monkeypatch.context() as patched:
        stop_at(patched, "rightful.withdrawal.version.write_tables", 0)
        with pytest.raises(StoppedError):
            withdraw(run, register=register, out=world.folder / "new", now=NOW)
    work = partial_folder(world.folder / "new") / place.WORK
    kept = {path.name: path.stat().st_ino for path in work.iterdir() if path.name.isdigit()}
    assert sorted(kept) == ["000000", "000001"]
    other = withdraw(run, register=world.register(by_url(2), name="other"), out=world.folder / "new", now=NOW)
    assert other.removed == 1
    assert RunDirectory(other.out).manifest.counts.admit == world.admitted - 1


def test_what_a_killed_process_left_half_written_beside_a_version_goes(world):
    run = world.screen()
    register = world.register(by_url(1), name="newest")
    Key.create(world.folder / "hold.key")
    how = {"signing_key": world.folder / "k.pem", "make_key": True, "legal_hold": world.folder / "hold.key"}
    left = [world.folder / "new.hold" / ".abc.sealed.123", world.folder / "new.receipts" / ".R-1-abc.json.123"]
    for _ in range(2):  # while the version is made, and when it is found
        for file in left:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"half")
        done = withdraw(run, register=register, out=world.folder / "new", now=NOW, **how)
        assert not list(world.folder.glob("new*/.*"))
        assert done.sealed.exists()
        assert done.receipts[0].exists()
    with place.locked(world.folder / "new"), pytest.raises(RunBusyError):
        withdraw(run, register=register, out=world.folder / "new", now=NOW, **how)


def test_one_process_at_a_time(world):
    run = world.screen()
    register = world.register(by_url(1))
    with place.opened(world.folder / "new", "a plan"), pytest.raises(RunBusyError):
        withdraw(run, register=register, out=world.folder / "new", now=NOW)
    assert withdraw(run, register=register, out=world.folder / "new", now=NOW).removed == 1


def test_without_a_second_name_for_a_file_it_is_copied(world, monkeypatch):
    run = world.screen()
    register = world.register(by_url(25))
    linked = withdraw(run, register=register, out=world.folder / "linked", now=NOW)

    def refused(*_):
        raise OSError

    monkeypatch.setattr(Path, "hardlink_to", refused)
    copied = withdraw(run, register=register, out=world.folder / "copied", now=NOW)
    assert octets_of(copied.out) == octets_of(linked.out)
    shutil.rmtree(run)
    assert octets_of(copied.out) == octets_of(linked.out)
