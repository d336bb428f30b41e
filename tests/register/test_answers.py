"""Answers: one word, the same work for each, limited for each asker, and nothing else told."""

import dataclasses
import random
import sqlite3

import pytest
from tests.register.people import DAY, HOUR, NOW, RIVAL, WORK, site, work

from rightful.errors import RegisterError
from rightful.register import answers
from rightful.register.answers import Answer, Found
from rightful.register.database import RegisterDatabase
from rightful.register.fingerprint import text_digest
from rightful.register.model import Limits
from rightful.register.sealing import Key

WORDS = [f"{a}{b}" for a in ("lamp", "stair", "pigeon", "ferry", "ledger") for b in ("wick", "ford", "mere", "ton")]


def prose(seed, words=400):
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) + str(draw.randrange(50)) for _ in range(words))


OWN = prose("own")
EDITED = " ".join("changed" if n % 40 == 0 else word for n, word in enumerate(OWN.split()))
AROUND = f"{prose('before', 2000)} {OWN} {prose('after', 2000)}"
STRANGE = prose("strange")
QUESTIONS = {OWN.upper(): "exact", EDITED: "near", AROUND: "contained", STRANGE: "none"}


@pytest.fixture
def exported(database, tmp_path):
    name = database.file(work(OWN), actor="desk", now=NOW)
    database.verify(name, actor="desk", now=NOW)
    database.file(site(), actor="desk", now=NOW)
    return database.export(tmp_path / "exports", actor="nightly", now=NOW)


def test_a_text_is_exact_near_contained_or_none(database, exported):
    for text, found in QUESTIONS.items():
        answer = database.answer(text, register=exported, asker="somebody", now=NOW, datasets=["corpus-3"])
        assert answer == Answer(Found(found), exported.version, ("corpus-3",))


def test_an_answer_has_room_for_nothing_else(database, exported):
    assert [field.name for field in dataclasses.fields(Answer)] == ["found", "register", "datasets"]
    answer = repr(database.answer(EDITED, register=exported, asker="somebody", now=NOW))
    for told in (text_digest(OWN), text_digest(EDITED), "R-", "example.org", *WORDS):
        assert told not in answer


def test_a_work_that_is_only_received_is_found_and_one_that_was_withdrawn_is_not(database, tmp_path):
    name = database.file(work(OWN), actor="desk", now=NOW)
    ask = {"asker": "somebody", "now": NOW}
    register = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    assert database.answer(OWN, register=register, **ask).found is Found.EXACT
    database.withdraw(name, actor="desk", now=NOW)
    register = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    assert {database.answer(text, register=register, **ask).found for text in QUESTIONS} == {Found.NONE}


def test_every_answer_costs_the_same_steps(database, exported, monkeypatch):
    """Not timed: counted. Nothing is left out when another part has decided already."""
    steps = []

    def counted(owner, name):
        original = getattr(owner, name)

        def step(*arguments, **named):
            steps.append(name)
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, step)

    counted(answers, "_count")
    counted(answers, "text_digest")
    counted(type(exported), "find")
    counted(answers.WorkMatcher, "sketch")
    counted(answers.WorkMatcher, "of_sketch")
    taken = {}
    for text, found in QUESTIONS.items():
        database.answer(text, register=exported, asker="somebody", now=NOW)
        taken[found] = tuple(steps)
        steps.clear()
    assert set(taken.values()) == {("_count", "text_digest", "find", "sketch", "of_sketch", "of_sketch")}
    assert len(taken) == 4


def test_questions_are_limited_for_each_asker(tmp_path, key):
    limits = Limits(answers_a_day=3)
    with RegisterDatabase.open(tmp_path / "register.db", key=key, create=True, limits=limits) as register:
        export = register.export(tmp_path / "exports", actor="nightly", now=NOW)
        for n in range(3):
            register.answer(WORK, register=export, asker="Somebody", now=NOW + n * HOUR)
        for asker in ("Somebody", " SOMEBODY "):
            with pytest.raises(RegisterError, match="over the limit: 3 questions of one asker") as caught:
                register.answer(WORK, register=export, asker=asker, now=NOW + 4 * HOUR)
        assert caught.value.where["again_at"] == (NOW + DAY).isoformat()
        register.answer(WORK, register=export, asker="another", now=NOW)
        register.answer(WORK, register=export, asker="somebody", now=NOW + DAY)
        with pytest.raises(RegisterError, match="no asker given"):
            register.answer(WORK, register=export, asker=" ", now=NOW)
        assert register.erase_expired(actor="nightly", now=NOW + 2 * DAY) == 0
    assert count(tmp_path) == 0


def test_a_refused_question_compares_nothing_and_is_refused_whatever_the_text(tmp_path, key, monkeypatch):
    limits = Limits(answers_a_day=0)
    with RegisterDatabase.open(tmp_path / "register.db", key=key, create=True, limits=limits) as register:
        register.file(work(OWN), actor="desk", now=NOW)
        export = register.export(tmp_path / "exports", actor="nightly", now=NOW)
        monkeypatch.setattr(answers, "found_in", lambda *_: 1 / 0)
        said = set()
        for text in QUESTIONS:
            with pytest.raises(RegisterError) as caught:
                register.answer(text, register=export, asker="somebody", now=NOW)
            said.add(str(caught.value))
        assert len(said) == 1


def test_of_an_asker_a_keyed_digest_is_kept_for_a_day(database, exported, tmp_path):
    database.answer(OWN, register=exported, asker="203.0.113.9", now=NOW)
    for file in tmp_path.glob("register.db*"):
        assert b"203.0.113.9" not in file.read_bytes()
    database.answer(OWN, register=exported, asker="another", now=NOW + DAY)
    assert count(tmp_path) == 1
    database.rotate(Key(bytes(32)), actor="operations", now=NOW)
    assert count(tmp_path) == 0


def count(folder):
    connection = sqlite3.connect(folder / "register.db")
    found = connection.execute("SELECT count(*) FROM optout_questions").fetchone()[0]
    connection.close()
    return found


def test_a_text_that_matches_two_ways_is_told_the_closest(database, tmp_path):
    database.file(work(OWN), actor="desk", now=NOW)
    database.file(work(EDITED, RIVAL), actor="desk", now=NOW)
    register = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    assert database.answer(EDITED, register=register, asker="somebody", now=NOW).found is Found.EXACT
