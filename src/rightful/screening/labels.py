"""Decisions as columns: the `rights` label that records carry, and the rows of the ledger."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rightful.screening.columns import column, readable
from rightful.screening.figures import language_column, text_lengths
from rightful.screening.locate import NOWHERE
from rightful.screening.text_matches import sketch_columns
from rightful.snapshot.capture_index import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rightful.facts.decision import Decision
    from rightful.policy.policy import Policy
    from rightful.screening.columns import Columns
    from rightful.screening.locate import Located
    from rightful.screening.observe import Observation

RIGHTS = pa.struct(
    [
        ("admission", pa.string()),  # admit, hold, exclude
        ("reasons", pa.list_(pa.string())),
        ("tier", pa.string()),
        ("remuneration", pa.string()),
        ("basis", pa.string()),
        ("conditions", pa.list_(pa.string())),
        ("route", pa.string()),
        ("licence", pa.string()),
        ("site", pa.string()),
        ("situation", pa.int64()),
    ]
)

LEDGER = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.large_string()),
        ("final_url", pa.large_string()),
        ("account", pa.large_string()),
        ("url_sha256", pa.binary()),
        ("fetched_at", pa.timestamp("s", tz="UTC")),
        ("site", pa.string()),
        ("text_sha256", pa.string()),
        # Of a record whose text is like an opted-out work: the shingle hashes they share, and how many it has in all.
        ("shared_shingles", pa.list_(pa.uint64())),
        ("text_shingles", pa.list_(pa.int64())),
        ("fields", pa.large_string()),
        ("admission", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("tier", pa.string()),
        ("situation", pa.int64()),
        # Of the text, 0 where it cannot be read, null where no column of text was read; and what language it is in.
        ("characters", pa.int64()),
        ("octets", pa.int64()),
        ("language", pa.string()),
    ]
)


def rights_column(observation: Observation, decided: Sequence[tuple[Decision, int]], policy: Policy) -> pa.StructArray:
    """Spread the decisions of the batch's situations over its rows."""
    rows = pa.array(observation.situation)
    decisions = [decision for decision, _ in decided]
    sources = [policy.sources_by_name.get(s.source) if s.source_known else None for s in observation.situations]
    per_situation = {
        "admission": [d.admission.word for d in decisions],
        "reasons": [list(d.reasons) for d in decisions],
        "tier": [d.tier and d.tier.value for d in decisions],
        "remuneration": [d.remuneration for d in decisions],
        "basis": [d.basis for d in decisions],
        "conditions": [list(d.conditions) for d in decisions],
        "route": [source and source.route.value for source in sources],
        "licence": [s.licence for s in observation.situations],
        "situation": [number for _, number in decided],
    }
    columns = {
        field.name: pa.array(per_situation[field.name], field.type).take(rows)
        for field in RIGHTS
        if field.name != "site"
    }
    columns["site"] = site_column(observation.signals.located)
    return pa.StructArray.from_arrays([columns[field.name] for field in RIGHTS], fields=list(RIGHTS))


def site_column(located: Located) -> pa.Array:
    """Give each row's site; null where it has no location."""
    sites = pa.array([origin.site for origin in located.origins], pa.string())
    return sites.take(pa.array(located.origin, mask=located.origin == NOWHERE))


