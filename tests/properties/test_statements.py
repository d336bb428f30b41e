"""What must hold for every protocol's statements, and for every octet string their parsers are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.facts.situation import Situation
from rightful.facts.statement import RESTRICTIVENESS, Preference, Reading, Statement, Usage, combine, summary
from rightful.policy.gates import reservations
from rightful.policy.policy_file import parse_policy
from rightful.signals import content_signal, content_usage, tdmrep
from rightful.signals.site_files import SITE_FILES, Interpretation

POLICY = parse_policy('[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n')

statements = st.builds(
    Statement,
    st.sampled_from(["content-usage", "tdmrep", "rsl"]),
    st.sampled_from(Usage),
    st.sampled_from(Preference),
    conditions=st.sampled_from([(), ("attribution",), ("payment:crawl",)]),
    weak=st.booleans(),
)
several = st.lists(statements, max_size=6)


def restriction(answer):
    return {usage: RESTRICTIVENESS.index(preference) for usage, preference in answer.items()}


def no_looser(one, other):
    before, after = restriction(one), restriction(other)
    return all(after[usage] >= before[usage] for usage in Usage)


@given(several, several)
def test_order_and_repetition_do_not_matter(one, other):
    together = combine(one + other)
    assert combine(other + one) == together
    assert combine(one + other + one) == together
    assert combine(sorted(one + other, key=repr)) == together


@given(several, several, several)
def test_what_is_combined_first_does_not_matter(one, two, three):
    """Associative: answers of parts, put together, are the answer of the whole."""
    parts = [combine(part) for part in (one, two, three)]
    whole = combine(one + two + three)
    for usage in Usage:
        assert whole[usage] == max((part[usage] for part in parts), key=RESTRICTIVENESS.index)


@given(several, statements)
def test_one_statement_more_never_loosens_an_answer(stated, more):
    assert no_looser(combine(stated), combine([*stated, more]))


@given(several, statements)
def test_one_statement_more_never_loosens_a_decision(stated, more):
    def strictest(facts):
        found = [f.admission for f in reservations(_situation(facts), POLICY.sources[0], POLICY)]
        return max(found, default=0)

    usages = POLICY.protocols.usages
    assert strictest(summary([*stated, more], usages)) >= strictest(summary(stated, usages))


def _situation(facts):
    return Situation(source="web", stated_fetch=facts, stated_build=facts)


@given(several)
def test_a_weak_statement_permits_nothing(stated):
    answers = combine(stated)
    for usage, preference in answers.items():
        if preference is Preference.ALLOW:
            assert any(s.usage is usage and s.preference is Preference.ALLOW and not s.weak for s in stated)


@given(several)
def test_substance_answers_what_the_reading_answers(stated):
    assert combine(Reading(tuple(stated)).substance) == combine(stated)


WORDS = [
    b"User-agent: *\n", b"User-agent: GPTBot\n", b"Content-Usage: ", b"Content-Signal: ", b"/a ", b"train-ai=n",
    b"ai-train=no", b",", b";", b"=", b'"', b"?1", b"\n", b"\r", b"\xff", b"\x00", b"[{", b"}]",
    b'"location": "/"', b'"tdm-reservation": 1',
    b":", b"[", b"{", b"datatrainingallowed", b"=no", b"Disallow: ", b"Allow: ", b"/", b"*", b"$", b"<html>",
    b"\xef\xbb\xbf", b"#",
]  # fmt: skip
bodies = st.binary(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join)
targets = st.sampled_from(["/", "/a", "/a/b?c", "/%61", "/x.html"])


@pytest.mark.parametrize("signal", SITE_FILES)
@given(body=bodies, target=targets)
def test_any_octets_are_read_and_a_uniform_file_answers_alike(signal, body, target):
    kind = SITE_FILES[signal]
    file = kind.read(Interpretation(("gptbot", "*")), body)
    reading = file.reading(target)
    if file.uniform is not None:
        asked = getattr(file, "_read", file.reading)(target)
        assert asked.substance == file.uniform.substance
    for statement in reading.statements:
        assert statement.protocol in kind.protocols
        assert statement.preference is not Preference.UNKNOWN
        assert len(statement.text) <= 200
        assert statement.where


pairs_of_text = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=4)


@given(st.lists(st.text(max_size=30), max_size=4), pairs_of_text)
def test_any_fields_are_read(values, pairs):
    for reading in (content_usage.in_field(values), content_signal.in_field(values), tdmrep.in_headers(pairs)):
        assert all(s.preference is not Preference.UNKNOWN for s in reading.statements)


@pytest.mark.parametrize("signal", SITE_FILES)
@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b"User-agent: *\nContent-Usage: " + b"a=n," * 1_000_000,
        b"User-agent: *\nContent-Signal: " + b"ai-train=no," * 400_000,
        b"User-agent: *\n" + b"Content-Usage: /a*b*c*d*e*f*g$ train-ai=n\n" * 100_000,
        b"datatrainingallowed=no\n" * 200_000,
        b"User-agent: *\n" + b"Disallow: /*a*a*a*a*a*a*a*b$\n" * 100_000,
    ],
    ids=["brackets", "objects", "usage", "signal", "paths", "trust", "patterns"],
)
def test_five_megabytes_of_malice_are_read(signal, hostile):
    """What is tested is that it ends, and without an error; what is not linear would not end."""
    file = SITE_FILES[signal].read(Interpretation(("*",)), hostile[: 5 * 1024 * 1024])
    assert isinstance(file.reading("/" + "a" * 2_000), Reading)
