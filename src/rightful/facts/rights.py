"""What is known of the rights in a record: closed lists, each least restrictive first where an order means something.

A value outside its list holds the record (`UNKNOWN_VALUE`). Restrictive values act on sight; permissive ones only with
evidence (legal.md 4.3).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class Route(StrEnum):
    """How a group of records was acquired (legal.md P-06)."""

    SELF_RD = "self.rd"
    SELF_USER = "self.user"
    PURCHASED = "purchased"
    CRAWLED = "crawled"
    OPEN_DATASET = "open_dataset"
    POOL = "pool"
    SYNTHETIC = "synthetic"


class WorkStatus(StrEnum):
    """What the law protects; unknown counts as protected."""

    PROTECTED = "protected"
    PUBLIC_DOMAIN = "pd"
    FACT = "fact"
    OFFICIAL = "official"
    OWN = "own"
    UNKNOWN = "unknown"


class LicenceEvidence(StrEnum):
    """How a licence is evidenced; a permission acts from `TEXT` on, a restriction always."""

    NONE = "none"
    TAG_ONLY = "tag_only"
    TEXT = "text"
    TEXT_AND_NOTICE = "text+notice"


# A licence that is evidenced so permits.
EVIDENCED = frozenset({LicenceEvidence.TEXT, LicenceEvidence.TEXT_AND_NOTICE})


class Consent(StrEnum):
    """Consent of the user whose interaction data it is (legal.md P-40)."""

    NOT_APPLICABLE = "n/a"
    TOS_ONLY = "tos_only"
    SECOND_LIVE = "second_live"
    SECOND_WITHDRAWN = "second_withdrawn"
    MINOR_WITHOUT_GUARDIAN = "minor_without_guardian"


class Notice(StrEnum):
    """Whether users were told, in a conspicuous place, when their data was collected (legal.md P-39)."""

    NOT_APPLICABLE = "n/a"
    SHOWN = "shown"
    NOT_SHOWN = "not_shown"


class SensitivePI(StrEnum):
    """Sensitive personal information in user data (legal.md P-41)."""

    NONE = "none"
    SEPARATE_CONSENT = "separate_consent"
    REDACTED = "redacted"
    PRESENT = "present"


class ThirdParty(StrEnum):
    """Whether somebody else's work was found in user data (legal.md P-10)."""

    NONE = "none"
    FOUND = "found"


class Unlawful(StrEnum):
    """Why a copy must not be used whatever its licence (gate G0)."""

    NONE = "none"
    UNLAWFUL_SOURCE = "unlawful_source"
    CIRCUMVENTION = "tpm"
    ILLEGAL = "illegal"


class Terms(StrEnum):
    """What a site's terms of service say of training, as far as somebody read them."""

    UNKNOWN = "unknown"
    SILENT = "silent"
    RESERVED = "reserved"


class GeneratorTerms(StrEnum):
    """What the terms of the model say that generated synthetic data (legal.md 4.3 G3)."""

    NOT_APPLICABLE = "n/a"
    PERMITS = "permits"
    UNKNOWN = "unknown"
    FORBIDS = "forbids"


class LicenceRequest(StrEnum):
    """What became of asking the rightsholder (legal.md P-38)."""

    NONE = "none"
    ASKED = "asked"
    NO_REPLY = "no_reply"
    REFUSED = "refused"


class Extraction(StrEnum):
    """How much of a protected database was taken (Directive 96/9)."""

    NONE = "none"
    INSUBSTANTIAL = "insubstantial"
    SUBSTANTIAL = "substantial"


class LawfulAccess(StrEnum):
    """Whether whoever made the copy had lawful access to the work."""

    YES = "yes"
    UNKNOWN = "unknown"
    NO = "no"


class Holder(StrEnum):
    """Whether the rightsholder is known, and where to be found (legal.md P-37)."""

    UNKNOWN = "unknown"
    LOCATED = "located"
    UNLOCATED = "unlocated"


class Specific(StrEnum):
    """Why data counts as specific (legal.md P-49): what was computed or declared, the first that applies."""

    NO = "no"
    DECLARED = "declared"
    PURPOSE = "purpose"
    CURATED = "curated"
    HOLDER_SHARE = "holder_share"
    UNKNOWN = "unknown"  # a column names holders, and nobody measured their shares


# What a pool must be able to say of its data (legal.md P-62), and what must not be found in it (P-63).
POOL_TESTS = ("title", "authorisation", "accuracy", "completeness", "currency")
POOL_FAULTS = ("error", "missing", "stale", "off_target", "source", "format")
NOT_ASSESSED = "not_assessed"
NO_AGREEMENT = "agreement"
EVERY_POOL_FAULT = frozenset({*POOL_TESTS, *POOL_FAULTS, NOT_ASSESSED, NO_AGREEMENT})


def closed(
    choices: type[StrEnum], value: str | None, name: str, unknown: MutableSequence[tuple[str, str]]
) -> str | None:
    """Read a value of a closed list; one outside it is noted in `unknown`, and counts as not stated."""
    if value is None:
        return None
    try:
        return choices(value.strip().lower()).value
    except ValueError:
        unknown.append((name, value))
        return None
