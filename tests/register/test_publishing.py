"""Exports: what goes out in which state, versions and what changed, tombstones, and what facts say of it."""

import json
import sqlite3

import pytest
from tests.register.people import (
    AUTHOR,
    DAY,
    HOUR,
    NOW,
    OTHER_WORK,
    RIVAL,
    WORK,
    digest,
    repertoire,
    site,
    somebody,
    work,
)
from tests.register.test_access_log import tamper

from rightful.errors import RegisterError
from rightful.register import publishing
from rightful.register.database import RegisterDatabase
from rightful.register.delta import delta_versions, read_delta
from rightful.register.entries import KeyKind
from rightful.register.export import Register
from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.register.model import NewRequest, Scope
from rightful.register.sealing import Key


def states(register):
    return {(e.kind.value, e.reference): e.state.value for e in map(register.entry, range(len(register)))}


def delta(register):
    table = read_delta(register.path.parent / "delta.arrow")
    return delta_versions(table), sorted(tuple(row.values())[:-1] for row in table.to_pylist())


def finished(database, request, steps=("verify", "match", "remove", "confirm")):
    name = database.file(request, actor="desk", now=NOW)
    for step in steps:
        more = {"receipt": "ab" * 32} if step == "remove" else {"reason": "not-found"} if step == "reject" else {}
        getattr(database, step)(name, actor="desk", now=NOW, **more)
    return name


def test_entries_go_out_in_the_state_that_says_their_effect(either, tmp_path):
    ways = {
        "received": (),
        "verified": ("verify",),
        "matched": ("verify", "match"),
        "removed": ("verify", "match", "remove"),
        "confirmed": ("verify", "match", "remove", "confirm"),
        "rejected": ("reject",),
        "withdrawn": ("verify", "withdraw"),
    }
    names = {state: finished(either, site(f"{state}.example", somebody(state)), steps) for state, steps in ways.items()}
    appealed = finished(either, site("appealed.example", somebody("appealed")), ("reject",))
    either.appeal(appealed, reason="again", actor="desk", now=NOW)
    register = either.export(tmp_path, actor="nightly", now=NOW)
    register.verify()
    in_effect = {("site", names[state]): "verified" for state in ("verified", "matched", "removed", "confirmed")}
    assert states(register) == in_effect | {("site", names["received"]): "received", ("site", appealed): "received"}


def test_keys_of_every_kind_come_out_as_they_went_in(either, tmp_path):
    locations = [
        (KeyKind.URL, "https://Example.org/essay#top"),
        (KeyKind.PREFIX, "example.org/blog/"),
        (KeyKind.HOST, "www.example.org"),
        (KeyKind.SITE, "bücher.example"),
        (KeyKind.ACCOUNT, "GitHub/Ｆoo"),
    ]
    name = either.file(repertoire([WORK], locations, ["ab" * 32]), actor="desk", now=NOW)
    register = either.export(tmp_path, actor="nightly", now=NOW)
    found = {(e.kind.value, e.key): (e.reference, e.received_at) for e in map(register.entry, range(len(register)))}
    assert found == dict.fromkeys(
        [
            ("url", "//example.org/essay"),
            ("prefix", "//example.org/blog/"),
            ("host", "www.example.org"),
            ("site", "xn--bcher-kva.example"),
            ("account", "github/foo"),
            ("content", "ab" * 32),
            ("content", text_digest(WORK)),
        ],
        (name, NOW),
    )


def test_works_go_out_as_fingerprints_as_long_as_their_request_is_in_force(database, tmp_path):
    first = database.file(work(), actor="desk", now=NOW)
    register = database.export(tmp_path, actor="nightly", now=NOW)
    assert [register.works.digest_of(0)] == [text_digest(WORK)]
    database.file(digest(text_digest(OTHER_WORK), RIVAL), actor="desk", now=NOW)
    database.file(work(WORK.upper(), RIVAL), actor="desk", now=NOW)
    register = database.export(tmp_path, actor="nightly", now=NOW)
    assert len(register.works) == 1  # one work, twice claimed; and a digest has no fingerprint
    database.withdraw(first, actor="desk", now=NOW)
    assert len(database.export(tmp_path, actor="nightly", now=NOW).works) == 1
    assert fingerprints_of([WORK])[0].digest == fingerprints_of([WORK.upper()])[0].digest


