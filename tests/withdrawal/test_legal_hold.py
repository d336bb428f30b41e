"""Under legal hold removed records are sealed: whole for whoever has the key, and nothing for anyone else."""

import json

import pyarrow.parquet as pq
import pytest
from tests.withdrawal.world import NOW, by_site, by_url, record, text_of

import rightful.withdrawal.legal_hold
from rightful.errors import InputError, RegisterError
from rightful.ledger.run_directory import RunDirectory
from rightful.register.sealing import Key
from rightful.withdrawal.legal_hold import open_hold
from rightful.withdrawal.withdraw import withdraw


@pytest.fixture
def key(world):
    return Key.create(world.folder / "hold.key")


def held(world, *entries, mode="screen"):
    run = world.screen(mode=mode)
    return withdraw(
        run, register=world.register(*entries), out=world.folder / "new", now=NOW,
        legal_hold=world.folder / "hold.key",
    )  # fmt: skip


@pytest.mark.parametrize("chunk", [100, 1 << 20])
@pytest.mark.parametrize("mode", ["screen", "label"])
def test_what_was_removed_is_sealed_and_comes_back_with_the_key(world, key, monkeypatch, chunk, mode):
    monkeypatch.setattr(rightful.withdrawal.legal_hold, "_CHUNK", chunk)
    done = held(world, by_url(1), by_site("c.example"), mode=mode)
    table = open_hold(done.sealed, key)
    gone = [f"r{n}" for n in range(60) if n == 1 or n % 4 == 2]
    assert table["id"].to_pylist() == gone
    assert table["text"].to_pylist() == [text_of(int(name[1:])) for name in gone]
    before = pq.read_table(RunDirectory(done.run).data_files()[0])
    assert (
        table.slice(0, 1)["rights"].to_pylist()
        == before.filter([value == "r1" for value in before["id"].to_pylist()])["rights"].to_pylist()
    )
    assert set(table.column_names) == {*record(0), "rights"}


def test_nothing_of_it_can_be_read_beside_the_key(world, key):
    done = held(world, by_url(1))
    told = json.loads(done.sealed.with_suffix(".json").read_bytes())
    assert told["records"] == 1
    assert told["shards"] == {"data/train-00000-of-00003.parquet": 1}
    everything = done.sealed.read_bytes() + done.sealed.with_suffix(".json").read_bytes()
    assert not any(word.encode() in everything for word in [*text_of(1).split(), "b.example"])
    assert not done.sealed.is_relative_to(done.out)
    assert sorted(path.name for path in done.sealed.parent.iterdir()) == sorted(
        f"{done.root.removeprefix('sha256:')}{suffix}" for suffix in (".json", ".sealed")
    )


def test_another_key_is_refused(world, key):
    done = held(world, by_url(1))
    with pytest.raises(RegisterError, match="sealed with key"):
        open_hold(done.sealed, Key.create(world.folder / "other.key"))
    with pytest.raises(RegisterError):
        withdraw(
            done.run, register=world.register(by_url(2), name="other"), out=world.folder / "newer", now=NOW,
            legal_hold=world.folder / "none.key",
        )  # fmt: skip
    assert not (world.folder / "newer").exists()


def test_a_cut_altered_or_moved_one_is_found(world, key, monkeypatch):
    monkeypatch.setattr(rightful.withdrawal.legal_hold, "_CHUNK", 1000)
    done = held(world, by_url(1), by_url(2, "R-2"))
    octets = done.sealed.read_bytes()
    form = octets.index(b"\n") + 1
    length = 4 + int.from_bytes(octets[form : form + 4], "big")
    first, second = octets[form : form + length], octets[form + length : form + 2 * length]
    rest = octets[form + 2 * length :]
    for forged, error in [
        (octets[:-1], InputError),
        (octets[:form] + first + second, RegisterError),
        (octets[:form] + first + rest, RegisterError),
        (octets[:form] + second + first + rest, RegisterError),
        (octets[:-1] + bytes([octets[-1] ^ 1]), RegisterError),
        (octets[:form], InputError),
        (octets[:form] + b"\xff\xff\xff\xff", InputError),
        (b"other" + octets[5:], InputError),
        (b"", InputError),
    ]:
        done.sealed.write_bytes(forged)
        with pytest.raises(error):
            open_hold(done.sealed, key)
    elsewhere = done.sealed.with_name(f"{'0' * 64}.sealed")
    elsewhere.write_bytes(octets)
    with pytest.raises(RegisterError):
        open_hold(elsewhere, key)


def test_where_nothing_was_removed_nothing_is_held(world, key):
    done = held(world, by_url(3))
    assert (done.removed, done.sealed) == (0, None)
    assert not (world.folder / "new.hold").exists()
