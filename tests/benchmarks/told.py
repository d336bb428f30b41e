"""What other protocols say in the benchmarks: files of sites, headers and meta elements of records.

More often than they are met: every fifth robots.txt has lines of other protocols, every fifth site a file of another
one; which ones is drawn by their names. Headers are all distinct, as dates and tags make them; one in fifty states
something.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from rightful.signals.locations import AI_TXT, ROBOTS, RSL, TDM_POLICY, TDMREP, TRUST_TXT
from rightful.snapshot.model import Capture, classify

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

CAPTURED = datetime(2026, 6, 1, tzinfo=UTC)
TOLD = pa.schema(
    [
        ("fetched_at", pa.timestamp("s", tz="UTC")),
        ("http_status", pa.int32()),
        ("http_headers", pa.string()),
        ("meta_robots", pa.string()),
        ("tdm_reservation", pa.string()),
        ("page_licence", pa.string()),
        ("license", pa.string()),
    ]
)
_METAS = (None, None, "index, follow", "index,follow,max-image-preview:large", "noarchive", "noai, noimageai")
_STATED = (
    "X-Robots-Tag: noai", "X-Robots-Tag: otherbot: noindex, noai", "TDM-Reservation: 1", "TDM-Reservation: 0",
    "Content-Usage: train-ai=n", "Content-Signal: ai-train=yes",
)  # fmt: skip
_LICENCES = (
    None,
    None,
    None,
    "https://creativecommons.org/licenses/by/4.0/",
    "http://creativecommons.org/licenses/by-nc/3.0/de/",
)
_LINES = (
    b"Content-Signal: search=yes,ai-train=no\n", b"Content-Usage: train-ai=n\n", b"Content-Usage: /press/ train-ai=y\n",
    b"License: /license.xml\n",
)  # fmt: skip
_RSL = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><permits type="usage">search</permits>'
    b'</license></content><content url="/press/"><license/></content></rsl>'
)
_POLICY = b'{"assigner": {"vcard:fn": "H"}, "permission": {"action": "tdm:mine", "duty": "compensate"}}'


def told_of(rows: int, start: int, draw: random.Random) -> Mapping[str, Sequence[object]]:
    """Give columns of so many records, by name."""
    numbers = range(start, start + rows)
    return {
        "fetched_at": [datetime(2026, 1 + n % 9, 1, tzinfo=UTC) for n in numbers],
        "http_status": [402 if n % 1_000 == 0 else 200 for n in numbers],
        "http_headers": [_headers(n, draw) for n in numbers],
        "meta_robots": draw.choices(_METAS, k=rows),
        "tdm_reservation": ["1" if n % 200 == 0 else None for n in numbers],
        "page_licence": draw.choices(_LICENCES, k=rows),
        "license": draw.choices((None, None, "cc-by-4.0", "MIT OR Apache-2.0", "CC BY-SA 3.0 DE"), k=rows),
    }


def _headers(number: int, draw: random.Random) -> str:
    stated = f"{draw.choice(_STATED)}\r\n" if number % 50 == 0 else ""
    return (
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\nConnection: keep-alive\r\n"
        f'ETag: "{number:x}"\r\nDate: Mon, 01 Jun 2026 10:{number % 60:02}:{number // 60 % 60:02} GMT\r\n{stated}'
    )


def robots_of(host: str, body: bytes) -> Capture:
    """Give a capture of a robots.txt."""
    return _captured(f"https://{host}", ROBOTS, body)


def robots_with_more(bodies: Mapping[str, bytes]) -> Iterator[Capture]:
    """Give the same files, every fifth with a line of another protocol for everybody."""
    for host, body in bodies.items():
        line = _line_of(host)
        yield robots_of(host, body + b"\nUser-agent: *\n" + line if line else body)


def _line_of(host: str) -> bytes:
    """Give the line of another protocol that a host's robots.txt has; empty for four of five."""
    drawn = zlib.crc32(host.encode()) // 20
    return _LINES[drawn // 5 % len(_LINES)] if drawn % 5 == 0 else b""


def other_signals(hosts: list[str]) -> Iterator[Capture]:
    """Give files of other protocols, and for most hosts that there is none."""
    for host in hosts:
        origin, turn = f"https://{host}", zlib.crc32(host.encode()) % 20
        policy = f"{origin}/policy.json"
        files = {
            TDMREP: f'[{{"location": "/press/*", "tdm-reservation": 1, "tdm-policy": "{policy}"}}]'.encode(),
            AI_TXT: b"User-Agent: *\nDisallow: *.jpg\nDisallow: /press/\n",
            **dict.fromkeys(TRUST_TXT, b"datatrainingallowed=no\n"),
        }
        for at, (signal, body) in enumerate(files.items()):
            yield _captured(origin, signal, body if turn == at else None)
        if turn == 0:
            yield _captured(policy, TDM_POLICY, _POLICY)
        if _line_of(host) == _LINES[-1]:
            yield _captured(f"{origin}/license.xml", RSL, _RSL)


def _captured(place: str, signal: str, body: bytes | None) -> Capture:
    status = 404 if body is None else 200
    outcome, kind = classify(status, None, body, signal)
    return Capture(place, CAPTURED, outcome, kind, signal=signal, status=status, body=body)
