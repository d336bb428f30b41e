"""What documents say that another one declares: RSL licences, and the TDM policies of reservations.

What was not read is not known, and permits nothing: a licence leaves the question open, a reservation stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.site import parse_url
from rightful.facts.statement import Preference, Reading, Remark, Statement, shown
from rightful.signals import rsl, tdmrep
from rightful.signals.locations import RSL, TDM_POLICY, TDMREP
from rightful.signals.rsl.terms import USAGES
from rightful.signals.site_files import declared_by
from rightful.signals.tdm_policy import TdmPolicy
from rightful.signals.told import Mentioned, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rightful.signals.site_files import Declared, Interpretation
    from rightful.signals.tdmrep import TdmRep

READ, NOT_READ, NOT_OBTAINABLE = "read", "not read", "not obtainable"


def licence_parts(
    declared: Iterable[Declared], obtained: Mapping[str, bytes | None], target: str, asked: Interpretation
) -> tuple[tuple[Part, ...], tuple[Mentioned, ...]]:
    """Read the RSL documents that a robots.txt, a response or a page declares.

    Args:
        declared: which.
        obtained: octets of documents by URL; None where one could not be had, and nothing where none was asked for.
        target: path and query asked about.
        asked: a policy's answers; what RSL calls the user.
    """
    parts, mentioned = [], []
    for document in declared:
        state = _state(document, obtained)
        body = obtained.get(document.url)
        if state == READ and body is not None:
            reading = rsl.RslDocument.parse(body).statements(target, user=asked.user)
        elif state == NOT_OBTAINABLE:
            reading = rsl.unobtainable(document.url)
        else:
            reading = _unknown(document.url)
        parts.append(Part(document.url, rsl.PROTOCOL, reading))
        mentioned.append(Mentioned(document.url, RSL, state))
    return tuple(parts), tuple(mentioned)


def reservation_parts(
    file: TdmRep, obtained: Mapping[str, bytes | None], target: str, origin: str, name: str
) -> tuple[tuple[Part, ...], tuple[Mentioned, ...]]:
    """Read a tdmrep.json in the light of the policies that its reservations name.

    Args:
        file: as read.
        obtained: octets of documents by URL, as in `licence_parts`.
        target: path and query asked about.
        origin: whose file it is; empty where that is not known.
        name: what it is called.
    """
    reading = file.reading(target)
    stated, remarks = reading.statements, reading.remarks
    parts, mentioned = [], []
    for document in declared_by(file, origin, TDMREP):
        refusals = tdmrep.naming(document.written, stated)
        if not refusals:
            continue
        state = _state(document, obtained)
        mentioned.append(Mentioned(document.url, TDM_POLICY, state))
        body = obtained.get(document.url)
        if body is None:
            remarks += (Remark("policy-missing", refusals[0].where, shown(document.url)),)
            continue
        policy = TdmPolicy.parse(body)
        stated = tuple(statement for statement in stated if statement not in refusals)
        parts.append(Part(document.url, TDM_POLICY, Reading(policy.under(refusals), policy.remarks)))
    return (Part(name, tdmrep.PROTOCOL, Reading(stated, remarks)), *parts), tuple(mentioned)


def policy_parts(body: bytes, name: str) -> tuple[Part, ...]:
    """Read a TDM policy: what it makes of a reservation that names it, for it states nothing by itself."""
    policy = TdmPolicy.parse(body)
    reserved = tdmrep.in_headers([("tdm-reservation", "1"), ("tdm-policy", name)]).statements
    reading = Reading(policy.under(reserved), (*policy.remarks, Remark("under-a-reservation")))
    return (Part(name, TDM_POLICY, reading),)


def feed_parts(body: bytes, target: str, asked: Interpretation, name: str) -> tuple[Part, ...]:
    """Read the licences of a feed's items: of those at a path, of all of them where that is the root of the site."""
    feed = rsl.Feed.parse(body)
    parts = [Part(name, rsl.PROTOCOL, Reading(remarks=feed.remarks))] if feed.remarks else []
    for item in feed.items:
        place = parse_url(item.url)
        if target == "/" or (place is not None and place.target == target):
            reading = item.document.statements(target, user=asked.user)
            parts.append(Part(item.url or f"{name}, {item.where}", rsl.PROTOCOL, reading))
    return tuple(parts)


def _unknown(url: str) -> Reading:
    text = shown(url)
    statements = (Statement(rsl.PROTOCOL, usage, Preference.ERROR, "1.0", "license", text) for usage in USAGES)
    return Reading(tuple(statements), (Remark("declared", "license", text),))


def _state(document: Declared, obtained: Mapping[str, bytes | None]) -> str:
    if document.url not in obtained:  # nor was one without an address: screening does not know what it says either
        return NOT_READ
    return NOT_OBTAINABLE if obtained[document.url] is None else READ
