"""Documents read aloud: what is told is what the deciding readers state, and every remark says what it means."""

import json
from html import escape

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.tables import table

from rightful.facts.statement import Preference, Reading, Usage, combine, shown
from rightful.policy.sections import Crawler
from rightful.signals import document_kinds, rsl, tdmrep
from rightful.signals.document_kinds import KINDS, kind_of_name, kind_of_octets
from rightful.signals.page_aloud import Response, parse_dump, response_parts
from rightful.signals.page_fields import read_fields
from rightful.signals.page_lines import lines_of, of_manifest, of_xmp
from rightful.signals.reading_aloud import read_aloud, read_response_aloud
from rightful.signals.remark_meanings import REMARKS_OF
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.site_files import Interpretation, RobotsRecords

TOKENS = ("gptbot", "ccbot", "*")
ASKED = Interpretation(TOKENS)
NS = 'xmlns="https://rslstandard.org/rsl"'
OFFER = (
    b'{"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Offer", "profile": "http://www.w3.org/ns/tdmrep",'
    b' "permission": [{"action": "tdm:mine", "duty": {"action": "tdm:compensate"}}]}'
)


def read(kind, body, target="/", tokens=TOKENS, **more):
    return read_aloud(kind, body.encode() if isinstance(body, str) else body, target, tokens, **more)


def codes(told):
    return {(protocol, remark.code) for _, protocol, remark, _ in told.remarked()}


def says(told, usage):
    return told.answers()[Usage(usage)].preference.value


def substance(told):
    return Reading(told.statements).substance


# What the author of each document would want to know, and has to be told.
ODD = [
    ("robots.txt", "User-agent: *\nContent-Usage: ai-train=no", "content-usage", "foreign-label"),
    ("robots.txt", "User-agent: *\nContent-Usage: ai-train=no", "content-usage", "not-y-or-n"),
    ("robots.txt", "User-agent: *\nContent-Usage: Train-AI=n", "content-usage", "uppercase-key"),
    ("robots.txt", "User-agent: *\nContent-Usage: train-ai=(", "content-usage", "not-a-dictionary"),
    ("robots.txt", "User-agent: *\nContent-Signal: train-ai=n", "content-signal", "foreign-key"),
    ("robots.txt", "User-agent: *\nContent-Signal: ai-train=maybe", "content-signal", "neither-yes-nor-no"),
    ("robots.txt", "User-agent: *\nDisallow: /a\n\nUser-agent: *\nAllow: /", "robots", "two-groups"),
    ("robots.txt", "Content-Signal: ai-train=no\nUser-agent: *\nAllow: /", "robots", "record-before-group"),
    ("robots.txt", "User-agent: *\nContent-Signals: ai-train=no", "robots", "misspelt-field"),
    ("robots.txt", "User-agent: *\nLicense-URL: https://h.example/l.xml", "robots", "near-miss"),
    ("robots.txt", "Disallow: /\nUser-agent: *", "robots", "rule-before-group"),
    ("robots.txt", "<!doctype html><title>Home</title>", "robots", "markup"),
    ("robots.txt", "<pre>\nUser-agent: *\nDisallow: /", "robots", "markup-with-rules"),
    ("robots.txt", "License: https://h.example/l.xml\nUser-agent: *\nAllow: /", "rsl", "declared"),
    ("robots.txt", "<!doctype html>\nLicense: https://h.example/l.xml", "robots", "markup"),
    ("tdmrep.json", "<!doctype html><title>Home</title>", "tdmrep", "markup"),
    ("tdmrep.json", "{", "tdmrep", "not-json"),
    ("tdmrep.json", '{"tdm-reservation": 1}', "tdmrep", "not-an-array"),
    (
        "tdmrep.json",
        '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://h.example/p"}]',
        "tdmrep",
        "policy-missing",
    ),
    ("tdm-policy", OFFER, "tdm-policy", "under-a-reservation"),
    ("tdm-policy", "<html>", "tdm-policy", "web-page"),
    ("ai.txt", "<html>", "ai-txt", "markup"),
    ("ai.txt", "You may read all of it.", "ai-txt", "another-ai-txt"),
    ("trust.txt", "<html>", "trust-txt", "markup"),
    ("trust.txt", "datatrainingallowed=perhaps", "trust-txt", "neither-yes-nor-no"),
    ("rsl", "<html>", "rsl", "not-xml"),
    (
        "rsl",
        (
            f'<rsl {NS}><content url="/"><license><permits type="usage">ai-train</permits></license><license>'
            '<prohibits type="usage">all</prohibits></license></content></rsl>'
        ),
        "rsl",
        "contradiction",
    ),
    ("html", '<meta name="robots" content="noarchive">', "robots-tag", "bing-word"),
    ("html", '<meta name="tdm-reservation" content="yes">', "tdmrep", "not-0-or-1"),
    ("html", '<link rel="license" href="/l">', "page-meta", "licence"),
    (
        "html",
        (
            '<script type="application/ld+json">{"isAccessibleForFree": false, "hasPart": '
            '{"isAccessibleForFree": false}}</script>'
        ),
        "page-meta",
        "paywall-part",
    ),
    ("html", f'<script type="application/rsl+xml"><rsl {NS}></rsl></script>', "rsl", "no-content"),
    ("headers", "X-Robots-Tag: noindex, otherbot: noai", "robots-tag", "other-bot"),
    ("headers", "HTTP/1.1 200 OK\ncrawler-price: USD 1", "http-payment", "price-without-402"),
    ("headers", "Content-Usage: Train-AI=n", "content-usage", "uppercase-key"),
    ("xmp", "<x", "plus", "not-xml"),
    ("c2pa", "{", "c2pa", "not-json"),
    ("c2pa", '{"c2pa.training-mining": {"entries": {}}}', "c2pa", "legacy-label"),
]


