"""Records that bring their response and page: headers in any form, HTML, status, embedded metadata."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from rightful.facts.statement import Usage
from rightful.policy.policy_file import parse_policy
from rightful.screening.columns import Columns
from rightful.screening.screener import Screener
from rightful.signals.locations import ROBOTS
from rightful.signals.page_fields import read_fields
from rightful.signals.page_lines import LONGEST, LONGEST_LINE, lines_of, of_lines, of_page, of_rsl
from rightful.signals.page_meta import LIMIT_OCTETS
from rightful.signals.site_files import Interpretation
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

POLICY = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
HOST = "https://h.example"
GENERAL = ["GENERAL"]
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 {attributes}><dc:description>a secret caption</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"""
PLUS = "http://ns.useplus.org/ldf/vocab/"
TDM = 'xmlns:tdm="http://www.w3.org/ns/tdmrep/" tdm:reservation="1"'


def both(protocol, code="RESERVED"):
    return [f"{code}_FETCH:{protocol}", f"{code}_NOW:{protocol}"]


def assertion(entry):
    data = {"entries": {"cawg.ai_generative_training": entry}}
    return json.dumps({"title": "a secret", "assertions": [{"label": "cawg.training-mining", "data": data}]})


@pytest.fixture
def snapshot(tmp_path):
    outcome, kind = classify(200, None, b"", ROBOTS)
    add_captures(
        tmp_path, [Capture(HOST, datetime(2020, 1, 1, tzinfo=UTC), outcome, kind, signal=ROBOTS, status=200, body=b"")]
    )
    return tmp_path


def decisions(snapshot, column, value, kind=None, policy=POLICY):
    table = pa.table({"url": pa.array([f"{HOST}/a"]), column: pa.array([value], kind)})
    return Screener(parse_policy(policy), snapshot).decisions(table)


def reasons(snapshot, column, value, kind=None, policy=POLICY):
    return decisions(snapshot, column, value, kind, policy)["reasons"][0].as_py()


INLINE = """<script type="application/rsl+xml"><rsl xmlns="https://rslstandard.org/rsl"><content url=""><license>
<prohibits type="usage">ai-train</prohibits></license></content></rsl></script>"""
PAIRS = [("X-Robots-Tag", "otherbot: noindex"), ("x-robots-tag", "NoAI"), ("Server", "nginx")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("HTTP/1.1 200 OK\r\nX-Robots-Tag: otherbot: noindex\r\nx-robots-tag: NoAI\r\nServer: nginx\r\n\r\n", None),
        (b"X-Robots-Tag: otherbot: noindex\nx-robots-tag: NoAI\nX-Name: \xff\n", pa.binary()),
        (json.dumps({"X-Robots-Tag": ["otherbot: noindex", "NoAI"]}), None),
        (json.dumps(PAIRS), None),
        ([("x-robots-tag", "NoAI"), ("server", "nginx")], pa.map_(pa.string(), pa.string())),
        ([{"name": name, "value": value} for name, value in PAIRS], None),
        ([{"key": "X-Robots-Tag", "value": ["NoAI", None]}], None),
        ({"x-robots-tag": "NoAI", "server": None}, None),
    ],
)
def test_headers_in_every_form_they_are_kept_in(snapshot, value, kind):
    assert reasons(snapshot, "http_headers", value, kind) == both("robots-tag")


def test_headers_that_cannot_be_read_are_held(snapshot):
    unread = [f"UNREADABLE:{name}" for name in ("content-signal", "content-usage", "robots-tag", "rsl", "tdmrep")]
    assert reasons(snapshot, "http_headers", '{"X-Robots-Tag": ') == unread
    assert reasons(snapshot, "http_headers", ["X-Robots-Tag = noai"]) == unread


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, [], GENERAL),
        (402, [], both("http-payment")),
        (402, [("crawler-price", "USD 0.01")], both("http-payment", "CONDITIONAL")),
        (451, [], both("http-payment")),
        (200, [("crawler-price", "USD 0.01")], GENERAL),
        (200, [("Link", '</rsl.xml>; rel="license"')], GENERAL),
        (200, [("Content-Usage", "train-ai=n")], both("content-usage")),
        (200, [("content-signal", "ai-train=no")], both("content-signal")),
    ],
)
def test_the_status_and_what_stands_beside_it(snapshot, status, headers, expected):
    table = pa.table({"url": [f"{HOST}/a"], "page_fields": [lines_of(status, headers)]})
    assert Screener(parse_policy(POLICY), snapshot).decisions(table)["reasons"][0].as_py() == expected


