"""Hostile documents in markup: pages, RSL, feeds, XMP packets."""

from __future__ import annotations

from tests.benchmarks.hostile_documents.making import PACKET, PAGE, Document, filled, in_utf16, nested, rows

_PAGES = ("rsl_discovery", "page_meta", "page_fields", "reading_aloud")
XML = ("rsl", "plus", *_PAGES)
_LICENCES = ("rsl", "reading_aloud")
_RSL, _RSL_END = '<rsl xmlns="https://rslstandard.org/rsl">', "</rsl>"
_CONTENT, _CONTENT_END = _RSL + '<content url="/">', "</content>" + _RSL_END
_LICENCE, _LICENCE_END = _CONTENT + "<license>", "</license>" + _CONTENT_END
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:tdm="http://www.w3.org/ns/tdmrep/"'
)
_PACKET_END = "</rdf:RDF></x:xmpmeta>"
_XMP_END = "</rdf:Description>" + _PACKET_END
_LD = '<script type="application/ld+json">'
_INLINE = '<script type="application/rsl+xml">'

_ANY = {
    "elements in elements": nested("<a>", "</a>"),
    "elements left open": filled("<a>", _RSL),
    "elements closed only": filled("</a>", _RSL),
    "attributes": filled(' a{n}="1"', "<html", "/>"),
    "attributes of a namespace each": filled(' xmlns:a{n}="u{n}" a{n}:b="1"', "<html", "/>"),
    "one attribute": filled(' a="1"', "<html", "/>"),
    "namespaces": filled(' xmlns:a{n}="u{n}"', _RSL[:-1], "/>"),
    "namespaces of elements": filled('<a xmlns:p{n}="u{n}" p{n}:b="c"/>', _RSL, _RSL_END),
    "a long attribute": filled("a ", '<meta name="', '"/>'),
    "an attribute left open": filled("a>", '<meta name="'),
    "comments": filled("<!---->", _RSL, _RSL_END),
    "a comment left open": filled("<!-- --", _RSL),
    "instructions": filled("<?p?>", _RSL, _RSL_END),
    "sections left open": filled("<![CDATA[ ]]", _RSL),
    "references": filled("&#65;&amp;", _RSL, _RSL_END),
    "unknown references": filled("&a;&b", "<html><body>"),
    "tags left open": filled("<"),
    "declared entities": filled('<!ENTITY e{n} "x">', "<!DOCTYPE rsl [", f"]>{_RSL}{_RSL_END}"),
    "declared attributes": filled('<!ATTLIST rsl a{n} CDATA "x">', "<!DOCTYPE rsl [", f"]>{_RSL}{_RSL_END}"),
    "a document type, elements": filled("<a/>", "<!DOCTYPE rsl><rsl>", _RSL_END),
    "UTF-16": in_utf16(filled("<content/>", _RSL, _RSL_END)),
}  # fmt: skip

