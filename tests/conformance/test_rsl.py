"""RSL documents and where they are declared, against the table of this folder and against real files."""

import pyarrow.parquet as pq
import pytest
from tests.conformance.tables import codes, table

from rightful.facts.statement import Preference, Usage, combine
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.rsl import PROTOCOL, REMARKS, RslDocument, in_page, licence_urls, link_urls, unobtainable

TABLE = table("rsl")
OPEN = (
    '<rsl xmlns="https://rslstandard.org/rsl"><content url="{}"><license>'
    '<permits type="usage">search</permits></license></content></rsl>'
)


def answer(reading, usage):
    found = combine(reading.statements)[Usage(usage)]
    said = [s for s in reading.statements if s.usage == usage and s.preference is found]
    return found.value, sorted({condition for s in said for condition in s.conditions})


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_table(case):
    document = RslDocument.parse(case["document"].encode())
    asker = {key: case[key] for key in ("user", "geo") if key in case}
    remarks = set()
    for usage, target, preference, conditions in case["ask"]:
        reading = document.statements(target, **asker)
        assert answer(reading, usage) == (preference, conditions), (usage, target, reading)
        remarks.update(codes(reading))
        assert {(s.protocol, s.version) for s in reading.statements} <= {(PROTOCOL, case.get("version", "1.0"))}
    assert sorted(remarks) == sorted(case.get("remarks", []))
    assert remarks <= set(REMARKS)
    assert document.problem == case.get("problem", "")
    assert document.version == case.get("version", "1.0")
    assert document.max_age_days == case.get("max_age_days", 30)


@pytest.mark.parametrize("case", [case for case in TABLE if "robots" in case], ids=lambda case: case["name"])
def test_license_lines(case):
    robots = RobotsTxt.parse(case["robots"].encode())
    for token, *urls in case["declared"]:
        assert licence_urls(robots.site_records, robots.select(token).extensions) == urls
        # 4.4: a licence changes nothing about what may be fetched
        without = RobotsTxt.parse("\n".join(x for x in case["robots"].splitlines() if "icense" not in x).encode())
        assert robots.preference("https://h.example/x", token) is without.preference("https://h.example/x", token)


def test_the_table_is_no_shorter():
    assert len({case["name"] for case in TABLE}) == len(TABLE) >= 40


def test_statements_say_where_they_stand():
    body = OPEN.format("/").replace("<license>", "\n\n<license>").encode()
    statement = RslDocument.parse(body).statements("/").statements[0]
    assert statement.where == "line 3 license"
    assert statement.text == '<license><permits type="usage">search</permits></license>'


def test_a_licence_that_cannot_be_obtained_licenses_nothing():
    reading = unobtainable("https://h.example/rsl.xml")
    assert [s.preference for s in reading.statements] == [Preference.DENY] * 3
    assert {s.text for s in reading.statements} == {"https://h.example/rsl.xml"}
    assert codes(reading) == ["unobtainable"]


def test_what_a_licence_costs():
    body = """<rsl xmlns="https://rslstandard.org/rsl"><content url="/" server="https://l.example">
      <license><permits type="usage">search ai-input</permits></license>
      <license><permits type="usage">ai-all</permits><prohibits type="usage">ai-input</prohibits>
        <payment type="crawl"><amount currency="USD">0.015</amount><standard>https://s.example/ppc</standard>
          <custom>https://h.example/buy</custom><accepts type="application/x402+json"/></payment></license>
      </content></rsl>"""
    free, priced = RslDocument.parse(body.encode()).payment_terms("/a")
    assert (free.type, free.amount, free.usages) == ("free", None, (Usage.INPUT, Usage.SEARCH))
    assert (priced.type, priced.amount, priced.currency) == ("crawl", "0.015", "USD")
    assert (priced.standard_url, priced.custom_url) == ("https://s.example/ppc", "https://h.example/buy")
    assert (priced.accepts, priced.server) == (("application/x402+json",), "https://l.example")
    assert priced.usages == (Usage.TRAIN,)
    assert RslDocument.parse(b"<rsl/>").payment_terms("/a") == ()


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ('<https://h.example/l.xml>; rel="license"; type="application/rsl+xml"', ["https://h.example/l.xml"]),
        ("</l.xml>;type=application/rsl+xml;REL=License", ["/l.xml"]),
        ('</l.xml>; rel="canonical license"; type="application/rsl+xml; v=1"', ["/l.xml"]),
        ('</l.xml>; rel="license"', []),
        ('</l.xml>; type="application/rsl+xml"', []),
        ('</l.xml>; rel="license"; type="text/html"', []),
        ('</l.xml>; rel="next"; rel="license"; type="application/rsl+xml"', []),
        ('</a,b>; title="x, <c>; rel=license"; rel=license; type="application/rsl+xml"', ["/a,b"]),
        ('</a>; rel=next, </b>; rel=license; type="application/rsl+xml", </c>', ["/b"]),
        ('</l.xml>; title="not closed; rel=license; type=application/rsl+xml', ["/l.xml"]),
        ("", []),
        ('<<<>;;;"=,,<', []),
    ],
)
def test_link_headers(value, urls):
    assert link_urls([value]) == urls


