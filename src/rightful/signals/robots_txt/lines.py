"""Lines of a robots.txt: what each says, and which leniency was needed to read it.

The grammar is RFC 9309 2.2; what is tolerated beyond it is what Google's parser tolerates, because that is
what site owners test against. Every tolerance has a name in `LENIENCY`, so that a verdict that hangs on one
can be counted, and a stricter reader can see which.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from enum import Enum

# RFC 9309 2.5: a parsing limit MUST be at least 500 kibibytes.
PARSE_LIMIT_OCTETS = 500 * 1024
# Google's limit for one line (eight times the longest URL it fetches); what follows on the line is not read.
LINE_LIMIT_OCTETS = 2083 * 8 - 1

LENIENCY = {
    "byte-order-mark": "a byte order mark, whole or broken, before the first line was skipped",
    "comma-list": "a user-agent line names several tokens separated by commas; all of them were taken",
    "directive-spelling": "a misspelt or longer field name was read as the directive it begins like",
    "long-line": "a line over 16,663 octets was read up to there",
    "merged-over-record": "a group without rules, but with another record in it, was joined with the next group",
    "missing-colon": "a field and value without a colon between them were read as if it stood there",
    "rule-before-group": "a rule before the first user-agent line applies to nobody and was left out",
    "pattern-without-slash": "a path pattern that begins with neither / nor * can match nothing",
    "token-cut": "a user-agent value was cut at its version, wildcard or second word",
    "utf-16": "the file is not UTF-8, as it must be (2.2), but UTF-16; it was read as that",
    "truncated": "the file is longer than 500 KiB; the rest was not read",
}

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"

_USER_AGENT = ("user-agent", "useragent", "user agent")
_DISALLOW = ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw")
_ALLOW = ("allow",)
# Records of other protocols, as people write them.
RECORD_SPELLINGS = {
    "content-signals": "content-signal",
    "contentsignal": "content-signal",
    "contentsignals": "content-signal",
    "content-usages": "content-usage",
    "contentusage": "content-usage",
    "licence": "license",
}


class Field(Enum):
    """What a line is for."""

    USER_AGENT = "user-agent"
    ALLOW = "allow"
    DISALLOW = "disallow"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Line:
    """One record as written.

    Attributes:
        number: 1-based line number.
        field: what it is for.
        name: the field name as written, lower-case.
        value: the value, comment and white space removed; one character per octet (Latin-1).
        leniency: names from `LENIENCY` that reading it needed.
    """

    number: int
    field: Field
    name: str
    value: str
    leniency: tuple[str, ...] = ()


def split_lines(body: bytes) -> tuple[list[bytes], set[str]]:
    """Cut a body into lines at CR, LF or CRLF, after the byte order mark and before the size limit."""
    leniency: set[str] = set()
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        leniency.add("utf-16")
        body = body[: 2 * PARSE_LIMIT_OCTETS].decode("utf-16", "replace").encode()
    if len(body) > PARSE_LIMIT_OCTETS:
        leniency.add("truncated")
        body = body[:PARSE_LIMIT_OCTETS]
        # A rule cut in half is another rule: drop what follows the last line end.
        cut = max(body.rfind(b"\n"), body.rfind(b"\r"))
        body = body[: cut + 1]
    mark = next((n for n in (3, 2, 1) if body[:n] == _BOM[:n]), 0)
    if mark:
        leniency.add("byte-order-mark")
        body = body[mark:]
    return _LINE_END.split(body), leniency


def read_line(number: int, octets: bytes) -> Line | None:
    """Read one line; None where it holds no record."""
    leniency: list[str] = []
    if len(octets) > LINE_LIMIT_OCTETS:
        octets = octets[:LINE_LIMIT_OCTETS]
        leniency.append("long-line")
    text = octets.partition(b"#")[0].decode("latin-1").strip(" \t\n\v\f\r")
    if not text:
        return None
    name, colon, value = text.partition(":")
    if not colon:
        words = text.split()
        if len(words) != 2:  # noqa: PLR2004 - a field and its value; more words are prose
            return None
        name, value = words
        leniency.append("missing-colon")
    name = name.strip().lower()
    field, exact = _recognise(name)
    if field is Field.OTHER and not colon:
        return None
    if not exact and field is not Field.OTHER:
        leniency.append("directive-spelling")
    return Line(number, field, name, value.strip(), tuple(leniency))


def _recognise(name: str) -> tuple[Field, bool]:
    for field, spellings in (
        (Field.USER_AGENT, _USER_AGENT),
        (Field.ALLOW, _ALLOW),
        (Field.DISALLOW, _DISALLOW),
    ):
        if name.startswith(spellings):
            return field, name == spellings[0]
    return Field.OTHER, True


_CUT = re.compile(r"[/*;\s\x80-\xff]")  # octets, one character each


def tokens_of(value: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Give the product tokens a user-agent line names, lower-case, and the leniency it took.

    A value counts whole (`kangaroo bot`, `brightbot 1.0`) and cut at its first `/`, `*`, `;`, white space or
    octet outside ASCII (`gptbot/1.0`, `gptbot*`). It is not cut at digits, as Google does: that would make `AI2Bot`
    into `AI`.
    """
    tokens: set[str] = set()
    leniency: list[str] = []
    parts = [part.strip() for part in value.lower().split(",")]
    if len(parts) > 1:
        leniency.append("comma-list")
    for part in parts:
        if part == "*" or (part[:1] == "*" and part[1:2].isspace()):
            tokens.add("*")
            continue
        cut = _CUT.split(part, maxsplit=1)[0]
        if cut != part:
            leniency.append("token-cut")
        tokens.update(t for t in (part, cut) if t)
    return frozenset(tokens), tuple(dict.fromkeys(leniency))
