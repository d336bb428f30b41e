"""The table of AI product tokens: whose they are and what they are for (`product_tokens.toml`)."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

PURPOSES = ("training", "control-only", "search", "user-fetch", "assistant", "unclear")


@dataclass(frozen=True, slots=True)
class ProductToken:
    """One row of the table.

    Attributes:
        token: as the operator writes it; compared without case.
        operator: who runs the crawler, `unknown` where nobody says.
        purpose: one of `PURPOSES`.
        source: key of the table's `sources`.
    """

    token: str
    operator: str
    purpose: str
    source: str


@dataclass(frozen=True)
class TokenTable:
    """The whole table with its version, which the policy's digest covers through the tokens it yields."""

    version: str
    sources: dict[str, str]
    tokens: tuple[ProductToken, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """Every token, lower-case."""
        return frozenset(row.token.lower() for row in self.tokens)

    def with_purposes(self, purposes: tuple[str, ...]) -> tuple[str, ...]:
        """List the tokens of these purposes, lower-case and sorted."""
        return tuple(sorted({t.token.lower() for t in self.tokens if t.purpose in purposes}))


@functools.cache
def token_table() -> TokenTable:
    """Read the table that ships with this version."""
    text = resources.files("rightful.signals").joinpath("product_tokens.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    return TokenTable(raw["version"], raw["sources"], tuple(ProductToken(**row) for row in raw["token"]))
