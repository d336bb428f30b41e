"""Creative Commons licences, whose names and addresses follow a rule: elements, version, jurisdiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.signals.licence.table import Licence, table

if TYPE_CHECKING:
    from collections.abc import Sequence

_ELEMENTS = ("by", "nc", "nd", "sa")
_LONGEST_PHRASE = 5  # words
_MOST_PARTS = 3  # elements, version, jurisdiction
_TEXTS = ("deed", "legalcode", "rdf")  # what may stand at the end of an address: another form of the same licence
_ONE_VERSION = {"2.1": {"au", "ca", "es", "jp"}}  # never was a licence of its own, only of these jurisdictions


def without_form(place: str) -> str:
    """Take the last part off an address where it names a form of the text (`deed.fr`, `legalcode`)."""
    rest, _, last = place.rpartition("/")
    return rest if last.partition(".")[0] in _TEXTS else place


def at_path(path: Sequence[str]) -> Licence | None:
    """Give the licence at a path of creativecommons.org/licenses, None where there is none.

    Args:
        path: its parts, lower-case: `by-nc`, `3.0`, `de`.
    """
    parts = [part for part in path if part.partition(".")[0] not in _TEXTS]
    if not parts or len(parts) > _MOST_PARTS:
        return None
    elements = parts[0].split("-")
    if len(set(elements)) != len(elements):
        return None
    return _licence(set(elements), parts[1] if len(parts) > 1 else "", _port(parts[2:]))


def of_id(written: str) -> Licence | None:
    """Give the licence of an id such as `CC-BY-NC-3.0-DE` or `cc-by`; None where it is none."""
    head, *rest = written.lower().split("-")
    elements: list[str] = []
    while rest and rest[0] in _ELEMENTS:
        elements.append(rest.pop(0))
    if head != "cc" or len(set(elements)) != len(elements):
        return None
    version = rest.pop(0) if rest and rest[0][:1].isdecimal() else ""
    return _licence(set(elements), version, _port(rest))


def of_words(words: str) -> Licence | None:
    """Give the licence of a name in words (`table.words`), None where a word is left over or two parts disagree.

    A name may say it twice: `Attribution 4.0 International (CC BY 4.0)`.
    """
    for name, plain in table().cc_names.items():
        words = words.replace(name, f" {plain} ")
    for phrase in table().cc_nothing:
        words = f" {words} ".replace(f" {phrase} ", " international ")
    parts: list[list[str]] = [[]]
    named = False
    for word in words.split():
        if word == "cc":
            named = True
            if parts[-1]:
                parts.append([])
        elif word != "license":
            parts[-1].extend(_apart(word))
    found = {_of_part(part) for part in parts}
    licence = found.pop() if len(found) == 1 else None
    # Elements alone, or one with a version, are words like any other: other licences ask for "attribution" too.
    several = licence is not None and len(licence.conditions) > 1 and not licence.ambiguous
    sure = named or "international" in parts[0] or several
    return licence if sure else None


def _apart(word: str) -> list[str]:
    """Take a word apart that is several phrases in a script without spaces; others are left as they are."""
    if word.isascii():
        return [word]
    found: list[str] = []
    rest = word
    while rest:
        known = (p[0] for p in table().cc_phrases if len(p) == 1 and not p[0].isascii() and rest.startswith(p[0]))
        phrase = max(known, key=len, default="")
        if not phrase and any(rest == said for said in table().cc_nothing):
            phrase = rest
        if not phrase:
            return [word]
        found.append(phrase)
        rest = rest.removeprefix(phrase)
    return found


def _of_part(words: list[str]) -> Licence | None:
    elements: list[str] = []
    at = 0
    while at < len(words):
        for length in range(_LONGEST_PHRASE, 0, -1):
            element = table().cc_phrases.get(tuple(words[at : at + length]))
            if element:
                break
        else:
            break
        elements.append(element)
        at += length
    rest = words[at:]
    version = rest.pop(0) if rest and rest[0][:1].isdecimal() else ""
    rest = [word for word in rest if word not in {"international", *table().cc_nothing}]
    if rest and not version and rest[-1][:1].isdecimal():  # Attribution Germany 3.0
        version = rest.pop()
    if not elements or len(set(elements)) != len(elements):
        return None
    return _licence(set(elements), version, _port([" ".join(rest)] if rest else []))


def _port(rest: Sequence[str]) -> str | None:
    """Give the code of a jurisdiction; empty for none, None for one there is not."""
    if not rest:
        return ""
    named = rest[0]
    ports = table().cc_ports
    if len(rest) > 1:
        return None
    return named if named in ports else next((code for code, name in ports.items() if name == named), None)


def _licence(elements: set[str], version: str, port: str | None) -> Licence | None:
    commons = table()
    known_version = not version or version in commons.cc_versions
    if port is None or not known_version or not elements <= set(_ELEMENTS) or not elements:
        return None
    if {"nd", "sa"} <= elements or (version == "4.0" and (port or "by" not in elements)):
        return None  # there are none
    if port not in _ONE_VERSION.get(version, {port}):
        return None
    key = "-".join(["cc", *(element for element in _ELEMENTS if element in elements)])
    base = f"{key}-{version}" if version else key
    row = commons.rows.get(base)
    if row is not None and not port:
        return row
    ported = f"{base}-{port}" if port else base
    spdx = commons.cc_spdx_ports.get(ported, f"LicenseRef-{ported.upper()}")
    conditions = tuple(sorted(element.upper() for element in elements))
    return Licence(ported, spdx, conditions, irrevocable=True, ambiguous=not version)
