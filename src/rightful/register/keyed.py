"""Shingle hashes under a key: what the works of a register are compared by, and all that a published run has of them.

Hashes of five words each, one after the other, give a text away to whoever can guess one word at a time. Under a key
(AES, one block a hash) they say nothing without it but which of them are equal. An exported register holds its key,
for screening compares texts; what a run carries as evidence does not, and is compared with what its ledger holds.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np

from rightful.errors import MissingExtraError, RegisterError

KEY_OCTETS = 32


def keyed(hashes: np.ndarray, key: bytes) -> np.ndarray:
    """Give hashes under a key: as many, uint64, in the same order; different ones stay different but by chance.

    Args:
        hashes: uint64.
        key: `KEY_OCTETS` octets.

    Raises:
        MissingExtraError: cryptography is not installed.
    """
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError.named("register", needs="cryptography") from error
    if len(key) != KEY_OCTETS:
        raise RegisterError(f"a key of fingerprints has {KEY_OCTETS} octets, not {len(key)}")
    blocks = np.zeros((len(hashes), 2), "<u8")
    blocks[:, 0] = hashes
    # One block for one value: equal hashes are to stay equal, so there is nothing to chain.
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    sealed = np.frombuffer(cipher.update(blocks.tobytes()) + cipher.finalize(), "<u8")
    return sealed[::2].astype(np.uint64)


def new_key() -> bytes:
    """Draw a key."""
    return secrets.token_bytes(KEY_OCTETS)


def key_id(key: bytes) -> str:
    """Name a key without telling it."""
    return hashlib.sha256(b"rightful key of fingerprints: " + key).hexdigest()[:16]
