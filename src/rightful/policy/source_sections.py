"""Where records come from, under which rights, and what they are for: the sections an operator answers for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from rightful.facts.rights import (
    EVIDENCED,
    NO_AGREEMENT,
    NOT_ASSESSED,
    POOL_FAULTS,
    POOL_TESTS,
    Consent,
    Extraction,
    GeneratorTerms,
    Holder,
    LawfulAccess,
    LicenceEvidence,
    LicenceRequest,
    Notice,
    Route,
    SensitivePI,
    Terms,
    ThirdParty,
    Unlawful,
    WorkStatus,
)
from rightful.policy.days import Day, first_day, last_day
from rightful.policy.protection_terms import Dates, Works
from rightful.policy.sections import Name, Section


def _of_a_document(digest: str) -> str:
    if digest.startswith(f"sha256:{'0' * 64}"):
        raise ValueError("a digest of zeros is no document's: rightful evidence add FILE prints one")
    return digest


Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}( .+)?$"), AfterValidator(_of_a_document)]
Jurisdiction = Literal["CN", "EU", "US", "UK", "JP"]
JURISDICTIONS: tuple[Jurisdiction, ...] = ("CN", "EU", "US", "UK", "JP")
Year = Annotated[int, Field(strict=True, ge=1000, le=9999)]


class MarketEffect(StrEnum):
    """How far outputs may stand in for the works (the declared fourth factor); unknown exempts nothing."""

    NONE = "none"
    LOW = "low"
    POSSIBLE = "possible"
    HIGH = "high"
    UNKNOWN = "unknown"


class Factors(Section):
    """The four factors, in the words of whoever signs (legal.md P-91): shown on the card, never weighed by us."""

    purpose: str = ""
    nature: str = ""
    extent: str = ""
    effect: str = ""


class Scenario(Section):
    """What the data is for. Declared and signed for by the operator; the tier of protected works follows from it.

    stage: what the data is used in.
    names: rightsholders or works that the purpose names; any makes the data specific.
    research_organisation: the operator is one, and not for profit; needs `evidence`.
    retention_until: the date until which copies are kept, where a profile asks for one.
    """

    general: bool = True
    commercial: bool = True
    stage: Literal["pretrain", "finetune", "align", "eval"] = "pretrain"
    specific_data: bool = False
    names: tuple[Name, ...] = ()
    imitates_identified_author: bool = False
    market_effect: MarketEffect = MarketEffect.UNKNOWN
    redistributes_modified: bool = True
    research_organisation: bool = False
    retention_until: Day = ""
    jurisdictions: Annotated[tuple[Jurisdiction, ...], Field(min_length=1)] = ("CN", "EU", "US")
    rationale: str = ""
    factors: Factors = Factors()
    signed_by: str = ""
    evidence: tuple[Digest, ...] = ()

    @model_validator(mode="after")
    def _evidenced(self) -> Scenario:
        if self.research_organisation and not self.evidence:
            raise ValueError('research_organisation = true needs evidence = ["sha256:…"]')
        return self


class Contract(Section):
    """What a contract says. Silence is no permission; `paid` counts only if true.

    starts, ends: days, months or years between which it is in force.
    accruing: nothing is due yet: payment accrues on agreed terms.
    holder: who granted; `same_holder` says that this is who reserved or opted out, too.
    """

    name: str = ""
    training: Literal["granted", "forbidden", "silent"] = "silent"
    commercial: Literal["granted", "forbidden", "silent"] = "silent"
    chain: Literal["direct", "agent_verified", "intermediary_unverified"] = "intermediary_unverified"
    starts: Day = ""
    ends: Day = ""
    paid: bool = False
    accruing: bool = False
    expired: bool = False
    model: Literal["purchase", "subscription", "training", "crawl", "use", "contribution"] = "purchase"
    holder: str = ""
    same_holder: bool = False
    evidence: tuple[Digest, ...] = ()

    @model_validator(mode="after")
    def _begins_first(self) -> Contract:
        if self.starts and self.ends and first_day(self.starts) > last_day(self.ends):
            raise ValueError(f"it ends ({self.ends}) before it starts ({self.starts})")
        return self

    @property
    def dated(self) -> bool:
        """Whether it is in force between days only."""
        return bool(self.starts or self.ends)

    @property
    def settled(self) -> bool:
        """Whether nothing is due."""
        return self.paid or self.accruing


class Pool(Section):
    """What is known of a pool's data: which of the five tests it passed, which faults it has (P-62, P-63)."""

    agreement: bool = False
    passes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Pool:
        for name, listed, known in (("passes", self.passes, POOL_TESTS), ("faults", self.faults, POOL_FAULTS)):
            if unknown := sorted(set(listed) - set(known)):
                raise ValueError(f"{name}: there is no {unknown[0]!r}; there are {', '.join(known)}")
        return self

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What keeps the data out, sorted."""
        found = {*(test for test in POOL_TESTS if test not in self.passes), *self.faults}
        return tuple(sorted(found | (set() if self.agreement else {NO_AGREEMENT})))


class Source(Section):
    """Where a group of records came from, declared once; a record's own columns take precedence.

    Every permissive statement (own work, public domain, dates, licence text, grant, live consent, payment, lawful
    access) needs `evidence`: SHA-256 digests of the documents, each with a note if wanted:
    `sha256:<64 hex> CC BY 4.0 legal code`.

    derived_from: sources that these records were made from; their restrictions stay.
    curated: chosen for fine-tuning; that makes the data specific in that stage.
    acquired: payments made, as the conditions that asked for them: `payment:training`, `contribution`.
    """

    name: Name
    match: str = ""
    route: Route
    derived_from_crawl: bool = False
    derived_from: tuple[Name, ...] = ()
    licence: str = "none"
    licence_evidence: LicenceEvidence = LicenceEvidence.NONE
    work_status: WorkStatus = WorkStatus.UNKNOWN
    public_domain_in: tuple[Jurisdiction, ...] = ()
    author_died: Year | None = None
    published: Year | None = None
    works: Works = "author"
    contract: Contract | None = None
    consent: Consent = Consent.NOT_APPLICABLE
    notice: Notice = Notice.NOT_APPLICABLE
    sensitive_pi: SensitivePI = SensitivePI.NONE
    third_party: ThirdParty = ThirdParty.NONE
    unlawful: Unlawful = Unlawful.NONE
    tos: Terms = Terms.UNKNOWN
    generator_tos: GeneratorTerms = GeneratorTerms.NOT_APPLICABLE
    licence_request: LicenceRequest = LicenceRequest.NONE
    db_extraction: Extraction = Extraction.NONE
    lawful_access: LawfulAccess = LawfulAccess.UNKNOWN
    holder: Holder = Holder.UNKNOWN
    acquired: tuple[Name, ...] = ()
    pool: Pool | None = None
    curated: bool = False
    sold_for_analysis: bool = False
    owner: str = ""
    url: str = ""
    evidence: tuple[Digest, ...] = ()

    @model_validator(mode="after")
    def _evidenced(self) -> Source:
        claims = {
            "licence_evidence": self.licence_evidence in EVIDENCED,
            "public_domain_in": bool(self.public_domain_in),
            "author_died, published": self.dates != Dates(),
            "work_status": self.work_status in {WorkStatus.OWN, WorkStatus.FACT, WorkStatus.OFFICIAL},
            "contract.training": self.contract is not None
            and self.contract.training == "granted"
            and not self.contract.evidence,
            "consent": self.consent is Consent.SECOND_LIVE,
            "sensitive_pi": self.sensitive_pi in {SensitivePI.SEPARATE_CONSENT, SensitivePI.REDACTED},
            "lawful_access": self.lawful_access is LawfulAccess.YES,
            "acquired": bool(self.acquired),
            "pool.agreement": self.pool is not None and self.pool.agreement,
        }
        claimed = [name for name, made in claims.items() if made]
        if claimed and not self.evidence:
            raise ValueError(
                f'{" and ".join(claimed)} of source {self.name!r} needs evidence = ["sha256:…"]: the digest of the '
                "document that proves it"
            )
        if self.work_status is WorkStatus.PUBLIC_DOMAIN and not (self.public_domain_in or self.dates != Dates()):
            raise ValueError(f'work_status = "pd" of source {self.name!r} needs public_domain_in: where')
        return self

    @property
    def key(self) -> str:
        """The value of the records' source column that means this source."""
        return self.match or self.name

    @property
    def crawl_like(self) -> bool:
        """Whether what the sites say about crawling binds these records."""
        return self.route is Route.CRAWLED or self.derived_from_crawl

    @property
    def dates(self) -> Dates:
        """What is known of all its works alike."""
        return Dates(self.author_died, self.published, self.works)

    @property
    def pool_faults(self) -> tuple[str, ...]:
        """What keeps its records out of a pool; nothing where it is none."""
        if self.route is not Route.POOL:
            return ()
        return (NOT_ASSESSED,) if self.pool is None else self.pool.shortcomings


