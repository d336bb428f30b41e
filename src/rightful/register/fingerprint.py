"""Fingerprints of works: what is compared and kept instead of their text.

A fingerprint has the digest of the canonical text, for exact copies; a sample of the text's shingle hashes
(`shingles`), for copies that were edited and for excerpts; and a MinHash signature, for anybody's tools: it is that of
datasketch 2 (scheme affine32, seed 1, 128 permutations) over the upper 32 bits of the hashes.

The sample holds every hash below 2**64 / scale (FracMinHash: Irber et al. 2022), so what two texts share can be
counted in their samples, and of a text inside another as well. Short works are kept whole (scale 1).
"""

from __future__ import annotations

import functools
import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rightful.errors import MissingExtraError, RegisterError
from rightful.register.shingles import CHARACTERS, WORDS, folded_text, shingles_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PERMUTATIONS = 128
SEED = 1
SCHEME = 1
SCALES = (1, 2, 4)
_KEPT_WHOLE = 256  # works of at most so many distinct shingles are not sampled
_SAMPLED_TWICE_AS_FEW = 1024
_PARAMETERS = struct.pack("<4sBBBBHI", b"RFFP", SCHEME, WORDS, CHARACTERS, 32, PERMUTATIONS, SEED)
_SIZES = struct.Struct("<32sBII")  # digest, scale, distinct shingles, sampled ones
_ROWS = 4096  # of hashes times permutations at a time: what fits the processor's cache


def canonical_text(text: str) -> str:
    """Reduce a text to what makes it the same work: NFKC, case folded, runs of white space as one space.

    Width, ligatures, case and layout do not make another work; punctuation and words do.
    """
    return " ".join(folded_text(text).split())


def text_digest(text: str) -> str:
    """SHA-256 of the canonical text, in hex. A lone surrogate counts as a question mark."""
    octets = canonical_text(text).encode("utf-8", "replace")
    return hashlib.sha256(octets).hexdigest()


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The fingerprint of a work.

    Attributes:
        digest: SHA-256 of the canonical text, hex.
        shingles: how many distinct shingles the text has; 0 where it is too short for any.
        scale: the sample holds every hash below 2**64 / scale.
        hashes: uint64, the sample, ascending.
        minhash: uint32, as long as there are permutations.
    """

    digest: str
    shingles: int
    scale: int
    hashes: np.ndarray
    minhash: np.ndarray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_bytes(self) -> bytes:
        """Write it, its parameters first."""
        sizes = _SIZES.pack(bytes.fromhex(self.digest), self.scale, self.shingles, len(self.hashes))
        return _PARAMETERS + sizes + self.minhash.astype("<u4").tobytes() + self.hashes.astype("<u8").tobytes()

    @classmethod
    def from_bytes(cls, octets: bytes) -> Fingerprint:
        """Read what `to_bytes` wrote.

        Raises:
            RegisterError: it is no fingerprint, or one of other parameters: those are not compared.
        """
        sizes, minhash = len(_PARAMETERS), len(_PARAMETERS) + _SIZES.size
        hashes = minhash + PERMUTATIONS * 4
        if len(octets) < hashes or octets[:sizes] != _PARAMETERS:
            raise RegisterError(
                "this is no fingerprint of this version's parameters",
                hint="make it again from the work: rightful optout add",
            )
        digest, scale, shingles, count = _SIZES.unpack(octets[sizes:minhash])
        if len(octets) != hashes + count * 8 or scale not in SCALES:
            raise RegisterError("this fingerprint is cut or was altered")
        sample = np.frombuffer(octets, "<u8", offset=hashes).astype(np.uint64)
        signature = np.frombuffer(octets, "<u4", PERMUTATIONS, minhash).astype(np.uint32)
        return cls(digest.hex(), shingles, scale, sample, signature)

    def to_datasketch(self) -> Any:
        """Give the signature as a `datasketch.MinHash`, for other tools.

        Raises:
            MissingExtraError: datasketch is not installed.
        """
        try:
            from datasketch import MinHash  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtraError.named("fingerprint", needs="datasketch") from error
        return MinHash(hashvalues=self.minhash, seed=SEED, scheme="affine32", hashfunc=int)


def fingerprints_of(texts: Sequence[str]) -> list[Fingerprint]:
    """Fingerprint works."""
    shingles = shingles_of(texts)
    signatures = minhash_signatures(shingles.hashes, shingles.starts)
    found = []
    for number, text in enumerate(texts):
        every = shingles.of(number)
        scale = scale_of(len(every))
        sample = every[every <= highest(scale)].copy()
        found.append(Fingerprint(text_digest(text), len(every), scale, sample, signatures[number]))
    return found


def scale_of(shingles: int) -> int:
    """Give the scale of a work of so many distinct shingles."""
    if shingles <= _KEPT_WHOLE:
        return 1
    return 2 if shingles <= _SAMPLED_TWICE_AS_FEW else SCALES[-1]


def highest(scale: int) -> np.uint64:
    """Give the highest hash that a sample of a scale can hold."""
    return np.uint64((1 << 64) // scale - 1)


def minhash_signatures(hashes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Give MinHash signatures, uint32 of shape (texts, permutations); all ones where a text has no shingles.

    The hashes are laid out as `shingles.Shingles` has them.
    """
    factors, addends = permutations()
    values = (hashes >> np.uint64(32)).astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # the finalizer of MurmurHash3
        values = (values ^ (values >> np.uint32(shift))) * np.uint32(factor)
    values ^= values >> np.uint32(16)
    texts = len(starts) - 1
    signatures = np.full((texts, PERMUTATIONS), np.iinfo(np.uint32).max, np.uint32)
    sizes = np.diff(starts)
    filled = np.flatnonzero(sizes)
    cumulative = np.cumsum(sizes[filled])
    cuts = np.searchsorted(cumulative, np.arange(_ROWS, len(values), _ROWS)) + 1
    for members in np.split(filled, np.unique(cuts)):
        if not len(members):
            continue
        begin = starts[members[0]]
        block = values[begin : starts[members[-1] + 1]]
        permuted = factors[:, None] * block[None, :] + addends[:, None]
        signatures[members] = np.minimum.reduceat(permuted, starts[members] - begin, axis=1).T
    return signatures


@functools.cache
def permutations() -> tuple[np.ndarray, np.ndarray]:
    """Give the permutations h -> a h + b modulo 2**32, as datasketch draws them from its seed."""
    drawn = np.random.RandomState(SEED)
    factors = drawn.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, drawn.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)
