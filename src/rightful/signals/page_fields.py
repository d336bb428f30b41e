"""What a record's own response and page state, where its columns kept them.

They speak of that one response, at the time it was fetched: there is no newer answer to ask for, so they count at both
times. They are kept as lines `name: value` (`page_lines`), which is also how the ledger keeps them: no text of the
record.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage
from rightful.signals import content_signal, content_usage, http_payment, licence, page_meta, robots_tag, rsl, tdmrep
from rightful.signals.embedded import c2pa, plus
from rightful.signals.header_forms import UNREAD
from rightful.signals.page_lines import (
    LONGEST,
    LOOKED_AT,
    SEVERAL,
    of_headers,
    of_lines,
    of_manifest,
    of_page,
    of_rsl,
    of_xmp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rightful.signals.site_files import Interpretation

# Roles of columns whose values are lines as they stand, in the order their lines stand in.
FIELD_ROLES = (
    "http_status", "x_robots_tag", "tdm_reservation", "tdm_policy", "content_usage", "content_signal", "meta_robots",
    "data_mining", "page_licence",
)  # fmt: skip
# Roles of columns out of which lines are read.
READ_ROLES: Mapping[str, Callable[[Any], str]] = {
    "http_headers": of_headers,
    "html": of_page,
    "xmp": of_xmp,
    "c2pa": of_manifest,
    "rsl": of_rsl,
    "page_fields": of_lines,
}
ROLES = (*FIELD_ROLES, *READ_ROLES)
_HEADERS, _PAGE = ("http_headers", "page_fields"), ("html", "page_fields")
PROTOCOLS = {
    robots_tag.PROTOCOL: ("x_robots_tag", "meta_robots", *_HEADERS, *_PAGE),
    tdmrep.PROTOCOL: ("tdm_reservation", "xmp", *_HEADERS, *_PAGE),
    content_usage.PROTOCOL: ("content_usage", *_HEADERS),
    content_signal.PROTOCOL: ("content_signal", *_HEADERS),
    rsl.PROTOCOL: ("rsl", "xmp", *_HEADERS, *_PAGE),
    http_payment.PROTOCOL: ("http_status", "page_fields"),
    page_meta.PROTOCOL: _PAGE,
    licence.PROTOCOL: ("page_licence", *_PAGE),
    plus.PROTOCOL: ("data_mining", "xmp"),
    c2pa.PROTOCOL: ("c2pa",),
}
"""Which of the roles may hold statements of each protocol."""

# Whose statements could stand in what was there to be read, whether there are any or not.
_LOOKED_AT = {
    "headers": (robots_tag.PROTOCOL, tdmrep.PROTOCOL, content_usage.PROTOCOL, content_signal.PROTOCOL, rsl.PROTOCOL),
    "page": (robots_tag.PROTOCOL, tdmrep.PROTOCOL, rsl.PROTOCOL, page_meta.PROTOCOL, licence.PROTOCOL),
    "xmp": (plus.PROTOCOL, tdmrep.PROTOCOL, rsl.PROTOCOL),
    "rsl": (rsl.PROTOCOL,),
    "c2pa": (c2pa.PROTOCOL,),
}


@dataclass(frozen=True, slots=True)
class PageFields:
    """The lines of one record, read.

    Attributes:
        reading: statements and remarks.
        licence_urls: RSL documents that the response or the page declares; they are looked up as those of robots.txt.
        licences: ids of the licences it names, sorted; `unknown` for one that is not recognised.
        looked_for: protocols whose statements could have stood there.
    """

    reading: Reading
    licence_urls: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    looked_for: frozenset[str] = frozenset()


def read_fields(lines: str, asked: Interpretation) -> PageFields:
    """Read the lines of one record.

    Args:
        lines: `name: value`, one a line, as `page_lines` has them; of more than `LONGEST` characters none is read,
            and what they may state is an error.
        asked: a policy's answers to what the specifications leave open.
    """
    given = _values(lines if len(lines) <= LONGEST else f"{UNREAD}: page_fields")
    read = [_robots_tags(given, asked), _tdm(given)]
    if "content_usage" in given:
        read.append(content_usage.in_field(given["content_usage"], legacy=asked.legacy_labels))
    if "content_signal" in given:
        read.append(content_signal.in_field(given["content_signal"], reserved_use=asked.reserved_use))
    read += [
        rsl.RslDocument.parse(source.encode(), in_page=True).statements("/", user=asked.user)
        for source in given.get("rsl_inline", ())
    ]
    for status in dict.fromkeys(given.get("http_status", ())):
        headers = [(name.replace("_", "-"), value) for name in _PAYMENT for value in given.get(name, ())]
        code = _STATUS(status)
        read.append(http_payment.in_response(code[1] if code else status, headers).reading)
    read += [plus.in_metadata(_value(value)) for value in given.get("data_mining", ())]
    read += [c2pa.in_manifest(value) for value in given.get("c2pa", ())]
    if "access" in given:
        read.append(Reading(remarks=(Remark("paywall", "page"),)))
    read.append(Reading(tuple(s for name in given.get(UNREAD, ()) for s in _unread(name))))
    looked_for = {protocol for protocol, roles in PROTOCOLS.items() for role in roles if role in given}
    looked_for.update(protocol for place in given.get(LOOKED_AT, ()) for protocol in _LOOKED_AT.get(place, ()))
    looked_for -= {protocol for name in given.get(UNREAD, ()) for protocol in _protocols_of(name)}
    licences = {licence.read_licence(written).id for written in given.get("page_licence", ())} - {licence.NOTHING}
    return PageFields(Reading.of(read), tuple(given.get("rsl_url", ())), tuple(sorted(licences)), frozenset(looked_for))


def _values(lines: str) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for line in lines.split("\n"):
        name, colon, value = line.partition(": ")
        if colon:
            given.setdefault(name, []).extend(value.split(SEVERAL))
    return given


_STATUS = re.compile(r"(?:HTTP/\S+\s+)?(\d{3})(?!\d)", re.IGNORECASE).match  # `451`, `451.0`, `HTTP/2 451`, `451 Gone`
_PAYMENT = ("crawler_price", "crawler_exact_price", "crawler_max_price", "crawler_charged", "payment_required")


def _robots_tags(given: Mapping[str, list[str]], asked: Interpretation) -> Reading:
    read = Reading()
    if "x_robots_tag" in given:
        read += robots_tag.in_headers(
            given["x_robots_tag"], asked.tokens, bing_words=asked.bing_words, search_words=asked.search_words
        )
    metas = [("robots", content) for content in given.get("meta_robots", ())]
    metas += [(name, content) for name, _, content in (v.partition("=") for v in given.get("meta_bot", ()))]
    if metas:
        read += robots_tag.in_metas(metas, asked.tokens, bing_words=asked.bing_words, search_words=asked.search_words)
    return read


def _tdm(given: Mapping[str, list[str]]) -> Reading:
    """Read TDMRep's header, meta element and embedded metadata; a later one takes the place of an earlier one."""
    steps = []
    for prefix, reader in (("", tdmrep.in_headers), ("meta_", tdmrep.in_metas), ("xmp_", tdmrep.in_metas)):
        names = ("reservation", "policy")
        pairs = [(f"tdm-{name}", value) for name in names for value in given.get(f"{prefix}tdm_{name}", ())]
        steps.append(reader(pairs))
    remarks = tuple(remark for step in steps for remark in step.remarks)
    return Reading(tdmrep.settle(*(step.statements for step in steps)), remarks)


