"""What every row's own response and page state, in the light of the documents they declare.

A licence that a page or a header declares is looked up as one of robots.txt is, by its own URL; so is the policy that a
reservation of theirs names. Few pages declare one, so their rows are looked up one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rightful.facts.site import Location, parse_url
from rightful.facts.situation import UrlFact
from rightful.facts.statement import Reading, Statement
from rightful.screening.fact_columns import Coded, Interned
from rightful.screening.locate import URL_CODES
from rightful.signals import tdmrep
from rightful.signals.page_fields import PageFields, read_fields
from rightful.signals.site_files import resolved
from rightful.snapshot.capture_index import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from rightful.screening.declared_documents import DeclaredDocuments
    from rightful.screening.locate import Located
    from rightful.signals.site_files import Declared, Interpretation

_LOCATED = URL_CODES.index(UrlFact.LOCATED)
_KEPT_FIELDS = 100_000
_NOTHING = -1


class PageFacts(NamedTuple):
    """What a record's own response and page amount to (`page_fields.PageFields`)."""

    statements: tuple[Statement, ...] = ()
    looked_for: frozenset[str] = frozenset()
    licences: tuple[str, ...] = ()  # ids of those it names, sorted


class PageSignals:
    """Reads the lines of responses and pages, and looks up what they declare.

    Args:
        asked: a policy's answers to what the specifications leave open.
        licences: RSL documents that were captured.
        policies: TDM policies that were captured.
        interned: what stands for equal facts in every batch.
    """

    def __init__(
        self,
        asked: Interpretation,
        licences: DeclaredDocuments,
        policies: DeclaredDocuments,
        interned: Interned,
    ) -> None:
        self._interned = interned
        self._asked = asked
        self._licences = licences
        self._policies = policies
        self._known: dict[str, tuple[PageFields, PageFacts]] = {}

    def facts(
        self,
        fields: pa.Array | None,
        located: Located,
        final: Located | None,
        fetched_at: np.ndarray | None,
        captures: set[int],
    ) -> tuple[Coded, Coded] | None:
        """Give the `PageFacts` of every row, when it was fetched and now; None where no row has any.

        Args:
            fields: the lines of every row (`page_lines`).
            located: where the rows are from.
            final: where redirects led.
            fetched_at: seconds since 1970 per row; None without times.
            captures: gathers the snapshot's rows that were used.
        """
        if fields is None or fields.null_count == len(fields):
            return None
        encoded = fields.dictionary_encode()
        read = [self._read(lines) for lines in encoded.dictionary.to_pylist()]
        codes = encoded.indices.fill_null(_NOTHING).to_numpy()
        values = [facts for _, facts in read]
        same = Coded(codes, values)
        declaring = [code for code, (page, _) in enumerate(read) if _declares(page)]
        if not declaring:
            return same, same
        at_fetch, now = codes.copy(), codes.copy()
        numbers = {value: number for number, value in enumerate(values)}
        for row in np.flatnonzero(np.isin(codes, declaring)).tolist():
            place = _place(row, located, final)
            moment = None if fetched_at is None or fetched_at[row] == NO_TIME else int(fetched_at[row])
            for when, out in ((moment, at_fetch), (None, now)):
                settled = self._settled(read[codes[row]], place, when, captures)
                number = numbers.setdefault(settled, len(values))
                if number == len(values):
                    values.append(self._interned.one(settled))
                out[row] = number
        return Coded(at_fetch, values), Coded(now, values)

    def said(self, lines: str, place: Location | None, moment: int | None) -> Iterator[tuple[pa.Table, int, Statement]]:
        """Give every statement of one row with the table and the row of the capture it is from; the row is -1 without.

        Args:
            lines: the row's.
            place: where it is from.
            moment: seconds since 1970; None for now.
        """
        left, documented = self._lit(read_fields(lines, self._asked), place, moment)
        yield from ((self._licences.view.captures, _NOTHING, statement) for statement in left)
        for documents, _, row, stated in documented:
            yield from ((documents.view.captures, row, statement) for statement in stated)

    def _read(self, lines: str) -> tuple[PageFields, PageFacts]:
        known = self._known.get(lines)
        if known is None:
            if len(self._known) >= _KEPT_FIELDS:
                self._known.clear()
            page = read_fields(lines, self._asked)
            facts = PageFacts(page.reading.substance, page.looked_for, page.licences)
            known = self._known[lines] = page, self._interned.one(facts)
        return known

    def _settled(
        self, read: tuple[PageFields, PageFacts], place: Location | None, moment: int | None, captures: set[int]
    ) -> PageFacts:
        page, facts = read
        left, documented = self._lit(page, place, moment)
        for documents, document, row, stated in documented:
            captures.update(documents.used(document.url, row))
            left += stated
        return facts._replace(statements=Reading(left).substance)

    def _lit(
        self, page: PageFields, place: Location | None, moment: int | None
    ) -> tuple[tuple[Statement, ...], list[tuple[DeclaredDocuments, Declared, int, tuple[Statement, ...]]]]:
        """Give what is left of what a page states, and what each document says, with its row in `view`."""
        left, documented = page.reading.statements, []
        for documents, document in self._declared(page, place):
            row = documents.at(document.url, moment)
            left, said = documents.in_its_light(left, document, row, place.target if place else "/")
            documented.append((documents, document, row, said))
        return left, documented

    def _declared(self, page: PageFields, place: Location | None) -> Iterator[tuple[DeclaredDocuments, Declared]]:
        base = place.href if place else ""
        yield from ((self._licences, document) for document in resolved(page.licence_urls, base))
        policies = tdmrep.policies_named(page.reading.statements)
        yield from ((self._policies, document) for document in resolved(policies, base))


def _declares(page: PageFields) -> bool:
    return bool(page.licence_urls or tdmrep.policies_named(page.reading.statements))


def _place(row: int, located: Located, final: Located | None) -> Location | None:
    """Give where a page is from: where redirects led, if they did."""
    for rows in (final, located):
        if rows is not None and rows.state[row] == _LOCATED:
            return parse_url(rows.urls[row].as_py())
    return None
