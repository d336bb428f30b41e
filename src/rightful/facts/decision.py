"""What is decided about a record: admission with every reason, and the tier of what is admitted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Admission(IntEnum):
    """Whether a record goes into the data set; a higher value is more restrictive, so `max` joins."""

    ADMIT = 0
    HOLD = 1
    EXCLUDE = 2

    @property
    def word(self) -> str:
        """The word used in data, ledger and card."""
        return self.name.lower()


class Tier(StrEnum):
    """What use of a record costs (legal.md 4.2), what costs least first: of two that apply, the later one stands."""

    FREE_PD = "FREE_PD"
    FREE_OWN = "FREE_OWN"
    FREE_LICENSED = "FREE_LICENSED"
    EXEMPT_RESEARCH = "EXEMPT_RESEARCH"
    EXEMPT_GENERAL = "EXEMPT_GENERAL"
    POOL_SHARE = "POOL_SHARE"
    PAID_LICENSED = "PAID_LICENSED"
    PAID_SCENARIO = "PAID_SCENARIO"
    PERMISSION_AND_PAY = "PERMISSION_AND_PAY"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found.

    Attributes:
        admission: how far it restricts.
        reason: why: `CODE` or `CODE:detail`.
        fact: which fact of the situation caused it.
    """

    admission: Admission
    reason: str
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about every record in one situation.

    Attributes:
        admission: the most restrictive finding.
        reasons: the code of every gate that fired; if none did, of the rule that gave the tier.
        tier: None where excluded; provisional where held.
        remuneration: the model by which use is paid (`none`, `use`, `purchase`, ...); None without a tier.
        basis: what the tier rests on: `licence:…`, `contract:…`, `consent:…`, `evidence:…` or a policy's name.
        conditions: what must be kept with the record (`BY`, `SA`, `moral-rights`, ...); of an excluded copy
            `reacquire:<tier>` where the work itself is free to be had elsewhere.
    """

    admission: Admission
    reasons: tuple[str, ...]
    tier: Tier | None = None
    remuneration: str | None = None
    basis: str | None = None
    conditions: tuple[str, ...] = ()
