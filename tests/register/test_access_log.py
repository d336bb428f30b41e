"""The log: every change and every look at what is protected is in it, and a broken row is named."""

import json
import sqlite3

import pytest
from sqlalchemy import text
from tests.register.people import AUTHOR, DAY, HOUR, NOW, WORK, site, somebody, work

from rightful.errors import RegisterError
from rightful.register.access_log import NO_HASH, LogHead
from rightful.register.model import Act
from rightful.register.sealing import Key


def rows(folder):
    connection = sqlite3.connect(folder / "register.db")
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute("SELECT * FROM optout_log ORDER BY n")]
    connection.close()
    return found


def tamper(folder, *statements):
    """Change a register as who owns its file can: past the triggers."""
    connection = sqlite3.connect(folder / "register.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def with_history(database):
    for number in range(4):
        name = database.file(site(f"s{number}.example", somebody(number)), actor="desk", now=NOW)
        database.verify(name, actor="desk", now=NOW + HOUR)
    return name


def test_an_empty_log_has_a_head(database):
    assert database.log_head() == (0, NO_HASH)
    assert database.verify_log() == (0, NO_HASH)


def test_every_change_and_every_look_is_a_row(database, tmp_path, key):
    name = database.file(work(keep_copy=True), actor="desk", now=NOW)
    database.verify(name, actor="nightly", now=NOW, automatic=True)
    database.hold(name, actor="counsel", now=NOW, reason="case 12/26")
    database.personal(name, actor="counsel", reason="serving papers", now=NOW)
    database.sealed_copies(name, actor="expert", reason="comparing", now=NOW)
    database.export(tmp_path / "exports", actor="nightly", now=NOW)
    database.note("read-receipt", "receipt 12", actor="auditor", now=NOW)
    database.rotate(Key(bytes(32)), actor="operations", now=NOW)
    database.release(name, actor="counsel", now=NOW)
    database.erase_expired(actor="nightly", now=NOW + 2000 * DAY)
    found = rows(tmp_path)
    assert [(row["actor"], row["action"]) for row in found] == [
        ("desk", "file"),
        ("nightly", "verify"),
        ("counsel", "hold"),
        ("counsel", "read-personal"),
        ("expert", "read-copies"),
        ("nightly", "export"),
        ("auditor", "read-receipt"),
        ("operations", "rotate"),
        ("counsel", "release"),
        ("nightly", "erase"),
    ]
    assert found[3]["reason"] == "serving papers"
    assert {row["object"] for row in found[:5]} == {name}
    assert [bool(row["record"]) for row in found] == [True] * 3 + [False] * 5 + [True, False]
    assert database.verify_log() == database.log_head() == (10, found[-1]["hash"])


def test_what_is_refused_and_what_is_public_leaves_no_row(database):
    name = database.file(work(), actor="desk", now=NOW)
    head = database.log_head()
    database.status(name), database.version(), database.facts(NOW), database.pending(), database.conflicts(name)
    with pytest.raises(RegisterError):
        database.confirm(name, actor="desk", now=NOW)
    for read in (database.personal, database.sealed_copies):
        with pytest.raises(RegisterError, match="no reason given"):
            read(name, actor="desk", reason="", now=NOW)
    with pytest.raises(RegisterError, match="use its method"):
        database.note(Act.VERIFY.value, name, actor="desk", now=NOW)
    assert database.erase_expired(actor="nightly", now=NOW) == 0
    assert database.log_head() == head


@pytest.mark.parametrize("column", ["at", "actor", "action", "object", "reason", "record", "previous", "hash"])
@pytest.mark.parametrize("row", [1, 4, 8])
def test_a_changed_row_is_named(database, tmp_path, column, row):
    with_history(database)
    value = "at + 1" if column == "at" else f"'{'f' * 64}'"
    tamper(tmp_path, f"UPDATE optout_log SET {column} = {value} WHERE n = {row}")  # noqa: S608
    with pytest.raises(RegisterError, match=f"broken at row {row}") as caught:
        database.verify_log()
    assert caught.value.where["row"] == row


def test_a_row_that_was_taken_out_is_named(database, tmp_path):
    with_history(database)
    tamper(tmp_path, "DELETE FROM optout_log WHERE n = 3")
    with pytest.raises(RegisterError, match="broken at row 3"):
        database.verify_log()


def test_a_cut_log_is_found_by_its_events_and_by_a_head_known_before(database, tmp_path):
    with_history(database)
    database.note("shown", "a file", actor="desk", now=NOW)
    head = database.log_head()
    tamper(tmp_path, "DELETE FROM optout_log WHERE n = 9")
    assert database.verify_log().length == 8
    with pytest.raises(RegisterError, match="cut or rewritten"):
        database.verify_log(since=head)
    tamper(tmp_path, "DELETE FROM optout_log WHERE n = 8")
    with pytest.raises(RegisterError, match="events and log disagree"):
        database.verify_log()


def test_a_tail_that_was_cut_since_an_export_is_found_by_the_head_the_export_had(either, tmp_path):
    with_history(either)
    either.export(tmp_path / "exports", actor="nightly", now=NOW)
    either.note("shown", "a file", actor="desk", now=NOW)
    either.verify_log()
    with either._store.writing() as connection:
        if either._store.sqlite:
            connection.execute(text("DROP TRIGGER optout_log_no_delete"))
            connection.execute(text("DROP TRIGGER optout_events_no_delete"))
        else:
            connection.execute(text("ALTER TABLE optout_log DISABLE TRIGGER ALL"))
            connection.execute(text("ALTER TABLE optout_events DISABLE TRIGGER ALL"))
        connection.execute(text("DELETE FROM optout_log WHERE n > 7"))
        connection.execute(text("DELETE FROM optout_events WHERE id > 7"))
    with pytest.raises(RegisterError, match="at 8 rows: it was cut or rewritten") as caught:
        either.verify_log()
    assert caught.value.where["row"] == 8


def test_a_head_known_before_stays_in_the_chain(database):
    with_history(database)
    head = database.log_head()
    database.note("shown", "a file", actor="desk", now=NOW)
    assert database.verify_log(since=head).length == head.length + 1
    assert database.verify_log(since=tuple(head))
    assert database.verify_log(since=(0, NO_HASH))
    with pytest.raises(RegisterError, match="cut or rewritten"):
        database.verify_log(since=LogHead(3, "f" * 64))


@pytest.mark.parametrize(
    "change", ["reason = 'another'", "state = 'rejected'", "at = at - 1", "actor = 'me'", "automatic = 1 - automatic"]
)
def test_an_event_that_was_changed_is_not_what_the_log_says(database, tmp_path, change):
    name = with_history(database)
    tamper(tmp_path, f"UPDATE optout_events SET {change} WHERE id = 8")  # noqa: S608
    with pytest.raises(RegisterError, match=f"event 2 of request {name} is not what the log says"):
        database.verify_log()


def test_an_event_slipped_in_beside_the_log_is_found(database, tmp_path):
    with_history(database)
    tamper(
        tmp_path,
        "INSERT INTO optout_events (request, seq, act, state, at, actor, automatic, reason, details) "
        "VALUES (1, 3, 'withdraw', 'withdrawn', 0, 'me', 0, '', '{}')",
    )
    with pytest.raises(RegisterError, match="events and log disagree"):
        database.verify_log()


def test_the_log_can_be_recomputed_by_anybody(database, tmp_path):
    """The rule in the module's docstring, written down once more, independently."""
    import hashlib

    with_history(database)
    previous = "0" * 64
    for row in rows(tmp_path):
        stated = row.pop("hash")
        assert row["previous"] == previous
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        previous = hashlib.sha256(text.encode("ascii")).hexdigest()
        assert previous == stated


def test_the_log_names_nobody_who_asked(database, tmp_path):
    database.file(work(own_reference="my file 7"), actor="desk", now=NOW)
    said = json.dumps(rows(tmp_path))
    for word in (AUTHOR.name, AUTHOR.contact, "my file 7", WORK[:20]):
        assert word not in said
