"""`rightful signals`: a document that states something about its use, read aloud for whoever wrote or doubts it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.cli.reading_shown import show_told
from rightful.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rightful.facts.site import Location
    from rightful.facts.statement import Statement
    from rightful.policy.sections import Capturing
    from rightful.signals.told import Told
    from rightful.snapshot.model import Capture
    from rightful.snapshot.page_capture import PageCapture

_STDIN = "-"
_OK, _NOT_OK = 200, 300
# What refuses or offers a page says something of it; any other answer without success is none of that page.
_STATED_BY_STATUS = frozenset({401, 402, 403, 451})


def signals_command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE_OR_URL",
            help="robots.txt, tdmrep.json, ai.txt, trust.txt, an RSL licence, a feed, a TDM policy, a web page, "
            "response headers, an XMP packet, a C2PA manifest; - is standard input. With a page on the web its headers "
            "are read, and the signal files of its site.",
        ),
    ],
    path: Annotated[
        str | None, typer.Option(help="Path and query to ask about; by default / and, of a page on the web, its own.")
    ] = None,
    token: Annotated[
        list[str] | None, typer.Option(help="Product token to ask about; by default those of training crawlers and *.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--as", metavar="KIND", help="What it is, where neither name nor content tells.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
    unsafe_allow_private_addresses: Annotated[
        bool, typer.Option("--unsafe-allow-private-addresses", hidden=True, help="Connect to any address.")
    ] = False,
) -> None:
    """Read a document aloud: what it states, of which use, to whom, where, and what is odd about it."""
    from rightful.policy.sections import Capturing, Crawler  # noqa: PLC0415 - when asked

    tokens = tuple(dict.fromkeys(name.strip().lower() for name in token)) if token else Crawler().effective
    chosen = _chosen(kind)
    target = None if path is None else _target(path)
    if "://" in file:
        settings = Capturing(unsafe_allow_private_addresses=unsafe_allow_private_addresses)
        told = _told_of_url(file, chosen, target, tokens, settings)
    else:
        told = _told_of_file(file, chosen, target or "/", tokens)
    if as_json:
        # ASCII: no control character of a stranger's reaches a terminal.
        typer.echo(json.dumps({"source": file, **told.as_json()}, indent=2))
    else:
        show_told(told)


def _chosen(kind: str | None) -> str | None:
    from rightful.signals.document_kinds import kind_called  # noqa: PLC0415 - when asked

    if kind is None:
        return None
    found = kind_called(kind)
    if found is None:
        raise _no_kind(f"{kind!r} is no kind of document that is read")
    return found


def _no_kind(message: str) -> InputError:
    from rightful.signals.document_kinds import KINDS  # noqa: PLC0415 - when asked

    return InputError(message, hint=f"--as one of: {', '.join(KINDS)}")


def _target(path: str) -> str:
    """Give a path and query as WHATWG parsing leaves them, which is how a URL's would be asked about."""
    from rightful.facts.site import parse_url  # noqa: PLC0415 - when asked

    written = path if path.startswith("/") else f"/{path}"
    location = parse_url(f"https://host.example{written}")
    return location.target if location else written


def _told_of_file(file: str, kind: str | None, target: str, tokens: tuple[str, ...]) -> Told:
    from rightful.signals.document_kinds import HTML, kind_of_name, kind_of_octets, promises_no_page  # noqa: PLC0415
    from rightful.signals.reading_aloud import read_aloud, remarked_on  # noqa: PLC0415 - when asked

    try:
        body = sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{file} cannot be read: {why}", hint=_hint_of_address(file), file=file) from error
    found = kind or kind_of_name(file) or kind_of_octets(body, file)
    if found is None:
        raise _no_kind(f"{file}: neither its name nor its content tells what it is")
    told = read_aloud(found, body, target, tokens, name="standard input" if file == _STDIN else Path(file).name)
    instead = kind is None and found == HTML and promises_no_page(file)
    return remarked_on(told, *(("page-instead",) if instead else ()))


def _hint_of_address(file: str) -> str:
    """Say what is missing where a name looks like an address of the web."""
    host = file.partition("/")[0]
    looks = "." in host and not file.startswith((".", "/")) and "\\" not in file
    return f"for a page on the web: https://{file}" if looks else ""


