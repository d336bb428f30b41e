"""Times, as the many ways people write them come down to one: aware, UTC."""

from __future__ import annotations

from datetime import UTC, datetime

_FORMATS = ("%Y", "%Y-%m", "%Y%m%d", "%Y%m%d%H%M%S", "%a, %d %b %Y %H:%M:%S GMT")


def parse_time(value: object) -> datetime | None:
    """Read a time; dates and years count from their beginning, times without a zone are UTC.

    Raises:
        ValueError: the value is there and is no time.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    text = str(value).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for form in _FORMATS:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is set below
            except ValueError:
                continue
            break
        else:
            raise
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
