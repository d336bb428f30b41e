"""`rightful optout`: the whole life of requests, as people type it."""

import json
import random
import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
import typer
from tests.cli.test_cli import rightful
from typer.testing import CliRunner

from rightful.cli import app
from rightful.cli.optouts import optout_app
from rightful.errors import InputError, PolicyError, RegisterError, VerificationError
from rightful.register.fingerprint import text_digest
from rightful.register.model import GOOD_FAITH
from rightful.register.sealing import Key

WORDS = [f"{a}{b}" for a in ("lamp", "stair", "pigeon", "ferry", "ledger") for b in ("wick", "ford", "mere", "ton")]
NAME, CONTACT = "Aurelia Quillfeather", "aurelia@quill.example"
REFERENCE = re.compile(r"R-[A-Z2-7]{16}")


def prose(seed, words=400):
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) + str(draw.randrange(50)) for _ in range(words))


OWN = prose("own")
EDITED = " ".join("changed" if n % 40 == 0 else word for n, word in enumerate(OWN.split()))
TEXTS = {
    "own.txt": OWN, "edited.txt": EDITED, "around.txt": f"{prose('before', 2000)} {OWN} {prose('after', 2000)}",
    "strange.txt": prose("strange"),
}  # fmt: skip
SECRETS = (*WORDS, "Quillfeather", "quill.example", "their-number-7")


def said(*words, code=0, stdin=None, may_tell=False):
    """Run a command in this process: our errors come through, and nothing secret is ever printed."""
    runner = CliRunner(env={"COLUMNS": "200"})
    done = runner.invoke(app, ["optout", *map(str, words)], input=stdin, catch_exceptions=False)
    assert done.exit_code == code, done.output
    if not may_tell:
        assert not [secret for secret in SECRETS if secret.lower() in done.output.lower()], done.output
    return done.stdout


def refused(error, words, *more, **named):
    """Run a command that ends in an error of ours, and give what a person reads of it."""
    with pytest.raises(error) as caught:
        said(*words, *more, **named)
    told = str(caught.value)
    assert not [secret for secret in SECRETS if secret.lower() in told.lower()], told
    return told


class Clock:
    """A clock that stands where it is set."""

    def __init__(self):
        self.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self, _zone):
        return self.moment


