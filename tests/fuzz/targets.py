"""What is fuzzed: one target for each reader of signals, its seeds taken from the conformance tables.

A target reads octets and says nothing; what it raises is a defect. It asks more than that nothing is raised: what a
reader gives must be writable, bounded and documented, and two ways to the same answer must agree.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.conformance.tables import table

from rightful.facts.site import parse_url
from rightful.facts.statement import SHOWN_CHARACTERS, Preference, Reading, combine
from rightful.signals import (
    ai_txt,
    content_signal,
    content_usage,
    document_kinds,
    http_payment,
    licence,
    page_fields,
    page_lines,
    page_meta,
    reading_aloud,
    remark_meanings,
    robots_tag,
    rsl,
    structured_field,
    tdm_policy,
    tdmrep,
    trust_txt,
)
from rightful.signals.embedded import c2pa, plus
from rightful.signals.robots_txt import LENIENCY, RobotsTxt
from rightful.signals.robots_txt.paths import canonical_target
from rightful.signals.site_files import Interpretation, RobotsRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TOKENS = ("gptbot", "ccbot", "*")
ASKED = Interpretation(tokens=TOKENS)
PATHS = ("/", "/a/b?c=d", "/private/x.html", "/%E3%83%84")
_READERS = (
    *(ai_txt, content_signal, content_usage, http_payment, page_meta, robots_tag, rsl, tdmrep, trust_txt),
    *(c2pa, plus),
)
REMARKS = {module.PROTOCOL: frozenset(module.REMARKS) for module in _READERS}
EVERY_REMARK = frozenset(code for codes in REMARKS.values() for code in codes) | LENIENCY.keys()
LONGEST_WHERE = 300  # characters; a place in a document, not a copy of it


@dataclass(frozen=True)
class Target:
    """A reader to be fuzzed.

    Attributes:
        name: on the command line.
        seeds: documents it is known to read.
        read: reads octets; raises where that shows a defect.
    """

    name: str
    seeds: Callable[[], Iterable[bytes]]
    read: Callable[[bytes], None]


def sound(reading: Reading, codes: frozenset[str] = EVERY_REMARK) -> Reading:
    """See that what was read can be written and kept: documented codes, evidence cut short, valid Unicode."""
    for found in (*reading.statements, *reading.remarks):
        assert len(found.where) <= LONGEST_WHERE, f"where has {len(found.where)} characters"
        assert len(found.text) <= SHOWN_CHARACTERS, f"text has {len(found.text)} characters"
        (found.where + found.text).encode()
    for statement in reading.statements:
        for condition in statement.conditions:
            assert len(condition) <= SHOWN_CHARACTERS + 50, f"a condition has {len(condition)} characters"
            condition.encode()
    assert {remark.code for remark in reading.remarks} <= codes
    return reading


def robots_txt(octets: bytes) -> None:
    """Every matcher gives the answer of the rule that is evidence; records of other protocols can be read."""
    robots = RobotsTxt.parse(octets)
    assert set(robots.leniency) <= set(LENIENCY)
    patterns = [rule.pattern for group in robots.groups for rule in group.rules][:20]
    urls = (parse_url(f"https://h.example{p.rstrip('$').replace('*', 'x')}") for p in patterns if p[:1] == "/")
    for target in [*PATHS, *(url.target for url in urls if url)]:
        for token in TOKENS:
            match = robots.match_target(target, token)
            assert match.preference in {Preference.ALLOW, Preference.DENY}
            assert bool(match.line) == bool(robots.line_text(match.line))
            if target.partition("?")[0] != "/robots.txt":
                rules = robots.select(token).rules
                spelt = canonical_target(target)
                denied = match.preference is Preference.DENY
                assert rules.denies(spelt) is denied
                assert rules._default_denies is denied if not rules._live[0] else True
                if rules.uniform is None:
                    found = rules._alternation.match(spelt)
                    assert (rules._default_denies if found is None else found.lastindex is not None) is denied
    robots.distinct(TOKENS)
    records = RobotsRecords(octets, ASKED)
    for path in PATHS:
        sound(records.reading(path))


def content_usage_field(octets: bytes) -> None:
    """A line of the fuzzed text is a line of the field."""
    values = octets.decode("latin-1").split("\n")
    sound(content_usage.in_field(values), REMARKS["content-usage"])
    literal = combine(content_usage.in_field(values, legacy="ignore").statements)
    honoured = combine(content_usage.in_field(values).statements)
    for usage, preference in literal.items():  # honouring older words only ever refuses more
        assert preference in {honoured[usage], Preference.ALLOW, Preference.UNKNOWN}


def content_signal_field(octets: bytes) -> None:
    """A header grants nothing."""
    read = sound(content_signal.in_field(octets.decode("latin-1").split("\n")), REMARKS["content-signal"])
    assert not any(said.effective is Preference.ALLOW for said in read.statements)


def structured_fields(octets: bytes) -> None:
    """A dictionary, or None."""
    found = structured_field.read_dictionary(octets.decode("latin-1"))
    assert found is None or all(isinstance(pair, tuple) and len(pair) == 2 for pair in found.values())


def rsl_document(octets: bytes) -> None:
    """A document with a problem licenses nothing; in a page or alone."""
    for in_page in (False, True):
        document = rsl.RslDocument.parse(octets, in_page=in_page)
        for path in PATHS:
            read = sound(document.statements(path), REMARKS["rsl"])
            document.payment_terms(path)
            if document.problem:
                assert {said.preference for said in read.statements} == {Preference.DENY}


def rsl_discovery(octets: bytes) -> None:
    """Pages and `Link` headers that declare licences."""
    for document in rsl.in_page(octets).documents:
        sound(document.statements("/"), REMARKS["rsl"])
    rsl.link_urls([octets.decode("latin-1")])


def tdmrep_file(octets: bytes) -> None:
    """A file whose answer is the same for every path says so truly."""
    file = tdmrep.TdmRep.parse(octets)
    for path in PATHS:
        read = sound(file.reading(path), REMARKS["tdmrep"])
        assert file.uniform is None or file._read(path).substance == read.substance


def tdmrep_pairs(octets: bytes) -> None:
    """Headers and metas: a line is `name: value`."""
    pairs = _pairs(octets.decode("utf-8", "replace"))
    header, meta = tdmrep.in_headers(pairs), tdmrep.in_metas(pairs)
    sound(header + meta, REMARKS["tdmrep"])
    tdmrep.settle(header.statements, meta.statements)


def policy_of_tdmrep(octets: bytes) -> None:
    """A policy turns a refusal into conditions, and never into more; an allowance it leaves alone."""
    policy = tdm_policy.TdmPolicy.parse(octets)
    sound(policy.uniform, frozenset(tdm_policy.REMARKS))
    stated = tdmrep.in_headers([("tdm-reservation", "1"), ("tdm-policy", "https://h.example/p")]).statements
    under = policy.under(stated)
    sound(Reading(under))
    assert {said.preference for said in under} == {Preference.CONDITIONAL if policy.conditions else Preference.DENY}
    allowed = tdmrep.in_headers([("tdm-reservation", "0")]).statements
    assert policy.under(allowed) == allowed


def ai_txt_file(octets: bytes) -> None:
    """It can deny and permits nothing."""
    file = ai_txt.AiTxt.parse(octets, TOKENS)
    for path in PATHS:
        read = sound(file.reading(path), REMARKS["ai-txt"])
        assert not any(said.effective is Preference.ALLOW for said in read.statements)
        assert file.uniform is None or file._read(path).substance == read.substance


def trust_txt_file(octets: bytes) -> None:
    """One attribute of it."""
    sound(trust_txt.TrustTxt.parse(octets).reading("/"), REMARKS["trust-txt"])


def robots_tags(octets: bytes) -> None:
    """Headers (a line is a value) and metas (a line is `name: content`); nothing permits."""
    text = octets.decode("utf-8", "replace")
    for bing, search in (("evidence", "evidence"), ("honour", "deny")):
        for media in ("text", "image"):
            options = {"media": media, "bing_words": bing, "search_words": search}
            read = robots_tag.in_headers(text.split("\n"), TOKENS, **options)
            read += robots_tag.in_metas(_pairs(text), TOKENS, **options)
            sound(read, REMARKS["robots-tag"])
            assert not any(said.preference is Preference.ALLOW for said in read.statements)


def page(octets: bytes) -> None:
    """The head of a page states nothing itself; its metas can be read by those they are for."""
    head = page_meta.PageHead.parse(octets)
    assert sound(head.reading(), REMARKS["page-meta"]).statements == ()
    for name, content in head.metas:
        (name + content).encode()
    sound(robots_tag.in_metas(head.metas, TOKENS) + tdmrep.in_metas(head.metas))


def c2pa_manifest(octets: bytes) -> None:
    """Nothing unsigned permits; what is kept of a manifest says what the manifest said."""
    read = sound(c2pa.in_manifest(octets), REMARKS["c2pa"])
    sound(c2pa.in_manifest(octets, valid_signature=True), REMARKS["c2pa"])
    assert not any(said.effective is Preference.ALLOW for said in read.statements)
    kept = c2pa.training_mining(octets)
    if kept:
        assert combine(c2pa.in_manifest(kept).statements) == combine(read.statements)


def plus_packet(octets: bytes) -> None:
    """XMP, or what a metadata tool gives as JSON; neither permits."""
    read = sound(plus.in_xmp(octets), REMARKS["plus"])
    kept = plus.data_mining(octets)
    if kept:
        again = sound(plus.in_metadata(kept), REMARKS["plus"])
        assert {said.usage for said in again.statements} == {said.usage for said in read.statements}
    sound(tdmrep.in_metas(plus.tdm_metas(octets)))
    try:
        value = json.loads(octets)
    except (ValueError, RecursionError):
        value = octets.decode("utf-8", "replace")
    read += sound(plus.in_metadata(value), REMARKS["plus"])
    assert not any(said.effective is Preference.ALLOW for said in read.statements)


def http_response(octets: bytes) -> None:
    """A status line, headers, an empty line, a body; the text of a header is tried as an x402 object too."""
    head, _, body = octets.partition(b"\n\n")
    first, _, fields = head.decode("latin-1").partition("\n")
    pairs = _pairs(fields)
    for headers in (pairs, [*pairs, ("payment-required", base64.b64encode(body).decode())]):
        for status in (first, 402, 200):
            found = http_payment.in_response(status, headers, body)
            sound(found.reading, REMARKS["http-payment"])
            assert not any(said.preference is Preference.ALLOW for said in found.reading.statements)
            for offer in (*found.offers, *found.bids, *found.charged):
                assert math.isfinite(float(offer.amount))


def licences(octets: bytes) -> None:
    """One spelling, read alike; what is not known whole grants nothing."""
    terms = licence.read_licence(octets.decode("utf-8", "surrogateescape"))
    assert licence.read_licence(terms.id).id == terms.id
    assert {remark.code for remark in terms.remarks} <= set(licence.REMARKS)
    assert not any(choice.grants and choice.unknown for choice in terms.choices)


def fields_of_a_record(octets: bytes) -> None:
    """Lines as the ledger keeps them, and lines made of headers, pages, packets and manifests."""
    text = octets.decode("utf-8", "replace")
    made = [page_lines.of_headers(octets), page_lines.of_page(octets), page_lines.of_xmp(octets)]
    made += [page_lines.of_manifest(octets), page_lines.of_lines(octets), page_lines.lines_of(200, (), octets)]
    for lines in (text, *made):
        lines.encode()
        sound(page_fields.read_fields(lines, ASKED).reading)
    for lines in made:
        assert page_lines.of_lines(lines) == lines, "lines that were made are lines"


def documents_aloud(octets: bytes) -> None:
    """Whatever kind a document is read as, all of it can be told, and the sum is that of its statements."""
    kinds = {document_kinds.kind_of_octets(octets, name) for name in ("", "x.xml")} - {None}
    for kind in kinds or {document_kinds.HEADERS}:
        told = reading_aloud.read_aloud(kind, octets, "/a/b?c=d", TOKENS, origin="https://h.example")
        json.dumps(told.as_json()).encode()
        for part in told.parts:
            sound(part.reading, frozenset(remark_meanings.REMARKS_OF[part.protocol]))
        assert {usage: found.preference for usage, found in told.answers().items()} == combine(told.statements)


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name, value.removeprefix(" ")) for name, _, value in (line.partition(":") for line in text.split("\n"))]


def _column(tables: Iterable[str], *keys: str) -> Callable[[], Iterable[bytes]]:
    def seeds() -> Iterable[bytes]:
        for name in tables:
            for case in table(name):
                for key in keys:
                    if key in case:
                        yield _octets(case[key])

    return seeds


def _octets(value: object) -> bytes:
    """Write what a row holds the way targets take it: text, lines of a field, or `name: value` lines."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return "\n".join(": ".join(row) if isinstance(row, list) else str(row) for row in value).encode()
    return json.dumps(value, ensure_ascii=False).encode()


