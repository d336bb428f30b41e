"""One signal file, from the first request to the capture: redirects, retries, and what failed.

The rules are RFC 9309 2.3.1 and RFC 9110. Everything that goes wrong ends in a capture of outcome `unreachable`
that says why, in our own words: nothing a server wrote stands in it.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpcore
import httpx

from rightful.signals.locations import ROBOTS, signal_url
from rightful.snapshot.answers import (
    MAX_REDIRECTS,
    NOT_MODIFIED,
    NOT_MODIFIED_BASIS,
    REDIRECTS,
    UnreadableAnswerError,
    read_body,
    redirect_target,
)
from rightful.snapshot.connecting import AddressRefusedError, NoSuchNameError
from rightful.snapshot.model import TOO_MANY_REQUESTS, Capture, Outcome, classify

if TYPE_CHECKING:
    from collections.abc import Callable

    from rightful.policy.sections import Capturing
    from rightful.snapshot.earlier import Earlier
    from rightful.snapshot.turns import Pace, Turns

REFUSED = "address refused: "

_ACCEPTED = "text/plain, */*;q=0.5"
_OK, _NOT_OK, _SERVER = 200, 300, 500
_FIRST_RETRY_SECONDS = 1.0
# A server that asks for a longer pause is not asked again in this job: its answer stands.
_LONGEST_PAUSE_SECONDS = 60.0
_VALIDATOR_OCTETS = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one request. `body` is None where it was not asked for: only a success has one."""

    status: int
    headers: httpx.Headers
    body: bytes | None = None
    truncated: bool = False

    @property
    def temporary(self) -> bool:
        """Whether asking again may help."""
        return self.status >= _SERVER or self.status == TOO_MANY_REQUESTS


class NoAnswerError(Exception):
    """No answer. `lasting`: asking again would not change that. Never leaves this package."""

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.lasting = lasting


