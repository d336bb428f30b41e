"""Capture: ask origins for their signal files, and keep the answers as one new version of a snapshot.

The only part of rightful that uses the network, always ahead of screening and never during it. Rules:

- every file asked for ends as one capture; a server or network that fails is an outcome (`unreachable`), not an error;
- one request to a host at a time, with a pause between them; many hosts at once (`[capture]` of the policy);
- only global unicast addresses are connected to, judged after DNS (`addresses`), unless the policy says otherwise;
- a killed job goes on where it stopped when it is started again with the same origins and files (`journal`);
- nothing of the store changes before the job is done.

    report = capture_signals(["https://example.com", "example.org"], "signals/", settings=policy.capture)
    report.outcomes, report.refused, report.digest
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from rightful.facts.site import parse_authority, parse_url
from rightful.signals.locations import signal_url
from rightful.signals.site_files import SITE_FILES, declared_in
from rightful.snapshot.addresses import why_refused
from rightful.snapshot.connecting import GuardedBackend, GuardedTransport, Resolver
from rightful.snapshot.earlier import EarlierCaptures
from rightful.snapshot.fetching import Fetcher
from rightful.snapshot.journal import Journal
from rightful.snapshot.model import Outcome
from rightful.snapshot.storing import add_journal, writing_to
from rightful.snapshot.turns import Pace, Turns

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from rightful.policy.sections import Capturing

_TOLD = 200


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """What a capture job came to.

    Attributes:
        origins: distinct origins asked for.
        captured: captures added, one per origin and file.
        unchanged: those of them whose server said "not modified"; they repeat the earlier body.
        resumed: those of them that an earlier, interrupted attempt had made.
        outcomes: captures per outcome; the sum is `captured`.
        refused: origin -> why its address was not connected to (`addresses.why_refused`).
        unreadable: inputs that name no web origin, cut to 200 characters; nothing was captured for them.
        digest: the snapshot version that holds the captures.
    """

    origins: int
    captured: int
    unchanged: int
    resumed: int
    outcomes: dict[str, int]
    refused: dict[str, str]
    unreadable: tuple[str, ...]
    digest: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


def capture_signals(
    origins: Iterable[str],
    store: str | Path,
    *,
    settings: Capturing,
    documents: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    connect_to: tuple[str, int] | None = None,
    tls: ssl.SSLContext | None = None,
    now: Callable[[], datetime] = _utc_now,
) -> CaptureReport:
    """Capture the signal files of origins into a snapshot store, as one new version.

    Where an event loop is running already (a notebook), await `capture_signals_async` instead.

    Args:
        origins: origins, URLs or bare host names (`example.org` is asked over https); repeats count once.
        store: directory of the snapshot store; made if there is none.
        settings: how to capture (section `[capture]` of a policy).
        documents: what something else than the origins' own files declares: URL -> signal (`locations.DECLARED`).
        on_progress: called with (captures made, captures to make), first before the first request.
        connect_to: address and port that every connection goes to, whatever host it is for, as curl's
            --connect-to: the Host header and the name in TLS stay what they are. The address is judged too.
        tls: trust of TLS connections; by default the certificate authorities of `certifi`.
        now: the clock that captures are timed with; whole seconds, UTC.

    Raises:
        SnapshotError: the store cannot be read or written.
        CaptureError: another process captures the same origins into the same store.
    """
    return asyncio.run(
        capture_signals_async(
            origins,
            store,
            settings=settings,
            documents=documents,
            on_progress=on_progress,
            connect_to=connect_to,
            tls=tls,
            now=now,
        )
    )


async def capture_signals_async(
    origins: Iterable[str],
    store: str | Path,
    *,
    settings: Capturing,
    documents: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    connect_to: tuple[str, int] | None = None,
    tls: ssl.SSLContext | None = None,
    now: Callable[[], datetime] = _utc_now,
    pace: Pace | None = None,
) -> CaptureReport:
    """Do what `capture_signals` does, with the same arguments, inside a running event loop.

    `pace` says how waiting is done and what chance is; tests put their own in place.
    """
    wanted, unreadable = _sorted_origins(origins)
    files: list[tuple[str, str]] = [(origin, signal) for origin in wanted for signal in settings.asked]
    asked = {signal_url(origin, signal) for origin, signal in files}
    files += [(url, signal) for url, signal in sorted((documents or {}).items()) if url not in asked]
    with writing_to(store):
        journal = Journal(store, sorted(signal_url(origin, signal) for origin, signal in files))
    with journal:
        resumed = len(journal.done)
        async with guarded_fetcher(settings, connect_to, tls, pace or Pace(), now) as fetcher:
            await _Job(files, store, journal, fetcher, on_progress).run(settings.concurrency)
            if settings.licences:
                declared = await asyncio.to_thread(_declared, journal, files)
                if declared:
                    await _Job([*files, *declared], store, journal, fetcher, on_progress).run(settings.concurrency)
        stored = await asyncio.to_thread(add_journal, journal, store)
    return CaptureReport(
        origins=len(wanted),
        captured=sum(stored.outcomes.values()),
        unchanged=stored.unchanged,
        resumed=resumed,
        outcomes=dict(sorted(stored.outcomes.items())),
        refused=stored.refused,
        unreadable=tuple(unreadable),
        digest=stored.digest,
    )


def _declared(journal: Journal, files: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Find the documents that the captured signal files declare, and that were not asked for: URLs and signals."""
    asked = {signal_url(origin, signal) for origin, signal in files}
    named: dict[str, dict[str, None]] = {kind.documents: {} for kind in SITE_FILES.values() if kind.documents}
    for capture in journal.captures():
        kind = SITE_FILES.get(capture.signal)
        if kind is None or not kind.documents or capture.outcome is not Outcome.AVAILABLE or capture.body is None:
            continue
        documents = declared_in(capture.body, capture.origin, capture.signal)
        named[kind.documents].update(dict.fromkeys(document.url for document in documents if document.readable))
    # A URL is fetched once and is one document: a licence first, for without it nothing is licensed.
    found: dict[str, str] = {}
    for signal, urls in named.items():
        found |= dict.fromkeys((url for url in urls if url not in asked and url not in found), signal)
    return list(found.items())