def _value(written: str) -> Any:
    """Give a Data Mining value: as JSON from a packet, or as a column has it."""
    if not written.startswith("{"):
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def _unread(name: str) -> list[Statement]:
    """Give what stands where something was there and could not be kept: it may have been a refusal of any use.

    Of headers, or of a page, nobody knows whose refusal it was.
    """
    return [Statement(protocol, use, Preference.ERROR, "", name) for protocol in _protocols_of(name) for use in Usage]


def _protocols_of(name: str) -> tuple[str, ...]:
    return _MAY_BE.get(name) or (_PROTOCOL_OF.get(name, page_meta.PROTOCOL),)


# A licence is named, and states nothing.
_ON_A_PAGE = tuple(protocol for protocol in _LOOKED_AT["page"] if protocol != licence.PROTOCOL)
_MAY_BE = {
    "http_headers": _LOOKED_AT["headers"],
    "page": _ON_A_PAGE,
    "page_fields": tuple(dict.fromkeys((*_LOOKED_AT["headers"], *_ON_A_PAGE, *_LOOKED_AT["xmp"], c2pa.PROTOCOL))),
}
_PROTOCOL_OF = {
    "x_robots_tag": robots_tag.PROTOCOL,
    "meta_robots": robots_tag.PROTOCOL,
    "meta_bot": robots_tag.PROTOCOL,
    "content_usage": content_usage.PROTOCOL,
    "content_signal": content_signal.PROTOCOL,
    "rsl_inline": rsl.PROTOCOL,
    "rsl_url": rsl.PROTOCOL,
    "data_mining": plus.PROTOCOL,
    "c2pa": c2pa.PROTOCOL,
    **{f"{prefix}tdm_reservation": tdmrep.PROTOCOL for prefix in ("", "meta_", "xmp_")},
}
