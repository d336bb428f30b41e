"""What there is to capture for a set of records: the sites they come from, and the documents their pages declare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightful.facts.site import parse_url
from rightful.runner.reading import find_inputs, open_records, read_batches
from rightful.screening.columns import Columns, text_column
from rightful.screening.locate import Locator
from rightful.screening.page_columns import page_lines
from rightful.signals import tdmrep
from rightful.signals.locations import RSL, TDM_POLICY
from rightful.signals.page_fields import ROLES, read_fields
from rightful.signals.site_files import Interpretation, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from rightful.policy.policy import Policy

_URLS = ("url", "final_url")
_ANYBODY = Interpretation()  # what is declared does not depend on who asks


@dataclass(frozen=True, slots=True)
class ToCapture:
    """What `capture_signals` is to be asked for.

    Attributes:
        origins: distinct origins of records' URLs, sorted.
        documents: URL -> signal of what the records' own headers and pages declare: RSL licences, TDM policies.
    """

    origins: list[str]
    documents: dict[str, str]


def to_capture(inputs: str | Path | Sequence[str | Path], policy: Policy) -> ToCapture:
    """Find what there is to capture for records. Only the columns of URLs, headers and pages are read.

    Raises:
        InputError, MissingColumnError: a file cannot be read, or has no URL column.
    """
    locator = Locator()
    origins: set[str] = set()
    documents: dict[str, str] = {}
    for file in find_inputs(inputs):
        records = open_records(file)
        columns = Columns.resolve(records.schema, policy, file=str(file))
        roles = (*_URLS, *(ROLES if policy.capture.licences else ()))
        paths = [path for path in (columns.url, columns.final_url) if path is not None]
        for batch in read_batches(records, records.schema, columns=columns.top_level(roles, records.schema)):
            for path in paths:
                origins.update(o.origin for o in locator.locate(*text_column(batch, path)).origins)
            for url, signal in _declared(batch, columns) if policy.capture.licences else ():
                # What is a licence and a policy is captured as a licence: without it nothing is licensed.
                documents[url] = RSL if RSL in {signal, documents.get(url)} else signal
    return ToCapture(sorted(origins), dict(sorted(documents.items())))


def _declared(batch: pa.RecordBatch, columns: Columns) -> Iterator[tuple[str, str]]:
    lines = page_lines(batch, columns)
    if lines is None:
        return
    encoded = lines.dictionary_encode()
    read = [read_fields(text, _ANYBODY) for text in encoded.dictionary.to_pylist()]
    named = [((p.licence_urls, RSL), (tdmrep.policies_named(p.reading.statements), TDM_POLICY)) for p in read]
    declaring = {code for code, several in enumerate(named) if any(written for written, _ in several)}
    if not declaring:
        return
    for row, code in enumerate(encoded.indices.to_pylist()):
        if code in declaring:
            base = _base(batch, columns, row)
            for written, signal in named[code]:
                yield from ((document.url, signal) for document in resolved(written, base) if document.readable)


def _base(batch: pa.RecordBatch, columns: Columns, row: int) -> str:
    """Give the address that relative ones are relative to: where redirects led, if they did."""
    for path in (columns.final_url, columns.url):
        url = text_column(batch.slice(row, 1), path)[0][0].as_py() if path is not None else None
        location = parse_url(url) if url else None
        if location is not None:
            return location.href
    return ""
