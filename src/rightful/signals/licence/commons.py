"""Creative Commons licences, whose names and addresses follow a rule: elements, version, jurisdiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.signals.licence.table import Licence, table

if TYPE_CHECKING:
    from collections.abc import Sequence

_ELEMENTS = ("by", "nc", "nd", "sa")
_PHRASES = {
    ("by",): "by",
    ("attribution",): "by",
    ("nc",): "nc",
    ("noncommercial",): "nc",
    ("non", "commercial"): "nc",
    ("nd",): "nd",
    ("noderivs",): "nd",
    ("noderivatives",): "nd",
    ("noderivative",): "nd",
    ("no", "derivs"): "nd",
    ("no", "derivatives"): "nd",
    ("no", "derivative", "works"): "nd",
    ("sa",): "sa",
    ("sharealike",): "sa",
    ("share", "alike"): "sa",
}
_UNPORTED = {"unported", "international", "generic"}
_LONGEST_PHRASE = 3
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
    parts: list[list[str]] = [[]]
    named = False
    for word in words.replace("creative commons", "cc").split():
        if word == "cc":
            named = True
            if parts[-1]:
                parts.append([])
        elif word != "license":
            parts[-1].append(word)
    if not named and not _UNPORTED.intersection(parts[0]):
        return None
    found = {_of_part(part) for part in parts}
    return found.pop() if len(found) == 1 else None


def _of_part(words: list[str]) -> Licence | None:
    elements: list[str] = []
    at = 0
    while at < len(words):
        for length in range(_LONGEST_PHRASE, 0, -1):
            element = _PHRASES.get(tuple(words[at : at + length]))
            if element:
                break
        else:
            break
        elements.append(element)
        at += length
    rest = words[at:]
    version = rest.pop(0) if rest and rest[0][:1].isdecimal() else ""
    rest = [word for word in rest if word not in _UNPORTED]
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
