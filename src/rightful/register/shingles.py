"""Texts as sets of shingle hashes, a column at a time: what near copies and excerpts are found by.

A text is folded (NFKC, case), and cut into tokens: runs of letters, digits and marks, and, of scripts that put no
spaces between words (Han, kana, Thai, Lao, Khmer, Burmese), every character by itself. Characters that show nothing are
left out first: format characters (zero width, soft hyphens), and those that Unicode has ignored by default (joiners,
fillers, selectors). Whatever else is none of a token ends it: punctuation, spaces, symbols, control characters. Letters
that only look alike (homoglyphs) are others. A shingle begins at every token: 5 tokens from a word on, 6 from such a
character on, within the text. Texts of fewer tokens have none.

A hash (scheme 1) is reproducible with nothing but arithmetic modulo 2**64, for code points c and tokens t:

    token    mix(sum of c[k] * B**k)        shingle    mix(n + sum of t[k] * B**k), its lower 10 bits 0
    mix(x)   the finalizer of splitmix64    n          5 or 6        B   0x9E3779B97F4A7C15

Sums over many tokens at once are differences of one running sum, divided by a power of B, which is odd.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORDS, CHARACTERS = 5, 6
BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(BASE, -1, 1 << 64)
_KEPT_BITS = 54  # of a hash; the rest of 64 numbers the texts of a block while it is sorted
_BLOCK_TEXTS = 1 << (64 - _KEPT_BITS)
_BLOCK_CHARACTERS = 1 << 17  # what a block needs stays in the processor's cache
_SEPARATOR, _WORD, _SINGLE, _IGNORED = range(4)
_ASCII = bytes(ord(chr(c).lower()) if chr(c).isascii() and chr(c).isalnum() else 0 for c in range(256))
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x303C),
    (0x3040, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip
_KIND_OF = {"L": _WORD, "N": _WORD, "M": _WORD, "Cf": _IGNORED}
_SLOW = np.uint32(0xFFFFFFFF)
_JAMO = frozenset((*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)))  # Hangul vowels and finals compose, too
_THEMSELVES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x20000, 0x2F7FF))  # fold to what they are
_INVISIBLE = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""What is Default_Ignorable_Code_Point and no format character."""
_TABLE = 1 << 18  # powers that are kept: as many as the values of a block
_LONG_RUN = 64  # of marks; sorting those takes normalisation as many steps for each mark as there are
_STEP = 16


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingle hashes of some texts.

    Attributes:
        hashes: uint64, those of each text distinct and ascending, one text after the other.
        starts: int64, one more than texts: text i has `hashes[starts[i]:starts[i + 1]]`.
    """

    hashes: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, text: int) -> np.ndarray:
        """Give the hashes of one text."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]


def shingles_of(texts: Sequence[str | None]) -> Shingles:
    """Give the shingles of texts; of None, none."""
    hashes: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    for block in _blocks(texts):
        found, sizes = _shingle(block)
        hashes.append(found)
        counts.append(sizes)
    starts = np.zeros(len(texts) + 1, np.int64)
    if counts:
        np.cumsum(np.concatenate(counts), out=starts[1:])
    return Shingles(np.concatenate(hashes) if hashes else np.empty(0, np.uint64), starts)


def _blocks(texts: Sequence[str | None]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text or "")
        size += len(block[-1]) + 1
        if size >= _BLOCK_CHARACTERS or len(block) == _BLOCK_TEXTS:
            yield block
            block, size = [], 0
    if block:
        yield block


def _shingle(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    codes, kinds, ends = _code_points(texts)
    first, tokens, single = _tokens(codes, kinds)
    last = np.searchsorted(first, ends)  # tokens up to the end of each text
    text = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(last, prepend=0))
    found = [_runs(tokens, np.ones(1, bool) if single is None else ~single, WORDS, text)]
    if single is not None:
        found.append(_runs(tokens, single, CHARACTERS, text))
    keyed = np.sort(np.concatenate(found))  # the text in the upper bits, so each text's hashes are together
    keyed = keyed[np.concatenate(([True], keyed[1:] != keyed[:-1]))[: len(keyed)]]
    sizes = np.bincount((keyed >> np.uint64(_KEPT_BITS)).astype(np.int64), minlength=len(texts))
    return keyed << np.uint64(64 - _KEPT_BITS), sizes


def _code_points(texts: list[str]) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Give folded code points (0 separates), their kinds where not all are ASCII, and where each text ends."""
    joined = "\n".join(texts) + "\n"
    if joined.isascii():
        ends = np.cumsum(np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts)))
        return np.frombuffer(joined.encode("ascii").translate(_ASCII), np.uint8), None, ends
    table, kind_of = _tables()
    codes, ends = _octets(texts, joined)
    codes = table[codes]
    if (codes == _SLOW).any():  # what folds to several code points, or composes with others, is left to Unicode's own
        odd = np.add.reduceat((codes == _SLOW).astype(np.int64), np.concatenate(([0], ends[:-1])))
        texts = [folded_text(text) if slow else text for text, slow in zip(texts, odd.tolist(), strict=True)]
        codes, ends = _octets(texts, "\n".join(texts) + "\n")
        folded = table[codes]
        codes = np.where(folded == _SLOW, codes, folded)
    kinds = kind_of[codes]
    kept = kinds != _IGNORED
    if not kept.all():
        ends = np.cumsum(kept)[ends - 1]
        codes, kinds = codes[kept], kinds[kept]
    return codes, kinds, ends


def _octets(texts: list[str], joined: str) -> tuple[np.ndarray, np.ndarray]:
    ends = np.cumsum(np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts)))
    return np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32), ends


def folded_text(text: str) -> str:
    """Fold a text: NFKC, case, and NFKC again, for folding can leave what that would compose."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _marks_in_order(text)).casefold())


