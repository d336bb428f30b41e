"""The store: versions that never change, and imports in which every row is accounted for."""

import json
import pickle
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rightful.errors import InputError, MissingColumnError, SnapshotError
from rightful.snapshot.importing import import_captures
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import Snapshot, add_captures, versions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def robots(origin, body, moment=NOON):
    return Capture(origin, moment, Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=body)


def test_captures_are_added_and_versions_stay(tmp_path):
    first = add_captures(tmp_path, [robots("https://a.example", b"one")])
    second = add_captures(tmp_path, [robots("https://a.example", b"two", datetime(2026, 2, 1, tzinfo=UTC))])
    assert (len(first), len(second)) == (1, 2)
    assert Snapshot.open(tmp_path).digest == second.digest
    again = Snapshot.open(tmp_path, first.digest)
    assert again.captures.num_rows == 1
    assert again.as_of == NOON
    assert [len(s) for s in versions(tmp_path)] == [1, 2]
    assert second.body(second.captures["body_sha256"][0].as_py()) == b"one"
    second.verify()


def test_nothing_to_add_changes_nothing(tmp_path):
    first = add_captures(tmp_path, [robots("https://a.example", b"one")])
    assert add_captures(tmp_path, []).digest == first.digest
    assert len(add_captures(tmp_path / "new", [])) == 0


def test_the_same_again_is_the_same_version(tmp_path):
    captures = [robots("https://a.example", b"one"), robots("https://b.example", b"two")]
    first = add_captures(tmp_path, captures)
    more = add_captures(tmp_path, [robots("https://c.example", b"three")])
    assert add_captures(tmp_path, captures).digest == more.digest != first.digest
    assert len(versions(tmp_path)) == 2


def test_equal_captures_make_equal_snapshots(tmp_path):
    captures = [robots(f"https://{n}.example", b"body %d" % (n % 3)) for n in range(9)]
    assert add_captures(tmp_path / "a", captures).digest == add_captures(tmp_path / "b", captures).digest


def test_equal_bodies_are_kept_once(tmp_path):
    snapshot = add_captures(tmp_path, [robots(f"https://{n}.example", b"same" * 1000) for n in range(100)])
    assert sum(file.stat().st_size for file in snapshot.files if "bodies" in file.name) < 10_000


def test_it_pickles_to_path_and_digest(tmp_path):
    snapshot = add_captures(tmp_path, [robots("https://a.example", b"x")])
    add_captures(tmp_path, [robots("https://b.example", b"y")])
    assert pickle.loads(pickle.dumps(snapshot)).digest == snapshot.digest