@pytest.mark.parametrize(("kind", "body", "protocol", "code"), ODD, ids=[f"{k}-{c}" for k, _, _, c in ODD])
def test_what_is_odd_is_told(kind, body, protocol, code):
    told = read(kind, body)
    assert (protocol, code) in codes(told)
    meanings = {(p, r.code): meaning for _, p, r, meaning in told.remarked()}
    assert meanings[protocol, code] == REMARKS_OF[protocol][code]


def test_two_groups_around_a_managed_block_are_told_with_their_lines():
    body = (
        "# BEGIN managed\nUser-agent: *\nContent-Signal: search=yes,ai-train=no\nAllow: /\n\nUser-agent: GPTBot\n"
        "Disallow: /\n# END managed\n\nUser-agent: *\nDisallow: /private/\n"
    )
    told = read("robots.txt", body, "/private/x")
    remark = next(r for r in told.remarks if r.code == "two-groups")
    assert (remark.where, remark.text) == ("lines 2, 10", "*")
    by = {(s.protocol, s.where): tokens for _, s, tokens in told.said() if s.usage in {Usage.ACQUIRE, Usage.TRAIN}}
    assert by == {
        ("robots", "line 7"): ("gptbot",),
        ("robots", "line 11"): ("*", "ccbot"),
        ("content-signal", "line 3"): ("*", "ccbot"),
    }


@pytest.mark.parametrize(
    "document",
    [
        (
            f'<!DOCTYPE other [<!ENTITY u "ai-train">]><rsl {NS}><content url="/"><license><prohibits type="usage">&u;'
            "</prohibits></license></content></rsl>"
        ),
        f'<!DOCTYPE other [<!ENTITY u "/">]><rsl {NS}><content url="&u;"><license/></content></rsl>',
        (
            '<!DOCTYPE r:rsl [<!ATTLIST x y CDATA "z">]><r:rsl xmlns:r="https://rslstandard.org/rsl">'
            '<r:content url="/">'
            "<r:license/></r:content></r:rsl>"
        ),
        (
            f'<!DOCTYPE rsl SYSTEM "x.dtd"><rsl {NS}><content url="/"><license><permits type="usage">ai-train &u;'
            "</permits></license></content></rsl>"
        ),
    ],
    ids=["entity", "entity in an attribute", "attribute", "undeclared entity"],
)
def test_what_an_entity_stands_for_is_not_read_so_nothing_is_licensed(document):
    """Found by mutation: lxml does not write out a document type that is called otherwise than the root."""
    told = read("rsl", document)
    assert ("rsl", "declarations") in codes(told)
    assert {says(told, usage) for usage in ("train-ai", "ai-input", "search")} == {"deny"}


