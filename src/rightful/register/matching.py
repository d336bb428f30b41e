"""Texts compared with the works of a register: near copies, works and excerpts inside longer texts, parts of works.

Of every text and work that share shingles four things are estimated from the work's sample:

    near       Jaccard: shared shingles against all of both                 the text is an edited copy
    contained  shared shingles against those of the work                    the work is in the text, whole or in part
    within     shared shingles against those of the text                    the text is in the work
    excerpt    how many shingles they share                                 a passage of the work is in the text

Each has two thresholds: from the one the record is out, from the other, lower one it waits for somebody to look. An
estimate from a sample has an interval (Wilson 1927, of a finite population): a record is out only where all of it is
past the threshold, and waits where the estimate is past the other.

Shingles that are common do not count, but for this: where with them a text would be out, as near a work or containing
it, it waits. Without that, whoever files works that quote another one would free the copies of that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rightful.register.fingerprint import SCALES, highest
from rightful.register.shingles import shingles_of
from rightful.register.works_columns import MOST
from rightful.register.works_index import portions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rightful.register.works_index import Runs, WorksIndex

MEASURES = ("near", "contained", "within", "excerpt")
KINDS = ("near", "contained")  # what is said of a match; the last three measures are three ways of being contained
_DEVIATIONS = 1.959964  # of the normal distribution that 95 % lie within
NOTHING, UNSURE, SURE = range(3)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a text counts as a copy.

    Attributes:
        near, contained, within: (waits, out), shares.
        excerpt: (waits, out), shared shingles.
        fewest: shared shingles below which nothing counts.
        common_from: a shingle that so many other works or documents have is common.
    """

    near: tuple[float, float] = (0.3, 0.5)
    contained: tuple[float, float] = (0.15, 0.4)
    within: tuple[float, float] = (0.4, 0.7)
    excerpt: tuple[float, float] = (30, 60)
    fewest: int = 8
    common_from: int = 8


class Sketch(NamedTuple):
    """What matching needs of some texts.

    Attributes:
        hashes, starts: shingle hashes as `shingles.Shingles` lays them out, under the key of the works they are to be
            compared with; those that no work has may be missing.
        counts: int64 of shape (texts, scales): how many distinct hashes of a text a sample of each scale holds.
    """

    hashes: np.ndarray
    starts: np.ndarray
    counts: np.ndarray

    def only(self, text: int) -> Sketch:
        """Give one text's."""
        first, last = self.starts[text : text + 2]
        return Sketch(self.hashes[first:last], np.array([0, last - first]), self.counts[text : text + 1])


@dataclass(frozen=True, slots=True)
class Matches:
    """Texts and works that match; one row each.

    Attributes:
        text, work: their numbers.
        kind: index into `KINDS`.
        measure: index into `MEASURES`: the first of those with the gravest verdict.
        verdict: `SURE` or `UNSURE`.
        estimate, low, high: of the measure, with its interval.
    """

    text: np.ndarray
    work: np.ndarray
    kind: np.ndarray
    measure: np.ndarray
    verdict: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.text)


