"""Which capture counts, and what is done without one."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from rightful.policy.policy_file import parse_policy
from rightful.register.entries import KeyKind, OptOut
from rightful.register.export import export_register
from rightful.screening.fact_columns import times_of
from rightful.screening.screener import Screener
from rightful.snapshot.capture_index import NO_TIME
from rightful.snapshot.model import Capture, Kind, classify
from rightful.snapshot.store import add_captures

DENY, ALLOW = b"User-agent: *\nDisallow: /\n", b"User-agent: *\nAllow: /\n"
BASE = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'


def at(year, month=1):
    return datetime(year, month, 1, tzinfo=UTC)


def capture(origin, moment, body=None, status=200, error=None):
    outcome, kind = classify(status, error, body)
    return Capture(origin, moment, outcome, kind, status=status, error=error, body=body)


def reasons(tmp_path, captures, rows, policy=BASE, register=None):
    add_captures(tmp_path / "signals", captures)
    screener = Screener(parse_policy(policy), tmp_path / "signals", register)
    table = screener.decisions(pa.Table.from_pylist(rows))
    return [row["reasons"] for row in table.to_pylist()]


def record(url="https://h.example/a", fetched_at=None, **more):
    return {"url": url, "fetched_at": fetched_at, "text": "t", **more}


HISTORY = [capture("https://h.example", at(2023), ALLOW), capture("https://h.example", at(2025), DENY)]


@pytest.mark.parametrize(
    ("mode", "fetched", "expected"),
    [
        ("strictest", at(2024), ["ROBOTS_NOW:wildcard"]),
        ("strictest", at(2026), ["ROBOTS_FETCH:wildcard", "ROBOTS_NOW:wildcard"]),
        ("fetch", at(2024), ["GENERAL"]),
        ("fetch", at(2026), ["ROBOTS_FETCH:wildcard"]),
        ("build", at(2024), ["ROBOTS_NOW:wildcard"]),
        ("fetch", at(2022), ["ROBOTS_UNKNOWN:fetch"]),
        ("strictest", at(2022), ["ROBOTS_NOW:wildcard"]),
    ],
)
def test_the_capture_in_force_and_the_newest_one(tmp_path, mode, fetched, expected):
    policy = f'{BASE}[as_of]\nmode = "{mode}"\n'
    assert reasons(tmp_path, HISTORY, [record(fetched_at=fetched)], policy) == [expected]


def test_several_records_and_sites_with_histories_of_their_own(tmp_path):
    captures = [
        *HISTORY,
        capture("https://g.example", at(2023), DENY),
        capture("https://g.example", at(2024), ALLOW),
        capture("https://g.example", at(2025), DENY),
    ]
    rows = [
        record("https://g.example/", at(2023, 6)),
        record("https://h.example/", at(2023, 6)),
        record("https://g.example/", at(2024, 6)),
        record("https://g.example/", None),
    ]
    policy = f'{BASE}[as_of]\nmode = "fetch"\n'
    assert reasons(tmp_path, captures, rows, policy) == [
        ["ROBOTS_FETCH:wildcard"], ["GENERAL"], ["GENERAL"], ["ROBOTS_UNKNOWN:fetch"],
    ]  # fmt: skip


def test_without_a_capture_as_old_as_the_fetch_the_policy_says_what_to_do(tmp_path):
    captures = [capture("https://h.example", at(2025), ALLOW)]
    rows = [record(fetched_at=at(2024))]
    assert reasons(tmp_path, captures, rows) == [["GENERAL"]]
    hold = f'{BASE}[as_of]\nmissing_fetch_evidence = "hold"\n'
    assert reasons(tmp_path, [], rows, hold) == [["ROBOTS_UNKNOWN:fetch"]]


@pytest.mark.parametrize(
    "fetched",
    [
        "2024-06-01",
        "2024-06-01T00:00:00Z",
        1717200000,
        1717200000_000,
        1717200000_000_000,
        1717200000_000_000_000,
        at(2024, 6),
    ],
)
def test_times_of_every_form_are_read(tmp_path, fetched):
    captures = [capture("https://h.example", at(2024, 5), DENY), capture("https://h.example", at(2024, 7), ALLOW)]
    assert reasons(tmp_path, captures, [record(fetched_at=fetched)]) == [["ROBOTS_FETCH:wildcard"]]


@pytest.mark.parametrize("fetched", ["soon", "-1", -9_000_000_000_000_000_000])
def test_times_that_are_none_are_unknown(tmp_path, fetched):
    captures = [capture("https://h.example", at(2024, 5), ALLOW)]
    fetch = f'{BASE}[as_of]\nmode = "fetch"\n'
    assert reasons(tmp_path, captures, [record(fetched_at=fetched)], fetch) == [["ROBOTS_UNKNOWN:fetch"]]


def test_a_moment_no_calendar_has_is_unknown():
    moments = pa.array([10**15, 1717200000, None, -(10**15)], pa.timestamp("s"))
    found = times_of(pa.RecordBatch.from_arrays([moments], names=["when"]), "when")
    assert found.tolist() == [NO_TIME, 1717200000, NO_TIME, NO_TIME]


@pytest.mark.parametrize("fact", ["licence", "licence_evidence", "consent", "account"])
def test_what_cannot_be_read_is_no_silence(tmp_path, fact):
    """A source's licence is not lent to a record that states one nobody can read."""
    captures = [capture("https://h.example", at(2025), ALLOW)]
    evidenced = f'{BASE}licence = "CC-BY-4.0"\nlicence_evidence = "text"\nevidence = ["sha256:{"ab" * 32}"]\n'
    rows = [record(**{fact: b"\xff\xfe"}), record(**{fact: None})]
    held, licensed = reasons(tmp_path, captures, rows, evidenced)
    assert held == [f"UNKNOWN_VALUE:{fact}"]
    assert licensed == ["LIC:cc-by-4.0"]


