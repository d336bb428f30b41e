"""One licence as somebody wrote it, brought to a row of the table: by id, by name, by address, or out of a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rightful.signals.licence import commons
from rightful.signals.licence.table import Licence, address, letters, table, words

if TYPE_CHECKING:
    from collections.abc import Iterator

# Enough of an address to compare: the host, and a path without query.
_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>\"'()\[\]{}|\\^`]+", re.IGNORECASE)
_ARCHIVE = re.compile(r"web\.archive\.org/web/\d{1,14}(?:[a-z]{2}_)?/(?:https?:)?/*(.*)", re.IGNORECASE)
# Sites that have a page for every licence, by its id.
_BY_ID = ("spdx.org/licenses/", "opensource.org/licenses/", "opensource.org/license/", "choosealicense.com/licenses/")
_COMMONS = "creativecommons.org/licenses/"
_AROUND = " \t\r\n.,;:()[]<>\"'"
_LETTERS = re.compile(r"[^\W_]+")
# Words around the name of a licence that change nothing about it.
_FILLERS = frozenset({
    *("this", "the", "a", "an", "is", "are", "was", "were", "under", "of", "terms", "available", "made"),
    *("work", "works", "article", "text", "content", "page", "website", "document"),
    *("license", "licensed", "released", "distributed", "published"),
})  # fmt: skip


class Named(NamedTuple):
    """A row, and whether that is all that was written: if not, nothing is granted."""

    licence: Licence
    whole: bool = True


def read_one(written: str, remarks: list[str]) -> Named | None:
    """Give the row that is meant, None where none is recognised; why it was hard to recognise goes into `remarks`."""
    text = " ".join(written.split())
    row = of_id(text, remarks) or _of_name(text)
    if row is None and _ADDRESS.fullmatch(text):
        row = of_address(text, remarks)
    found = Named(row) if row is not None else _of_sentence(text, remarks)
    if found is not None and found.licence.ambiguous:
        remarks.append("without-version")
    return found


def of_id(written: str, remarks: list[str]) -> Licence | None:
    """Give the row of an id: ours, the Hub's, SPDX's, or one that SPDX gave up."""
    key = written.strip().lower()
    rows = table()
    found = rows.by_hub.get(key) or rows.by_spdx.get(key) or commons.of_id(key)
    if found is not None:
        return found
    newer = rows.deprecated.get(key)
    if newer is None and key.endswith("+"):  # this version, or any later one
        return of_id(key[:-1], remarks)
    if newer is None:
        return None
    remarks.append("older-id")
    return rows.by_spdx.get(newer.lower().partition(" with ")[0])


def _of_name(written: str) -> Licence | None:
    plain = words(written)
    if not plain:
        return table().by_name.get(written.casefold().strip(_AROUND))
    return table().by_name.get(plain) or commons.of_words(plain)


def of_address(url: str, remarks: list[str]) -> Licence | None:
    """Give the row at an address, with a scheme or beginning with `//`; None where there is none."""
    bare = re.sub(r"^(?:https?:)?//", "", url.strip(), flags=re.IGNORECASE)
    archived = _ARCHIVE.match(bare)
    if archived:
        remarks.append("archived")
        bare = archived[1]
    place = address(re.split(r"[?#]", bare, maxsplit=1)[0])
    found = table().by_address.get(place) or table().by_address.get(commons.without_form(place))
    if found is not None:
        return found
    if place.startswith(_COMMONS):
        return commons.at_path(place.removeprefix(_COMMONS).split("/"))
    for prefix in _BY_ID:
        if place.startswith(prefix):
            name = place.removeprefix(prefix)
            return of_id(name, remarks) or table().by_letters.get(letters(name))
    return None


def _of_sentence(text: str, remarks: list[str]) -> Named | None:
    """Give what a sentence says: that all rights are reserved, or the one licence that it names.

    Where there is more in it than is understood ("... but not for training"), what the licence asks for counts, and
    nothing is granted.
    """
    plain = " ".join(_LETTERS.findall(text.casefold()))
    named = {row.id: row for row in _at_addresses(text, remarks)}
    if any(_says(plain, phrase) for phrase in table().reserved_phrases):
        if named:
            remarks.append("contradictory")
        return Named(table().rows["all-rights-reserved"])
    rest = " ".join(word for word in words(_ADDRESS.sub(" ", text)).split() if word not in _FILLERS)
    by_name = _of_name(rest) if rest else None
    if by_name is not None and not named:
        return Named(by_name)
    if len(named) != 1:
        return None
    row = next(iter(named.values()))
    remarks.append("in-text")
    only = not _ADDRESS.sub("", text).strip(_AROUND) or (by_name is not None and by_name.conditions == row.conditions)
    return Named(row, whole=only)


def _says(plain: str, phrase: str) -> bool:
    """Find a phrase among words; what is written without spaces is found inside of them."""
    return f" {phrase} " in f" {plain} " if " " in phrase else phrase in plain


def _at_addresses(text: str, remarks: list[str]) -> Iterator[Licence]:
    for match in _ADDRESS.finditer(text):
        row = of_address(match[0].rstrip(_AROUND), remarks)
        if row is not None:
            yield row
