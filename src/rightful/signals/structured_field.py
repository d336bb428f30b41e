"""Structured field values (RFC 9651), read with `http_sf`, the library of the RFC's author.

A dictionary that does not parse states nothing at all (RFC 9651 4.2): there is no reading half of it.
"""

from __future__ import annotations

from typing import Any

import http_sf

# No field that states preferences comes near this; what does is an attack or an accident.
LIMIT_OCTETS = 64 * 1024


def read_dictionary(value: str) -> dict[str, tuple[Any, dict[str, Any]]] | None:
    """Read a Dictionary: key -> (item or inner list, parameters); of equal keys the last counts.

    Args:
        value: one field value; several field lines are joined with commas first (4.2).

    Returns:
        None where it is no Dictionary, or longer than 64 KiB.
    """
    if len(value) > LIMIT_OCTETS:
        return None
    try:
        octets = value.encode("ascii")
        read: Any = http_sf.parse(octets, tltype="dictionary")
    except (ValueError, KeyError, IndexError, OverflowError, TypeError):
        return None
    return {key: member if isinstance(member, tuple) else (member, {}) for key, member in read.items()}