def test_sites_nobody_asked_are_held(tmp_path):
    captures = [capture("https://other.example", at(2025), ALLOW)]
    assert reasons(tmp_path, captures, [record()]) == [["ROBOTS_UNKNOWN:now"]]
    unsafe = f"{BASE}[protocols]\nunsafe_keep_uncaptured = true\n"
    assert reasons(tmp_path, [], [record()], unsafe) == [["GENERAL"]]


UNREACHABLE = ("ROBOTS_NOW:unreachable", "ROBOTS_NOW:unreachable")


@pytest.mark.parametrize(
    ("status", "error", "body", "strict", "literal"),
    [
        (200, None, ALLOW, "GENERAL", "GENERAL"),
        (200, None, b"", "GENERAL", "GENERAL"),
        (200, None, b"<html>hello</html>", "GENERAL", "GENERAL"),
        (404, None, None, "GENERAL", "GENERAL"),
        (410, None, DENY, "GENERAL", "GENERAL"),
        (401, None, None, "ROBOTS_NOW:refused", "GENERAL"),
        (403, None, None, "ROBOTS_NOW:refused", "GENERAL"),
        (429, None, None, "ROBOTS_NOW:refused", "GENERAL"),
        (451, None, None, "ROBOTS_NOW:refused", "GENERAL"),
        (500, None, None, "ROBOTS_NOW:unreachable", "ROBOTS_NOW:unreachable"),
        (503, None, ALLOW, "ROBOTS_NOW:unreachable", "ROBOTS_NOW:unreachable"),
        (301, None, None, "ROBOTS_NOW:unreachable", "ROBOTS_NOW:unreachable"),
        (None, "connection refused", None, "ROBOTS_NOW:unreachable", "ROBOTS_NOW:unreachable"),
        (None, "html_response_error: HTML response", None, "GENERAL", "GENERAL"),
        (None, "html_response_error", b"", "GENERAL", "GENERAL"),
        (None, "timed out: https://h.example/index.html", None, *UNREACHABLE),
        (None, "500 html response", None, *UNREACHABLE),
        (None, "connection refused", b"", *UNREACHABLE),
        (200, "connection reset", b"", *UNREACHABLE),
        (None, None, b"", *UNREACHABLE),
        (None, None, b"\n", "GENERAL", "GENERAL"),
        (200, None, b"\x1f\x8b\x08\0\0\0", *UNREACHABLE),
        (200, None, "User-agent: *\nDisallow:\n".encode("utf-16-le"), *UNREACHABLE),
        (200, None, "User-agent: *\nDisallow: /\n".encode("utf-16"), "ROBOTS_NOW:wildcard", "ROBOTS_NOW:wildcard"),
        (None, None, DENY, "ROBOTS_NOW:wildcard", "ROBOTS_NOW:wildcard"),
        (None, None, b"<pre>\nUser-agent: *\nDisallow: /\n</pre>", "ROBOTS_NOW:wildcard", "ROBOTS_NOW:wildcard"),
    ],
)
def test_what_every_answer_amounts_to(tmp_path, status, error, body, strict, literal):
    captures = [capture("https://h.example", at(2025), body, status, error)]
    assert reasons(tmp_path, captures, [record()]) == [[strict]]
    assert reasons(tmp_path, [], [record()], f'{BASE}[protocols]\nrobots = "rfc9309"\n') == [[literal]]


