"""Which addresses are connected to, and that what was judged is what is connected to."""

from __future__ import annotations

import asyncio
import socket

import httpcore
import pytest

from rightful.demo.web import Answer, Web
from rightful.snapshot.addresses import why_refused
from rightful.snapshot.connecting import AddressRefusedError, GuardedBackend, NoSuchNameError, Resolver

REFUSED = {
    "0.0.0.0": "unspecified",  # noqa: S104 - not bound to, refused
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "10.255.255.255": "private",
    "100.64.0.1": "private",
    "100.127.255.255": "private",
    "100.100.100.200": "metadata",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "metadata",
    "169.254.0.1": "link-local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "reserved",
    "192.0.0.192": "metadata",
    "192.0.2.1": "documentation",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "reserved",
    "198.19.255.255": "reserved",
    "198.51.100.7": "documentation",
    "203.0.113.9": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "reserved",  # IPv4-compatible, long withdrawn
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.1.2.3": "private",
    "::ffff:169.254.169.254": "metadata",
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b::169.254.169.254": "metadata",
    "64:ff9b:1::8.8.8.8": "reserved",  # a local translator decides where that leads
    "100::1": "reserved",
    "2001::1": "reserved",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "reserved",  # Teredo
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "loopback",  # 6to4 of 127.0.0.1
    "2002:c0a8:101::1": "private",  # 6to4 of 192.168.1.1
    "2002:a9fe:a9fe::": "metadata",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00::1": "private",
    "fd00:ec2::254": "metadata",
    "fd20:ce::254": "metadata",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
    "": "not an address",
    "localhost": "not an address",
    "0x7f000001": "not an address",
}
ADMITTED = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.254",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
)


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_addresses_that_lead_inside_are_refused(address, why):
    assert why_refused(address) == why


@pytest.mark.parametrize("address", ADMITTED)
def test_global_unicast_is_admitted(address):
    assert why_refused(address) is None


class Names:
    """Answers every question about a name from a list, in order, and counts the questions."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host, _port):
        self.asked.append(host)
        return self.answers.pop(0)


def connect(backend, host="rebound.example", port=80):
    async def run():
        stream = await backend.connect_tcp(host, port, timeout=5)
        peer = stream.get_extra_info("server_addr")
        await stream.aclose()
        return peer

    return asyncio.run(run())


def test_a_name_is_asked_once_and_the_judged_address_is_connected_to():
    judged = []
    with Web({}) as web:
        names = Names(["127.0.0.1"], ["169.254.169.254"])  # a second look-up would be led elsewhere
        backend = GuardedBackend(names, judge=judged.append)
        peer = connect(backend, port=web.address[1])
    assert names.asked == ["rebound.example"]
    assert judged == ["127.0.0.1"]
    assert peer[0] == "127.0.0.1"


def test_one_refused_address_among_many_refuses_the_name():
    backend = GuardedBackend(Names(["93.184.215.14", "10.0.0.5"]), judge=why_refused)
    with pytest.raises(AddressRefusedError, match="private"):
        connect(backend)


def test_the_address_that_everything_is_led_to_is_judged_too():
    backend = GuardedBackend(Names(["127.0.0.1"]), judge=why_refused, connect_to=("127.0.0.1", 9))
    with pytest.raises(AddressRefusedError, match="loopback"):
        connect(backend)


def test_the_next_address_is_tried_where_one_does_not_answer():
    with Web({"a.example": Answer(b"")}) as web:
        # Nothing listens at 127.0.0.2: the server is bound to 127.0.0.1 alone.
        backend = GuardedBackend(Names(["127.0.0.2", "127.0.0.1"]), judge=None)
        assert connect(backend, port=web.address[1])[0] == "127.0.0.1"


def test_a_name_without_addresses_and_a_name_that_is_none():
    with pytest.raises(NoSuchNameError):
        connect(GuardedBackend(Names([]), judge=None))
    with pytest.raises(NoSuchNameError):
        connect(GuardedBackend(Names(["127.0.0.1"]), judge=None), host="a" * 64 + ".example")


def test_the_resolver_gives_each_address_once(monkeypatch):
    async def run(host):
        resolver = Resolver(2)
        try:
            return await resolver(host, 80)
        finally:
            resolver.close()

    assert asyncio.run(run("127.0.0.1")) == ["127.0.0.1"]
    assert asyncio.run(run("::1")) == ["::1"]
    for host in ("a..example", "x" * 300):
        with pytest.raises(NoSuchNameError):
            asyncio.run(run(host))

    def name_server_down(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", name_server_down)
    with pytest.raises(httpcore.ConnectError) as caught:
        asyncio.run(run("a.example"))
    assert not isinstance(caught.value, NoSuchNameError)
