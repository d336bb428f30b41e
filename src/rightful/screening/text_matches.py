"""Texts of a batch compared with the works of the register: opt-out bits, what they rest on, and what is kept of it.

A record that matches leaves its evidence in the ledger: those of its shingle hashes that the works it matches have, and
how many it has in all. Whoever looks at a run compares again, from that and the works' fingerprints, without any text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rightful.register.entries import KeyKind
from rightful.register.fingerprint import SCALES
from rightful.register.matching import KINDS, MEASURES, SURE, Matches, Sketch, Thresholds, WorkMatcher
from rightful.screening.fact_columns import Coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.policy.policy import Policy
    from rightful.register.export import Register

STATES = ("received", "verified", "unsure")
NAMES = tuple(f"{kind}:{state}" for kind in KINDS for state in STATES)
_TEXTS = 2048  # compared at a time: a batch of long texts has more shingles than memory ought to hold
_RECEIVED, _VERIFIED = 1, 2
_ROUNDING = 1e-9
_STEP, _STEP_OF_COUNTS = 0.05, 10.0  # estimates are told in such steps, so that few situations differ by them


def work_matcher(policy: Policy, register: Register | None) -> WorkMatcher | None:
    """Give what compares texts with the works of a register; None where it has none."""
    if register is None or register.works is None or not register.has(KeyKind.CONTENT):
        return None
    return WorkMatcher(register.works, Thresholds(**policy.matching.model_dump()))


def matched_sketch(matcher: WorkMatcher, texts: Sequence[str | None]) -> Sketch:
    """Compare texts; of those that match nothing, nothing is kept.

    Raises:
        RegisterError: the works have no key.
    """
    hashes: list[np.ndarray] = []
    sizes = np.zeros(len(texts), np.int64)
    counts = np.zeros((len(texts), len(SCALES)), np.int64)
    for first in range(0, len(texts), _TEXTS):
        sketch = matcher.sketch(texts[first : first + _TEXTS])
        for matches in matcher.in_portions(sketch):
            for number, shared in matcher.shared_hashes(sketch, matches):
                hashes.append(shared)
                sizes[first + number] = len(shared)
                counts[first + number] = sketch.counts[number]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    return Sketch(np.concatenate([np.empty(0, np.uint64), *hashes]), starts, counts)


def joined_sketch(one: Sketch | None, other: Sketch | None) -> Sketch | None:
    """Give what two sketches of the same texts have together."""
    if one is None or other is None:
        return one if other is None else other
    parts = [np.union1d(one.only(text).hashes, other.only(text).hashes) for text in range(len(one.starts) - 1)]
    starts = np.concatenate(([0], np.cumsum([len(part) for part in parts])))
    return Sketch(np.concatenate([np.empty(0, np.uint64), *parts]), starts, np.maximum(one.counts, other.counts))


@dataclass(frozen=True, slots=True)
class TextMatches:
    """What the texts of a batch match.

    Attributes:
        bits: of `NAMES`, per row.
        facts: the fact `matches` of each row: the strongest match of each kind, in words.
        entries: rows of the register whose works are matched.
    """

    bits: np.ndarray
    facts: Coded
    entries: frozenset[int]


def text_matches(
    matcher: WorkMatcher, register: Register, sketch: Sketch, digests: Sequence[str | None] | None
) -> TextMatches:
    """Say what sketched texts match; a work that is a text's exact copy is not said again."""
    rows = len(sketch.starts) - 1
    bits = np.zeros(rows, np.int32)
    told: dict[int, list[str]] = {}
    entries: set[int] = set()
    for matches in matcher.in_portions(sketch):
        works, place = np.unique(matches.work, return_inverse=True)
        names = [matcher.works.digest_of(work) for work in works.tolist()]
        states, hits = register.find(KeyKind.CONTENT, names)
        entries |= hits
        said = np.flatnonzero((states[place] != 0) & ~_exact(matches, place, names, digests))
        np.bitwise_or.at(
            bits, matches.text[said], _BITS[matches.kind[said], states[place[said]], matches.verdict[said]]
        )
        for at in _strongest(matches, said).tolist():
            told.setdefault(int(matches.text[at]), []).append(_told(matches, at))
    return TextMatches(bits, _coded(rows, told), frozenset(entries))