LONG = b"# and so on\n" * 50_000


@pytest.mark.parametrize(
    ("body", "truncated", "expected"),
    [
        (ALLOW, False, ["GENERAL"]),
        (ALLOW, True, ["ROBOTS_UNKNOWN:now-cut"]),
        (DENY, True, ["ROBOTS_NOW:wildcard"]),
        (ALLOW + LONG, False, ["ROBOTS_UNKNOWN:now-cut"]),
        (ALLOW + LONG + DENY, False, ["ROBOTS_UNKNOWN:now-cut"]),
        (DENY + LONG, False, ["ROBOTS_NOW:wildcard"]),
    ],
)
def test_what_was_not_read_of_a_file_may_be_a_refusal(tmp_path, body, truncated, expected):
    cut = replace(capture("https://h.example", at(2025), body), truncated=truncated)
    assert reasons(tmp_path, [cut], [record()]) == [expected]


def test_another_scheme_answers_only_where_the_policy_lets_it(tmp_path):
    captures = [capture("http://h.example", at(2025), DENY), capture("http://p.example:8080", at(2025), DENY)]
    rows = [record("https://h.example/"), record("https://p.example:8080/"), record("http://h.example/")]
    assert reasons(tmp_path, captures, rows) == [
        ["ROBOTS_NOW:wildcard"], ["ROBOTS_UNKNOWN:now"], ["ROBOTS_NOW:wildcard"],
    ]  # fmt: skip
    exact = f"{BASE}[protocols]\nany_scheme = false\n"
    assert reasons(tmp_path, [], rows, exact)[0] == ["ROBOTS_UNKNOWN:now"]


def test_the_exact_origin_goes_before_its_siblings(tmp_path):
    captures = [
        capture("https://h.example", at(2024), ALLOW),
        capture("http://h.example", at(2025), DENY),
        capture("//h.example", at(2025), DENY),
    ]
    assert reasons(tmp_path, captures, [record("https://h.example/"), record("http://h.example/")]) == [
        ["GENERAL"], ["ROBOTS_NOW:wildcard"],
    ]  # fmt: skip


def test_a_host_captured_without_a_scheme_answers_for_both(tmp_path):
    captures = [capture("//h.example", at(2025), DENY)]
    exact = f"{BASE}[protocols]\nany_scheme = false\n"
    rows = [record("https://h.example/"), record("http://h.example/")]
    assert reasons(tmp_path, captures, rows, exact) == [["ROBOTS_NOW:wildcard"]] * 2


