"""One licence as somebody wrote it, brought to a row of the table: by id, by name, by address, or out of a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rightful.signals.licence import commons
from rightful.signals.licence.table import Licence, address, letters, letters_of, says, table, words

if TYPE_CHECKING:
    from collections.abc import Iterator

# Enough of an address to compare: the host, and a path without query. A host alone is none without a scheme.
_ADDRESS = re.compile(
    r"(?:(?:https?:)?//|(?<![\w.@/-])(?=[\w-]+\.)(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}/)[^\s<>\"'()\[\]{}|\\^`]+",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(r"web\.archive\.org/web/\d{1,14}(?:[a-z]{2}_)?/(?:https?:)?/*(.*)", re.IGNORECASE)
# Sites that have a page for every licence, by its id.
_BY_ID = ("spdx.org/licenses/", "opensource.org/licenses/", "opensource.org/license/", "choosealicense.com/licenses/")
_COMMONS = "creativecommons.org/licenses/"
_AROUND = " \t\r\n.,;:()[]<>\"'"
# Words around the name of a licence that change nothing about it.
_FILLERS = frozenset({
    *("this", "the", "a", "an", "is", "are", "was", "were", "under", "of", "terms", "available", "made"),
    *("work", "works", "article", "text", "content", "page", "website", "document"),
    *("license", "licensed", "released", "distributed", "published"),
})  # fmt: skip


class Named(NamedTuple):
    """Rows that apply together, and whether they are all that was written: if not, nothing is granted."""

    licences: tuple[Licence, ...]
    whole: bool = True


def read_one(written: str, remarks: list[str]) -> Named | None:
    """Give the rows that are meant, None where none is recognised; why it was hard goes into `remarks`."""
    text = " ".join(written.split())
    row = of_id(text, remarks) or _of_name(text)
    if row is None and _ADDRESS.fullmatch(text):
        row = of_address(text, remarks)
    found = Named((row,)) if row is not None else _of_sentence(text, remarks)
    if found is not None and any(licence.ambiguous for licence in found.licences):
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
    if newer is None and key.endswith("+") and not key.endswith("++"):  # this version, or any later one
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
    """Give the row at an address, with a scheme or without; None where there is none."""
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
    """Give what a sentence says: that all rights are reserved, and the licences that it names.

    Where there is more in it than is understood ("... but not for training"; an address that is nobody's), what the
    licences ask for counts, and nothing is granted.
    """
    plain = letters_of(text)
    named = {row.id: row for row in _at_addresses(text, remarks)}
    rest = " ".join(word for word in words(_ADDRESS.sub(" ", text)).split() if word not in _FILLERS)
    by_name = _of_name(rest) if rest else None
    if any(says(plain, phrase) for phrase in table().reserved_phrases):
        if named:
            remarks.append("contradictory")
        named["all-rights-reserved"] = table().rows["all-rights-reserved"]
        return Named(tuple(named[key] for key in sorted(named)))
    if not named and by_name is not None:
        return Named((by_name,), whole=_ADDRESS.search(text) is None)
    if not named:
        return None
    remarks.append("in-text")
    if len(named) > 1:
        return Named(tuple(named[key] for key in sorted(named)), whole=False)
    row = next(iter(named.values()))
    alone = not _ADDRESS.sub("", text).strip(_AROUND) or (by_name is not None and by_name.conditions == row.conditions)
    return Named((row,), whole=alone and all(_is_of(match[0], row) for match in _ADDRESS.finditer(text)))


def _is_of(url: str, row: Licence) -> bool:
    return of_address(url.rstrip(_AROUND), []) == row


def _at_addresses(text: str, remarks: list[str]) -> Iterator[Licence]:
    for match in _ADDRESS.finditer(text):
        row = of_address(match[0].rstrip(_AROUND), remarks)
        if row is not None:
            yield row
