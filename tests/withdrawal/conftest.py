"""The small world, in three shards."""

import pytest
from tests.withdrawal.world import write_world

import rightful.runner.plan


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(rightful.runner.plan, "SHARD_ROWS", 20)
    folder = tmp_path / "world"
    folder.mkdir()
    return write_world(folder)
