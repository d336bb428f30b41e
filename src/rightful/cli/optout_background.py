"""A background of texts for `rightful optout export`: a sample of records, which tells what is common everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.errors import MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

_TEXTS_AT_A_TIME = 1024


@dataclass(frozen=True, slots=True)
class Background:
    """Texts of records, spread evenly over files: the same ones each time it is gone through.

    Attributes:
        files: Parquet, JSON lines, Arrow or WARC.
        most: about how many texts.
    """

    files: Sequence[Path]
    most: int

    @classmethod
    def of(cls, patterns: Sequence[str], most: int) -> Background:
        """Find the files.

        Raises:
            InputError: a pattern matches nothing, or a file is of no format that is read.
        """
        from rightful.runner.reading import find_inputs  # noqa: PLC0415 - when asked

        return cls(find_inputs(list(patterns)), most)

    def __iter__(self) -> Iterator[list[str]]:
        from rightful.runner.reading import open_records, read_batches  # noqa: PLC0415 - when asked
        from rightful.screening.columns import text_column  # noqa: PLC0415 - when asked

        several = [open_records(file) for file in self.files]
        step = max(1, -(-sum(records.rows for records in several) // self.most))
        passed = 0
        for records in several:
            path = _text_path(records.schema, str(records.path))
            name = path if path in records.schema.names else path.partition(".")[0]
            for batch in read_batches(records, records.schema, columns=[name]):
                texts = text_column(batch, path)[0][-passed % step :: step]
                passed += batch.num_rows
                for start in range(0, len(texts), _TEXTS_AT_A_TIME):
                    yield [text for text in texts[start : start + _TEXTS_AT_A_TIME].to_pylist() if text]


def _text_path(schema: pa.Schema, file: str) -> str:
    from rightful.screening.usual_names import found_for  # noqa: PLC0415 - when asked

    found = found_for("text", schema.names)
    if not found:
        raise MissingColumnError.among("text", schema.names, role="text", source=file)
    return found[0]