def _responses() -> Iterable[bytes]:
    for case in table("http_payment"):
        yield (
            f"{case['status']}\n".encode() + _octets(case.get("headers", [])) + b"\n\n" + case.get("body", "").encode()
        )


def _policies() -> Iterable[bytes]:
    duties = ('{"action": "compensate"}', '[{"action": "tdm:obtainConsent"}, {"action": {"@id": "odrl:compensate"}}]')
    rules = [f'"permission": [{{"action": "tdm:mine", "duty": {duty}}}]' for duty in duties]
    rules.append(
        '"permission": {"action": "mine", "constraint": {"leftOperand": "purpose", "operator": "eq",'
        ' "rightOperand": {"@id": "tdm:research"}}},'
        ' "assigner": {"vcard:fn": "A", "vcard:hasEmail": "mailto:a@b.example"}'
    )
    rules.append('"permission": [{"action": "tdm:mine"}], "prohibition": [{"action": "odrl:distribute"}]')
    for rule in rules:
        yield (
            '{"@context": ["http://www.w3.org/ns/odrl.jsonld", {"tdm": "http://www.w3.org/ns/tdmrep#"}],'
            f' "@type": "Offer", "profile": "http://www.w3.org/ns/tdmrep", {rule}}}'
        ).encode()


def _documents() -> Iterable[bytes]:
    yield from _responses()
    yield from _lines()
    yield from _policies()
    columns = {"robots_txt": "file", "content_usage": "file", "rsl": "document", "tdmrep": "file", "plus": "xmp"}
    for name, key in columns.items():
        yield from _column((name,), key)()


