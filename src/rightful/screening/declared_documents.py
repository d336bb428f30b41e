"""Documents that a signal file declares, for a batch: the RSL licences of robots.txt, the TDM policies of tdmrep.json.

What a site states is then what its file states in the light of these documents, as they were captured. Few sites
declare one, so their rows are looked up one by one; what was found once in a batch is not asked for again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import repeat
from typing import TYPE_CHECKING, cast

import numpy as np

from rightful.facts.statement import Preference, Reading, Statement, shown
from rightful.screening.fact_columns import Coded, Interned
from rightful.signals import rsl, tdmrep
from rightful.signals.locations import RSL, TDM_POLICY
from rightful.signals.rsl.terms import USAGES
from rightful.signals.site_files import declared_by
from rightful.snapshot.capture_index import NO_TIME, NOT_CAPTURED
from rightful.snapshot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from rightful.screening.locate import Located
    from rightful.screening.statement_columns import StatementColumns
    from rightful.signals.site_files import Declared, DeclaringFile
    from rightful.signals.tdm_policy import TdmPolicy
    from rightful.snapshot.signal_view import SignalView

LATER = -2  # captured, and not as early as asked about: the newest capture speaks at build

_Stated = tuple[Statement, ...]


class DeclaredDocuments(ABC):
    """The documents that one kind of signal file declares.

    Args:
        signal: the file's.
        files: captures of the file.
        documents: captures of what it declares, by their own URLs.
        only_then: nothing is asked about now, so that what was captured too late answers nothing.

    Attributes:
        by_path: whether what a document says depends on the path.
    """

    by_path = True

    def __init__(self, signal: str, files: SignalView, documents: SignalView, *, only_then: bool = False) -> None:
        self._signal = signal
        self._only_then = only_then
        self._files = files
        self.view = documents

    @property
    def idle(self) -> bool:
        """Whether they cannot change what any file states."""
        return not len(self._files)

    def declared(self, row: int, origin: str, _stated: _Stated) -> tuple[Declared, ...]:
        """Give the documents that count for what a capture of the file states."""
        file = cast("DeclaringFile | None", self._files.file_of(row)) if row != NOT_CAPTURED else None
        return declared_by(file, origin, self._signal) if file is not None and file.declares else ()

    def declares(self, row: int) -> bool:
        """Tell whether a capture of the file declares any."""
        file = cast("DeclaringFile | None", self._files.file_of(row))
        return file is not None and bool(file.declares)

    def at(self, url: str, moment: int | None) -> int:
        """Give the capture in force, newest or not later than a moment; `NOT_CAPTURED` or `LATER` without one."""
        row = self.view.at(url, moment)
        later = not self._only_then and row == NOT_CAPTURED and moment is not None
        if later and self.view.at(url, None) != NOT_CAPTURED:
            return LATER
        return row

    def used(self, url: str, row: int) -> Iterable[int]:
        """Give the rows of the snapshot that an answer of `at` rests on."""
        row = self.view.at(url, None) if row == LATER else row
        return () if row == NOT_CAPTURED else (int(self.view.rows[row]),)

    def said(
        self, file: int, origin: str, stated: _Stated, target: str, moment: int | None
    ) -> Iterator[tuple[int, Statement]]:
        """Give every statement of the documents that a capture of the file declares, with the row of its capture.

        Args:
            file: the capture.
            origin: whose file it is.
            stated: what it states about the path.
            target: path and query.
            moment: seconds since 1970; None for now.
        """
        for document in self.declared(file, origin, stated):
            row = self.at(document.url, moment)
            stated, more = self.in_its_light(stated, document, row, target)
            yield from ((row, statement) for statement in more)

    @abstractmethod
    def in_its_light(self, stated: _Stated, document: Declared, row: int, target: str) -> tuple[_Stated, _Stated]:
        """Give what is left of what the file states about a path, and what the document says.

        Args:
            stated: what the file states, or what other documents left of it.
            document: which.
            row: its capture, of `at`.
            target: path and query.
        """


class Licences(DeclaredDocuments):
    """RSL documents: they add to what is stated. What cannot be had licenses nothing (RSL 4.3)."""

    def in_its_light(self, stated: _Stated, document: Declared, row: int, target: str) -> tuple[_Stated, _Stated]:
        """Add what a licence says; nobody knows what one says that was never captured."""
        if row == LATER:
            return stated, ()
        return stated, licence_reading(self.view, document.url, row, target).statements


class Policies(DeclaredDocuments):
    """TDM policies: each may turn the refusals that name it into conditions, and nothing else."""

    by_path = False

    @property
    def idle(self) -> bool:
        """Without a captured policy every refusal stands."""
        return not len(self.view)

    def declared(self, row: int, origin: str, stated: _Stated) -> tuple[Declared, ...]:
        """Give the policies that what is stated names."""
        return tuple(d for d in super().declared(row, origin, stated) if tdmrep.naming(d.written, stated))

    def in_its_light(self, stated: _Stated, document: Declared, row: int, _target: str) -> tuple[_Stated, _Stated]:
        """Put its conditions in the place of refusals; without a policy that can be read they stand."""
        policy = cast("TdmPolicy | None", self.view.file_of(row)) if row >= 0 else None
        refusals = tdmrep.naming(document.written, stated)
        if policy is None or not refusals:
            return stated, ()
        return tuple(s for s in stated if s not in refusals), policy.under(refusals)


DOCUMENTS_OF: dict[str, type[DeclaredDocuments]] = {RSL: Licences, TDM_POLICY: Policies}


def licence_reading(view: SignalView, url: str, row: int, target: str) -> Reading:
    """Give what a licence says of a path; what cannot be had licenses nothing, what was not captured is not known."""
    if row == NOT_CAPTURED:
        never = (Statement(rsl.PROTOCOL, u, Preference.ERROR, "1.0", "license", shown(url)) for u in USAGES)
        return Reading(tuple(never))
    if view.captures["outcome"][row].as_py() != Outcome.AVAILABLE.value:
        return rsl.unobtainable(url)
    return view.reading(row, target)


class DeclaredColumns:
    """Looks declared documents up for the rows of a batch; `captures` gathers the snapshot's rows that were used.

    Args:
        documents: of which kind of file.
        columns: which capture of the file is in force for every row.
        located: the rows.
        fetched_at: seconds since 1970 per row; None without times.
        interned: as in `StatementColumns`.
    """

    def __init__(
        self,
        documents: DeclaredDocuments,
        columns: StatementColumns,
        located: Located,
        fetched_at: np.ndarray | None,
        interned: Interned,
    ) -> None:
        self._interned = interned
        self._documents = documents
        self._columns = columns
        self._located = located
        self._fetched_at = fetched_at
        self.captures: set[int] = set()
        self._values: list[_Stated] = []
        self._numbers: dict[_Stated, int] = {}
        self._declared: dict[tuple[int, int, int], tuple[Declared, ...]] = {}
        self._known: dict[tuple[int, int, int, tuple[Hashable, ...], tuple[int, ...]], int] = {}

    def fetch_and_build(self, stated: tuple[Coded, Coded]) -> tuple[Coded, Coded]:
        """Give what was stated at fetch and is stated now, in the light of the documents declared.

        Args:
            stated: the same without them (`StatementColumns.fetch_and_build`).
        """
        if self._documents.idle:
            return stated
        fetch, build = stated
        self._values = list(fetch.values)
        self._numbers = {value: number for number, value in enumerate(self._values)}
        fetched = self._codes(fetch.codes, self._columns.fetch_captures, at_fetch=True)
        newest = self._codes(build.codes, self._columns.build_captures, at_fetch=False)
        return Coded(fetched, self._values), Coded(newest, self._values)

    def _codes(self, codes: np.ndarray, captures: np.ndarray, *, at_fetch: bool) -> np.ndarray:
        distinct = (row for row in np.unique(captures).tolist() if row != NOT_CAPTURED)
        declaring = [row for row in distinct if self._documents.declares(row)]
        if not declaring:
            return codes
        found = codes.copy()
        rows = np.flatnonzero(np.isin(captures, declaring))
        targets: Iterable[str] = self._columns.targets(rows) if self._documents.by_path else repeat("/", len(rows))
        moments: Iterable[int] = repeat(int(NO_TIME), len(rows))
        if at_fetch and self._fetched_at is not None:
            moments = self._fetched_at[rows].tolist()
        of_row = zip(captures[rows].tolist(), self._located.origin[rows].tolist(), codes[rows].tolist(), strict=True)
        found[rows] = [
            self._code(capture, place, code, target, None if moment == NO_TIME else moment)
            for (capture, place, code), target, moment in zip(of_row, targets, moments, strict=True)
        ]
        return found

    def _code(self, capture: int, place: int, code: int, target: str, moment: int | None) -> int:
        documents = self._declared.get((capture, place, code))
        if documents is None:
            origin = self._located.origins[place].origin
            documents = self._documents.declared(capture, origin, self._values[code])
            self._declared[capture, place, code] = documents
        at = tuple(self._documents.at(document.url, moment) for document in documents)
        view = self._documents.view
        parts = tuple(view.part(row, target) if row >= 0 else None for row in at)
        known = self._known.get((capture, place, code, parts, at))
        if known is None:
            left, said = self._values[code], Reading()
            for document, row in zip(documents, at, strict=True):
                self.captures.update(self._documents.used(document.url, row))
                left, more = self._documents.in_its_light(left, document, row, target)
                said += Reading(more)
            known = self._number((Reading(left) + said).substance)
            self._known[capture, place, code, parts, at] = known
        return known

    def _number(self, stated: _Stated) -> int:
        number = self._numbers.get(stated)
        if number is None:
            number = self._numbers[stated] = len(self._values)
            self._values.append(self._interned.one(stated))
        return number
