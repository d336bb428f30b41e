"""Where a work is in the public domain, of what is claimed of it and what its dates come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.policy.protection_terms import Dates, public_domain_in, status_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Within so many years of a date nothing published or left by a living author is free anywhere by its term.
_SHORTEST_TERM = 50


def places_of(claimed: Mapping[str, str], dates: Dates, wanted: Iterable[str], built_on: str) -> dict[str, str]:
    """Give the jurisdictions in which a work is in the public domain, and who says so of each.

    A claim frees nothing that the dates say is protected, or cannot have run out; and where there are dates, nothing
    without a day to count them to.

    Args:
        claimed: jurisdiction -> `column` or `source`.
        dates: of the work; none where nothing is known.
        wanted: jurisdictions that count.
        built_on: the day the data set is made (ISO 8601); empty where not known.
    """
    if dates == Dates():
        return dict(claimed)
    if not built_on:
        return {}
    year = int(built_on[:4])
    found = {place: by for place, by in claimed.items() if not _contradicted(place, dates, year)}
    for place in public_domain_in(tuple(wanted), dates, year):
        found.setdefault(place, "computed")
    return found


def _contradicted(place: str, dates: Dates, year: int) -> bool:
    status = status_in(place, dates, year).status
    newest = max(value for value in (dates.died, dates.published, 0) if value is not None)
    return status == "protected" or (status == "unknown" and newest > year - _SHORTEST_TERM)
