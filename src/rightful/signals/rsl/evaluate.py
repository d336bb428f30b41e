"""Which of a document's terms count for one path, and what they come to (3.1.1, 3.3 to 3.6).

Where the specification leaves two readings, the one that licenses less is taken:
- 3.1.1 lets a narrower permission stand against a broader prohibition and 3.6 does not (`permits ai-train` beside
  `prohibits all`): conditional, for only a licence would settle it.
- one licence permits and another prohibits the same: they may be alternatives or contradict each other: conditional.
- two contents have the same scope: both state, and the more restrictive stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage
from rightful.signals.robots_txt.paths import canonical_target, matches
from rightful.signals.rsl import terms
from rightful.signals.rsl.terms import PROTOCOL, USAGE_WORDS, USAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rightful.signals.rsl.terms import Content, License, PaymentTerm


@dataclass(frozen=True, slots=True)
class _Say:
    """What one licence says of one use.

    Attributes:
        license: which.
        for_user: it names the user, and is narrower than one that names none.
        narrow: how narrow the word is.
        asks: conditions; of a prohibition, what its licence would cost.
    """

    license: License
    for_user: bool
    narrow: int
    asks: frozenset[str]

    @property
    def priced(self) -> bool:
        """It asks for more than credit."""
        return not self.asks <= terms.WITHOUT_CHARGE

    @property
    def rank(self) -> tuple[bool, int]:
        """How narrow it is, in two ways that cannot be weighed against each other."""
        return self.for_user, self.narrow


def governing(by_scope: Sequence[Content], target: str) -> list[int]:
    """Give which contents have the narrowest url that matches; `by_scope` has the longest patterns first."""
    spelt = canonical_target(target)
    found: list[int] = []
    for number, content in enumerate(by_scope):
        if found and len(content.pattern) < len(by_scope[found[0]].pattern):
            break
        if matches(content.pattern, spelt):
            found.append(number)
    return found


def content_reading(content: Content, version: str, *, user: str, geo: str | None) -> Reading:
    """Give what a content's licences come to: one statement per use."""
    licenses = _different(content.licenses)
    open_to = [(license_, where) for license_ in licenses if (where := _open(license_, user, geo)) is not None]
    statements, remarks = [], []
    for usage in USAGES:
        offers = [say for each, asks in open_to if (say := _offer(each, usage, user, asks | content.asks))]
        bans = [say for each, asks in open_to if (say := _ban(each, usage, user, asks | content.asks))]
        preference, conditions, license_ = _decide(offers, bans, content)
        if preference is Preference.CONDITIONAL and bans:
            remarks.append(Remark("contradiction", license_.where, license_.text))
        statements.append(_statement(usage, preference, version, license_, conditions))
    conditions = content.asks | _crawl(license_ for license_, _ in open_to)
    if conditions:
        first = content.licenses[0]
        statements.append(_statement(Usage.ACQUIRE, Preference.CONDITIONAL, version, first, conditions))
    return Reading(tuple(statements), tuple(dict.fromkeys(remarks)))


def _different(licenses: Iterable[License]) -> list[License]:
    """Leave out licences on the terms of one before; thousands of them may be the same."""
    found: dict[object, License] = {}
    for each in licenses:
        found.setdefault((tuple(each.permits.items()), tuple(each.prohibits.items()), each.asks), each)
    return list(found.values())


def payment_term(content: Content, license_: License) -> PaymentTerm:
    """Give what a licence costs, and for which uses; whoever the user is."""
    usages = tuple(u for u in USAGES if _permitted(license_, u) is not None and not _ban(license_, u, "", frozenset()))
    return replace(license_.payment, server=content.server, usages=usages)


def _decide(offers: list[_Say], bans: list[_Say], content: Content) -> tuple[Preference, frozenset[str], License]:
    standing = _standing(offers, bans)
    if not standing:
        decisive = bans[0].license if bans else content.licenses[0]
        return Preference.DENY, frozenset(), decisive
    if bans:
        asked = frozenset().union(*(say.asks for say in (*standing, *bans)))
        priced = asked - terms.WITHOUT_CHARGE
        return Preference.CONDITIONAL, asked if priced else asked | {terms.LICENCE}, standing[0].license
    return _choose(_narrowest(standing))


def _standing(offers: list[_Say], bans: list[_Say]) -> list[_Say]:
    """Give the offers no prohibition overrules: none narrower, none as narrow in the same licence (3.6).

    Ranks are few and licences may be many: each offer is held against the ranks.
    """
    ranks = {ban.rank for ban in bans}
    own = {id(ban.license): ban.rank for ban in bans}
    return [o for o in offers if own.get(id(o.license)) != o.rank and not any(_narrower(r, o.rank) for r in ranks)]


