"""`rightful verify` and `rightful explain`: for whoever does not take our word for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.errors import InputError
from rightful.facts.decision import Admission
from rightful.terminal import console, error_console, plain, table, visible

if TYPE_CHECKING:
    from rightful.audit.explain import Explanation, RobotsEvidence, StatementEvidence
    from rightful.policy.causes import Cause

_Folder = Annotated[Path, typer.Argument(help="Run directory, or a clone of the published data set.")]


def verify_command(
    folder: _Folder,
    everything: Annotated[bool, typer.Option("--all", help="Decide every record again, not a sample.")] = False,
    earlier: Annotated[
        Path | None, typer.Option(help="The version it was made of by withdrawing records, to compare it with.")
    ] = None,
    register: Annotated[
        Path | None, typer.Option(help="The export it was screened with, to compare texts with works again.")
    ] = None,
) -> None:
    """Test whether a run is what it says: digests, counts, decisions, card. Exit 1 if it is not."""
    from rightful.audit.verify import verify_run  # noqa: PLC0415 - when asked

    with error_console().status("verifying") as status:
        outcome = verify_run(folder, everything=everything, earlier=earlier, register=register, on_step=status.update)
    steps = table("", "step", "")
    for step in outcome.steps:
        mark = "–" if step.skipped else "[red]✗[/red]" if step.findings else "[green]✓[/green]"
        steps.add_row(mark, step.name, plain(step.note))
    console().print(steps)
    count = len(outcome.findings)
    for finding in outcome.findings:
        console().print(f"  {visible(finding)}", style="red", markup=False, soft_wrap=True)
    console().print(
        "verified"
        if not outcome.findings
        else f"{count} finding{'s' if count > 1 else ''}: this run is not what it says"
    )
    if outcome.findings:
        raise typer.Exit(1)


def explain_command(
    folder: _Folder,
    url: Annotated[str | None, typer.Option(help="URL of a record.")] = None,
    id: Annotated[str | None, typer.Option(help="Id of a record, or file#row.")] = None,  # noqa: A002 - the option's name
) -> None:
    """Say why a record was kept or removed, with the lines of evidence."""
    from rightful.audit.explain import explain  # noqa: PLC0415 - when asked

    if (url is None) == (id is None):
        raise InputError("name one record", hint="--url URL, or --id ID")
    for explanation in explain(folder, url=url, record_id=id):
        _print_explanation(explanation)


def _print_explanation(explained: Explanation) -> None:
    out = console()
    record, decision = explained.record, explained.decision
    out.print(f"[bold]{plain(str(record['id']))}[/bold]  {plain(str(record['url']))}", soft_wrap=True)
    style = {"admit": "green", "hold": "yellow", "exclude": "red"}[decision.admission.word]
    out.print(f"  decision  [{style}]{decision.admission.word}[/{style}]")
    for cause in explained.causes:
        _print_cause(cause)
    if decision.tier:
        out.print(f"  tier      {decision.tier.value}, remuneration {decision.remuneration}", soft_wrap=True)
        out.print(f"  basis     {plain(str(decision.basis))}", soft_wrap=True)
    if decision.conditions:
        # Of an excluded copy: in which tier the work itself is, for whoever gets it in another way.
        asked = "elsewhere" if decision.admission is Admission.EXCLUDE else "keep     "
        out.print(f"  {asked} {plain(', '.join(decision.conditions))}", soft_wrap=True)
    out.print(f"  source    {plain(explained.situation.source)}; licence {plain(explained.situation.licence)}")
    if not explained.bound:
        out.print("  no crawl  what sites say of crawling is read, and does not bind the records of this source")
    for evidence in explained.robots:
        _print_robots(evidence)
    for stated in explained.statements:
        _print_statement(stated)
    for entry in explained.optouts:
        reference = f", request {entry.reference}" if entry.reference else ""
        out.print(f"  opt-out   {entry.kind.value} {plain(entry.key)}: {entry.state.value}{plain(reference)}")
    out.print()


def _print_cause(cause: Cause) -> None:
    out = console()
    out.print(f"  because   {plain(cause.reason)}: {plain(cause.says)}", soft_wrap=True)
    for fact in cause.facts:
        value = f" = {plain(fact.value)}" if fact.value else ""
        out.print(f"          rule {cause.rule}, by {fact.name}{value}, from {plain(fact.origin)}", soft_wrap=True)
    if not cause.facts:
        out.print(f"          rule {cause.rule}", soft_wrap=True)
    if cause.resolve:
        out.print(f"          to resolve it: {plain(cause.resolve)}", soft_wrap=True)


def _print_statement(evidence: StatementEvidence) -> None:
    out = console()
    said, capture = evidence.statement, evidence.capture
    declares = ", or a document it declares that nobody captured" if said.protocol in _DECLARING else ""
    file = capture["signal"] if capture else f"the record's own response{declares}"
    asked = f" ({', '.join(said.conditions)})" if said.conditions else ""
    out.print(
        f"  {said.protocol} {_WHEN[evidence.when]}: {said.usage} {said.preference}{plain(asked)}, "
        f"by {plain(said.where)} of {file}: {plain(said.text)}",
        soft_wrap=True,
    )
    captured = (
        ""
        if capture is None
        else (
            f"{plain(capture['origin'])}, {capture['fetched_at'] or 'undated'}, "
            f"sha256 {(capture['body_sha256'] or 'none')[:16]}, "
        )
    )
    out.print(f"          {captured}read by {said.version}", style="dim", soft_wrap=True)


_SHOWN_TOKENS = 6
_DECLARING = ("rsl", "tdmrep")  # protocols by which a page may declare a document elsewhere
_WHEN = {"fetch": "when fetched", "now": "newest"}


def _print_robots(evidence: RobotsEvidence) -> None:
    out = console()
    when = _WHEN[evidence.when]
    capture = evidence.capture
    if capture is None:
        out.print(f"  robots.txt {when}: no capture")
        return
    status = f"status {capture['status']}" if capture["status"] else "status not recorded"
    out.print(
        f"  robots.txt {when}: {plain(capture['origin'])}, {capture['fetched_at'] or 'undated'}, "
        f"{capture['outcome']}, {status}, sha256 {(capture['body_sha256'] or 'none')[:16]}",
        soft_wrap=True,
    )
    for tokens, verdict, kind, line, text in evidence.verdicts:
        more = f" and {len(tokens) - _SHOWN_TOKENS} more" if len(tokens) > _SHOWN_TOKENS else ""
        named = f"{', '.join(tokens[:_SHOWN_TOKENS])}{more}"
        by = f"line {line}: {text}" if line else "no rule matches"
        group = {"named": "a group of its name", "wildcard": "the * group", "none": "no group"}[kind]
        out.print(f"    {verdict:<5} by {group}, {plain(by)}", soft_wrap=True)
        out.print(f"          for {plain(named)}", style="dim", soft_wrap=True)
