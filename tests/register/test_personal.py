"""Personal data and sealed copies: read with a reason, gone in time, and sealed anew with another key."""

import pytest
from sqlalchemy import func, select, text
from tests.register.people import AUTHOR, DAY, HOUR, NOW, OTHER_WORK, RIVAL, WORK, repertoire, site, work
from tests.register.test_access_log import tamper

from rightful.errors import RegisterError
from rightful.register import rotation
from rightful.register.database import RegisterDatabase
from rightful.register.entries import KeyKind
from rightful.register.filing import lookup_of
from rightful.register.model import Limits, State
from rightful.register.overview import expired
from rightful.register.sealing import Key
from rightful.register.tables import claimants, keys, personal, works

NEW = Key(bytes(32))


def test_who_filed_is_told_to_whom_says_why(either):
    name = either.file(work(own_reference="drawer 7"), actor="desk", now=NOW)
    found = either.personal(name, actor="counsel", reason="serving papers", now=NOW)
    assert (found.name, found.contact, found.authority) == (AUTHOR.name, AUTHOR.contact, AUTHOR.authority)
    assert found.own_reference == "drawer 7"
    assert found.retain_until == NOW + Limits().retention
    for word in (AUTHOR.name, AUTHOR.contact, "drawer"):
        assert word not in repr(found)


def test_a_work_is_kept_only_where_that_was_asked_for(either):
    kept = either.file(work("Ein Werk: \ud800 \U0001f600 und Zeichen", keep_copy=True), actor="desk", now=NOW)
    bulk = either.file(repertoire([WORK, OTHER_WORK], keep_copy=True), actor="desk", now=NOW)
    not_kept = either.file(work(), actor="desk", now=NOW)
    read = {"actor": "expert", "reason": "comparing", "now": NOW}
    assert either.sealed_copies(kept, **read) == ("Ein Werk: \ud800 \U0001f600 und Zeichen",)
    assert either.sealed_copies(bulk, **read) == (WORK, OTHER_WORK)
    assert either.sealed_copies(not_kept, **read) == ()


def test_what_is_over_its_time_is_erased_and_the_request_stays(either, tmp_path):
    short = either.file(work(keep_copy=True, retain_until=NOW + DAY), actor="desk", now=NOW)
    long = either.file(work(OTHER_WORK, RIVAL), actor="desk", now=NOW)
    either.verify(short, actor="desk", now=NOW)
    assert either.erase_expired(actor="nightly", now=NOW + DAY - HOUR) == 0
    assert either.erase_expired(actor="nightly", now=NOW + DAY) == 2
    assert either.erase_expired(actor="nightly", now=NOW + DAY) == 0
    with pytest.raises(RegisterError, match="was deleted: its time was over"):
        either.personal(short, actor="counsel", reason="why not", now=NOW + DAY)
    assert either.sealed_copies(short, actor="counsel", reason="why not", now=NOW + DAY) == ()
    assert either.personal(long, actor="counsel", reason="post", now=NOW).name == RIVAL.name
    assert either.status(short).state is State.VERIFIED
    assert len(either.export(tmp_path, actor="nightly", now=NOW)) == 2
    either.verify_log()


def test_what_belongs_to_a_request_under_legal_hold_is_not_erased_until_its_release(either):
    over = {"keep_copy": True, "retain_until": NOW + DAY}
    held = either.file(work(**over), actor="desk", now=NOW)
    again = either.file(work(OTHER_WORK, **over), actor="desk", now=NOW)
    either.file(work(OTHER_WORK, RIVAL, **over), actor="desk", now=NOW)
    for name in (held, again):
        either.hold(name, actor="counsel", now=NOW, reason="case 12/26")
    either.release(again, actor="counsel", now=NOW)
    assert expired(either._store, NOW) == (0, 0, 0)
    assert expired(either._store, NOW + DAY) == (2, 2, 2)
    assert either.erase_expired(actor="nightly", now=NOW + DAY) == 4
    assert either.personal(held, actor="counsel", reason="serving papers", now=NOW + DAY).name == AUTHOR.name
    assert either.sealed_copies(held, actor="counsel", reason="comparing", now=NOW + DAY) == (WORK,)
    either.release(held, actor="counsel", now=NOW + DAY)
    assert expired(either._store, NOW + DAY) == (1, 1, 0)
    assert either.erase_expired(actor="nightly", now=NOW + DAY) == 2