@pytest.fixture
def clock(monkeypatch):
    stopped = Clock()
    monkeypatch.setattr("rightful.cli.optout_register.datetime", stopped)
    return stopped


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A folder with texts, where no register was made and the environment names none."""
    for name in ("RIGHTFUL_REGISTER", "RIGHTFUL_REGISTER_KEY", "RIGHTFUL_REGISTER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def folder(bare, monkeypatch):
    """The same with a register, which the environment names."""
    monkeypatch.setenv("RIGHTFUL_REGISTER", "register.db")
    monkeypatch.setenv("RIGHTFUL_REGISTER_KEY_FILE", "register.key")
    said("init")
    return bare


ASKING = ("--claimant", NAME, "--contact", CONTACT, "--good-faith")


def filed(*words, asking=ASKING, **named):
    """File requests and give their references."""
    return [json.loads(line)["reference"] for line in said("add", *words, *asking, "--json", **named).splitlines()]


def status(*words):
    return json.loads(said("status", *words, "--json"))


def exported(*words):
    return json.loads(said("export", "--out", "exports", "--json", *words))


def checked(*words):
    return [json.loads(line) for line in said("check", *words, "--json").splitlines()]


def every_command(group=None, above=()):
    group = group or typer.main.get_command(optout_app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, (*above, name))
        else:
            yield (*above, name)


@pytest.mark.parametrize("command", list(every_command()), ids=" ".join)
def test_the_help_of_every_command_has_an_example(command):
    assert f"rightful optout {' '.join(command)} " in said(*command, "--help") + " "


def test_init_makes_a_register_and_a_key_that_others_cannot_read(bare):
    told = said("init", "--db", "sub/register.db", "--key-file", "keys/register.key")
    for file in ("sub/register.db", "keys/register.key"):
        assert (bare / file).stat().st_mode & 0o777 == 0o600
    assert str(bare / "keys/register.key") in told
    assert "RIGHTFUL_REGISTER=" in told
    assert "RIGHTFUL_REGISTER_KEY_FILE=" in told
    assert "Keep the key apart" in told
    key = (bare / "keys/register.key").read_bytes()
    assert key.decode().strip() not in told
    assert "there already" in said("init", "--db", "sub/register.db", "--key-file", "keys/register.key")
    assert (bare / "keys/register.key").read_bytes() == key


def test_init_takes_the_key_of_the_environment_and_makes_none(bare, monkeypatch):
    key = Key.create(bare / "given.key")
    monkeypatch.setenv("RIGHTFUL_REGISTER_KEY", (bare / "given.key").read_text().strip())
    assert key.id in said("init", "--db", "register.db")
    assert sorted(file.name for file in bare.glob("*.key")) == ["given.key"]
    assert "requests" in said("status", "--db", "register.db")


def test_init_without_a_key_file_keeps_the_key_beside_the_register(bare):
    said("init", "--db", "register.db")
    assert (bare / "register.db.key").stat().st_mode & 0o777 == 0o600


def test_init_makes_no_second_key_for_a_register_that_has_one(folder):
    told = refused(RegisterError, ["init", "--key-file", "other.key"])
    assert "is there already" in told
    assert not (folder / "other.key").exists()


def test_without_a_register_a_command_says_how_to_name_one(bare):
    told = refused(RegisterError, ["status"])
    assert "no register was named" in told
    assert "RIGHTFUL_REGISTER" in told
    said("init", "--db", "register.db")
    told = refused(RegisterError, ["status", "--db", "register.db"])
    assert "no key" in told
    assert "RIGHTFUL_REGISTER_KEY_FILE" in told
    told = refused(RegisterError, ["status", "--db", "none.db", "--key-file", "register.db.key"])
    assert "does not exist" in told
    assert "rightful optout init" in told
    assert not (bare / "none.db").exists()


def test_another_key_does_not_open_the_register(folder):
    said("keys", "new", "other.key")
    told = refused(RegisterError, ["status", "--key-file", "other.key"])
    assert "is not the key of the register" in told
    (folder / "other.key").chmod(0o644)
    assert "chmod 600" in refused(RegisterError, ["status", "--key-file", "other.key"])
    assert "exists" in refused(RegisterError, ["keys", "new", "other.key"])


def test_the_whole_way_of_a_request(folder, clock):
    work, page, site = filed("own.txt", "--url", "https://example.org/essay", "--site", "example.net")
    assert status(work)["state"] == "received"
    assert "to verify or reject" in said("status", work)
    first = exported()
    assert (first["entries"], first["verified"], first["received"], first["works"]) == (3, 0, 3, 1)
    clock.moment += timedelta(hours=5)
    assert "verified" in said("verify", work, page, "--reason", "the imprint names her", "--actor", "desk")
    assert "the next export" in said("status", work)
    second = exported()
    assert (second["verified"], second["received"], second["lost"]) == (2, 1, 0)
    assert second["before"] == first["version"]
    assert second["changes"] == {"added": 0, "removed": 0, "changed": 2}
    assert exported() == second | {"before": second["version"], "changes": None}
    told = said("status", work)
    assert "5 h ago" in told
    assert "2026-03-01 17:00 UTC" in told
    assert "the imprint names her" in told
    assert "took effect" in told
    assert "not-the-holder" in said("reject", "--help")
    assert "rejected" in said("reject", site, "--reason", "not-the-holder: the registry names another")
    assert "received" in said("appeal", site, "--reason", "sent the contract")
    assert status(site)["appealed"]
    assert "withdrawn" in said("take-back", page, "--reason", "by letter")
    third = exported()
    assert third["changes"] == {"added": 0, "removed": 1, "changed": 0}
    assert (third["entries"], third["verified"]) == (2, 1)
    assert [event["act"] for event in status(page)["events"]] == ["file", "verify", "withdraw"]
    assert status(page)["waits_for"] == "nothing: its claimant took it back"
    assert "under legal hold" in said("hold", work, "--reason", "case 12/2026")
    assert status(work)["legal_hold"]
    assert "no longer" in said("hold", work, "--release", "--reason", "settled")
    assert not status(work)["legal_hold"]
    assert "the log is whole: 13 rows" in said("log", "verify", "--export", "exports")


def test_works_come_from_files_from_standard_input_and_from_the_command_line(folder):
    (name,) = filed("-", stdin=OWN)
    assert filed("--text", "-", stdin=EDITED)
    assert filed("--text", "The walnut tree, a poem of nine words, not long.")
    (file,) = filed("--digest", text_digest(TEXTS["strange.txt"]))
    assert [status(each)["scope"] for each in (name, file)] == ["work", "file"]
    exported()
    found = checked("own.txt", "strange.txt", "--register", "exports")
    assert [each["found"] for each in found] == ["exact", "exact"]


def test_pages_come_from_a_file_and_may_be_one_request_together(folder):
    (folder / "pages.txt").write_text(
        "# essays\nhttps://example.org/1\n\nhttps://example.org/2#top\n", encoding="utf-8"
    )
    assert len(filed("--urls", "pages.txt")) == 2
    places = (
        "--urls",
        "pages.txt",
        "--prefix",
        "https://example.org/blog/",
        "--host",
        "h.example",
        "--account",
        "@her",
    )
    both = filed(*places, "own.txt", "strange.txt", "--together", "--reference-of-claimant", "their-number-7")
    assert sorted((status(each)["scope"], status(each)["keys"]) for each in both) == [("location", 5), ("work", 2)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["own.txt", "--claimant", NAME], "nobody asks: --contact not given"),
        (["own.txt", "--claimant", NAME, "--contact", CONTACT], GOOD_FAITH),
        ([*ASKING], "nothing to opt out was named"),
        (["none.txt", *ASKING], "none.txt cannot be read"),
        (["empty.txt", *ASKING], "empty.txt is empty"),
        (["latin.txt", *ASKING], "it is no UTF-8"),
        (["--site", "fine.example", "--url", "no url", *ASKING], "is no url"),
        (["own.txt", "--digest", OWN, *ASKING], "--digest 1 is no SHA-256"),
        (["own.txt", "--authority", "agent", *ASKING], "--document FILE"),
        (["own.txt", "--authority", "agent", "--document", "none.pdf", *ASKING], "none.pdf cannot be read"),
        (["--site", "example.org", "--sealed-copy", *ASKING], "no work to keep a sealed copy of"),
    ],
)
def test_a_request_that_lacks_something_is_refused_and_nothing_is_filed(folder, words, told):
    (folder / "empty.txt").write_text(" \n", encoding="utf-8")
    (folder / "latin.txt").write_bytes(OWN.encode() + b" caf\xe9")
    assert told in refused((InputError, RegisterError), ["add", *words])
    assert status()["requests"]["received"] == 0


def test_over_the_limit_it_says_what_was_filed_and_when_to_come_back(folder, clock):
    pages = [word for n in range(25) for word in ("--url", f"https://example.org/{n}")]
    runner = CliRunner()
    done = runner.invoke(app, ["optout", "add", *pages, *ASKING])
    assert isinstance(done.exception, RegisterError)
    assert "20 of 25 requests were filed" in str(done.exception)
    assert "come back after 2026-03-02T12:00:00" in str(done.exception)
    assert len(REFERENCE.findall(done.output)) >= 20
    assert status()["requests"]["received"] == 20


def test_an_agent_shows_a_document_of_which_the_digest_is_kept(folder):
    (folder / "mandate.pdf").write_bytes(b"mandate of Aurelia")
    (name,) = filed("own.txt", "--authority", "agent", "--document", "mandate.pdf")
    assert status(name)["authority"] == "agent"
    assert b"mandate of" not in (folder / "register.db").read_bytes()


def test_two_claimants_of_one_work_hold_it_until_one_claim_is_left(folder):
    (hers,) = filed("own.txt")
    (his,) = filed("own.txt", asking=("--claimant", "B. Inkwell", "--contact", "b@inkwell.example", "--good-faith"))
    told = said("verify", hers)
    assert "others claim the same" in told
    assert his in told
    assert "one claim to be left" in said("status", hers)
    assert exported()["verified"] == 0
    said("reject", his, "--reason", "conflict-lost")
    assert exported()["verified"] == 1


def test_refused_steps_say_what_is_allowed(folder):
    (name,) = filed("own.txt")
    assert "cannot go from received to received" in refused(RegisterError, ["appeal", name, "--reason", "x"])
    said("take-back", name, "--reason", "by letter")
    told = refused(RegisterError, ["verify", name])
    assert "cannot go from withdrawn to verified" in told
    assert "this is its end" in told
    for words in (["status"], ["verify"], ["hold"], ["reject", "--reason", "x"], ["claimant", "--reason", "x"]):
        told = refused(RegisterError, [*words, "R-AAAAAAAAAAAAAAAA"])
        assert "no request of that reference" in told
    said("reject", name, code=2)  # without a reason
    for words in (["reject", name], ["take-back", name], ["claimant", name]):
        assert "no reason given" in refused(RegisterError, [*words, "--reason", " "])


def test_requests_are_listed_by_state_with_their_ages(folder, clock):
    (old,) = filed("own.txt")
    clock.moment += timedelta(days=3)
    (new,) = filed("--site", "example.org")
    said("verify", new)
    clock.moment += timedelta(hours=4)
    said("hold", old)
    listed = said("requests", "--state", "received")
    assert old in listed
    assert new not in listed
    assert "3 days" in listed
    rows = [json.loads(line) for line in said("requests", "--json").splitlines()]
    assert [(row["reference"], row["state"]) for row in rows] == [(old, "received"), (new, "verified")]
    assert [row["since"][:13] for row in rows] == ["2026-03-01T12", "2026-03-04T12"]  # a hold moves nothing
    assert "and 1 more" in said("requests", "--most", 1)
    assert status()["oldest_received"]["reference"] == old
    assert old in said("status")


def test_the_overview_tells_whether_an_export_is_stale(folder):
    assert "nothing was exported yet" in said("status")
    (name,) = filed("own.txt")
    exported()
    assert "current" in said("status")
    shutil.copytree("exports", "kept")
    said("verify", name)
    assert "requests came or changed since" in said("status")
    assert status()["export"]["stale"]
    exported()
    assert not status()["export"]["stale"]
    assert status("--exports", "kept")["export"]["stale"]
    assert not status("--exports", "exports")["export"]["stale"]
    (folder / "list.csv").write_text("site\nexample.org\n", encoding="utf-8")
    said("import", "list.csv", "--out", "foreign.arrow")
    assert "did not write" in said("status", "--exports", "foreign.arrow")


def test_lists_go_into_the_register_as_one_request_of_a_society(folder):
    (folder / "own.jsonl").write_text(json.dumps({"kind": "content", "value": OWN}), encoding="utf-8")
    (folder / "list.csv").write_text("kind,value\nsite,one.example\nurl,https://two.example/x\n", encoding="utf-8")
    (folder / "statutes.pdf").write_bytes(b"statutes")
    society = ("--claimant", "Society", "--contact", "office@society.example", "--good-faith")
    words = ["import", "list.csv", "--works", "*n.txt", "--works", "edited.txt", *society]
    assert "is filed by an agent or a collecting society" in refused(RegisterError, words)
    by = ("--authority", "collecting_society", "--document", "statutes.pdf")
    made = json.loads(said(*words, *by, "--json"))
    assert made["keys"] == 4
    told = status(made["reference"])
    assert (told["scope"], told["authority"], told["queued"]) == ("repertoire", "collecting_society", True)
    assert "filed in bulk" in said("status")
    assert exported()["works"] == 2
    assert "names nothing that can be opted out" in refused(RegisterError, ["import", "own.jsonl", *society, *by])


def test_lists_go_straight_into_a_file_for_screening(bare):
    (bare / "list.csv").write_text("kind,value\nsite,one.example\nurl,https://two.example/x\n", encoding="utf-8")
    assert "2 opt-outs" in said("import", "list.csv", "--out", "register.arrow")
    assert "3 opt-outs" in said("import", "list.csv", "--works", "own.txt", "--out", "with-works.arrow")
    found = checked("own.txt", "edited.txt", "strange.txt", "--register", "with-works.arrow")
    assert [each["found"] for each in found] == ["exact", "near", "none"]
    assert "nothing says where the lists go" in refused(InputError, ["import", "list.csv"])
    assert "no list was named" in refused(InputError, ["import", "--out", "x.arrow"])
    assert "nothing matches" in refused(InputError, ["import", "--works", "*.none", "--out", "x.arrow"])
    both = ["import", "list.csv", "--out", "x.arrow", "--db", "register.db"]
    assert "into a register or into a file" in refused(InputError, both)
    assert "does not say the head of a log" in refused(
        RegisterError, ["log", "verify", "--export", "register.arrow", "--db", "x"]
    )


def test_a_text_is_exact_near_contained_or_none_and_nothing_else_is_told(folder):
    (name,) = filed("own.txt", "--url", "https://example.org/essay")[:1]
    said("verify", name)
    version = exported()["version"]
    files = ["own.txt", "edited.txt", "around.txt", "strange.txt"]
    told = said("check", *files, "--register", "exports", "--dataset", "corpus 3")
    expected = ["exact", "own.txt", "near", "edited.txt", "contained", "around.txt", "none", "strange.txt"]
    assert told.split() == [*expected, "register", version, "dataset", "corpus", "3"]
    file = folder / "exports" / version[7:23] / "register.arrow"
    assert said("check", "-", "--register", file, stdin=OWN).split() == ["exact", "-", "register", version]
    found = checked("own.txt", "--register", file, "--dataset", "c")
    assert found == [{"file": "own.txt", "found": "exact", "register": version, "datasets": ["c"]}]


def test_answers_follow_the_policys_thresholds(folder):
    filed("own.txt")
    exported()
    said_by_default = checked("edited.txt", "--register", "exports")[0]["found"]
    assert said_by_default == "near"
    CliRunner().invoke(app, ["policy", "init", "policy.toml"], catch_exceptions=False)
    strict = (folder / "policy.toml").read_text(encoding="utf-8")
    assert checked("edited.txt", "--register", "exports", "--policy", "policy.toml")[0]["found"] == "near"
    near = re.sub(r"(?m)^near = .*$", "near = [0.99, 0.995]", strict)
    (folder / "stricter.toml").write_text(near, encoding="utf-8")
    assert near != strict
    assert checked("edited.txt", "--register", "exports", "--policy", "stricter.toml")[0]["found"] == "contained"
    refused(PolicyError, ["check", "own.txt", "--register", "exports", "--policy", "none.toml"])


def test_questions_of_one_asker_are_limited(folder, clock):
    filed("own.txt")
    exported()
    asked = ["check", *["own.txt"] * 30, "--register", "exports", "--asker", "203.0.113.9"]
    assert said(*asked).count("exact") == 30
    done = CliRunner().invoke(app, ["optout", *asked])
    assert isinstance(done.exception, RegisterError)
    assert "over the limit" in str(done.exception)
    assert done.output.count("exact") == 20
    assert said("check", "own.txt", "--register", "exports", "--asker", "another").startswith("exact")
    clock.moment += timedelta(days=1)
    assert said(*asked).count("exact") == 30
    told = refused(InputError, ["check", "own.txt", "--register", "exports", "--db", "register.db"])
    assert "--asker NAME" in told
    assert b"203.0.113.9" not in (folder / "register.db").read_bytes()


def test_a_register_that_is_none_is_told(folder):
    assert "is no opt-out register" in refused(RegisterError, ["check", "own.txt", "--register", "own.txt"])
    (folder / "nothing").mkdir()
    told = refused(RegisterError, ["check", "own.txt", "--register", "nothing"])
    assert "rightful optout export" in told


def test_lost_opt_outs_are_refused_and_told_aloud(folder):
    (name,) = filed("own.txt")
    said("verify", name)
    (other,) = filed("--site", "example.org")
    said("verify", other)
    exported()
    for file in folder.glob("register.db*"):
        file.unlink()
    said("init", "--db", "register.db", "--key-file", "register.key")
    filed("strange.txt")
    told = refused(RegisterError, ["export", "--out", "exports"])
    assert "2 tombstones" in told
    assert "LOST: 2 opt-outs" in said("export", "--out", "exports", "--unsafe-allow-lost")
    assert "LOST" not in said("export", "--out", "exports")


def test_a_log_that_was_altered_is_found(folder):
    (name,) = filed("own.txt")
    exported()
    said("verify", name, "--actor", "desk")
    assert "the log is whole" in said("log", "verify")
    rows = [json.loads(line) for line in said("log", "show", "--json").splitlines()]
    assert [(row["n"], row["action"], row["about"]) for row in rows if row["n"] != 2] == [
        (1, "file", name),
        (3, "verify", name),
    ]
    assert said("log", "show", "--last", 1).count(name) == 1
    alter("DROP TRIGGER", "UPDATE optout_log SET actor = 'nobody' WHERE n = 3")
    assert "the log is broken at row 3" in refused(RegisterError, ["log", "verify"])
    told = rightful("optout", "log", "verify", "--db", "register.db", "--key-file", "register.key", code=1)
    assert "error: the log is broken at row 3" in told
    assert "Traceback" not in told


def test_a_log_that_was_written_anew_is_found_by_an_export(folder):
    filed("own.txt")
    exported()
    for file in folder.glob("register.db*"):
        file.unlink()
    said("init", "--db", "register.db", "--key-file", "register.key")
    filed("own.txt")
    said("log", "verify")
    assert "cut or rewritten" in refused(RegisterError, ["log", "verify", "--export", "exports"])


def alter(prelude, statement):
    """Change the register behind its back: triggers first, which would refuse it."""
    connection = sqlite3.connect("register.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"{prelude} {name}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_after_a_rotation_only_the_new_key_opens_the_register(folder, monkeypatch):
    (name,) = filed("own.txt", "--sealed-copy")
    told = said("keys", "rotate", "--new-key-file", "new.key")
    assert str(folder / "new.key") in told
    assert (folder / "new.key").stat().st_mode & 0o777 == 0o600
    assert "is not the key of the register" in refused(RegisterError, ["status"])
    monkeypatch.setenv("RIGHTFUL_REGISTER_KEY_FILE", "new.key")
    assert NAME in said("claimant", name, "--reason", "to answer", may_tell=True)
    assert exported()["works"] == 1
    said("log", "verify")
    assert "the register's key already" in refused(RegisterError, ["keys", "rotate", "--new-key-file", "new.key"])


def test_who_filed_is_told_for_a_reason_that_the_log_keeps(folder):
    (name,) = filed("own.txt", "--reference-of-claimant", "their-number-7")
    told = said("claimant", name, "--reason", "to send the receipt", "--actor", "Ms. Chen", may_tell=True)
    for value in (NAME, CONTACT, "their-number-7"):
        assert value in told
    last = json.loads(said("log", "show", "--last", 1, "--json"))
    assert (last["action"], last["actor"], last["reason"]) == ("read-personal", "Ms. Chen", "to send the receipt")


def test_personal_data_goes_when_its_time_is_over(folder, clock):
    (name,) = filed("own.txt", "--sealed-copy")
    assert "nothing is past its time" in said("erase")
    clock.moment += timedelta(days=4 * 365)
    assert "personal data of 1 requests, 1 sealed copies" in said("erase", "--dry-run")
    assert CONTACT in said("claimant", name, "--reason", "a last time", may_tell=True)
    assert "erased: 2" in said("erase")
    assert "was deleted" in refused(RegisterError, ["claimant", name, "--reason", "too late"])
    assert status(name)["state"] == "received"
    assert exported()["works"] == 1


def test_the_register_and_its_exports_hold_no_text_and_no_contact(folder):
    (name,) = filed("own.txt", "--sealed-copy")
    said("verify", name)
    exported()
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".txt":
            octets = file.read_bytes().lower()
            assert not [secret for secret in SECRETS if secret.lower().encode() in octets], file


@pytest.fixture
def screened(demo_inputs, finished_run, folder):
    """A work of a record that was admitted, opted out, and the run that admitted it."""
    run = folder / "out"
    shutil.copytree(finished_run, run)
    record = max(pq.read_table(run / "data").to_pylist(), key=lambda row: len(row["text"]))
    (folder / "page.txt").write_text(record["text"], encoding="utf-8")
    (name,) = filed("page.txt")
    said("verify", name)
    return run, record, name, exported()["register"]


def decisions(run):
    rows = pq.read_table(run / "rightful" / "ledger").to_pylist()
    return {row["id"]: row for row in rows}


def test_what_an_export_names_is_screened_out(demo_inputs, screened, folder):
    run, record, _, register = screened
    words = ["--snapshot", demo_inputs.snapshot, "--register", register, "--out", "again", "--ledger-only"]
    words = ["screen", demo_inputs.policy, "-i", demo_inputs.records, *words]
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0
    before, after = decisions(run)[record["id"]], decisions(folder / "again")[record["id"]]
    assert before["admission"] == "admit"
    assert after["admission"] == "exclude"
    assert any(reason.startswith("OPTOUT") for reason in after["reasons"])


def test_receipts_move_requests_to_their_end(screened, folder):
    run, _, name, _ = screened
    words = ["withdraw", run, "--register", "exports", "--signing-key", "sign.pem", "--make-key", "--out", "next"]
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    receipts = sorted((folder / "next.receipts").glob("*.json"))
    assert "confirmed" in said("removed", *receipts, "--key", "sign.pem.pub")
    assert [event["act"] for event in status(name)["events"]] == ["file", "verify", "match", "remove", "confirm"]
    assert "confirmed" in said("removed", *receipts, "--key", "sign.pem.pub")
    assert len(status(name)["events"]) == 5
    assert "It goes on to exclude" in said("status", name)
    assert exported()["verified"] == 1
    said("take-back", name, "--reason", "by letter")
    assert "left as it is" in said("removed", *receipts, "--key", "sign.pem.pub")
    stated = json.loads(receipts[0].read_text(encoding="utf-8"))
    stated["receipt"]["records_removed"] += 1
    receipts[0].write_text(json.dumps(stated), encoding="utf-8")
    refused(VerificationError, ["removed", receipts[0], "--key", "sign.pem.pub"])
