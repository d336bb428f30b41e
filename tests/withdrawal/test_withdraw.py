"""Withdrawing: what the register names is gone, all else is as it was, and the new version verifies like any run."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.withdrawal.world import (
    GROUP,
    NO_LOCATIONS,
    NOW,
    POLICY,
    ROWS,
    by_account,
    by_site,
    by_text,
    by_url,
    record,
    text_of,
    write_world,
)
from typer.testing import CliRunner

import rightful.runner.plan
from rightful.audit.verify import verify_run
from rightful.cli import app
from rightful.errors import RegisterError, RunError, VerificationError
from rightful.ledger.checksums import write_checksums
from rightful.ledger.run_directory import MANIFEST, OPTOUTS, WITHDRAWAL, RunDirectory
from rightful.policy.policy_file import read_policy
from rightful.register.entries import KeyKind, OptOut, OptOutState, canonical_key
from rightful.register.export import Register, export_register
from rightful.register.fingerprint import fingerprints_of
from rightful.withdrawal.withdraw import withdraw

RECEIVED = OptOutState.RECEIVED
_DOCUMENT = f"sha256:{'0' * 63}1"
GRANTING = f"""{POLICY}evidence = ["{_DOCUMENT}"]

[sources.contract]
training = "granted"
chain = "direct"
paid = true
starts = "2026-07-01"
same_holder = true
evidence = ["{_DOCUMENT}"]