class Fetcher:
    """Fetches signal files.

    Args:
        transport: what sends requests; its failures are httpcore's.
        settings: how to capture.
        turns: who may ask which host, and when.
        pace: time and chance.
        now: the time an answer is recorded with.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        settings: Capturing,
        turns: Turns,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._turns = turns
        self._pace = pace
        self._now = now

    async def fetch(self, origin: str, signal: str = ROBOTS, earlier: Earlier | None = None) -> Capture:
        """Capture a signal file of an origin; never fails, for a failure is an outcome.

        Args:
            origin: `scheme://host[:port]`.
            signal: which file (`model.SIGNALS`).
            earlier: an answer to ask about: where it still stands, the capture repeats its body.
        """
        capture = await self._fetch(origin, signal, earlier)
        return replace(capture, signal=signal)

    async def _fetch(self, origin: str, signal: str, earlier: Earlier | None) -> Capture:
        url = signal_url(origin, signal)
        hops: list[str] = []
        failures = 0
        while True:
            status = None
            try:
                answer = await self.ask(url, earlier)
                status = answer.status
                if status in REDIRECTS:
                    target = redirect_target(url, answer.headers.get("location"))
                    if len(hops) == MAX_REDIRECTS:
                        return self._unreachable(origin, hops, f"more than {MAX_REDIRECTS} redirects", status)
                    url = target
                    hops.append(url)
                    continue
            except UnreadableAnswerError as reason:
                return self._unreachable(origin, hops, str(reason), status)
            except NoAnswerError as failure:
                failures += 1
                if failure.lasting or failures >= self._settings.attempts:
                    return self._unreachable(origin, hops, failure.why)
                self._turns.postpone(_host(url), self._pause(failures))
                continue
            failures += answer.temporary
            if answer.temporary and failures < self._settings.attempts:
                pause = max(self._pause(failures), self._asked_pause(answer))
                if pause <= _LONGEST_PAUSE_SECONDS:
                    self._turns.postpone(_host(url), pause)
                    continue
            same = earlier if earlier and earlier.url == url else None
            return self._captured(origin, signal, hops, answer, same)

    async def ask(self, url: str, earlier: Earlier | None = None, *, accept: str = _ACCEPTED) -> Answer:
        """Send one request in its turn and read the answer, all within the time limit.

        Args:
            url: where; a redirect is an answer, and not followed.
            earlier: an answer to ask about.
            accept: media types that are wanted.

        Raises:
            NoAnswerError: there was no answer.
            UnreadableAnswerError: there was one, and its body cannot be read.
        """
        seconds = self._settings.timeout_seconds
        async with self._turns.turn(_host(url)):
            try:
                async with asyncio.timeout(seconds):
                    request = httpx.Request(
                        "GET",
                        url,
                        headers=self._headers(accept) | (earlier.conditions(url) if earlier else {}),
                        extensions={"timeout": httpx.Timeout(seconds).as_dict()},
                    )
                    response = await self._transport.handle_async_request(request)
                    try:
                        if not _OK <= response.status_code < _NOT_OK:
                            return Answer(response.status_code, response.headers)
                        body, truncated = await read_body(response)
                        return Answer(response.status_code, response.headers, body, truncated)
                    finally:
                        await response.aclose()
            except AddressRefusedError as refusal:
                raise NoAnswerError(f"{REFUSED}{refusal.why}", lasting=True) from None
            except httpx.InvalidURL:
                raise NoAnswerError("URL that cannot be requested", lasting=True) from None
            except (TimeoutError, httpcore.TimeoutException) as error:
                raise NoAnswerError("timeout") from error
            except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                # OSError: a TLS record that cannot be read comes as it is, past httpcore's own mapping.
                raise _failed(error) from error

    def _headers(self, accept: str) -> dict[str, str]:
        return {
            "User-Agent": self._settings.user_agent,
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "Connection": "close",
        }

    def _pause(self, failures: int) -> float:
        """Double the pause with every failure, give or take a half: retries of many hosts should not meet."""
        pause = _FIRST_RETRY_SECONDS * 2.0 ** (failures - 1) * (0.5 + self._pace.jitter())
        return min(pause, _LONGEST_PAUSE_SECONDS)

    def _asked_pause(self, answer: Answer) -> float:
        """Seconds that Retry-After asks for (RFC 9110 10.2.3); 0 where it asks for none we can read."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            # So many digits mean "never"; a float of them would be infinite or worse.
            return float(text[:12])
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return 0.0
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max((until - self._now()).total_seconds(), 0.0)

    def _captured(self, origin: str, signal: str, hops: list[str], answer: Answer, earlier: Earlier | None) -> Capture:
        outcome, kind = classify(answer.status, None, answer.body, signal)
        capture = Capture(
            origin=origin,
            fetched_at=self._moment(),
            outcome=outcome,
            kind=kind,
            status=answer.status,
            body=answer.body,
            redirects=tuple(hops),
            etag=_validator(answer.headers.get("etag")),
            last_modified=_validator(answer.headers.get("last-modified")),
            truncated=answer.truncated,
        )
        if answer.status != NOT_MODIFIED or earlier is None:
            return capture
        # The body that stands is the earlier one; by its status alone a 304 would be an answer without a body.
        return replace(
            capture,
            outcome=Outcome.AVAILABLE,
            kind=earlier.kind,
            body=earlier.body(),
            etag=capture.etag or earlier.etag,
            last_modified=capture.last_modified or earlier.last_modified,
            truncated=earlier.truncated,
            time_basis=NOT_MODIFIED_BASIS,
        )

    def _unreachable(self, origin: str, hops: list[str], error: str, status: int | None = None) -> Capture:
        return Capture(
            origin=origin,
            fetched_at=self._moment(),
            outcome=Outcome.UNREACHABLE,
            status=status,
            error=error,
            redirects=tuple(hops),
        )

    def _moment(self) -> datetime:
        return self._now().astimezone(UTC).replace(microsecond=0)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _validator(value: str | None) -> str | None:
    """Keep a validator that can be sent back as it is; anything else is worth a whole answer next time."""
    usable = value and len(value) <= _VALIDATOR_OCTETS and value.isascii() and value.isprintable()
    return value if usable else None


def _failed(error: Exception) -> NoAnswerError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NoAnswerError("TLS certificate not valid for the host", lasting=True)
        if isinstance(cause, ssl.SSLError):
            return NoAnswerError("TLS failed")
        cause = cause.__context__  # the pool takes away the cause, not the context
    told: tuple[tuple[type[Exception], str, bool], ...] = (
        (NoSuchNameError, "no such host", True),
        (httpcore.ConnectError, "no connection", False),
        (httpcore.LocalProtocolError, "request that cannot be sent", True),
        (httpcore.ProtocolError, "answer broken off, or not HTTP", False),
    )
    for kind, why, lasting in told:
        if isinstance(error, kind):
            return NoAnswerError(why, lasting=lasting)
    return NoAnswerError("connection broken off")
