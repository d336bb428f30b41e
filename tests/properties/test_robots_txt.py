"""What must hold for every robots.txt, whatever is in it."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rightful.screening.robots_columns import RobotsColumns
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.paths import PathRules, Rule, canonical_pattern, canonical_target, matches

patterns = st.lists(st.sampled_from(["a", "b", "/", "*", "?", "%2F", "c=", ".x"]), max_size=8).map(
    lambda parts: "/" + "".join(parts)
)
rules = st.lists(st.tuples(st.booleans(), patterns, st.booleans()), max_size=8).map(
    lambda rows: PathRules(
        tuple(Rule(allow, canonical_pattern(p + ("$" if end else "")), i + 1) for i, (allow, p, end) in enumerate(rows))
    )
)
targets = st.lists(st.sampled_from(["a", "b", "/", "?", "c=", ".x"]), max_size=10).map(
    lambda parts: "/" + "".join(parts)
)


@given(st.binary(max_size=400))
def test_any_octets_parse_and_answer(body):
    robots = RobotsTxt.parse(body)
    assert robots.preference("https://h.example/a?b", "GPTBot").value in {"allow", "deny"}
    for group in robots.groups:
        assert all(rule.pattern for rule in group.rules)


@given(rules, st.lists(targets, min_size=1, max_size=12))
@settings(max_examples=300)
def test_every_matcher_gives_the_decisive_rules_answer(compiled, asked):
    expected = [(rule := compiled.decisive(target)) is not None and not rule.allow for target in asked]
    assert [compiled.denies(target) for target in asked] == expected
    urls = [f"https://h.example{target}" for target in asked]
    starts = [len("https://h.example")] * len(urls)
    assert compiled.deny_many(urls, starts) == expected
    compiled._seen = 10_000
    assert compiled.deny_many(urls, starts) == expected
    if compiled.uniform is None:
        assert RobotsColumns._columnar(compiled, pa.array(urls)).tolist() == expected


@given(st.text(max_size=40))
def test_spelling_is_settled_after_one_step(text):
    target = "/" + text.encode("utf-8", "replace").decode("latin-1")
    once = canonical_target(target)
    assert canonical_target(once) == once
    assert once.isascii()


@given(patterns, targets)
def test_a_longer_target_does_not_escape_an_unanchored_pattern(pattern, target):
    if matches(canonical_pattern(pattern), canonical_target(target)):
        assert matches(canonical_pattern(pattern), canonical_target(target + "z"))


def test_patterns_that_one_expression_cannot_hold_are_several():
    """RE2 refuses an expression of so many wildcards, and with it a whole batch would fail."""
    body = b"User-agent: *\n" + b"".join(b"Disallow: /*aaaa%d*b\n" % n for n in range(22_000))
    rules = RobotsTxt.parse(body).select("*").rules
    runs = rules.re2_runs()
    assert len(runs) > 10
    assert {allow for allow, _ in runs} == {False}
    few = PathRules(rules.rules[-3_000:])
    assert len(few.re2_runs()) > 1
    urls = [f"https://h.example/x{middle}yb" for middle in ("", "aaaa", "aaaa21999", "aaaa0")]
    starts = [len("https://h.example")] * len(urls)
    assert RobotsColumns._columnar(few, pa.array(urls)).tolist() == few.deny_many(urls, starts)


def test_hostile_patterns_are_answered():
    """A backtracking matcher would not come back from these."""
    body = b"User-agent: *\n" + b"".join(b"Disallow: /" + b"*a" * n + b"*b\n" for n in range(1, 400))
    robots = RobotsTxt.parse(body)
    url = "https://h.example/" + "a" * 8000
    assert robots.preference(url, "GPTBot").value == "allow"
    compiled = robots.select("GPTBot").rules
    compiled._seen = 10_000
    assert compiled.denies("/" + "a" * 2000) is False
