"""Licences as a policy knows them: those of the table, and four values that are none and still say something."""

from __future__ import annotations

from rightful.signals.licence import Choice, Terms, read_licence

NO_LICENCE = "none"
UNKNOWN_LICENCE = "unknown"
CUSTOM_ALLOW = "custom_allow"  # an alias leads here: somebody read the terms, and they permit the use
CUSTOM_DENY = "custom_deny"
_CUSTOM = frozenset({CUSTOM_ALLOW, CUSTOM_DENY})


def terms_of(licence: str) -> Terms:
    """Give what a licence asks for; nothing is known of the terms behind `custom_allow` and `custom_deny`.

    Args:
        licence: an id, as `licence_id` gives it.
    """
    return Terms((Choice(),)) if licence in _CUSTOM else read_licence(licence)


def licence_id(value: str | None, aliases: dict[str, str]) -> tuple[str, bool]:
    """Bring a licence as written to an id, and tell whether it is known.

    Args:
        value: what stands in a column, or in the policy; absent or empty is `none`.
        aliases: exact values, and what they are read as.

    Returns:
        An id of the table, an expression of ids, or one of the four values; of several licences those that are not
        known are `unknown` among the others, so that what the others forbid still counts.
    """
    text = aliases.get(value, value) if value is not None else ""
    custom = text.strip().lower()
    if custom in _CUSTOM:
        return custom, True
    terms = read_licence(text)
    return terms.id, not terms.unknown
