"""A situation: one distinct combination of the facts a decision depends on.

Records are never decided one by one: they are grouped by situation, each situation is decided once, and the
decision is spread back. A situation's id is the digest of its facts, so it is the same in every batch,
process and run without anyone handing out numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from rightful.facts.rights import (
    Consent,
    Extraction,
    GeneratorTerms,
    Holder,
    LawfulAccess,
    LicenceEvidence,
    LicenceRequest,
    Notice,
    SensitivePI,
    Specific,
    Terms,
    ThirdParty,
    Unlawful,
    WorkStatus,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class RobotsFact(StrEnum):
    """What robots.txt said at one time, least restrictive first: of two, the later one stands."""

    ALLOW = "allow"
    MISSING = "missing"  # 4xx, or a web page in its place: no rules (RFC 9309 2.3.1.3)
    MISSING_REFUSED = "missing:refused"  # a refusal, under a policy that takes every 4xx for no rules
    UNKNOWN = "unknown"  # never captured
    CUT = "cut"  # too long to be read whole, and nothing denies in what was read: the rest may
    STALE = "stale"  # captured too long ago, by the policy's limit
    REFUSED = "refused"  # 401, 403, 429, 451, under a policy by which that denies
    UNREACHABLE = "unreachable"  # 5xx, network (RFC 9309 2.3.1.4)
    NAMED = "disallow:named"  # a group that names one of the tokens disallows
    WILDCARD = "disallow:wildcard"  # the `*` group disallows
    NAMED_AND_WILDCARD = "disallow:named+wildcard"


ROBOTS_CODES = tuple(RobotsFact)


class UrlFact(StrEnum):
    """Whether a record can be attributed to a web location."""

    LOCATED = "located"
    MISSING = "no-url"
    UNREADABLE = "url-not-readable"
    TOO_LONG = "url-too-long"


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts of one distinct combination; every value is a plain string or a tuple of them.

    Attributes:
        source: name of the source as the policy declares it; empty where it declares none such.
        source_known: whether the policy declares it.
        url: a `UrlFact`.
        text_readable: False where the text is no valid UTF-8.
        robots_fetch, robots_build: `RobotsFact` in force when fetched, and newest.
        stated_fetch, stated_build: what the other protocols say to the policy's usages, in force when fetched, and
            newest (`statement.summary`).
        looked_for: protocols other than robots.txt that could have said something of the records, because their files,
            or the records' responses and pages, were there and were read; sorted.
        looked_for_fetch: those of them that could have said something when the records were fetched; sorted.
        optouts: `kind:state` of every opt-out that names the record, sorted; of those that its text was matched with,
            `near` and `contained`, the state is `unsure` where they are verified and the match is near a threshold.
        matches: the strongest of those matches, with the measure, its estimate and the least it can be; sorted.
        restricted_at: date of the newest opt-out or reservation that concerns the record; `unknown` where one of them
            has none; empty where there is none, or no contract that it could be older than.
        licence: an id of the table or an expression of such, or `none`, `unknown`, `custom_allow`, `custom_deny`.
        licences_named: the licences that the record's own page names, as ids; `unknown` where not recognised; sorted.
        licence_evidence, consent, notice, sensitive_pi, third_party, unlawful, tos, generator_tos, licence_request,
            db_extraction, lawful_access, holder: of the closed lists in `facts.rights`, as the record's column or else
            its source says.
        licence_older: `yes` where the record was fetched before every opt-out of it, `no` where not or not known;
            empty where it was not opted out.
        work_status: of `facts.rights.WorkStatus`; what frees is `unknown` where nothing evidences it.
        public_domain_in: jurisdictions of the scenario in which the work is in the public domain, evidenced; sorted.
        contract: name of the contract that covers the record; empty where there is none.
        built_on: the day the data set is made (ISO 8601), where a contract that counts has dates; else empty.
        acquired: payments that were made and reports that were given, as conditions of `statement.Statement`; sorted.
        pool_faults: what keeps data of a pool out (`facts.rights`); sorted.
        specific_data: why the data counts as specific.
        unknown_values: names of the facts whose value is outside its closed list, sorted. The values themselves are
            counted in the manifest: facts are few, values may be as many as records.
        filled_by: `fact:origin` of every fact that is not what it would be without being stated, sorted; origins are
            `column`, `source`, `computed`, `policy`.
    """

    source: str
    source_known: bool = True
    url: str = UrlFact.LOCATED.value
    text_readable: bool = True
    robots_fetch: str = RobotsFact.UNKNOWN.value
    robots_build: str = RobotsFact.UNKNOWN.value
    stated_fetch: tuple[str, ...] = ()
    stated_build: tuple[str, ...] = ()
    looked_for: tuple[str, ...] = ()
    looked_for_fetch: tuple[str, ...] = ()
    optouts: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    restricted_at: str = ""
    licence: str = "none"
    licences_named: tuple[str, ...] = ()
    licence_evidence: str = LicenceEvidence.NONE.value
    licence_older: str = ""
    work_status: str = WorkStatus.UNKNOWN.value
    public_domain_in: tuple[str, ...] = ()
    contract: str = ""
    built_on: str = ""
    consent: str = Consent.NOT_APPLICABLE.value
    notice: str = Notice.NOT_APPLICABLE.value
    sensitive_pi: str = SensitivePI.NONE.value
    third_party: str = ThirdParty.NONE.value
    unlawful: str = Unlawful.NONE.value
    tos: str = Terms.UNKNOWN.value
    generator_tos: str = GeneratorTerms.NOT_APPLICABLE.value
    licence_request: str = LicenceRequest.NONE.value
    db_extraction: str = Extraction.NONE.value
    lawful_access: str = LawfulAccess.UNKNOWN.value
    holder: str = Holder.UNKNOWN.value
    acquired: tuple[str, ...] = ()
    pool_faults: tuple[str, ...] = ()
    specific_data: str = Specific.NO.value
    unknown_values: tuple[str, ...] = ()
    filled_by: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """Every fact by name, as JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Self:
        """Read what `facts` gave."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items() if k in known}
        return cls(**values)

    @property
    def id(self) -> int:
        """First eight octets of the digest of the facts, as a signed 64-bit integer."""
        canonical = json.dumps(self.facts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return int.from_bytes(hashlib.sha256(canonical.encode()).digest()[:8], "big", signed=True)


def origins_in(filled_by: Iterable[str], fact: str) -> tuple[str, ...]:
    """Give what filled a fact, of `Situation.filled_by`: `column`, `source`, `computed`, `policy`, or several."""
    for filled in filled_by:
        name, _, origins = filled.partition(":")
        if name == fact:
            return tuple(origins.split("+"))
    return ()
