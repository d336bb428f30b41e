"""Characters, octets and languages of every record are in the ledger, and counted again from it."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.remunerated import write_world

from rightful.audit.verify import verify_run
from rightful.files import digest_of
from rightful.ledger.checksums import files_of, write_checksums
from rightful.ledger.merkle import files_root
from rightful.ledger.run_directory import MANIFEST, SITUATIONS_FILE, RunDirectory
from rightful.ledger.situations import SITUATIONS
from rightful.ledger.units import Units
from rightful.runner.run import screen_files


@pytest.fixture
def run(tmp_path):
    rows = [
        {"id": f"r{n}", "url": f"https://{site}.example/{n}", "source": "web", "text": text, "language": language}
        for n, (site, text, language) in enumerate(
            [
                ("allows", "An open page", "en"),
                ("denies", "A closed page", "en"),
                ("allows", "开放的页面", "zh"),
                ("denies", "关闭的页面", "a whole sentence, which is no name of a language"),
                ("allows", None, None),
            ]
        )
    ]
    world = write_world(tmp_path, table=pa.Table.from_pylist(rows))
    screen_files(**world, out=tmp_path / "out")
    return tmp_path / "out"


def ledger_of(run):
    return pa.Table.from_batches(list(RunDirectory(run).ledger_batches()))


def test_every_record_has_them_admitted_or_not(run):
    rows = ledger_of(run).to_pylist()
    assert [(row["characters"], row["octets"]) for row in rows] == [(12, 12), (13, 13), (5, 15), (5, 15), (0, 0)]
    assert [row["language"] for row in rows] == ["en", "en", "zh", "(no language)", "unknown"]
    assert RunDirectory(run).manifest.data[0].languages == {"en": 1, "unknown": 1, "zh": 1}
    assert verify_run(run, everything=True).findings == ()


def test_octets_that_are_no_text_have_none(tmp_path):
    table = pa.table(
        {
            "id": ["r0", "r1"],
            "url": ["https://allows.example/0", "https://allows.example/1"],
            "source": ["web", "web"],
            "text": pa.array([b"\xff\xfe broken", b"whole"], pa.binary()),
        }
    )
    screen_files(**write_world(tmp_path, table=table), out=tmp_path / "out")
    rows = ledger_of(tmp_path / "out").to_pylist()
    assert [(row["characters"], row["octets"], row["language"]) for row in rows] == [(0, 0, None), (5, 5, None)]
    assert verify_run(tmp_path / "out", everything=True).findings == ()


@pytest.mark.parametrize("mode", ["ledger", "label"])
def test_a_ledger_without_text_has_none_and_one_of_labels_has_all(tmp_path, mode):
    world = write_world(tmp_path)
    screen_files(**world, out=tmp_path / "out", mode=mode)
    ledger = ledger_of(tmp_path / "out")
    assert (ledger["octets"].null_count == ledger.num_rows) == (mode == "ledger")
    assert verify_run(tmp_path / "out", everything=True).findings == ()


def seal_again(run):
    manifest = json.loads((run / MANIFEST).read_bytes())
    manifest["root"] = files_root({name: digest_of(run / name) for name in files_of(run) if name != MANIFEST})
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    write_checksums(run)


def findings(run):
    seal_again(run)
    return "\n".join(verify_run(run).findings)


@pytest.mark.parametrize("admission", ["admit", "exclude"])
@pytest.mark.parametrize("name", ["characters", "octets"])
def test_units_that_the_ledger_has_otherwise_are_found(run, name, admission):
    part = run / RunDirectory(run).manifest.ledger[0]
    rows = pq.read_table(part).to_pylist()
    first = next(row for row in rows if row["admission"] == admission)
    first[name] += 1
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(part)), part)
    assert "has other characters or octets than in the ledger" in findings(run)


def test_units_of_held_records_that_the_situations_have_otherwise_are_found(run):
    rows = RunDirectory(run).situations().to_pylist()
    out = next(row for row in rows if row["admission"] == "exclude")
    out["characters"] += 1
    out["tokens"] = Units(out["characters"], out["octets"]).tokens
    pq.write_table(pa.Table.from_pylist(rows, schema=SITUATIONS), run / SITUATIONS_FILE)
    assert "has other characters or octets than in the ledger" in findings(run)


def test_languages_that_the_ledger_has_otherwise_are_found(run):
    part = run / RunDirectory(run).manifest.ledger[0]
    rows = pq.read_table(part).to_pylist()
    rows[0]["language"] = "fr"
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(part)), part)
    assert "has other languages by the ledger than the manifest says" in findings(run)
