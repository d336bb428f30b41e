"""Screen a Hugging Face dataset: remove what was reserved or opted out, label the rest, and see why.

    python examples/filter_a_dataset.py

Everything it needs it makes itself, in a directory that it deletes again. With data of your own, the policy comes
from `rightful policy init`, the snapshot from `rightful capture`, the register from `rightful optout import`.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import datasets

from rightful.huggingface import RightsFilter, ledger, screen
from rightful.policy.policy_file import init_policy
from rightful.register.entries import KeyKind, OptOut, canonical_key
from rightful.register.export import export_register
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import add_captures

ROBOTS = {
    "https://garden.example": b"User-agent: *\nAllow: /\n",
    "https://paper.example": b"User-agent: *\nDisallow: /archive/\n",
    "https://novel.example": b"User-agent: GPTBot\nDisallow: /\n",
    "https://essays.example": b"",
}
URLS = (
    "https://garden.example/roses",
    "https://garden.example/apples?page=2",
    "https://paper.example/today",
    "https://paper.example/archive/1998",  # robots.txt denies the path
    "https://novel.example/chapter-1",  # robots.txt denies a crawler that trains
    "https://essays.example/on-silence",  # its author opted out
    "https://unknown.example/",  # nobody looked at its robots.txt
    None,  # nobody knows where it is from
)


def inputs(root: Path) -> tuple[Path, Path, Path]:
    """Make what screening rests on: a policy file, a snapshot of robots.txt files, a register of opt-outs."""
    captured = datetime(2026, 1, 15, tzinfo=UTC)
    captures = (
        Capture(origin, captured, Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=body)
        for origin, body in ROBOTS.items()
    )
    add_captures(root / "signals", captures)
    opt_out = OptOut(KeyKind.SITE, canonical_key(KeyKind.SITE, "essays.example"), reference="request-1")
    export_register([opt_out], root / "register.arrow")
    return init_policy(root / "policy.toml"), root / "signals", root / "register.arrow"


def main() -> None:
    """Use the callable, then screen the whole dataset."""
    datasets.disable_progress_bars()
    records = {"id": [f"doc-{i}" for i in range(len(URLS))], "url": list(URLS), "text": ["some text"] * len(URLS)}
    dataset = datasets.Dataset.from_dict(records)
    with tempfile.TemporaryDirectory() as scratch:
        rules = inputs(Path(scratch))

        # 1. The callable, in the forms that `datasets` knows.
        f = RightsFilter(*rules)
        print(f"ds.filter(f, batched=True) keeps {len(dataset.filter(f, batched=True))} of {len(dataset)} records")
        print(f'ds.filter(f, input_columns="url") keeps {len(dataset.filter(f, input_columns="url"))}')
        labelled = dataset.map(f.label, batched=True)
        print(f"ds.map(f.label, batched=True) keeps {len(labelled)} and adds the column {labelled.column_names[-1]!r}")

        # 2. The ledger alone: what screening would remove, before anything is written.
        counts = Counter(ledger(dataset, *rules)["admission"])
        print("\nledger(ds, ...):", ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))

        # 3. The whole dataset: the admitted records with their label, and the decision about every record.
        kept, decisions = screen(dataset, *rules)
        print("\nscreen(ds, ...).kept")
        for row in kept:
            print(f"  {row['id']}  {row['url']:40} {row['rights']['tier']}, {row['rights']['basis']}")
        print("screen(ds, ...).ledger, the removed ones")
        for row in decisions.filter(lambda row: row["admission"] != "admit"):
            print(f"  {row['id']}  {row['url'] or '-':40} {row['admission']}: {', '.join(row['reasons'])}")


if __name__ == "__main__":
    main()
