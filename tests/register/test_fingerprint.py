"""Fingerprints: written, read back, and read by others."""

import numpy as np
import pytest
from datasketch import MinHash
from tests.register.works_in_words import edited, hanzi, prose

from rightful.errors import RegisterError
from rightful.register.fingerprint import Fingerprint, fingerprints_of, highest, text_digest
from rightful.register.shingles import shingles_of

TEXTS = [prose(1), prose(2, 700), prose(3, 3_000), hanzi(4), "too short", ""]


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_the_signature_is_the_one_that_datasketch_makes_of_the_same_hashes(number):
    ours = fingerprints_of(TEXTS)[number]
    theirs = MinHash(num_perm=128, hashfunc=int)
    theirs.update_batch((shingles_of(TEXTS).of(number) >> np.uint64(32)).tolist())
    assert ours.minhash.tolist() == theirs.hashvalues.tolist()
    assert ours.to_datasketch().jaccard(theirs) == 1.0


def test_signatures_do_not_depend_on_how_many_are_made_together():
    many = [prose(n, 30 + n % 400) for n in range(300)]
    together = fingerprints_of(many)
    assert together[::37] == [fingerprints_of([text])[0] for text in many[::37]]


def test_datasketch_estimates_the_jaccard_of_the_shingles():
    one, other = prose(5, 1_000), edited(prose(5, 1_000), 0.03)
    a, b = (set(shingles_of([text]).of(0).tolist()) for text in (one, other))
    estimate = fingerprints_of([one])[0].to_datasketch().jaccard(fingerprints_of([other])[0].to_datasketch())
    assert abs(estimate - len(a & b) / len(a | b)) < 0.12


@pytest.mark.parametrize(("words", "scale"), [(100, 1), (260, 1), (261, 2), (1_028, 2), (1_029, 4)])
def test_long_works_are_sampled_and_short_ones_are_not(words, scale):
    text = " ".join(f"word{n}" for n in range(words))
    work = fingerprints_of([text])[0]
    assert (work.shingles, work.scale) == (words - 4, scale)
    every = shingles_of([text]).of(0)
    assert work.hashes.tolist() == [value for value in every.tolist() if value <= int(highest(scale))]


def test_it_is_read_back_and_has_no_text():
    for text, work in zip(TEXTS, fingerprints_of(TEXTS), strict=True):
        octets = work.to_bytes()
        again = Fingerprint.from_bytes(octets)
        assert again == work
        assert again.digest == text_digest(text)
        assert all(word.encode() not in octets for word in text.split() if len(word) > 3)


@pytest.mark.parametrize("damage", [
    lambda b: b[:-1], lambda b: b[:40], lambda _: b"", lambda b: b"XXXX" + b[4:], lambda b: b[:4] + b"\x09" + b[5:],
    lambda b: b[:5] + b"\x06" + b[6:],
])  # fmt: skip
def test_what_is_cut_or_of_other_parameters_is_refused(damage):
    with pytest.raises(RegisterError):
        Fingerprint.from_bytes(damage(fingerprints_of([prose(1)])[0].to_bytes()))
