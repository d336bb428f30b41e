"""Why a record was kept or removed: the decision, every reason, and the lines of evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from rightful.audit.decide_again import LEDGER_COLUMNS, evidence_lookup, locations_of
from rightful.errors import NotFoundError
from rightful.facts.site import parse_url
from rightful.facts.statement import Reading
from rightful.ledger.run_directory import EVIDENCE, OPTOUTS, POLICY, RunDirectory
from rightful.ledger.situations import read_situation
from rightful.policy.causes import causes
from rightful.policy.policy_file import read_policy
from rightful.policy.source_sections import bound_by_sites
from rightful.register.export import Register
from rightful.screening.robots_columns import captures_in_force
from rightful.screening.settled import replaced_by
from rightful.signals.robots_txt import RobotsTxt
from rightful.signals.site_files import SITE_FILES
from rightful.snapshot.capture_index import NO_TIME, NOT_CAPTURED
from rightful.snapshot.site_view import ASK_RULES
from rightful.snapshot.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rightful.facts.decision import Decision
    from rightful.facts.site import Location
    from rightful.facts.situation import Situation
    from rightful.facts.statement import Statement
    from rightful.policy.causes import Cause
    from rightful.register.entries import OptOut
    from rightful.screening.locate import Located
    from rightful.screening.signal_lookup import Locations


@dataclass(frozen=True, slots=True)
class RobotsEvidence:
    """One capture that was asked, and what it said.

    Attributes:
        when: `fetch` or `now`.
        capture: the capture's row (`snapshot.model.CAPTURES`), None where there was none.
        verdicts: for each group of tokens: (tokens, `allow` or `deny`, kind, line number, line).
    """

    when: str
    capture: dict[str, Any] | None
    verdicts: tuple[tuple[tuple[str, ...], str, str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StatementEvidence:
    """One statement of another protocol, and where it was made.

    Attributes:
        when: `fetch` or `now`.
        capture: the capture's row (`snapshot.model.CAPTURES`); None where the record's own headers or meta elements
            state it, and where a declared licence was never captured.
        statement: what was stated, its line or element and its words.
    """

    when: str
    capture: dict[str, Any] | None
    statement: Statement


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record of the ledger, and everything its decision rests on.

    Attributes:
        bound: whether what sites say of crawling binds the record, by what the policy declares of its source.
    """

    record: dict[str, Any]
    decision: Decision
    situation: Situation
    causes: tuple[Cause, ...]
    bound: bool = True
    robots: tuple[RobotsEvidence, ...] = ()
    statements: tuple[StatementEvidence, ...] = ()
    optouts: tuple[OptOut, ...] = field(default=())


def explain(folder: str | Path, *, url: str | None = None, record_id: str | None = None) -> list[Explanation]:
    """Find a record by URL or id, and say why it was decided as it was.

    Args:
        folder: the run.
        url: as in the records, or another spelling of the same location.
        record_id: as in the records, or `file#row` for records without an id.

    Returns:
        One explanation for each ledger row that matches: a URL may occur many times.

    Raises:
        NotFoundError: no row matches.
    """
    explainer = _Explainer(RunDirectory(folder))
    found = [
        explainer.explain(batch.slice(at, 1), url)
        for batch in explainer.run.ledger_batches(LEDGER_COLUMNS)
        for at in _matching(batch, url, record_id)
    ]
    if not found:
        asked = f"URL {url!r}" if url is not None else f"id {record_id!r}"
        raise NotFoundError(
            f"no record of {asked} is in the run {explainer.run.root}",
            hint="a record without an id is called by its place: file#row",
        )
    return found


def _matching(batch: pa.RecordBatch, url: str | None, record_id: str | None) -> list[int]:
    if record_id is not None:
        return _rows(pc.equal(batch.column("id"), record_id))
    if url is None:
        return []
    rows = _rows(pc.equal(batch.column("url"), url))
    digest = hashlib.sha256(url.encode()).digest()
    rows += _rows(pc.equal(batch.column("url_sha256"), digest))
    location = parse_url(url)
    if location is not None and not rows:
        # Another spelling of the same location: compare those on the same host only.
        near = _rows(pc.match_substring(batch.column("url"), location.host, ignore_case=True))
        spelt = ((at, parse_url(batch.column("url")[at].as_py())) for at in near)
        rows = [at for at, other in spelt if other is not None and other.href == location.href]
    return sorted(set(rows))


def _rows(mask: pa.Array) -> list[int]:
    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()  # noqa: FBT003 - what null becomes
    return found


def _location(place: Located) -> Location | None:
    """Give the location of the one row that is explained."""
    url = place.urls[0].as_py()
    return parse_url(url) if url is not None else None


