"""What must hold for every RSL document, whatever is in it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rightful.facts.statement import RESTRICTIVENESS, Preference, Usage, combine
from rightful.signals.markup import MOST_ATTRIBUTES
from rightful.signals.rsl import REMARKS, RslDocument, in_page, link_urls
from rightful.signals.rsl.elements import LIMIT_OCTETS
from rightful.signals.rsl.terms import PAYMENTS, USAGE_WORDS

NS = "https://rslstandard.org/rsl"
CROWD = " ".join(f'a{n}=""' for n in range(MOST_ATTRIBUTES + 10))
USES = (Usage.TRAIN, Usage.INPUT, Usage.SEARCH)

words = st.lists(st.sampled_from([*USAGE_WORDS, "other"]), max_size=3).map(" ".join)
users = st.lists(st.sampled_from(["commercial", "education"]), min_size=1, max_size=2).map(" ".join)
one = st.builds(
    lambda permits, prohibits, user, payment: (
        "<license>"
        + (f'<permits type="usage">{permits}</permits>' if permits is not None else "")
        + (f'<prohibits type="usage">{prohibits}</prohibits>' if prohibits is not None else "")
        + (f'<permits type="user">{user}</permits>' if user else "")
        + (f'<payment type="{payment}"/>' if payment else "")
        + "</license>"
    ),
    st.none() | words,
    st.none() | words,
    st.none() | users,
    st.none() | st.sampled_from([*PAYMENTS]),
)
contents = st.lists(
    st.builds(
        lambda url, inside: f'<content url="{url}">{"".join(inside)}</content>',
        st.sampled_from(["", "/", "/a", "/a*b$", "*"]),
        st.lists(one, min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
)
PIECES = [
    *(f'<rsl xmlns="{NS}">', "</rsl>", '<content url="/">', "<content>", "</content>", "<license>", "</license>"),
    *('<permits type="usage">', "</permits>", "ai-train, ", "<x/>", "<!-- -->", "<?p?>", "&e;", "&#0;", "\x00", "]]>"),
    *('<payment type="crawl">', "</payment>", "<amount>", "</amount>", '<a:b xmlns:a="u">', "</a:b>", "é"),
]
markup = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def document(parts):
    return f'<rsl xmlns="{NS}">{"".join(parts)}</rsl>'.encode()


def read(body, target="/a/b"):
    return combine(RslDocument.parse(body).statements(target).statements)


@given(st.binary(max_size=300) | markup.map(str.encode) | markup.map(lambda text: text.encode("utf-16")))
@settings(max_examples=400)
def test_any_octets_are_read_and_a_problem_denies(body):
    parsed = RslDocument.parse(body)
    reading = parsed.statements("/a")
    assert {remark.code for remark in reading.remarks} <= set(REMARKS)
    assert parsed.payment_terms("/a") == () or not parsed.problem
    if parsed.problem:
        assert parsed.problem in REMARKS
        assert {s.usage: s.preference for s in reading.statements} == dict.fromkeys(USES, Preference.DENY)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | markup.map(str.encode))
def test_any_page_is_read(page):
    in_page(page)


@given(st.text(alphabet='<>;,="\\ ax/relicnstyp+m', max_size=80))
def test_any_link_header_is_read(value):
    link_urls([value])


@given(contents)
@settings(max_examples=300)
def test_order_does_not_matter(parts):
    answers = [read(document(order)) for order in itertools.permutations(parts)]
    assert all(answer == answers[0] for answer in answers)


@given(contents, one)
def test_a_licence_that_prohibits_all_never_loosens(parts, license_):
    before = read(document([f'<content url="/">{license_}</content>', *parts]))
    ban = '<prohibits type="usage">all</prohibits><permits type="user">commercial</permits>'
    after = read(document([f'<content url="/">{license_}<license>{ban}</license></content>', *parts]))
    for usage in USES:
        assert RESTRICTIVENESS.index(after[usage]) >= RESTRICTIVENESS.index(before[usage])


@given(contents)
def test_what_conforms_and_matches_says_something_of_every_use(parts):
    parsed = RslDocument.parse(document(['<content url=""><license/></content>', *parts]))
    assert not parsed.problem
    assert set(USES) <= {s.usage for s in parsed.statements("/zzz").statements}


def test_an_entity_bomb_does_nothing():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 40))
    for place in ('<content url="/"><terms>&e39;</terms></content>', '<content url="&e39;"><license/></content>'):
        body = f'<!DOCTYPE rsl [<!ENTITY e0 "lol">{entities}]><rsl xmlns="{NS}">{place}</rsl>'
        assert read(body.encode())[Usage.TRAIN] is Preference.DENY


def test_a_file_an_entity_names_is_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("ai-train")
    body = (
        f'<!DOCTYPE rsl [<!ENTITY x SYSTEM "{secret.as_uri()}">]><rsl xmlns="{NS}"><content url="/"><license>'
        '<permits type="usage">&x;</permits></license></content></rsl>'
    )
    parsed = RslDocument.parse(body.encode())
    assert parsed.problem == "declarations"
    assert parsed.contents == ()


def test_a_large_document_is_read():
    license_ = '<license><permits type="usage">search</permits></license>'
    both = license_ + license_.replace("permits", "prohibits")
    body = document(
        [
            *(f'<content url="/{n}/">{license_}</content>' for n in range(2_000)),
            *('<content url="/many">', both * 2_000, "</content>"),
            *('<content url="/odd">', license_.replace("search", "other " * 10_000), "</content>"),
        ]
    )
    assert 450_000 < len(body) < LIMIT_OCTETS
    parsed = RslDocument.parse(body)
    expected = {"/1999/x": Preference.ALLOW, "/many": Preference.CONDITIONAL, "/odd": Preference.DENY}
    for target, preference in {**expected, "/x": Preference.UNKNOWN}.items():
        assert combine(parsed.statements(target).statements)[Usage.SEARCH] is preference


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (f'<rsl xmlns="{NS}"><!--{"x" * LIMIT_OCTETS}--><content url="/"><license/></content></rsl>', "too-large"),
        (f'<rsl xmlns="{NS}" {CROWD}><content url="/"><license/></content></rsl>', "too-many-attributes"),
    ],
    ids=["too-large", "too-many-attributes"],
)
def test_what_would_take_long_licenses_nothing(body, problem):
    for octets in (body.encode(), body.encode("utf-16")):
        parsed = RslDocument.parse(octets)
        assert parsed.problem in {problem, "too-large"}
        assert combine(parsed.statements("/").statements)[Usage.TRAIN] is Preference.DENY


def test_a_thousand_odd_things_are_a_hundred_remarks():
    body = document(['<content url="/">', "<unknown/>\n" * 1000, "<license/></content>"])
    parsed = RslDocument.parse(body)
    assert len(parsed.remarks) == 100
    assert parsed.problem == "unknown-element"


def test_thousands_of_namespaces_are_no_more_than_long():
    names = " ".join(f'xmlns:a{n}="u{n}"' for n in range(3000))
    body = f'<rsl xmlns="{NS}" {names}>' + '<content url="/"><license/></content>' * 1000 + "</rsl>"
    assert RslDocument.parse(body.encode()).contents[999].licenses[0].text == "<license/>"
