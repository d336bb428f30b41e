"""Receipts: whoever asked can show what was done, and nobody can make one up."""

import base64
import hashlib
import json
import shutil

import pytest
from tests.withdrawal.world import NOW, OptOut, by_site, by_text, by_url, text_of

from rightful.errors import InputError, VerificationError
from rightful.ledger.run_directory import RunDirectory
from rightful.withdrawal.receipts import receipt_key, verify_receipt
from rightful.withdrawal.withdraw import withdraw


@pytest.fixture
def done(world):
    run = world.screen()
    facts = {"log": {"head": "a" * 64, "length": 7}}
    entries = [by_url(1, "R-ONE"), by_url(1, "R-TWO"), by_site("c.example", "R-SITE"), by_text(24, "a/b ü")]
    register = world.register(*entries, by_url(3, "R-NOT-THERE"), name="newest", facts=facts)
    return withdraw(
        run, register=register, out=world.folder / "new", now=NOW, signing_key=world.folder / "k.pem", make_key=True
    )


@pytest.fixture
def public(world):
    return world.folder / "k.pem.pub"


def test_every_request_that_took_something_out_has_one(done, public, world):
    stated = {r["reference"]: r for r in (verify_receipt(file, public, run=done.out) for file in done.receipts)}
    assert {name: receipt["records_removed"] for name, receipt in stated.items()} == {
        "R-ONE": 1, "R-TWO": 1, "R-SITE": 15, "a/b ü": 1,
    }  # fmt: skip
    one = stated["R-ONE"]
    before, after = RunDirectory(world.folder / "run").manifest, RunDirectory(done.out).manifest
    assert (one["earlier"]["root"], one["version"]["root"]) == (before.root, after.root)
    assert one["log"] == {"head": "a" * 64, "length": 7}
    assert one["at"] == "2026-11-02T08:00:00+00:00"
    assert one["absence_test"] == {"records": after.counts.admit, "found": 0}
    assert one["shards"] == [file.path for file in after.data]
    assert all(file.parent == world.folder / "new.receipts" for file in done.receipts)


def test_they_tell_no_text_and_no_location(done):
    for file in done.receipts:
        told = file.read_text(encoding="utf-8")
        assert "example" not in told.replace("a/b", "")
        assert not any(word in told for word in text_of(24).split())


def altered(file, change):
    signed = json.loads(file.read_bytes())
    change(signed)
    other = file.with_name("altered.json")
    other.write_text(json.dumps(signed), encoding="utf-8")
    return other


@pytest.mark.parametrize(
    "change",
    [
        lambda signed: signed["receipt"].update(records_removed=2),
        lambda signed: signed["receipt"].update(reference="R-ME"),
        lambda signed: signed["receipt"].update(note="more"),
        lambda signed: signed["signature"].update(value=base64.b64encode(b"0" * 64).decode()),
        lambda signed: signed["signature"].update(value="no base64"),
        lambda signed: signed["signature"].update(algorithm="none"),
        lambda signed: signed["receipt"].update(format="another"),
        lambda signed: signed.pop("signature"),
        lambda signed: signed.pop("receipt"),
    ],
)
def test_an_altered_one_is_found(done, public, change):
    with pytest.raises(VerificationError):
        verify_receipt(altered(done.receipts[0], change), public)