class WorkMatcher:
    """Compares texts with the works of an index, under given thresholds."""

    def __init__(self, works: WorksIndex, thresholds: Thresholds) -> None:
        self.works = works
        self._thresholds = thresholds
        self._scale_place = np.zeros(max(SCALES) + 1, np.int64)
        self._scale_place[list(SCALES)] = range(len(SCALES))

    @property
    def reads_texts(self) -> bool:
        """Whether texts can be compared: the works' key is there."""
        return self.works.key is not None

    def sketch(self, texts: Sequence[str | None]) -> Sketch:
        """Sketch texts.

        Raises:
            RegisterError: the works are the evidence of a run, without their key.
        """
        shingles = shingles_of(texts)
        text = np.repeat(np.arange(len(texts)), np.diff(shingles.starts))
        counts = [np.diff(shingles.starts)]
        counts += [np.bincount(text[shingles.hashes <= highest(scale)], minlength=len(texts)) for scale in SCALES[1:]]
        hashes = self.works.under_key(shingles.hashes)
        return Sketch(hashes, shingles.starts, np.stack(counts, axis=1).astype(np.int64))

    def of_texts(self, texts: Sequence[str | None]) -> Matches:
        """Compare texts."""
        return self.of_sketch(self.sketch(texts))

    def of_sketch(self, sketch: Sketch) -> Matches:
        """Compare what was sketched."""
        found = list(self.in_portions(sketch))
        return Matches(*(np.concatenate([getattr(part, name) for part in found]) for name in Matches.__slots__))

    def in_portions(self, sketch: Sketch) -> Iterator[Matches]:
        """Compare what was sketched, some texts at a time: many works may share much with many texts."""
        runs = self.works.runs_with(sketch.hashes)
        text = np.searchsorted(sketch.starts, runs.at, "right") - 1
        begins = np.flatnonzero(np.diff(text, prepend=-1))
        if not len(begins):
            yield self._compared(sketch, text, runs)
            return
        ends = np.append(begins[1:], len(text))
        for texts in portions(np.add.reduceat(runs.counts, begins)):
            part = slice(begins[texts.start], ends[texts.stop - 1])
            yield self._compared(sketch, text[part], runs.part(part))

    def _compared(self, sketch: Sketch, of_run: np.ndarray, runs: Runs) -> Matches:
        text, work, rare, shared = self._shared(of_run, runs)
        enough = shared * self.works.scales[work] >= self._thresholds.fewest
        text, work, rare, shared = text[enough], work[enough], rare[enough], shared[enough]
        of_text = sketch.counts[text, self._scale_place[self.works.scales[work]]].astype(np.float64)
        measured = [
            self._measured(work, of_text, counted.astype(np.float64), common_from)
            for counted, common_from in ((rare, self._thresholds.common_from), (shared, MOST + 1))
        ]
        return self._judged(text, work, *(np.concatenate(values) for values in zip(*measured, strict=True)))

    def _measured(
        self, work: np.ndarray, of_text: np.ndarray, shared: np.ndarray, common_from: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give low, estimate and high, a row for each measure, from what is shared of what is not common."""
        scale = self.works.scales[work].astype(np.float64)
        of_work = self.works.distinctive(common_from)[work].astype(np.float64)
        sampled_from = np.where(scale > 1, 1 - 1 / scale, 0.0)
        sizes = np.stack([of_work + of_text - shared, of_work, of_text])
        low, estimate, high = _interval(shared, sizes, sampled_from)
        spread = _DEVIATIONS * np.sqrt(shared * sampled_from) * scale  # of a count of what a sample let through
        found = shared * scale
        enough = found >= self._thresholds.fewest
        rows = ((low, found - spread), (estimate, found), (high, found + spread))
        low, estimate, high = (np.concatenate([shares, count[None]]) * enough for shares, count in rows)
        return low, estimate, high

    def shared_hashes(self, sketch: Sketch, matches: Matches) -> Iterator[tuple[int, np.ndarray]]:
        """Give each text that matches, in order, with its hashes that the works have which it matches."""
        many = max(len(self.works), 1)
        wanted = matches.text * many + matches.work
        for number in np.unique(matches.text).tolist():
            hashes = sketch.only(number).hashes
            runs = self.works.runs_with(hashes)
            kept = np.zeros(len(hashes), bool)
            for part in portions(runs.counts):
                at, entries = runs.part(part).entries()
                kept[at[np.isin(number * many + self.works.works[entries], wanted)]] = True
            yield number, np.sort(hashes[kept])  # in the order of the text's own hashes they would tell of those

    def _shared(self, of_run: np.ndarray, runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Count what each text and work share that is not common, and in all; `of_run` is the text of each run."""
        many = max(len(self.works), 1)
        pairs, counts = [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)]
        for part in portions(runs.counts):
            _, entries = runs.part(part).entries()
            rare = self.works.frequency[entries] < self._thresholds.common_from
            text = np.repeat(of_run[part], runs.counts[part])
            pair, place, every = np.unique(
                text * many + self.works.works[entries], return_inverse=True, return_counts=True
            )
            pairs.append(pair)
            counts.append(np.stack([np.bincount(place[rare], minlength=len(pair)), every], axis=1))
        pair, place = np.unique(np.concatenate(pairs), return_inverse=True)
        shared = np.zeros((len(pair), 2), np.int64)
        np.add.at(shared, place, np.concatenate(counts))
        return pair // many, pair % many, shared[:, 0], shared[:, 1]

    def _judged(
        self, text: np.ndarray, work: np.ndarray, low: np.ndarray, estimate: np.ndarray, high: np.ndarray
    ) -> Matches:
        """Judge what was measured without what is common (as many rows as measures), and with it (as many again)."""
        given = self._thresholds
        waits, out = np.array([getattr(given, name) for name in MEASURES], np.float64).T[..., None]
        rare = low[: len(MEASURES)], estimate[: len(MEASURES)]
        verdicts = np.where(rare[0] >= out, SURE, np.where(rare[1] >= waits, UNSURE, NOTHING))
        of_work = slice(len(MEASURES), len(MEASURES) + len(KINDS))  # near and contained, with what is common
        verdicts = np.concatenate([verdicts, np.where(low[of_work] >= out[: len(KINDS)], UNSURE, NOTHING)])
        row = np.argmax(verdicts, axis=0)  # of those with the same verdict the first: it tells most
        column = np.arange(len(text))
        verdict = verdicts[row, column]
        kept = verdict != NOTHING
        row, column = row[kept], column[kept]
        measure = row % len(MEASURES)
        return Matches(
            text[kept], work[kept], np.minimum(measure, 1), measure, verdict[kept],
            estimate[row, column], low[row, column], high[row, column],
        )  # fmt: skip


def _interval(
    shared: np.ndarray, sizes: np.ndarray, sampled_from: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the interval of shares that were counted in samples; of what was counted whole, the share itself."""
    share = shared / np.maximum(sizes, 1)
    doubt = _DEVIATIONS**2 * sampled_from / np.maximum(sizes, 1)
    middle = (share + doubt / 2) / (1 + doubt)
    half = np.sqrt(np.maximum(doubt * (share * (1 - share) + doubt / 4), 0)) / (1 + doubt)
    return np.clip(middle - half, 0, 1), share, np.clip(middle + half, 0, 1)
