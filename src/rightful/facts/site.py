r"""Where a record comes from: URL, origin, host, registrable domain.

URLs are read as browsers and crawlers read them (WHATWG URL standard, through `can_ada`): a tool that
splits strings instead takes `https://example.com\@evil.com/` for evil.com and is walked around with it.
A *site* is the registrable domain under the Public Suffix List that ships, pinned, with
`publicsuffixlist`; IP addresses and names without a public suffix are their own site.
"""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass

import can_ada
from publicsuffixlist import PublicSuffixList

WEB_SCHEMES = ("http:", "https:")

# RFC 9110 4.1 asks recipients for 8,000 octets at least; beyond this nothing is matched, the record is held.
MAX_URL_OCTETS = 16_384


@dataclass(frozen=True, slots=True)
class Location:
    """A web location after WHATWG parsing.

    Attributes:
        href: the whole URL, normalised, without user information and fragment.
        origin: `scheme://host[:port]`, the scope of a robots.txt (RFC 9309 2.3).
        host: lower-case A-label or bracketed IPv6 address, no port, no dot at the end.
        target: path and query as they would be requested, starting with `/`.
    """

    href: str
    origin: str
    host: str
    target: str


def parse_url(url: str) -> Location | None:
    """Read a URL; None where it names no web location (no host, no http scheme, not a URL).

    A host may end with one dot, which DNS has for its root. With two it is no name, and what is left without them might
    be read as another host.
    """
    try:
        parsed = can_ada.parse(url)
    except ValueError:
        return None
    host = parsed.hostname.removesuffix(".")
    if parsed.protocol not in WEB_SCHEMES or not host or host.endswith("."):
        return None
    href: str = parsed.href.partition("#")[0]
    start = href.index("/", len(parsed.protocol) + 2)
    port = f":{parsed.port}" if parsed.port else ""
    origin = f"{parsed.protocol}//{host}{port}"
    target = href[start:]
    return Location(href=origin + target, origin=origin, host=host, target=target)


def sibling_origin(origin: str) -> str | None:
    """Give the same host under the other scheme; None where a port is named, for then they are two servers."""
    scheme, _, authority = origin.partition("://")
    if ":" in authority.rpartition("]")[2]:
        return None
    return f"{'http' if scheme == 'https' else 'https'}://{authority}"


def parse_authority(text: str) -> Location | None:
    """Read a bare host, with a port or without, as https would; None where it is none."""
    bare = text.strip()
    if not bare or any(c in bare for c in "/?#@\\ "):
        return None
    return parse_url(f"https://{bare}/")


def parse_host(host: str) -> str | None:
    """Read a bare host name or address the way it would be read inside a URL; None where it is none, or has a port."""
    location = parse_authority(host)
    if location is None or location.origin != f"https://{location.host}":
        return None
    return location.host


@functools.cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable_domain(host: str) -> str:
    """Give the site of a host: its registrable domain, or the host itself where there is none."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return _public_suffixes().privatesuffix(host) or host
    return host


def host_suffixes(host: str) -> list[str]:
    """List a host and every parent domain of it, longest first: `a.b.c` gives `a.b.c`, `b.c`, `c`."""
    labels = host.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]
