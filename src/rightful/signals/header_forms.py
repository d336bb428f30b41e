"""Headers of a response in every form that crawlers, archives and datasets keep them in, as names and values.

Datasets have no standard for them: a block as it came over the wire, JSON, a map, pairs, objects with a name and a
value, lines in a list, two lists side by side. What is in none of these forms may be a refusal, and is `UNREAD`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNREAD = "unread"  # names what was there, and could not be read
_WHOLE = (UNREAD, "http_headers")

# What a header that states something cannot be written without, whatever the form.
STATING = r"x[-_]robots[-_]tag|tdm[-_:]|content[-_]usage|content[-_]signal|crawler[-_]|payment[-_]required|rsl\+xml"
_STATES = re.compile(STATING, re.IGNORECASE).search
_STATUS_LINE = re.compile(r"HTTP/\d", re.IGNORECASE).match
_LINE_END = re.compile(r"\r\n|\n|\r")
_FOLD = re.compile(r"(?:\r\n|\n|\r)[ \t]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch  # RFC 9110 5.6.2
_NAMES, _VALUES = ("name", "key", "header", "field"), ("value", "values")
_INSIDE = ("headers", "response_headers", "http_headers")  # HAR, and who copies it
_DEEPEST = 6
_LONGEST = 512 * 1024  # characters of text; servers send a hundredth of that
NAMES_OF_FORMS = frozenset((*_NAMES, *_VALUES, *_INSIDE))
"""Keys of objects that hold headers, and are none themselves."""


def unfolded(head: str) -> list[str]:
    """Split the head of a message into lines; one that begins with white space belongs to the one before it.

    RFC 9112 5.2 gives the recipient the choice to join them; a server that folds a refusal still refuses.
    """
    return _LINE_END.split(_FOLD.sub(" ", head))


def header_pairs(written: object) -> list[tuple[str, str]]:
    """Give names and values of headers, however they were kept.

    Args:
        written: text of `Name: value` lines, with status line or without; JSON, also twice encoded; a map, of texts or
            of lists of them; a list of lines, of pairs, of maps, or of names and values in turn; objects with `name`
            (`key`, `header`) and `value`; two lists under such names; what HAR calls `headers`. Octets are text, too.

    Returns:
        As many pairs as there are values, names as written but for underscores, which stand for hyphens. What may be a
        refusal and is in none of these forms is a pair whose name is `UNREAD`.
    """
    return list(_pairs(written, 0))


def _pairs(written: object, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        yield _WHOLE
    elif isinstance(written, bytes | str):
        yield from _of_text(written, depth)
    elif isinstance(written, Mapping):
        yield from _of_map({_text(name).strip(): value for name, value in written.items()}, depth)
    elif isinstance(written, list | tuple):
        yield from _of_list(written, depth)
    elif written is not None and _may_state(written):
        yield _WHOLE


def _of_text(written: str | bytes, depth: int) -> Iterator[tuple[str, str]]:
    text = _text(written).removeprefix("\ufeff").removeprefix(codecs.BOM_UTF8.decode("latin-1")).strip()
    if len(text) > _LONGEST:
        if _may_state(text) or "\\u" in text:  # which in JSON may be any letter
            yield _WHOLE
        return
    if text[:1] in {"{", "[", '"'}:
        try:
            value = json.loads(written.strip() if isinstance(written, bytes) else text)
        except (ValueError, RecursionError):
            yield _WHOLE
            return
        yield from _pairs(value, depth + 1)
        return
    for line in unfolded(text):
        name, colon, value = line.partition(":")
        if _STATUS_LINE(line):
            continue
        if colon and _TOKEN(name.strip()):
            yield _plain(name), value.strip()
        elif _may_state(line):
            yield _WHOLE


def _of_map(given: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    lower = {name.lower(): value for name, value in given.items()}
    name = next((lower[key] for key in _NAMES if key in lower), None)
    value_key = next((key for key in _VALUES if key in lower), None)
    if name is not None and value_key is not None:
        yield from _side_by_side(name, lower[value_key])
        return
    inside = [
        value for key, value in lower.items() if key in _INSIDE and isinstance(value, Mapping | list | tuple | str)
    ]
    for value in inside:
        yield from _pairs(value, depth + 1)
    for key, value in given.items():
        if not (inside and key.lower() in _INSIDE):
            yield from _valued(key, value)


def _side_by_side(name: Any, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(name, list | tuple):
        yield from _valued(_text(name), value)
        return
    values = value if isinstance(value, list | tuple) else [value]
    if len(name) != len(values):
        yield _WHOLE
    for one, said in zip(name, values, strict=False):
        yield from _valued(_text(one), said)


def _of_list(items: Sequence[Any], depth: int) -> Iterator[tuple[str, str]]:
    texts = [_text(item) for item in items if isinstance(item, str | bytes)]
    in_turn = texts[::2] if len(texts) == len(items) and len(texts) % 2 == 0 else []
    if in_turn and all(_TOKEN(name.strip()) for name in in_turn) and not texts[0].lstrip().startswith('"'):
        yield from ((_plain(name), value.strip()) for name, value in zip(in_turn, texts[1::2], strict=True))
        return
    for item in items:
        if isinstance(item, list | tuple) and len(item) == 2 and _is_name(item[0]):  # noqa: PLR2004 - a name and a value
            yield from _valued(_text(item[0]), item[1])
        else:
            yield from _pairs(item, depth + 1)


def _is_name(value: object) -> bool:
    return isinstance(value, str | bytes) and _TOKEN(_text(value).strip()) is not None


def _may_state(value: object) -> bool:
    try:
        return _STATES(str(value)) is not None
    except RecursionError:  # nobody writes headers so deep; nobody knows what is in there
        return True


def _plain(name: str) -> str:
    return name.strip().rstrip(":").replace("_", "-")


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)  # RFC 9110 5.5: a character is an octet


def _valued(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give a name with each of its values; what is no text, number or list of such is none."""
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, Mapping | list | tuple):
            if _may_state(name) or _may_state(one):
                yield _WHOLE
        elif one is not None and one not in {"", b""}:
            yield _plain(name), _text(one).strip()
