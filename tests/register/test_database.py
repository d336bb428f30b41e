"""The database: how it is opened and migrated, that it only grows, and that its file tells nothing."""

import base64
import hashlib
import sqlite3
import stat
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from tests.register.people import AUTHOR, DAY, HOUR, NOW, OTHER_WORK, WORK, repertoire, site, work

from rightful.errors import RegisterError
from rightful.register.access_log import head_of
from rightful.register.database import RegisterDatabase
from rightful.register.filing import file_request
from rightful.register.fingerprint import canonical_text, fingerprints_of, text_digest
from rightful.register.migrations import VERSION_TABLE, bring_up_to_date, newest_revision, revision_of
from rightful.register.model import State
from rightful.register.sealing import Key
from rightful.register.store import Store, url_of
from rightful.register.tables import metadata


@pytest.mark.parametrize("module", ["sqlalchemy", "alembic.config"])
def test_without_its_extra_the_database_names_it(module):
    script = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from rightful.errors import MissingExtraError\n"
        "try: import rightful.register.database\n"
        "except MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "rightful[register]"' in done.stdout
    assert module.partition(".")[0] in done.stdout.lower()


def test_a_register_is_made_only_where_that_was_asked_for(tmp_path, key):
    file = tmp_path / "deep" / "register.db"
    with pytest.raises(RegisterError, match="does not exist") as caught:
        RegisterDatabase.open(file, key=key)
    assert "create=True" in caught.value.hint
    assert not file.exists()
    RegisterDatabase.open(file, key=key, create=True).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with RegisterDatabase.open(f"sqlite:///{file}", key=key) as again:
        assert again.pending() == ()


def test_a_path_names_that_file_whatever_characters_it_has(tmp_path, key):
    for name in ("register?mode=memory", "100%25.db", "a#b.db"):
        RegisterDatabase.open(tmp_path / name, key=key, create=True).close()
        assert (tmp_path / name).stat().st_size > 0


def test_threads_can_make_registers_at_once(tmp_path, key):
    def made(number):
        with RegisterDatabase.open(tmp_path / f"{number}.db", key=key, create=True) as database:
            return database.log_head().length

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(made, range(8))) == [0] * 8


def test_an_empty_database_is_no_register(place, key):
    if place.startswith("sqlite"):
        sqlite3.connect(url_of(place).database).close()
    with pytest.raises(RegisterError, match="holds no opt-out register"):
        RegisterDatabase.open(place, key=key)


def test_a_file_of_something_else_is_refused(tmp_path, key):
    (tmp_path / "letter.txt").write_text("Dear Sir, " * 400)
    with pytest.raises(RegisterError, match="not a database"):
        RegisterDatabase.open(tmp_path / "letter.txt", key=key, create=True)


@pytest.mark.parametrize(
    "place",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://me:secret@h/d",
        "mysql://h/d?password=secret",
        "://me:secret@h",
        "postgresql+psycopg://[",
        "",
    ],
)
def test_a_place_that_can_hold_no_register_is_refused_without_its_password(place, key):
    with pytest.raises(RegisterError) as caught:
        RegisterDatabase.open(place, key=key)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("named", ["me:secret@127.0.0.1:1/register?", "127.0.0.1:1/register?user=me&password=secret&"])
def test_a_server_that_is_not_there_is_named_without_its_password(key, named):
    with pytest.raises(RegisterError) as caught:
        RegisterDatabase.open(f"postgresql://{named}connect_timeout=2", key=key)
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_key_of_another_register_is_refused_on_opening(place, key):
    RegisterDatabase.open(place, key=key, create=True).close()
    for create in (False, True):
        with pytest.raises(RegisterError, match="is not the key of the register"):
            RegisterDatabase.open(place, key=Key(bytes(32)), create=create)


def prepared(place, key, revision):
    """Make a register as a release of that revision would have."""
    store = Store(url_of(place), key)
    if store.sqlite:
        store._prepare_file(create=True)
    with store._begun(writes=True) as connection:
        bring_up_to_date(connection, revision)
        store.write_key_test(connection, key)
    return store