DOCUMENTS: tuple[Document, ...] = (
    *rows(("rsl", *_PAGES), _ANY, PAGE),
    *rows(("plus",), _ANY, PACKET),
    *rows(_LICENCES, {
        "contents": filled('<content url="/{n}"><license/></content>', _RSL, _RSL_END),
        "contents, nearly matching": filled('<content url="/*aaaa{n}*b"><license/></content>', _RSL, _RSL_END),
        "licences": filled("<license/>", _CONTENT, _CONTENT_END),
        "licences for some": filled(
            '<license><permits type="usage">ai-train</permits><prohibits type="user">x{n}</prohibits></license>',
            _CONTENT, _CONTENT_END,
        ),
        "permits": filled('<permits type="usage">search</permits>', _LICENCE, _LICENCE_END),
        "words": filled("x{n} ", _LICENCE + '<permits type="usage">', "</permits>" + _LICENCE_END),
        "payments": filled('<payment><amount currency="XBT">1</amount></payment>', _LICENCE, _LICENCE_END),
        "unknown elements": filled("<x/>", _RSL, _RSL_END),
        "foreign elements": filled('<x xmlns="u">y</x>', _LICENCE + "<legal>", "</legal>" + _LICENCE_END),
        "attributes of a licence": filled(' a{n}="1"', _CONTENT + "<license", "/>" + _CONTENT_END),
        "a location of wildcards": filled("*a", _RSL + '<content url="/', 'b$"><license/>' + _CONTENT_END),
    }, PAGE),
    *rows(("rsl_discovery", "page_fields", "reading_aloud"), {
        "documents": filled(f"{_INLINE}{_RSL}</rsl></script>"),
        "documents with a licence": filled(f"{_INLINE}{_CONTENT}<license/>{_CONTENT_END}</script>"),
        "a document of licences": filled("<license/>", _INLINE + _CONTENT, _CONTENT_END + "</script>"),
        "a document of attributes": filled(' a{n}="1"', _INLINE + _RSL[:-1], "/></script>"),
        "items": filled(
            "<item><link>/{n}</link><rsl:content><rsl:license/></rsl:content></item>",
            '<rss xmlns:rsl="https://rslstandard.org/rsl">', "</rss>",
        ),
        "links of an item": filled("<link>/</link>", f"<rss><item>{_RSL}", "</rsl></item></rss>"),
        "documents in a packet": filled(_CONTENT + _CONTENT_END, _XMP + ">", _XMP_END),
    }, PAGE),
    *rows(_PAGES, {
        "metas": filled('<meta name="robots" content="noai">'),
        "metas of bots": filled('<meta name="b{n}" content="noai, noindex">'),
        "metas of TDMRep": filled('<meta name="tdm-reservation" content="{n}">'),
        "a meta of many words": filled("noai, ", '<meta name="x" content="', '">'),
        "licence links": filled('<link rel="license" href="/{n}" type="application/rsl+xml">'),
        "anchors": filled('<a rel="license" href="/{n}">'),
        "relations": filled("license ", '<link rel="', '" href="/" type="application/rsl+xml">'),
        "scripts left open": filled("<script>"),
        "JSON-LD": filled(_LD + '{"license": "/{n}", "isAccessibleForFree": false}</script>'),
        "JSON-LD of arrays": nested("[", "]", _LD, "</script>"),
        "JSON-LD of many values": filled('{"license":["/{n}"],"isAccessibleForFree":"x"},', _LD + "[", "{}]</script>"),
        "JSON-LD of parts": filled('{"hasPart":', _LD, "</script>"),
        "JSON-LD that is none": filled(_LD + "{</script>"),
        "attributes of a meta": filled(" a{n}=1", "<meta name=robots content=noai", ">"),
        "divisions": filled("<div>"),
        "paragraphs": filled("<p><b><i>"),
        "tables": filled("<table><tr><td>"),
        "what closes others": filled("<b><p></b></p><form></table>"),
        "quotes": filled("'\"=<a '", "<html>"),
        "attributes behind a quote in a comment": filled(" a{n}", "<!-- <a b=' --><meta", ">"),
        "deep elements and their ends": filled("</x>", "<div>" * 2_000),
    }, PAGE),
    *rows(("plus", "page_fields", "reading_aloud"), {
        "properties": filled('<plus:DataMining rdf:resource="DMI-{n}"/>', _XMP + ">", _XMP_END),
        "properties in attributes": filled(' plus:a{n}="1"', _XMP, "/>" + _PACKET_END),
        "terms in attributes": filled(' xmlns:a{n}="u{n}" a{n}:OtherConstraints="x"', _XMP, "/>" + _PACKET_END),
        "terms": filled("<plus:OtherConstraints>x{n}</plus:OtherConstraints>", _XMP + ">", _XMP_END),
        "a property of many": filled("<rdf:li/>", _XMP + "><plus:DataMining>", "</plus:DataMining>" + _XMP_END),
        "attributes of a value": filled(
            ' a{n}=""', _XMP + "><plus:DataMining><rdf:li", "/></plus:DataMining>" + _XMP_END
        ),
        "reservations": filled("<tdm:reservation>{n}</tdm:reservation>", _XMP + ">", _XMP_END),
        "descriptions": filled(_XMP + ">{n}" + _XMP_END, "<x:xmpmeta xmlns:x='adobe:ns:meta/'>", "</x:xmpmeta>"),
        "padding": filled("\0", _XMP + "/>" + _PACKET_END),
    }, PACKET),
)  # fmt: skip
