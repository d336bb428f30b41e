"""One question from outside: is this text among the works that were opted out? Answered, and nothing shown (P-24).

An answer is one word and the versions it is of: no neighbour, no estimate, no URL, no reference, no count of anything.

Every question costs the same work, whatever the answer is. The text is digested and sketched, the digest is looked up
and the sketch compared with the works, twice: all of it each time, and none is left out when another has decided
already. What remains different, a few candidates more to count, is far below what reading the text takes. How long an
answer takes tells the length of the text, which the asker knows.

Questions are limited per asker, so that nobody can try works one after the other; what is kept of an asker is a keyed
digest, for a day. Who asks under many names is for whoever names askers (an account, an address) to prevent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from rightful.register.access_log import one_line
from rightful.register.entries import KeyKind
from rightful.register.filing import DAY, over_limit
from rightful.register.fingerprint import text_digest
from rightful.register.matching import Thresholds, WorkMatcher
from rightful.register.tables import questions, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rightful.register.export import Register
    from rightful.register.store import Store


class Found(StrEnum):
    """How a text is among the works, the closest way first."""

    EXACT = "exact"
    NEAR = "near"
    CONTAINED = "contained"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is told.

    Attributes:
        found: how the text is among the works.
        register: version of the register it was compared with.
        datasets: versions of the datasets that register was applied to, as the caller names them.
    """

    found: Found
    register: str
    datasets: tuple[str, ...] = ()


def answer(
    store: Store,
    text: str,
    *,
    register: Register,
    asker: str,
    now: datetime,
    datasets: Sequence[str] = (),
    thresholds: Thresholds | None = None,
) -> Answer:
    """Answer one question.

    Args:
        store: whose limits count.
        text: the asker's own.
        register: the exported version to compare with.
        asker: who asks: an account, an address.
        now: when.
        datasets: versions to name in the answer.
        thresholds: of the policy, so that the answer is what screening would find.

    Raises:
        RegisterError: the asker is over the limit (`where["again_at"]` says when to come back). Nothing was compared.
    """
    _count(store, one_line("asker", asker, needed=True), ticks(now))
    return Answer(found_in(text, register, thresholds or Thresholds()), register.version, tuple(datasets))


def found_in(text: str, register: Register, thresholds: Thresholds) -> Found:
    """Compare a text with a register; every part of the work is done whatever the others find."""
    bits, _ = register.find(KeyKind.CONTENT, [text_digest(text)])
    near = contained = False
    if register.works is not None:
        sketch = WorkMatcher(register.works, thresholds).sketch([text])
        # A copy that is near is contained as well: it is asked for by itself, since near tells more.
        near = bool(len(WorkMatcher(register.works, _near_alone(thresholds)).of_sketch(sketch)))
        contained = bool(len(WorkMatcher(register.works, thresholds).of_sketch(sketch)))
    if bits[0]:
        return Found.EXACT
    if near:
        return Found.NEAR
    return Found.CONTAINED if contained else Found.NONE


def _near_alone(thresholds: Thresholds) -> Thresholds:
    never = (math.inf, math.inf)
    return replace(thresholds, contained=never, within=never, excerpt=never)


def _count(store: Store, asker: str, at: int) -> None:
    lookup = store.key.lookup("asker", asker.casefold().encode())
    with store.writing() as connection:
        connection.execute(delete(questions).where(questions.c.at <= at - DAY))
        mine = select(func.count(), func.min(questions.c.at)).where(questions.c.asker == lookup)
        asked, oldest = connection.execute(mine).one()
        if asked >= store.limits.answers_a_day:
            raise over_limit(f"{asked} questions of one asker within a day", at if oldest is None else oldest)
        connection.execute(questions.insert().values(asker=lookup, at=at))
