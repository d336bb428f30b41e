"""Every signal file a site may have, read to one shape: what it states about a path of that site.

Why: screening asks all of them the same question. A file whose answer is the same for every path says so, and is
asked once; the others are asked once per path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import urljoin

from rightful.facts.site import parse_url
from rightful.facts.statement import Reading
from rightful.signals import ai_txt, content_signal, content_usage, rsl, tdmrep, trust_txt
from rightful.signals.ai_txt import AiTxt
from rightful.signals.locations import AI_TXT, ROBOTS, RSL, TDM_POLICY, TDMREP, TRUST_TXT, signal_url
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.paths import canonical_pattern, canonical_target, matches
from rightful.signals.rsl import RslDocument
from rightful.signals.tdm_policy import TdmPolicy
from rightful.signals.tdmrep import TdmRep
from rightful.signals.trust_txt import TrustTxt

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from rightful.signals.robots_txt import Extension


@dataclass(frozen=True, slots=True)
class Interpretation:
    """How a policy answers what the specifications leave open (protocols.md 14).

    Attributes:
        tokens: product tokens that count, lower-case, `*` among them where it does.
        legacy_labels: what to do with AIPREF labels of older drafts and of other vocabularies.
        reserved_use: what a Content-Signal with `use=` below `full`, and without `ai-train`, says of training.
        user: what RSL calls whoever uses the data.
        bing_words, search_words: what `noarchive`, and what `noindex` of robots tags says of AI (`robots_tag`).
    """

    tokens: tuple[str, ...] = ("*",)
    legacy_labels: Literal["honour-deny", "ignore"] = "honour-deny"
    reserved_use: Literal["deny", "unknown"] = "deny"
    bing_words: Literal["honour", "evidence"] = "evidence"
    search_words: Literal["evidence", "deny"] = "evidence"
    user: Literal["commercial", "non-commercial"] = "commercial"


class SiteFile(Protocol):
    """A signal file as read."""

    @property
    def uniform(self) -> Reading | None:
        """Its reading for every path; None where the path matters."""

    def part(self, target: str) -> Hashable:
        """Give what of a path decides: paths of one part get one reading."""

    def reading(self, target: str) -> Reading:
        """Give what it states about a path and query, as WHATWG parsing leaves them."""


class DeclaringFile(SiteFile, Protocol):
    """A signal file that says where more is said."""

    @property
    def declares(self) -> tuple[str, ...]:
        """Addresses of the documents that count, as written."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A document that a signal file declares.

    Attributes:
        written: its address, as written.
        url: the same, absolute and in one spelling: what it is captured under; as written where it is no web address.
        readable: whether it is one.
    """

    written: str
    url: str
    readable: bool


class RobotsRecords:
    """What a robots.txt says to protocols other than its own, to the tokens that count.

    Records before the first group belong to nobody by RFC 9309; a restriction among them is meant for somebody, so
    they are taken as said to all.

    Attributes:
        uniform: their reading for every path; None where the path matters.
        declares: where RSL documents are that apply to any of the tokens, as written.
    """

    def __init__(self, body: bytes, interpretation: Interpretation) -> None:
        self.uniform: Reading | None = None
        self.declares: tuple[str, ...] = ()
        self._interpretation = interpretation
        self._groups: list[tuple[Extension, ...]] = []
        self._patterns: tuple[str, ...] = ()
        if not _MARK.search(body.replace(b"\0", b"")):
            self.uniform = Reading()  # most files, and reading them once for robots.txt is enough
            return
        robots = RobotsTxt.parse(body)
        urls = [rsl.licence_urls(robots.site_records, s.extensions) for s in robots.distinct(interpretation.tokens)]
        several = urls or [rsl.licence_urls(robots.site_records, ())]
        self.declares = tuple(dict.fromkeys(url for named in several for url in named))
        site = tuple(robots.site_records)
        groups = [site + selection.extensions for selection in robots.distinct(interpretation.tokens)]
        self._groups = [group for group in groups or [site] if any(r.name in _READ_BY for r in group)]
        paths = {r.path for group in self._groups for r in group if r.path is not None and r.name in _READ_BY}
        self._patterns = tuple(canonical_pattern(path) for path in sorted(paths))
        if not self._patterns:
            self.uniform = self._read("/")

    def part(self, target: str) -> Hashable:
        """Give which of the paths that are named it matches."""
        spelt = canonical_target(target)
        return tuple(number for number, pattern in enumerate(self._patterns) if matches(pattern, spelt))

    def reading(self, target: str) -> Reading:
        """Give what the records state about a path."""
        return self.uniform if self.uniform is not None else self._read(target)

    def _read(self, target: str) -> Reading:
        read = Reading()
        for group in self._groups:
            for name, reader in _READ_BY.items():
                records = [record for record in group if record.name == name]
                if records:
                    read += reader(records, target, self._interpretation)
        return read


class RslFile:
    """An RSL document as a signal file."""

    def __init__(self, body: bytes, interpretation: Interpretation) -> None:
        self._document = RslDocument.parse(body)
        self._user = interpretation.user
        self.uniform: Reading | None = None
        if self._document.problem:
            self.uniform = self.reading("/")

    def part(self, target: str) -> Hashable:
        """Give the contents that govern a path."""
        return self._document.part(target)

    def reading(self, target: str) -> Reading:
        """Give what it states about a path."""
        return self._document.statements(target, user=self._user)


def _content_usage(records: list[Extension], target: str, asked: Interpretation) -> Reading:
    return content_usage.in_robots(records, target, legacy=asked.legacy_labels)


def _content_signal(records: list[Extension], target: str, asked: Interpretation) -> Reading:
    return content_signal.in_robots(records, target, reserved_use=asked.reserved_use)


_READ_BY: Mapping[str, Callable[[list[Extension], str, Interpretation], Reading]] = {
    "content-usage": _content_usage,
    "content-signal": _content_signal,
}
# Without it no record of them is there, however it is spelt.
_MARK = re.compile(rb"content[-_ ]?(?:usage|signal)|licen[cs]e", re.IGNORECASE)
_MOST_DECLARED = 20  # a site has one; hundreds are an attack on whoever fetches them


@dataclass(frozen=True, slots=True)
class SiteFileKind:
    """How one signal file is read.

    Attributes:
        protocols: whose statements it may hold.
        read: reads a body under a policy's interpretation.
        protocol: who states that the file could not be fetched; empty for robots.txt, which has facts of its own.
        documents: which signal the documents are that it declares; empty where it declares none.
        declared: finds their addresses in a body, as written, whoever they are for.
    """

    protocols: tuple[str, ...]
    read: Callable[[Interpretation, bytes], SiteFile]
    protocol: str = ""
    documents: str = ""
    declared: Callable[[bytes], Iterable[str]] = lambda _: ()


def _read_robots(asked: Interpretation, body: bytes) -> SiteFile:
    return RobotsRecords(body, asked)


def _read_tdmrep(_: Interpretation, body: bytes) -> SiteFile:
    return TdmRep.parse(body)


def _read_ai_txt(asked: Interpretation, body: bytes) -> SiteFile:
    return AiTxt.parse(body, asked.tokens)


def _read_trust_txt(_: Interpretation, body: bytes) -> SiteFile:
    return TrustTxt.parse(body)


def _read_licence(asked: Interpretation, body: bytes) -> SiteFile:
    return RslFile(body, asked)


def _read_policy(_: Interpretation, body: bytes) -> SiteFile:
    return TdmPolicy.parse(body)


def _licences_declared(body: bytes) -> Iterable[str]:
    """Give the licences for any token: they apply to somebody."""
    if b"license" not in body.lower():
        return ()
    robots = RobotsTxt.parse(body)
    records = [robots.site_records, *(group.extensions for group in robots.groups)]
    return [url for several in records for url in rsl.licence_urls(several, ())]


def _policies_declared(body: bytes) -> Iterable[str]:
    return TdmRep.parse(body).declares


SITE_FILES: Mapping[str, SiteFileKind] = {
    ROBOTS: SiteFileKind(
        (content_usage.PROTOCOL, content_signal.PROTOCOL), _read_robots, documents=RSL, declared=_licences_declared
    ),
    TDMREP: SiteFileKind((tdmrep.PROTOCOL,), _read_tdmrep, tdmrep.PROTOCOL, TDM_POLICY, _policies_declared),
    AI_TXT: SiteFileKind((ai_txt.PROTOCOL,), _read_ai_txt, ai_txt.PROTOCOL),
    **{name: SiteFileKind((trust_txt.PROTOCOL,), _read_trust_txt, trust_txt.PROTOCOL) for name in TRUST_TXT},
}
# How the documents are read that signal files declare.
DOCUMENTS: Mapping[str, Callable[[Interpretation, bytes], SiteFile]] = {RSL: _read_licence, TDM_POLICY: _read_policy}


def declared_by(file: DeclaringFile, origin: str, signal: str) -> tuple[Declared, ...]:
    """Give the documents that a signal file of an origin declares; the first twenty of them."""
    return resolved(file.declares, signal_url(origin, signal))


def declared_in(body: bytes, origin: str, signal: str) -> tuple[Declared, ...]:
    """Give the documents that the body of a signal file declares to anybody; the first twenty of them."""
    return resolved(SITE_FILES[signal].declared(body), signal_url(origin, signal))


def resolved(written: Iterable[str], base: str) -> tuple[Declared, ...]:
    """Give documents by their addresses as written, absolute against a URL.

    Of more than twenty the rest is one that cannot be had: what it says may be a refusal.
    """
    found = []
    addresses = list(dict.fromkeys(written))
    if len(addresses) > _MOST_DECLARED:
        rest = f"{len(addresses) - _MOST_DECLARED} more"
        found.append(Declared(rest, rest, readable=False))
    for address in addresses[:_MOST_DECLARED]:
        try:
            location = parse_url(urljoin(base, address))
        except ValueError:  # of an address in brackets that is none
            location = None
        found.append(Declared(address, location.href if location else address, readable=location is not None))
    return tuple(found)
