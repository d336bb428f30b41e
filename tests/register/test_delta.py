"""Deltas between versions of a register: against a plain comparison, and what a file of one must be."""

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from tests.register.test_export import few_files, hashes, in_force, some_entries, spoil

from rightful.errors import RegisterError
from rightful.register.delta import (
    delta_versions,
    lost_in,
    lost_tombstones,
    read_delta,
    register_delta,
    write_delta,
)
from rightful.register.entries import KeyKind, OptOut, OptOutState
from rightful.register.export import export_register


def compared_plainly(before, after):
    old, new = in_force(before), in_force(after)
    for place in old.keys() | new.keys():
        was, now = old.get(place), new.get(place)
        if was is None or now is None or was.state is not now.state:
            kind, key, reference = place
            yield (
                "added" if was is None else "removed" if now is None else "changed",
                kind.value,
                reference,
                None if was is None else was.state.value,
                None if now is None else now.state.value,
                hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(),
            )


def rows_of(delta):
    return [tuple(row.values()) for row in delta.to_pylist()]


@few_files
@given(some_entries, some_entries, hashes)
def test_a_delta_is_what_a_plain_comparison_gives(tmp_path, listed, others, how):
    with pytest.MonkeyPatch.context() as monkeypatch:
        spoil(monkeypatch, how)
        old = export_register(listed, tmp_path / "old.arrow")
        for after in (others, listed + others):
            new = export_register(after, tmp_path / "new.arrow")
            assert sorted(map(repr, rows_of(register_delta(old, new)))) == sorted(
                map(repr, compared_plainly(listed, after))
            )
        first = register_delta(None, new)
    assert sorted(map(repr, rows_of(first))) == sorted(map(repr, compared_plainly([], after)))
    assert delta_versions(first) == (None, new.version)


@pytest.fixture
def versions(tmp_path):
    """Many entries, few differences; a site that many name; one that arrived at another time."""
    rows = [OptOut(KeyKind.URL, f"//h.example/{n}", reference=f"r{n}") for n in range(5_000)]
    rows += [OptOut(KeyKind.SITE, "example.org", reference=f"r{n}") for n in range(500)]
    old = export_register(rows, tmp_path / "old.arrow")
    rows[3] = OptOut(KeyKind.URL, "//h.example/3", OptOutState.RECEIVED, "r3")
    rows[4] = OptOut(KeyKind.URL, "//h.example/4", reference="r4", received_at=datetime(2026, 1, 1, tzinfo=UTC))
    del rows[5_100], rows[100]
    rows.append(OptOut(KeyKind.SITE, "example.org", reference="new"))
    return old, export_register(rows, tmp_path / "new.arrow")


def test_a_delta_has_no_key_and_survives_its_file(versions, tmp_path):
    delta = register_delta(*versions)
    assert [row[:5] for row in rows_of(delta)] == [
        ("removed", "url", "r100", "verified", None),
        ("removed", "site", "r100", "verified", None),
        ("changed", "url", "r3", "verified", "received"),
        ("added", "site", "new", None, "verified"),
    ]
    write_delta(delta, tmp_path / "delta.arrow")
    again = read_delta(tmp_path / "delta.arrow")
    assert again.equals(delta)
    assert delta_versions(again) == tuple(version.version for version in versions)
    octets = (tmp_path / "delta.arrow").read_bytes()
    assert b"h.example" not in octets
    assert b"example.org" not in octets


def test_tombstones_that_nothing_excuses_are_lost(versions):
    assert [row[1:5] for row in rows_of(lost_tombstones(*versions))] == [
        ("url", "r100", "verified", None),
        ("site", "r100", "verified", None),
        ("url", "r3", "verified", "received"),
    ]
    assert [row[2] for row in rows_of(lost_tombstones(*versions, {"r100"}))] == ["r3"]
    assert lost_tombstones(None, versions[1]).num_rows == 0
    assert lost_in(register_delta(versions[1], versions[0])).num_rows == 1  # the one that is new there


def test_an_altered_delta_is_none(versions, tmp_path):
    file = tmp_path / "delta.arrow"
    delta = register_delta(*versions)
    write_delta(delta, file)
    octets = file.read_bytes()
    for at in range(len(octets)):
        file.write_bytes(octets[:at] + bytes([octets[at] ^ 0x81]) + octets[at + 1 :])
        try:
            assert read_delta(file).equals(delta)  # what may change unnoticed is padding
        except RegisterError:
            continue
    for other in (b"", b"ARROW1", octets[:-20]):
        file.write_bytes(other)
        with pytest.raises(RegisterError):
            read_delta(file)
    with pytest.raises(RegisterError):
        read_delta(tmp_path / "nowhere")
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, pa.schema([("a", pa.int8())])) as writer:
        writer.write_table(pa.table({"a": pa.array([1], pa.int8())}))
    with pytest.raises(RegisterError, match="no delta of format"):
        read_delta(file)
