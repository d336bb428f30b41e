"""The table of licences (`licences.toml`): what each asks for, and its name on the Hub."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

# Values that are no licence of the table and still say something definite.
NO_LICENCE = "none"
UNKNOWN_LICENCE = "unknown"
CUSTOM_ALLOW = "custom_allow"
CUSTOM_DENY = "custom_deny"
SPECIAL = frozenset({NO_LICENCE, UNKNOWN_LICENCE, CUSTOM_ALLOW, CUSTOM_DENY})


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence: its id, SPDX id, conditions (`BY`, `SA`, `NC`, `ND`, `COPYLEFT`) and Hub id."""

    id: str
    spdx: str
    conditions: tuple[str, ...]
    irrevocable: bool
    hub: str | None = None


@functools.cache
def licence_table() -> dict[str, Licence]:
    """Read the table that ships with this version, by id."""
    text = resources.files("rightful.policy").joinpath("licences.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["licence"]
    return {
        key: Licence(key, row["spdx"], tuple(row["conditions"]), row["irrevocable"], row.get("hub"))
        for key, row in rows.items()
    }


@functools.cache
def _by_spelling() -> dict[str, str]:
    table = licence_table()
    return {spelling.lower(): key for key, row in table.items() for spelling in (key, row.spdx, row.hub or key)}


def licence_id(value: str | None, aliases: dict[str, str]) -> str | None:
    """Bring a licence as written into an id of the table or a special value; None where it is neither.

    An absent or empty value is `none`. Aliases are compared exactly, ids and SPDX ids without case.
    """
    if value is None or not value.strip():
        return NO_LICENCE
    text = aliases.get(value, value).strip().lower()
    return text if text in SPECIAL else _by_spelling().get(text)
