"""Requests moved on in the register once what they ask for was done: matched, removed, confirmed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rightful.errors import RegisterError
from rightful.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rightful.register.database import RegisterDatabase
    from rightful.register.model import RequestStatus
    from rightful.withdrawal.withdraw import Withdrawal


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """Numbers of requests: moved on, now or in an earlier try; and left, for they stand where nothing moves them."""

    moved: int
    left: int


def carry_out(made: Withdrawal, database: RegisterDatabase, *, actor: str, now: datetime) -> CarriedOut:
    """Move on every request that took records out; once, however often it is done.

    Each is matched and removed, with the digest of its receipt, and confirmed: the receipt is what its claimant is
    told. Where nobody signs receipts it is removed with the root of the new version, and not confirmed.

    Raises:
        RegisterError: the database cannot be used.
    """
    receipts = _receipts(made)
    moved = left = 0
    for reference in made.totals.requests:
        if not reference:
            continue
        receipt = receipts.get(reference)
        steps = _Steps(database, reference, receipt or str(made.root), told=bool(receipt), actor=actor, now=now)
        if steps.take():
            moved += 1
        else:
            left += 1
    return CarriedOut(moved, left)


def _receipts(made: Withdrawal) -> Mapping[str, str]:
    """Give the digest of each request's receipt, by reference."""
    return {
        str(json.loads(file.read_bytes())["receipt"]["reference"]): f"sha256:{digest_of(file)}"
        for file in made.receipts
    }


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of one request: what was taken in an earlier try is not taken again."""

    database: RegisterDatabase
    reference: str
    receipt: str
    told: bool
    actor: str
    now: datetime

    def take(self) -> bool:
        """Take those that are left; False where the request is none of this register, or out of force."""
        from rightful.register.model import OUT_OF_FORCE

        status = self._status()
        if status is None:
            return False
        try:
            return self._take(status)
        except RegisterError:
            again = self._status()
            if again is not None and again.state in OUT_OF_FORCE:  # its claimant took it back meanwhile
                return False
            raise

    def _take(self, status: RequestStatus) -> bool:
        from rightful.register.model import State

        who: dict[str, Any] = {"actor": self.actor, "now": self.now, "automatic": True}
        state = status.state
        if not any(event.details.get("receipt") == self.receipt for event in status.events):
            if state in {State.VERIFIED, State.REMOVED, State.CONFIRMED}:
                state = self.database.match(self.reference, **who)
            if state is not State.MATCHED:
                return False
            state = self.database.remove(self.reference, receipt=self.receipt, **who)
        if self.told and state is State.REMOVED:
            self.database.confirm(self.reference, **who)
        return True

    def _status(self) -> RequestStatus | None:
        try:
            return self.database.status(self.reference)
        except RegisterError as error:
            if error.__cause__ is None:  # there is no such request: it came from a register of somebody else
                return None
            raise
