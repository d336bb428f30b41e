"""Hashes of keys, which an exported register is sorted by, and marks, which tell keys of one hash apart.

Hashes have 64 bits. A call per key costs more than the rest of a look-up, so the words of all keys of a block are mixed
at once, over the Arrow buffers. Words are eight octets, little-endian, the last one filled with zeros. The hash begins
as the length times FIRST; each word times FIRST is joined to it by exclusive or, and then it is folded and multiplied
by SECOND. In the end it is folded once more. Whoever likes can make keys of one hash: nothing follows from a hash.

A mark is made of the few keys whose hash is in the register: twelve octets of their SHA-256. Nobody can make a key that
has the hash and the mark of another one, and comparing them instead of keys keeps the keys out of memory.

Of contents, whose key is a digest, the hash is the first eight octets and the mark the twelve that follow.

Whoever changes what comes out changes `register_file.FORMAT`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from rightful.register.register_file import MARK_OCTETS

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 8192  # keys: a block and its scratch arrays stay in the processor's second cache
_WORD = 8
_MOST_WORDS = 64  # longer keys are rare, and each would take the steps alone
_FIRST = np.uint64(0xBF58476D1CE4E5B9)  # the multipliers of SplitMix64
_SECOND = np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)
_BITS = np.uint64(64)
_LAST = np.array([2**64 - 1, *(2 ** (8 * octets) - 1 for octets in range(1, _WORD))], np.uint64)


def key_hashes(keys: pa.LargeBinaryArray) -> np.ndarray:
    """Hash every key of an array. What a null has for octets is hashed as well; the caller vouches for the offsets."""
    hashes = np.empty(len(keys), np.uint64)
    if not len(keys):
        return hashes
    offsets = np.frombuffer(keys.buffers()[1], np.int64, len(keys) + 1, keys.offset * 8)
    octets = np.frombuffer(keys.buffers()[2] or b"", np.uint8)
    for start in range(0, len(keys), _BLOCK):
        starts, stops = offsets[start : start + _BLOCK + 1][:-1], offsets[start + 1 : start + _BLOCK + 1]
        lengths = stops - starts
        within = hashes[start : start + _BLOCK]
        long = np.flatnonzero(lengths > _WORD * _MOST_WORDS)
        if len(long):
            within[long] = [xxhash.xxh3_64_intdigest(octets[starts[row] : stops[row]].data) for row in long.tolist()]
            rest = np.flatnonzero(lengths <= _WORD * _MOST_WORDS)
            within[rest] = _block(octets, starts[rest], lengths[rest])
        else:
            within[:] = _block(octets, starts, lengths)
    return hashes


def key_marks(keys: pa.Array) -> np.ndarray:
    """Give the marks of keys without nulls, one a row."""
    octets = b"".join([hashlib.sha256(key).digest() for key in keys.to_pylist()])
    return np.frombuffer(octets, np.uint8).reshape(-1, hashlib.sha256().digest_size)[:, :MARK_OCTETS]


def digest_hashes(digests: np.ndarray) -> np.ndarray:
    """Give the hashes of digests, one a row of octets."""
    hashes: np.ndarray = np.ascontiguousarray(digests[:, :_WORD]).view(">u8").ravel().astype(np.uint64)
    return hashes


def digest_marks(digests: np.ndarray) -> np.ndarray:
    """Give the marks of digests, one a row of octets."""
    return digests[:, _WORD : _WORD + MARK_OCTETS]


def _fold(words: np.ndarray, scratch: np.ndarray) -> None:
    """Let the upper half of each word bear on the lower, in place."""
    np.right_shift(words, _HALF, out=scratch)
    words ^= scratch


def _block(octets: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Hash the keys of one block, longest first, so that those with a word left are always the first ones."""
    if not len(starts):
        return np.empty(0, np.uint64)
    words = (lengths + (_WORD - 1)) >> 3
    order = np.argsort((_MOST_WORDS - words).astype(np.uint8), kind="stable")
    with_word = len(words) - np.cumsum(np.bincount(words, minlength=1))
    base, end = int(starts.min()), int((starts + lengths).max())
    aligned = np.zeros((end - base) // _WORD + 2, "<u8")
    aligned.view(np.uint8)[: end - base] = octets[base:end]
    starts, lengths = starts[order] - base, lengths[order]
    at = starts >> 3
    # A word at any octet is the upper part of one aligned word and the lower part of the next; NumPy shifts by 64 to 0.
    down = ((starts & 7) << 3).astype(np.uint64)
    up = _BITS - down
    last = _LAST.take(lengths & 7)
    mixed = lengths.astype(np.uint64)
    mixed *= _FIRST
    word, scratch = np.empty_like(mixed), np.empty_like(mixed)
    low = aligned.take(at)
    for number, rows in enumerate(with_word[:-1].tolist()):
        here, spare, hashed, ending = word[:rows], scratch[:rows], mixed[:rows], with_word[number + 1]
        at[:rows] += 1
        high = aligned.take(at[:rows])
        np.right_shift(low[:rows], down[:rows], out=here)
        np.left_shift(high, up[:rows], out=spare)
        here |= spare
        here[ending:] &= last[ending:rows]
        here *= _FIRST
        hashed ^= here
        _fold(hashed, spare)
        hashed *= _SECOND
        low = high
    _fold(mixed, scratch)
    hashes = np.empty_like(mixed)
    hashes[order] = mixed
    return hashes
