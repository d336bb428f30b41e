"""What every remark means, by the protocol whose reader makes it: one code may mean different things to two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.signals import (
    ai_txt,
    content_signal,
    content_usage,
    http_payment,
    licence,
    page_meta,
    robots_tag,
    rsl,
    tdm_policy,
    tdmrep,
    trust_txt,
)
from rightful.signals.embedded import c2pa, plus
from rightful.signals.locations import TDM_POLICY
from rightful.signals.robots_txt import LENIENCY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rightful.facts.statement import Remark

ROBOTS_PROTOCOL = "robots"
_OF_ROBOTS = {
    "markup": "a web page is in the place of robots.txt: there is no such file, and so there are no rules",
    "markup-with-rules": "it begins like a web page, and has user-agent lines: it is read as robots.txt",
    "two-groups": "several groups name one token: their rules are merged, which not every reader does",
    "record-before-group": "it stands before the first user-agent line, in no group; it is read as said to all",
    "misspelt-field": "the field is called otherwise, and read all the same; not every reader does",
    "near-miss": "no protocol has a field of that name, so it states nothing; it looks like one that has",
}
# Made by whoever reads a document aloud, about any protocol.
_OF_ANY = {
    "declared": "a document is declared here that was not read: what it says is not known, so nothing is permitted",
    "policy-missing": "the policy that a reservation names was not read, or could not be had: the reservation counts",
    "under-a-reservation": "a policy states nothing by itself: this is what it makes of a reservation that names it",
    "page-instead": "a web page is in the place of the document that the name promises; it was read as the page it is",
    "page-instead-of-file": "what the page states takes the place of what this file says of it (TDMRep)",
    "cut-off": "it is longer than what is fetched: what follows was not read",
}
_READERS = (
    *(ai_txt, content_signal, content_usage, http_payment, licence, page_meta, robots_tag, rsl, tdmrep, trust_txt),
    *(c2pa, plus),
)
REMARKS_OF: Mapping[str, Mapping[str, str]] = {
    ROBOTS_PROTOCOL: LENIENCY | _OF_ROBOTS | _OF_ANY,
    TDM_POLICY: tdm_policy.REMARKS | _OF_ANY,
    **{module.PROTOCOL: module.REMARKS | _OF_ANY for module in _READERS},
}


def meaning_of_remark(protocol: str, remark: Remark) -> str:
    """Say what a remark says, made by the reader of a protocol."""
    return REMARKS_OF[protocol][remark.code]
