"""The table of licences (`licences.toml`), and the ways to look a row up: by id, by name, by address."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

KINDS = ("licence", "status", "reserved", "terms")

# What may stand between the words of a name. Anything else, a question mark say, makes it another text.
_BETWEEN = re.compile(r"[\s\-_,.;:/()\"'“”’‘&®™–—、，。・（）「」]+")
_WORD = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+|\+")
_LETTERS = re.compile(r"[^\W_]+")
_SUFFIXES = (".html", ".htm", ".txt", ".php", ".json", ".md", ".en")


@dataclass(frozen=True, slots=True)
class Licence:
    """One row of the table.

    Attributes:
        id: the Hub's where it has one, else the SPDX id in lower case.
        spdx: as it stands in an expression; `LicenseRef-…` where the SPDX list has none.
        conditions: `BY`, `COPYLEFT`, `NC`, `ND`, `SA`; sorted.
        irrevocable: its text says that it cannot be withdrawn.
        hub: its id on the Hugging Face Hub.
        kind: one of `KINDS`; the table says what each means.
        ambiguous: the name of several licences.
        urls: addresses of its text, without scheme.
        names: what people write.
    """

    id: str
    spdx: str
    conditions: tuple[str, ...]
    irrevocable: bool
    hub: str | None = None
    kind: str = "licence"
    ambiguous: bool = False
    urls: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class LicenceTable:
    """The whole table.

    Attributes:
        version: of the table.
        rows: by id.
        says_nothing: ids that stand for "nobody said which".
        deprecated: SPDX's former ids in lower case, and the expression that took their place.
        exceptions: ids of SPDX exceptions, by their lower case.
        cc_versions: versions of Creative Commons licences.
        cc_ports: jurisdictions by their part of the path, and their names as words.
        cc_spdx_ports: ported licences with an SPDX id of their own, by their lower case.
        cc_phrases: elements of Creative Commons licences by the words that stand for them, as `words` has them.
        cc_nothing: words of their names that say nothing.
        cc_names: what stands for `cc` and for `license` in names, by its words.
        mentions: words that say, in a text which is not understood, that it is not for commercial use.
    """

    version: str
    rows: dict[str, Licence]
    says_nothing: frozenset[str]
    deprecated: dict[str, str]
    exceptions: dict[str, str]
    cc_versions: frozenset[str]
    cc_ports: dict[str, str]
    cc_spdx_ports: dict[str, str]
    cc_phrases: dict[tuple[str, ...], str]
    cc_nothing: frozenset[str]
    cc_names: dict[str, str]
    mentions: tuple[str, ...]

    @cached_property
    def by_spdx(self) -> dict[str, Licence]:
        """Rows by what stands for them in an expression, lower-case."""
        return {row.spdx.lower(): row for row in self.rows.values()}

    @cached_property
    def by_hub(self) -> dict[str, Licence]:
        """Rows by their own id and the Hub's, lower-case."""
        return {spelling.lower(): row for row in self.rows.values() for spelling in (row.id, row.hub or row.id)}

    @cached_property
    def by_name(self) -> dict[str, Licence]:
        """Rows by every name, ids among them, as `words` has it."""
        spelled = ((name, row) for row in self.rows.values() for name in (row.id, row.spdx, *row.names))
        return {words(name) or name.casefold(): row for name, row in spelled}

    @cached_property
    def by_address(self) -> dict[str, Licence]:
        """Rows by address, as `address` has it."""
        return {address(url): row for row in self.rows.values() for url in row.urls}

    @cached_property
    def by_letters(self) -> dict[str, Licence]:
        """Rows by the letters and digits of their ids: in addresses, `gpl-3-0` is GPL-3.0."""
        spelled = ((name, row) for row in self.rows.values() for name in (row.spdx, row.id))
        return {letters(name): row for name, row in spelled}

    @cached_property
    def reserved_phrases(self) -> tuple[str, ...]:
        """What says that nothing is granted, as `words` has it."""
        return tuple(
            sorted({words(name) for row in self.rows.values() if row.kind == "reserved" for name in row.names})
        )


@functools.cache
def table() -> LicenceTable:
    """Read the table that ships with this version."""
    text = resources.files("rightful.signals.licence").joinpath("licences.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    rows = {key: _row(key, row) for key, row in raw["licence"].items()}
    commons = raw["creative_commons"]
    return LicenceTable(
        version=raw["version"],
        rows=rows,
        says_nothing=frozenset(raw["says_nothing"]),
        deprecated={old.lower(): new for old, new in raw["deprecated"].items()},
        exceptions={name.lower(): name for name in raw["exceptions"]["ids"]},
        cc_versions=frozenset(commons["versions"]),
        cc_ports={code: words(name) for code, name in commons["ports"].items()},
        cc_spdx_ports={name.lower(): name for name in commons["spdx_ports"]},
        cc_phrases={
            tuple(words(phrase).split()): element
            for element, phrases in commons["phrases"].items()
            if element != "nothing"
            for phrase in phrases
        },
        cc_nothing=frozenset(words(phrase) for phrase in commons["phrases"]["nothing"]),
        cc_names={words(name): plain for plain, names in commons["names"].items() for name in names},
        mentions=tuple(sorted(words(phrase) for phrase in raw["mentions"]["noncommercial"])),
    )


def _row(key: str, values: dict[str, Any]) -> Licence:
    listed = {name: tuple(values.get(name, ())) for name in ("conditions", "urls", "names")}
    return Licence(key, **{**values, **listed})


def words(text: str) -> str:
    """Bring a name to the words it is compared by; empty where there is more in it than words.

    `Version 2`, `v2.0` and `2` are `2.0`; `licence` is `license`; a leading `the` and a trailing `license` say nothing.
    """
    found: list[str] = []
    end = 0
    folded = text.casefold().strip()
    for match in _WORD.finditer(folded):
        between = folded[end : match.start()]
        if between and not _BETWEEN.fullmatch(between):
            return ""
        end = match.end()
        found.append(match.group())
    if folded[end:] and not _BETWEEN.fullmatch(folded[end:]):
        return ""
    return " ".join(_plain(found))


def _plain(found: list[str]) -> list[str]:
    plain: list[str] = []
    for at, word in enumerate(found):
        if word[0].isdecimal():
            plain.append(word if "." in word else f"{word}.0")
        elif word in {"v", "version"} and at + 1 < len(found) and found[at + 1][0].isdecimal():
            continue
        else:
            plain.append("license" if word == "licence" else word)
    if len(plain) > 1 and plain[0] == "the":
        del plain[0]
    if len(plain) > 1 and plain[-1] == "license":
        del plain[-1]
    return plain


def address(url: str) -> str:
    """Bring an address without scheme to what addresses are compared by: lower-case, no `www.`, no ending."""
    path = "/".join(part for part in url.lower().removeprefix("www.").split("/") if part)
    for suffix in _SUFFIXES:
        path = path.removesuffix(suffix)
    return path


def letters(text: str) -> str:
    """Give the letters, digits and plus signs of an id."""
    return re.sub(r"[^a-z0-9+]", "", text.lower())


def says(plain: str, phrase: str) -> bool:
    """Find a phrase among words; what is written without spaces is found inside of them."""
    return f" {phrase} " in f" {plain} " if " " in phrase or phrase.isascii() else phrase in plain


def letters_of(text: str) -> str:
    """Give the words of a text, whatever stands between them."""
    return " ".join(_LETTERS.findall(text.casefold()))
