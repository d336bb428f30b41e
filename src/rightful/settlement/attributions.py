"""Who must be named with which record: what licences ask for, and moral rights, which outlast the term.

One row an admitted record whose conditions ask for it: where it is, and what the record itself has as title and author;
nothing of its text. Where the ledger keeps no locations, this file keeps none either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from rightful.facts.decision import Admission
from rightful.screening.column_kinds import is_text, kind_at
from rightful.screening.columns import column
from rightful.screening.labels import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

# What asks for a name: licences, an offer of RSL, works in the public domain.
ASKING = frozenset({"BY", "SA", "attribution", "moral-rights"})
# Columns of records that are taken as they are, by role: the first that is there and holds text.
NAMED = {"title": ("title", "metadata.title"), "author": ("author", "metadata.author")}

ATTRIBUTIONS_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.large_string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("licence", pa.string()),
        ("licence_evidence", pa.string()),
        ("conditions", pa.list_(pa.string())),
        ("source", pa.string()),
    ]
)


def asks_for_a_name(situation: Mapping[str, Any]) -> bool:
    """Tell whether the records of a situation have to be attributed; `situation` is a row of the table."""
    return situation["admission"] == Admission.ADMIT.word and not ASKING.isdisjoint(situation["conditions"])


def columns_that_name(schema: pa.Schema) -> dict[str, str]:
    """Find the columns of title and author, if the records have any that hold text."""
    found = {}
    for role, names in NAMED.items():
        for name in names:
            if _has(schema, name) and is_text(kind_at(schema, name)):
                found[role] = name
                break
    return found


def _has(schema: pa.Schema, path: str) -> bool:
    if schema.names.count(path) == 1:
        return True
    head, _, inner = path.partition(".")
    if not inner or schema.names.count(head) != 1:
        return False
    kind = schema.field(head).type
    return bool(pa.types.is_struct(kind)) and kind.get_field_index(inner) >= 0


def attribution_rows(
    ledger: pa.RecordBatch, batch: pa.RecordBatch, situations: Mapping[int, Mapping[str, Any]], named: Mapping[str, str]
) -> pa.RecordBatch:
    """Give the rows of a batch that have to be attributed, in order.

    Args:
        ledger: ledger rows of the batch, of which id, url and situation are read.
        batch: the records.
        situations: rows of the table of situations, by id; those that are not in it ask for nothing.
        named: the columns of title and author (`columns_that_name`).
    """
    asking = sorted(number for number, row in situations.items() if asks_for_a_name(row))
    facts = [situations[number] for number in asking]
    wanted = np.array(asking, np.int64)
    numbers = ledger.column("situation").to_numpy()
    at = pa.array(np.flatnonzero(np.isin(numbers, wanted)))
    which = pa.array(np.searchsorted(wanted, numbers[at.to_numpy()]))
    values = {
        "id": ledger.column("id").take(at),
        "url": ledger.column("url").take(at),
        **{role: as_text(column(batch, path).take(at)) for role, path in named.items()},
    }
    for name in ("licence", "licence_evidence", "conditions", "source"):
        kind = ATTRIBUTIONS_SCHEMA.field(name).type
        values[name] = pa.array([row[name] for row in facts], kind).take(which)
    return pa.RecordBatch.from_arrays(
        [
            values[field.name].cast(field.type) if field.name in values else pa.nulls(len(at), field.type)
            for field in ATTRIBUTIONS_SCHEMA
        ],
        schema=ATTRIBUTIONS_SCHEMA,
    )