def _narrower(one: tuple[bool, int], other: tuple[bool, int]) -> bool:
    return one != other and one[0] >= other[0] and one[1] >= other[1]


def _choose(offers: list[_Say]) -> tuple[Preference, frozenset[str], License]:
    """Take the best of alternatives equally narrow; where narrower in different ways, each has to be met."""
    groups: dict[tuple[bool, int], list[_Say]] = {}
    for offer in offers:
        groups.setdefault(offer.rank, []).append(offer)
    asked: frozenset[str] = frozenset()
    decisive = offers[0]
    for group in groups.values():
        unpriced = [offer for offer in group if not offer.priced]
        # Which of several prices somebody pays is not ours to choose: all are named.
        chosen = [min(unpriced, key=lambda offer: len(offer.asks))] if unpriced else group
        decisive = chosen[0] if chosen[0].priced or not decisive.priced else decisive
        asked = asked.union(*(offer.asks for offer in chosen))
    preference = Preference.ALLOW if asked <= terms.WITHOUT_CHARGE else Preference.CONDITIONAL
    return preference, asked, decisive.license


def _narrowest(offers: list[_Say]) -> list[_Say]:
    ranks = {offer.rank for offer in offers}
    beaten = {rank for rank in ranks if any(_narrower(other, rank) for other in ranks)}
    return [offer for offer in offers if offer.rank not in beaten]


def _open(license_: License, user: str, geo: str | None) -> frozenset[str] | None:
    """Give what a licence asks of this user in this place; None where it is not for them."""
    permitted, prohibited = license_.permits.get("user"), license_.prohibits.get("user", frozenset())
    if prohibited & {user, terms.EVERY_USER} or (permitted is not None and not permitted & {user, terms.EVERY_USER}):
        return None
    places, barred = license_.permits.get("geo"), license_.prohibits.get("geo", frozenset())
    if geo is None:
        return license_.asks | ({terms.GEO} if places is not None or barred else frozenset())
    place = geo.upper()
    if places is not None and not places & _places_around(place):
        return None
    touched = _places_around(place) | (terms.EU_MEMBERS if place == terms.EU else frozenset())
    return None if barred & touched else license_.asks


def _places_around(place: str) -> frozenset[str]:
    return frozenset({place, terms.EU} if place in terms.EU_MEMBERS else {place})


def _permitted(license_: License, usage: Usage) -> int | None:
    """Give how narrowly a use is permitted, None where it is not: `permits` is a closed list (3.5)."""
    words = license_.permits.get("usage")
    if words is not None:
        narrow = {USAGE_WORDS.get(word, {}).get(usage, terms.PART) for word in words} - {terms.PART}
        return max(narrow, default=None)
    # A prohibition nobody knows may mean this use, where nothing says that it does not.
    unknown = license_.prohibits.get("usage", frozenset()) - USAGE_WORDS.keys()
    return None if unknown else terms.UNSTATED


def _names(license_: License, user: str) -> bool:
    return user in license_.permits.get("user", frozenset())


def _offer(license_: License, usage: Usage, user: str, asks: frozenset[str]) -> _Say | None:
    narrow = _permitted(license_, usage)
    if narrow is None:
        return None
    # What is permitted in a word for more than this use may have the prohibition nobody knows taken out of it.
    if narrow < terms.EXACT and license_.prohibits.get("usage", frozenset()) - USAGE_WORDS.keys():
        asks |= {terms.LICENCE}
    return _Say(license_, _names(license_, user), narrow, asks)


def _ban(license_: License, usage: Usage, user: str, asks: frozenset[str]) -> _Say | None:
    words = license_.prohibits.get("usage", frozenset())
    narrow = max((USAGE_WORDS.get(word, {}).get(usage, -1) for word in words), default=-1)
    return None if narrow < 0 else _Say(license_, _names(license_, user), narrow, asks)


def _crawl(licenses: Iterable[License]) -> frozenset[str]:
    """Fetching is paid for where every licence that could be had is per crawl."""
    paid = [terms.PAYMENT_CRAWL in license_.asks for license_ in licenses]
    return frozenset({terms.PAYMENT_CRAWL} if paid and all(paid) else ())


def _statement(
    usage: Usage, preference: Preference, version: str, license_: License, conditions: frozenset[str]
) -> Statement:
    asked = tuple(sorted(conditions)) if preference is not Preference.DENY else ()
    return Statement(PROTOCOL, usage, preference, version, license_.where, license_.text, asked)
