"""RSL inside other XML: the items of feeds (4.7), metadata (4.8), and columns that such elements were kept in."""

import pytest
from tests.conformance.tables import codes

from rightful.facts.statement import Preference, Reading, Usage, combine
from rightful.signals.page_fields import read_fields
from rightful.signals.page_lines import LONGEST_LINE, of_rsl, of_xmp
from rightful.signals.reading_aloud import read_aloud
from rightful.signals.rsl import Feed, RslDocument, in_metadata
from rightful.signals.site_files import Interpretation

NS = 'xmlns:rsl="https://rslstandard.org/rsl"'
NO_TRAINING = '<rsl:license><rsl:prohibits type="usage">ai-train</rsl:prohibits></rsl:license>'
RSS = f"""<?xml version="1.0"?><rss version="2.0" {NS}><channel><title>News</title><link>https://h.example/</link>
<item><title>a secret</title><link>https://h.example/a</link>
<rsl:content url="https://h.example/a">{NO_TRAINING}</rsl:content></item>
<item><link>https://h.example/b</link><rsl:content url=""><rsl:license/></rsl:content></item>
<item><link>https://h.example/c</link></item></channel></rss>""".encode()
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom" {NS}><entry><link rel="self" href="https://h.example/x"/>
<link href="https://h.example/a"/><rsl:content url="/a">{NO_TRAINING}</rsl:content></entry></feed>""".encode()
RSS_1 = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {NS}>
<item><link>https://h.example/a</link><rsl:content url="/a">{NO_TRAINING}</rsl:content></item></rdf:RDF>""".encode()
PACKET = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description {NS}><rsl:rsl><rsl:content url="https://h.example/photo.jpg">{NO_TRAINING}</rsl:content></rsl:rsl>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


def trained(reading):
    return combine(reading.statements)[Usage.TRAIN]


def test_the_items_of_a_feed_have_licences_of_their_own():
    feed = Feed.parse(RSS)
    assert [item.url for item in feed.items] == ["https://h.example/a", "https://h.example/b"]
    assert [trained(item.document.statements("/anything")) for item in feed.items] == [
        Preference.DENY,
        Preference.ALLOW,
    ]
    assert feed.items[0].where == "line 2 item"


@pytest.mark.parametrize("body", [ATOM, RSS_1], ids=["Atom", "RSS 1.0"])
def test_other_feeds(body):
    (item,) = Feed.parse(body).items
    assert item.url == "https://h.example/a"
    assert trained(item.document.statements("/a")) is Preference.DENY


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<rss>", "not-xml"),
        (b"", "not-xml"),
        (b"<rss><channel><item><link>/a</link></item></channel></rss>", "no-item"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><item>&a;</item></channel></rss>', "declarations"),
    ],
)
def test_a_feed_without_licences_says_why(body, code):
    feed = Feed.parse(body)
    assert feed.items == ()
    assert codes(Reading(remarks=feed.remarks)) == [code]


def test_a_feed_is_read_aloud_item_by_item():
    told = read_aloud("feed", RSS, "/", ("*",))
    assert [part.document for part in told.parts] == ["https://h.example/a", "https://h.example/b"]
    assert told.answers()[Usage.TRAIN].preference is Preference.DENY
    told = read_aloud("feed", RSS, "/b", ("*",))
    assert told.answers()[Usage.TRAIN].preference is Preference.ALLOW


def test_a_content_that_came_with_a_record_is_for_the_record_whatever_its_url_says():
    content = f'<rsl:content {NS} url="https://h.example/a/b">{NO_TRAINING}</rsl:content>'
    read = read_fields(of_rsl(content), Interpretation())
    assert trained(read.reading) is Preference.DENY
    assert "rsl" in read.looked_for
    two = f"<rsl:rsl {NS}>{content}{content}</rsl:rsl>"
    assert trained(read_fields(of_rsl(two), Interpretation()).reading) is Preference.DENY
    assert RslDocument.parse(two.encode(), in_page=True).problem == "one-content"
    assert RslDocument.parse(content.encode()).problem == "not-rsl"


def test_what_came_with_a_record_and_cannot_be_read_grants_nothing():
    assert trained(read_fields(of_rsl("<rsl"), Interpretation()).reading) is Preference.ERROR
    too_long = f'<rsl:content {NS} url=""><rsl:license note="{"x" * LONGEST_LINE}"/></rsl:content>'
    assert trained(read_fields(of_rsl(too_long), Interpretation()).reading) is Preference.ERROR


def test_metadata_may_hold_a_document():
    assert len(in_metadata(PACKET)) == 1
    assert trained(read_fields(of_xmp(PACKET), Interpretation()).reading) is Preference.DENY
    assert in_metadata(PACKET[:-20]) == ()
    assert in_metadata(b"") == ()
