"""The manifest of a run: inputs, rules, outputs, counts and digests; everything else in a run is named here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from rightful.errors import RunError
from rightful.ledger.merkle import files_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT = 1
MOST_UNKNOWN_VALUES = 50  # values outside a closed list that a manifest tells


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input: its name relative to the inputs' folder, SHA-256, octets and records.

    `left_out` says what else it holds that is no record, and how much of it: of a WARC file its redirects, for one.
    """

    name: str
    sha256: str
    octets: int
    records: int
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One shard of data: path in the run, SHA-256, octets, records, and figures over its records.

    `text_octets` is None where there is no text column; `fetched` are the first and last fetch time (ISO 8601).
    `register` is the id of the register under which it was written (`none` where there was none), where that is not the
    run's own: an earlier version had the same file.
    """

    path: str
    sha256: str
    octets: int
    records: int
    text_octets: int | None = None
    languages: dict[str, int] = field(default_factory=dict)
    fetched: tuple[str, str] | None = None
    register: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records came to what. `records = admit + hold + exclude`, always.

    Attributes:
        by_reason: held and excluded records by their first (most restrictive) reason; sums to hold + exclude.
        with_reason: held and excluded records by every reason they have.
        by_tier: admitted records by tier; sums to admit.
    """

    records: int
    admit: int
    hold: int
    exclude: int
    by_reason: dict[str, int] = field(default_factory=dict)
    with_reason: dict[str, int] = field(default_factory=dict)
    by_tier: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One run.

    Attributes:
        mode: `screen` (data holds admitted records), `label` (all records), `ledger` (no data).
        plan: digest of inputs and rules, or of the version before and the register it was held against
            (`version_plan`); the same plan gives the same run, octet for octet.
        reference_time: the one time the run knows, ISO 8601: of the newest capture, unless given.
        policy, snapshot, register: ids and what identifies them; register is None where none was given.
        columns: column of each role.
        unknown_values: records by `fact=value` for values outside their closed list, the most frequent, as far as a
            value may be a name. No ledger holds them: `verify` compares how many records have one, by fact.
        holders: rightsholders whose share of all input makes their data specific, as measured; None where it was not.
        evidence: digest of the run's own snapshot of the captures it was decided on.
        root: Merkle root over every file of the screening stage but this one.
        earlier: the versions this one was made of by withdrawing records, oldest first (`version_of`).
    """

    tool: str
    ruleset: str
    mode: str
    plan: str
    reference_time: str | None
    policy: dict[str, Any]
    snapshot: dict[str, Any]
    register: dict[str, Any] | None
    columns: dict[str, str]
    inputs: tuple[InputFile, ...]
    data: tuple[DataFile, ...]
    ledger: tuple[str, ...]
    counts: Counts
    unknown_values: dict[str, int]
    evidence: str
    root: str
    holders: dict[str, Any] | None = None
    earlier: tuple[dict[str, Any], ...] = ()
    format: int = FORMAT

    def to_json(self) -> str:
        """Write it: keys sorted, one spelling."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it back.

        Raises:
            RunError: it is no manifest of this format.
        """
        try:
            value = json.loads(text)
            if value["format"] != FORMAT:
                raise RunError(f"the manifest has format {value['format']}, this version reads {FORMAT}")
            known = {f.name for f in fields(cls)}
            value = {k: v for k, v in value.items() if k in known}
            value["inputs"] = tuple(InputFile(**row) for row in value["inputs"])
            value["data"] = tuple(
                DataFile(**{**row, "fetched": tuple(row["fetched"]) if row["fetched"] else None})
                for row in value["data"]
            )
            value["ledger"] = tuple(value["ledger"])
            value["counts"] = Counts(**value["counts"])
            value["earlier"] = tuple(value.get("earlier", ()))
            return cls(**value)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"no manifest can be read: {error!r}") from error


def version_of(octets: bytes) -> dict[str, Any]:
    """Say of an older version what a newer one is chained to: what its manifest file is, and what that states.

    Raises:
        RunError: it is no manifest.
    """
    try:
        manifest = Manifest.from_json(octets.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RunError(f"no manifest can be read: {error!r}") from error
    register = manifest.register
    return {
        "manifest_sha256": hashlib.sha256(octets).hexdigest(),
        "root": manifest.root,
        "register": None if register is None else {"id": register["id"], "version": register["version"]},
        "reference_time": manifest.reference_time,
    }


def version_plan(earlier: Sequence[dict[str, Any]], register: str) -> str:
    """Give the plan of a version: the versions before it, and the id of the register it was held against."""
    told = json.dumps({"earlier": list(earlier), "register": register}, sort_keys=True)
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def data_root(data: Iterable[DataFile]) -> str:
    """Give one digest for all shards of data."""
    return files_root({file.path: file.sha256 for file in data})
