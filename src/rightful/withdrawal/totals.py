"""What a withdrawal amounts to, and what the new version tells of it: numbers and digests.

No reference of a request is published, no location and no text: a request goes by the digest of its reference.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from rightful.ledger.run_directory import OPTOUTS, WITHDRAWAL, RunDirectory
from rightful.register.export import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rightful.withdrawal.basis import Basis
    from rightful.withdrawal.pieces import PartFigures


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard that is another file than before: records it lost, and records it ships with another label."""

    removed: int
    relabelled: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of records.

    Attributes:
        decided_otherwise: of the ledger: shipped before or not.
        removed: shipped before, and no longer.
        relabelled: in the data as before, with another label.
        shards: of every shard that is another file, by path; of ledger parts, where there is no data.
        all_shards: how many shards there are.
        requests: taken out by each request, by its reference; empty for what has none. Two may name one record. Only
            screened data loses records: there are none where all stay, labelled, and none of a ledger alone.
    """

    decided_otherwise: int = 0
    removed: int = 0
    relabelled: int = 0
    shards: dict[str, Shard] = field(default_factory=dict)
    all_shards: int = 0
    requests: dict[str, int] = field(default_factory=dict)


def totals_of(basis: Basis, figures: Mapping[int, PartFigures]) -> Totals:
    """Add up what changed in the parts of a run."""
    manifest = basis.run.manifest
    paths = [file.path for file in manifest.data] if basis.has_data else list(manifest.ledger)
    requests: Counter[str] = Counter()
    for each in figures.values():
        requests.update(each.requests)
    return Totals(
        decided_otherwise=sum(each.changed for each in figures.values()),
        removed=sum(each.removed for each in figures.values()),
        relabelled=sum(each.relabelled for each in figures.values()),
        shards={
            paths[number]: Shard(each.removed, each.relabelled)
            for number, each in sorted(figures.items())
            if (each.touches_data if basis.has_data else each.changed)
        },
        all_shards=len(paths),
        requests=dict(sorted(requests.items())),
    )


def read_withdrawal(run: RunDirectory) -> dict[str, Any]:
    """Read what a version tells of its withdrawal."""
    told: dict[str, Any] = json.loads((run.root / WITHDRAWAL).read_bytes())
    return told


def totals_in(run: RunDirectory, told: Mapping[str, Any]) -> Totals:
    """Give the totals a version tells (`read_withdrawal`), with requests by their references."""
    references = pc.unique(Register.open(run.root / OPTOUTS).columns().column("reference"))
    by_digest = {reference_digest(reference): reference for reference in references.cast(pa.large_string()).to_pylist()}
    return Totals(
        told["decided_otherwise"],
        told["removed"],
        told["relabelled"],
        {path: Shard(**shard) for path, shard in sorted(told["shards"].items())},
        len(run.manifest.ledger),
        dict(sorted((by_digest[digest], records) for digest, records in told["requests"].items())),
    )


def reference_digest(reference: str) -> str:
    """Give the digest a request goes by in what is published."""
    return hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()
