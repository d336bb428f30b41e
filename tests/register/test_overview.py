"""The register at a glance, in either database."""

from tests.register.people import DAY, HOUR, NOW, OTHER_WORK, RIVAL, repertoire, site, work

from rightful.register import overview
from rightful.register.model import Scope, State


def test_of_an_empty_register_there_is_nothing_to_see(either):
    found = overview.overview(either._store)
    assert sum(found.by_state.values()) == found.queued == found.log.length == 0
    assert (found.oldest, found.newest) == (None, None)
    assert overview.listed(either._store, list(State), most=9) == ([], 0)
    assert overview.last_rows(either._store, 9) == []


def test_requests_are_counted_where_they_stand_now(either):
    first = either.file(work(), actor="desk", now=NOW)
    either.file(repertoire([OTHER_WORK]), actor="desk", now=NOW + HOUR)
    either.verify(first, actor="desk", now=NOW + DAY)
    last = either.file(site(claimant=RIVAL), actor="desk", now=NOW + DAY)
    found = overview.overview(either._store)
    assert {state: count for state, count in found.by_state.items() if count} == {State.RECEIVED: 2, State.VERIFIED: 1}
    assert (found.queued, found.oldest.scope, found.log) == (1, Scope.REPERTOIRE, either.log_head())
    rows, count = overview.listed(either._store, [State.RECEIVED, State.VERIFIED], most=2)
    assert (rows[0].reference, rows[0].received_at, rows[0].since, count) == (first, NOW, NOW + DAY, 3)
    assert last not in {row.reference for row in rows}


def test_a_legal_hold_does_not_change_since_when_a_request_stands_where_it_does(either):
    name = either.file(work(), actor="desk", now=NOW)
    either.reject(name, reason="duplicate", actor="desk", now=NOW + 2 * DAY)
    either.hold(name, actor="desk", now=NOW + 2 * DAY)
    either.appeal(name, reason="it is another", actor="desk", now=NOW + 3 * DAY)
    either.release(name, actor="desk", now=NOW + 4 * DAY)
    ((row,), _) = overview.listed(either._store, [State.RECEIVED], most=1)
    assert (row.received_at, row.since) == (NOW, NOW + 3 * DAY)


def test_an_export_is_current_until_another_would_differ(either, tmp_path):
    name = either.file(work(), actor="desk", now=NOW)
    first = either.export(tmp_path, actor="nightly", now=NOW + HOUR).version
    assert overview.overview(either._store).newest == (first, NOW + HOUR, True)
    assert overview.in_effect_since(either._store, name) is None
    either.hold(name, actor="desk", now=NOW + DAY)
    assert overview.exported(either._store, first).current
    either.verify(name, actor="desk", now=NOW + DAY)
    assert not overview.exported(either._store, first).current
    either.export(tmp_path, actor="nightly", now=NOW + 2 * DAY)
    assert overview.in_effect_since(either._store, name) == NOW + 2 * DAY
    assert not overview.exported(either._store, first).current
    assert overview.overview(either._store).newest.current
    assert overview.exported(either._store, "sha256:none") is None


def test_what_is_past_its_time_is_counted_and_kept(either):
    name = either.file(work(keep_copy=True, retain_until=NOW + DAY), actor="desk", now=NOW)
    assert overview.expired(either._store, NOW) == (0, 0, 0)
    assert overview.expired(either._store, NOW + DAY) == (1, 1, 0)
    assert either.personal(name, actor="desk", reason="to look", now=NOW + DAY).name
    assert [row.action for row in overview.last_rows(either._store, 9)] == ["file", "read-personal"]