def test_one_signed_with_another_key_is_found(done, world):
    def forge(signed):
        own = receipt_key(world.folder / "mine.pem", make=True)
        text = json.dumps(signed["receipt"], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        signed["signature"]["value"] = base64.b64encode(own.sign(text.encode())).decode()

    forged = altered(done.receipts[0], forge)
    verify_receipt(forged, world.folder / "mine.pem.pub")
    with pytest.raises(VerificationError, match="another key"):
        verify_receipt(forged, world.folder / "k.pem.pub")


def test_a_later_version_is_spoken_of_too_and_another_run_is_not(done, public, world):
    later = withdraw(done.out, register=world.register(by_url(5), name="later"), out=world.folder / "v3", now=NOW)
    verify_receipt(done.receipts[0], public, run=later.out)
    with pytest.raises(VerificationError, match="neither"):
        verify_receipt(done.receipts[0], public, run=world.folder / "run")
    other = world.folder / "other"
    shutil.copytree(done.out, other)
    manifest = json.loads((other / "rightful/manifest.json").read_bytes())
    (other / "rightful/manifest.json").write_text(json.dumps({**manifest, "tool": "mine"}), encoding="utf-8")
    with pytest.raises(VerificationError, match="neither"):
        verify_receipt(done.receipts[0], public, run=other)


def test_the_key_is_for_its_owner_alone_and_made_only_if_asked(world):
    with pytest.raises(InputError, match="no key to sign"):
        receipt_key(world.folder / "none.pem")
    receipt_key(world.folder / "some.pem", make=True)
    assert (world.folder / "some.pem").stat().st_mode & 0o777 == 0o600
    same = receipt_key(world.folder / "some.pem", make=True).public_key()
    assert same == receipt_key(world.folder / "some.pem").public_key()
    (world.folder / "bad.pem").write_text("no key", encoding="utf-8")
    with pytest.raises(InputError, match="no key to sign"):
        receipt_key(world.folder / "bad.pem", make=True)
    with pytest.raises(InputError, match="no public key"):
        verify_receipt(world.folder / "bad.pem", world.folder / "bad.pem")


def test_no_key_no_receipts_and_none_in_a_run(world):
    run = world.screen()
    register = world.register(by_url(1))
    done = withdraw(run, register=register, out=world.folder / "new", now=NOW)
    assert done.receipts == ()
    assert not (world.folder / "new.receipts").exists()
    with pytest.raises(InputError, match="not published"):
        withdraw(
            run, register=register, out=world.folder / "new", now=NOW, receipts=run / "receipts",
            signing_key=world.folder / "k.pem", make_key=True,
        )  # fmt: skip


def test_an_opt_out_without_a_reference_has_effect_and_no_receipt(world):
    entry = OptOut(by_url(1).kind, by_url(1).key)
    done = withdraw(
        world.screen(), register=world.register(entry), out=world.folder / "new", now=NOW,
        signing_key=world.folder / "k.pem", make_key=True,
    )  # fmt: skip
    assert (done.removed, done.receipts, done.totals.requests) == (1, (), {"": 1})


def test_many_records_of_several_requests_are_counted_for_each(world):
    run = world.screen()
    entries = [by_url(n, f"R-{n % 3}") for n in range(0, 60, 2)] + [
        by_site("a.example", "R-A"),
        by_site("a.example", "R-B"),
    ]
    done = withdraw(run, register=world.register(*entries), out=world.folder / "new", now=NOW)
    named = [n for n in range(0, 60, 2) if n % 4 != 3]
    expected = {f"R-{k}": sum(n % 3 == k for n in named) for k in range(3)} | {"R-A": 15, "R-B": 15}
    assert done.totals.requests == expected


def test_each_reference_has_a_file_of_its_own_whatever_strangers_call_theirs(world):
    digest = hashlib.sha256(b"a/b").hexdigest()
    references = [
        "../../up", "..", ".", "a/b", digest, digest.upper(), "exposure", "EXPOSURE", "x" * 5000, "-rf", "R-1\n",
        "a\x00b", "\u202e中文", "a\\b",
    ]  # fmt: skip
    log = world.folder / "log.jsonl"
    log.write_text("", encoding="utf-8")
    entries = [by_url(4 * number, reference) for number, reference in enumerate(references)]
    before = set(world.folder.parent.iterdir())
    done = withdraw(
        world.screen(), register=world.register(*entries), out=world.folder / "new", now=NOW, train_log=log,
        signing_key=world.folder / "k.pem", make_key=True,
    )  # fmt: skip
    stated = [verify_receipt(file, world.folder / "k.pem.pub", run=done.out)["reference"] for file in done.receipts]
    assert sorted(stated) == sorted(references)
    folder = world.folder / "new.receipts"
    assert {file.parent for file in done.receipts} == {folder}
    assert len({file.name.lower() for file in folder.iterdir()}) == len(references) + 1
    assert set(world.folder.parent.iterdir()) == before


@pytest.mark.parametrize("mode", ["label", "ledger"])
def test_nobody_is_told_that_records_are_gone_where_all_of_them_stay(world, mode):
    done = withdraw(
        world.screen(mode=mode), register=world.register(by_url(1)), out=world.folder / "new", now=NOW,
        signing_key=world.folder / "k.pem", make_key=True,
    )  # fmt: skip
    assert (done.removed, done.receipts, done.totals.requests) == (1, (), {})
