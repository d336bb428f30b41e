"""What a protocol says: the scale every protocol's answer is put on."""

from __future__ import annotations

from enum import StrEnum


class Preference(StrEnum):
    """What one protocol says about one use of one location.

    A reservation is `DENY`. `ERROR` means the signal was there and could not be read: never an allowance.
    """

    ALLOW = "allow"
    CONDITIONAL = "conditional"
    DENY = "deny"
    UNKNOWN = "unknown"
    ERROR = "error"
