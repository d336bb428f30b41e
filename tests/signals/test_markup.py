"""What would take a parser long is told without one, and long values are not taken for it."""

import pytest

from rightful.signals.markup import MOST_ATTRIBUTES, is_crowded, looks_like_markup
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


def test_a_page_is_known_by_its_beginning():
    assert looks_like_markup(b"\xef\xbb\xbf \n<html>")
    assert not looks_like_markup(b"User-agent: <html>")
