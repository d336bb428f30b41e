"""What signal files beside robots.txt do to records, at both times."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from rightful.policy.policy_file import parse_policy
from rightful.screening.screener import Screener
from rightful.screening.settled import summarised
from rightful.screening.signal_lookup import Locations, SignalLookup
from rightful.signals.locations import AI_TXT, ROBOTS, RSL, TDM_POLICY, TDMREP, TRUST_TXT
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import Snapshot, add_captures

BASE = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
HOST = "https://h.example"


def at(year):
    return datetime(year, 1, 1, tzinfo=UTC)


def capture(signal, body, year=2024, status=200, error=None):
    outcome, kind = classify(status, error, body, signal)
    return Capture(HOST, at(year), outcome, kind, signal=signal, status=status, error=error, body=body)


def reasons(tmp_path, captures, *, policy=BASE, path="/a", fetched=None):
    add_captures(tmp_path, [capture(ROBOTS, b"", 2020), *captures])
    row = {"url": f"{HOST}{path}", "fetched_at": fetched and at(fetched)}
    rows = pa.Table.from_pylist([row], schema=pa.schema([("url", pa.string()), ("fetched_at", pa.timestamp("s"))]))
    return Screener(parse_policy(policy), tmp_path).decisions(rows)["reasons"][0].as_py()


SIGNAL = b"User-agent: *\nContent-Signal: ai-train=no\n"
RESERVED = b'[{"location": "/", "tdm-reservation": 1}]'


@pytest.mark.parametrize(
    ("captures", "expected"),
    [
        ([capture(ROBOTS, SIGNAL)], ["RESERVED_NOW:content-signal"]),
        ([capture(ROBOTS, b"User-agent: *\nContent-Usage: train-ai=n\n")], ["RESERVED_NOW:content-usage"]),
        (
            [capture(ROBOTS, b"User-agent: *\nContent-Usage: train-ai=n;exceptions=cc-cr\n")],
            ["CONDITIONAL_NOW:content-usage"],
        ),
        ([capture(ROBOTS, b"User-agent: *\nContent-Signal: search=no\n")], ["GENERAL"]),
        ([capture(TDMREP, RESERVED)], ["RESERVED_NOW:tdmrep"]),
        ([capture(TDMREP, b"<html>app</html>")], ["GENERAL"]),
        ([capture(TDMREP, None, status=404)], ["GENERAL"]),
        ([capture(TDMREP, None, status=403)], ["GENERAL"]),
        ([capture(TDMREP, None, status=503)], ["UNREADABLE:tdmrep"]),
        ([capture(TDMREP, None, status=None, error="timeout")], ["UNREADABLE:tdmrep"]),
        ([capture(AI_TXT, b"User-agent: *\nDisallow: /\n")], ["RESERVED_NOW:ai-txt"]),
        ([capture(TRUST_TXT[0], b"datatrainingallowed=no\n")], ["RESERVED_NOW:trust-txt"]),
        ([capture(TRUST_TXT[1], b"datatrainingallowed=no\n")], ["RESERVED_NOW:trust-txt"]),
        (
            [capture(TRUST_TXT[0], b"datatrainingallowed=yes\n"), capture(TRUST_TXT[1], b"datatrainingallowed=no\n")],
            ["RESERVED_NOW:trust-txt"],
        ),
        (
            [capture(ROBOTS, SIGNAL + b"Disallow: /\n"), capture(TDMREP, RESERVED)],
            ["ROBOTS_NOW:wildcard", "RESERVED_NOW:content-signal", "RESERVED_NOW:tdmrep"],
        ),
    ],
)
def test_what_every_file_amounts_to(tmp_path, captures, expected):
    assert reasons(tmp_path, captures) == expected


@pytest.mark.parametrize(
    ("signal", "body", "protocol"),
    [
        (TDMREP, b'[{"location": "/other", "tdm-reservation": 1}]', "tdmrep"),
        (AI_TXT, b"User-agent: *\nDisallow: /other\n", "ai-txt"),
        (TRUST_TXT[0], b"member=https://a.example\n", "trust-txt"),
    ],
)
def test_what_was_not_captured_of_a_file_may_be_a_refusal(tmp_path, signal, body, protocol):
    assert reasons(tmp_path, [replace(capture(signal, body), truncated=True)]) == [f"UNREADABLE:{protocol}"]
    assert reasons(tmp_path / "whole", [capture(signal, body)]) == ["GENERAL"]


def test_an_allowance_in_one_protocol_lifts_nothing_in_another(tmp_path):
    allowed = capture(ROBOTS, b"User-agent: *\nAllow: /\nContent-Usage: train-ai=y\n")
    assert reasons(tmp_path, [allowed, capture(TDMREP, RESERVED)]) == ["RESERVED_NOW:tdmrep"]


@pytest.mark.parametrize(
    ("mode", "fetched", "expected"),
    [
        ("strictest", 2022, ["RESERVED_NOW:tdmrep"]),
        ("strictest", 2025, ["RESERVED_FETCH:tdmrep", "RESERVED_NOW:tdmrep"]),
        ("fetch", 2022, ["GENERAL"]),
        ("fetch", 2025, ["RESERVED_FETCH:tdmrep"]),
        ("build", 2022, ["RESERVED_NOW:tdmrep"]),
    ],
)
def test_what_was_in_force_when_fetched_and_what_is_now(tmp_path, mode, fetched, expected):
    history = [capture(TDMREP, b"[]", 2021), capture(TDMREP, RESERVED, 2024)]
    policy = f'{BASE}[as_of]\nmode = "{mode}"\n'
    assert reasons(tmp_path, history, policy=policy, fetched=fetched) == expected


def test_the_policy_says_what_the_data_is_used_for(tmp_path):
    captures = [capture(ROBOTS, b"User-agent: *\nContent-Signal: search=no, ai-train=yes\n")]
    search = f'{BASE}[protocols]\nusages = ["search"]\n'
    assert reasons(tmp_path, captures) == ["GENERAL"]
    assert reasons(tmp_path, captures, policy=search) == ["RESERVED_NOW:content-signal"]


def test_ignoring_a_protocol_is_unsafe_and_seen(tmp_path):
    ignoring = f'{BASE}[protocols]\nunsafe_ignore = ["tdmrep"]\n'
    captures = [capture(TDMREP, RESERVED), capture(ROBOTS, SIGNAL)]
    assert reasons(tmp_path, captures, policy=ignoring) == ["RESERVED_NOW:content-signal"]


def test_paths_are_told_apart(tmp_path):
    captures = [
        capture(TDMREP, b'[{"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]')
    ]
    assert reasons(tmp_path, captures, path="/free/1") == ["GENERAL"]
    assert reasons(tmp_path, captures, path="/fr%65e/1") == ["GENERAL"]
    assert reasons(tmp_path, captures, path="/other?x=1") == ["RESERVED_NOW:tdmrep"]


def test_data_that_was_not_crawled_is_not_asked_about(tmp_path):
    own = BASE.replace('route = "crawled"', 'route = "self.rd"')
    assert reasons(tmp_path, [capture(TDMREP, RESERVED)], policy=own) == ["GENERAL"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"x_robots_tag": "noai"}, ["RESERVED_FETCH:robots-tag", "RESERVED_NOW:robots-tag"]),
        ({"x_robots_tag": "otherbot: noai"}, ["GENERAL"]),
        ({"x_robots_tag": "otherbot: noindex, gptbot: noai"}, ["RESERVED_FETCH:robots-tag", "RESERVED_NOW:robots-tag"]),
        ({"meta_robots": "NoAI, noimageai"}, ["RESERVED_FETCH:robots-tag", "RESERVED_NOW:robots-tag"]),
        ({"meta_robots": "max-image-preview:large"}, ["GENERAL"]),
        ({"meta_robots": "noindex, noarchive"}, ["GENERAL"]),
        (
            {"tdm_reservation": "1", "tdm_policy": "https://h.example/p"},
            ["RESERVED_FETCH:tdmrep", "RESERVED_NOW:tdmrep"],
        ),
        ({"tdm_reservation": "0"}, ["GENERAL"]),
        ({"tdm_policy": "https://h.example/p"}, ["GENERAL"]),
        ({"content_usage": "train-ai=n"}, ["RESERVED_FETCH:content-usage", "RESERVED_NOW:content-usage"]),
        ({"content_signal": "ai-train=no"}, ["RESERVED_FETCH:content-signal", "RESERVED_NOW:content-signal"]),
        ({"content_signal": "ai-train=yes"}, ["GENERAL"]),
        ({"x_robots_tag": "  ", "meta_robots": None}, ["GENERAL"]),
        ({"x_robots_tag": "all\r\nnoai"}, ["RESERVED_FETCH:robots-tag", "RESERVED_NOW:robots-tag"]),
        ({"meta_robots": b"noai\xff"}, ["UNKNOWN_VALUE:meta_robots"]),
    ],
)
def test_what_a_records_own_response_says(tmp_path, fields, expected):
    add_captures(tmp_path, [capture(ROBOTS, b"", 2020)])
    table = pa.Table.from_pylist([{"url": f"{HOST}/a", **fields}])
    assert Screener(parse_policy(BASE), tmp_path).decisions(table)["reasons"].to_pylist() == [expected]


def tdm_rows(tmp_path, captures, *rows):
    add_captures(tmp_path, [capture(ROBOTS, b"", 2020), *captures])
    table = pa.Table.from_pylist([{"url": f"{HOST}/a", "fetched_at": at(2021), **row} for row in rows])
    return Screener(parse_policy(BASE), tmp_path).decisions(table)["reasons"].to_pylist()


FREE, NOW, THEN = {"tdm_reservation": 0}, "RESERVED_NOW:tdmrep", "RESERVED_FETCH:tdmrep"


def test_a_page_takes_the_place_of_its_site_within_tdmrep_and_nowhere_else(tmp_path):
    signal = ["RESERVED_FETCH:content-signal", "RESERVED_NOW:content-signal"]
    captures = [
        replace(capture(ROBOTS, SIGNAL, 2020), fetched_at=at(2020).replace(month=2)),
        capture(TDMREP, RESERVED, 2020),
    ]
    found = tdm_rows(tmp_path, captures, FREE, {"tdm_reservation": None})
    assert found[0] == signal
    assert found[1] == ["RESERVED_FETCH:content-signal", THEN, "RESERVED_NOW:content-signal", NOW]


def test_a_page_speaks_of_the_time_it_was_fetched(tmp_path):
    """A file that is newer says something else, and stands beside it."""
    newer = [capture(TDMREP, b"[]", 2020), capture(TDMREP, RESERVED, 2022)]
    assert tdm_rows(tmp_path / "newer", newer, FREE) == [[NOW]]
    lifted = [capture(TDMREP, RESERVED, 2020), capture(TDMREP, b"[]", 2022)]
    assert tdm_rows(tmp_path / "lifted", lifted, FREE, {"tdm_reservation": 1}) == [["GENERAL"], [THEN, NOW]]
    unasked = [capture(TDMREP, RESERVED, 2022)]
    assert tdm_rows(tmp_path / "unasked", unasked, FREE, {**FREE, "fetched_at": None}) == [[NOW], [NOW]]


def test_a_page_speaks_of_its_own_site(tmp_path):
    """Where a redirect led elsewhere, the site it began at keeps its word."""
    other = "https://o.example"
    captures = [
        replace(capture(signal, body, 2020), origin=other) for signal, body in ((ROBOTS, b""), (TDMREP, RESERVED))
    ]
    moved = {"url": f"{other}/a", "final_url": f"{HOST}/a", **FREE}
    back = {"url": f"{HOST}/a", "final_url": f"{other}/a", **FREE}
    assert tdm_rows(tmp_path, captures, moved, back) == [[THEN, NOW], ["GENERAL"]]


def test_what_cannot_be_read_takes_the_place_of_nothing(tmp_path):
    unread = {"page_fields": "unread: tdm_reservation"}
    captures = [capture(TDMREP, RESERVED, 2020)]
    assert tdm_rows(tmp_path, captures, unread) == [[THEN, NOW]]


def test_words_of_search_engines_count_where_the_policy_says_so(tmp_path):
    add_captures(tmp_path, [capture(ROBOTS, b"", 2020)])
    rows = pa.Table.from_pylist([{"url": f"{HOST}/a", "meta_robots": word} for word in ("noindex", "noarchive")])
    strict = f'{BASE}[protocols]\nsearch_words = "deny"\nbing_words = "honour"\n'
    found = Screener(parse_policy(strict), tmp_path).decisions(rows)["reasons"].to_pylist()
    assert found == [["RESERVED_FETCH:robots-tag", "RESERVED_NOW:robots-tag"]] * 2


LICENCE_URL = f"{HOST}/rsl.xml"
DECLARING = f"License: {LICENCE_URL}\nUser-agent: *\nAllow: /\n".encode()


def rsl_document(inside, url="/"):
    return f'<rsl xmlns="https://rslstandard.org/rsl"><content url="{url}">{inside}</content></rsl>'.encode()


PROHIBITED = rsl_document('<license><prohibits type="usage">ai-train</prohibits></license>')
PERMITTED = rsl_document('<license><permits type="usage">all</permits></license>')
PRICE = '<payment type="crawl"><amount currency="USD">1</amount></payment>'
PRICED = rsl_document(f'<license><permits type="usage">all</permits>{PRICE}</license>')


def licence(body, year=2024, status=200, url=LICENCE_URL):
    outcome, kind = classify(status, None, body, RSL)
    return Capture(url, at(year), outcome, kind, signal=RSL, status=status, body=body)


@pytest.mark.parametrize(
    ("captures", "expected"),
    [
        ([licence(PROHIBITED)], ["RESERVED_NOW:rsl"]),
        ([licence(PERMITTED)], ["LIC:rsl"]),
        ([licence(PRICED)], ["PAYMENT_DUE:rsl:crawl"]),
        ([licence(None, status=404)], ["RESERVED_NOW:rsl"]),
        ([licence(None, status=503)], ["RESERVED_NOW:rsl"]),
        ([licence(b"<html>no licence</html>")], ["RESERVED_NOW:rsl"]),
        ([], ["UNREADABLE:rsl"]),
        ([licence(PROHIBITED, url=f"{HOST}/another.xml")], ["UNREADABLE:rsl"]),
        ([licence(rsl_document('<license><prohibits type="usage">all</prohibits></license>', "/other/"))], ["GENERAL"]),
    ],
)
def test_the_licence_a_site_declares(tmp_path, captures, expected):
    assert reasons(tmp_path, [capture(ROBOTS, DECLARING), *captures]) == expected


def test_more_licences_than_are_read_hold(tmp_path):
    lines = "".join(f"License: {HOST}/{number}.xml\n" for number in range(21))
    licences = [licence(PERMITTED, url=f"{HOST}/{number}.xml") for number in range(21)]
    assert reasons(tmp_path, [capture(ROBOTS, lines.encode(), 2021), *licences]) == ["UNREADABLE:rsl"]
    fewer = capture(ROBOTS, lines.replace(f"License: {HOST}/20.xml\n", "").encode(), 2021)
    assert reasons(tmp_path / "fewer", [fewer, *licences]) == ["LIC:rsl"]


def test_where_only_the_time_of_the_fetch_counts_a_later_licence_answers_nothing(tmp_path):
    history = [capture(ROBOTS, DECLARING, 2021), licence(PERMITTED, 2024)]
    policy = f'{BASE}[as_of]\nmode = "fetch"\n'
    assert reasons(tmp_path, history, policy=policy, fetched=2022) == ["UNREADABLE:rsl"]
    assert reasons(tmp_path, [], policy=policy, fetched=2025) == ["LIC:rsl"]


def test_a_licence_nobody_declares_says_nothing(tmp_path):
    assert reasons(tmp_path, [capture(ROBOTS, b"User-agent: *\nAllow: /\n"), licence(PROHIBITED)]) == ["GENERAL"]


def test_a_licence_as_it_was_and_as_it_is(tmp_path):
    history = [capture(ROBOTS, DECLARING, 2021), licence(PERMITTED, 2021), licence(PROHIBITED, 2024)]
    assert reasons(tmp_path, history, fetched=2022) == ["RESERVED_NOW:rsl"]
    assert reasons(tmp_path, [], fetched=2025) == ["RESERVED_FETCH:rsl", "RESERVED_NOW:rsl"]


def test_a_group_of_a_token_replaces_the_licence_of_the_site(tmp_path):
    body = f"License: {HOST}/site.xml\nUser-agent: GPTBot\nLicense: /group.xml\nAllow: /\n".encode()
    captures = [
        capture(ROBOTS, body),
        licence(PROHIBITED, url=f"{HOST}/group.xml"),
        licence(PERMITTED, url=f"{HOST}/site.xml"),
    ]
    assert reasons(tmp_path, captures) == ["RESERVED_NOW:rsl"]


def test_a_licence_of_another_spelling_of_its_address_is_the_same(tmp_path):
    declaring = b"License: HTTPS://H.example:443/x/../rsl.xml\nLicense: http://[\nUser-agent: *\n"
    assert reasons(tmp_path, [capture(ROBOTS, declaring), licence(PROHIBITED)]) == ["RESERVED_NOW:rsl"]


POLICY_URL = f"{HOST}/policy.json"


def naming(url=POLICY_URL, location="/"):
    return f'{{"location": "{location}", "tdm-reservation": 1, "tdm-policy": "{url}"}}'


NAMING = f"[{naming()}]".encode()
ASKING = b'{"permission": {"action": "tdm:mine", "duty": "%s"}}'
PAID, CONSENT, STRANGE = ASKING % b"compensate", ASKING % b"obtainConsent", ASKING % b"nextPolicy"


def tdm_policy(body, year=2024, status=200, error=None, url=POLICY_URL):
    outcome, kind = classify(status, error, body, TDM_POLICY)
    return Capture(url, at(year), outcome, kind, signal=TDM_POLICY, status=status, error=error, body=body)


CONDITIONAL, DENIED = ["CONDITIONAL_NOW:tdmrep"], ["RESERVED_NOW:tdmrep"]


@pytest.mark.parametrize(
    ("captures", "expected"),
    [
        ([tdm_policy(PAID)], CONDITIONAL),
        ([tdm_policy(CONSENT)], CONDITIONAL),
        ([], DENIED),
        ([tdm_policy(STRANGE)], DENIED),
        ([tdm_policy(b"<html>write to us</html>")], DENIED),
        ([tdm_policy(b'{"permission": {"action": "tdm:mine"}}')], DENIED),
        ([tdm_policy(None, status=404)], DENIED),
        ([tdm_policy(None, status=503)], DENIED),
        ([tdm_policy(None, status=None, error="timeout")], DENIED),
        ([tdm_policy(PAID, url=f"{HOST}/another.json")], DENIED),
        ([tdm_policy(PAID, 2022), tdm_policy(STRANGE, 2024)], DENIED),
        ([tdm_policy(PAID, 2022), tdm_policy(None, 2024, 404)], DENIED),
        ([tdm_policy(PAID), capture(ROBOTS, SIGNAL)], ["CONDITIONAL_NOW:tdmrep", "RESERVED_NOW:content-signal"]),
    ],
)
def test_the_policy_of_a_reservation(tmp_path, captures, expected):
    assert sorted(reasons(tmp_path, [capture(TDMREP, NAMING), *captures])) == expected


def test_a_policy_nobody_names_says_nothing(tmp_path):
    free = b'[{"location": "/", "tdm-reservation": 0, "tdm-policy": "/policy.json"}]'
    assert reasons(tmp_path, [capture(TDMREP, RESERVED), tdm_policy(PAID)]) == DENIED
    assert reasons(tmp_path, [capture(TDMREP, free, 2025)]) == ["GENERAL"]


def test_a_policy_is_for_the_paths_whose_rule_names_it(tmp_path):
    body = f"[{naming(location='/paid/')}, {naming('odd.json', '/odd/')}, {naming('../policy.json', '/up/')}]".encode()
    odd = tdm_policy(STRANGE, url=f"{HOST}/.well-known/odd.json")
    found = {path: reasons(tmp_path, [capture(TDMREP, body), tdm_policy(PAID), odd], path=path) for path in PATHS}
    assert found == dict(zip(PATHS, (CONDITIONAL, DENIED, CONDITIONAL, ["GENERAL"]), strict=True))


PATHS = ("/paid/1", "/odd/1", "/up/1", "/other")


@pytest.mark.parametrize(
    ("fetched", "expected"),
    [
        (2020, CONDITIONAL),
        (2022, ["RESERVED_FETCH:tdmrep", "CONDITIONAL_NOW:tdmrep"]),
        (2025, ["CONDITIONAL_FETCH:tdmrep", "CONDITIONAL_NOW:tdmrep"]),
    ],
)
def test_a_policy_as_it_was_and_as_it_is(tmp_path, fetched, expected):
    history = [capture(TDMREP, NAMING, 2021), tdm_policy(PAID, 2024)]
    assert reasons(tmp_path, history, fetched=fetched) == expected


def test_what_a_policy_asks_for_is_part_of_the_situation_and_its_capture_of_the_evidence(tmp_path):
    files = [capture(ROBOTS, b"", 2020), capture(TDMREP, f"[{naming()}, {naming('/x.json', '/x/')}]".encode())]
    add_captures(tmp_path, [*files, tdm_policy(PAID), tdm_policy(PAID, url=f"{HOST}/x.json")])
    snapshot = Snapshot.open(tmp_path)
    lookup = SignalLookup(parse_policy(BASE), snapshot, None)
    urls = [f"{HOST}/a", f"{HOST}/b", "https://elsewhere.example/"]
    signals = lookup.signals(Locations(pa.array(urls, pa.large_string())))
    found = [summarised(parse_policy(BASE), signals.files(row), now=True) for row in range(3)]
    assert found == [("tdmrep=conditional:payment:tdm",)] * 2 + [()]
    used = {(row["origin"], row["signal"]) for row in snapshot.captures.take(sorted(signals.captures)).to_pylist()}
    assert used == {(HOST, ROBOTS), (HOST, TDMREP), (POLICY_URL, TDM_POLICY)}


def test_a_page_that_states_a_reservation_itself_is_not_freed_by_the_policy_of_its_site(tmp_path):
    add_captures(tmp_path, [capture(ROBOTS, b"", 2020), capture(TDMREP, NAMING, 2020), tdm_policy(PAID, 2020)])
    rows = pa.Table.from_pylist([{"url": f"{HOST}/a", "tdm_reservation": 1}, {"url": f"{HOST}/a"}])
    found = Screener(parse_policy(BASE), tmp_path).decisions(rows)["reasons"].to_pylist()
    assert found[1] == CONDITIONAL
    assert "RESERVED_NOW:tdmrep" in found[0]
