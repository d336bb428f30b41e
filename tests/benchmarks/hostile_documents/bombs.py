"""Small documents that become large ones, or other ones, where entities are expanded."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.hostile_documents.markup import XML

LAUGHTER = "ha-ha"  # stands in a reading only where an entity was expanded
_ENTITY = "&e11;" * 500
_CONTENT = f'<content url="/{_ENTITY}"><license><permits type="usage">{_ENTITY}</permits></license></content>'
_RSL = f'<rsl xmlns="https://rslstandard.org/rsl">{_CONTENT}</rsl>'
_DESCRIPTION = (
    f'<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:OtherConstraints="{_ENTITY}">'
    f"<plus:DataMining>{_ENTITY}</plus:DataMining></rdf:Description>"
)
# What stands in the place of `(doctype)`.
_DOCUMENTS = {
    "RSL": f"(doctype){_RSL}",
    "a packet": f'(doctype)<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{_DESCRIPTION}</rdf:RDF>',
    "a page": f'(doctype)<html><meta name="robots" content="{_ENTITY}"/><title>{_ENTITY}</title></html>',
    "a page with RSL": f'<html><script type="application/rsl+xml">(doctype){_RSL}</script></html>',
    "a feed": f"(doctype)<rss><item><link>{_ENTITY}</link>{_RSL}</item></rss>",
}


@dataclass(frozen=True, slots=True)
class Bomb:
    """A document with entities.

    Attributes:
        name: what would become of it.
        octets: the document.
        readers: who could be harmed by it.
    """

    name: str
    octets: bytes
    readers: tuple[str, ...] = XML


def bombs(outside: str) -> tuple[Bomb, ...]:
    """Make one for each way to declare entities, and each kind of markup.

    Args:
        outside: URL of what must not be read.
    """
    laughs = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)]
    declared = {
        "laughs": f'<!ENTITY e0 "{LAUGHTER}">{"".join(laughs)}',
        "one long entity": f'<!ENTITY e11 "{LAUGHTER * 20_000}">',
        "an entity of itself": '<!ENTITY e11 "&e11;&e11;">',
        "an entity from outside": f'<!ENTITY e11 SYSTEM "{outside}">',
        "declarations from outside": f'<!ENTITY % f SYSTEM "{outside}"> %f; <!ENTITY e11 "{LAUGHTER}">',
    }
    doctypes = {name: f"<!DOCTYPE x [{entities}]>" for name, entities in declared.items()}
    doctypes["a type from outside"] = f'<!DOCTYPE x SYSTEM "{outside}">'
    found = [
        Bomb(f"{name}, in {place}", text.replace("(doctype)", doctype).encode())
        for name, doctype in doctypes.items()
        for place, text in _DOCUMENTS.items()
    ]
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{outside}" parse="text"/>'
    style = f'<?xml-stylesheet href="{outside}"?>'
    found += [
        Bomb(
            f"what is included, in {place}",
            text.replace("(doctype)", style).replace(f">{_ENTITY}<", f">{include}<").replace(_ENTITY, "").encode(),
        )
        for place, text in _DOCUMENTS.items()
    ]
    return tuple(found)