def test_one_flipped_byte_in_any_file_is_found_out(tmp_path):
    snapshot = add_captures(
        tmp_path, [robots("https://a.example", b"User-agent: *\n"), robots("https://b.example", b"x")]
    )
    for file in [*snapshot.files, tmp_path / "HEAD"]:
        octets = file.read_bytes()
        for at in (0, len(octets) // 2, len(octets) - 2):
            altered = bytearray(octets)
            altered[at] ^= 1
            file.write_bytes(altered)
            with pytest.raises((SnapshotError, ValueError)):
                Snapshot.open(tmp_path).verify()
        file.write_bytes(octets)
    Snapshot.open(tmp_path).verify()


def test_a_missing_part_is_said(tmp_path):
    snapshot = add_captures(tmp_path, [robots("https://a.example", b"x")])
    next(file for file in snapshot.files if "captures" in file.name).unlink()
    with pytest.raises(SnapshotError, match="not whole"):
        _ = Snapshot.open(tmp_path).captures


def test_what_is_no_store_is_said(tmp_path):
    with pytest.raises(SnapshotError, match="rightful capture"):
        Snapshot.open(tmp_path)
    add_captures(tmp_path, [])
    with pytest.raises(SnapshotError, match="no snapshot version"):
        Snapshot.open(tmp_path, "sha256:" + "0" * 64)


def test_rows_become_captures_and_every_one_is_accounted_for(tmp_path):
    rows = [
        {"host": "a.example", "body": "User-agent: *\nDisallow: /\n", "status": 200, "fetched_at": "2024-05-26"},
        {"host": "b.example", "body": None, "status": 404, "fetched_at": "2024"},
        {"host": "c.example", "body": None, "status": None, "error": "timed out"},
        {"host": "d.example", "body": "<!doctype html>", "status": 200},
        {"host": "e.example:8080", "body": "", "status": 200},
        {"host": "f.example", "body": None, "status": None},
        {"host": "no host", "body": "x", "status": 200},
        {"host": "g.example", "body": "x", "status": 200, "fetched_at": "whenever"},
        {"host": "h.example", "body": "x", "status": "teapot"},
    ]
    file = tmp_path / "r.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    report = import_captures(file, tmp_path / "store")
    assert report.rows == 9 == report.outcomes.total() + report.left_out.total()
    assert report.left_out == {
        "no answer recorded": 1, "host not readable": 1, "time not readable": 1, "status not readable": 1,
    }  # fmt: skip
    assert report.examples["host not readable"] == "row 6: 'no host'"
    captures = Snapshot.open(tmp_path / "store").captures.to_pylist()
    assert {c["origin"]: c["outcome"] for c in captures} == {
        "//a.example": "available", "//b.example": "unavailable", "//c.example": "unreachable",
        "//d.example": "unavailable", "//e.example:8080": "available",
    }  # fmt: skip


def test_columns_are_found_or_mapped(tmp_path):
    table = pa.table({"robots_url": ["https://a.example/robots.txt"], "txt": ["User-agent: *"], "code": [200]})
    pq.write_table(table, tmp_path / "r.parquet")
    report = import_captures(tmp_path / "r.parquet", tmp_path / "s", columns={"body": "txt", "status": "code"})
    assert report.outcomes == {"available (200)": 1}
    assert Snapshot.open(tmp_path / "s").captures["origin"].to_pylist() == ["https://a.example"]
    with pytest.raises(MissingColumnError, match="the columns are: robots_url, txt, code"):
        import_captures(tmp_path / "r.parquet", tmp_path / "s", columns={"body": "text"})
    with pytest.raises(InputError, match="no role"):
        import_captures(tmp_path / "r.parquet", tmp_path / "s", columns={"bdy": "txt"})


@pytest.mark.parametrize(
    ("name", "octets", "words"),
    [
        ("r.parquet", b"nothing", "no Parquet file"),
        ("r.jsonl", b'{"host": "a.example"}\n{', "line 2: no JSON"),
        ("r.jsonl", b"", "it has no rows"),
        ("r.jsonl", b'{"host": "a.example"}\n', "no answer recorded, such as row 0"),
        ("r.csv", b"host\n", ".parquet or .jsonl"),
    ],
)
def test_files_that_hold_no_captures_are_said(tmp_path, name, octets, words):
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(InputError) as caught:
        import_captures(tmp_path / name, tmp_path / "s")
    assert words in str(caught.value)
    assert not (tmp_path / "s").exists()


def test_a_table_whose_bodies_stand_one_row_off_is_refused(tmp_path):
    bodies = [f"User-agent: *\nSitemap: https://s{n}.example/map.xml\n" for n in range(40)]
    good = pa.table({"host": [f"s{n}.example" for n in range(40)], "body": bodies})
    pq.write_table(good, tmp_path / "good.parquet")
    import_captures(tmp_path / "good.parquet", tmp_path / "s")
    for shift in (1, -1):
        shifted = pa.table({"host": good["host"], "body": bodies[shift:] + bodies[:shift]})
        pq.write_table(shifted, tmp_path / "off.parquet")
        with pytest.raises(InputError, match="one row off"):
            import_captures(tmp_path / "off.parquet", tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_the_real_tables(shared, tmp_path):
    report = import_captures(shared / "data/robots.parquet", tmp_path / "s")
    assert report.rows == 39_643 == report.outcomes.total() + report.left_out.total()
    assert report.left_out.total() < 20
    assert report.outcomes["unavailable (html page)"] > 2_000
    assert report.outcomes["unreachable (none)"] > 1_000
    snapshot = Snapshot.open(tmp_path / "s")
    snapshot.verify()
    counted = snapshot.captures.group_by(["status", "outcome"]).aggregate([([], "count_all")]).to_pylist()
    by_answer = {(row["status"], row["outcome"]): row["count_all"] for row in counted}
    assert by_answer[404, "unavailable"] == 1294
    assert by_answer[403, "unavailable"] == 520
    assert by_answer[503, "unreachable"] == 17
    assert not any(outcome == "available" for status, outcome in by_answer if status and status >= 300)
    with pytest.raises(InputError, match="one row off"):
        import_captures(shared / "data/robots_misaligned_source.parquet", tmp_path / "t")
    history = import_captures(shared / "data/robots_history.parquet", tmp_path / "h")
    assert history.rows == 11_546