def test_a_page_in_the_place_of_robots_txt_declares_nothing():
    told = read("robots.txt", "<!doctype html>\nLicense: https://h.example/l.xml\nContent-Usage: train-ai=n")
    assert told.mentioned == ()
    assert [(s.protocol, s.preference) for s in told.statements] == [("robots", Preference.ALLOW)]


def test_a_statement_to_everybody_names_nobody():
    told = read("robots.txt", "User-agent: *\nContent-Usage: train-ai=n")
    assert {tokens for _, _, tokens in told.said()} == {()}


def test_a_line_before_the_groups_is_said_once():
    told = read("robots.txt", "Content-Usage: train-ai=n\nUser-agent: GPTBot\nAllow: /\nUser-agent: *\nAllow: /a")
    assert [s.where for _, s, _ in told.said() if s.protocol == "content-usage"] == ["line 1"]


FILES = sorted({case["file"] for name in ("robots_txt", "content_usage", "content_signal") for case in table(name)
                if isinstance(case.get("file"), str)})  # fmt: skip


@pytest.mark.parametrize("number", range(0, len(FILES), 4))
def test_robots_txt_is_told_as_it_is_decided(number):
    for body in FILES[number : number + 4]:
        robots = RobotsTxt.parse(body.encode())
        for target in ("/", "/a/b?c=d", "/private/x.html"):
            told = read("robots.txt", body, target)
            parts = {part.protocol: part for part in told.parts}
            records = RobotsRecords(body.encode(), ASKED).reading(target)
            stated = [s for part in told.parts if part.document == "robots.txt" for s in part.reading.statements]
            assert Reading(tuple(s for s in stated if s.protocol != "robots")).substance == records.substance
            if "markup" in {code for _, code in codes(told)}:
                continue
            for token in TOKENS:
                match = robots.match_target(target, token)
                to_token = [s for s in parts["robots"].reading.statements if token in parts["robots"].to.get(s, TOKENS)]
                assert [(s.preference, s.text) for s in to_token] == [(match.preference, shown(match.text))]
                alone = set(RobotsRecords(body.encode(), Interpretation((token,))).reading(target).statements)
                told_it = {
                    s for _, s, to in told.said() if s.protocol.startswith("content-") and token in (to or TOKENS)
                }
                assert told_it == alone


PAGES = [case["html"] for case in table("page_meta")]
HEADERS = [("X-Robots-Tag", "gptbot: noai, otherbot: noml"), ("tdm-reservation", "0"), ("Content-Usage", "train-ai=n"),
           ("Content-Signal", "ai-train=yes"), ("crawler-price", "USD 1"), ("Set-Cookie", "x=y"),
           ("Link", '<https://h.example/l.xml>; rel="license"; type="application/rsl+xml"')]  # fmt: skip


@pytest.mark.parametrize("number", range(0, len(PAGES), 5))
def test_a_page_is_told_as_it_is_decided(number):
    for page in PAGES[number : number + 5]:
        for status, headers in ((None, ()), (200, HEADERS), (402, HEADERS)):
            response = Response(status, tuple(headers), page.encode())
            told = response_parts(response, ASKED)
            decided = read_fields(lines_of(status, headers, page.encode()), ASKED).reading
            assert Reading(tuple(s for part in told for s in part.reading.statements)).substance == decided.substance


