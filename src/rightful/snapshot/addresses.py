"""Which addresses a capture may connect to: global unicast, and nothing that leads back inside.

Whoever names hosts to capture, or redirects us, must not be able to make this machine ask its own network, or a
cloud's metadata service, on their behalf. The tables are the IANA special-purpose address registries (RFC 6890 and
its updates), written out because what `ipaddress` calls global changed between patch releases of Python.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

# Services that hand out credentials to whoever asks from inside; one of them is at a public address.
METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack, DigitalOcean
        "169.254.170.2",  # AWS container credentials
        "168.63.129.16",  # Azure's wire server: globally routable by its number
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
    )
)

_SPECIAL = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private"),  # shared between a provider and its customers, RFC 6598
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("2001::/23", "reserved"),  # protocol assignments, Teredo among them
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)

# IPv6 networks whose addresses hold an IPv4 address, and how far it stands from their right end, in bits.
_EMBEDDING = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291 2.5.5.2
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052 2.1
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056 2
)

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def why_refused(address: str) -> str | None:
    """Say why an address must not be connected to; None where it may.

    Args:
        address: an IPv4 or IPv6 address as `getaddrinfo` gives it, with or without a zone (`fe80::1%eth0`).

    Returns:
        One word: metadata, loopback, private, link-local, multicast, unspecified, documentation, reserved; or
        "not an address".
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "not an address"
    return _why(parsed)


def _why(address: IPv4Address | IPv6Address) -> str | None:
    if address in METADATA:
        return "metadata"
    # Families never match one another: `in` of a network is false for an address of the other family.
    named = next((why for network, why in _SPECIAL if address in network), None)
    if named is not None:
        return named
    if isinstance(address, ipaddress.IPv6Address):
        for network, shift in _EMBEDDING:
            if address in network:
                return _why(ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST:
            return "reserved"
    # What a newer registry takes back, a newer Python knows.
    return None if address.is_global else "reserved"