class _Explainer:
    """What explaining any record of a run needs, opened once."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        manifest = run.manifest  # says so where the folder is no run
        self._policy = read_policy(run.root / POLICY)
        self._lookup = evidence_lookup(run, self._policy)
        self._snapshot = Snapshot.open(run.root / EVIDENCE, manifest.evidence)
        self._situations = {row["situation"]: row for row in run.situations().to_pylist()}

    def explain(self, row: pa.RecordBatch, url: str | None) -> Explanation:
        """Explain one ledger row; `url` stands in where the ledger keeps no locations."""
        record = row.to_pylist()[0]
        if record["situation"] not in self._situations:
            raise NotFoundError(f"situation {record['situation']} of the record is not in the run: it was altered")
        situation, decision = read_situation(self._situations[record["situation"]])
        locations = locations_of(row, keep=True)
        address = record["url"] or url
        locations.urls = pa.array([address], pa.large_string())
        signals = self._lookup.signals(locations)
        places = [place for place in (signals.located, signals.final) if place is not None and place.origins]
        robots = [evidence for place in places for evidence in self._robots(place, locations)]
        page = tuple(self._paged(record["fields"] or "", locations, _location(signals.located)))
        said = tuple(entry.statement for entry in page)
        files = signals.files(0)
        stated = [
            entry
            for place in places
            for entry in self._stated(place, locations)
            if not set(Reading((entry.statement,)).substance) & set(replaced_by(said, files, now=entry.when == "now"))
        ]
        entries = self._entries(signals.entries)
        source = self._policy.sources_by_name.get(situation.source)
        return Explanation(
            record, decision, situation, causes(situation, self._policy), bound_by_sites(source),
            tuple(robots), (*stated, *page), entries,
        )  # fmt: skip

    def _robots(self, place: Located, locations: Locations) -> Iterator[RobotsEvidence]:
        build, fetch = captures_in_force(self._lookup.view, place, locations.fetched_at)
        location = _location(place)
        for when, number in (("fetch", int(fetch[0])), ("now", int(build[0]))):
            yield self._asked(when, number, location.target if location else "/")

    def _stated(self, place: Located, locations: Locations) -> Iterator[StatementEvidence]:
        location = _location(place)
        target = location.target if location else "/"
        times = locations.fetched_at
        for signal, view in zip(SITE_FILES, self._lookup.signal_views, strict=True):
            build, fetch = captures_in_force(view, place, times)
            for when, number in (("fetch", int(fetch[0])), ("now", int(build[0]))):
                if number == NOT_CAPTURED:
                    continue
                capture = view.captures.slice(number, 1).to_pylist()[0]
                stated = view.reading(number, target).statements
                yield from (StatementEvidence(when, capture, statement) for statement in stated)
                if signal in self._lookup.declared:
                    moment = None if when == "now" or times is None or times[0] == NO_TIME else int(times[0])
                    origin = place.origins[int(place.origin[0])].origin
                    documents = self._lookup.declared[signal]
                    for row, statement in documents.said(number, origin, stated, target, moment):
                        capture = documents.view.captures.slice(row, 1).to_pylist()[0] if row >= 0 else None
                        yield StatementEvidence(when, capture, statement)

    def _paged(self, lines: str, locations: Locations, location: Location | None) -> Iterator[StatementEvidence]:
        """Give what the record's own response and page stated, with the captures of documents they declare."""
        final = locations.finals[0].as_py() if locations.finals is not None else None
        place = (parse_url(final) if final else None) or location
        times = locations.fetched_at
        moment = None if times is None or times[0] == NO_TIME else int(times[0])
        told = set()
        for when, at in (("fetch", moment), ("now", None)):
            for captures, row, statement in self._lookup.pages.said(lines, place, at):
                if row >= 0 or statement not in told:  # the page itself speaks of its fetch, at both times
                    told.add(statement)
                    yield StatementEvidence(
                        when, captures.slice(row, 1).to_pylist()[0] if row >= 0 else None, statement
                    )

    def _asked(self, when: str, number: int, target: str) -> RobotsEvidence:
        if number == NOT_CAPTURED:
            return RobotsEvidence(when, None)
        view = self._lookup.view
        capture = view.captures.slice(number, 1).to_pylist()[0]
        if view.answers[number] != ASK_RULES or capture["body_sha256"] is None:
            return RobotsEvidence(when, capture)
        robots = RobotsTxt.parse(self._snapshot.body(capture["body_sha256"]))
        groups: dict[int, list[str]] = {}
        for token in self._policy.crawler.effective:
            groups.setdefault(id(robots.select(token)), []).append(token)
        verdicts = []
        for tokens in groups.values():
            match = robots.match_target(target, tokens[0])
            verdicts.append((tuple(tokens), match.preference.value, match.kind, match.line, match.text))
        verdicts.sort(key=lambda verdict: (verdict[1] != "deny", verdict[2] != "named"))
        return RobotsEvidence(when, capture, tuple(verdicts))

    def _entries(self, rows: set[int]) -> tuple[OptOut, ...]:
        if self.run.manifest.register is None:
            return ()
        register = Register.open(self.run.root / OPTOUTS)
        return tuple(register.entry(row) for row in sorted(rows))