INLINE = (
    f'<script type="application/rsl+xml">\n<rsl {NS}>\n<content url=""><license>\n'
    '<prohibits type="usage">ai-train</prohibits></license></content></rsl></script>'
)


@given(
    st.lists(
        st.sampled_from([
            '<meta name="robots" content="noai">', '<meta name="gptbot" content="noml">', INLINE,
            '<meta name="tdm-reservation" content="0">', '<meta name="tdm-policy" content="https://h.example/p">',
            '<link rel="license" type="application/rsl+xml" href="/l.xml">', "<p>", "<!--", "-->", "\0", "<svg>",
            '<script type="application/ld+json">{"isAccessibleForFree": false}</script>', "</head>",
        ]),
        max_size=6,
    ),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    st.sampled_from([None, 200, 402, 403]),
)  # fmt: skip
def test_any_page_is_told_as_it_is_decided(pieces, headers, status):
    html = "".join(pieces).encode()
    told = response_parts(Response(status, tuple(headers), html), ASKED)
    decided = read_fields(lines_of(status, headers, html), ASKED).reading
    assert Reading(tuple(s for part in told for s in part.reading.statements)).substance == decided.substance
    told_of = {(part.protocol, remark.code) for part in told for remark in part.reading.remarks}
    assert {remark.code for remark in decided.remarks} <= {code for _, code in told_of}
    assert all(code in REMARKS_OF[protocol] for protocol, code in told_of)


def test_what_is_too_long_to_keep_is_told_as_unread():
    html = f'<script type="application/rsl+xml"><rsl {NS}>{"<!-- -->" * 9_000}</rsl></script>'.encode()
    told = read("html", html)
    assert {(s.protocol, s.preference) for s in told.statements} == {("rsl", Preference.ERROR)}


def test_embedded_metadata_is_told_as_it_is_decided():
    packets = [case["xmp"] for case in table("plus") if "xmp" in case]
    assert len(packets) > 5
    for packet in packets:
        told = read("xmp", packet)
        assert substance(told) == read_fields(of_xmp(packet), ASKED).reading.substance
    manifests = [case["manifest"] for case in table("c2pa")]
    assert len(manifests) > 5
    for manifest in manifests:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        told = read("c2pa", text)
        assert combine(told.statements) == combine(read_fields(of_manifest(text), ASKED).reading.statements)


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:tdm="http://www.w3.org/ns/tdmrep/"\n'
    ' plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING" tdm:reservation="1"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def test_an_xmp_packet_tells_of_plus_and_of_tdm():
    told = read("xmp", XMP)
    # the parser counts an element from where its start tag ends
    assert {(s.protocol, s.where) for s in told.statements} == {("plus", "line 3"), ("tdmrep", "xmp, tdm-reservation")}
    assert says(told, "train-ai") == "deny"


def test_a_later_place_of_tdmrep_takes_the_place_of_an_earlier_one():
    html = '<meta name="tdm-reservation" content="0">'
    response = Response(200, (("tdm-reservation", "1"),), html.encode())
    told = read_response_aloud(response, "/", TOKENS)
    assert [(s.protocol, s.preference, s.where) for s in told.statements if s.usage is Usage.TRAIN] == [
        ("tdmrep", Preference.ALLOW, "meta tdm-reservation")
    ]


def test_a_word_said_to_one_bot_is_told_as_said_to_it():
    told = read("headers", "X-Robots-Tag: noml\nX-Robots-Tag: gptbot: noai")
    assert {(s.text, tokens) for _, s, tokens in told.said()} == {("noml", ()), ("gptbot: noai", ("gptbot",))}


