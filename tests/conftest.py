"""Fixtures for every test: the shared input where there is any, and no network but loopback."""

import ipaddress
import socket
from pathlib import Path

import pytest

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