def test_a_status_may_be_a_number_with_a_point(snapshot):
    assert reasons(snapshot, "http_status", 451.0) == both("http-payment")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<meta name="robots" content="noai">', both("robots-tag")),
        ('<META NAME=GPTBot CONTENT="noai, all">', both("robots-tag")),
        ('<meta name="otherbot" content="noai">', GENERAL),
        ('<meta name="tdm-reservation" content="1">', both("tdmrep")),
        ('<meta name="tdm-reservation" content="0">', GENERAL),
        ('<!-- <meta name="robots" content="noai"> -->', GENERAL),
        ('<p>&lt;meta name="robots" content="noai"&gt;</p>', GENERAL),
        (INLINE, both("rsl")),
        ('<script type="application/ld+json">{"isAccessibleForFree": false}</script>', GENERAL),
    ],
)
@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())])
def test_what_a_page_says(snapshot, html, expected, kind):
    page = f"<html><head><title>t</title>{html}</head><body>text</body></html>"
    assert reasons(snapshot, "html", page, kind) == expected


def test_a_meta_element_takes_the_place_of_the_header(snapshot):
    page = b'<meta name="tdm-reservation" content="0">'
    assert reasons(snapshot, "page_fields", lines_of(200, [("tdm-reservation", "1")], page)) == GENERAL
    page = b'<meta name="tdm-reservation" content="1">'
    assert reasons(snapshot, "page_fields", lines_of(200, [("tdm-reservation", "0")], page)) == both("tdmrep")


def test_a_policy_s_own_token_is_asked_about_by_the_name_of_the_element(snapshot):
    page = '<meta name="examplebot" content="noai">'
    policy = f'{POLICY}[crawler]\ntokens = ["ExampleBot"]\n'
    assert reasons(snapshot, "html", page) == GENERAL
    assert reasons(snapshot, "html", page, policy=policy) == both("robots-tag")


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("xmp", XMP.format(attributes=f'plus:DataMining="{PLUS}DMI-PROHIBITED"'), both("plus")),
        ("xmp", XMP.format(attributes=TDM), both("tdmrep")),
        ("xmp", XMP.format(attributes=""), GENERAL),
        ("xmp", "<broken plus:DataMining='DMI-PROHIBITED'", ["UNREADABLE:plus"]),
        ("data_mining", f"{PLUS}DMI-PROHIBITED-AIMLTRAINING", both("plus")),
        ("data_mining", f"{PLUS}DMI-ALLOWED", GENERAL),
        ("c2pa", assertion({"use": "notAllowed"}), both("c2pa")),
        ("c2pa", assertion({"use": "constrained", "constraint_info": "ask"}), both("c2pa", "CONDITIONAL")),
        ("c2pa", assertion({"use": "allowed"}), GENERAL),
        ("c2pa", "{", ["UNREADABLE:c2pa"]),
        ("c2pa", '{"assertions": []}', GENERAL),
    ],
)
def test_embedded_metadata(snapshot, column, value, expected):
    found = decisions(snapshot, column, value)
    assert found["reasons"][0].as_py() == expected
    assert "secret" not in str(found["fields"].to_pylist())


@pytest.mark.parametrize(
    ("page", "expected", "named"),
    [
        ('<link rel="license" href="https://creativecommons.org/licenses/by-nc/4.0/">', ["NC:page"], ["cc-by-nc-4.0"]),
        ('<meta name="dc.rights" content="CC BY-NC-ND 4.0">', ["NC:page", "ND:page"], ["cc-by-nc-nd-4.0"]),
        ('<a rel="license" href="/terms">terms</a>', GENERAL, ["unknown"]),
        (
            '<script type="application/ld+json">{"license": "https://creativecommons.org/licenses/by/4.0/"}</script>',
            GENERAL,
            ["cc-by-4.0"],
        ),
        ("<p>no licence</p>", GENERAL, []),
    ],
)
def test_licences_that_a_page_names(snapshot, page, expected, named):
    read = read_fields(of_page(page), Interpretation())
    assert list(read.licences) == named
    assert "licence" in read.looked_for
    assert reasons(snapshot, "html", page) == expected


def test_a_column_may_hold_the_licence_that_a_page_names(snapshot):
    address = "http://creativecommons.org/licenses/by-nc/3.0/de/"
    assert reasons(snapshot, "declared_licence_url", address) == ["NC:page"]