def test_a_register_of_the_first_revision_is_migrated_with_all_it_holds(place, key, tmp_path):
    store = prepared(place, key, "0001")
    name = file_request(store, work(), actor="desk", now=NOW)
    with store.reading() as connection:
        assert revision_of(connection) == "0001"
        head = head_of(connection)
    store.close()
    with RegisterDatabase.open(place, key=key) as register:
        assert register.status(name).state is State.RECEIVED
        assert register.verify_log(since=head) == head
        register.verify(name, actor="desk", now=NOW)
        assert len(register.export(tmp_path / "exports", actor="nightly", now=NOW)) == 1


@pytest.mark.parametrize("start", ["base", "0001"])
def test_migrations_arrive_at_the_tables_the_code_has(place, key, start):
    if start != "base":
        prepared(place, key, start).close()
    with RegisterDatabase.open(place, key=key, create=True) as register, register._store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert revision_of(connection) == newest_revision()


def test_a_migration_that_fails_changes_nothing(tmp_path, key, monkeypatch):
    store = prepared(tmp_path / "register.db", key, "0001")
    from rightful.register.migrations import triggers

    monkeypatch.setattr(triggers.op, "create_index", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.prepare(create=False)
    with store.reading() as connection:
        assert revision_of(connection) == "0001"
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert "optout_exports" not in tables
    store.close()


def test_a_register_of_a_newer_release_is_refused(place, key):
    with RegisterDatabase.open(place, key=key, create=True) as register, register._store.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    with pytest.raises(RegisterError, match="newer release: revision 9999") as caught:
        RegisterDatabase.open(place, key=key, create=True)
    assert "upgrade" in caught.value.hint


APPEND_ONLY = ["requests", "events", "log", "exports", "effects"]
COLUMNS = {"requests": "received_at", "events": "at", "log": "at", "exports": "at", "effects": "at"}
REFUSED = [f"DELETE FROM optout_{table}" for table in [*APPEND_ONLY, "keys", "works", "claimants"]]  # noqa: S608
REFUSED += [f"UPDATE optout_{table} SET {COLUMNS[table]} = 1" for table in APPEND_ONLY]  # noqa: S608
REFUSED += [
    "UPDATE optout_requests SET claimant = 2 WHERE id = 1",
    "UPDATE optout_events SET state = 'rejected' WHERE seq = 1",
    "UPDATE optout_log SET hash = 'x' WHERE n = 1",
    "UPDATE optout_keys SET spelling = '//elsewhere.example/'",
    "UPDATE optout_keys SET request = 2",
    "UPDATE optout_works SET key = 7",
    "UPDATE optout_claimants SET since = 0",
]


def test_what_only_grows_refuses_to_be_changed(either, place, tmp_path):
    name = either.file(work(), actor="desk", now=NOW)
    either.verify(name, actor="desk", now=NOW)
    either.export(tmp_path / "exports", actor="nightly", now=NOW)
    statements = list(REFUSED)
    if place.startswith("sqlite"):  # which deletes what is in the way of a row, and asks no trigger of deletions
        statements += [
            f"INSERT OR REPLACE INTO optout_{table} SELECT * FROM optout_{table}"  # noqa: S608
            for table in [*APPEND_ONLY, "keys", "works", "claimants"]
        ]
        statements.append(
            "INSERT OR REPLACE INTO optout_events "
            "SELECT id + 90, request, seq, act, 'rejected', at, actor, automatic, reason, details FROM optout_events"
        )
    if place.startswith("postgresql"):
        statements += [f"TRUNCATE optout_{table} CASCADE" for table in [*APPEND_ONLY, "keys", "works", "claimants"]]
    for statement in statements:
        with pytest.raises(RegisterError, match="append-only"), either._store.writing() as connection:
            connection.execute(text(statement))
    assert either.status(name).state is State.VERIFIED
    either.verify_log()


def test_the_file_tells_nothing_of_works_or_claimants(tmp_path, key):
    """Neither the database nor its write-ahead log, while it is open and after."""
    place = tmp_path / "register.db"
    register = RegisterDatabase.open(place, key=key, create=True)
    register.file(work(own_reference="drawer 7", keep_copy=True), actor="desk", now=NOW)
    bulk = register.file(repertoire([OTHER_WORK]), actor="desk", now=NOW)
    register.verify(bulk, actor="desk", now=NOW)
    secrets = [b"drawer 7", *(said.encode() for said in (AUTHOR.name, AUTHOR.contact, AUTHOR.authority))]
    for one in (WORK, OTHER_WORK):
        digest = bytes.fromhex(text_digest(one))
        print_ = fingerprints_of([one])[0]
        secrets += [one[:16].encode(), canonical_text(one)[40:60].encode(), one.encode("utf-16-le")[:40]]
        secrets += [digest, digest.hex().encode(), digest.hex().upper().encode(), base64.b64encode(digest)[:40]]
        secrets += [hashlib.sha256(one.encode()).digest(), hashlib.sha256(one.encode()).hexdigest().encode()]
        secrets += [print_.minhash.tobytes()[:16], print_.hashes.tobytes()[:16], print_.to_bytes()[:40]]
    contact = hashlib.sha256(AUTHOR.contact.encode()).digest()
    secrets += [contact, contact.hex().encode()]
    files = sorted(tmp_path.glob("register.db*"))
    assert [file.name for file in files][:1] == ["register.db"]
    assert any(file.name.endswith("-wal") and file.stat().st_size for file in files)
    assert not found_in(files, secrets)
    register.close()
    assert not found_in([place], secrets)
    assert found_in([place], [b"optout_requests", bulk.encode()])  # the look itself finds what is there


def found_in(files, secrets):
    return [secret for file in files for secret in secrets if secret in file.read_bytes()]


def test_what_was_erased_or_sealed_anew_is_gone_from_the_file(tmp_path, key):
    place = tmp_path / "register.db"
    with RegisterDatabase.open(place, key=key, create=True) as register:
        register.file(work(keep_copy=True), actor="desk", now=NOW)
        with sqlite3.connect(place) as connection:
            sealed = [
                connection.execute(f"SELECT sealed FROM optout_{t}").fetchone()[0]  # noqa: S608
                for t in ("personal", "copies")
            ]
            kept = connection.execute("SELECT sealed FROM optout_works").fetchone()[0]
        connection.close()
        files = sorted(tmp_path.glob("register.db*"))
        assert found_in(files, [sealed[0][-30:], sealed[1][-30:]])
        assert register.erase_expired(actor="nightly", now=NOW + 2000 * DAY) == 2
        assert not found_in(files, [sealed[0][-30:], sealed[1][-30:]])
        assert found_in(files, [kept[-30:]])
        register.rotate(Key(bytes(32)), actor="operations", now=NOW)
        assert not found_in(files, [kept[-30:]])


def test_screening_needs_no_database():
    code = "import rightful.register.export, rightful.register.importing, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "alembic", "cryptography", "psycopg"} & set(done.stdout.split())


def test_the_public_token_changes_when_an_export_would_and_only_then(either):
    tokens = [either.version()]

    def changed():
        tokens.append(either.version())
        return tokens[-1] != tokens[-2]

    assert not changed()
    name = either.file(work(keep_copy=True), actor="desk", now=NOW)
    assert changed()
    either.verify(name, actor="desk", now=NOW + HOUR)
    assert changed()
    either.match(name, actor="desk", now=NOW + HOUR)
    either.hold(name, actor="desk", now=NOW + HOUR)
    either.personal(name, actor="desk", reason="post", now=NOW + HOUR)
    either.remove(name, receipt="x", actor="desk", now=NOW + HOUR)
    either.rotate(Key(bytes(32)), actor="operations", now=NOW)
    either.release(name, actor="desk", now=NOW + HOUR)
    either.erase_expired(actor="nightly", now=NOW + 2000 * DAY)
    assert not changed()
    either.withdraw(name, actor="desk", now=NOW + HOUR)
    assert changed()
    either.file(site(), actor="desk", now=NOW)
    assert changed()
    assert len(set(tokens)) == 5
