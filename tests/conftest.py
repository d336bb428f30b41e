"""Fixtures for every test: the shared input where there is any, and no network but loopback."""

import atexit
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from rightful.demo.records import demo_register, write_inputs
from rightful.demo.show import hosts
from rightful.demo.web import Web
from rightful.policy.policy_file import read_policy
from rightful.runner.origins import to_capture
from rightful.runner.stages import run_files
from rightful.snapshot.capture import capture_signals
from rightful.terminal import end_quietly

atexit.register(end_quietly)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real input that lies beside the project on developers' machines, and is part of it nowhere."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the shared input is not on this machine: ../shared/data")
    return folder


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch):
    """Refuse connections that leave this machine: a test that makes one is wrong."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@dataclass(frozen=True)
class DemoInputs:
    """The demo's records, rules and captured signals, as a user would have them."""

    folder: Path
    records: Path
    expected: Path
    policy: Path
    register: Path
    snapshot: Path

    def rules(self) -> dict[str, Path]:
        """What every run takes besides records and a place to write to."""
        return {"snapshot": self.snapshot, "register": self.register}


@pytest.fixture(scope="session")
def demo_inputs(tmp_path_factory) -> DemoInputs:
    """Captured once, over real sockets on loopback."""
    folder = tmp_path_factory.mktemp("demo")
    paths = write_inputs(folder, pages_of_a_kind=8)
    register = demo_register(paths["optouts"], folder / "register.arrow")
    policy = read_policy(paths["policy"])
    with Web(hosts()) as web:
        found = to_capture(paths["records"], policy)
        capture_signals(
            found.origins,
            folder / "signals",
            settings=policy.capture,
            documents=found.documents,
            connect_to=web.address,
        )
    return DemoInputs(folder, paths["records"], paths["expected"], paths["policy"], register.path, folder / "signals")


@pytest.fixture(scope="session")
def finished_run(demo_inputs, tmp_path_factory) -> Path:
    """A whole run over the demo's inputs; tests that change it take a copy."""
    out = tmp_path_factory.mktemp("finished") / "out"
    run_files(demo_inputs.policy, demo_inputs.records, out=out, **demo_inputs.rules())
    return out
