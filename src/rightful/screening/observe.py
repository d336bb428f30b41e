"""A batch observed: every fact of every row as a code, and the distinct situations the rows are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.facts.moment import parse_time
from rightful.facts.situation import ROBOTS_CODES, Consent, LicenceEvidence, RobotsFact, Situation
from rightful.policy.licences import NO_LICENCE, UNKNOWN_LICENCE, licence_id
from rightful.register.entries import KeyKind
from rightful.screening.columns import column, text_column
from rightful.screening.locate import URL_CODES, Located, Locator
from rightful.screening.optout_columns import OptOutColumns, digests_of, optout_names
from rightful.screening.robots_columns import RobotsColumns, captures_in_force
from rightful.snapshot.site_view import NO_TIME, NOT_CAPTURED, SiteView

if TYPE_CHECKING:
    from rightful.policy.policy import Policy
    from rightful.policy.sections import Source
    from rightful.register.export import Register
    from rightful.screening.columns import Columns
    from rightful.snapshot.store import Snapshot

_NAMED = ROBOTS_CODES.index(RobotsFact.NAMED)
_ABSENT = -1


@dataclass(slots=True)
class Observation:
    """A batch observed.

    Attributes:
        situations: the distinct situations of the batch.
        situation: index into `situations` per row.
        located: the rows' locations.
        final: where redirects led, if a column says so.
        fetched_at: seconds since 1970 per row (`NO_TIME` unknown); None without a column.
        digests: digest of each text's canonical form, where opt-outs by content were looked up.
        captures: rows of the site view's table that the batch was decided on.
        optouts: rows of the register that had an effect.
    """

    situations: list[Situation]
    situation: np.ndarray
    located: Located
    final: Located | None = None
    fetched_at: np.ndarray | None = None
    digests: list[str | None] | None = None
    captures: set[int] = field(default_factory=set)
    optouts: set[int] = field(default_factory=set)


class Observer:
    """Turns batches into observations under one policy, snapshot and register."""

    def __init__(self, policy: Policy, snapshot: Snapshot, register: Register | None, columns: Columns) -> None:
        self._policy = policy
        self._register = register
        self._columns = columns
        self._locator = Locator()
        self.view = SiteView(
            snapshot,
            tokens=policy.crawler.effective,
            any_scheme=policy.protocols.any_scheme,
            max_age_days=policy.protocols.max_capture_age_days,
        )

    def observe(self, batch: pa.RecordBatch) -> Observation:
        """Observe a batch of records."""
        columns = self._columns
        rows = batch.num_rows
        urls, broken = _texts(batch, columns.url)
        located = self._locator.locate(urls, broken)
        fetched_at = _times(batch, columns.fetched_at)
        final = self._final(batch, located)
        observation = Observation([], np.empty(0, np.int64), located, final, fetched_at)
        fetch, build = self._robots(observation)
        readable = np.ones(rows, bool)
        if columns.text is not None:
            texts, unreadable = _texts(batch, columns.text)
            if unreadable is not None:
                readable = ~unreadable.to_numpy(zero_copy_only=False)
            if self._register is not None and self._register.has(KeyKind.CONTENT):
                observation.digests = digests_of(texts)
        codes = {
            "source": self._sources(batch),
            "url": _Coded(located.state, URL_CODES),
            "text_readable": _Coded(readable.astype(np.int8), (False, True)),
            "robots_fetch": _Coded(fetch, ROBOTS_CODES),
            "robots_build": _Coded(build, ROBOTS_CODES),
            "optouts": _Coded(self._optouts(batch, observation), None),
            "licence": _coded(batch, columns.licence),
            "licence_evidence": _coded(batch, columns.licence_evidence),
            "consent": _coded(batch, columns.consent),
        }
        self._distinguish(observation, codes)
        return observation

    def _final(self, batch: pa.RecordBatch, located: Located) -> Located | None:
        """Locate where redirects led, for the rows where that is elsewhere (protocols A15)."""
        if self._columns.final_url is None:
            return None
        finals, _ = _texts(batch, self._columns.final_url)
        elsewhere = pc.fill_null(pc.not_equal(finals, located.urls), True)  # noqa: FBT003 - what null becomes
        return self._locator.locate(pc.if_else(elsewhere, finals, pa.scalar(None, finals.type)))

    def _robots(self, observation: Observation) -> tuple[np.ndarray, np.ndarray]:
        fetch, build = self._robots_at(observation.located, observation)
        if observation.final is not None and observation.final.origins:
            fetch_final, build_final = self._robots_at(observation.final, observation)
            there = observation.final.origin >= 0
            fetch[there] = _stricter(fetch, fetch_final)[there]
            build[there] = _stricter(build, build_final)[there]
        return fetch, build

    def _robots_at(self, located: Located, observation: Observation) -> tuple[np.ndarray, np.ndarray]:
        build, fetch = captures_in_force(self.view, located, observation.fetched_at)
        used = np.union1d(build, fetch)
        observation.captures.update(used[used != NOT_CAPTURED].tolist())
        columns = RobotsColumns(self.view, located)
        newest = columns.facts(build)
        # Where the capture in force at the fetch is the newest one too, its answer is known already.
        same = fetch == build
        at_fetch = columns.facts(np.where(same, NOT_CAPTURED, fetch))
        at_fetch[same] = newest[same]
        return at_fetch, columns.aged(newest, build)

    def _optouts(self, batch: pa.RecordBatch, observation: Observation) -> np.ndarray:
        if self._register is None or not len(self._register):
            return np.zeros(batch.num_rows, np.int16)
        columns = OptOutColumns(self._register, observation.optouts)
        bits = columns.of_locations(observation.located)
        if observation.final is not None:
            bits |= columns.of_locations(observation.final)
        if self._columns.account is not None and self._register.has(KeyKind.ACCOUNT):
            bits |= columns.of_accounts(_texts(batch, self._columns.account)[0])
        if observation.digests is not None:
            bits |= columns.of_digests(observation.digests)
        return bits

    def _sources(self, batch: pa.RecordBatch) -> _Coded:
        if self._columns.source is None:
            only = self._policy.sources[0]
            return _Coded(np.zeros(batch.num_rows, np.int8), (only.key,))
        return _coded(batch, self._columns.source)

    def _distinguish(self, observation: Observation, codes: dict[str, _Coded]) -> None:
        """Group rows by their combination of codes, and build a situation for each."""
        key = np.zeros(len(observation.located.state), np.int64)
        for coded in codes.values():
            smallest = int(coded.codes.min(initial=0))
            span = int(coded.codes.max(initial=0)) - smallest + 1
            if int(key.max(initial=0)) > np.iinfo(np.int64).max // span - 1:
                key = np.unique(key, return_inverse=True)[1]
            key = key * span + (coded.codes.astype(np.int64) - smallest)
        _, first, observation.situation = np.unique(key, return_index=True, return_inverse=True)
        for row in first.tolist():
            values = {name: coded.value(row) for name, coded in codes.items()}
            observation.situations.append(self._situation(values))

    def _situation(self, values: dict[str, Any]) -> Situation:
        source = self._policy.sources_by_key.get(values["source"] or "")
        unknown: list[str] = []
        licence = self._licence(values["licence"], source, unknown)
        evidence = _closed(LicenceEvidence, values["licence_evidence"], "licence_evidence", unknown)
        consent = _closed(Consent, values["consent"], "consent", unknown)
        if evidence is None:
            # A licence the record states for itself is a tag until evidence is stated with it.
            own = values["licence"] is not None
            evidence = "tag_only" if own else source.licence_evidence.value if source else "none"
        return Situation(
            source=source.name if source else str(values["source"] or ""),
            source_known=source is not None,
            url=values["url"].value,
            text_readable=bool(values["text_readable"]),
            robots_fetch=values["robots_fetch"].value,
            robots_build=values["robots_build"].value,
            optouts=optout_names(int(values["optouts"])),
            licence=licence,
            licence_evidence=evidence,
            consent=consent or (source.consent.value if source else Consent.NOT_APPLICABLE.value),
            unknown_values=tuple(sorted(unknown)),
        )

    def _licence(self, stated: str | None, source: Source | None, unknown: list[str]) -> str:
        aliases = self._policy.licences.aliases
        if stated is None:
            return (licence_id(source.licence, aliases) or UNKNOWN_LICENCE) if source else NO_LICENCE
        known = licence_id(stated, aliases)
        if known is None:
            unknown.append(f"licence={stated[:80]}")
            return UNKNOWN_LICENCE
        return known


@dataclass(slots=True)
class _Coded:
    """One fact of every row: a code, and what the codes mean (None: they mean themselves)."""

    codes: np.ndarray
    values: Any

    def value(self, row: int) -> Any:
        code = int(self.codes[row])
        if self.values is None:
            return code
        return None if code == _ABSENT else self.values[code]


def _coded(batch: pa.RecordBatch, path: str | None) -> _Coded:
    if path is None:
        return _Coded(np.full(batch.num_rows, _ABSENT, np.int8), ())
    encoded = _texts(batch, path)[0].dictionary_encode()
    codes = encoded.indices.fill_null(_ABSENT).to_numpy()
    values: list[str] = encoded.dictionary.to_pylist()
    # White space and emptiness are not values: they mean that nothing is stated.
    blank = np.array([not value.strip() for value in values] or [False])
    return _Coded(np.where((codes >= 0) & blank[codes], _ABSENT, codes), values)


def _texts(batch: pa.RecordBatch, path: str | None) -> tuple[pa.Array, pa.Array | None]:
    if path is None:
        return pa.nulls(batch.num_rows, pa.large_string()), None
    return text_column(batch, path)


def _closed(choices: type[LicenceEvidence | Consent], value: str | None, name: str, unknown: list[str]) -> str | None:
    if value is None:
        return None
    try:
        return choices(value.strip().lower()).value
    except ValueError:
        unknown.append(f"{name}={value[:80]}")
        return None


def _stricter(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Join two facts: the more restrictive; of two denials, both."""
    both = (one >= _NAMED) & (other >= _NAMED)
    joined: np.ndarray = np.where(
        both, ((one - _NAMED + 1) | (other - _NAMED + 1)) + _NAMED - 1, np.maximum(one, other)
    )
    return joined


_SECONDS_END = 100_000_000_000  # larger whole numbers are milliseconds


def _times(batch: pa.RecordBatch, path: str | None) -> np.ndarray | None:
    """Give fetch times as seconds since 1970; what cannot be read as a time is unknown."""
    if path is None:
        return None
    array = column(batch, path)
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        seconds = array.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    elif pa.types.is_integer(kind):
        seconds = pc.if_else(pc.greater(array, _SECONDS_END), pc.divide(array, 1000), array).cast(pa.int64())
    else:
        encoded = text_column(batch, path)[0].dictionary_encode()
        known = pa.array([_read_time(text) for text in encoded.dictionary.to_pylist()], pa.int64())
        seconds = known.take(encoded.indices)
    values: np.ndarray = seconds.fill_null(int(NO_TIME)).to_numpy(zero_copy_only=False)
    return values


def _read_time(text: str) -> int | None:
    try:
        moment = parse_time(text)
    except (ValueError, OverflowError):
        return None
    return None if moment is None else int(moment.timestamp())