DUMPS = [
    ("HTTP/1.1 402 Payment Required\r\ncrawler-price: USD 1\r\n\r\n", 402, {"crawler-price": "USD 1"}, None),
    ("HTTP/2 200\ncontent-type: text/html\n\n<html><p>", 200, {"content-type": "text/html"}, b"<html><p>"),
    ("HTTP/1.1 301 Moved\nLocation: /x\n\nHTTP/1.1 403 No\nServer: x\n\n", 403, {"Server": "x"}, None),
    ("X-Robots-Tag: noai,\n noml\nServer: x", None, {"X-Robots-Tag": "noai, noml", "Server": "x"}, None),
    ("HTTP/1.1 200 OK\nX-Robots-Tag: noai\n\nUser-agent: *", 200, {"X-Robots-Tag": "noai"}, None),
    ('{"X-Robots-Tag": "noai"}', None, {"X-Robots-Tag": "noai"}, None),
    ("HTTP/1.1 2000 OK\nServer: x", None, {"Server": "x"}, None),
    ("", None, {}, None),
]


@pytest.mark.parametrize(("dump", "status", "headers", "html"), DUMPS)
def test_a_dump_is_read_as_curl_prints_it(dump, status, headers, html):
    response = parse_dump(dump.encode())
    assert (response.status, dict(response.headers), response.html) == (status, headers, html)


LICENCE = f'<rsl {NS}><content url="/"><license><prohibits type="usage">ai-train</prohibits></license></content></rsl>'


@pytest.mark.parametrize(
    ("obtained", "train", "search", "state"),
    [
        ({"https://h.example/l.xml": LICENCE.encode()}, "deny", "allow", "read"),
        ({"https://h.example/l.xml": None}, "deny", "deny", "not obtainable"),
        ({}, "error", "error", "not read"),
    ],
)
def test_a_licence_declared_elsewhere_is_told_of(obtained, train, search, state):
    robots = "License: /l.xml\nUser-agent: *\nAllow: /"
    page = '<link rel="license" type="application/rsl+xml" href="/l.xml">'
    for told in (
        read("robots.txt", robots, origin="https://h.example", obtained=obtained),
        read("html", page, origin="https://h.example/a/b", obtained=obtained),
    ):
        assert (says(told, "train-ai"), says(told, "search")) == (train, search)
        assert [(m.url, m.signal, m.state) for m in told.mentioned] == [("https://h.example/l.xml", "rsl", state)]


def test_a_relative_licence_of_nobody_knows_where_is_not_read():
    told = read("html", '<link rel="license" type="application/rsl+xml" href="/l.xml">')
    assert [(m.url, m.state) for m in told.mentioned] == [("/l.xml", "not read")]
    assert says(told, "train-ai") == "error"


