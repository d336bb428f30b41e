"""Columns decide what the same rules decide record by record, written here a second time in the plainest way."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rightful.errors import RegisterError
from rightful.facts.site import parse_url, sibling_origin
from rightful.policy.policy_file import parse_policy
from rightful.register.entries import KeyKind, OptOut, canonical_key, location_key
from rightful.register.export import export_register
from rightful.screening.screener import Screener
from rightful.signals.robots_txt import RobotsTxt
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

POLICY = parse_policy('[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n')
START = datetime(2024, 1, 1, tzinfo=UTC)

# What is listed more than once is drawn more often.
schemes = st.sampled_from(["https://"] * 4 + ["http://", "HTTPS://", "hTTp:\\\\", "https:", "ftp://", " https://", ""])
hosts = st.sampled_from(
    ["a.example"] * 5
    + ["b.example", "A.Example", "a.example.", "www.a.example", "ä.example", "xn--4ca.example", "a。example", "127.1",
       "[::1]", "a.example:443", "a.example:80", "a.example:8080", "user:pw@a.example", "b.example@a.example",
       "a.example\\@b.example", "a.ex\tample", "a..example", "%61.example", ""]
)  # fmt: skip
pieces = st.sampled_from(
    ["/", "/", "a", "b", "a/b", "..", ".", "/../", "/./", "%61", "%2F", "%2f", "%", "é", "%C3%A9", "?", "?a=b", "&",
     "#f", "\\", "/robots.txt", "//", " ", "\t", "\n", ";", "*", "$", "'", "+", "~", "|", "A", "\U0001f600", "\ud7ff"]
)  # fmt: skip
paths = st.lists(pieces, max_size=5).map("".join)
whole = st.builds("{}{}/{}".format, schemes, hosts, paths)
addresses = (
    whole | whole | whole | st.builds("{}{}{}".format, schemes, hosts, paths) | st.sampled_from([None, "", "  "])
)

patterns = st.lists(pieces.filter(lambda piece: piece.isprintable()), max_size=4).map(
    lambda parts: "/" + "".join(parts)
)
rules = st.tuples(st.sampled_from(["Allow", "Disallow"]), patterns).map(": ".join)
groups = st.builds(
    lambda token, lines: "\n".join([f"User-agent: {token}", *lines]),
    st.sampled_from(["*", "GPTBot", "CCBot", "nobody"]),
    st.lists(rules, max_size=4),
)
bodies = st.lists(groups, max_size=3).map(lambda several: "\n\n".join(several).encode())
answers = st.tuples(st.sampled_from([200, 200, 200, 404, 403, 500]), bodies)
captures = st.lists(
    st.tuples(
        st.sampled_from(["https://a.example", "https://a.example", "http://a.example", "//a.example", "https://b.example",
                         "https://a.example:8080", "https://xn--4ca.example", "http://127.0.0.1"]),
        st.integers(0, 4),
        answers,
    ),
    max_size=8,
    unique_by=lambda row: row[:2],
)  # fmt: skip
optouts = st.lists(
    st.tuples(st.sampled_from([KeyKind.URL, KeyKind.PREFIX, KeyKind.HOST, KeyKind.SITE]), hosts, paths), max_size=4
)
records = st.lists(st.tuples(addresses, st.none() | st.integers(-1, 5)), min_size=1, max_size=12)


def _fact(rows, moment):
    """Give `deny`, `hold` or `allow` of the newest capture, or of the one in force at a moment."""
    known = [row for row in rows if moment is None or row[1] <= moment]
    if not known:
        return "hold", None
    status, body = max(known, key=lambda row: row[1])[2]
    if status >= 500 or status == 403:
        return "deny", None
    return "ask", RobotsTxt.parse(body if status == 200 else b"")


def _robots(location, moment, taken):
    """Give the codes that robots.txt must lead to for one record."""
    names = [location.origin, "//" + location.origin.partition("//")[2], sibling_origin(location.origin)]
    rows = next((found for name in names if (found := [row for row in taken if row[0] == name])), [])
    codes = set()
    for code, at in (("ROBOTS_FETCH", moment), ("ROBOTS_NOW", None)):
        if code == "ROBOTS_FETCH" and moment is None:
            continue
        fact, robots = _fact(rows, at)
        if fact == "ask":
            denied = [robots.preference(location.href, token).value == "deny" for token in POLICY.crawler.effective]
            fact = "deny" if any(denied) else "allow"
        if fact == "deny":
            codes.add(code)
        elif fact == "hold" and code == "ROBOTS_NOW":
            codes.add("ROBOTS_UNKNOWN")
    return codes


def _opted_out(location, filed):
    key, host = location_key(location), location.host
    return {
        f"OPTOUT:{optout.kind.value}"
        for optout in filed
        if (optout.kind is KeyKind.URL and optout.key == key)
        or (optout.kind is KeyKind.PREFIX and key.startswith(optout.key))
        or (optout.kind is KeyKind.HOST and optout.key == host)
        or (optout.kind is KeyKind.SITE and (host == optout.key or host.endswith(f".{optout.key}")))
    }


def _filed(rows):
    for kind, host, path in rows:
        value = f"https://{host}{path}" if kind in {KeyKind.URL, KeyKind.PREFIX} else host
        try:
            yield OptOut(kind, canonical_key(kind, value))
        except RegisterError:
            continue


@given(captures, optouts, records)
@settings(max_examples=250, deadline=None)
def test_columns_decide_what_one_record_after_another_would(taken, opted, asked):
    filed = list(_filed(opted))
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "signals")
        add_captures(
            store,
            [
                Capture(origin, START + timedelta(days=day), *classify(status, None, body), status=status, body=body)
                for origin, day, (status, body) in taken
            ],
        )
        register = export_register(filed, Path(folder, "optouts.arrow")) if filed else None
        times = [None if day is None else START + timedelta(days=day) for _, day in asked]
        table = pa.table(
            {"url": pa.array([url for url, _ in asked], pa.string()), "fetched_at": pa.array(times, pa.timestamp("s"))}
        )
        found = Screener(POLICY, store, register).decisions(table).to_pylist()
    for (url, day), row in zip(asked, found, strict=True):
        location = parse_url(url) if url and url.strip() else None
        expected = (
            _robots(location, day, taken) | _opted_out(location, filed) if location else {"UNATTRIBUTABLE"}
        ) or {"GENERAL"}
        stated = {reason if reason.startswith("OPTOUT") else reason.partition(":")[0] for reason in row["reasons"]}
        assert stated == expected, (url, day, row["reasons"])
        assert row["admission"] == ("admit" if stated == {"GENERAL"} else row["admission"])
        assert (row["admission"] == "exclude") == any(
            code.startswith(("OPTOUT", "ROBOTS_F", "ROBOTS_N")) for code in stated
        )
