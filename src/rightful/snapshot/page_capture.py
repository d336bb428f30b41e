"""One document asked for by a person: a page with its head, or a signal file, and the documents they declare.

Nothing is stored. The rules are those of `capture`: addresses are judged, sizes limited, redirects counted, one request
to a host at a time with a pause between them. A page is asked for once, whatever its site's robots.txt says to
crawlers; what it says is fetched with it, for the person to see.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.facts.site import parse_url
from rightful.signals.locations import ROBOTS, RSL, SIGNALS
from rightful.signals.page_aloud import Response, declared_by_response
from rightful.signals.site_files import SITE_FILES, declared_in
from rightful.snapshot.answers import MAX_REDIRECTS, REDIRECTS, UnreadableAnswerError, redirect_target
from rightful.snapshot.capture import guarded_fetcher
from rightful.snapshot.fetching import NoAnswerError
from rightful.snapshot.model import Outcome
from rightful.snapshot.turns import Pace

if TYPE_CHECKING:
    from rightful.policy.sections import Capturing
    from rightful.snapshot.fetching import Answer, Fetcher
    from rightful.snapshot.model import Capture

USER_AGENT = "rightful (one document, asked for by a person)"
_ACCEPTED = "text/html, application/xhtml+xml, application/rsl+xml, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class PageCapture:
    """What came of asking for a page.

    Attributes:
        url: where the answer came from, after redirects.
        status: None where there was no answer.
        headers: names and values, as received; one character per octet.
        body: at most as much as is parsed of a robots.txt; None where there is none, or the status is no success.
        truncated: whether there was more.
        error: why there is no answer, or why it cannot be read; None where there is one.
        robots: captures of robots.txt of the origin asked, and of the one that redirects led to.
        files: captures of their other signal files.
        documents: captures of the documents that these and the answer declare, by URL.
    """

    url: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    truncated: bool = False
    error: str | None = None
    robots: tuple[Capture, ...] = ()
    files: tuple[Capture, ...] = ()
    documents: tuple[Capture, ...] = ()


def capture_page(url: str, *, settings: Capturing, pace: Pace | None = None) -> PageCapture:
    """Ask for one document of the web, and for what its site says of it.

    Args:
        url: a web address (`facts.site.parse_url`).
        settings: how to capture.
        pace: how waiting is done; tests put their own in place.

    Raises:
        ValueError: it is no web address.
    """
    location = parse_url(url)
    if location is None:
        raise ValueError(f"{url!r} is no web address")
    return asyncio.run(_capture_page(location.href, settings, pace or Pace()))


def capture_file(
    origin: str, signal: str, *, settings: Capturing, pace: Pace | None = None
) -> tuple[Capture, tuple[Capture, ...]]:
    """Ask for one signal file of an origin, and for the documents it declares; arguments as in `capture_page`."""
    return asyncio.run(_capture_file(origin, signal, settings, pace or Pace()))


def body_of(capture: Capture) -> bytes | None:
    """Give what a capture brought; None where that is no such file."""
    return capture.body if capture.outcome is Outcome.AVAILABLE else None


async def _capture_file(
    origin: str, signal: str, settings: Capturing, pace: Pace
) -> tuple[Capture, tuple[Capture, ...]]:
    async with guarded_fetcher(_as_person(settings), None, None, pace) as fetcher:
        capture = await fetcher.fetch(origin, signal)
        return capture, await _documents(fetcher, _declared([capture]))


async def _capture_page(url: str, settings: Capturing, pace: Pace) -> PageCapture:
    async with guarded_fetcher(_as_person(settings), None, None, pace) as fetcher:
        at, answer, error = await _follow(fetcher, url)
        origins = dict.fromkeys(found.origin for asked in (url, at) if (found := parse_url(asked)) is not None)
        if answer is None:  # a host that does not answer, or must not be connected to, is not asked a second time
            return PageCapture(at, error=error)
        files = [await fetcher.fetch(origin, signal) for origin in origins for signal in SIGNALS]
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers.raw)
        response = Response(answer.status, headers, answer.body)
        declared = _declared(files) | {d.url: RSL for d in declared_by_response(response, at) if d.readable}
        documents = await _documents(fetcher, declared)
        return PageCapture(
            url=at,
            status=answer.status,
            headers=headers,
            body=answer.body,
            truncated=answer.truncated,
            robots=tuple(capture for capture in files if capture.signal == ROBOTS),
            files=tuple(capture for capture in files if capture.signal != ROBOTS),
            documents=documents,
        )


async def _follow(fetcher: Fetcher, url: str) -> tuple[str, Answer | None, str | None]:
    """Give where an address leads, what was answered there, and why nothing was."""
    try:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await fetcher.ask(url, accept=_ACCEPTED)
            if answer.status not in REDIRECTS:
                return url, answer, None
            url = redirect_target(url, answer.headers.get("location"))
    except (NoAnswerError, UnreadableAnswerError) as reason:
        return url, None, str(reason)
    return url, None, f"more than {MAX_REDIRECTS} redirects"


async def _documents(fetcher: Fetcher, declared: dict[str, str]) -> tuple[Capture, ...]:
    return tuple([await fetcher.fetch(url, signal) for url, signal in declared.items()])


def _declared(captures: list[Capture]) -> dict[str, str]:
    """Give URL and signal of every document that signal files declare."""
    found: dict[str, str] = {}
    for capture in captures:
        body, kind = body_of(capture), SITE_FILES[capture.signal]
        if body is not None and kind.documents:
            documents = declared_in(body, capture.origin, capture.signal)
            found |= {document.url: kind.documents for document in documents if document.readable}
    return found


def _as_person(settings: Capturing) -> Capturing:
    return settings.model_copy(update={"user_agent": USER_AGENT, "attempts": 1})