def ledger_rows(
    batch: pa.RecordBatch,
    observation: Observation,
    decided: Sequence[tuple[Decision, int]],
    columns: Columns,
    policy: Policy,
) -> pa.RecordBatch:
    """Write one ledger row per record: ids, locations, digests and the decision, never text."""
    rows = pa.array(observation.situation)
    decisions = [decision for decision, _ in decided]
    located, final = observation.signals.located, observation.signals.final
    keep = policy.ledger.locations == "keep"
    shared, counts = sketch_columns(observation.locations.sketch, batch.num_rows)
    values = {
        "id": as_text(column(batch, columns.id)) if columns.id else None,
        "url": _without_credentials(located.urls) if keep else None,
        "final_url": _without_credentials(final.urls) if keep and final else None,
        "account": as_text(column(batch, columns.account)) if keep and columns.account else None,
        "url_sha256": _url_digests(batch, observation, columns, keep=keep),
        "fetched_at": _moments(observation.locations.fetched_at),
        "site": site_column(located),
        "text_sha256": observation.locations.digests,
        "shared_shingles": shared,
        "text_shingles": counts,
        "fields": observation.locations.fields,
        "admission": pa.array([d.admission.word for d in decisions], pa.string()).take(rows),
        "reasons": pa.array([list(d.reasons) for d in decisions], pa.list_(pa.string())).take(rows),
        "tier": pa.array([d.tier and d.tier.value for d in decisions], pa.string()).take(rows),
        "situation": pa.array([number for _, number in decided], pa.int64()).take(rows),
        **_measures(batch, observation, columns),
    }
    arrays = [_filled(values[field.name], field.type, batch.num_rows) for field in LEDGER]
    return pa.RecordBatch.from_arrays(arrays, schema=LEDGER)


def _measures(batch: pa.RecordBatch, observation: Observation, columns: Columns) -> dict[str, pa.Array | None]:
    """Measure the text of every row, nothing where it cannot be read, and name its language."""
    found: dict[str, pa.Array | None] = dict.fromkeys(("characters", "octets", "language"))
    if columns.text is not None:
        readable_in = np.array([situation.text_readable for situation in observation.situations], bool)
        readable_at = readable_in[observation.situation] if len(readable_in) else np.zeros(0, bool)
        for name, lengths in zip(("characters", "octets"), text_lengths(batch, columns.text), strict=True):
            found[name] = pa.array(np.where(readable_at, lengths, 0))
    # A column that has nothing in it but nulls may be no column elsewhere in the same stream: it names no language.
    if columns.language is not None and not pa.types.is_null(column(batch, columns.language).type):
        found["language"] = language_column(batch, columns.language)
    return found


def _without_credentials(urls: pa.Array) -> pa.Array:
    """Take user names and passwords out of URLs: they name no other location, and the ledger is published."""
    urls = urls.cast(pa.large_string())
    if not pc.any(pc.match_substring(urls, "@")).as_py():
        return urls
    return pc.replace_substring_regex(urls, r"^(\s*[A-Za-z]+:[/\\]*)[^/?#\\]*@", r"\1")


def _filled(values: pa.Array | list[str | None] | None, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    return pa.array(values, kind) if isinstance(values, list) else values.cast(kind)


def as_text(values: pa.Array) -> pa.Array:
    """Write ids and accounts as text: octets in hex, and null where a text is no valid UTF-8."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return pa.array([None if v is None else v.hex() for v in values.to_pylist()], pa.string())
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        return readable(values)[0].cast(pa.string())
    return values.cast(pa.string())


def _url_digests(batch: pa.RecordBatch, observation: Observation, columns: Columns, *, keep: bool) -> pa.Array | None:
    """SHA-256 of URLs the ledger does not hold as they are: all of them, or those too long to be kept."""
    if columns.url is None:
        return None
    urls = observation.signals.located.urls
    wanted = urls.is_null().to_numpy(zero_copy_only=False) if keep else np.ones(batch.num_rows, bool)
    if not wanted.any():
        return None
    original = column(batch, columns.url)
    if pa.types.is_dictionary(original.type):
        original = original.dictionary_decode()
    octets = original.cast(pa.large_binary())
    digests: list[bytes | None] = [None] * batch.num_rows
    for row in np.flatnonzero(wanted).tolist():
        value = octets[row].as_py()
        digests[row] = None if value is None else hashlib.sha256(value).digest()
    return pa.array(digests, pa.binary())


def _moments(fetched_at: np.ndarray | None) -> pa.Array | None:
    if fetched_at is None:
        return None
    seconds = pa.array(fetched_at, pa.int64(), mask=fetched_at == NO_TIME)
    return pc.cast(seconds, pa.timestamp("s", tz="UTC"))
