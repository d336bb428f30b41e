"""`rightful policy compare`: what another policy would make of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightful.terminal import console, plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from rightful.audit.compare import Comparison, Outcome

COMPARE_HELP = """
Show what would change under another policy: a run's stored situations are decided again under both; records are not
read, and nothing is written.

A and B are policy files, `run` for the policy the run was made with, or a profile (seed, cn_strict, eu_art4, uk_s29a,
jp_30_4, research_eu3) for that policy with one word changed.

\b
  rightful policy compare run cn_strict --on out/
  rightful policy compare run stricter.toml --on out/ --json

What sources declare (licence, contract, work status, consent, terms, ...), the scenario, gates, tiers and contracts
may differ. What facts were looked up by may not, for the answer is not stored: product tokens ([crawler]), robots,
usages and readings of [protocols], [columns], [licences.aliases], names and matches of sources, infringing sites. Nor
may a declaration that the records' own columns stood in front of. Each is named, and needs a new run. Quality gates are
not tried: a run under B may admit records and still fail them.
"""


def compare_command(
    a: Annotated[str, typer.Argument(metavar="A", help="Policy file, profile, or `run`.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Policy file, profile, or `run`.")],
    on: Annotated[Path, typer.Option(metavar="RUN_DIR", help="Run directory.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what would change under another policy."""
    from rightful.audit.compare import compare_policies  # noqa: PLC0415 - when asked

    found = compare_policies(a, b, on)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        return
    _print_totals(found)
    _print_transitions(found)
    _print_differences("reason", found, found.a.with_reason, found.b.with_reason)
    _print_differences("tier of the admitted", found, found.a.by_tier, found.b.by_tier)
    _print_notes(found)


def _print_totals(found: Comparison) -> None:
    rows = {"admitted": "admit", "held": "hold", "excluded": "exclude"}
    totals = table("", f"#{plain(found.a.name)}", f"#{plain(found.b.name)}", "#difference")
    for name, word in rows.items():
        _add(totals, name, found.a.by_admission[word], found.b.by_admission[word])
    totals.add_row("in all", f"{found.records:,}", f"{found.records:,}", "")
    console().print(totals)
    console().print()


def _print_transitions(found: Comparison) -> None:
    if found.changed:
        moved = table(f"under {plain(found.a.name)}", f"under {plain(found.b.name)}", "#records")
        for before, after, records in found.changed:
            moved.add_row(_shown(before), _shown(after), f"{records:,}")
        console().print(moved)
    console().print(f"{found.unchanged:,} of {found.records:,} records keep decision and tier", soft_wrap=True)
    if found.otherwise:
        console().print(f"{found.otherwise:,} of these have other reasons, conditions or another basis", soft_wrap=True)
    console().print()


def _shown(outcome: Outcome) -> str:
    return " ".join(part for part in outcome if part)


def _print_differences(heading: str, found: Comparison, a: Mapping[str, int], b: Mapping[str, int]) -> None:
    """Print what differs first, by how much."""
    listed = table(heading, f"#{plain(found.a.name)}", f"#{plain(found.b.name)}", "#difference")
    for name in sorted({*a, *b}, key=lambda each: (-abs(b.get(each, 0) - a.get(each, 0)), each)):
        _add(listed, name, a.get(name, 0), b.get(name, 0))
    if listed.rows:
        console().print(listed)
        console().print()


def _add(listed: Table, name: str, a: int, b: int) -> None:
    listed.add_row(plain(name), f"{a:,}", f"{b:,}", f"{b - a:+,}" if a != b else "")


def _print_notes(found: Comparison) -> None:
    console().print("decided again from the facts the run stored; no record was read", style="dim", soft_wrap=True)
    if found.silent:
        listed = ", ".join(found.silent)
        console().print(f"these differ too, and change no decision: {listed}", style="dim", soft_wrap=True)