def test_where_redirects_led_is_asked_as_well(tmp_path):
    captures = [capture("https://a.example", at(2025), ALLOW), capture("https://b.example", at(2025), DENY)]
    rows = [
        record("https://a.example/", final_url="https://b.example/x"),
        record("https://a.example/", final_url="https://a.example/y"),
        record("https://a.example/", final_url=None),
        record("https://b.example/", final_url="https://a.example/"),
        record("https://a.example/", final_url="https://nobody-asked.example/"),
    ]
    assert reasons(tmp_path, captures, rows) == [
        ["ROBOTS_NOW:wildcard"], ["GENERAL"], ["GENERAL"], ["ROBOTS_NOW:wildcard"], ["ROBOTS_UNKNOWN:now"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        ("/only/a/path", "UNATTRIBUTABLE:url-not-readable"),
        (b"https://a.example/\xff", "UNATTRIBUTABLE:url-not-readable"),
        ("https://a.example/" + "x" * 20_000, "UNATTRIBUTABLE:url-too-long"),
        ("  ", None),
    ],
)
def test_where_redirects_led_must_be_readable_if_it_is_stated(tmp_path, final, reason):
    captures = [capture("https://a.example", at(2025), ALLOW)]
    found = reasons(tmp_path, captures, [record("https://a.example/", final_url=final)])
    assert found == [[reason or "GENERAL"]]


def test_a_refusal_somewhere_does_not_stand_for_an_answer_elsewhere(tmp_path):
    """Where refusals deny nothing, they are no more than missing files: what is not known still holds."""
    captures = [capture("https://refused.example", at(2025), None, 403)]
    rows = [
        record("https://nobody-asked.example/", final_url="https://refused.example/"),
        record("https://refused.example/", final_url="https://nobody-asked.example/"),
    ]
    literal = f'{BASE}[protocols]\nrobots = "rfc9309"\n'
    assert reasons(tmp_path, captures, rows, literal) == [["ROBOTS_UNKNOWN:now"]] * 2
    assert reasons(tmp_path, [], rows) == [["ROBOTS_NOW:refused"]] * 2


def test_an_old_refusal_does_not_speak_for_now(tmp_path):
    captures = [capture("https://h.example", at(2020), None, 403), capture("https://other.example", at(2025), ALLOW)]
    limited = f'{BASE}[protocols]\nrobots = "rfc9309"\nmax_capture_age_days = 365\n'
    assert reasons(tmp_path, captures, [record()], limited) == [["ROBOTS_UNKNOWN:now-stale"]]


def test_old_captures_hold_where_the_policy_limits_their_age(tmp_path):
    captures = [
        capture("https://old.example", at(2020), ALLOW),
        capture("https://old-denied.example", at(2020), DENY),
        capture("https://new.example", at(2025), ALLOW),
    ]
    rows = [record(f"https://{name}.example/", at(2020, 6)) for name in ("old", "old-denied", "new")]
    limited = f"{BASE}[protocols]\nmax_capture_age_days = 365\n"
    assert reasons(tmp_path, captures, rows, limited) == [
        ["ROBOTS_UNKNOWN:now-stale"], ["ROBOTS_FETCH:wildcard", "ROBOTS_NOW:wildcard"], ["GENERAL"],
    ]  # fmt: skip


def test_tokens_are_the_policys_choice(tmp_path):
    body = (
        b"User-agent: GPTBot\nDisallow: /\n\nUser-agent: Mybot\nDisallow: /private/\n\nUser-agent: *\nDisallow: /tmp/\n"
    )
    captures = [capture("https://h.example", at(2025), body)]
    rows = [record("https://h.example/private/1"), record("https://h.example/tmp/1"), record("https://h.example/x")]
    own = f'{BASE}[crawler]\npurposes = []\ntokens = ["MyBot"]\nwildcard = false\n'
    assert reasons(tmp_path, captures, rows, own) == [["ROBOTS_NOW:named"], ["GENERAL"], ["GENERAL"]]
    without = f'{BASE}[crawler]\nwithout = ["gptbot"]\n'
    assert reasons(tmp_path, [], rows, without) == [["GENERAL"], ["ROBOTS_NOW:wildcard"], ["GENERAL"]]