def test_a_claimant_is_the_same_one_after_their_data_is_gone(tmp_path, key):
    """Limits and conflicts go by the pseudonym, which stays, also through another key."""
    limits = Limits(requests_a_day=1)
    with RegisterDatabase.open(tmp_path / "register.db", key=key, create=True, limits=limits) as register:
        first = register.file(work(retain_until=NOW), actor="desk", now=NOW)
        assert register.erase_expired(actor="nightly", now=NOW) == 1
        register.rotate(NEW, actor="operations", now=NOW)
        with pytest.raises(RegisterError, match="over the limit"):
            register.file(work(), actor="desk", now=NOW)
        register.file(work(), actor="desk", now=NOW + 2 * DAY)
        assert not register.status(first).conflict
        register.file(work(claimant=RIVAL), actor="desk", now=NOW)
        assert register.status(first).conflict


def test_another_key_seals_all_and_finds_all(either, place, key, tmp_path, monkeypatch):
    monkeypatch.setattr(rotation, "_PAGE", 2)
    name = either.file(work(own_reference="drawer 7", keep_copy=True), actor="desk", now=NOW)
    bulk = either.file(repertoire([f"{OTHER_WORK} {n}" for n in range(7)]), actor="desk", now=NOW)
    either.file(site(), actor="desk", now=NOW)
    before = either.export(tmp_path / "before", actor="nightly", now=NOW)
    statuses = either.status(name), either.status(bulk)
    head = either.log_head()
    either.rotate(NEW, actor="operations", now=NOW)
    assert (either.status(name), either.status(bulk)) == statuses
    assert either.verify_log(since=head).length == head.length + 1
    after = either.export(tmp_path / "after", actor="nightly", now=NOW)
    assert [after.entry(row) for row in range(len(after))] == [before.entry(row) for row in range(len(before))]
    assert either.personal(name, actor="counsel", reason="post", now=NOW).own_reference == "drawer 7"
    assert either.sealed_copies(name, actor="expert", reason="comparing", now=NOW) == (WORK,)
    either.file(work(claimant=RIVAL), actor="desk", now=NOW)
    assert either.status(name).conflict
    with either._store.reading() as connection:
        values = [
            bytes(value)
            for table in (claimants, keys, works, personal)
            for value in connection.scalars(select(table.c.sealed).where(table.c.sealed.is_not(None)))
        ]
        assert len(values) == 2 + 1 + 1 + 8 + 9 + 4
        assert all(value[1:9].hex() == NEW.id for value in values)
        of_site = select(keys.c.lookup, keys.c.spelling).where(keys.c.kind == "site")
        lookup, spelling = connection.execute(of_site).one()
        assert lookup == lookup_of(NEW, KeyKind.SITE, spelling)
    either.close()
    with pytest.raises(RegisterError, match="is not the key of the register"):
        RegisterDatabase.open(place, key=key)
    RegisterDatabase.open(place, key=NEW).close()


def test_a_rotation_that_fails_has_not_happened(database, tmp_path, key):
    name = database.file(work(), actor="desk", now=NOW)
    database.file(work(OTHER_WORK), actor="desk", now=NOW)
    head = database.log_head()
    tamper(tmp_path, "UPDATE optout_works SET sealed = CAST(substr(sealed, 1, 40) || x'00' AS BLOB) WHERE key = 2")
    with pytest.raises(RegisterError, match="altered"):
        database.rotate(NEW, actor="operations", now=NOW)
    assert database.log_head() == head
    assert database.personal(name, actor="counsel", reason="post", now=NOW).name == AUTHOR.name
    database.close()
    RegisterDatabase.open(tmp_path / "register.db", key=key).close()


def test_the_same_key_is_no_new_one(database):
    with pytest.raises(RegisterError, match="the register's key already"):
        database.rotate(Key(b"\x07" * 32), actor="operations", now=NOW)


def test_who_still_has_the_old_key_is_told_before_writing(either, place, key):
    name = either.file(work(), actor="desk", now=NOW)
    with RegisterDatabase.open(place, key=key) as other:
        either.rotate(NEW, actor="operations", now=NOW)
        for change in (
            lambda: other.file(site(), actor="desk", now=NOW),
            lambda: other.verify(name, actor="desk", now=NOW),
        ):
            with pytest.raises(RegisterError, match="is not the key of the register"):
                change()
    with either._store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(personal)) == 1


def test_a_value_moved_to_another_request_is_refused(database, tmp_path):
    first = database.file(work(), actor="desk", now=NOW)
    database.file(work(OTHER_WORK, RIVAL), actor="desk", now=NOW)
    with database._store.writing() as connection:
        connection.execute(
            text("UPDATE optout_personal SET sealed = (SELECT sealed FROM optout_personal WHERE request = 2)")
        )
    with pytest.raises(RegisterError, match="altered"):
        database.personal(first, actor="counsel", reason="post", now=NOW)
