"""Requests: what they must state, every step that is allowed, and every one that is refused."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.register.people import (
    AUTHOR,
    DAY,
    DOCUMENT,
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

from rightful.errors import RegisterError
from rightful.register.database import RegisterDatabase
from rightful.register.entries import KeyKind
from rightful.register.fingerprint import text_digest
from rightful.register.model import TRANSITIONS, Act, Authority, Claimant, Limits, NewRequest, Scope, State
from rightful.register.sealing import Key

STEPS = {
    Act.VERIFY: lambda register, name, now: register.verify(name, actor="desk", now=now),
    Act.MATCH: lambda register, name, now: register.match(name, actor="desk", now=now, automatic=True),
    Act.REMOVE: lambda register, name, now: register.remove(name, receipt="ab" * 32, actor="desk", now=now),
    Act.CONFIRM: lambda register, name, now: register.confirm(name, actor="desk", now=now),
    Act.REJECT: lambda register, name, now: register.reject(name, reason="not-found", actor="desk", now=now),
    Act.APPEAL: lambda register, name, now: register.appeal(name, reason="here is the deed", actor="desk", now=now),
    Act.WITHDRAW: lambda register, name, now: register.withdraw(name, actor="desk", now=now),
}
WAYS = {
    State.RECEIVED: [],
    State.VERIFIED: [Act.VERIFY],
    State.MATCHED: [Act.VERIFY, Act.MATCH],
    State.REMOVED: [Act.VERIFY, Act.MATCH, Act.REMOVE],
    State.CONFIRMED: [Act.VERIFY, Act.MATCH, Act.REMOVE, Act.CONFIRM],
    State.REJECTED: [Act.REJECT],
    State.WITHDRAWN: [Act.WITHDRAW],
}
ALLOWED = {
    ("received", "verify", "verified"),
    ("received", "reject", "rejected"),
    ("received", "withdraw", "withdrawn"),
    ("verified", "match", "matched"),
    ("verified", "reject", "rejected"),
    ("verified", "withdraw", "withdrawn"),
    ("matched", "remove", "removed"),
    ("matched", "withdraw", "withdrawn"),
    ("removed", "confirm", "confirmed"),
    ("removed", "match", "matched"),
    ("removed", "withdraw", "withdrawn"),
    ("confirmed", "match", "matched"),
    ("confirmed", "withdraw", "withdrawn"),
    ("rejected", "appeal", "received"),
    ("rejected", "withdraw", "withdrawn"),
}


def brought_to(register, state):
    name = register.file(site(f"{state.value}.example"), actor="desk", now=NOW)
    for act in WAYS[state]:
        STEPS[act](register, name, NOW)
    return name


def test_the_table_of_steps_is_the_one_that_was_agreed():
    table = {(state.value, act.value, to.value) for state, moves in TRANSITIONS.items() for act, to in moves.items()}
    assert table == ALLOWED


def test_every_step_is_taken_or_refused_as_the_table_says(either):
    for state in State:
        for act, step in STEPS.items():
            aims = {to for start, name, to in ALLOWED if (start, name) == (state.value, act.value)}
            register = either
            name = register.file(
                digest(f"{100 * ord(state[0]) + len(state) + ord(act[0]):064x}", somebody(state + act)),
                actor="d",
                now=NOW,
            )
            for earlier in WAYS[state]:
                STEPS[earlier](register, name, NOW)
            before = register.status(name)
            assert before.state is state
            if aims:
                assert {step(register, name, NOW + HOUR)} == aims
                after = register.status(name)
                assert after.events[:-1] == before.events
                assert (after.events[-1].act, after.events[-1].at) == (act, NOW + HOUR)
                assert after.state.value in aims
            else:
                with pytest.raises(RegisterError, match=f"cannot go from {state.value} to") as caught:
                    step(register, name, NOW)
                allowed = sorted({to for start, _, to in ALLOWED if start == state.value})
                assert caught.value.where["allowed"] == allowed
                assert caught.value.hint == f"allowed from {state.value}: {', '.join(allowed) or _END}"
                assert register.status(name) == before
    either.verify_log()


_END = "nothing: this is its end"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*STEPS]), max_size=14))
def test_any_sequence_of_steps_leads_where_a_small_model_says(tmp_path_factory, acts):
    register = _shared_register(tmp_path_factory)
    name = register.file(site(), actor="desk", now=NOW)
    state, seen = "received", ["received"]
    for act in acts:
        moves = {verb: to for start, verb, to in ALLOWED if start == state}
        if act.value in moves:
            state = moves[act.value]
            seen.append(state)
            assert STEPS[act](register, name, NOW).value == state
        else:
            with pytest.raises(RegisterError):
                STEPS[act](register, name, NOW)
    status = register.status(name)
    assert [event.state.value for event in status.events] == seen
    assert [event.seq for event in status.events] == list(range(1, len(seen) + 1))
    assert name in register.by_state(State(state))


_SHARED = {}


def _shared_register(tmp_path_factory):
    if not _SHARED:
        place = tmp_path_factory.mktemp("sequences") / "register.db"
        limits = Limits(requests_a_day=10_000, works_a_day=10_000)
        _SHARED["register"] = RegisterDatabase.open(place, key=Key(bytes(32)), create=True, limits=limits)
    return _SHARED["register"]


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    if _SHARED:
        _SHARED.pop("register").close()


def test_events_keep_who_and_how_and_why(database):
    name = database.file(work(), actor="desk", now=NOW)
    database.verify(name, actor="nightly", now=NOW + HOUR, automatic=True)
    database.match(name, actor="nightly", now=NOW + 2 * HOUR, details={"run": "abc", "records": 3})
    database.remove(name, receipt="ab" * 32, actor="nightly", now=NOW + 3 * HOUR)
    events = database.status(name).events
    assert [event.automatic for event in events] == [False, True, False, False]
    assert events[0].details == {"keys": 1, "queued": False, "scope": "work"}
    assert events[2].details == {"records": 3, "run": "abc"}
    assert events[3].details == {"receipt": "ab" * 32}


def test_what_is_found_again_in_another_dataset_goes_round_again(database):
    name = brought_to(database, State.CONFIRMED)
    database.match(name, actor="nightly", now=NOW + DAY)
    database.remove(name, receipt="cd" * 32, actor="nightly", now=NOW + DAY)
    assert database.confirm(name, actor="nightly", now=NOW + DAY) is State.CONFIRMED


def test_a_rejection_and_an_appeal_say_why(database):
    name = database.file(work(), actor="desk", now=NOW)
    with pytest.raises(RegisterError, match="no reason given"):
        database.reject(name, reason="  ", actor="desk", now=NOW)
    database.reject(name, reason="not-the-holder: the deed names another", actor="desk", now=NOW)
    with pytest.raises(RegisterError, match="no reason given"):
        database.appeal(name, reason="", actor="desk", now=NOW)
    assert not database.status(name).appealed
    database.appeal(name, reason="the deed was amended", actor="desk", now=NOW)
    status = database.status(name)
    assert (status.state, status.appealed) == (State.RECEIVED, True)
    assert status.events[1].reason == "not-the-holder: the deed names another"


def test_a_reason_may_have_the_spaces_of_any_script(database):
    name = brought_to(database, State.RECEIVED)
    reason = "not-the-holder:\u3000版權頁\u3000另有其人\u00a0«\u202fici\u202f»\u3000"
    database.reject(name, reason=reason, actor="編輯\u3000甲", now=NOW)
    assert database.status(name).events[-1].reason == "not-the-holder: 版權頁 另有其人 « ici »"
    database.verify_log()
    with pytest.raises(RegisterError, match=r"reason .* character 3 is U\+200B") as caught:
        database.appeal(name, reason="版權\u200b頁", actor="desk", now=NOW)
    assert "in one line" in caught.value.hint


def test_a_legal_hold_leaves_the_state_and_can_end(database):
    name = brought_to(database, State.REMOVED)
    assert database.hold(name, actor="counsel", now=NOW, reason="case 12/26") is State.REMOVED
    assert database.status(name).legal_hold
    assert database.under_legal_hold() == (name,)
    with pytest.raises(RegisterError, match="is under legal hold"):
        database.hold(name, actor="counsel", now=NOW)
    database.release(name, actor="counsel", now=NOW)
    assert not database.status(name).legal_hold
    assert database.under_legal_hold() == ()
    with pytest.raises(RegisterError, match="is not under legal hold"):
        database.release(name, actor="counsel", now=NOW)


@pytest.mark.parametrize("state", [State.RECEIVED, State.VERIFIED])
def test_under_legal_hold_a_request_is_neither_rejected_nor_taken_back(either, state):
    name = brought_to(either, state)
    for _ in range(2):
        either.hold(name, actor="counsel", now=NOW)
        before = either.status(name)
        for act in (Act.REJECT, Act.WITHDRAW):
            with pytest.raises(RegisterError, match="is under legal hold: it cannot be") as caught:
                STEPS[act](either, name, NOW)
            assert "release the hold first" in caught.value.hint
        assert either.status(name) == before
        either.release(name, actor="counsel", now=NOW)
    assert STEPS[Act.REJECT](either, name, NOW) is State.REJECTED


def test_under_legal_hold_a_request_goes_on_to_be_carried_out(database):
    name = brought_to(database, State.VERIFIED)
    database.hold(name, actor="counsel", now=NOW)
    for act in (Act.MATCH, Act.REMOVE, Act.CONFIRM):
        STEPS[act](database, name, NOW)
    assert database.status(name).state is State.CONFIRMED


def test_every_change_says_who_made_it(database):
    with pytest.raises(RegisterError, match="no actor"):
        database.file(work(), actor=" ", now=NOW)
    name = database.file(work(), actor="desk", now=NOW)
    refused = {
        "": "no actor",
        "two\nlines": r"the actor is no single line of text: its character 4 is U\+000A",
        "x" * 501: "the actor has 501 characters",
    }
    for actor, words in refused.items():
        with pytest.raises(RegisterError, match=words):
            database.verify(name, actor=actor, now=NOW)
    with pytest.raises(RegisterError, match="without a zone"):
        database.verify(name, actor="desk", now=NOW.replace(tzinfo=None))
    with pytest.raises(RegisterError, match="no JSON"):
        database.verify(name, actor="desk", now=NOW, details={"when": NOW})
    assert database.status(name).state is State.RECEIVED


def test_references_are_public_and_not_to_be_guessed(database):
    names = {database.file(site(f"s{n}.example", somebody(n)), actor="desk", now=NOW) for n in range(20)}
    assert len(names) == 20
    for name in names:
        assert name[:2] == "R-"
        assert len(name) == 18
        assert set(name[2:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert database.status(f" {name.lower()} ").reference == name
    for other in ("R-AAAAAAAAAAAAAAAA", "R-\ud800", "R-\0", ""):
        with pytest.raises(RegisterError, match="no request of that reference"):
            database.status(other)


REFUSED = [
    (NewRequest(AUTHOR, Scope.WORK, texts=[WORK]), "good faith"),
    (work(claimant=Claimant(" ", "a@b.example")), "without a name"),
    (work(claimant=Claimant("Somebody", " mailto: ")), "without a contact"),
    (work(claimant=Claimant("Somebody", "a" + "\u0301\u0323" * 500)), "a contact of 1,001 characters"),
    (work(authority=Authority.AGENT), "agent without a document"),
    (work(authority=Authority.COLLECTING_SOCIETY), "collecting_society without a document"),
    (work(authority=Authority.AGENT, document="ABC"), "no SHA-256"),
    (NewRequest(AUTHOR, Scope.WORK, good_faith=True), "proof of possession"),
    (NewRequest(AUTHOR, Scope.WORK, good_faith=True, digests=["ab" * 32]), "proof of possession"),
    (NewRequest(AUTHOR, Scope.FILE, good_faith=True), "needs the SHA-256"),
    (NewRequest(AUTHOR, Scope.LOCATION, good_faith=True), "needs a URL"),
    (work(digests=["ab" * 32]), "names something else as well"),
    (work(text=" \n\t "), "text 1 is empty"),
    (digest("not a digest"), "digest 1 is no SHA-256"),
    (site("a/b"), "'a/b' is no site"),
    (NewRequest(AUTHOR, Scope.LOCATION, good_faith=True, locations=[(KeyKind.CONTENT, "ab" * 32)]), "no location"),
    (NewRequest(AUTHOR, Scope.LOCATION, good_faith=True, locations=[(KeyKind.ACCOUNT, "a\x00b")]), "characters"),
    (repertoire(texts=[WORK], authority=Authority.HOLDER), "filed by an agent or a collecting society"),
    (repertoire(texts=[WORK], document=None), "without a document"),
    (repertoire(), "names nothing"),
]


@pytest.mark.parametrize(("request_", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_request_that_lacks_what_it_must_state_is_refused_whole(database, request_, words):
    with pytest.raises(RegisterError, match=words):
        database.file(request_, actor="desk", now=NOW)
    assert database.by_state(*State) == ()
    assert database.log_head().length == 0


def test_an_error_about_a_work_does_not_repeat_it(database):
    for request in (digest(WORK), repertoire(digests=[WORK])):
        with pytest.raises(RegisterError) as caught:
            database.file(request, actor="desk", now=NOW)
        assert "lamplighter" not in f"{caught.value!s}{caught.value!r}{caught.value.where}"
    assert "lamplighter" not in repr(work())
    assert "Quillfeather" not in repr(work())


def test_too_many_works_in_one_request_need_somebody_who_acts_for_their_holders(tmp_path, key):
    limits = Limits(works_a_request=3)
    with RegisterDatabase.open(tmp_path / "r.db", key=key, create=True, limits=limits) as register:
        texts = [f"{WORK} {n}" for n in range(4)]
        with pytest.raises(RegisterError, match="4 works in one request, and 3 are taken") as caught:
            register.file(NewRequest(AUTHOR, Scope.WORK, good_faith=True, texts=texts), actor="desk", now=NOW)
        assert "collecting society" in caught.value.hint
        name = register.file(repertoire(texts), actor="desk", now=NOW)
        assert register.status(name).queued
        assert register.status(name).keys == 4


def test_what_is_filed_in_bulk_waits_after_the_others_and_is_not_dropped(database):
    bulk = database.file(repertoire([WORK, OTHER_WORK]), actor="desk", now=NOW)
    single = database.file(site(), actor="desk", now=NOW + HOUR)
    assert database.pending() == (single, bulk)
    database.verify(single, actor="desk", now=NOW + HOUR)
    assert database.pending() == (bulk,)
    database.verify(bulk, actor="desk", now=NOW + HOUR)
    assert database.pending() == ()
    assert not database.status(bulk).queued


def test_requests_a_day_are_limited_for_each_claimant_and_it_is_told_when_to_come_back(tmp_path, key):
    limits = Limits(requests_a_day=2)
    with RegisterDatabase.open(tmp_path / "r.db", key=key, create=True, limits=limits) as register:
        register.file(site("a.example"), actor="desk", now=NOW)
        register.file(site("b.example"), actor="desk", now=NOW + HOUR)
        with pytest.raises(RegisterError, match="over the limit: 2 requests") as caught:
            register.file(site("c.example"), actor="desk", now=NOW + 2 * HOUR)
        assert caught.value.where["again_at"] == (NOW + DAY).isoformat()
        assert caught.value.hint == "come back after 2026-03-02T12:00:00+00:00"
        spelled = Claimant("A. Q.", "  MAILTO:Aurelia@Quill.Example ")
        with pytest.raises(RegisterError, match="over the limit"):
            register.file(site("c.example", spelled), actor="desk", now=NOW + 2 * HOUR)
        register.file(site("c.example", RIVAL), actor="desk", now=NOW + 2 * HOUR)
        register.file(site("c.example"), actor="desk", now=NOW + DAY)


def test_works_a_day_are_limited_and_repertoires_are_not(tmp_path, key):
    limits = Limits(works_a_day=3)
    with RegisterDatabase.open(tmp_path / "r.db", key=key, create=True, limits=limits) as register:
        texts = [f"{WORK} {n}" for n in range(5)]
        register.file(NewRequest(AUTHOR, Scope.WORK, good_faith=True, texts=texts[:2]), actor="desk", now=NOW)
        with pytest.raises(RegisterError, match="over the limit: 4 works"):
            register.file(NewRequest(AUTHOR, Scope.WORK, good_faith=True, texts=texts[2:4]), actor="desk", now=NOW)
        register.file(repertoire(texts, claimant=AUTHOR), actor="desk", now=NOW)
        register.file(work(texts[2]), actor="desk", now=NOW)


def test_one_thing_named_twice_in_a_request_is_one(database):
    twice = repertoire([WORK, WORK.upper()], digests=[text_digest(WORK)])
    assert database.status(database.file(twice, actor="desk", now=NOW)).keys == 1


def test_two_claimants_on_one_work_know_of_a_conflict_until_one_is_turned_down(either):
    first = either.file(work(), actor="desk", now=NOW)
    again = either.file(work(), actor="desk", now=NOW)
    assert not either.status(first).conflict
    second = either.file(work(WORK.upper(), RIVAL), actor="desk", now=NOW)
    assert either.status(first).conflict
    assert either.status(second).conflict
    assert either.conflicts(second) == tuple(sorted((first, again)))
    assert either.conflicts(first) == (second,)
    assert second not in repr(either.status(first))
    either.reject(second, reason="conflict-lost", actor="desk", now=NOW)
    assert not either.status(first).conflict
    assert not either.status(second).conflict
    assert either.conflicts(first) == ()
    either.appeal(second, reason="a deed was found", actor="desk", now=NOW)
    assert either.status(first).conflict


def test_the_same_words_of_another_kind_are_no_conflict(database):
    one = database.file(site("same.example"), actor="desk", now=NOW)
    host = NewRequest(RIVAL, Scope.LOCATION, good_faith=True, locations=[(KeyKind.HOST, "same.example")])
    database.file(host, actor="desk", now=NOW)
    assert not database.status(one).conflict
    database.file(site("SAME.example.", RIVAL), actor="desk", now=NOW)
    assert database.status(one).conflict


def test_an_agent_keeps_the_digest_of_the_mandate(database, tmp_path):
    database.file(work(authority=Authority.AGENT, document=DOCUMENT), actor="desk", now=NOW)
    with sqlite3.connect(tmp_path / "register.db") as connection:
        stored = connection.execute("SELECT authority, document, good_faith FROM optout_requests").fetchall()
    connection.close()
    assert stored == [("agent", DOCUMENT, "1")]