def bound_by_sites(source: Source | None) -> bool:
    """Tell whether what sites say of crawling binds the records of a source, one that nobody declares among them."""
    return source is None or source.crawl_like


class Rate(Section):
    """A price that somebody agreed: rightful never makes one up.

    tier, source, model: what it is for; empty ones are for all.
    per: what is counted.
    amount: as a decimal number in text, in a currency of ISO 4217.
    """

    tier: Literal["", "PAID_LICENSED", "PAID_SCENARIO", "POOL_SHARE", "PERMISSION_AND_PAY"] = ""
    source: str = ""
    model: str = ""
    per: Literal["record", "1000 characters", "1000 tokens"] = "record"
    amount: Annotated[str, StringConstraints(pattern=r"^\d{1,12}(\.\d{1,6})?$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @property
    def named(self) -> dict[str, str]:
        """What it is for, of what it names."""
        wanted = {"tier": self.tier, "source": self.source, "model": self.model}
        return {name: value for name, value in wanted.items() if value}

    def as_specific_as(self, other: Rate) -> bool:
        """Tell whether neither names more than the other."""
        return len(self.named) == len(other.named)

    def contradicts(self, other: Rate) -> bool:
        """Tell whether no record can have both."""
        mine, theirs = self.named, other.named
        return any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys())
