"""Pages are read as libxml2's own tree has them; what would take long is told, and long values are not taken for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from rightful.signals import rsl
from rightful.signals.markup import DEEPEST, MOST_ATTRIBUTES, is_crowded, looks_like_markup, read_page
from rightful.signals.page_fields import read_fields
from rightful.signals.page_lines import of_page, of_xmp
from rightful.signals.page_meta import PageHead
from rightful.signals.site_files import Interpretation

MANY = " ".join(f"a{n}=1" for n in range(MOST_ATTRIBUTES + 10))


@pytest.mark.parametrize(
    "page",
    [
        f"<p {MANY}>",
        f"<p {MANY}",
        f'<p x=">" {MANY}>',
        f"<p x='>' {MANY}>",
        f"<p b'c {MANY}>",
        f'<p "{MANY}>',
        "<p " + " ".join(f"a{n}" for n in range(MOST_ATTRIBUTES + 10)) + ">",
        "<p " + "/".join(f"a{n}" for n in range(MOST_ATTRIBUTES + 10)) + ">",
        "<p " + "".join(f"a{n}=''" for n in range(MOST_ATTRIBUTES + 10)) + ">",
        f"<x:p xmlns:x='u' {MANY}/>",
    ],
)
def test_a_tag_of_thousands_of_attributes(page):
    assert is_crowded(page.encode())
    assert is_crowded(page.encode("utf-16"))


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<p>" + "word " * 50_000,
        f'<img src="data:image/png;base64,{"ab/+" * 50_000}==">',
        f"<p title='{MANY}'>",
        f'<p data-x="{MANY}">',
        "<p a=1>" * 20_000,
        "if (a < b) " * 20_000,
        "<",
    ],
)
def test_what_is_only_long(page):
    assert not is_crowded(page.encode())


def test_a_page_that_is_not_read_may_have_refused():
    page = f"<html><head><p {MANY}><meta name=robots content=noai>".encode()
    assert [remark.code for remark in PageHead.parse(page).remarks] == ["too-many-attributes"]
    assert of_page(page) == "looked_at: page\nunread: page"
    assert {s.preference.value for s in read_fields(of_page(page), Interpretation()).reading.statements} == {"error"}


@pytest.mark.parametrize(
    ("mark", "protocol"),
    [
        ("http://www.w3.org/ns/tdmrep/", "tdmrep"),
        ("https://rslstandard.org/rsl", "rsl"),
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED", "plus"),
    ],
)
def test_a_packet_that_is_not_read_may_have_refused(mark, protocol):
    for packet in (f"<x a='{mark}'", f"<x a='{mark}' {MANY}/>"):
        read = read_fields(of_xmp(packet), Interpretation())
        assert {(s.protocol, s.preference.value) for s in read.reading.statements} == {(protocol, "error")}


STATING = ("meta", "link", "a", "area", "script")
PIECES = st.sampled_from([
    "<meta name=robots content=noai>", "<link rel=license href=/l>", '<script type="application/ld+json">', '{"a":1}',
    "</script>", "<!--", "-->", "<head>", "</body>", "<", '"', "'", "<![CDATA[", "]]>", "<svg>", "<template>", "<?x",
    "?>", ">", "<a href='x'>t</a>", '<a b c="d" B=e>', "<p>", "</p>", "<table>", "</", "&amp;", "&", "<title>",
    "</title>", "<textarea>", "<style>", "</style>", "<plaintext>", "<noscript>", "<!DOCTYPE html>", "<html>", "x", " ",
    "\n", "=", "/", "<meta name='a\nb' content='é'/>", "<iframe>", "<meta charset=x>", "<area href>",
])  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=3), max_size=14).map("".join))
@settings(max_examples=300)
def test_a_page_is_read_as_a_tree_of_it_would_be(page):
    octets = page.replace("\0", "").encode("utf-8", "replace")
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError:
        root = None
    expected = [
        (e.tag, dict(e.attrib), e.text or "" if e.tag == "script" else "")
        for e in (root.iter(*STATING) if root is not None else ())
    ]
    assert [(e.tag, dict(e.attributes), e.text) for e in read_page(octets, STATING).elements] == expected


@pytest.mark.parametrize("start", ["<!-- <a b=' --><p", '<title><a b="</title><p', "<script>'<a b=\"'</script><p"])
def test_attributes_are_not_hidden_by_a_quote_that_opens_nothing(start):
    page = f"{start} {' '.join(f'a{n}' for n in range(MOST_ATTRIBUTES + 10))}>".encode()
    assert read_page(page, ("p",)).crowded


@pytest.mark.parametrize(
    ("charset", "octets"),
    [
        ("gb2312", b"\xff"), ("gb18030", "版权".encode("gb18030") + b"\xff"), ("shift_jis", b"\xff\x81"),
        ("Windows-1252", b"\x81"), ("euc-jp", b"\x8f\xff"), ("big5", b"\xff"), ("iso-8859-3", b"\xa5"),
        ("utf-8", b"\xe9"), ("utf-16", b"\xe9"), ("utf-7", b"\xe9"), ("nonsense", b"\xe9"), ("koi8-r", b"\xff"),
    ],
)  # fmt: skip
def test_an_octet_that_is_none_hides_nothing_that_follows(charset, octets):
    for declared in (f"<meta charset={charset}>", f"<meta http-equiv=x content='text/html; charset={charset}'>", ""):
        page = (
            declared.encode()
            + b"<title>" + octets + b"</title><meta name=robots content=noai>"
            + b'<link rel=license href=/l type="application/rsl+xml">'
        )  # fmt: skip
        assert ("robots", "noai") in PageHead.parse(page).metas
        assert rsl.in_page(page).urls == ("/l",)


def test_ends_of_elements_that_are_not_open_do_not_hide_what_is():
    deep = "<div>" * (DEEPEST - 10) + "</x>" * 1_000 + "<meta name=robots content=noai>"
    assert PageHead.parse(deep.encode()).metas == (("robots", "noai"),)
    assert read_page(("<div>" * (DEEPEST + 10) + "<meta>").encode(), STATING).deep


def test_a_page_is_known_by_its_beginning():
    assert looks_like_markup(b"\xef\xbb\xbf \n<html>")
    assert not looks_like_markup(b"User-agent: <html>")