def test_opt_outs_by_every_key(tmp_path):
    register = export_register(
        [
            OptOut(KeyKind.URL, "//h.example/one"),
            OptOut(KeyKind.PREFIX, "//h.example/blog/"),
            OptOut(KeyKind.HOST, "www.host.example"),
            OptOut(KeyKind.SITE, "site.example"),
            OptOut(KeyKind.ACCOUNT, "github/foo"),
        ],
        tmp_path / "r.arrow",
    )
    hosts = ("h.example", "www.host.example", "host.example", "deep.down.site.example", "notsite.example")
    captures = [capture(f"https://{host}", at(2025), ALLOW) for host in hosts]
    rows = [
        record("https://h.example/one", account=None),
        record("HTTPS://H.example:443/x/../one#a", account=None),
        record("https://h.example/one/two", account=None),
        record("https://h.example/blog/1", account=None),
        record("https://h.example/blo", account=None),
        record("https://www.host.example/", account=None),
        record("https://host.example/", account=None),
        record("https://deep.down.site.example/", account=None),
        record("https://notsite.example/", account="GitHub/Foo"),
        record("https://notsite.example/", account="other"),
    ]
    found = reasons(tmp_path, captures, rows, register=register)
    assert [r[0] for r in found] == [
        "OPTOUT:url", "OPTOUT:url", "GENERAL", "OPTOUT:prefix", "GENERAL", "OPTOUT:host", "GENERAL", "OPTOUT:site",
        "OPTOUT:account", "GENERAL",
    ]  # fmt: skip


def test_a_redirect_to_an_opted_out_page_counts(tmp_path):
    register = export_register([OptOut(KeyKind.URL, "//b.example/work")], tmp_path / "r.arrow")
    captures = [capture(f"https://{host}", at(2025), ALLOW) for host in ("a.example", "b.example")]
    rows = [record("https://a.example/short", final_url="https://b.example/work")]
    assert reasons(tmp_path, captures, rows, register=register) == [["OPTOUT:url"]]


def test_licences_and_consent_of_records(tmp_path):
    policy = (
        f'{BASE}evidence = ["sha256:{"ab" * 32}"]\n'
        '[licences.aliases]\n"CC BY 4" = "cc-by-4.0"\n[columns]\nlicence = "terms"\nlicence_evidence = "proof"\n'
    )
    captures = [capture("https://h.example", at(2025), ALLOW)]
    rows = [
        record(terms="CC BY 4", proof="text"),
        record(terms="CC-BY-NC-4.0", proof="tag_only"),
        record(terms="CC-BY-4.0", proof=None),
        record(terms="my own licence", proof=None),
        record(terms=None, proof="sworn"),
        record(terms="  ", proof=None),
    ]
    unproved = policy.replace("evidence = [", "# ", 1)
    assert reasons(tmp_path / "unproved", captures, rows[:1], unproved) == [["GENERAL"]]
    assert reasons(tmp_path, captures, rows, policy) == [
        ["LIC:cc-by-4.0"], ["NC"], ["GENERAL"], ["UNKNOWN_VALUE:licence"],
        ["UNKNOWN_VALUE:licence_evidence"], ["GENERAL"],
    ]  # fmt: skip


def test_a_body_without_rules_is_kind_robots_when_it_is_text():
    assert classify(200, None, b"hello")[1] is Kind.ROBOTS
    assert classify(200, None, b"\n  <!DOCTYPE html>")[1] is Kind.HTML
    assert classify(200, None, b" \n")[1] is Kind.EMPTY
