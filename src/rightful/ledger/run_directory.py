"""A finished run as a directory, and where everything in it lies.

README.md card.json croissant.json LICENSE.md     the card
data/train-00000-of-0000N.parquet                 the admitted records, labelled
rightful/manifest.json policy.toml quality.json   the run, its rules, its quality
rightful/ledger/part-*.parquet                    one row per record, admitted or not; no text
rightful/situations.parquet sites.parquet         decisions by situation, counts by site
rightful/accruals.parquet                         what use of the admitted records accrues, by source and tier
rightful/attributions.parquet                     who must be named with which admitted record
rightful/evidence/                                the captures and opt-outs it was decided on
rightful/matching.json                            the matcher tried on a sample of the data, where texts were matched
rightful/withdrawal.json                          what was taken out since the version before, where there is one
rightful/SHA256SUMS                               the digest of every file
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from rightful.errors import RunError
from rightful.ledger.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "rightful/manifest.json"
POLICY = "rightful/policy.toml"
QUALITY = "rightful/quality.json"
SITUATIONS_FILE = "rightful/situations.parquet"
SITES = "rightful/sites.parquet"
ACCRUALS = "rightful/accruals.parquet"
ATTRIBUTIONS = "rightful/attributions.parquet"
LEDGER_FOLDER = "rightful/ledger"
EVIDENCE = "rightful/evidence"
OPTOUTS = "rightful/evidence/optouts.arrow"
MATCHING = "rightful/matching.json"
WITHDRAWAL = "rightful/withdrawal.json"
CARD = "card.json"
README = "README.md"
LICENCE = "LICENSE.md"
CROISSANT = "croissant.json"


def data_path(number: int, total: int) -> str:
    """Give the path of a data shard, as the Hub names them."""
    return f"data/train-{number:05}-of-{total:05}.parquet"


def ledger_path(number: int) -> str:
    """Give the path of a ledger part."""
    return f"{LEDGER_FOLDER}/part-{number:05}.parquet"


class RunDirectory:
    """Reads a run.

    Raises:
        RunError: there is no manifest, so it is no run or not a finished one.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest."""
        try:
            text = (self.root / MANIFEST).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(
                f"{self.root} is no finished run: {MANIFEST} cannot be read",
                hint="rightful run POLICY --input … --out DIR makes one, and goes on where an earlier try stopped",
            ) from error
        return Manifest.from_json(text)

    @property
    def compares_works(self) -> bool:
        """Whether texts were compared with the works of a register, to find near copies and excerpts."""
        return bool((self.manifest.register or {}).get("works")) and "text" in self.manifest.columns

    @property
    def tries_matcher(self) -> bool:
        """Whether a matcher test belongs to it: one on the admitted records that ship."""
        return self.compares_works and self.manifest.mode == "screen"

    def situations(self) -> pa.Table:
        """The situations (`situations.SITUATIONS`)."""
        return pq.read_table(self.root / SITUATIONS_FILE)

    def sites(self) -> pa.Table:
        """Records by site: site, admit, hold, exclude."""
        return pq.read_table(self.root / SITES)

    def accruals(self) -> pa.Table:
        """What use accrues (`settlement.accruals`)."""
        return pq.read_table(self.root / ACCRUALS)

    def data_files(self) -> list[Path]:
        """The data shards, in order."""
        return [self.root / file.path for file in self.manifest.data]

    def ledger_batches(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The ledger, in the order of the inputs."""
        for path in self.manifest.ledger:
            yield from pq.ParquetFile(self.root / path).iter_batches(65_536, columns=columns)


def count_sites(batches: Iterator[pa.RecordBatch]) -> pa.Table:
    """Count ledger rows by site and admission: one row a site, most records first, then by name."""
    counted: pa.Table | None = None
    for batch in batches:
        part = pa.Table.from_batches([batch]).group_by(["site", "admission"]).aggregate([([], "count_all")])
        joined = part if counted is None else pa.concat_tables([counted, part])
        counted = joined.group_by(["site", "admission"]).aggregate([("count_all", "sum")])
        counted = counted.rename_columns(["site", "admission", "count_all"])
    rows: dict[str | None, dict[str, int]] = {}
    for row in counted.to_pylist() if counted is not None else []:
        rows.setdefault(row["site"], {"admit": 0, "hold": 0, "exclude": 0})[row["admission"]] += row["count_all"]
    ordered = sorted(rows.items(), key=lambda item: (-sum(item[1].values()), item[0] or ""))
    schema = pa.schema([("site", pa.string()), ("admit", pa.int64()), ("hold", pa.int64()), ("exclude", pa.int64())])
    return pa.Table.from_pylist([{"site": site, **numbers} for site, numbers in ordered], schema=schema)