def _marks_in_order(text: str) -> str:
    """Sort long runs of marks as normalisation would: it inserts one after the other, which takes it for ever."""
    if len(text) < _LONG_RUN:
        return text
    suspected, long_run = _runs_of_marks()
    if suspected.search(text[::_STEP]) is None:
        return text
    return long_run.sub(lambda run: "".join(sorted(_decomposed(run[0]), key=unicodedata.combining)), text)


def _decomposed(marks: str) -> Iterator[str]:
    return (part for mark in marks for part in unicodedata.normalize("NFKD", mark))


@functools.cache
def _runs_of_marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Give what a long run of marks looks like in every so-manieth character, and what it is."""
    parts = ((c, unicodedata.normalize("NFKD", c)) for c in map(chr, range(0x110000)))
    marks = re.escape("".join(c for c, decomposed in parts if all(map(unicodedata.combining, decomposed))))
    return re.compile(f"[{marks}]{{{_LONG_RUN // _STEP}}}"), re.compile(f"[{marks}]{{{_LONG_RUN},}}")


def _tokens(codes: np.ndarray, kinds: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Give where each token begins, its hash, and whether it is a character of a script without spaces."""
    word = np.zeros(len(codes) + 2, bool)
    word[1:-1] = codes != 0 if kinds is None else kinds == _WORD
    begins = word[1:-1] & ~word[:-2]
    ends = word[1:-1] & ~word[2:]
    single = None
    if kinds is not None:
        alone = kinds == _SINGLE
        begins |= alone
        ends |= alone
    first = np.flatnonzero(begins)
    if kinds is not None:
        single = kinds[first] == _SINGLE
    return first, _sums(codes, first, np.flatnonzero(ends) + 1), single


def _runs(tokens: np.ndarray, begin: np.ndarray, length: int, text: np.ndarray) -> np.ndarray:
    """Hash the runs of `length` tokens that begin at `begin` and stay within a text; the text in the upper bits."""
    count = max(len(tokens) - length + 1, 0)
    inside = text[:count] == text[length - 1 :][:count]
    at = np.flatnonzero(inside & (begin[:count] if len(begin) > 1 else True))
    hashes = _sums(tokens, at, at + length, np.uint64(length))
    return (hashes >> np.uint64(64 - _KEPT_BITS)) | (text[at] << np.uint64(_KEPT_BITS))


def _sums(values: np.ndarray, first: np.ndarray, end: np.ndarray, more: np.uint64 | None = None) -> np.ndarray:
    """Mix the sum of values[first + k] * BASE**k over every run from `first` to `end`."""
    found = np.empty(len(first), np.uint64)
    start = 0
    while start < len(first):  # once, but in a text that is longer than a block
        low = int(first[start])
        stop = max(int(np.searchsorted(end, low + _TABLE, "right")), start + 1)
        part = values[low : end[stop - 1]]
        running = np.zeros(len(part) + 1, np.uint64)
        np.cumsum(np.multiply(part, _powers(BASE, len(part)), dtype=np.uint64), out=running[1:])
        begin = first[start:stop] - low
        found[start:stop] = (running[end[start:stop] - low] - running[begin]) * _powers(_INVERSE, len(part))[begin]
        start = stop
    if more is not None:
        found += more
    return mixed(found)


def mixed(x: np.ndarray) -> np.ndarray:
    """Mix 64 bits: the finalizer of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed_bits: np.ndarray = x ^ (x >> np.uint64(31))
    return mixed_bits


def _powers(base: int, count: int) -> np.ndarray:
    kept = _powers_kept(base)
    return kept[:count] if count <= len(kept) else _powers_computed(base, count)


@functools.cache
def _powers_kept(base: int) -> np.ndarray:
    return _powers_computed(base, _TABLE)


def _powers_computed(base: int, count: int) -> np.ndarray:
    factors = np.full(count, base, np.uint64)
    factors[0] = 1
    return np.cumprod(factors)


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Give what each code point folds to (`_SLOW`: not a code point by itself), and what kind it is when folded."""
    every = [chr(c) for c in range(0x110000)]
    categories = [unicodedata.category(c) for c in every]
    kinds = np.array([_KIND_OF.get(c, _KIND_OF.get(c[0], _SEPARATOR)) for c in categories], np.uint8)
    for first, last in _WITHOUT_SPACES:
        part = kinds[first : last + 1]
        part[part == _WORD] = _SINGLE
    for first, last in _INVISIBLE:
        kinds[first : last + 1] = _IGNORED
    table = np.arange(0x110000, dtype=np.uint32)
    composing = {ord(c) for pair in map(unicodedata.decomposition, every) if len(c := _second(pair)) == 1}
    for code, (char, category) in enumerate(zip(every, categories, strict=True)):
        if category in {"Cn", "Co", "Cs"} or any(first <= code <= last for first, last in _THEMSELVES):
            continue
        folded = folded_text(char)
        if unicodedata.combining(char) or code in composing or code in _JAMO:
            table[code] = _SLOW
        elif len(folded) == 1:
            table[code] = ord(folded)
        else:
            table[code] = _SLOW if any(kinds[ord(c)] != _SEPARATOR for c in folded) else 0
    return table, kinds


def _second(decomposition: str) -> str:
    parts = decomposition.split()
    return chr(int(parts[1], 16)) if len(parts) == 2 and not parts[0].startswith("<") else ""  # noqa: PLR2004 - a pair