def _lines() -> Iterable[bytes]:
    for case in table("page_meta"):
        yield page_lines.of_page(case["html"]).encode()
        yield case["html"].encode()
    for case in table("plus"):
        if "xmp" in case:
            yield page_lines.of_xmp(case["xmp"]).encode()
    for case in table("c2pa"):
        yield page_lines.of_manifest(case["manifest"]).encode()
    yield b"HTTP/1.1 402\nX-Robots-Tag: noai\nTDM-Reservation: 1\nContent-Usage: train-ai=n\ncrawler-price: USD 1"


TARGETS = {
    target.name: target
    for target in (
        Target("robots_txt", _column(("robots_txt", "content_usage", "content_signal"), "file"), robots_txt),
        Target("content_usage", _column(("content_usage",), "field"), content_usage_field),
        Target("content_signal", _column(("content_signal",), "field"), content_signal_field),
        Target("structured_field", _column(("content_usage",), "field"), structured_fields),
        Target("rsl", _column(("rsl",), "document"), rsl_document),
        Target("rsl_discovery", _column(("rsl", "page_meta"), "document", "html"), rsl_discovery),
        Target("tdmrep", _column(("tdmrep",), "file"), tdmrep_file),
        Target("tdmrep_pairs", _column(("tdmrep",), "headers", "metas"), tdmrep_pairs),
        Target("tdm_policy", _policies, policy_of_tdmrep),
        Target("ai_txt", _column(("ai_txt",), "file"), ai_txt_file),
        Target("trust_txt", _column(("trust_txt",), "file"), trust_txt_file),
        Target("robots_tag", _column(("robots_tag",), "headers", "metas"), robots_tags),
        Target("page_meta", _column(("page_meta",), "html"), page),
        Target("c2pa", _column(("c2pa",), "manifest"), c2pa_manifest),
        Target("plus", _column(("plus",), "xmp", "metadata"), plus_packet),
        Target("http_payment", _responses, http_response),
        Target("licence", _column(("licence",), "written"), licences),
        Target("page_fields", _lines, fields_of_a_record),
        Target("reading_aloud", _documents, documents_aloud),
    )
}
