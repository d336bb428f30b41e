"""robots.txt on every real file: against Google's parser, against Protego, and one matcher against the other.

`RIGHTFUL_WHOLE_CORPUS=1` takes all bodies; otherwise every so-manieth one.
"""

import random
import re
from collections import Counter

import pyarrow as pa
import pytest
from tests.corpus import bodies, tokens_for, urls

from rightful.facts.site import parse_url
from rightful.screening.locate import Locator
from rightful.screening.robots_columns import RobotsColumns
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.lines import Field, read_line, split_lines, tokens_of
from rightful.signals.robots_txt.paths import canonical_pattern, canonical_target
from rightful.signals.robots_txt.second_opinion import NAMED_RULES, compare

# Where Google's parser differs, and why; in the order in which the differences are taken away.
GOOGLE_DIFFERS = {
    "robots-txt-itself": "RFC 9309 2.2.2: /robots.txt is always allowed",
    "parse-limit": "RFC 9309 2.5: reading stops at 500 KiB or more",
    "url": "RFC 3986 5.2.4, WHATWG: dot segments and backslashes are resolved before a path is compared",
    "tokens": "RFC 9309 2.2.1: tokens are compared whole; Google cuts them at digits, and takes one of a list",
    "percent-encoding": "RFC 9309 2.2.2 and 2.2.3: octets are brought to one spelling before they are compared",
    "index-page": "no clause lets an Allow of /index.html allow its directory",
}


def google_denies(body, token, url):
    googlebot = pytest.importorskip("jwm.robotstxt.googlebot")
    return not googlebot.RobotsMatcher().OneAgentAllowedByRobots(body, token, url)


def google_differs_because(body, token, url, ours):
    """Rewrite the question step by step until Google agrees; the step says why it did not."""
    location = parse_url(url)
    if location.target.partition("?")[0] == "/robots.txt":
        return "robots-txt-itself"
    lines = split_lines(body)[0]
    if google_denies(b"\n".join(lines), token, url) == ours:
        return "parse-limit"
    if google_denies(b"\n".join(lines), token, location.href) == ours:
        return "url"
    records = [record for n, octets in enumerate(lines, 1) if (record := read_line(n, octets))]
    written = []
    for record in records:
        if record.field is Field.USER_AGENT:
            written += [("user-agent", _lettered(t)) for t in sorted(tokens_of(record.value)[0]) or ["nobody"]]
        elif record.field is not Field.OTHER:
            written.append((record.field.value, record.value))
    if google_denies(_render(written), _lettered(token), location.href) == ours:
        return "tokens"
    written = [
        (name, value if name == "user-agent" or not value else canonical_pattern(value)) for name, value in written
    ]
    spelt = location.origin + canonical_target(location.target)
    if google_denies(_render(written), _lettered(token), spelt) == ours:
        return "percent-encoding"
    written = [(n, v) for n, v in written if not (n == "allow" and re.search(r"/index\.html?[^/]*$", v))]
    return "index-page" if google_denies(_render(written), _lettered(token), spelt) == ours else None


def _lettered(token):
    return re.sub(r"\d", lambda m: f"-{'zyxwvutsrq'[int(m[0])]}-", token)


def _render(records):
    return "\n".join(f"{name}: {value}" for name, value in records).encode("latin-1")


def test_google_agrees_or_a_clause_says_why_not(shared):
    pytest.importorskip("jwm.robotstxt.googlebot")
    draw = random.Random(9309)
    asked, differing = 0, Counter()
    for host, body in bodies(shared, every=12):
        robots = RobotsTxt.parse(body)
        for url in urls(host, body, draw):
            for token in tokens_for(robots):
                asked += 1
                ours = robots.preference(url, token).value == "deny"
                if google_denies(body, token, url) != ours:
                    why = google_differs_because(body, token, url, ours)
                    assert why in GOOGLE_DIFFERS, (host, url, token, robots.match(url, token))
                    differing[why] += 1
    print(f"\nGoogle: {asked:,} verdicts, {asked - differing.total():,} agree; {dict(differing)}")
    assert asked > 10_000


def test_protego_agrees_or_a_rule_says_why_not(shared):
    draw = random.Random(2224)
    asked, differing = 0, Counter()
    for host, body in bodies(shared, every=25):
        robots = RobotsTxt.parse(body)
        for url in urls(host, body, draw):
            for token in tokens_for(robots):
                asked += 1
                difference = compare(robots, parse_url(url).target, token)
                if difference is not None:
                    assert difference.rule in NAMED_RULES, (host, url, token, robots.match(url, token))
                    differing[difference.rule] += 1
    print(f"\nProtego: {asked:,} verdicts, {asked - differing.total():,} agree; {dict(differing)}")
    assert asked > 5_000


def test_the_columnar_matcher_agrees_with_the_one_url_matcher(shared):
    """Every rule set over its URLs three ways: one by one, in a loop, and with RE2 over the column."""
    draw = random.Random(500)
    asked = 0
    for host, body in bodies(shared, every=12):
        robots = RobotsTxt.parse(body)
        chosen = urls(host, body, draw, patterns=12)
        located = Locator().locate(pa.array(chosen, pa.large_string()))
        plain = [row for row in range(len(chosen)) if row not in located.parsed]
        column = located.urls.take(pa.array(plain, pa.int64()))
        for selection in robots.distinct(tokens_for(robots)):
            rules = selection.rules
            one_by_one = [
                rule is not None and not rule.allow
                for url in chosen
                for rule in [rules.decisive(canonical_target(parse_url(url).target))]
            ]
            expected = [one_by_one[row] for row in plain]
            looped = rules.deny_many([chosen[row] for row in plain], located.start[plain].tolist())
            assert looped == expected, host
            # Once more, past the point where the rules are put into one expression.
            rules._seen = 10_000
            assert rules.deny_many([chosen[row] for row in plain], located.start[plain].tolist()) == expected, host
            assert [rules.denies(canonical_target(parse_url(url).target)) for url in chosen] == one_by_one, host
            if rules.uniform is None:
                assert RobotsColumns._columnar(rules, column).tolist() == expected, host
            asked += len(chosen)
    assert asked > 10_000
