"""Days, months and years as a policy writes them: `2026`, `2026-06`, `2026-06-30`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Annotated

from pydantic import AfterValidator

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def first_day(written: str) -> date:
    """Give the first day that a date, a month or a year may mean.

    Raises:
        ValueError: it is none.
    """
    year, month, day = _parts(written)
    return date(year, month or 1, day or 1)


def last_day(written: str) -> date:
    """Give the last day that a date, a month or a year may mean.

    Raises:
        ValueError: it is none.
    """
    year, month, day = _parts(written)
    return date(year, month or 12, day or monthrange(year, month or 12)[1])


def _parts(written: str) -> tuple[int, int, int]:
    match = _DATE.fullmatch(written)
    if match is None or not int(match[1]) or match[2] == "00" or match[3] == "00":
        raise ValueError(f"{written!r} is no date: 2026, 2026-06 or 2026-06-30")
    year, month, day = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        raise ValueError(f"{written!r} is a day that no calendar has") from None
    return year, month, day


def _possible(written: str) -> str:
    if written:
        first_day(written)
    return written


def _whole(written: str) -> str:
    if written and len(written) != len("2026-06-30"):
        raise ValueError(f"{written!r} is no day: write 2026-06-30")
    return _possible(written)


Day = Annotated[str, AfterValidator(_possible)]
WholeDay = Annotated[str, AfterValidator(_whole)]
