"""What `verify` finds in a version that is another one than its chain says."""

import json
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.withdrawal.world import NO_LOCATIONS, NOW, POLICY, by_text, by_url, record, text_of

from rightful.audit.verify import verify_run
from rightful.files import digest_of
from rightful.ledger.checksums import files_of, write_checksums
from rightful.ledger.manifest import data_root, version_of, version_plan
from rightful.ledger.merkle import files_root
from rightful.ledger.run_directory import MANIFEST, WITHDRAWAL, RunDirectory
from rightful.withdrawal.withdraw import withdraw


@pytest.fixture
def old(world):
    return world.screen()


@pytest.fixture
def new(world, old):
    register = world.register(by_url(1), by_url(25, "R-25"))
    return withdraw(old, register=register, out=world.folder / "new", now=NOW).out


def forge(run, change, told=None, *, plan=True):
    """Do what a forger with our own tools would do: make every digest fit again."""
    manifest = json.loads((run / MANIFEST).read_bytes())
    change(manifest)
    for file in manifest["data"]:
        file["sha256"] = digest_of(run / file["path"])
        file["octets"] = (run / file["path"]).stat().st_size
    if plan and manifest["earlier"]:
        manifest["plan"] = version_plan(manifest["earlier"], manifest["register"]["id"])
    if (run / WITHDRAWAL).exists():
        withdrawal = json.loads((run / WITHDRAWAL).read_bytes())
        if manifest["earlier"] and isinstance(manifest["earlier"][-1], dict):
            withdrawal["earlier"] = {**manifest["earlier"][-1], "data_root": withdrawal["earlier"]["data_root"]}
        (told or (lambda _: None))(withdrawal)
        (run / WITHDRAWAL).write_text(json.dumps(withdrawal), encoding="utf-8")
    manifest["root"] = files_root({name: digest_of(run / name) for name in files_of(run) if name != MANIFEST})
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    write_checksums(run)


def findings(run, earlier=None):
    return "\n".join(verify_run(run, everything=True, earlier=earlier).findings)


def test_a_chain_that_the_plan_does_not_follow_from_is_found(new):
    forge(new, lambda m: m["earlier"][0].update(root=f"sha256:{'0' * 64}"), plan=False)
    assert "the plan does not follow from the chain" in findings(new)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["earlier"][0].update(manifest_sha256="no digest"),
        lambda m: m["earlier"][0].update(root=7),
        lambda m: m["earlier"][0].update(register={"id": "x"}),
        lambda m: m["earlier"][0].update(register={"id": "x", "version": "y"}),
        lambda m: m["earlier"][0].update(more="said"),
        lambda m: m["earlier"].append("a version"),
        lambda m: m["earlier"].append(dict(m["earlier"][0])),
    ],
)
def test_what_describes_no_version_is_found(new, change):
    before = json.loads((new / MANIFEST).read_bytes())["earlier"]
    forge(new, change, lambda told: told.update(earlier={**before[0], "data_root": ""}), plan=False)
    assert "chain" in findings(new)


def test_a_chain_to_another_version_is_found_beside_that_version(new, old):
    assert findings(new, earlier=old) == ""
    forge(new, lambda m: m["earlier"][0].update(manifest_sha256="c" * 64))
    assert findings(new) == ""  # only the older version can show it
    assert "chained to another version" in findings(new, earlier=old)


def test_a_chain_that_was_dropped_is_found(new, old):
    forge(new, lambda m: m.update(earlier=[]))
    assert f"{WITHDRAWAL} is no file of a run" in findings(new)
    (new / WITHDRAWAL).unlink()
    forge(new, lambda _: None)
    assert "has shards of an earlier version, and names none" in findings(new)


def test_what_is_no_older_version_is_said(new, old):
    assert "cannot be read" in findings(new, earlier=old / "nothing")


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(removed=3),
        lambda told: told.update(relabelled=100),
        lambda told: told.update(shards={}),
        lambda told: told.update(data_root="sha256:0"),
        lambda told: told.update(at="no time"),
        lambda told: told.update(register={"id": "x", "version": "y"}),
        lambda told: told["absence_test"].update(records=1),
        lambda told: told["absence_test"].update(found=1),
        lambda told: told.update(requests={"0": 50}),
        lambda told: told.pop("not_looked_up"),
        lambda told: told.update(text="of a record"),
    ],
)
def test_what_the_version_tells_otherwise_than_its_files_is_found(new, change):
    forge(new, lambda _: None, change)
    assert WITHDRAWAL in findings(new)


