r"""A small web on one loopback socket: many host names, each with a behaviour of its own.

Tests that need servers talk to this one over real sockets, so that what is tested is what will run: no mock of an
HTTP client stands in between. A test names the hosts it needs and what they do, captures with
`connect_to=web.address`, and looks at what the servers saw:

    with Web({"a.example": Answer(b"User-agent: *\nDisallow: /\n"), "b.example": Answer(status=404)}) as web:
        capture_signals(["http://a.example"], store, settings=settings, connect_to=web.address)
        assert web.paths("a.example") == ["/robots.txt"]

What a host does is one of

- an `Answer`, given to every request;
- a dict of path -> any of these, and 404 for every other path;
- a function from `Request` to any of these, for whatever depends on the request (`changing`, `conditional`).

Hosts may be added, changed and taken away while the server runs: `web.hosts["c.example"] = Answer(...)`. A host that
is not named answers 421, so that a forgotten one is seen. The port comes from the operating system; leaving the
`with` block ends the server, its thread and every connection.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


@dataclass(frozen=True)
class Request:
    """One request as it arrived: `at` is seconds on the monotonic clock, `fields` have lower-case names."""

    host: str
    path: str
    fields: Mapping[str, str]
    at: float


@dataclass(frozen=True)
class Answer:
    """What a server does with one request.

    Attributes:
        body: octets sent, after `fields`; Content-Length says how many unless `fields` say otherwise.
        status: any number, `fields`: name -> value.
        delay: seconds before the first octet of the answer.
        slowness: seconds between single octets of the body.
        ending: "close" ends as HTTP does; "reset" breaks the connection off before answering; "short" sends half
            of the body and closes; "silence" never answers; "nonsense" sends what is not HTTP.
    """

    body: bytes = b""
    status: int = 200
    fields: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    slowness: float = 0.0
    ending: str = "close"


Behaviour = Answer | dict[str, "Behaviour"] | Callable[[Request], "Behaviour"]

_NOT_MODIFIED = 304
MISDIRECTED = Answer(status=421)
MISSING = Answer(b"<!doctype html><title>Not found</title>", 404, {"Content-Type": "text/html"})


def redirect(location: str, status: int = 301) -> Answer:
    """Lead elsewhere."""
    return Answer(status=status, fields={"Location": location})


def gzipped(body: bytes) -> Answer:
    """Give a body compressed, whatever was accepted."""
    return Answer(gzip.compress(body, mtime=0), fields={"Content-Encoding": "gzip"})


def changing(*answers: Behaviour) -> Callable[[Request], Behaviour]:
    """Do one thing after the other, one per request, and the last one ever after."""
    left = list(answers)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def conditional(body: bytes, *, etag: str = "", last_modified: str = "") -> Callable[[Request], Behaviour]:
    """Give a body with validators, and 304 to whoever has it (RFC 9110 13.2.2: the etag goes first)."""
    fields = {name: value for name, value in (("ETag", etag), ("Last-Modified", last_modified)) if value}

    def answer(request: Request) -> Answer:
        if "if-none-match" in request.fields:
            same = request.fields["if-none-match"] == etag
        else:
            same = bool(last_modified) and request.fields.get("if-modified-since") == last_modified
        return Answer(b"", 304, fields) if same else Answer(body, 200, fields)

    return answer


class Web:
    """The server; a context manager. See the module for what hosts can do.

    Args:
        hosts: host name -> behaviour.
        tls: makes every connection a TLS connection.

    Attributes:
        hosts: as given; changing it changes the web.
        requests: every request, in the order they arrived.
        most_at_once: the most requests that were being answered at one moment, and `most_per_host` of one host.
    """

    def __init__(self, hosts: dict[str, Behaviour], *, tls: ssl.SSLContext | None = None) -> None:
        self.hosts = hosts
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.most_per_host = 0
        self._tls = tls
        self._busy: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where every host of this web is: what `connect_to` takes."""
        address, port = self._server.sockets[0].getsockname()[:2]
        return address, port

    def paths(self, host: str) -> list[str]:
        """The paths a host was asked for, in order."""
        return [request.path for request in self.requests if request.host == host]

    def arrivals(self, host: str) -> list[float]:
        """When a host was asked, in seconds on the monotonic clock."""
        return [request.at for request in self.requests if request.host == host]

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._meet, "127.0.0.1", 0, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        for last in (False, False, True):  # connections accepted a moment ago become conversations first
            await asyncio.sleep(0.005)
            if last:
                self._server.close()
            for conversation in self._conversations:
                conversation.cancel()
            await asyncio.gather(*self._conversations, return_exceptions=True)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = self._loop.create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)
        # Closed at once and not awaited: a client that stopped reading would hold the answer back for ever.
        conversation.add_done_callback(lambda _: writer.transport.abort())

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The client may leave at any time, and the test may be over.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"\x16":  # a TLS handshake on a plain port, answered as servers do
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lines = (line.partition(":") for line in head[1:] if line)
        fields = {name.strip().lower(): value.strip() for name, _, value in lines}
        host = fields.get("host", "").partition(":")[0]
        request = Request(host, head[0].split(" ")[1], fields, time.monotonic())
        self.requests.append(request)
        self._busy[host] += 1
        self.most_at_once = max(self.most_at_once, self._busy.total())
        self.most_per_host = max(self.most_per_host, self._busy[host])
        try:
            await self._give(self._behave(request), writer)
        finally:
            self._busy[host] -= 1

    def _behave(self, request: Request) -> Answer:
        behaviour = self.hosts.get(request.host, MISDIRECTED)
        while not isinstance(behaviour, Answer):
            behaviour = behaviour.get(request.path, MISSING) if isinstance(behaviour, dict) else behaviour(request)
        return behaviour

    async def _give(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(answer.delay)
        if answer.ending == "silence":
            await asyncio.Event().wait()
        elif answer.ending == "reset":
            # Lingering for no time makes the kernel send RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return
        elif answer.ending == "nonsense":
            writer.write(b"220 mail.example ESMTP\r\n")
        else:
            await self._send(answer, writer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        fields = {"Connection": "close", "Content-Type": "text/plain"} | dict(answer.fields)
        if not {"Content-Length", "Transfer-Encoding"} & set(fields) and answer.status != _NOT_MODIFIED:
            fields["Content-Length"] = str(len(answer.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        writer.write(f"HTTP/1.1 {answer.status} Whatever\r\n{head}\r\n".encode("latin-1"))
        body = answer.body[: len(answer.body) // 2] if answer.ending == "short" else answer.body
        if not answer.slowness:
            writer.write(body)
            return
        for octet in body:
            writer.write(bytes([octet]))
            await asyncio.sleep(answer.slowness)
