"""Writing a card into a run, and writing it again to compare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rightful.card.croissant import croissant
from rightful.card.facts import card_facts, to_json
from rightful.card.lint import overclaims
from rightful.card.render import render_licence, render_readme
from rightful.errors import CardError, QualityGateError
from rightful.files import write_whole
from rightful.ledger.checksums import write_checksums
from rightful.ledger.run_directory import CARD, CROISSANT, LICENCE, MATCHING, POLICY, QUALITY, README, RunDirectory
from rightful.policy.policy_file import read_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.policy.policy import Policy


def write_card(folder: str | Path) -> Path:
    """Write card.json, croissant.json, LICENSE.md and README.md into a screened and validated run.

    Returns:
        The path of the README.

    Raises:
        CardError: the run holds more than admitted records, was not validated, or its texts claim too much.
        QualityGateError: a critical quality requirement failed: such a run is not published.
    """
    run = RunDirectory(folder)
    _refuse_unready(run)
    files = render_card(run, read_policy(run.root / POLICY))
    for name, text in files.items():
        write_whole(run.root / name, text.encode())
    write_checksums(run.root)
    return run.root / README


def render_card(run: RunDirectory, policy: Policy) -> dict[str, str]:
    """Give the files of the card by path, from nothing but what lies in the run."""
    facts = card_facts(run, policy)
    texts = {
        CARD: to_json(facts),
        CROISSANT: croissant(facts, run),
        LICENCE: render_licence(facts),
        README: render_readme(facts),
    }
    _refuse_overclaims(policy)
    return texts


def _refuse_unready(run: RunDirectory) -> None:
    mode = run.manifest.mode
    if mode != "screen":
        counts = run.manifest.counts
        raise CardError(
            f"{run.root} was made to {mode}, not to screen: {counts.exclude:,} excluded and {counts.hold:,} held "
            "records are in it or the data is not, and a card is for admitted records",
            hint="rightful screen POLICY --input … --out DIR",
        )
    quality = run.root / QUALITY
    if not quality.exists() or (run.tries_matcher and not (run.root / MATCHING).exists()):
        raise CardError(
            f"{run.root} was not validated, and a card states the quality, and how well works are found",
            hint=f"rightful validate {run.root}",
        )
    refuse_failed_quality(json.loads(quality.read_text(encoding="utf-8")), str(run.root))


def refuse_failed_quality(quality: dict[str, object], where: str) -> None:
    """Stop where a critical requirement failed.

    Raises:
        QualityGateError: naming every one that did.
    """
    results: list[dict[str, object]] = quality["results"]  # type: ignore[assignment]  # JSON written by the report
    failed = [row for row in results if row["applied"] and not row["passed"] and row["severity"] == "critical"]
    if failed:
        listed = "\n".join(f"  {row['code']}: {row['statement']} (observed: {row['observed_text']})" for row in failed)
        noun = "requirement" if len(failed) == 1 else "requirements"
        raise QualityGateError(
            f"{len(failed)} critical quality {noun} failed, nothing is published:\n{listed}",
            hint=f"the failing rows' ids are in {where}/{QUALITY}",
            failed=[row["code"] for row in failed],
        )


def _refuse_overclaims(policy: Policy) -> None:
    """Stop where the provider claims too much. What records state of themselves is quoted, and claims nothing."""
    found = [(name, claim) for name, text in _texts(policy.model_dump(mode="json"), "") for claim in overclaims(text)]
    if found:
        listed = "\n".join(f"  {name}: {claim.words!r}: {claim.instead}" for name, claim in found)
        raise CardError(
            f"the card would claim what nobody checked:\n{listed}",
            hint="the words are in the policy: say what was done instead",
        )


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Give every text of a policy, with the name of its setting."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
