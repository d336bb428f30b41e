"""One opt-out as filed, and the key it is found by.

Keys are compared as strings, so each kind has one spelling:
    url      //host[:port]/path?query    scheme dropped: a page is the same page over http and https
    prefix   the same, matching every location that begins so
    host     host name, exactly
    site     host name, and every name below it
    account  platform account, NFKC and case folded
    content  SHA-256 of the canonical text (`fingerprint.text_digest`), hex
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rightful.errors import RegisterError
from rightful.facts.site import Location, parse_host, parse_url
from rightful.register.shingles import folded_text
from rightful.signals.robots_txt.paths import canonical_target

if TYPE_CHECKING:
    from datetime import datetime


class KeyKind(StrEnum):
    """What an opt-out is found by; the order is the order of codes in the exported file."""

    URL = "url"
    PREFIX = "prefix"
    HOST = "host"
    SITE = "site"
    ACCOUNT = "account"
    CONTENT = "content"


class OptOutState(StrEnum):
    """Where a request stands. `RECEIVED` holds a record, `VERIFIED` excludes it, the others do nothing."""

    RECEIVED = "received"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


KINDS = tuple(KeyKind)
STATES = tuple(OptOutState)


@dataclass(frozen=True, slots=True)
class OptOut:
    """One opt-out.

    Attributes:
        kind: what it is found by.
        key: the canonical key (see the module).
        state: where the request stands.
        reference: the request's own id; two requests may name one key.
        received_at: when it arrived, UTC, if known.
    """

    kind: KeyKind
    key: str
    state: OptOutState = OptOutState.VERIFIED
    reference: str = ""
    received_at: datetime | None = None


_DIGEST = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})").fullmatch


def location_key(location: Location) -> str:
    """Give the key of a web location."""
    return location.origin.partition(":")[2] + canonical_target(location.target)


def account_key(name: str) -> str:
    """Give the key of an account name, however long it is."""
    return folded_text(name).strip()


def canonical_key(kind: KeyKind, value: str) -> str:
    """Bring what a person wrote into the one spelling of its kind.

    Raises:
        RegisterError: the value is none of its kind.
    """
    text = value.strip()
    key: str | None = None
    if kind in {KeyKind.URL, KeyKind.PREFIX}:
        bare = "://" not in text and "@" not in text.partition("/")[0]
        location = parse_url(f"https://{text}" if bare else text)
        key = location_key(location) if location else None
    elif kind in {KeyKind.HOST, KeyKind.SITE}:
        key = parse_host(text.removeprefix("*.") if kind is KeyKind.SITE else text)
    elif kind is KeyKind.ACCOUNT:
        key = account_key(text) or None
    else:
        digest = _DIGEST(text)
        key = digest[1].lower() if digest else None
    if key is None:
        # Where a digest ought to be somebody may have put the work itself: that is not repeated.
        shown = "a value" if kind is KeyKind.CONTENT else repr(value)
        raise RegisterError(f"{shown} is no {kind.value}", hint=_HINTS[kind], kind=kind.value)
    return key


_HINTS = {
    KeyKind.URL: "write a whole URL: https://example.org/essay",
    KeyKind.PREFIX: "write a URL every location begins with: https://example.org/blog/",
    KeyKind.HOST: "write a host name: www.example.org",
    KeyKind.SITE: "write a domain; everything below it is meant: example.org",
    KeyKind.ACCOUNT: "write the account as the records' account column has it",
    KeyKind.CONTENT: "write the SHA-256 of the canonical text, 64 hex digits: rightful optout digest FILE",
}
