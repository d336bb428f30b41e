"""`rightful evidence`: keep the documents that a policy rests on, and look whether they are all there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.errors import InputError
from rightful.terminal import console, plain, table, visible

if TYPE_CHECKING:
    from rightful.audit.documents import Document

_HELP = """
Keep the documents that a policy's evidence refers to, each by its SHA-256 digest.

\b
  rightful evidence add licence.txt --note "CC BY 4.0 legal code"
  rightful evidence add contract.pdf --confidential --custodian "Legal, Ms. Chen"
  rightful evidence check policy.toml
"""
evidence_app = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
_FOLDER = "evidence"
_STYLES = {"found": "dim", "only digest": "yellow", "missing": "red", "damaged": "red"}


@evidence_app.command("add")
def add_command(
    file: Annotated[Path, typer.Argument(help="The document.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder of documents; made if there is none.")] = Path(
        _FOLDER
    ),
    note: Annotated[str, typer.Option(help="What it is, in words: they stand in the policy.")] = "",
    confidential: Annotated[bool, typer.Option("--confidential", help="Store its digest, not the document.")] = False,
    custodian: Annotated[str, typer.Option(help="Who keeps a confidential document.")] = "",
) -> None:
    """Store a document by its digest, and print the line for the policy.

    Of a confidential one neither its octets nor its name are kept: only the digest, the note, and who has it. Adding
    the same document again changes nothing.
    """
    from rightful.audit.documents import Documents  # noqa: PLC0415 - when asked

    if confidential != bool(custodian.strip()):
        raise InputError(
            "a confidential document needs a custodian, and no other one has any",
            hint='--confidential --custodian "who keeps it"',
        )
    store = Documents(to)
    before = {each.sha256 for each in store.listed()}
    added = store.add(file, note=note.strip(), custodian=custodian.strip())
    where = f"by digest only, kept by {added.custodian}" if added.confidential else f"{to / added.sha256}"
    was_there = "there already" if added.sha256 in before else "stored"
    if note.strip() and note.strip() != added.note:
        was_there += f", with the note {added.note!r}"
    console().print(f"{was_there}: {visible(where)}", style="dim", markup=False, soft_wrap=True, highlight=False)
    typer.echo(f"evidence = [{json.dumps(visible(added.reference), ensure_ascii=False)}]")


@evidence_app.command("list")
def list_command(
    folder: Annotated[Path, typer.Option("--in", metavar="DIR", help="Folder of documents.")] = Path(_FOLDER),
) -> None:
    """List the documents, and whether each is what its digest says. Exit 1 if one is not."""
    from rightful.audit.documents import INDEX, Documents  # noqa: PLC0415 - when asked

    store = Documents(folder)
    if not (folder / INDEX).exists():
        raise InputError(f"{folder} is no folder of documents", hint="rightful evidence add FILE makes one")
    listed = table("sha256", "document", "kind", "#octets", "added", "")
    states = []
    for document in store.listed():
        state = store.state_of(document.sha256, document)
        states.append(state)
        listed.add_row(
            document.sha256[:16],
            plain(document.note or document.name),
            plain(document.media_type),
            "" if document.octets is None else f"{document.octets:,}",
            plain(document.added_at),
            plain(_told(state, document)),
            style=_STYLES[state],
        )
    console().print(listed)
    if {"missing", "damaged"} & set(states):
        raise typer.Exit(1)


@evidence_app.command("check")
def check_command(
    policy: Annotated[Path, typer.Argument(help="Policy file.")],
    folder: Annotated[
        Path | None,
        typer.Option("--in", metavar="DIR", help="Folder of documents; by default `evidence` beside the policy."),
    ] = None,
) -> None:
    """Look for every document that a policy refers to. Exit 1 if one is missing or damaged."""
    from rightful.audit.documents import Documents  # noqa: PLC0415 - when asked
    from rightful.policy.policy_file import read_policy  # noqa: PLC0415 - when asked

    rules = read_policy(policy)
    place = folder if folder is not None else policy.parent / _FOLDER
    referred = Documents(place).referred(rules)
    if not referred:
        console().print(f"{policy} refers to no evidence", markup=False, soft_wrap=True)
        return
    listed = table("named by", "evidence", "")
    for each in referred:
        told = plain(_told(each.state, each.document))
        listed.add_row(plain(each.where), plain(_short(each.reference)), told, style=_STYLES[each.state])
    console().print(listed)
    lost = [each for each in referred if each.state in {"missing", "damaged"}]
    console().print()
    if not lost:
        console().print(f"all of {len(referred):,} are accounted for", style="green", highlight=False)
        return
    console().print(
        f"{len(lost):,} of {len(referred):,} missing or damaged in {place}; add the document that has the digest: "
        f"rightful evidence add FILE --to {place}",
        style="red",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    raise typer.Exit(1)


def _told(state: str, document: Document | None) -> str:
    return f"{state} (confidential, {document.custodian})" if state == "only digest" and document else state


def _short(reference: str) -> str:
    digest, _, note = reference.partition(" ")
    return f"{digest[:23]}… {note}".rstrip()
