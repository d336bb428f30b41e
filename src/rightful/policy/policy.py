"""The policy: every setting that a decision, a quality gate or a card depends on, as one immutable value."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rightful.facts.rights import Route
from rightful.policy.licences import CUSTOM_ALLOW, CUSTOM_DENY, licence_id
from rightful.policy.profiles import ProfileName, profile
from rightful.policy.sections import (
    AsOf,
    Capturing,
    Card,
    ColumnNames,
    Crawler,
    Gates,
    Ledger,
    Licences,
    Matching,
    Name,
    Protocols,
    Quality,
    Section,
    Tiers,
)
from rightful.policy.source_sections import Contract, Rate, Scenario, Source

# Whoever copies a crawl has its pages; what somebody writes or generates out of one has not.
_COPYING = frozenset({Route.OPEN_DATASET, Route.PURCHASED, Route.POOL})


class Policy(Section):
    """One policy. Read it with `policy_file.read_policy`; its `id` is the digest of everything below."""

    format: Literal[1] = 1
    name: Name = "unnamed"
    profile: ProfileName = "seed"
    scenario: Scenario = Scenario()
    crawler: Crawler = Crawler()
    protocols: Protocols = Protocols()
    as_of: AsOf = AsOf()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    contracts: tuple[Contract, ...] = ()
    rates: tuple[Rate, ...] = ()
    licences: Licences = Licences()
    gates: Gates = Gates()
    tiers: Tiers = Tiers()
    matching: Matching = Matching()
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

    @model_validator(mode="after")
    def _contracts_differ(self) -> Policy:
        taken = {source.name for source in self.sources if source.contract is not None}
        for contract in self.contracts:
            if not contract.name:
                raise ValueError("a contract of [[contracts]] needs a name, by which records call it")
            if contract.name in taken:
                raise ValueError(f"two contracts have the name {contract.name!r}")
            if contract.training == "granted" and not contract.evidence:
                raise ValueError(f'training = "granted" of contract {contract.name!r} needs evidence = ["sha256:…"]')
            taken.add(contract.name)
        return self

    @model_validator(mode="after")
    def _lineage_ends(self) -> Policy:
        known = {source.name: source.derived_from for source in self.sources}
        for name, upstream in known.items():
            if unknown := sorted(set(upstream) - set(known)):
                raise ValueError(f"source {name!r} is derived from {unknown[0]!r}, which is no source of this policy")
            if named := [one for one in upstream if ":" in one]:
                raise ValueError(f"source {named[0]!r} is derived from by others: its name may have no colon")
            if name in self.upstream_of(name):
                raise ValueError(f"source {name!r} is derived from itself")
        return self

    @model_validator(mode="after")
    def _crawls_stay_crawls(self) -> Policy:
        """Refuse a data set made from a crawl that does not say so: what sites say binds its records too (P-12)."""
        for source in self.sources:
            crawls = [name for name in self.upstream_of(source.name) if self.sources_by_name[name].crawl_like]
            if crawls and source.route in _COPYING and not source.derived_from_crawl:
                raise ValueError(
                    f"source {source.name!r} is derived from {crawls[0]!r}, a crawl: say derived_from_crawl = true"
                )
        return self

    @model_validator(mode="after")
    def _rates_differ(self) -> Policy:
        for rate in self.rates:
            if rate.source and rate.source not in self.sources_by_name:
                raise ValueError(f"a rate is for source {rate.source!r}, which is no source of this policy")
        for number, rate in enumerate(self.rates):
            for other in self.rates[:number]:
                if rate.as_specific_as(other) and not rate.contradicts(other):
                    raise ValueError(
                        f"two rates may fit the same records: {rate.named} and {other.named}; let one of them name "
                        "more of tier, source and model than the other"
                    )
        return self

    @model_validator(mode="after")
    def _profile_has_what_it_needs(self) -> Policy:
        if "retention" in profile(self.profile).needs and not self.scenario.retention_until:
            raise ValueError(f"profile {self.profile!r} needs scenario.retention_until: until when copies are kept")
        return self

    def upstream_of(self, name: str) -> tuple[str, ...]:
        """Give the sources that one was made from, directly or not, sorted."""
        direct = {source.name: source.derived_from for source in self.sources}
        found: set[str] = set()
        waiting = list(direct.get(name, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(direct.get(one, ()))
        return tuple(sorted(found))

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
    def contracts_by_name(self) -> dict[str, Contract]:
        """Contracts by name; one that a source states itself goes by the name of the source."""
        own = {source.name: source.contract for source in self.sources if source.contract is not None}
        return own | {contract.name: contract for contract in self.contracts}

    @cached_property
    def sources_by_name(self) -> dict[str, Source]:
        """Sources by name."""
        return {source.name: source for source in self.sources}