def test_a_page_declares_licences():
    page = f"""<!DOCTYPE html><html><head><title>x</title>
      <link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
      <LINK REL="License" TYPE="application/rsl+xml" HREF=" /rsl.xml ">
      <script type="application/rsl+xml">{OPEN.format("")}</script></head>
      <body><section><script type="application/rsl+xml"><rsl/></script></section>
      <script type="text/javascript">"<link rel=license type=application/rsl+xml href=/no>"</script></body></html>"""
    found = in_page(page.encode())
    assert found.urls == ("/rsl.xml",)
    read, broken = found.documents
    assert answer(read.statements("/anything"), "train-ai") == ("deny", [])
    assert answer(read.statements("/anything"), "search") == ("allow", [])
    assert broken.problem == "not-rsl"


def test_a_document_in_a_page_has_one_content():
    two = OPEN.format("/").replace("</rsl>", '<content url="/a"><license/></content></rsl>')
    assert not RslDocument.parse(two.encode()).problem
    assert RslDocument.parse(two.encode(), in_page=True).problem == "one-content"


# What a careful reader says of each. One conforms; it covers a path of github.com. The others are not conformant, so
# nothing is licensed: each value in a <permits> of its own (davidtofan.com, crawlpriceindex.com), types that RSL does
# not have (`distribution`, or the use in place of `usage`, with yes and no), <attribution> and <standard> in a licence.
RSL_FILES = {
    "davidtofan.com": ("repeated", ["deny"] * 3),
    "alexzeecomedy.com": ("unknown-type", ["deny"] * 3),
    "www.ofthepitch.com": ("repeated", ["deny"] * 3),
    "www.biolexlife.com": ("repeated", ["deny"] * 3),
    "financeratecalc.com": ("unknown-element", ["deny"] * 3),
    "github.com/MaxSchoon/ixbrl": ("", ["allow"] * 3),
    "www.bolsaclick.com.br": ("unknown-type", ["deny"] * 3),
    "crawlpriceindex.com": ("repeated", ["deny"] * 3),
}


def test_real_files(shared):
    rows = pq.read_table(shared / "data/signal_files.parquet").to_pylist()
    found = {}
    for row in rows:
        if row["kind"] == "rsl":
            document = RslDocument.parse(row["body"].encode())
            reading = document.statements("/MaxSchoon/ixbrl/a")
            found[row["host"]] = (document.problem, [answer(reading, u)[0] for u in ("train-ai", "ai-input", "search")])
    assert found == RSL_FILES
    ixbrl = next(row["body"] for row in rows if row["host"] == "github.com/MaxSchoon/ixbrl" and row["kind"] == "rsl")
    document = RslDocument.parse(ixbrl.encode())
    assert answer(document.statements("/MaxSchoon/ixbrl"), "train-ai") == ("allow", ["attribution"])
    assert document.statements("/another/repository").statements == ()


def test_real_license_lines(shared):
    rows = pq.read_table(shared / "data/signal_files.parquet").to_pylist()
    found = {}
    for row in rows:
        if row["kind"] == "robots":
            robots = RobotsTxt.parse(row["body"].encode())
            found[row["host"]] = licence_urls(robots.site_records, robots.select("GPTBot").extensions)
    assert {host: urls for host, urls in found.items() if urls} == {
        "davidtofan.com": ["https://davidtofan.com/rsl.xml"],
        "crawlpriceindex.com": ["https://crawlpriceindex.com/rsl.xml"],
    }
