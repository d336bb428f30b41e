"""Signal files beside a page that is read aloud: what they state in its light, and what stands where one failed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown
from rightful.signals import tdmrep
from rightful.signals.site_files import SITE_FILES
from rightful.signals.told import Part, Told

if TYPE_CHECKING:
    from collections.abc import Iterable


def in_place_of(told: Told, own: Iterable[Statement]) -> Told:
    """Leave out of a tdmrep.json what the page itself states otherwise, as screening does (`tdmrep.settle`).

    Args:
        told: a signal file of the page's own site.
        own: what the page and its headers state.
    """
    stated = {s.preference for s in own if s.protocol == tdmrep.PROTOCOL} - {Preference.ERROR}
    if not stated:
        return told
    parts = [
        replace(part, reading=Reading((), (*part.reading.remarks, Remark("page-instead-of-file"))))
        if part.protocol == tdmrep.PROTOCOL and part.reading.statements
        else part
        for part in told.parts
    ]
    return replace(told, parts=tuple(parts))


def unreachable(signal: str, name: str, target: str, why: str) -> Told:
    """Give what stands where a server, or the network, failed: the file may be there, and may refuse."""
    protocol = SITE_FILES[signal].protocol
    failed = (Statement(protocol, usage, Preference.ERROR, "", "capture", shown(why)) for usage in Usage)
    return Told(name, target, (Part(name, protocol, Reading(tuple(failed))),))
