"""Protego's opinion on the robots.txt verdicts of a run: agreement, or a named reason for the difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rightful.facts.site import parse_url
from rightful.ledger.run_directory import EVIDENCE
from rightful.screening.locate import Locator
from rightful.screening.robots_columns import captures_in_force
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.robots_txt.second_opinion import compare
from rightful.snapshot.capture_index import NOT_CAPTURED
from rightful.snapshot.site_view import ASK_RULES
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from rightful.ledger.run_directory import RunDirectory
    from rightful.policy.policy import Policy
    from rightful.screening.signal_lookup import SignalLookup


@dataclass
class SecondOpinion:
    """How many verdicts were asked for and agree; the others by the rule that accounts for them, or unnamed."""

    asked: int = 0
    agreeing: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    unnamed: list[str] = field(default_factory=list)


def ask_protego(
    run: RunDirectory, policy: Policy, batches: Iterator[pa.RecordBatch], lookup: SignalLookup
) -> SecondOpinion:
    """Ask about every row's newest capture, once for each group of tokens that share rules."""
    opinion = SecondOpinion()
    snapshot = Snapshot.open(run.root / EVIDENCE, run.manifest.evidence)
    view = lookup.view
    parsed: dict[str, RobotsTxt] = {}
    locator = Locator()
    for batch in batches:
        located = locator.locate(batch.column("url"))
        build, _ = captures_in_force(view, located, None)
        for at, capture in enumerate(build.tolist()):
            if capture == NOT_CAPTURED or view.answers[capture] != ASK_RULES:
                continue
            sha256 = view.captures["body_sha256"][capture].as_py()
            if sha256 is None:
                continue
            robots = parsed.setdefault(sha256, RobotsTxt.parse(snapshot.body(sha256)))
            location = parse_url(batch.column("url")[at].as_py())
            if location is not None:
                _ask(opinion, robots, location.target, policy, str(batch.column("id")[at].as_py()))
    return opinion


def _ask(opinion: SecondOpinion, robots: RobotsTxt, target: str, policy: Policy, name: str) -> None:
    asked: set[int] = set()
    for token in policy.crawler.effective:
        selection = robots.select(token)
        if id(selection) in asked:
            continue
        asked.add(id(selection))
        opinion.asked += 1
        difference = compare(robots, target, token)
        if difference is None:
            opinion.agreeing += 1
        elif difference.rule is None:
            opinion.unnamed.append(
                f"record {name}: Protego reads its robots.txt otherwise for {token}, for no named reason"
            )
        else:
            opinion.by_rule[difference.rule] += 1