def test_no_text_of_a_page_is_kept():
    page = b"""<html><head><title>secret</title><meta name="description" content="secret, none of it">
    <meta property="og:title" content="no secret"><meta name="author" content="none: secret">
    <meta name="robots" content="max-snippet:-1"><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
    </head><body><h1>secret</h1><script type="application/ld+json">{"license": "x", "headline": "secret"}</script>"""
    assert of_page(page) == (
        "looked_at: page\nmeta_robots: max-snippet:-1\npage_licence: https://creativecommons.org/licenses/by/4.0/\x1ex"
    )


def test_what_is_too_long_to_keep_is_not_cut_but_held(snapshot):
    words = ", ".join(["otherbot: noindex"] * (LONGEST_LINE // 10) + ["gptbot: noai"])
    assert lines_of(200, [("x-robots-tag", words)]) == "http_status: 200\nlooked_at: headers\nunread: x_robots_tag"
    assert reasons(snapshot, "http_headers", f"X-Robots-Tag: {words}") == ["UNREADABLE:robots-tag"]


def test_more_lines_than_a_record_has_are_not_read_but_held(snapshot):
    lines = "".join(f"meta_bot: bot{n}=all\n" for n in range(LONGEST // 20))
    given = f"{lines}x_robots_tag: noai"
    assert len(given) > LONGEST
    assert of_lines(given) == "unread: page_fields"
    held = ["c2pa", "content-signal", "content-usage", "page-meta", "plus", "robots-tag", "rsl", "tdmrep"]
    assert sorted({s.protocol for s in read_fields(given, Interpretation()).reading.statements}) == held
    assert reasons(snapshot, "page_fields", given) == [f"UNREADABLE:{protocol}" for protocol in held]


def test_nothing_a_page_writes_makes_a_line_of_its_own():
    page = b'<meta name="robots" content="all&#10;tdm_reservation: 0&#x1e;">'
    assert of_page(page) == "looked_at: page\nmeta_robots: all tdm_reservation: 0"


REFUSED = both("robots-tag")


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("x_robots_tag", ["noindex", "noai"], REFUSED),
        ("x_robots_tag", '["noindex", "noai"]', REFUSED),
        ("x_robots_tag", "['noindex', 'noai']", REFUSED),
        ("x_robots_tag", '"noai"', REFUSED),
        ("x_robots_tag", "X-Robots-Tag: noai", REFUSED),
        ("meta_robots", '<meta name="robots" content="noai">', REFUSED),
        ("content_usage", "Content-Usage: train-ai=n", both("content-usage")),
        ("content_signal", "'ai-train=no'", both("content-signal")),
        ("tdm_reservation", "tdm-reservation: 1", both("tdmrep")),
        ("tdm_reservation", '<meta name="tdm-reservation" content="1">', both("tdmrep")),
        ("http_status", "451 Unavailable For Legal Reasons", both("http-payment")),
        ("X-Robots-Tag", "noai", REFUSED),
        ("headers", {"X_Robots_Tag": "noai", "server": "nginx"}, REFUSED),
        ("headers", [{"name": "X-Robots-Tag", "value": "noai"}], REFUSED),
        ("headers", {"server": "nginx"}, GENERAL),
        ("headers", ["Introduction", "Methods"], GENERAL),
        ("headers", "Introduction", GENERAL),
        ("metadata", {"headers": {"X-Robots-Tag": "noai"}}, REFUSED),
        ("metadata", {"Content-Usage": "train-ai=n"}, both("content-usage")),
    ],
)
def test_what_columns_hold_beside_the_value(snapshot, column, value, expected):
    assert reasons(snapshot, column, value) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"tdm_reservation": "0", "tdm_reservation_meta": "1"}, both("tdmrep")),
        ({"tdm_reservation": "1", "tdm_reservation_meta": None}, both("tdmrep")),
        ({"html": "<p>a</p>", "raw_html": '<meta name="robots" content="noai">'}, REFUSED),
        ({"http_headers": {"a": "b"}, "headers": "X-Robots-Tag: noai"}, REFUSED),
        ({"license": "mit", "metadata": {"license": "cc-by-nc-4.0"}}, ["NC:page"]),
        ({"license": "mit", "License": "cc-by-nc-4.0"}, ["NC:page"]),
    ],
)
def test_a_restriction_counts_in_whichever_column_it_stands(snapshot, columns, expected):
    table = pa.table({"url": [f"{HOST}/a"], **{name: [value] for name, value in columns.items()}})
    screener = Screener(parse_policy(POLICY), snapshot)
    assert screener.decisions(table)["reasons"][0].as_py() == expected
    found = Columns.resolve(table.schema, screener.policy)
    assert Columns.of(found.used(), found.label) == found


