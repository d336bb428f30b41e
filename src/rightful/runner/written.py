"""What the manifest says of the records of a shard, added up by their rows of the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from rightful.files import digest_of
from rightful.ledger.manifest import DataFile
from rightful.screening.figures import languages

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Written:
    """Written records.

    Attributes:
        records: how many.
        text_octets: of their text; None where no text was read.
        languages: records by language.
        fetched: the first and the last fetch, seconds since 1970; None where none is known.
    """

    records: int = 0
    text_octets: int | None = None
    languages: Counter[str] = field(default_factory=Counter)
    fetched: tuple[int, int] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Self:
        """Read what `facts` gave, from JSON."""
        fetched = tuple(facts["fetched"]) if facts["fetched"] else None
        return cls(**{**facts, "languages": Counter(facts["languages"]), "fetched": fetched})

    def add(self, rows: pa.RecordBatch) -> None:
        """Add the ledger rows of written records."""
        self.records += rows.num_rows
        if self.text_octets is not None:
            self.text_octets += pc.sum(rows.column("octets")).as_py() or 0
        self.languages.update(languages(rows.column("language")))
        times = pc.min_max(pc.cast(rows.column("fetched_at"), pa.timestamp("s", tz="UTC")).cast(pa.int64())).as_py()
        if times["min"] is not None:
            first, last = self.fetched or (times["min"], times["max"])
            self.fetched = min(first, times["min"]), max(last, times["max"])

    def data_file(self, folder: Path, path: str, *, register: str | None = None) -> DataFile:
        """Say of a shard what the manifest says."""
        file = folder / path
        return DataFile(
            path=path,
            sha256=digest_of(file),
            octets=file.stat().st_size,
            records=self.records,
            text_octets=self.text_octets,
            languages=dict(sorted(self.languages.items())),
            fetched=None if self.fetched is None else (_moment(self.fetched[0]), _moment(self.fetched[1])),
            register=register,
        )


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
