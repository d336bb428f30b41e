"""Where on an origin each signal file is; a signal is called by that path."""

from __future__ import annotations

from typing import Literal, get_args

SignalName = Literal["robots.txt", ".well-known/tdmrep.json", "ai.txt", ".well-known/trust.txt", "trust.txt"]
SIGNALS: tuple[SignalName, ...] = get_args(SignalName)

ROBOTS: SignalName = "robots.txt"
TDMREP: SignalName = ".well-known/tdmrep.json"
AI_TXT: SignalName = "ai.txt"
# Recommended, and the older place of it; which of two files counts is not specified, so both do.
TRUST_TXT: tuple[SignalName, ...] = (".well-known/trust.txt", "trust.txt")
# No files of an origin: wherever a site's robots.txt says that its licence is, and its tdmrep.json that its policy is.
# What one was captured from is that URL.
RSL = "rsl"
TDM_POLICY = "tdm-policy"
DECLARED = frozenset({RSL, TDM_POLICY})


def signal_url(origin: str, signal: str = ROBOTS) -> str:
    """Give the URL of an origin's signal file (RFC 9309 2.3, RFC 8615 3); of a document one declares, its own."""
    return origin if signal in DECLARED else f"{origin}/{signal}"