def test_a_policy_that_names_a_column_means_that_one():
    schema = pa.schema([(name, pa.string()) for name in ("url", "html", "raw_html", "license", "license_id")])
    found = Columns.resolve(schema, parse_policy(f'{POLICY}[columns]\nhtml = "raw_html"\npage_licence = "none"\n'))
    assert found.paths("html") == ["raw_html"]
    assert found.others == ()


def test_lines_of_a_later_version_hold(snapshot):
    found = reasons(snapshot, "page_fields", "http_status: 200\nnew_protocol: 1")
    assert found
    assert all(reason.startswith("UNREADABLE:") for reason in found)


@pytest.mark.parametrize(
    ("page", "held"),
    [
        (b"<p>" + b"a" * LIMIT_OCTETS, False),
        (b"<p>" + b"a" * LIMIT_OCTETS + b'<meta name="robots" content="noai">', True),
        (b"<div>" * 3_000, False),
        (b"<div>" * 3_000 + b'<link rel="license" type="application/rsl+xml" href="/l">', True),
        (b"plain text", False),
        (b"tdm-reservation: 1", True),
        (b"", False),
    ],
)
def test_what_was_not_read_of_a_page_holds_where_it_may_refuse(snapshot, page, held):
    found = reasons(snapshot, "html", page, pa.binary())
    assert found == ([f"UNREADABLE:{p}" for p in ("page-meta", "robots-tag", "rsl", "tdmrep")] if held else GENERAL)


LINK = '<link rel="license" type="application/rsl+xml" href="https://h.example/l.xml">'


@pytest.mark.parametrize(
    "page",
    [LINK, LINK.replace("+", "&#43;"), LINK.upper().replace("HTTPS://H.EXAMPLE/L.XML", "https://h.example/l.xml")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_licence_is_found_in_whatever_encoding_its_page_is(page, encoding):
    assert "rsl_url: https://h.example/l.xml" in of_page(f"<html><head>{page}</head></html>".encode(encoding)).split(
        "\n"
    )


@pytest.mark.parametrize(
    "page",
    [
        '<a rel="cc:license" href="{}">',
        '<link rel="dct:license" href="{}">',
        '<a property="dcterms:license" href="{}">',
        '<a itemprop="license" href="{}">',
        '<meta itemprop="license" content="{}">',
        '<meta name="license" content="{}">',
        '<meta property="cc:license" content="{}">',
        '<script type="application/ld+json">{{"license": "Text and images: {}, '
        + "and more of it " * 30
        + '"}}</script>',
    ],
)
def test_a_licence_is_found_however_the_page_marks_it(page):
    html = page.format("https://creativecommons.org/licenses/by-nc/4.0/")
    (found,) = read_fields(of_page(html), Interpretation()).licences
    assert found.startswith("cc-by-nc-4.0")


def test_no_sentence_of_a_page_is_kept_for_a_robots_tag():
    words = "Noai was the secret of the whole garden, and nobody knew; max-snippet: 50, 5550100 calls"
    kept = of_page(f'<meta name="robots" content="{words}"><meta name="gptbot" content="{words}">')
    assert "secret" not in kept
    assert "garden" not in kept
    found = read_fields(kept, Interpretation(("*", "gptbot")))
    assert {s.preference.value for s in found.reading.statements} == {"deny"}
    assert of_page('<meta name="robots" content="noai, no-training">').endswith("noai, no-training")


def test_of_a_licence_that_came_with_a_record_only_the_licence_is_kept():
    content = """<rsl:content xmlns:rsl="https://rslstandard.org/rsl" url="">
    a secret<!-- a secret --><p xmlns="x">secret</p>
    <rsl:license>secret<rsl:prohibits type="usage">ai-train</rsl:prohibits>secret</rsl:license></rsl:content>"""
    for source in (content, f"<item><description>a secret</description>{content}</item>"):
        kept = of_rsl(source)
        assert "secret" not in kept
        stated = read_fields(kept, Interpretation()).reading.statements
        assert {s.preference.value for s in stated if s.usage is Usage.TRAIN} == {"deny"}