def rewrite(run, number, change):
    """Alter the records of a shard with its ledger rows, and let the manifest say so."""
    manifest = RunDirectory(run).manifest
    file = run / manifest.data[number].path
    schema = pq.read_schema(file)
    table = change(pq.read_table(file))
    file.unlink()  # it may be the older version's as well
    pq.write_table(table.cast(schema), file)
    told = json.loads((run / WITHDRAWAL).read_bytes())
    manifest = json.loads((run / MANIFEST).read_bytes())
    manifest["data"][number]["sha256"] = digest_of(file)
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    told["data_root"] = data_root(RunDirectory(run).manifest.data)
    forge(run, lambda _: None, lambda withdrawal: withdrawal.update(told))


def with_column(table, name, values):
    return table.set_column(table.column_names.index(name), name, pa.chunked_array([values]))


def test_a_text_that_was_altered_on_the_way_is_found(new, old):
    def change(table):
        texts = table["text"].to_pylist()
        return with_column(table, "text", pa.array([texts[0][::-1], *texts[1:]], table["text"].type))

    rewrite(new, 0, change)
    assert findings(new) == ""  # a text of as many octets: only the older version shows it
    assert "differs from the earlier version by more than the withdrawn records" in findings(new, earlier=old)


def test_a_shard_that_is_said_to_be_older_and_was_altered_is_found(new, old):
    rewrite(new, 2, lambda table: with_column(table, "text", pc.utf8_reverse(table["text"].combine_chunks())))
    assert "is said to be the earlier version's, and is another file" in findings(new, earlier=old)


def test_the_older_version_is_looked_at_as_well(new, old):
    (old / "rightful/sites.parquet").write_bytes(b"altered")
    assert "the earlier version: rightful/sites.parquet was altered" in findings(new, earlier=old)


def test_a_version_of_other_inputs_is_found(new, old, world):
    other = world.folder / "copy"
    shutil.copytree(new, other)
    forge(other, lambda m: m["inputs"][0].update(sha256="d" * 64))
    assert "states inputs otherwise" in findings(other, earlier=old)


def test_rows_of_the_ledger_that_were_altered_on_the_way_are_found(new, old):
    part = new / RunDirectory(new).manifest.ledger[2]
    table = pq.read_table(part)
    part.unlink()
    languages = pa.array(["fr"] * table.num_rows, pa.string())
    pq.write_table(with_column(table, "language", languages), part)
    forge(new, lambda _: None)
    assert "language differs from the earlier version" in findings(new, earlier=old)


@pytest.mark.parametrize(
    ("policy", "entry", "column", "victim", "value"),
    [(POLICY, by_text(12), "text", 56, text_of(12)), (NO_LOCATIONS, by_url(1), "url", 5, record(1)["url"])],
    ids=["text", "location"],
)
def test_records_that_nobody_opted_out_cannot_vanish_along_with_others(world, policy, entry, column, victim, value):
    old = world.screen(policy=policy)
    # The forger pretends that one more record had what was opted out, and lets everything else be as it was.
    pretended = world.folder / "pretended"
    shutil.copytree(old, pretended)
    file = pretended / RunDirectory(pretended).manifest.data[victim // 20].path
    table = pq.read_table(file)
    names = table["id"].to_pylist()
    values = [
        value if name == f"r{victim}" else own for name, own in zip(names, table[column].to_pylist(), strict=True)
    ]
    pq.write_table(with_column(table, column, pa.array(values, table[column].type)), file)
    forge(pretended, lambda _: None)
    made = withdraw(pretended, register=world.register(entry, name="newest"), out=world.folder / "made", now=NOW)
    assert made.removed == 2
    new = world.folder / "new"
    shutil.copytree(made.out, new)
    for part in RunDirectory(new).manifest.ledger:
        before, rows = pq.read_table(old / part), pq.read_table(new / part)
        for name in ("url", "url_sha256", "site"):
            rows = with_column(rows, name, before[name].combine_chunks())
        pq.write_table(rows, new / part)
    link = version_of((old / MANIFEST).read_bytes())
    forge(new, lambda m: m.update(earlier=[link]))
    assert findings(new) == ""  # only the older version shows what the record was
    assert "records that are gone or labelled anew are decided otherwise" in findings(new, earlier=old)


def test_more_records_told_to_be_gone_than_are_is_found_beside_the_older_version(new, old):
    def told(withdrawal):
        shard = withdrawal["shards"]["data/train-00000-of-00003.parquet"]
        shard["removed"] += 1
        withdrawal["removed"] += 1
        withdrawal["decided_otherwise"] += 1

    forge(new, lambda _: None, told)
    assert findings(new) == ""
    assert "counts other records than differ from the earlier version" in findings(new, earlier=old)
