"""Which kind a document is of, by its name and by its octets."""

import pytest

from rightful.signals.document_kinds import KINDS, kind_called, kind_of_name, kind_of_octets, promises_no_page

NS = 'xmlns="https://rslstandard.org/rsl"'
OFFER = (
    b'{"@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Offer", "profile": "http://www.w3.org/ns/tdmrep",'
    b' "permission": [{"action": "tdm:mine", "duty": {"action": "tdm:compensate"}}]}'
)

NAMES = {
    "robots.txt": "robots.txt",
    "a/b/Robots.TXT": "robots.txt",
    "https://h.example/.well-known/tdmrep.json?x#y": "tdmrep.json",
    "ai.txt": "ai.txt",
    ".well-known/trust.txt": "trust.txt",
    "page.HTML": "html",
    "page.htm": "html",
    "photo.xmp": "xmp",
    "answer.headers": "headers",
    "licence.rsl": "rsl",
    "licence.xml": None,
    "x.json": None,
    "x.txt": None,
    "myrobots.txt": None,
    "html": None,
    "": None,
}


@pytest.mark.parametrize(("name", "kind"), NAMES.items())
def test_a_name_tells_what_only_one_kind_has(name, kind):
    assert kind_of_name(name) == kind


OCTETS = [
    (f"<?xml version='1.0'?>\n<!-- a > b -->\n<rsl {NS}/>", "", "rsl"),
    ('<r:rsl xmlns:r="https://rslstandard.org/rsl"/>', "", "rsl"),
    ("<licence/>", "l.xml", "rsl"),
    ("<licence/>", "l.txt", None),
    ("<!DOCTYPE html>\n<x>", "", "html"),
    ("\ufeff  <html><rsl>", "", "html"),
    ("<!-- x --><META name=robots>", "l.xml", "html"),
    ("<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "", "xmp"),
    ('<rdf:RDF xmlns:rdf="x"/>', "l.xml", "xmp"),
    ("HTTP/2 200\nx: y", "", "headers"),
    ("date: today\nX-Robots-Tag: noai", "", "headers"),
    ("# rules\nUser-Agent: *\n", "", "robots.txt"),
    ("Sitemap: /s.xml", "", "robots.txt"),
    ("HTTP: a story\nabout it", "", None),
    ("datatrainingallowed=no", "", "trust.txt"),
    ('[{"location": "/"}]', "", "tdmrep.json"),
    ('{"tdm-reservation": 1}', "", "tdmrep.json"),
    ('[{"tdm-reservation": 1},', "", "tdmrep.json"),
    ('{"active_manifest": "x", "manifests": {}}', "", "c2pa"),
    ('{"label": "cawg.training-mining__2", "data": {}}', "", "c2pa"),
    ('{"cawg.data_mining": {"use": "allowed"}}', "", "c2pa"),
    (OFFER.decode(), "", "tdm-policy"),
    ('{"odrl:permission": []}', "", "tdm-policy"),
    ('{"a": 1}', "", None),
    ("[" * 100_000, "", None),
    ("Once upon a time", "", None),
    ("", "", None),
]


@pytest.mark.parametrize(("text", "name", "kind"), OCTETS)
def test_octets_tell_what_a_name_does_not(text, name, kind):
    assert kind_of_octets(text.encode(), name) == kind


def test_utf_16_is_seen_through():
    assert kind_of_octets("<html>".encode("utf-16")) == "html"


def test_kinds_are_called_by_their_names_and_by_the_paths_of_signals():
    assert {kind_called(kind) for kind in KINDS} == set(KINDS)
    assert kind_called(".well-known/tdmrep.json") == kind_called("TDMREP.json") == "tdmrep.json"
    assert kind_called("pdf") is None


def test_what_stands_before_the_root_costs_no_more_than_its_length():
    for piece in (b"<!--", b"<?x", b"<!DOCTYPE x [", b"<!-- -->", b"\n \t", b"< "):
        assert kind_of_octets(b"<" + piece * 20_000) in {*KINDS, None}


def test_some_names_promise_that_no_page_comes():
    assert promises_no_page("https://h.example/rsl.XML?x=y")
    assert promises_no_page("robots.txt")
    assert not promises_no_page("https://h.example/page")
    assert not promises_no_page("page.html")