[as_of]
build_date = "2026-11-01"
"""


def ids_of(run):
    return [i for file in RunDirectory(run).data_files() for i in pq.read_table(file, columns=["id"])["id"].to_pylist()]


def ledger_of(run):
    return pa.Table.from_batches(list(RunDirectory(run).ledger_batches()))


def octets_of(run):
    return {p.relative_to(run).as_posix(): p.read_bytes() for p in sorted(run.rglob("*")) if p.is_file()}


def assert_verified(run, earlier=None):
    assert verify_run(run, everything=True, earlier=earlier).findings == ()


def withdrawn(world, run, *entries, out="new", name="newest", **how):
    return withdraw(run, register=world.register(*entries, name=name), out=world.folder / out, now=NOW, **how)


@pytest.mark.parametrize(
    ("entry", "gone"),
    [
        (by_url(1), {"r1"}),
        (by_site("b.example"), {f"r{n}" for n in range(1, ROWS, 4)}),
        (OptOut(KeyKind.HOST, "www.b.example", reference="R"), {f"r{n}" for n in range(1, ROWS, 4)}),
        (OptOut(KeyKind.PREFIX, "//www.a.example/page/4", reference="R"), {"r4", "r40", "r44", "r48"}),
        (by_text(22), {"r22"}),
        (by_account("writer2"), {f"r{n}" for n in range(2, ROWS, 7) if n % 4 != 3}),
    ],
    ids=["url", "site", "host", "prefix", "text", "account"],
)
def test_what_the_register_names_is_gone_and_all_else_is_as_it_was(world, entry, gone):
    run = world.screen()
    done = withdrawn(world, run, entry)
    before = ids_of(run)
    assert set(before) - set(ids_of(done.out)) == gone
    assert ids_of(done.out) == [name for name in before if name not in gone]
    assert done.removed == len(gone) == sum(shard.removed for shard in done.totals.shards.values())
    assert done.totals.requests == {entry.reference: len(gone)}
    assert done.absence.found == 0
    assert done.absence.records == len(before) - len(gone)
    assert_verified(done.out, earlier=run)


def test_the_version_is_what_screening_the_inputs_again_gives(world):
    old = world.register(by_url(0, "R-0"), by_site("c.example", "R-C", RECEIVED), name="old")
    run = world.screen(register=old)
    entries = [by_url(0, "R-0"), by_site("c.example", "R-C"), by_text(21), by_account("writer3"), by_url(7, "R-7")]
    done = withdrawn(world, run, *entries)
    again = world.screen("again", register=world.register(*entries, name="newest"))
    assert ids_of(done.out) == ids_of(again)
    left_out = {"row", "text_sha256", "shared_shingles", "text_shingles"}
    names = [name for name in ledger_of(again).column_names if name not in left_out]
    assert ledger_of(done.out).select(names).equals(ledger_of(again).select(names))
    for name in ("rightful/situations.parquet", "rightful/sites.parquet", "rightful/accruals.parquet"):
        assert pq.read_table(done.out / name).equals(pq.read_table(again / name))
    ours, theirs = RunDirectory(done.out).manifest, RunDirectory(again).manifest
    assert ours.counts == theirs.counts
    assert [(f.records, f.text_octets, f.languages, f.fetched) for f in ours.data] == [
        (f.records, f.text_octets, f.languages, f.fetched) for f in theirs.data
    ]
    for one, other in zip(RunDirectory(done.out).data_files(), RunDirectory(again).data_files(), strict=True):
        assert pq.read_table(one).equals(pq.read_table(other))


def test_shards_without_a_named_record_stay_octet_for_octet(world):
    run = world.screen()
    done = withdrawn(world, run, by_url(25))
    files = zip(RunDirectory(run).data_files(), RunDirectory(done.out).data_files(), strict=True)
    same = [new.stat().st_ino == old.stat().st_ino and not new.is_symlink() for old, new in files]
    assert same == [True, False, True]
    assert list(done.totals.shards) == ["data/train-00001-of-00003.parquet"]
    old, new = RunDirectory(run).manifest, RunDirectory(done.out).manifest
    assert [file.register for file in new.data] == ["none", None, "none"]
    assert pq.read_schema(done.out / new.data[1].path).metadata[b"rightful.register"].decode() == new.register["id"]
    assert new.plan != old.plan
    assert (new.inputs, new.evidence, new.unknown_values) == (old.inputs, old.evidence, old.unknown_values)


def test_the_run_it_is_made_of_stays_as_it_is(world):
    run = world.screen(register=world.register(by_url(2), name="old"))
    before = octets_of(run)
    withdrawn(world, run, by_url(2), by_url(4, "R-4"))
    assert octets_of(run) == before


def test_a_request_that_is_only_received_holds_the_record(world):
    run = world.screen()
    done = withdrawn(world, run, by_url(1, state=RECEIVED))
    assert "r1" not in ids_of(done.out)
    row = ledger_of(done.out).to_pylist()[1]
    assert (row["admission"], row["reasons"]) == ("hold", ["OPTOUT_PENDING:url"])
    assert done.totals.requests == {"R-URL": 1}
    verified = withdrawn(world, done.out, by_url(1), out="newer", name="later")
    row = ledger_of(verified.out).to_pylist()[1]
    assert (row["admission"], row["reasons"]) == ("exclude", ["OPTOUT:url"])
    assert verified.removed == 0
    assert verified.totals.decided_otherwise == 1
    assert verified.totals.shards == {}
    assert_verified(verified.out, earlier=done.out)


def test_what_was_withdrawn_from_the_register_meanwhile_keeps_its_effect(world):
    run = world.screen(register=world.register(by_url(1, "R-1"), by_site("c.example"), name="old"))
    done = withdrawn(world, run, by_url(4, "R-4"))
    assert set(ids_of(run)) - set(ids_of(done.out)) == {"r4"}
    reasons = {row["id"]: row["reasons"] for row in ledger_of(done.out).to_pylist()}
    assert reasons["r1"] == ["OPTOUT:url"]
    assert reasons["r2"] == ["OPTOUT:site"]
    assert len(Register.open(done.out / OPTOUTS)) == 3
    assert_verified(done.out, earlier=run)
    nothing = withdrawn(world, done.out, name="empty", out="newer")
    assert (nothing.out, nothing.totals.decided_otherwise) == (None, 0)


def test_where_nothing_changes_no_version_is_made(world):
    run = world.screen(register=world.register(by_url(1), name="old"))
    for number, entries in enumerate([(by_url(1),), (by_url(999, "R-other"),), (by_url(3, "R-denied"),)]):
        done = withdrawn(world, run, *entries, name=f"n{number}")
        changes = entries[0].reference == "R-denied"  # excluded before, and now for one more reason
        assert (done.out is not None) == changes
        assert done.removed == 0
    assert not (world.folder / "new.partial").exists()


def test_two_withdrawals_are_a_chain(world):
    run = world.screen()
    first = withdrawn(world, run, by_url(1), out="v1")
    second = withdrawn(world, first.out, by_url(1), by_text(42), out="v2", name="later")
    chain = RunDirectory(second.out).manifest.earlier
    assert [link["root"] for link in chain] == [RunDirectory(each).manifest.root for each in (run, first.out)]
    assert [file.register for file in RunDirectory(second.out).manifest.data] == [
        RunDirectory(first.out).manifest.register["id"], "none", None,
    ]  # fmt: skip
    assert_verified(second.out, earlier=first.out)
    assert any("chained to another version" in f for f in verify_run(second.out, earlier=run).findings)


def test_the_same_withdrawal_twice_gives_the_same_octets(world):
    run = world.screen()
    one = withdrawn(world, run, by_url(1), by_text(42), out="one")
    two = withdrawn(world, run, by_url(1), by_text(42), out="two")
    assert octets_of(one.out) == octets_of(two.out)
    assert octets_of(withdrawn(world, run, by_url(1), by_text(42), out="one").out) == octets_of(two.out)


@pytest.mark.parametrize("what", ["label", "ledger"])
def test_labels_and_ledgers_are_made_anew_as_well(world, what):
    run = world.screen(mode=what)
    done = withdrawn(world, run, by_url(1), by_site("c.example"))
    assert done.removed == 16
    again = world.screen("again", mode=what, register=world.register(by_url(1), by_site("c.example"), name="newest"))
    names = ["id", "admission", "reasons", "tier", "situation", "characters", "octets", "language"]
    assert ledger_of(done.out).select(names).equals(ledger_of(again).select(names))
    if what == "label":
        labels = pa.concat_tables([pq.read_table(file) for file in RunDirectory(done.out).data_files()])
        assert labels.equals(pa.concat_tables([pq.read_table(file) for file in RunDirectory(again).data_files()]))
    assert_verified(done.out, earlier=run)


def test_where_the_ledger_keeps_no_locations_those_of_the_records_count(world):
    old = world.register(by_url(0, "R-0"), name="old")
    run = world.screen(policy=NO_LOCATIONS, register=old)
    done = withdrawn(world, run, by_url(1), by_site("c.example"), by_account("writer5"), by_text(44))
    gone = {f"r{n}" for n in range(ROWS) if n % 4 != 3 and (n in {1, 44} or n % 4 == 2 or n % 7 == 5)}
    assert set(ids_of(run)) - set(ids_of(done.out)) == gone
    assert_verified(done.out, earlier=run)
    assert ledger_of(done.out)["url"].null_count == ROWS


def test_near_copies_and_excerpts_are_found_as_well(world):
    run = world.screen()
    work = text_of(26).replace(text_of(26).split()[3], "another")
    fingerprint = fingerprints_of([work])[0]
    entry = OptOut(KeyKind.CONTENT, fingerprint.digest, reference="R-WORK")
    register = world.register(entry, name="works", works=[fingerprint])
    done = withdraw(run, register=register, out=world.folder / "new", now=NOW)
    assert set(ids_of(run)) - set(ids_of(done.out)) == {"r26"}
    assert done.totals.requests == {"R-WORK": 1}
    assert_verified(done.out, earlier=run)
    later = withdraw(done.out, register=world.register(by_url(0), name="later"), out=world.folder / "newer", now=NOW)
    assert_verified(later.out, earlier=done.out)


def test_opt_outs_that_records_cannot_be_asked_for_do_not_keep_the_others_from_it(tmp_path, monkeypatch):

    monkeypatch.setattr(rightful.runner.plan, "SHARD_ROWS", 20)
    rows = [{name: value for name, value in record(n).items() if name != "account"} for n in range(ROWS)]
    world = write_world(tmp_path, rows)
    done = withdrawn(world, world.screen(), by_url(1), by_account("writer1"))
    assert done.removed == 1
    assert done.not_looked_up == ("account",)
    assert json.loads((done.out / WITHDRAWAL).read_bytes())["not_looked_up"] == ["account"]
    assert_verified(done.out)


def test_a_ledger_alone_that_keeps_no_locations_says_what_it_cannot_be_asked_for(world):
    run = world.screen(mode="ledger", policy=NO_LOCATIONS)
    done = withdrawn(world, run, by_url(1), by_site("c.example"), by_account("writer1"), by_text(4))
    assert done.not_looked_up == ("url", "site", "account", "content")
    assert withdrawn(world, world.screen("kept", mode="ledger"), by_url(1), out="newer").not_looked_up == ()


def test_a_shard_that_loses_all_its_records_is_there_and_empty(world):
    run = world.screen()
    entries = [by_url(n, f"R-{n}") for n in range(20, 40)]
    done = withdrawn(world, run, *entries)
    assert [file.records for file in RunDirectory(done.out).manifest.data] == [15, 0, 15]
    assert_verified(done.out, earlier=run)


def test_a_dry_run_counts_and_makes_nothing(world):
    run = world.screen()
    before = sorted(world.folder.iterdir())
    done = withdrawn(world, run, by_site("a.example"), by_text(1), dry_run=True)
    made = sorted(p for p in world.folder.iterdir() if p.name != "newest")
    assert made == before
    whole = withdrawn(world, run, by_site("a.example"), by_text(1))
    assert done.totals == whole.totals


def test_another_rule_of_the_house_is_no_reason_to_loosen(world):
    run = world.screen()
    altered = world.folder / "altered"
    shutil.copytree(run, altered)
    (altered / "rightful/sites.parquet").write_bytes(b"")
    with pytest.raises(RunError, match="not what its list of digests says"):
        withdrawn(world, altered, by_url(1))
    manifest = json.loads((run / MANIFEST).read_bytes())
    (run / MANIFEST).write_text(json.dumps({**manifest, "ruleset": "0"}), encoding="utf-8")
    write_checksums(run)
    with pytest.raises(RunError, match="ruleset 0"):
        withdrawn(world, run, by_url(1))


def test_a_run_whose_evidence_does_not_give_what_it_decided_is_refused(world):
    run = world.screen()
    rules = run / "rightful/policy.toml"
    rules.write_text(POLICY.replace('"web"', '"net"'), encoding="utf-8")
    write_checksums(run)
    with pytest.raises(RunError, match="other rules"):
        withdrawn(world, run, by_url(1))
    manifest = json.loads((run / MANIFEST).read_bytes())
    manifest["policy"]["id"] = read_policy(rules).id
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    write_checksums(run)
    with pytest.raises(VerificationError, match="evidence does not give"):
        withdrawn(world, run, by_url(1))
    assert not (world.folder / "new").exists()


def test_what_is_there_and_something_else_is_left_alone(world):
    run = world.screen()
    with pytest.raises(RunError, match="is there"):
        withdrawn(world, run, by_url(1), out="signals")
    with pytest.raises(RunError, match="lies in the run"):
        withdrawn(world, run, by_url(1), out="run/new")
    with pytest.raises(RunError, match="lies in the run"):
        withdrawn(world, run, by_url(1), out="run")
    withdrawn(world, run, by_url(1))
    with pytest.raises(RunError, match="is there"):
        withdrawn(world, run, by_url(2), name="other")


def test_a_folder_of_exports_is_read_by_its_head(world):
    run = world.screen()
    world.register(by_url(1), name="exports/0123456789abcdef")
    (world.folder / "exports/HEAD").write_text("0123456789abcdef\n", encoding="ascii")
    done = withdraw(run, register=world.folder / "exports", out=world.folder / "new", now=NOW)
    assert done.removed == 1
    with pytest.raises(RegisterError, match="no folder of exported registers"):
        withdraw(run, register=world.folder / "signals/parts", out=world.folder / "newer", now=NOW)


def test_records_that_ship_otherwise_than_before_get_their_label(world):
    run = world.screen(policy=GRANTING)
    entry = replace(by_url(1), received_at=datetime(2026, 6, 1, tzinfo=UTC))
    done = withdrawn(world, run, entry)
    again = world.screen("again", policy=GRANTING, register=world.register(entry, name="newest"))
    assert ids_of(done.out) == ids_of(again)
    for one, other in zip(RunDirectory(done.out).data_files(), RunDirectory(again).data_files(), strict=True):
        assert pq.read_table(one).equals(pq.read_table(other))
    assert (done.removed, done.totals.relabelled) == (0, 1)
    assert_verified(done.out, earlier=run)


def test_the_demos_run_is_validated_and_documented_again(finished_run, tmp_path):
    data = pq.read_table(RunDirectory(finished_run).data_files()[0])
    url = data["url"][3].as_py()
    register = export_register(
        [OptOut(KeyKind.URL, canonical_key(KeyKind.URL, url), reference="R-1")], tmp_path / "register.arrow"
    )
    done = withdraw(finished_run, register=register, out=tmp_path / "out", now=NOW)
    assert done.removed == 1
    outcome = verify_run(done.out, everything=True, earlier=finished_run)
    assert outcome.findings == ()
    assert not any(step.skipped for step in outcome.steps)
    assert url not in (tmp_path / "out/README.md").read_text(encoding="utf-8")


def test_the_command_makes_a_version_of_each_run_and_its_receipt_is_read(world):
    runs = [world.screen("one"), world.screen("two", mode="label")]
    register = world.register(by_url(1), by_text(2), name="newest")
    asked = ["withdraw", *map(str, runs), "--register", str(register.path), "--now", NOW]
    key = world.folder / "key.pem"
    counted = CliRunner().invoke(app, [*asked, "--dry-run"])
    assert counted.exit_code == 0, counted.output
    assert "records that would go" in counted.output
    done = CliRunner().invoke(app, [*asked, "--signing-key", str(key), "--make-key"])
    assert done.exit_code == 0, done.output
    assert done.output.count("shards written anew") == 2
    made = world.folder / f"one-{register.version.removeprefix('sha256:')[:12]}"
    receipt = next((world.folder / f"{made.name}.receipts").glob("R-URL-*.json"))
    read = CliRunner().invoke(app, ["receipt", str(receipt), "--key", f"{key}.pub", "--run", str(made)])
    assert read.exit_code == 0, read.output
    assert "R-URL" in read.output
    assert CliRunner().invoke(app, ["verify", str(made), "--earlier", str(runs[0])]).exit_code == 0


def test_row_groups_of_the_inputs_are_what_the_world_says(world):
    assert pq.ParquetFile(world.inputs).metadata.num_row_groups == ROWS // GROUP