def _told_of_url(url: str, kind: str | None, target: str | None, tokens: tuple[str, ...], settings: Capturing) -> Told:
    from rightful.facts.site import parse_url  # noqa: PLC0415 - when asked
    from rightful.signals.locations import SIGNALS  # noqa: PLC0415 - when asked

    location = parse_url(url)
    if location is None:
        raise InputError(f"{url!r} is no web address", hint="one begins with https:// and has a host")
    path = location.target.partition("?")[0].removeprefix("/")
    if path in SIGNALS and kind in {None, path.rpartition("/")[2]}:
        return _told_of_signal(location, path, target or "/", tokens, settings)
    return _told_of_page(location, kind, target, tokens, settings)


def _told_of_signal(location: Location, signal: str, target: str, tokens: tuple[str, ...], settings: Capturing) -> Told:
    from rightful.signals.document_kinds import kind_called  # noqa: PLC0415 - when asked
    from rightful.signals.locations import ROBOTS  # noqa: PLC0415 - when asked
    from rightful.signals.reading_aloud import read_aloud, remarked_on  # noqa: PLC0415 - when asked
    from rightful.snapshot.model import Kind  # noqa: PLC0415 - when asked
    from rightful.snapshot.page_capture import body_of, capture_file  # noqa: PLC0415 - opens sockets: when asked

    capture, documents = capture_file(location.origin, signal, settings=settings)
    body = capture.body if capture.kind is Kind.HTML else body_of(capture)
    if body is None:
        why = capture.error or f"status {capture.status}"
        raise InputError(f"{location.origin}/{signal} is {capture.outcome}: {why}", url=location.href)
    name = kind_called(signal) or signal
    told = read_aloud(name, body, target, tokens, origin=location.origin, obtained=_bodies(documents))
    # Of robots.txt its own reader says so.
    return remarked_on(told, *(("cut-off",) if capture.truncated and signal != ROBOTS else ()))


def _told_of_page(
    location: Location, kind: str | None, target: str | None, tokens: tuple[str, ...], settings: Capturing
) -> Told:
    from rightful.snapshot.page_capture import capture_page  # noqa: PLC0415 - opens sockets: when asked

    page = capture_page(location.href, settings=settings)
    status = page.status
    if status is None:
        raise InputError(f"{page.url} is unreachable: {page.error}", url=page.url)
    if not _OK <= status < _NOT_OK and status not in _STATED_BY_STATUS:
        raise InputError(f"{page.url} cannot be read: it was answered with status {status}", url=page.url)
    told, of_page = _told_of_answer(page, kind, target, tokens)
    own = told.statements
    for robots in _told_of_robots(page, location, target if target or of_page else "/", tokens):
        told = told.and_then(robots)
    for file in _told_of_files(page, location, target if target or of_page else "/", tokens, own):
        told = told.and_then(file)
    return told


def _told_of_files(
    page: PageCapture, asked: Location, target: str | None, tokens: tuple[str, ...], own: Iterable[Statement]
) -> Iterable[Told]:
    """Read the other signal files of where a page was asked for, and of where redirects led; most sites have none."""
    from rightful.facts.site import parse_url  # noqa: PLC0415 - when asked
    from rightful.signals.document_kinds import kind_called  # noqa: PLC0415 - when asked
    from rightful.signals.file_aloud import in_place_of, unreachable  # noqa: PLC0415 - when asked
    from rightful.signals.reading_aloud import read_aloud  # noqa: PLC0415 - when asked
    from rightful.snapshot.model import Outcome  # noqa: PLC0415 - when asked
    from rightful.snapshot.page_capture import body_of  # noqa: PLC0415 - opens sockets: when asked

    at = parse_url(page.url) or asked
    for capture in page.files:
        body = body_of(capture)
        place = asked if capture.origin == asked.origin else at
        name = capture.signal if at.origin == asked.origin else f"{capture.origin}/{capture.signal}"
        about = target or place.target
        if body is not None:
            kind = kind_called(capture.signal) or capture.signal
            told = read_aloud(
                kind, body, about, tokens, name=name, origin=capture.origin, obtained=_bodies(page.documents)
            )
            yield in_place_of(told, own) if capture.origin == at.origin else told
        elif capture.outcome is Outcome.UNREACHABLE:
            yield unreachable(capture.signal, name, about, capture.error or f"status {capture.status}")


