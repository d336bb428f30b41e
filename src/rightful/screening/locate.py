"""URLs of a batch, read once: each row's origin, and its path ready for matching.

Almost every URL needs no parsing of its own: the authority is cut off by one regular expression, each distinct
authority is parsed once, and where the rest consists of octets that every spelling leaves alone, the path is
matched inside the URL as it stands. The others (escapes, dot segments, odd authorities) are parsed one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.site import MAX_URL_OCTETS, Location, parse_url, registrable_domain
from rightful.facts.situation import UrlFact
from rightful.signals.robots_txt.paths import canonical_target

if TYPE_CHECKING:
    from collections.abc import Sequence

URL_CODES = tuple(UrlFact)
_LOCATED, _MISSING, _UNREADABLE, _TOO_LONG = (
    URL_CODES.index(f) for f in (UrlFact.LOCATED, UrlFact.MISSING, UrlFact.UNREADABLE, UrlFact.TOO_LONG)
)
_AUTHORITY = r"^(?P<authority>[hH][tT][tT][pP][sS]?://[^/?#\\]*)"
# What keeps a URL from being matched as it stands. The last two lines: no path at all, and robots.txt itself.
_NOT_PLAIN = (
    r"[^A-Za-z0-9\-._~/?&=+,;:@!()\[\]]"
    r"|/\."
    r"|^[^/]*//[^/]*$|^[^/]*//[^/?]*\?"
    r"|/robots\.txt"
)
_KEPT_AUTHORITIES = 100_000
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Origin:
    """One distinct origin of a batch."""

    origin: str
    host: str
    site: str


@dataclass(slots=True)
class Located:
    """The locations of a batch.

    Attributes:
        urls: the column, null where there is nothing usable.
        state: code into `URL_CODES` per row.
        origin: index into `origins` per row, `NOWHERE` without a location.
        origins: distinct origins of the batch, in order of first appearance.
        start: per row, where the path begins inside the URL (plain rows only).
        parsed: row -> its location, for the rows that are not plain.
    """

    urls: pa.Array
    state: np.ndarray
    origin: np.ndarray
    origins: list[Origin]
    start: np.ndarray
    parsed: dict[int, Location]

    def targets(self, rows: Sequence[int]) -> list[str]:
        """Give the canonical targets of rows that are not plain."""
        return [canonical_target(self.parsed[row].target) for row in rows]


class Locator:
    """Reads URL columns; keeps the authorities it has met."""

    def __init__(self) -> None:
        self._known: dict[str, Origin | None] = {}

    def locate(self, urls: pa.Array, broken: pa.Array | None = None) -> Located:
        """Locate a column of URLs; `broken` marks rows that were no valid UTF-8."""
        count = len(urls)
        state = np.zeros(count, np.int8)
        state[_true(pc.is_null(urls))] = _MISSING
        state[_true(pc.equal(pc.utf8_trim_whitespace(urls), ""))] = _MISSING
        state[_true(pc.greater(pc.binary_length(urls), MAX_URL_OCTETS))] = _TOO_LONG
        if broken is not None:
            state[_true(broken)] = _UNREADABLE
        usable = state == _LOCATED
        if not usable.all():
            urls = pc.if_else(pa.array(usable), urls, pa.scalar(None, urls.type))

        encoded = pc.struct_field(pc.extract_regex(urls, _AUTHORITY), "authority").dictionary_encode()
        authorities: list[str] = encoded.dictionary.to_pylist()
        codes = encoded.indices.fill_null(NOWHERE).to_numpy()
        found = [self._origin(authority) for authority in authorities]
        origins: dict[Origin, int] = {}
        numbers = np.array(
            [NOWHERE if o is None else origins.setdefault(o, len(origins)) for o in found] or [NOWHERE],
            np.int32,
        )
        lengths = np.array([len(authority) for authority in authorities] or [0], np.int32)
        origin = np.where(codes == NOWHERE, NOWHERE, numbers[codes]).astype(np.int32)

        plain = (codes != NOWHERE) & (origin != NOWHERE) & ~_true(pc.match_substring_regex(urls, _NOT_PLAIN))
        located = Located(urls, state, origin, [], lengths[codes], {})
        self._parse_rest(located, np.flatnonzero(usable & ~plain), origins)
        located.origins = list(origins)
        return located

    def _parse_rest(self, located: Located, rows: np.ndarray, origins: dict[Origin, int]) -> None:
        for row, url in zip(rows.tolist(), located.urls.take(pa.array(rows)).to_pylist(), strict=True):
            location = parse_url(url)
            if location is None:
                located.state[row] = _UNREADABLE
                located.origin[row] = NOWHERE
                continue
            located.parsed[row] = location
            origin = self._origin(location.origin)
            located.origin[row] = NOWHERE if origin is None else origins.setdefault(origin, len(origins))

    def _origin(self, authority: str) -> Origin | None:
        if authority in self._known:
            return self._known[authority]
        if len(self._known) >= _KEPT_AUTHORITIES:
            self._known.clear()
        location = parse_url(authority + "/")
        origin = None
        if location is not None:
            origin = Origin(location.origin, location.host, registrable_domain(location.host))
        self._known[authority] = origin
        return origin


def _true(values: pa.Array) -> np.ndarray:
    """Give a mask of the rows that are true; null is not."""
    array: np.ndarray = values.fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003 - what null becomes
    return array
