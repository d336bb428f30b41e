r"""Any document that states something about its use, read for its author: what, to whom, where, and what is odd.

The same readers that decide, asked one document at a time; nothing is interpreted here that screening would not.

Example:
    >>> from rightful.signals.reading_aloud import read_aloud
    >>> told = read_aloud("robots.txt", b"User-agent: *\nContent-Signal: ai-train=no", "/", ("*",))
    >>> told.answers()["train-ai"].preference.value
    'deny'
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rightful.facts.statement import Reading, Remark
from rightful.signals import ai_txt, page_meta, rsl
from rightful.signals.ai_txt import AiTxt
from rightful.signals.declared_aloud import feed_parts, licence_parts, policy_parts, reservation_parts
from rightful.signals.document_kinds import C2PA, FEED, HEADERS, HTML, KINDS, ROBOTS_TXT, TDMREP_JSON, TRUST, XMP
from rightful.signals.locations import AI_TXT, ROBOTS, RSL, TDM_POLICY
from rightful.signals.page_aloud import (
    RESPONSE,
    Response,
    declared_by_response,
    manifest_parts,
    parse_dump,
    response_parts,
    xmp_parts,
)
from rightful.signals.robots_aloud import is_page, robots_parts, told_alike
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.site_files import Interpretation, RobotsRecords, declared_by
from rightful.signals.tdmrep import TdmRep
from rightful.signals.told import Part, Told, said_to
from rightful.signals.trust_txt import PROTOCOL as TRUST_PROTOCOL
from rightful.signals.trust_txt import TrustTxt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def read_aloud(
    kind: str,
    body: bytes,
    target: str,
    tokens: Sequence[str],
    *,
    name: str = "",
    origin: str = "",
    obtained: Mapping[str, bytes | None] | None = None,
) -> Told:
    """Read a document as screening would.

    Args:
        kind: which kind it is of (`document_kinds.KINDS`).
        body: its octets.
        target: path and query asked about.
        tokens: product tokens to ask about, lower-case.
        name: what it is called in the answer; by default its kind.
        origin: whose signal file it is, for what it declares by a path; empty where that is not known.
        obtained: octets of documents it may declare, by URL; None for one that could not be had.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}; kinds: {', '.join(KINDS)}")
    asked = Interpretation(tuple(tokens))
    called = name or kind
    had = obtained or {}
    if kind in {HTML, HEADERS}:
        response = Response(html=body) if kind == HTML else parse_dump(body)
        return read_response_aloud(response, target, tokens, name=name, url=origin, obtained=had)
    if kind == ROBOTS_TXT:
        declared = () if is_page(body) else declared_by(RobotsRecords(body, asked), origin, ROBOTS)
        licences, mentioned = licence_parts(declared, had, target, asked)
        return Told(kind, target, (*robots_parts(body, target, asked, called), *licences), mentioned)
    if kind == TDMREP_JSON:
        return Told(kind, target, *reservation_parts(TdmRep.parse(body), had, target, origin, called))
    return Told(kind, target, _parts_of(kind, body, target, asked, called))


def read_response_aloud(
    response: Response,
    target: str,
    tokens: Sequence[str],
    *,
    name: str = "",
    url: str = "",
    obtained: Mapping[str, bytes | None] | None = None,
) -> Told:
    """Read a response, its page included, as screening would.

    Args:
        response: what is known of it.
        target: its path and query.
        tokens: product tokens to ask about, lower-case.
        name: what it is called in the answer.
        url: where it came from, for what it declares by a path; empty where that is not known.
        obtained: octets of documents it may declare, by URL; None for one that could not be had.
    """
    asked = Interpretation(tuple(tokens))
    kind = HTML if response.html is not None else HEADERS
    parts = response_parts(response, asked, name or {HTML: "page", HEADERS: RESPONSE}[kind])
    licences, mentioned = licence_parts(declared_by_response(response, url), obtained or {}, target, asked)
    return Told(kind, target, parts + licences, mentioned)


def _parts_of(kind: str, body: bytes, target: str, asked: Interpretation, name: str) -> tuple[Part, ...]:
    if kind == RSL:
        reading = rsl.RslDocument.parse(body).statements(target, user=asked.user)
        return (Part(name, rsl.PROTOCOL, reading),)
    if kind == AI_TXT:
        return (_ai_txt(body, target, asked, name),)
    if kind == TRUST:
        return (Part(name, TRUST_PROTOCOL, TrustTxt.parse(body).reading(target)),)
    if kind == TDM_POLICY:
        return policy_parts(body, name)
    if kind == FEED:
        return feed_parts(body, target, asked, name)
    return {XMP: xmp_parts, C2PA: manifest_parts}[kind](body, name)


def _ai_txt(body: bytes, target: str, asked: Interpretation, name: str) -> Part:
    reading = AiTxt.parse(body, asked.tokens).reading(target)
    alike = told_alike(RobotsTxt.parse(body), asked.tokens)
    to = said_to(reading.statements, alike, lambda token: AiTxt.parse(body, (token,)).reading(target))
    return Part(name, ai_txt.PROTOCOL, reading, to)


def remarked_on(told: Told, *codes: str) -> Told:
    """Add what can be remarked on a document as a whole, whatever it is (`remark_meanings`)."""
    if not codes:
        return told
    first = told.parts[0] if told.parts else Part(told.kind, page_meta.PROTOCOL, Reading())
    reading = Reading(remarks=tuple(Remark(code) for code in codes))
    return replace(told, parts=(*told.parts, replace(first, reading=reading)))