def test_two_claimants_hold_until_one_is_turned_down(either, tmp_path):
    first = finished(either, work(), ("verify",))
    second = finished(either, work(WORK.upper(), RIVAL), ("verify",))
    other = finished(either, work(OTHER_WORK), ("verify",))
    register = either.export(tmp_path, actor="nightly", now=NOW)
    bits, _ = register.find(KeyKind.CONTENT, [text_digest(WORK), text_digest(OTHER_WORK)])
    assert bits.tolist() == [1, 2]
    either.reject(second, reason="conflict-lost", actor="desk", now=NOW)
    register = either.export(tmp_path, actor="nightly", now=NOW)
    assert states(register) == {("content", first): "verified", ("content", other): "verified"}
    either.appeal(second, reason="a deed was found", actor="desk", now=NOW)
    register = either.export(tmp_path, actor="nightly", now=NOW)
    assert states(register)["content", first] == "received"
    either.withdraw(second, actor="desk", now=NOW)
    assert states(either.export(tmp_path, actor="nightly", now=NOW))["content", first] == "verified"


def test_the_same_claimant_twice_is_no_conflict(database, tmp_path):
    finished(database, work(), ("verify",))
    finished(database, work(), ("verify",))
    assert set(states(database.export(tmp_path, actor="nightly", now=NOW)).values()) == {"verified"}


def test_a_conflict_over_one_key_holds_that_key_alone(database, tmp_path):
    mine = finished(database, repertoire([WORK, OTHER_WORK]), ("verify",))
    finished(database, work(claimant=RIVAL), ())
    register = database.export(tmp_path, actor="nightly", now=NOW)
    bits, _ = register.find(KeyKind.CONTENT, [text_digest(WORK), text_digest(OTHER_WORK)])
    assert bits.tolist() == [1, 2]
    assert database.status(mine).conflict


def listing(folder):
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_an_unchanged_register_is_the_same_version_and_nothing_is_written(either, tmp_path):
    name = finished(either, work(), ("verify",))
    first = either.export(tmp_path / "exports", actor="nightly", now=NOW)
    before, head = listing(tmp_path / "exports"), either.log_head()
    again = either.export(tmp_path / "exports", actor="nightly", now=NOW + DAY)
    assert (again.version, again.path, listing(tmp_path / "exports")) == (first.version, first.path, before)
    assert either.log_head() == head
    either.match(name, actor="desk", now=NOW)  # in the log, but not in the export
    again = either.export(tmp_path / "exports", actor="nightly", now=NOW + DAY)
    assert (again.version, listing(tmp_path / "exports")) == (first.version, before)
    assert again.facts == first.facts
    assert again.facts["as_of"] == NOW.isoformat()


def test_what_comes_and_goes_leaves_the_version_as_it_was(database, tmp_path):
    finished(database, work(), ("verify",))
    first = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    before = listing(tmp_path / "exports")
    finished(database, site(), ("withdraw",))
    assert database.export(tmp_path / "exports", actor="nightly", now=NOW + HOUR).version == first.version
    assert listing(tmp_path / "exports") == before


def test_versions_stand_beside_each_other_and_head_names_the_newest(database, tmp_path):
    finished(database, work(), ("verify",))
    first = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    finished(database, site(), ())
    second = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    for register in (first, second):
        assert register.path.parent.name == register.version.removeprefix("sha256:")[:16]
        assert Register.open(register.path).version == register.version
    assert publishing.head(tmp_path / "exports") == second.path
    assert (tmp_path / "exports" / "HEAD").read_text() == f"{second.path.parent.name}\n"
    assert publishing.head(tmp_path) is None
    assert not list((tmp_path / "exports").glob(".*"))


def test_a_rotation_puts_the_works_under_another_key_and_changes_nothing_else(database, tmp_path):
    finished(database, work(), ("verify",))
    first = database.export(tmp_path / "one", actor="nightly", now=NOW)
    database.rotate(Key(bytes(32)), actor="operations", now=NOW)
    again = database.export(tmp_path / "other", actor="nightly", now=NOW + DAY)
    assert list(map(again.entry, range(len(again)))) == list(map(first.entry, range(len(first))))
    assert again.works.key != first.works.key
    assert [again.works.digest_of(n) for n in range(len(again.works))] == [first.works.digest_of(0)]
    assert {len(again.find(KeyKind.CONTENT, [first.works.digest_of(0)])[1])} == {1}


def test_the_delta_tells_what_changed_and_no_key(either, tmp_path):
    gone = finished(either, work(), ("verify",))
    changed = finished(either, site(), ())
    stays = finished(either, site("stays.example"), ())
    first = either.export(tmp_path, actor="nightly", now=NOW)
    assert not (first.path.parent / "delta.arrow").exists()
    either.withdraw(gone, actor="desk", now=NOW)
    either.verify(changed, actor="desk", now=NOW)
    new = finished(either, work(OTHER_WORK), ())
    second = either.export(tmp_path, actor="nightly", now=NOW)
    versions, rows = delta(second)
    assert versions == (first.version, second.version)
    assert rows == [
        ("added", "content", new, None, "received"),
        ("changed", "site", changed, "received", "verified"),
        ("removed", "content", gone, "verified", None),
    ]
    octets = (second.path.parent / "delta.arrow").read_bytes()
    for key in (stays, "example", text_digest(OTHER_WORK)):
        assert key.encode() not in octets


