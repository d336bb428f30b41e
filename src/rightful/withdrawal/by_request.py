"""How many records each request took out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rightful.facts.site import host_suffixes, parse_url
from rightful.register.entries import KeyKind, account_key, location_key
from rightful.register.matching import KINDS as MATCH_KINDS
from rightful.screening.optout_columns import optout_names
from rightful.withdrawal.aligned import locations_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from rightful.facts.site import Location
    from rightful.register.export import Register
    from rightful.screening.signal_lookup import Locations, SignalLookup


class ByRequest:
    """Counts the records that were taken out, by the reference of every request that names them.

    A look-up tells of a whole batch which entries name any of it. Of the few rows that are taken out, each is asked for
    by its own keys; one whose text is like a work is looked up by itself.

    Args:
        register: the opt-outs that have an effect, and no others: all of them are held.
        alone: the same, to look up in.
    """

    def __init__(self, register: Register, alone: SignalLookup) -> None:
        self._alone = alone
        self._prefixes = {
            authority: [(key, register.entry(row).reference) for key, _, row in entries]
            for authority, entries in register.prefixes.items()
        }
        self._references: dict[tuple[KeyKind, str], set[str]] = {}
        for row in range(len(register)):
            entry = register.entry(row)
            self._references.setdefault((entry.kind, entry.key), set()).add(entry.reference)

    def count(self, locations: Locations, rows: np.ndarray) -> Counter[str]:
        """Count some rows of a batch."""
        chosen = locations_at(locations, rows)
        bits = self._alone.signals(chosen).optouts.tolist()
        kinds = {each: {name.partition(":")[0] for name in optout_names(each)} for each in set(bits)}
        counted: Counter[str] = Counter()
        for row, of_row in enumerate(bits):
            if kinds[of_row].isdisjoint(MATCH_KINDS):
                counted.update(set(self._by_keys(chosen, row, kinds[of_row])))
            else:
                counted.update({entry.reference for entry in self._alone.optouts_of(chosen, row)})
        return counted

    def _by_keys(self, locations: Locations, row: int, kinds: set[str]) -> Iterator[str]:
        for kind, key in _keys(locations, row):
            if kind in kinds:
                yield from self._references.get((kind, key), ())
        if KeyKind.PREFIX in kinds:
            for place in _places(locations, row):
                key = location_key(place)
                for prefix, reference in self._prefixes.get(key[2:].partition("/")[0], ()):
                    if key.startswith(prefix):
                        yield reference


def _keys(locations: Locations, row: int) -> Iterator[tuple[KeyKind, str]]:
    """Give every key a row may be found by, but for prefixes."""
    for place in _places(locations, row):
        yield KeyKind.URL, location_key(place)
        yield KeyKind.HOST, place.host
        yield from ((KeyKind.SITE, suffix) for suffix in host_suffixes(place.host))
    account = None if locations.accounts is None else locations.accounts[row].as_py()
    if account is not None:
        yield KeyKind.ACCOUNT, account_key(account)
    digest = None if locations.digests is None else locations.digests[row]
    if digest is not None:
        yield KeyKind.CONTENT, digest


def _places(locations: Locations, row: int) -> Iterator[Location]:
    for urls in (locations.urls, locations.finals):
        url = None if urls is None else urls[row].as_py()
        place = None if url is None else parse_url(url)
        if place is not None:
            yield place
