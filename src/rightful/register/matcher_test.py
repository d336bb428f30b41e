"""The matcher tried on texts whose right answers are known: how many copies it finds, and what else it takes for one.

Some texts of a sample play opted-out works. Each is changed as copies are changed in the world, and looked for under
the thresholds in force; the other texts of the sample are looked for as they are. What is found is compared with exact
Jaccard and containment over all shingles: a match that these do not bear out, at the threshold from which a record
waits, is false. All is drawn from a seed, so that anybody who has the texts counts the same. Nothing that comes out
has any text in it.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.register.matching import MEASURES, SURE, WorkMatcher
from rightful.register.shingles import shingles_of
from rightful.register.works import works_in_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.register.matching import Thresholds

FORMAT = 1
MOST_WORKS = 200
FEWEST_SHINGLES = 60
MOST_CHARACTERS = 20_000  # of a text; what follows is left aside
_TIMES = 10
_EXCERPT = 300
_AT_A_TIME = 16  # texts compared at once: some are ten times as long as a work
_DEVIATIONS = 1.959964  # of the normal distribution that 95 % lie within
_DIGITS = 4
_WIDE = str.maketrans({**{c: c + 0xFEE0 for c in range(0x21, 0x7F)}, 0x20: 0x3000})
_QUOTES = str.maketrans({
    "-": "—", '"': "“", "'": "’", "、": ",", "“": '"', "”": '"', "，": ",", "。": ".", "；": ";", "：": ":",
    "？": "?", "！": "!", "（": "(", "）": ")",
})  # fmt: skip
# Words with the spaces after them; of scripts that put none between words, characters.
_SINGLE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNITS = re.compile(rf"[{_SINGLE}]|[^\s{_SINGLE}]+\s*|\s+").findall


class _Tried(NamedTuple):
    """What became of some texts: of each, the verdict on its own work; and of matches with others, which are true."""

    verdicts: list[int]
    related: int
    false: list[tuple[int, int]]  # number of the text, verdict


def matcher_test(texts: Sequence[str], thresholds: Thresholds, seed: str) -> dict[str, Any]:
    """Try the matcher.

    Args:
        texts: to draw from, in an order that is always the same.
        thresholds: those in force.
        seed: what is drawn follows from it.

    Returns:
        Counts as JSON values. `perturbed`: of every change of the works, how many were found (`out`, or `waits`) and
        missed. `unrelated`: of the other texts, compared with every work, how many matches are false. `matches`: of
        all matches in the test, how many are right. Intervals are Wilson's, of 95 %; None where nothing was counted.
    """
    draw = random.Random(f"{seed} sample")  # noqa: S311 - a draw that everybody can repeat is what is wanted
    works, others = _drawn(texts, draw)
    trial = _Trial(works, thresholds)
    unrelated = trial.of(others, [None] * len(others))
    perturbed = []
    right = unrelated.related
    false = len(unrelated.false)
    for name, copies in _perturbations(works, others, seed).items():
        tried = trial.of([copy for _, copy in copies], [number for number, _ in copies])
        out, waits = tried.verdicts.count(SURE), sum(0 < verdict < SURE for verdict in tried.verdicts)
        perturbed.append({
            "perturbation": name,
            "texts": len(copies),
            "out": out,
            "waits": waits,
            "missed": len(copies) - out - waits,
            "out_interval": wilson_interval(out, len(copies)),
            "found_interval": wilson_interval(out + waits, len(copies)),
        })  # fmt: skip
        right += out + waits + tried.related
        false += len(tried.false)
    return {
        "format": FORMAT,
        "seed": seed,
        "thresholds": asdict(thresholds),
        "shingles_at_least": FEWEST_SHINGLES,
        "characters_at_most": MOST_CHARACTERS,
        "works": len(works),
        "others": len(others),
        "perturbed": perturbed,
        "unrelated": _false_facts(unrelated, len(others), len(works)),
        "matches": {"right": right, "false": false, "right_interval": wilson_interval(right, right + false)},
    }


def wilson_interval(part: int, whole: int) -> list[float] | None:
    """Give the 95 % interval of a share (Wilson 1927), rounded outwards; None of nothing."""
    if not whole:
        return None
    share, doubt = part / whole, _DEVIATIONS**2 / whole
    middle = (share + doubt / 2) / (1 + doubt)
    half = math.sqrt(doubt * (share * (1 - share) + doubt / 4)) / (1 + doubt)
    unit: int = 10**_DIGITS
    low = 0.0 if part == 0 else math.floor((middle - half) * unit) / unit
    high = 1.0 if part == whole else math.ceil((middle + half) * unit) / unit
    return [max(low, 0.0), min(high, 1.0)]


def _drawn(texts: Sequence[str], draw: random.Random) -> tuple[list[str], list[str]]:
    """Draw works, in order of their digests as an index has them, and other texts; no text twice."""
    cut = [text[:MOST_CHARACTERS] for text in texts]
    long = [cut[n] for n in np.flatnonzero(np.diff(shingles_of(cut).starts) >= FEWEST_SHINGLES).tolist()]
    distinct = {text_digest(text): text for text in long}
    chosen = draw.sample(sorted(distinct), min(2 * MOST_WORKS, len(distinct)))
    half = (len(chosen) + 1) // 2
    return [distinct[digest] for digest in sorted(chosen[:half])], [distinct[digest] for digest in chosen[half:]]


class _Trial:
    """Texts compared with the works, and every match with the exact measures."""

    def __init__(self, works: list[str], thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._matcher = WorkMatcher(works_in_memory(fingerprints_of(works)), thresholds)
        self._shingles = shingles_of(works)

    def of(self, texts: list[str], origins: Sequence[int | None]) -> _Tried:
        """Compare texts; `origins` names the work that each was made of."""
        verdicts = [0] * len(texts)
        false: list[tuple[int, int]] = []
        related = 0
        for first in range(0, len(texts), _AT_A_TIME):
            some = texts[first : first + _AT_A_TIME]
            found, whole = self._matcher.of_texts(some), shingles_of(some)
            rows = zip(found.text.tolist(), found.work.tolist(), found.verdict.tolist(), strict=True)
            for text, work, verdict in rows:
                if origins[first + text] == work:
                    verdicts[first + text] = verdict
                elif self._is_related(whole.of(text), work):
                    related += 1
                else:
                    false.append((first + text, verdict))
        return _Tried(verdicts, related, false)

    def _is_related(self, text: np.ndarray, work: int) -> bool:
        """Tell by all shingles whether any measure is past the threshold from which a record waits."""
        of_work = self._shingles.of(work)
        shared = len(np.intersect1d(text, of_work, assume_unique=True))
        exact = shared / (len(text) + len(of_work) - shared), shared / len(of_work), shared / len(text), shared
        waits = (getattr(self._thresholds, name)[0] for name in MEASURES)
        past = any(value >= least for value, least in zip(exact, waits, strict=True))
        return shared >= self._thresholds.fewest and past


def _false_facts(tried: _Tried, texts: int, works: int) -> dict[str, Any]:
    out = {text for text, verdict in tried.false if verdict == SURE}
    waits = {text for text, _ in tried.false} - out
    return {
        "texts": texts,
        "texts_out": len(out),
        "texts_waiting": len(waits),
        "pairs": texts * works,
        "pairs_related": tried.related,
        "pairs_false": len(tried.false),
        "false_interval": wilson_interval(len(out) + len(waits), texts),
    }


def _perturbations(works: list[str], others: list[str], seed: str) -> dict[str, list[tuple[int, str]]]:
    """Change every work in every way that can be: with the number of the work, the changed text."""
    made: dict[str, list[tuple[int, str]]] = {
        name: []
        for name in ("words edited, 10 %", "words edited, 20 %", "inside a text 10 times as long",
                     "excerpt of 300 characters", "punctuation and width")
    }  # fmt: skip
    first, second, inside, passage, wide = made.values()
    for number, work in enumerate(works):
        draw = random.Random(f"{seed} work {number}")  # noqa: S311 - as above
        around = others or [*works[:number], *works[number + 1 :]]
        passage.append((number, _excerpt(work, draw)))
        wide.append((number, work.translate(_QUOTES).translate(_WIDE)))
        if around:
            first.append((number, edited(work, 0.1, draw.choice(around), draw)))
            second.append((number, edited(work, 0.2, draw.choice(around), draw)))
            inside.append((number, _inside(work, around, draw)))
    return made


def edited(text: str, share: float, other: str, draw: random.Random) -> str:
    """Substitute, delete or insert a share of the words; new words come from another text."""
    theirs = _UNITS(other)
    out = []
    for unit in _UNITS(text):
        if draw.random() >= share:
            out.append(unit)
            continue
        how = draw.randrange(3)
        if how == 0:
            out.append(draw.choice(theirs))
        elif how == 1:
            out += [unit, draw.choice(theirs)]
    return "".join(out)


def _inside(text: str, others: list[str], draw: random.Random) -> str:
    """Put a text somewhere into others, so that the whole is so many times as long."""
    wanted = len(text) * (_TIMES - 1)
    parts: list[str] = []
    length = 0
    while length < wanted:
        parts.append(draw.choice(others)[: wanted - length])
        length += len(parts[-1]) + 1
    around = "\n".join(parts)
    at = draw.randrange(len(around) + 1)
    return f"{around[:at]}\n{text}\n{around[at:]}"


def _excerpt(text: str, draw: random.Random) -> str:
    start = draw.randrange(max(len(text) - _EXCERPT, 0) + 1)
    return text[start : start + _EXCERPT]
