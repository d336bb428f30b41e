"""Licences as they are written: SPDX expressions, Hub ids, names, addresses of their texts, `dc:rights`.

A licence is no reservation, so nothing is *stated* here: what one permits, on what evidence, is a policy's question.
This package says which licence of the table is meant, and what it asks for. What is not recognised is `unknown`, and
nothing is guessed: a word too much ("CC BY, but not for training") can take everything back.

Example:
    >>> from rightful.signals.licence import read_licence
    >>> read_licence("MIT OR CC BY-NC-SA 3.0 DE").id
    'cc-by-nc-sa-3.0-de OR mit'
    >>> read_licence("https://creativecommons.org/licenses/by-nc/4.0/deed.fr").conditions
    ('BY', 'NC')
"""

from __future__ import annotations

from rightful.facts.statement import Reading, Remark, shown
from rightful.signals.licence.expression import NOTHING, UNKNOWN, Choice, Terms, read_licence
from rightful.signals.licence.table import Licence, table

PROTOCOL = "licence"
REMARKS = {
    "not-known": "the table has no such licence",
    "says-nothing": "it says that nobody said which licence it is",
    "without-version": "a name of several licences; what they have in common counts",
    "older-id": "SPDX has another id for it now",
    "archived": "an archived copy of the licence's text",
    "in-text": "the licence is named by an address in other words",
    "contradictory": "all rights are reserved, and a licence is named: nothing is granted",
    "exception-not-known": "the table has no such exception: what it changes is not known",
    "too-many-choices": "an expression with more alternatives than are compared",
    "read-as": "what it is read as, and what that asks for",
    "speaks-of-noncommercial": "it is not understood, and speaks of use that is not commercial: a person has to read",
    "too-long": "longer than any name of a licence: it was not read",
}


__all__ = [
    "NOTHING",
    "PROTOCOL",
    "REMARKS",
    "UNKNOWN",
    "Choice",
    "Licence",
    "Terms",
    "read_licence",
    "remarks_on",
    "table",
]


def remarks_on(written: str, where: str = "") -> Reading:
    """Say what a licence as written is read as, and what is odd about it.

    Args:
        written: as in `read_licence`.
        where: where it stands.
    """
    terms = read_licence(written)
    asked = f" ({', '.join(terms.conditions)})" if terms.conditions else ""
    odd = (Remark(remark.code, where, remark.text) for remark in terms.remarks)
    return Reading(remarks=(Remark("read-as", where, shown(f"{written} = {terms.id}{asked}")), *odd))
