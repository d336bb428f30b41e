"""One digest for many files: a Merkle tree as in RFC 6962 2.1 (leaves and nodes hashed with different prefixes)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEAF, _NODE = b"\x00", b"\x01"


def merkle_root(leaves: Iterable[bytes]) -> str:
    """Give the root over leaves in order, `sha256:<hex>`; without leaves the digest of nothing."""
    level = [hashlib.sha256(_LEAF + leaf).digest() for leaf in leaves]
    if not level:
        return f"sha256:{hashlib.sha256(b'').hexdigest()}"
    while len(level) > 1:
        paired = [hashlib.sha256(_NODE + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(level) & ~1 :]  # an odd node goes up as it is
    return f"sha256:{level[0].hex()}"


def files_root(digests: Mapping[str, str]) -> str:
    """Give the root over files: path -> SHA-256 in hex, in order of path."""
    return merkle_root(f"{path}\0{digests[path]}".encode() for path in sorted(digests))
