"""The policy: every setting that a decision, a quality gate or a card depends on, as one immutable value."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rightful.policy.licences import CUSTOM_ALLOW, CUSTOM_DENY, licence_id
from rightful.policy.sections import (
    AsOf,
    Capturing,
    Card,
    ColumnNames,
    Crawler,
    Gates,
    Ledger,
    Licences,
    Name,
    Protocols,
    Quality,
    Scenario,
    Section,
    Source,
    Tiers,
)


class Policy(Section):
    """One policy. Read it with `policy_file.read_policy`; its `id` is the digest of everything below."""

    format: Literal[1] = 1
    name: Name = "unnamed"
    profile: Literal["seed"] = "seed"
    scenario: Scenario = Scenario()
    crawler: Crawler = Crawler()
    protocols: Protocols = Protocols()
    as_of: AsOf = AsOf()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    licences: Licences = Licences()
    gates: Gates = Gates()
    tiers: Tiers = Tiers()
    columns: ColumnNames = ColumnNames()
    quality: Quality = Quality()
    card: Card = Card()
    ledger: Ledger = Ledger()
    capture: Capturing = Capturing()

    @model_validator(mode="after")
    def _sources_differ(self) -> Policy:
        for attribute in ("name", "key"):
            seen: set[str] = set()
            for source in self.sources:
                value = getattr(source, attribute)
                if value in seen:
                    raise ValueError(f"two sources have the {attribute} {value!r}")
                seen.add(value)
        for source in self.sources:
            if not licence_id(source.licence, self.licences.aliases)[1]:
                raise ValueError(
                    f"source {source.name!r}: {source.licence!r} is no licence of the table "
                    f"(cc-by-4.0, MIT OR Apache-2.0, …, {CUSTOM_ALLOW}, {CUSTOM_DENY}); "
                    "map it with [licences.aliases]"
                )
        return self

    @cached_property
    def canonical(self) -> str:
        """The one spelling its id is taken over: JSON, every setting present, keys sorted."""
        value: dict[str, Any] = self.model_dump(mode="json")
        # The token table is data of the package: what it means today belongs to the rules.
        value["crawler"]["effective"] = list(self.crawler.effective)
        return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))

    @cached_property
    def id(self) -> str:
        """`sha256:<hex>` of the canonical form: comments, order and defaults left out change nothing."""
        return f"sha256:{hashlib.sha256(self.canonical.encode()).hexdigest()}"

    @classmethod
    def from_canonical(cls, text: str) -> Policy:
        """Read back what `canonical` gave."""
        value = json.loads(text)
        value["crawler"].pop("effective", None)
        return cls.model_validate(value)

    @cached_property
    def sources_by_key(self) -> dict[str, Source]:
        """Sources by the value of the source column that means them."""
        return {source.key: source for source in self.sources}

    @cached_property
    def sources_by_name(self) -> dict[str, Source]:
        """Sources by name."""
        return {source.name: source for source in self.sources}
