"""Which models were trained on what was taken out."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.withdrawal.world import NOW, by_url

from rightful.errors import InputError
from rightful.ledger.run_directory import WITHDRAWAL
from rightful.withdrawal.exposure import Exposure, exposed_models
from rightful.withdrawal.withdraw import withdraw

CHAIN = [
    {"root": f"sha256:{'1' * 64}", "manifest_sha256": "a" * 64},
    {"root": f"sha256:{'2' * 64}", "manifest_sha256": "b" * 64},
]
ROWS = [
    {"model": "m", "version": "1", "trained_on": f"sha256:{'1' * 64}", "at": "2026-01-01"},
    {"model": "m", "version": "2", "trained_on": "b" * 64, "at": None},
    {"model": "other", "version": "1", "trained_on": f"sha256:{'9' * 64}", "at": "2026-01-01"},
    {"model": "m", "version": "1", "trained_on": f"sha256:{'1' * 64}", "at": "2026-01-01"},
]
FOUND = (
    Exposure("m", "1", f"sha256:{'1' * 64}", "2026-01-01"),
    Exposure("m", "2", f"sha256:{'2' * 64}", ""),
)


def write(folder, suffix, rows):
    file = folder / f"log{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif suffix == ".csv":
        names = list(rows[0])
        lines = [",".join(names), *(",".join(str(row[name] or "") for name in names) for row in rows)]
        file.write_text("\n".join(lines), encoding="utf-8")
    else:
        file.write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_trainings_on_any_version_of_the_chain_are_found(tmp_path, suffix):
    assert exposed_models(write(tmp_path, suffix, ROWS), CHAIN) == FOUND


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_other_names_of_the_columns_are_read_as_well(tmp_path, suffix):
    names = {"model": "model_name", "version": "model_version", "trained_on": "dataset", "at": "trained_at"}
    rows = [{names[name]: value for name, value in row.items()} for row in ROWS]
    assert exposed_models(write(tmp_path, suffix, rows), CHAIN) == FOUND


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_model_may_be_trained_on_several(tmp_path, suffix):
    row = {"model": "m", "version": "1", "trained_on": ["x", "A" * 64, CHAIN[1]["root"]]}
    found = exposed_models(write(tmp_path, suffix, [row]), CHAIN)
    assert [each.trained_on for each in found] == [link["root"] for link in CHAIN]


@pytest.mark.parametrize(
    ("suffix", "text", "place"),
    [
        (".jsonl", '{"model": "m", "trained_on": "x"}\n{"model": \n', "line 2"),
        (".jsonl", '{"model": "m", "trained_on": "x"}\n\n["m"]\n', "line 3"),
        (".jsonl", '{"model": "", "trained_on": "x"}\n', "line 1"),
        (".jsonl", '{"model": "m", "trained_on": []}\n', "line 1"),
        (".jsonl", '{"model": "m", "trained_on": [1]}\n', "line 1"),
        (".jsonl", '{"model": {"name": "m"}, "trained_on": "x"}\n', "line 1"),
        (".jsonl", '{"model": "m", "trained_on": {"root": "x"}}\n', "line 1"),
        (".csv", "model,version\nm,1\n", "line 2"),
        (".csv", "model,trained_on\nm,x\n,y\n", "line 3"),
        (".parquet", "no Parquet", "cannot be read"),
        (".csv", 'model,trained_on\n"m,x\n', "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(tmp_path, suffix, text, place):
    file = tmp_path / f"log{suffix}"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=place):
        exposed_models(file, CHAIN)


def test_a_version_may_be_nought(tmp_path):
    (tmp_path / "log.jsonl").write_text(
        json.dumps({"model": "m", "version": 0, "trained_on": CHAIN[0]["root"]}), encoding="utf-8"
    )
    assert [each.version for each in exposed_models(tmp_path / "log.jsonl", CHAIN)] == ["0"]


def test_octets_that_are_no_text_are_said(tmp_path):
    (tmp_path / "log.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        exposed_models(tmp_path / "log.jsonl", CHAIN)
    with pytest.raises(InputError, match="cannot be read"):
        exposed_models(tmp_path / "none.jsonl", CHAIN)


def test_the_withdrawal_names_them_for_each_request(world):
    run = world.screen()
    first = withdraw(run, register=world.register(by_url(1), name="one"), out=world.folder / "v1", now=NOW)
    log = write(world.folder, ".jsonl", [{"model": "m", "version": "7", "trained_on": first.earlier_root, "at": ""}])
    how = {"signing_key": world.folder / "k.pem", "make_key": True, "train_log": log, "now": NOW}
    done = withdraw(
        first.out, register=world.register(by_url(1), by_url(5, "R-5"), name="two"), out=world.folder / "v2", **how
    )
    assert [(each.model, each.trained_on) for each in done.exposed] == [("m", first.earlier_root)]
    told = json.loads(next((world.folder / "v2.receipts").glob("exposure-*.json")).read_bytes())
    assert told["requests"] == {"R-5": [{"model": "m", "version": "7", "trained_on": first.earlier_root, "at": ""}]}
    assert json.loads((done.out / WITHDRAWAL).read_bytes())["models"] == 1