def test_a_policy_turns_a_refusal_into_conditions_where_it_was_read():
    body = json.dumps([{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://h.example/p"}])
    read_with = read("tdmrep.json", body, obtained={"https://h.example/p": OFFER})
    answer = read_with.answers()[Usage.TRAIN]
    assert (answer.preference, answer.conditions) == (Preference.CONDITIONAL, ("payment:tdm",))
    for obtained in ({}, {"https://h.example/p": None}):
        assert says(read("tdmrep.json", body, obtained=obtained), "train-ai") == "deny"
    alone = read("tdm-policy", OFFER)
    assert alone.answers()[Usage.TRAIN].conditions == ("payment:tdm",)


def test_the_sum_is_the_most_restrictive_and_names_whose_it_is():
    told = read("robots.txt", "User-agent: *\nContent-Signal: ai-train=no, search=yes\nContent-Usage: train-ai=y")
    answer = told.answers()[Usage.TRAIN]
    assert answer.preference is Preference.DENY
    assert [(s.protocol, s.where) for _, s, _ in answer.by] == [("content-signal", "line 2")]
    assert told.answers()[Usage.INPUT].by == ()
    assert {usage: a.preference for usage, a in told.answers().items()} == combine(told.statements)


def test_json_holds_all_of_it():
    told = read("robots.txt", "User-agent: gptbot\nDisallow: /\nUser-agent: *\nContent-Usage: ai-train=no")
    given = json.loads(json.dumps(told.as_json()))
    assert {(s["protocol"], s["preference"], s["where"], tuple(s["to"])) for s in given["statements"]} >= {
        ("robots", "deny", "line 2", ("gptbot",)),
        ("content-usage", "deny", "line 4", ("*", "ccbot")),
    }
    assert {r["code"] for r in given["remarks"]} == {remark.code for remark in told.remarks}
    assert all(r["meaning"] for r in given["remarks"])
    assert given["summary"]["train-ai"]["preference"] == "deny"
    assert given["summary"]["search"] == {"preference": "unknown", "conditions": [], "by": []}
    assert (given["kind"], given["target"]) == ("robots.txt", "/")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no kind"):
        read("pdf", "")


@given(st.binary(max_size=300), st.sampled_from(["", "x.xml", "x.json"]))
def test_any_octets_have_a_kind_or_none_and_can_be_read_as_any(octets, name):
    assert kind_of_octets(octets, name) in {*KINDS, None}
    for kind in KINDS:
        told = read(kind, octets)
        json.dumps(told.as_json()).encode()
        assert set(told.answers()) == set(Usage)


def test_real_signal_files_are_read_aloud(shared):
    rows = pq.read_table(shared / "data/signal_files.parquet").to_pylist()
    kinds = {"rsl": "rsl", "robots": "robots.txt", "tdmrep": "tdmrep.json", "ai.txt": "ai.txt", "llms.txt": "ai.txt"}
    tokens = Crawler().effective
    seen = dict.fromkeys(kinds, 0)
    for row in rows:
        body, kind = row["body"].encode(), kinds[row["kind"]]
        told = read_aloud(kind, body, "/x", tokens, origin=f"https://{row['host']}")
        json.dumps(told.as_json())
        seen[row["kind"]] += 1
        if kind in {"rsl", "tdmrep.json"}:
            assert (kind_of_name(row["url"]) or kind_of_octets(body, row["url"])) == kind
            document = rsl.RslDocument.parse(body) if kind == "rsl" else tdmrep.TdmRep.parse(body)
            stated = document.statements("/x") if kind == "rsl" else document.reading("/x")
            assert told.statements == stated.statements
    assert seen == {"rsl": 8, "robots": 5, "tdmrep": 8, "ai.txt": 1, "llms.txt": 1}


def _page_of(row):
    """Write a page that declares what a real one declared: the pages themselves are not kept."""
    metas = {"robots": "meta_robots", "tdm-reservation": "tdm_reservation_meta", "tdm-policy": "tdm_policy_meta"}
    head = [f'<meta name="{name}" content="{escape(row[key])}">' for name, key in metas.items() if row[key] is not None]
    if row["declared_licence_url"]:
        head.append(f'<link rel="license" href="{escape(row["declared_licence_url"])}">')
    if row["free_access_ldjson"]:
        written = json.dumps({"isAccessibleForFree": row["free_access_ldjson"]})
        head.append(f'<script type="application/ld+json">{written}</script>')
    return f"<!doctype html><html><head>{''.join(head)}</head><body>x</body></html>".encode()


def test_real_pages_are_read_aloud(shared):
    rows = pq.read_table(shared / "data/page_signals.parquet").to_pylist()
    keys = ("meta_robots", "tdm_reservation_meta", "tdm_policy_meta", "declared_licence_url", "free_access_ldjson")
    chosen = list({tuple(row[key] for key in keys): row for row in rows}.values())
    chosen = (chosen + [row for row in rows if row not in chosen])[: max(200, len(chosen))]
    assert len(chosen) >= 200
    reserved = set()
    for row in chosen:
        page = _page_of(row)
        assert kind_of_octets(page, row["url"]) == document_kinds.HTML
        told = read_response_aloud(Response(row["http_status"], html=page), "/", TOKENS, url=row["url"])
        assert substance(told) == read_fields(lines_of(row["http_status"], (), page), ASKED).reading.substance
        if says(told, "train-ai") == "deny":
            reserved.add(row["host"])
    assert reserved == {"www.corriere.it", "www.diepresse.com", "www.faz.net"}
