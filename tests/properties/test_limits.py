"""Whatever is longer, deeper or more than what is read: it costs no more, and what is left unread may be a refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.tables import answer, codes

from rightful.facts.statement import Preference, combine
from rightful.signals import content_signal, content_usage, robots_tag, rsl
from rightful.signals.ai_txt import AiTxt
from rightful.signals.embedded import plus
from rightful.signals.page_aloud import parse_dump
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.rsl import RslDocument, link_urls
from rightful.signals.tdm_policy import TdmPolicy
from rightful.signals.tdmrep import TdmRep

NS = "https://rslstandard.org/rsl"
LICENCES = st.lists(
    st.sampled_from([
        "<license/>", '<license><payment type="crawl"/></license>', '<license><payment type="attribution"/></license>',
        '<license><permits type="usage">search</permits></license>',
        '<license><prohibits type="usage">ai-train</prohibits></license>',
        '<license><permits type="user">education</permits></license>',
        '<license><permits type="usage">ai-train</permits><permits type="geo">DE</permits></license>',
    ]),
    min_size=1, max_size=5,
)  # fmt: skip


@pytest.mark.parametrize("filler", ["use=full, ", "use=x, ", "search=yes, ", ","])
def test_a_long_content_signal_is_read_as_far_as_any_and_held(filler):
    many = filler * content_signal.LIMIT_CHARACTERS
    read = content_signal.in_field([many, "ai-train=no"])
    assert "too-long" in codes(read)
    assert answer(read, "ai-input") == "error"
    first = content_signal.in_field(["ai-train=no, ai-input=no", many])
    assert (answer(first, "train-ai"), answer(first, "ai-input")) == ("deny", "deny")
    short = content_signal.in_field(["ai-train=no", filler * 10])
    assert "too-long" not in codes(short)


def test_use_is_told_with_the_whole_line_in_view():
    alone, beside = (
        content_signal.in_field(["use=reference"]),
        content_signal.in_field(["use=reference", "AI-Train=yes"]),
    )
    assert codes(alone) == ["use-reserves-training"]
    assert codes(beside) == []


@pytest.mark.parametrize("values", [["noindex, " * 10_000], ["noindex"] * 10_000, [""] * 70_000, ["x" * 70_000]])
def test_long_robots_tags_are_read_as_far_as_any_and_held(values):
    read = robots_tag.in_headers([*values, "noai"])
    assert "too-long" in codes(read)
    assert {answer(read, usage) for usage in ("train-ai", "ai-input", "search")} == {"error"}
    assert answer(robots_tag.in_headers(["noai", *values]), "train-ai") == "deny"
    metas = [("robots", value) for value in values]
    assert answer(robots_tag.in_metas(metas), "train-ai") == "error"
    assert robots_tag.in_metas([("description", value) for value in values]).remarks == ()


def test_a_thousand_values_of_metadata_are_enough():
    many = {f"a{n}.DataMining": "DMI-UNSPECIFIED" for n in range(1_001)}
    assert "too-many" in codes(plus.in_metadata(many))
    assert answer(plus.in_metadata(many), "train-ai") == "error"
    few = dict(list(many.items())[:1_000]) | {"b": 1}
    assert answer(plus.in_metadata(few), "train-ai") == "unknown"
    first = {"a.DataMining": "DMI-PROHIBITED"} | many
    assert answer(plus.in_metadata(first), "train-ai") == "deny"


@pytest.mark.parametrize(
    "value", ["DMI-PROHIBITED", "DMI-ALLOWED", "DMI-PROHIBITED-AIMLTRAINING", "PROHIBITED-SOMEHOW", ""]
)
@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("length", [0, 150, 190, 300, 2_000])
def test_a_long_value_is_kept_as_it_is_read(value, where, length):
    filler = "x" * length + ("/" if where == "before" else "")
    text = filler + value if where == "before" else f"{'/' * (199 - len(value))}{value}{filler}"
    packet = f'<x xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:DataMining="{text}"/>'.encode()
    read, kept = plus.in_xmp(packet), plus.in_metadata(plus.data_mining(packet))
    assert {(s.usage, s.preference) for s in read.statements} == {(s.usage, s.preference) for s in kept.statements}


def test_many_attributes_of_a_packet_are_all_read():
    ns = 'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
    others = " ".join(f'a{n}=" {n} "' for n in range(200))
    packet = f'<x {ns} {others} plus:DataMining=" DMI-PROHIBITED "><y {others}/></x>'.encode()
    assert answer(plus.in_xmp(packet), "train-ai") == "deny"
    inside = f"<x {ns}><plus:DataMining><y {others.replace(' 0 ', ' DMI-PROHIBITED ')}/></plus:DataMining></x>"
    assert answer(plus.in_xmp(inside.encode()), "train-ai") == "deny"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('{"%s": {"tdm-reservation": 1}}' % ("k" * 5_000), "/" + "k" * 199),
        ('{"\\ud800": {"tdm-reservation": 1}}', "/?/tdm-reservation"),
    ],
    ids=["long", "half a character"],
)
def test_a_place_in_no_array_can_be_kept(body, where):
    (said, _) = TdmRep.parse(body.encode()).reading("/").statements
    assert (said.preference, said.where) == (Preference.DENY, where)


def test_a_thousand_odd_rules_are_a_hundred_remarks():
    rows = [{"location": 1, "tdm-reservation": "maybe", "tdm-policy": "p"}] * 1_000 + [
        {"location": "/", "tdm-reservation": 1}
    ]
    file = TdmRep.parse(json.dumps(rows).encode())
    assert len(file.remarks) == 100
    assert file.reading("/x").statements[0].where == "/1000/tdm-reservation"


@pytest.mark.parametrize("length", [10, 199, 200, 201, 5_000, 400_000])
def test_a_term_for_a_long_name_is_no_other_name(length):
    """What a term stands for is cut, for thousands of names may begin with it; cut, it is nothing that is known."""
    for iri in ("http://" + "x" * length, "http://www.w3.org/ns/tdmrep" + "#" * length + "x", "m" * length + "mine"):
        policy = {
            "@context": {"t": iri, "mine": iri},
            "permission": {"action": "mine", "duty": {"action": "compensate"}},
            "profile": "http://www.w3.org/ns/tdmrep",
            "@type": "Offer",
        }
        foreign = TdmPolicy.parse(json.dumps(policy).encode())
        policy["permission"]["action"] = "t:mine"
        prefixed = TdmPolicy.parse(json.dumps(policy).encode())
        assert foreign.conditions == ()
        assert prefixed.conditions == ()


@given(LICENCES)
def test_a_licence_that_is_there_twice_changes_nothing(licences):
    def read(each):
        body = f'<rsl xmlns="{NS}"><content url="/">{"".join(each)}</content></rsl>'
        return RslDocument.parse(body.encode()).statements("/", geo=None)

    once, twice = read(licences), read([*licences, *licences])
    assert combine(once.statements) == combine(twice.statements)
    assert [s.conditions for s in once.statements] == [s.conditions for s in twice.statements]


def test_declared_attributes_are_refused_before_they_are_read():
    declared = (
        f'<!DOCTYPE rsl [<!ATTLIST rsl a CDATA "x">]><rsl xmlns="{NS}"><content url="/"><license/></content></rsl>'
    )
    for octets in (declared.encode(), declared.encode("utf-16")):
        assert RslDocument.parse(octets).problem == "declarations"
    assert codes(rsl.Feed.parse(declared.encode())) == ["declarations"]


def test_a_link_may_escape_its_type():
    for kind in ("application/rsl+xml", "Application/RSL+XML", "application\\/rsl\\+xml"):
        assert link_urls([f'<a>; rel="next", <u>; rel="license"; type="{kind}"']) == ["u"]
    assert link_urls(['<u>; rel="license"; type="text/html"']) == []


@given(
    st.lists(st.sampled_from([b"HTTP/1.1 301\n", b"Location: /\n", b"\n", b"\r\n\r\n", b"X: y\r\n", b"HTTP/2 200\r\n"]))
)
def test_of_several_heads_the_last_one_counts(pieces):
    """As if each head were taken off the others before it is looked at."""
    rest = b"".join(pieces).lstrip()
    heads = []
    while rest:
        ends = [at for at in (rest.find(b"\n\n"), rest.find(b"\r\n\r\n"), rest.find(b"\n\r\n")) if at >= 0]
        end = min(ends, default=len(rest))
        heads.append(rest[:end])
        rest = rest[end:].lstrip()
        if not (heads[-1].startswith(b"HTTP/") and rest.startswith(b"HTTP/")):
            break
    found = parse_dump(b"".join(pieces))
    last = heads[-1] if heads else b""
    statuses = [int(head.split()[1]) for head in heads if head.startswith(b"HTTP/")]
    assert found.status == (statuses[-1] if statuses else None)
    assert [name for name, _ in found.headers] == [
        line.partition(b":")[0].decode() for line in last.replace(b"\r", b"").split(b"\n") if b":" in line
    ]


@given(st.lists(st.sampled_from(["Content-Usage: train-ai=n", "Content-Usage: /a ai-use=y", "Content-Signal: use=x"])))
def test_what_lines_state_adds_up_in_order(lines):
    robots = RobotsTxt.parse("\n".join(["User-agent: *", *lines]).encode())
    records = robots.select("*").extensions
    for module, name in ((content_usage, "content-usage"), (content_signal, "content-signal")):
        own = [record for record in records if record.name == name]
        places = [said.where for said in module.in_robots(own, "/a").statements]
        assert places == sorted(places, key=lambda where: int(where.removeprefix("line ")))


def test_a_long_line_is_evidence_cut_short():
    (said,) = AiTxt.parse(b"User-agent: *\nDisallow: /" + b"x" * 5_000).reading("/" + "x" * 5_000).statements
    assert (said.preference, len(said.text)) == (Preference.DENY, 200)


def test_an_allowance_of_some_paths_is_no_answer_for_every_path():
    file = AiTxt.parse(b"User-agent: *\nAllow: *l\n")
    assert file.uniform is None
    assert (file.reading("/").statements, len(file.reading("/html").statements)) == ((), 1)
    for same in (
        b"User-agent: *\nAllow: /\nAllow: /a\n",
        b"User-agent: *\nDisallow: /\n",
        b"User-agent: *\nDisallow:\n",
    ):
        assert AiTxt.parse(same).uniform is not None
