"""Opt-outs for a whole batch: distinct hosts, sites and accounts once, URLs and texts by hash."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rightful.facts.site import host_suffixes
from rightful.register.entries import KINDS, KeyKind, account_key, location_key
from rightful.register.fingerprint import text_digest
from rightful.screening.locate import NOWHERE
from rightful.screening.text_matches import NAMES as TEXT_NAMES
from rightful.screening.text_matches import text_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.register.export import Register
    from rightful.register.matching import Sketch, WorkMatcher
    from rightful.screening.locate import Located
    from rightful.screening.text_matches import TextMatches

_STATE_BITS = 2
_OF_KEYS = tuple(f"{kind.value}:{state}" for kind in KINDS for state in ("received", "verified"))
BIT_NAMES = (*_OF_KEYS, *TEXT_NAMES)


def optout_names(bits: int) -> tuple[str, ...]:
    """Give the `kind:state` names of a row's bits."""
    return tuple(sorted(name for i, name in enumerate(BIT_NAMES) if bits >> i & 1))


@dataclass
class OptOutColumns:
    """Looks up the rows of a batch; `hits` gathers the register's rows that had an effect."""

    register: Register
    hits: set[int] = field(default_factory=set)

    def of_locations(self, located: Located) -> np.ndarray:
        """Give opt-out bits by URL, prefix, host and site."""
        bits = np.zeros(len(located.state), np.int32)
        here = located.origin != NOWHERE
        if not here.any():
            return bits
        by_origin = np.zeros(len(located.origins), np.int32)
        if self.register.has(KeyKind.HOST):
            by_origin |= self._find(KeyKind.HOST, [o.host for o in located.origins])
        if self.register.has(KeyKind.SITE):
            by_origin |= self._sites(located)
        bits[here] = by_origin[located.origin[here]]
        rows = np.flatnonzero(here)
        if self.register.has(KeyKind.URL):
            bits[rows] |= self._find(KeyKind.URL, self._keys(located, rows))
        if self.register.prefixes:
            self._prefixes(located, bits)
        return bits

    def of_accounts(self, accounts: pa.Array) -> np.ndarray:
        """Give opt-out bits by account."""
        encoded = accounts.dictionary_encode()
        keys = [account_key(name) for name in encoded.dictionary.to_pylist()]
        found = np.append(self._find(KeyKind.ACCOUNT, keys), np.int32(0))
        picked: np.ndarray = found[encoded.indices.fill_null(len(keys)).to_numpy()]
        return picked

    def of_digests(self, digests: list[str | None]) -> np.ndarray:
        """Give opt-out bits by digest of the canonical text."""
        return self._find(KeyKind.CONTENT, digests)

    def of_texts(self, matcher: WorkMatcher, sketch: Sketch, digests: list[str | None] | None) -> TextMatches:
        """Give what the texts match, their bits where all of a row's bits are."""
        found = text_matches(matcher, self.register, sketch, digests)
        self.hits |= found.entries
        return replace(found, bits=found.bits << len(_OF_KEYS))

    def _find(self, kind: KeyKind, keys: Sequence[str | None]) -> np.ndarray:
        found, rows = self.register.find(kind, keys)
        self.hits |= rows
        shifted: np.ndarray = found.astype(np.int32) << (KINDS.index(kind) * _STATE_BITS)
        return shifted

    def _sites(self, located: Located) -> np.ndarray:
        suffixes = [host_suffixes(o.host) for o in located.origins]
        flat = sorted({suffix for several in suffixes for suffix in several})
        found = dict(zip(flat, self._find(KeyKind.SITE, flat).tolist(), strict=True))
        return np.array([functools.reduce(operator.or_, (found[s] for s in several)) for several in suffixes], np.int32)

    @staticmethod
    def _keys(located: Located, rows: np.ndarray) -> list[str]:
        """Give location keys: authority as parsed, path as it stands or as parsed."""
        authorities = [o.origin.partition(":")[2] for o in located.origins]
        parsed = located.parsed
        return [
            location_key(parsed[row]) if row in parsed else authorities[origin] + url[start:]
            for row, url, origin, start in zip(
                rows.tolist(),
                located.urls.take(pa.array(rows)).to_pylist(),
                located.origin[rows].tolist(),
                located.start[rows].tolist(),
                strict=True,
            )
        ]

    def _prefixes(self, located: Located, bits: np.ndarray) -> None:
        shift = KINDS.index(KeyKind.PREFIX) * _STATE_BITS
        for number, origin in enumerate(located.origins):
            entries = self.register.prefixes.get(origin.origin.partition("//")[2])
            if not entries:
                continue
            rows = np.flatnonzero(located.origin == number)
            for row, key in zip(rows.tolist(), self._keys(located, rows), strict=True):
                for prefix, state, entry in entries:
                    if key.startswith(prefix):
                        bits[row] |= state << shift
                        self.hits.add(entry)


def digests_of(texts: list[str | None]) -> list[str | None]:
    """Give the digest of every text's canonical form; None where there is no text."""
    return [None if text is None else text_digest(text) for text in texts]