def _told_of_answer(
    page: PageCapture, kind: str | None, target: str | None, tokens: tuple[str, ...]
) -> tuple[Told, bool]:
    """Read what came; tell, too, whether it is a page, which is asked about under its own path."""
    from rightful.facts.site import parse_url  # noqa: PLC0415 - when asked
    from rightful.signals.document_kinds import (  # noqa: PLC0415 - when asked
        HEADERS,
        HTML,
        kind_of_name,
        kind_of_octets,
        promises_no_page,
    )
    from rightful.signals.page_aloud import Response  # noqa: PLC0415 - when asked
    from rightful.signals.reading_aloud import (  # noqa: PLC0415 - when asked
        read_aloud,
        read_response_aloud,
        remarked_on,
    )

    body = page.body
    found = kind or (None if body is None else kind_of_octets(body, page.url) or kind_of_name(page.url))
    had = _bodies(page.documents)
    odd = {
        "cut-off": page.truncated and found not in {None, HEADERS},
        "page-instead": kind is None and found == HTML and promises_no_page(page.url),
    }
    codes = [code for code, is_so in odd.items() if is_so]
    if body is None or found in {None, HTML, HEADERS}:
        html = body if found == HTML else None
        response = Response(page.status, page.headers, html)
        location = parse_url(page.url)
        own = target or (location.target if location else "/")
        told = read_response_aloud(response, own, tokens, url=page.url, obtained=had)
        return remarked_on(told, *codes), True
    told = read_aloud(str(found), body, target or "/", tokens, name=page.url, obtained=had)
    return remarked_on(told, *codes), False


def _told_of_robots(page: PageCapture, asked: Location, target: str | None, tokens: tuple[str, ...]) -> Iterable[Told]:
    """Read the robots.txt of where a page was asked for, and of where redirects led (protocols.md A15)."""
    from rightful.facts.site import parse_url  # noqa: PLC0415 - when asked

    places = [asked]
    led_to = parse_url(page.url)
    if led_to is not None and led_to.href != asked.href and target is None:
        places.append(led_to)
    captures = {capture.origin: capture for capture in page.robots}
    for place in places:
        name = "robots.txt" if len(places) == 1 else f"robots.txt for {place.href}"
        yield _told_of_one_robots(captures[place.origin], target or place.target, tokens, name, _bodies(page.documents))


def _told_of_one_robots(
    capture: Capture, target: str, tokens: tuple[str, ...], name: str, had: Mapping[str, bytes | None]
) -> Told:
    from rightful.signals.document_kinds import ROBOTS_TXT  # noqa: PLC0415 - when asked
    from rightful.signals.reading_aloud import read_aloud  # noqa: PLC0415 - when asked
    from rightful.signals.robots_aloud import without_file  # noqa: PLC0415 - when asked
    from rightful.signals.told import Told  # noqa: PLC0415 - when asked
    from rightful.snapshot.model import Kind, Outcome  # noqa: PLC0415 - when asked
    from rightful.snapshot.page_capture import body_of  # noqa: PLC0415 - opens sockets: when asked
    from rightful.snapshot.site_view import REFUSALS  # noqa: PLC0415 - when asked

    body = capture.body if capture.kind is Kind.HTML else body_of(capture)
    if body is not None:
        return read_aloud(ROBOTS_TXT, body, target, tokens, name=name, origin=capture.origin, obtained=had)
    denies = capture.outcome is Outcome.UNREACHABLE or capture.status in REFUSALS
    why = capture.error or f"status {capture.status}"
    return Told(ROBOTS_TXT, target, (without_file(why, name, denies=denies),))


def _bodies(documents: Iterable[Capture]) -> dict[str, bytes | None]:
    """Give the octets of declared documents by URL; None where one could not be had."""
    from rightful.snapshot.page_capture import body_of  # noqa: PLC0415 - opens sockets: when asked

    return {capture.origin: body_of(capture) for capture in documents}
