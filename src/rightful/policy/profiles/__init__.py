"""Profiles: what stands in for the paper's exemptions under the law of one place; one file each, with its sources."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Literal

NAMES = ("seed", "cn_strict", "eu_art4", "uk_s29a", "jp_30_4", "research_eu3")
ProfileName = Literal["seed", "cn_strict", "eu_art4", "uk_s29a", "jp_30_4", "research_eu3"]
# How far somebody here has read what a legal statement rests on (legal.md): the text; a secondary source; neither.
CONFIDENCE = {
    "V": "the text was read",
    "S": "by a secondary source that was read",
    "M": "not read again here: look it up before relying on it",
}


@dataclass(frozen=True, slots=True)
class Authority:
    """What a legal statement rests on: title, date (ISO 8601, or a year), and how far it was read (`CONFIDENCE`)."""

    title: str
    date: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile.

    Attributes:
        id: its name in a policy.
        title, title_zh: what it is called.
        says, says_zh: what it applies.
        exemption: what becomes of what the paper exempts: `admit`, or `hold`.
        payment: the same of what the paper has paid for by scenario.
        basis: what an exemption rests on.
        basis_of_payment: what a payment by scenario rests on.
        held_because: the reason where it is held.
        research: whether a research organisation is exempt.
        research_basis: what that rests on.
        needs: `lawful_access` (of each record), `retention` (a date until which copies are kept).
        holds_on: declarations of a source that hold its records: `sold_for_analysis`.
        sources: what it rests on.
    """

    id: str
    title: str
    title_zh: str
    says: str
    says_zh: str
    exemption: Literal["admit", "hold"]
    payment: Literal["admit", "hold"]
    basis: str
    basis_of_payment: str
    held_because: str
    research: bool
    research_basis: str
    needs: tuple[str, ...]
    holds_on: tuple[str, ...]
    sources: tuple[Authority, ...]


@functools.cache
def profile(name: str) -> Profile:
    """Read a profile."""
    raw = tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    sources = tuple(Authority(**row) for row in raw.pop("sources"))
    optional = {"held_because": "", "research": False, "research_basis": "", "basis_of_payment": raw["basis"]}
    lists = {key: tuple(raw.pop(key, ())) for key in ("needs", "holds_on")}
    return Profile(**{**optional, **raw, **lists}, sources=sources)