def origin_of(value: str) -> str | None:
    """Give the origin of a URL, an origin or a bare host name (over https); None where it is none of these."""
    text = value.strip().removeprefix("//")  # a snapshot writes a host whose scheme is not known as //host
    location = parse_url(text) if "://" in text else parse_authority(text)
    return location.origin if location else None


def _sorted_origins(values: Iterable[str]) -> tuple[list[str], list[str]]:
    origins: set[str] = set()
    unreadable: dict[str, None] = {}
    for value in values:
        origin = origin_of(value)
        if origin is not None:
            origins.add(origin)
        elif value.strip():
            unreadable[value.strip()[:_TOLD]] = None
    return sorted(origins), list(unreadable)


@asynccontextmanager
async def guarded_fetcher(
    settings: Capturing,
    connect_to: tuple[str, int] | None,
    tls: ssl.SSLContext | None,
    pace: Pace,
    now: Callable[[], datetime] = _utc_now,
) -> AsyncIterator[Fetcher]:
    """Open what every request of ours goes through: judged addresses, turns. Arguments as in `capture_signals`."""
    judge = None if settings.unsafe_allow_private_addresses else why_refused
    with closing(Resolver(settings.concurrency)) as resolver:
        transport = GuardedTransport(
            GuardedBackend(resolver, judge=judge, connect_to=connect_to),
            connections=settings.concurrency,
            # Nothing from the environment: SSL_CERT_FILE of a careless shell is no reason to trust.
            tls=tls or httpx.create_ssl_context(trust_env=False),
        )
        async with transport:
            turns = Turns(settings.seconds_between_requests_to_a_host, pace)
            yield Fetcher(transport, settings=settings, turns=turns, pace=pace, now=now)


class _Job:
    """A number of workers over one queue of files: never more tasks than requests at once."""

    def __init__(
        self,
        files: Sequence[tuple[str, str]],
        store: str | Path,
        journal: Journal,
        fetcher: Fetcher,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self._left = (file for file in files if signal_url(*file) not in journal.done)
        self._earlier = EarlierCaptures(store, {origin for origin, _ in files})
        self._store = store
        self._journal = journal
        self._fetcher = fetcher
        self._done, self._total = len(journal.done), len(files)
        self._on_progress = on_progress or (lambda _done, _total: None)

    async def run(self, workers: int) -> None:
        """Capture every file that is left."""
        self._on_progress(self._done, self._total)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(workers, self._total - self._done)):
                    group.create_task(self._work())
        except BaseExceptionGroup as failures:
            # The first worker to fail stopped the others; what it failed on is what there is to tell.
            raise failures.exceptions[0] from None

    async def _work(self) -> None:
        for origin, signal in self._left:
            capture = await self._fetcher.fetch(origin, signal, self._earlier.of(origin, signal))
            with writing_to(self._store):
                self._journal.add(capture)
            self._done += 1
            self._on_progress(self._done, self._total)