def _exact(
    matches: Matches, place: np.ndarray, names: Sequence[str], digests: Sequence[str | None] | None
) -> np.ndarray:
    """Tell which matches are of a text with the very work; `place` says where each match's work is in `names`."""
    if digests is None:
        return np.zeros(len(matches), bool)
    number = {name: at for at, name in enumerate(names)}
    texts, of_text = np.unique(matches.text, return_inverse=True)
    own = np.array([number.get(digests[text] or "", -1) for text in texts.tolist()], np.int64)
    same: np.ndarray = own[of_text] == place
    return same


def _strongest(matches: Matches, some: np.ndarray) -> np.ndarray:
    """Give the strongest of some matches, for every text and kind."""
    by_strength = (matches.low, matches.measure, matches.estimate, matches.verdict, matches.kind, matches.text)
    order = some[np.lexsort([each[some] for each in by_strength])]
    group = matches.text[order] * len(KINDS) + matches.kind[order]
    strongest: np.ndarray = order[np.flatnonzero(np.diff(group, append=-1))]
    return strongest


def _bits() -> np.ndarray:
    """Give the bits of `NAMES` by kind, states of the work (received 1, verified 2) and verdict."""
    bits = np.zeros((len(KINDS), _RECEIVED + _VERIFIED + 1, SURE + 1), np.int32)
    for kind, state, verdict in np.ndindex(bits.shape):
        if state & _RECEIVED:
            bits[kind, state, verdict] |= 1 << NAMES.index(f"{KINDS[kind]}:received")
        if state & _VERIFIED:
            word = "verified" if verdict == SURE else "unsure"
            bits[kind, state, verdict] |= 1 << NAMES.index(f"{KINDS[kind]}:{word}")
    return bits


_BITS = _bits()


def _told(matches: Matches, at: int) -> str:
    """Tell a match: its measure, the estimate and the least it can be."""
    name = MEASURES[matches.measure[at]]
    estimate, low = float(matches.estimate[at]), float(matches.low[at])
    step, places = (_STEP_OF_COUNTS, 0) if name == "excerpt" else (_STEP, 2)
    shown = [f"{math.floor(value / step + _ROUNDING) * step:.{places}f}" for value in (estimate, max(low, 0.0))]
    return f"{name}: {shown[0]} (at least {shown[1]})"


def _coded(rows: int, found: dict[int, list[str]]) -> Coded:
    values: list[tuple[str, ...]] = [()]
    number: dict[tuple[str, ...], int] = {(): 0}
    codes = np.zeros(rows, np.int32)
    for row, matches in found.items():
        told = tuple(sorted(matches))
        codes[row] = number.setdefault(told, len(values))
        if codes[row] == len(values):
            values.append(told)
    return Coded(codes, values)


def sketch_columns(sketch: Sketch | None, rows: int) -> tuple[pa.Array, pa.Array]:
    """Write a sketch as two columns of the ledger: shared hashes, and counts; null where nothing matches."""
    kinds = pa.list_(pa.uint64()), pa.list_(pa.int64())
    if sketch is None or not len(sketch.hashes):
        return pa.nulls(rows, kinds[0]), pa.nulls(rows, kinds[1])
    empty = pa.array(np.diff(sketch.starts) == 0)
    hashes = pa.ListArray.from_arrays(pa.array(sketch.starts, pa.int32()), pa.array(sketch.hashes), mask=empty)
    offsets = pa.array(np.arange(rows + 1) * len(SCALES), pa.int32())
    return hashes, pa.ListArray.from_arrays(offsets, pa.array(sketch.counts.ravel()), mask=empty)


def read_sketch(hashes: pa.ListArray, counts: pa.ListArray) -> Sketch | None:
    """Read what `sketch_columns` wrote; None where no row matches anything."""
    if hashes.null_count == len(hashes):
        return None
    rows = [np.array([each for each in value or () if each is not None], np.uint64) for value in hashes.to_pylist()]
    nothing = [0] * len(SCALES)
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    stated = [[each or 0 for each in value or nothing] for value in counts.to_pylist()]
    numbers = np.array([value if len(value) == len(SCALES) else nothing for value in stated], np.int64)
    return Sketch(np.concatenate(rows), starts, numbers)
