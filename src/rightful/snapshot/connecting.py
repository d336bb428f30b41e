"""Connections of a capture: names are resolved once, judged, and the judged address is the one connected to.

A name that answers with a public address when it is looked at and with a private one when it is connected to (DNS
rebinding) gains nothing: there is no second look-up. Built on httpcore's network backend; nothing is read from the
environment, so no proxy stands in between.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

# Of many addresses of one name, no more than these are tried; all are judged.
_ADDRESSES_TRIED = 4
_LABEL_OCTETS = 63  # RFC 1035 2.3.4
_NO_SUCH_NAME = {number for name in ("EAI_NONAME", "EAI_NODATA") if (number := getattr(socket, name, None)) is not None}


class AddressRefusedError(Exception):
    """The name leads to an address that must not be connected to. Never leaves this package."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoSuchNameError(httpcore.ConnectError):
    """The name does not exist: asking again would not change that. Never leaves this package."""


class Resolver:
    """Resolves names in threads of its own, as many at once as there are requests at once.

    The event loop's own threads are too few for a crawl: one slow name server would hold up every other host.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="rightful-names")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Give every address of a name, in the order to try them.

        Raises:
            NoSuchNameError: there is no such name.
            httpcore.ConnectError: the name could not be resolved now.
        """
        ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except socket.gaierror as error:
            kind = NoSuchNameError if error.errno in _NO_SUCH_NAME else httpcore.ConnectError
            raise kind("name not resolved") from error
        except UnicodeError as error:
            raise NoSuchNameError("not a host name") from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """Let go of the threads; one that still waits for a name server ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections, to judged addresses only; no socket files, and no retries of its own.

    Args:
        resolve: gives every address of a name.
        judge: says why an address is refused, or None; no judge, no guard.
        connect_to: address and port that every connection goes to, whatever host it is for. It is judged too.
    """

    def __init__(
        self,
        resolve: Callable[[str, int], Awaitable[list[str]]],
        *,
        judge: Callable[[str], str | None] | None,
        connect_to: tuple[str, int] | None = None,
    ) -> None:
        self._resolve = resolve
        self._judge = judge
        self._connect_to = connect_to
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Raises:
            AddressRefusedError: one of the host's addresses is refused; then none is connected to.
            httpcore.ConnectError, httpcore.ConnectTimeout: no address answered.
        """
        if not _is_name(host):
            raise NoSuchNameError("not a host name")
        to_host, to_port = self._connect_to or (host, port)
        addresses = await self._resolve(to_host, to_port)
        refusals = (self._judge(address) for address in addresses) if self._judge is not None else ()
        if why := next(filter(None, refusals), None):
            raise AddressRefusedError(why)
        tried = addresses[:_ADDRESSES_TRIED]
        share = None if timeout is None else timeout / max(len(tried), 1)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = NoSuchNameError("name without an address")
        for address in tried:
            try:
                return await self._sockets.connect_tcp(address, to_port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _is_name(host: str) -> bool:
    """Whether a host can be asked for; a label too long would fail deep inside TLS or the resolver."""
    return ":" in host or all(0 < len(label) <= _LABEL_OCTETS for label in host.split("."))


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over a guarded backend: HTTP/1.1, one request per connection.

    Asked directly rather than through `httpx.AsyncClient`, which would keep cookies and prepare redirects.
    Failures are httpcore's exceptions, as they come.
    """

    def __init__(self, backend: GuardedBackend, *, connections: int, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=0,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request without a body; the answer's body is read from the answer, which must be closed."""
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Octets(response))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Octets(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()