@pytest.mark.parametrize("taken", ["the key", "the request"])
def test_a_tombstone_that_is_lost_stops_the_export(database, tmp_path, taken):
    lost = finished(database, repertoire([WORK, OTHER_WORK]))
    rejected = finished(database, site(), ("verify",))
    kept = finished(database, site("kept.example"), ("verify",))
    exports = tmp_path / "exports"
    first = database.export(exports, actor="nightly", now=NOW)
    assert first.facts["tombstones"] == {"exported": 4, "lost": 0}
    database.reject(rejected, reason="not-found", actor="desk", now=NOW)
    statements = ["DELETE FROM optout_works", "DELETE FROM optout_keys WHERE request = 1"]
    if taken == "the request":
        statements += ["DELETE FROM optout_personal", "DELETE FROM optout_events WHERE request = 1"]
        statements += ["DELETE FROM optout_requests WHERE id = 1"]
    tamper(tmp_path, *statements)
    with pytest.raises(RegisterError, match="2 tombstones of the version before") as caught:
        database.export(exports, actor="nightly", now=NOW)
    assert caught.value.where["lost"] == 2
    assert publishing.head(exports) == first.path
    assert sorted(file.name for file in exports.iterdir()) == sorted([first.path.parent.name, "HEAD"])
    register = database.export(exports, actor="nightly", now=NOW, unsafe_allow_lost=True)
    assert register.facts["tombstones"] == {"exported": 1, "lost": 2}
    assert states(register) == {("site", kept): "verified"}
    assert lost not in repr(register.facts)


def test_a_work_that_lost_its_fingerprint_stops_the_export(database, tmp_path):
    """Its entry is there still, so that exact copies are found: edited ones are not."""
    finished(database, work())
    finished(database, work(OTHER_WORK, RIVAL))
    exports = tmp_path / "exports"
    first = database.export(exports, actor="nightly", now=NOW)
    finished(database, site(), ("verify",))  # else the export is known to be current
    tamper(tmp_path, "DELETE FROM optout_works WHERE key = 1")
    with pytest.raises(RegisterError, match="1 tombstones of the version before"):
        database.export(exports, actor="nightly", now=NOW)
    assert publishing.head(exports) == first.path
    register = database.export(exports, actor="nightly", now=NOW, unsafe_allow_lost=True)
    assert register.facts["tombstones"] == {"exported": 3, "lost": 1}
    assert len(register.works) == 1


def test_a_fingerprint_that_went_with_its_request_is_not_lost(database, tmp_path):
    mine = finished(database, work(), ("verify",))
    theirs = finished(database, digest(text_digest(WORK)), ("verify",))
    exports = tmp_path / "exports"
    assert len(database.export(exports, actor="nightly", now=NOW).works) == 1
    database.withdraw(mine, actor="desk", now=NOW)
    register = database.export(exports, actor="nightly", now=NOW)
    assert (states(register), len(register.works or ())) == ({("content", theirs): "verified"}, 0)


def test_an_older_copy_of_the_database_does_not_pass_for_the_register(tmp_path, key):
    place = tmp_path / "register.db"
    with RegisterDatabase.open(place, key=key, create=True) as database:
        finished(database, work(), ("verify",))
        with sqlite3.connect(place) as source, sqlite3.connect(tmp_path / "copy.db") as copy:
            source.backup(copy)
        source.close(), copy.close()
        finished(database, site(), ("verify",))
        database.export(tmp_path / "exports", actor="nightly", now=NOW)
        head = database.log_head()
    with RegisterDatabase.open(tmp_path / "copy.db", key=key) as restored:
        with pytest.raises(RegisterError, match="1 tombstones"):
            restored.export(tmp_path / "exports", actor="nightly", now=NOW)
        with pytest.raises(RegisterError, match="cut or rewritten"):
            restored.verify_log(since=head)


