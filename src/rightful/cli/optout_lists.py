"""`rightful optout import` and `digest`: many opt-outs at once, and the digest of one."""

from __future__ import annotations

from dataclasses import replace
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.cli.optout_filing import (
    ByRight,
    ClaimantName,
    Contact,
    Document,
    GoodFaith,
    OwnReference,
    SealedCopy,
    asking_by,
    works_of,
)
from rightful.cli.optout_register import Actor, AsJson, KeyFile, Place, actor_of, opened, present, print_json, text_of
from rightful.errors import InputError
from rightful.register.model import Authority, Scope
from rightful.terminal import console, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.register.model import NewRequest

IMPORT = """
Take lists of opt-outs: into the register, as one request of an agent or a collecting society; or, with --out, straight
into a file that screening reads, without a register.

A list has two columns, kind (url, prefix, host, site, account, content) and value, or one column named after its kind.
With --out it may have, besides, state (received, verified, rejected, withdrawn), reference and received_at; into the
register it may have works in a column text, which are fingerprinted and not kept.

\b
  rightful optout import optouts.csv --out register.arrow
  rightful optout import repertoire.csv --works 'poems/*.txt' --authority collecting_society --document statutes.pdf \\
      --claimant "Society of Authors" --contact office@example.org --good-faith
"""
DIGEST = """
Print the digest by which a work is opted out, without the work leaving your machine.

\b
  rightful optout digest essay.txt
"""


def import_command(
    context: typer.Context,
    lists: Annotated[list[Path] | None, typer.Argument(metavar="LIST", help="CSV, JSONL or Parquet.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for screening to write (.arrow), of these lists alone.")
    ] = None,
    works: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Text files, each a work: 'poems/*.txt'.")
    ] = None,
    claimant: ClaimantName = None,
    contact: Contact = None,
    authority: ByRight = Authority.HOLDER,
    document: Document = None,
    good_faith: GoodFaith = False,
    sealed_copy: SealedCopy = False,
    reference_of_claimant: OwnReference = "",
    db: Place = None,
    key_file: KeyFile = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take lists of opt-outs."""
    files = [file for pattern in works or () for file in _matching(pattern)]
    if not lists and not files:
        raise InputError("no list was named", hint="name lists (CSV, JSONL or Parquet), or --works 'poems/*.txt'")
    if out is not None:
        source = context.get_parameter_source("db")
        if source is not None and source.name == "COMMANDLINE":
            raise InputError("a list goes into a register or into a file", hint="leave out --db, or --out")
        _write(lists or [], files, out)
        return
    if not db:
        raise InputError(
            "nothing says where the lists go",
            hint="--out register.arrow: a file for screening; --db register.db: the register of requests",
        )
    asking = asking_by(claimant, contact, authority, document, reference_of_claimant, stated=good_faith)
    request = _filled(replace(asking, scope=Scope.REPERTOIRE, keep_copy=sealed_copy), lists or [], files)
    with opened(db, key_file) as register, progress("file", "requests"):
        reference = register.database.file(request, actor=actor_of(actor), now=present())
        status = register.database.status(reference)
    if as_json:
        print_json({"reference": reference, "scope": status.scope.value, "keys": status.keys, "state": "received"})
        return
    typer.echo(f"{reference}  {status.keys:,} works and locations")
    console().print("received, after what was filed one by one; it holds records from the next export on", style="dim")


def _matching(pattern: str) -> list[Path]:
    found = [Path(pattern)] if Path(pattern).is_file() else sorted(map(Path, glob(pattern, recursive=True)))  # noqa: PTH207 - absolute patterns too
    files = [file for file in found if file.is_file()]
    if not files:
        raise InputError(f"nothing matches {pattern!r}", hint="quote the pattern: --works 'poems/*.txt'")
    return files


def _filled(request: NewRequest, lists: Sequence[Path], works: Sequence[Path]) -> NewRequest:
    from rightful.register.bulk import with_lists  # noqa: PLC0415 - when asked

    with progress("read", "files") as move:
        for done, file in enumerate(lists, start=1):
            request = with_lists(request, [file])
            move(done, len(lists) + len(works))
        texts: list[str] = []
        for done, work in enumerate(works_of(works, None), start=len(lists) + 1):
            texts += work.named
            move(done, len(lists) + len(works))
    return replace(request, texts=(*request.texts, *texts))


def _write(lists: Sequence[Path], works: Sequence[Path], out: Path) -> None:
    """Write a register file of lists and works, as verified as the lists say."""
    from rightful.register.entries import KeyKind, OptOut  # noqa: PLC0415 - when asked
    from rightful.register.export import export_register  # noqa: PLC0415 - when asked
    from rightful.register.fingerprint import fingerprints_of  # noqa: PLC0415 - when asked
    from rightful.register.importing import read_entries  # noqa: PLC0415 - when asked

    entries = read_entries(lists)
    prints = []
    with progress("read", "works") as move:
        for done, work in enumerate(works_of(works, None), start=1):
            prints += fingerprints_of(work.named)
            move(done, len(works))
    entries += [OptOut(KeyKind.CONTENT, made.digest) for made in prints]
    register = export_register(entries, out, works=prints)
    console().print(f"{out}  {register.digest}  {len(register):,} opt-outs", soft_wrap=True)


def digest_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Text files, one work each; - reads standard input.")
    ],
) -> None:
    """Print the digest by which a work is opted out."""
    from rightful.register.fingerprint import text_digest  # noqa: PLC0415 - when asked

    for file in files:
        typer.echo(f"{text_digest(text_of(file))}  {file}")
