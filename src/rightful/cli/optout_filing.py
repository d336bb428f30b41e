"""`rightful optout add`: requests that rightsholders file, or who acts for them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightful.cli.optout_register import (
    STDIN,
    Actor,
    AsJson,
    KeyFile,
    Place,
    actor_of,
    opened,
    present,
    print_json,
    text_of,
)
from rightful.errors import InputError, RegisterError
from rightful.register.model import GOOD_FAITH, Authority, Claimant, NewRequest, Scope
from rightful.terminal import console, progress, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rightful.register.entries import KeyKind

ADD = """
File requests to opt out: one for each work, and one for each location.

A work is a text file; it is fingerprinted, and its text is not kept. A request holds records from the next export on,
and excludes them once it is verified.

\b
  rightful optout add essay.txt --claimant "A. Author" --contact a@example.org --good-faith
  rightful optout add --url https://example.org/essay --site example.net --claimant … --contact … --good-faith
  pdftotext poem.pdf - | rightful optout add - --claimant … --contact … --good-faith
  rightful optout add novel.txt --authority agent --document mandate.pdf --claimant … --contact … --good-faith
"""

ClaimantName = Annotated[str | None, typer.Option(metavar="NAME", help="Who asks. Sealed in the register.")]
Contact = Annotated[str | None, typer.Option(metavar="ADDRESS", help="What reaches them. Sealed in the register.")]
ByRight = Annotated[Authority, typer.Option(help="By what right they ask.")]
Document = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What shows it, unless they are the holder; its SHA-256 is kept.")
]
GoodFaith = Annotated[bool, typer.Option("--good-faith", help=f"They say: {GOOD_FAITH}")]
SealedCopy = Annotated[bool, typer.Option("--sealed-copy", help="Keep the works as well, sealed, for a dispute.")]
OwnReference = Annotated[str, typer.Option(metavar="NAME", help="Their own name for it. Sealed in the register.")]


def add_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Text files, one work each; - reads standard input."),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="A work, typed here, where your shell may keep it; - reads standard input.")
    ] = None,
    url: Annotated[list[str] | None, typer.Option(help="A page.")] = None,
    urls: Annotated[Path | None, typer.Option(metavar="FILE", help="File of pages, one URL a line.")] = None,
    prefix: Annotated[list[str] | None, typer.Option(help="All pages whose URLs begin so.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="All pages of a host.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="All pages of a domain and of what is below it.")] = None,
    account: Annotated[list[str] | None, typer.Option(help="All that an account of a platform published.")] = None,
    digest: Annotated[
        list[str] | None, typer.Option(help="A work by what `rightful optout digest` printed: exact copies only.")
    ] = None,
    claimant: ClaimantName = None,
    contact: Contact = None,
    authority: ByRight = Authority.HOLDER,
    document: Document = None,
    good_faith: GoodFaith = False,
    sealed_copy: SealedCopy = False,
    reference_of_claimant: OwnReference = "",
    together: Annotated[
        bool, typer.Option("--together", help="One request for all works, one for all locations, one for all digests.")
    ] = False,
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """File requests to opt out."""
    from rightful.register.entries import KeyKind  # noqa: PLC0415 - when asked

    asking = asking_by(claimant, contact, authority, document, reference_of_claimant, stated=good_faith)
    by_kind = {KeyKind.URL: [*(url or ()), *_lines(urls)], KeyKind.PREFIX: prefix, KeyKind.HOST: host}
    by_kind |= {KeyKind.SITE: site, KeyKind.ACCOUNT: account, KeyKind.CONTENT: digest}
    things = [*works_of(files or (), text), *_located(by_kind)]
    if not things:
        raise InputError("nothing to opt out was named", hint="name text files, or --url, --site, --digest, …")
    if sealed_copy and not any(thing.scope is Scope.WORK for thing in things):
        raise InputError("there is no work to keep a sealed copy of", hint="name its text file")
    wanted = _joined(things) if together else things
    who = actor_of(actor)
    filed: list[tuple[str, _Thing]] = []
    with opened(db, key_file) as register, _told(filed, as_json=as_json), progress("file", "requests") as move:
        for thing in wanted:
            request = thing.asked_by(asking, keep_copy=sealed_copy)
            try:
                reference = register.database.file(request, actor=who, now=present())
            except RegisterError as error:
                if not filed:
                    raise
                before = f"{len(filed)} of {len(wanted)} requests were filed, and are listed; then: "
                raise RegisterError(before + error.message, hint=error.hint, **error.where) from error
            filed.append((reference, thing))
            move(len(filed), len(wanted))


@dataclass(frozen=True, slots=True)
class _Thing:
    """What one request is about, and what to call it where it is listed."""

    scope: Scope
    name: str
    named: tuple[Any, ...]

    def asked_by(self, asking: NewRequest, *, keep_copy: bool) -> NewRequest:
        """Make the request."""
        if self.scope is Scope.WORK:
            return replace(asking, scope=Scope.WORK, texts=self.named, keep_copy=keep_copy)
        if self.scope is Scope.FILE:
            return replace(asking, scope=Scope.FILE, digests=self.named)
        return replace(asking, scope=Scope.LOCATION, locations=self.named)


def asking_by(
    claimant: str | None, contact: str | None, authority: Authority, document: Path | None, theirs: str, *, stated: bool
) -> NewRequest:
    """Read who asks, and what they say.

    Raises:
        InputError: something is missing: names the option.
    """
    missing = [name for name, value in (("--claimant", claimant), ("--contact", contact)) if not (value or "").strip()]
    if missing:
        raise InputError(f"nobody asks: {' and '.join(missing)} not given", hint="both are sealed in the register")
    if not stated:
        raise InputError("the statement of good faith was not made", hint=f"--good-faith, which says: {GOOD_FAITH}")
    if authority is not Authority.HOLDER and document is None:
        raise InputError(
            f"authority {authority.value} without a document", hint="--document FILE: the mandate or the statutes"
        )
    return NewRequest(
        Claimant(claimant or "", contact or ""),
        Scope.LOCATION,
        authority=authority,
        document=None if document is None else _digest_of(document),
        good_faith=True,
        own_reference=theirs,
    )


def _digest_of(document: Path) -> str:
    from rightful.files import digest_of  # noqa: PLC0415 - when asked

    try:
        return digest_of(document)
    except OSError as error:
        raise InputError(f"{document} cannot be read: {error.strerror}", file=str(document)) from error


def works_of(files: Sequence[Path], typed: str | None) -> Iterator[_Thing]:
    """Read works.

    Raises:
        InputError: one cannot be read, or is empty.
    """
    from rightful.register.fingerprint import canonical_text  # noqa: PLC0415 - when asked

    places = [*files, *([Path(STDIN)] if typed == STDIN else [])]
    if sum(str(file) == STDIN for file in places) > 1:
        raise InputError("standard input has one work only", hint="name - once")
    texts = [(str(file), text_of(file)) for file in places]
    for name, text in [*texts, *([("--text", typed)] if typed is not None and typed != STDIN else [])]:
        if not canonical_text(text):
            raise InputError(f"{name} is empty: there is no work in it")
        yield _Thing(Scope.WORK, name, (text,))


def _located(by_kind: Mapping[KeyKind, Sequence[str] | None]) -> Iterator[_Thing]:
    """Read locations and digests: all of them before anything is filed.

    Raises:
        RegisterError: one is none of its kind.
    """
    from rightful.register.entries import KeyKind, canonical_key  # noqa: PLC0415 - when asked

    for kind, values in by_kind.items():
        for number, value in enumerate(values or (), start=1):
            if kind is not KeyKind.CONTENT:
                canonical_key(kind, value)
                yield _Thing(Scope.LOCATION, value, ((kind, value),))
                continue
            try:
                digest = canonical_key(kind, value)
            except RegisterError as error:  # without its value: somebody may have typed a text
                raise InputError(f"--digest {number} is no SHA-256 in hex", hint=error.hint) from None
            yield _Thing(Scope.FILE, digest, (digest,))


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    lines = (line.strip() for line in text_of(file).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _joined(things: Sequence[_Thing]) -> list[_Thing]:
    """Make one of all that have the same scope."""
    joined = []
    for scope, several in groupby(sorted(things, key=attrgetter("scope")), attrgetter("scope")):
        members = list(several)
        name = ", ".join(member.name for member in members)
        joined.append(_Thing(scope, name, tuple(value for member in members for value in member.named)))
    return joined


@contextmanager
def _told(filed: list[tuple[str, _Thing]], *, as_json: bool) -> Iterator[None]:
    """Print what was filed, also where not all of it could be."""
    try:
        yield
    finally:
        for reference, thing in filed:
            if as_json:
                told = {"reference": reference, "scope": thing.scope.value, "name": visible(thing.name)}
                print_json(told | {"state": "received"}, one_line=True)
            else:
                typer.echo(f"{reference}  {visible(thing.name)}")
        if filed and not as_json:
            console().print("received: they hold records from the next export on", style="dim")
            console().print(f"next: rightful optout verify {filed[0][0]}", style="dim", soft_wrap=True)