def test_facts_count_states_reasons_times_and_the_log(either, tmp_path):
    names = [either.file(site(f"s{n}.example", somebody(n)), actor="desk", now=NOW + n * HOUR) for n in range(5)]
    for name in names[:3]:
        either.verify(name, actor="desk", now=NOW + 6 * HOUR, automatic=name == names[0])
    either.match(names[0], actor="nightly", now=NOW + 6 * HOUR, automatic=True)
    either.remove(names[0], receipt="r", actor="nightly", now=NOW + 6 * HOUR, automatic=True)
    either.reject(names[3], reason="not-the-holder: says the deed", actor="desk", now=NOW)
    either.reject(names[4], reason="Mr Inkwell telephoned", actor="desk", now=NOW)
    assert either.facts(NOW)["tombstones"] == {"exported": 0, "lost": 0}
    register = either.export(tmp_path, actor="nightly", now=NOW + 10 * HOUR)
    facts = register.facts
    log = facts.pop("log")
    assert facts == {
        "requests": {
            "received": 5,
            "verified": 3,
            "matched": 1,
            "removed": 1,
            "confirmed": 0,
            "rejected": 2,
            "withdrawn": 0,
        },
        "open": 3,
        "rejected_by_reason": {"not-the-holder": 1, "other": 1},
        "time_to_effect_seconds": {"median": 9 * 3600, "p95": 10 * 3600, "n": 3},
        "automatic": 3,
        "manual": 4,
        "tombstones": {"exported": 3, "lost": 0},
        "as_of": (NOW + 10 * HOUR).isoformat(),
    }
    assert either.verify_log(since=(log["length"], log["head"])).length == log["length"] + 1
    after = either.facts(NOW + 10 * HOUR)
    assert after["log"]["length"] == log["length"] + 1
    after.pop("log")
    assert after == facts
    json.dumps(facts)


def test_time_to_effect_ends_with_the_first_export_that_excludes(database, tmp_path):
    name = database.file(work(), actor="desk", now=NOW)
    rival = database.file(work(claimant=RIVAL), actor="desk", now=NOW)
    database.export(tmp_path, actor="nightly", now=NOW + HOUR)
    database.verify(name, actor="desk", now=NOW + HOUR)
    database.export(tmp_path, actor="nightly", now=NOW + 2 * HOUR)
    assert database.facts(NOW)["time_to_effect_seconds"] == {"median": None, "p95": None, "n": 0}
    database.reject(rival, reason="conflict-lost", actor="desk", now=NOW + 3 * HOUR)
    database.export(tmp_path, actor="nightly", now=NOW + 4 * HOUR)
    database.withdraw(name, actor="desk", now=NOW + 5 * HOUR)
    database.export(tmp_path, actor="nightly", now=NOW + 6 * HOUR)
    assert database.facts(NOW)["time_to_effect_seconds"] == {"median": 4 * 3600, "p95": 4 * 3600, "n": 1}


def test_an_export_that_saw_less_does_not_take_head_back(database, tmp_path, monkeypatch):
    """Two export at once; the one that began earlier ends later."""
    finished(database, work(), ("verify",))
    record = publishing._record

    def while_another_exports(*arguments, **named):
        monkeypatch.setattr(publishing, "_record", record)
        finished(database, site(), ("verify",))
        newer.append(database.export(tmp_path, actor="nightly", now=NOW))
        return record(*arguments, **named)

    newer = []
    monkeypatch.setattr(publishing, "_record", while_another_exports)
    register = database.export(tmp_path, actor="nightly", now=NOW)
    assert register.version == newer[0].version
    assert publishing.head(tmp_path) == newer[0].path


def test_an_export_that_is_killed_before_head_is_made_again(database, tmp_path, monkeypatch):
    finished(database, work(), ("verify",))
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "write_whole", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            database.export(tmp_path, actor="nightly", now=NOW)
    assert publishing.head(tmp_path) is None
    register = database.export(tmp_path, actor="nightly", now=NOW + HOUR)
    assert publishing.head(tmp_path) == register.path
    assert database.facts(NOW)["time_to_effect_seconds"]["n"] == 1
    database.verify_log()


def test_an_empty_register_goes_out_empty(either, tmp_path):
    register = either.export(tmp_path, actor="nightly", now=NOW)
    assert len(register) == 0
    assert register.works is None or len(register.works) == 0
    assert register.facts["requests"]["received"] == 0


def test_nothing_that_goes_out_has_text_or_names(database, tmp_path):
    database.file(work(keep_copy=True, own_reference="drawer 7"), actor="desk", now=NOW)
    database.export(tmp_path / "exports", actor="nightly", now=NOW)
    name = finished(database, NewRequest(RIVAL, Scope.WORK, good_faith=True, texts=[OTHER_WORK]), ())
    database.export(tmp_path / "exports", actor="nightly", now=NOW)
    assert name
    for file in (tmp_path / "exports").rglob("*"):
        octets = file.read_bytes() if file.is_file() else b""
        for word in ("lamplighter", "archive", "pigeons", AUTHOR.name, RIVAL.contact, "drawer 7"):
            assert word.encode() not in octets
