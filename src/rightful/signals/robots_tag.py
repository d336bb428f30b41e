"""X-Robots-Tag headers and meta robots: the noai family, and what search engines' words say of AI.

No one specification: Google's robots meta documentation for the grammar, DeviantArt's `noai` and `noimageai` (2022),
noml.info, and Bing's reading of `noarchive` and `nocache` (2023).

- Words are separated by commas and have no case. In a header, `bot:` narrows what follows until the next `bot:`.
- What is said to all and what is said to one bot add up; the more restrictive stands.
- Nothing here permits: `all` and `index` lift a restriction on search, and say nothing of AI.
- Each header value is one field line. Lines joined by a comma leave a narrowed scope open over the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PROTOCOL = "robots-tag"
VERSION = "vendors' words, 2026-11"
REMARKS = {
    "images-only": "the word is about images: it says nothing of text",
    "search-word": "a word for search engines: evidence, and no statement about AI unless the policy says so",
    "bing-word": "Bing reads the word as one about training: evidence, and no statement unless the policy says so",
    "other-bot": "it is said to a bot that does not count here",
    "spelling": "the word is written without hyphens; it is honoured",
    "no-comma": "words are separated by commas; each was read by itself",
    "value-after-word": "the word takes no value; it counts whatever the value is",
    "bad-value": "max-snippet takes a whole number; this one states nothing",
    "prefix-in-meta": "a meta element names its bot by its name; the words count for that name",
    "unknown-word": "no vendor documents the word: it states nothing",
    "too-long": "all values together are longer than 64 KiB: the rest was not read, and may be a refusal",
}

HEADER = "X-Robots-Tag"
LIMIT_CHARACTERS = 64 * 1024  # of all values together

# Every word a vendor documents, and what kind it is; `silent` says nothing of AI.
_Kind = Literal["ai", "ml", "image-ai", "snippet", "noarchive", "nocache", "search", "silent"]
WORDS: dict[str, _Kind] = {
    "noai": "ai",
    "noimageai": "image-ai",
    "noml": "ml",
    "nosnippet": "snippet",
    "noarchive": "noarchive",
    "nocache": "nocache",
    "noindex": "search",
    "none": "search",
    "noimageindex": "search",
    **dict.fromkeys(
        ("all", "index", "follow", "nofollow", "archive", "cache", "snippet", "imageindex", "translate"), "silent"
    ),
    **dict.fromkeys(("notranslate", "nositelinkssearchbox", "indexifembedded", "nopagereadaloud"), "silent"),
    **dict.fromkeys(("odp", "noodp", "ydir", "noydir", "noyaca", "nopreview"), "silent"),
}
# What a word says where it says anything: the preference, of which usages, under which conditions.
_BOTH = (Usage.TRAIN, Usage.INPUT)
_SAYS: dict[_Kind, tuple[Preference, tuple[Usage, ...], tuple[str, ...]]] = {
    "ai": (Preference.DENY, _BOTH, ()),
    "image-ai": (Preference.DENY, _BOTH, ()),
    "ml": (Preference.DENY, (Usage.TRAIN,), ()),
    "snippet": (Preference.DENY, (Usage.INPUT,), ()),
    "noarchive": (Preference.DENY, (Usage.TRAIN,), ()),
    "nocache": (Preference.CONDITIONAL, (Usage.TRAIN,), ("title-url-snippet-only",)),
    # Who takes "may not be found" for a refusal takes it for one of everything.
    "search": (Preference.DENY, (*_BOTH, Usage.SEARCH), ()),
}
_NOTHING: tuple[Preference, tuple[Usage, ...], tuple[str, ...]] = (Preference.UNKNOWN, (), ())
_INSTEAD: dict[_Kind, str] = {
    "image-ai": "images-only",
    "search": "search-word",
    "noarchive": "bing-word",
    "nocache": "bing-word",
}
_HYPHENLESS = {"noai", "noimageai", "noml"}
_DATED = {"unavailable_after", "unavailable-after"}
_LIMITS = {"max-snippet", "max-image-preview", "max-video-preview"}
_EVERYBODY = {"", "*", "robots", HEADER.lower()}
_LONGEST_NAME = 100

# A full-width comma is what a Chinese keyboard types.
_SEPARATORS = re.compile("[,;\uff0c]")
_NAME_ENDS = re.compile("([:=])")
_NUMBER = re.compile(r"[+-]?[0-9]+").fullmatch
_ZERO = re.compile(r"[+-]?0+").fullmatch
# What follows the comma of a date: `25 Jun 2010 15:00:00 PST`, `13-Dec-25 18:30:00 GMT`, `2010`.
_REST_OF_DATE = re.compile(r"(?=[0-9]).*?(?:[0-9]:[0-9]|\b[0-9]{4}\b|-[A-Za-z]{3}-)", re.DOTALL).match
_SCOPE_END = re.compile(r"[/*;\s]")


@dataclass(frozen=True, slots=True)
class _Directive:
    """One word as found.

    Attributes:
        scope: whom it is said to, lower-case; empty for everybody.
        word: lower-case, in the table's spelling where it has one.
        value: of `max-snippet` alone.
        text: as written.
        codes: what is odd about it.
    """

    scope: str
    word: str
    value: str
    text: str
    codes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Said:
    """What has been read so far, and what the policy counts: `stated` holds the kinds of words that state something."""

    bots: frozenset[str]
    stated: frozenset[_Kind]
    statements: dict[Statement, None] = field(default_factory=dict)
    remarks: dict[Remark, None] = field(default_factory=dict)
    left: int = LIMIT_CHARACTERS

    @classmethod
    def under(cls, bots: Sequence[str], media: str, bing_words: str, search_words: str) -> _Said:
        stated: set[_Kind] = {"ai", "ml", "snippet"}
        if media == "image":
            stated.add("image-ai")
        if bing_words == "honour":
            stated |= {"noarchive", "nocache"}
        if search_words == "deny":
            stated.add("search")
        return cls(frozenset(bot.strip().lower() for bot in bots), frozenset(stated))

    def read(self, value: str, scope: str, where: str, *, prefixes: bool) -> bool:
        """Read one more value, as far as values are read; tell whether another one is."""
        self._add(_directives(value[: self.left], scope, prefixes=prefixes), where)
        self.left -= len(value) + 1
        if self.left < 0:
            unread = (Statement(PROTOCOL, use, Preference.ERROR, VERSION, where) for use in (*_BOTH, Usage.SEARCH))
            self.statements.update(dict.fromkeys(unread))
            self.remarks[Remark("too-long", where)] = None
        return self.left >= 0

    def _add(self, directives: Iterable[_Directive], where: str) -> None:
        for directive in directives:
            codes, kind = list(directive.codes), _kind(directive)
            preference, says, conditions = _NOTHING
            if kind is None:
                codes.append("bad-value" if directive.word in _LIMITS else "unknown-word")
            elif kind != "silent" and not self._counts(directive.scope):
                codes.append("other-bot")
            elif kind in self.stated:
                preference, says, conditions = _SAYS[kind]
            elif kind in _INSTEAD:
                codes.append(_INSTEAD[kind])
            text = shown(directive.text[:1000])
            self.remarks.update(dict.fromkeys(Remark(code, where, text) for code in codes))
            self.statements.update(
                dict.fromkeys(Statement(PROTOCOL, use, preference, VERSION, where, text, conditions) for use in says)
            )

    def _counts(self, scope: str) -> bool:
        """Compare a name whole, then without version and what follows, as robots.txt is read."""
        return scope in _EVERYBODY or scope in self.bots or _SCOPE_END.split(scope, maxsplit=1)[0] in self.bots

    def reading(self) -> Reading:
        return Reading(tuple(self.statements), tuple(self.remarks))


def _kind(directive: _Directive) -> _Kind | None:
    """Give what kind of word it is; None where nobody documents it, or its value."""
    if directive.word == "max-snippet":
        if not _NUMBER(directive.value):
            return None
        return "snippet" if _ZERO(directive.value) else "silent"
    return "silent" if directive.word in _LIMITS else WORDS.get(directive.word)


def in_headers(
    values: Sequence[str],
    bots: Sequence[str] = (),
    *,
    media: Literal["text", "image"] = "text",
    bing_words: Literal["honour", "evidence"] = "evidence",
    search_words: Literal["evidence", "deny"] = "evidence",
) -> Reading:
    """Read the values of all X-Robots-Tag fields, one each.

    Args:
        values: as received, not joined.
        bots: product tokens that count, besides everybody.
        media: what the record is. `noimageai` says nothing of text.
        bing_words: whether `noarchive` and `nocache` state what Bing (and Amazonbot, of the first) reads in them.
        search_words: whether `noindex`, `none` and `noimageindex` refuse AI, as img2dataset has it, or nothing.
    """
    said = _Said.under(bots, media, bing_words, search_words)
    for value in values:
        if not said.read(value, "", HEADER, prefixes=True):
            break
    return said.reading()


def in_metas(
    metas: Sequence[tuple[str, str]],
    bots: Sequence[str] = (),
    *,
    media: Literal["text", "image"] = "text",
    bing_words: Literal["honour", "evidence"] = "evidence",
    search_words: Literal["evidence", "deny"] = "evidence",
) -> Reading:
    """Read meta elements (name, content) called `robots` or by a bot that counts; arguments as in `in_headers`."""
    said = _Said.under(bots, media, bing_words, search_words)
    for name, content in metas:
        called = name.strip().lower()
        if called == "robots" or called in said.bots:
            scope = "" if called == "robots" else called
            if not said.read(content, scope, f"meta {called}", prefixes=False):
                break
    return said.reading()


def is_directive(text: str) -> bool:
    """Tell whether a text is one word that a vendor documents, with a value where it takes one."""
    word = text.strip().lower()
    return _spelt(word) in WORDS or word.partition(":")[0].strip() in _LIMITS | _DATED


def _directives(value: str, scope: str, *, prefixes: bool) -> Iterator[_Directive]:
    """Take a value apart, in time linear in its length."""
    in_date = False
    for segment in _SEPARATORS.split(value):
        in_date = in_date and _REST_OF_DATE(segment.strip()[:_LONGEST_NAME]) is not None
        if in_date:
            yield from _words(segment, scope, segment, dated=True)
            continue
        parts = _NAME_ENDS.split(segment)
        for at in range(0, len(parts) - 1, 2):
            name, follows = parts[at].strip().lower(), parts[at + 2].strip()
            if name in _LIMITS:
                words = "".join(parts[at + 2 :]).split()
                yield _Directive(scope, name, words[0] if words else "", segment)
                yield from _words(" ".join(words[1:]), scope, segment)
                break
            if name in _DATED or follows[:1].isdigit():  # nor is a bot ever called to a number, or to a time
                in_date = name in _DATED
                yield from _words(" ".join(parts[at + 2 if in_date else at :]), scope, segment, dated=in_date)
                break
            if _spelt(name) in WORDS:
                yield _Directive(scope, _spelt(name), "", segment, ("value-after-word",))
            elif not prefixes:
                yield _Directive(scope, "all", "", segment, ("prefix-in-meta",))
            elif parts[at + 1] == ":" and not name.startswith("max-"):
                scope = "" if name in _EVERYBODY else name[:_LONGEST_NAME]
            else:
                yield from _words(name, scope, segment)
        else:
            yield from _words(parts[-1], scope, segment)


def _words(text: str, scope: str, segment: str, *, dated: bool = False) -> Iterator[_Directive]:
    """Read what should be one word; where it is several, each that is known counts. A date may hold any others."""
    words = text.lower().split()
    known = [word for word in words if _spelt(word) in WORDS]
    for word in known:
        codes = ("no-comma",) if len(words) > 1 else ()
        yield _Directive(scope, _spelt(word), "", segment, codes + (("spelling",) if word != _spelt(word) else ()))
    if words and not known and not dated:
        yield _Directive(scope, " ".join(words), "", segment)


def _spelt(word: str) -> str:
    """Give a refusal of AI its own spelling: what `no-ai` is meant to say is not in doubt."""
    bare = word.replace("-", "").replace("_", "")
    return bare if bare in _HYPHENLESS else word
