"""The sections of a policy: every setting with its type, its default and what it means."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from rightful.facts.site import parse_host
from rightful.facts.statement import Usage
from rightful.policy.days import WholeDay  # noqa: TC001 - pydantic reads annotations at run time
from rightful.policy.licences import licence_id
from rightful.signals.locations import ROBOTS, SIGNALS, SignalName
from rightful.signals.product_tokens import PURPOSES, token_table

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Section(BaseModel):
    """A section: immutable, and strict about names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, values: Any) -> Any:
        """Refuse what would have to be guessed: "no" is a text, and 1 is a number; neither is true or false."""
        for name, value in values.items() if isinstance(values, dict) else ():
            field = cls.model_fields.get(name)
            kind = field.annotation if field else None
            if kind is bool and not isinstance(value, bool):
                raise ValueError(f"{name} is true or false, not {value!r}")
            if kind in {int, float} and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ValueError(f"{name} is a number, not {value!r}")
        return values


class Crawler(Section):
    """Which product tokens of robots.txt count: one denial among them is a reservation."""

    purposes: tuple[str, ...] = ("training", "control-only")
    tokens: tuple[Name, ...] = ()
    without: tuple[Name, ...] = ()
    wildcard: bool = True

    @model_validator(mode="after")
    def _known(self) -> Crawler:
        if unknown := set(self.purposes) - set(PURPOSES):
            raise ValueError(f"no purpose {min(unknown)!r}; purposes: {', '.join(PURPOSES)}")
        if not self.effective:
            raise ValueError("no product token is left to ask robots.txt about")
        return self

    @cached_property
    def effective(self) -> tuple[str, ...]:
        """Every token that counts, lower-case and sorted, `*` last."""
        named = set(token_table().with_purposes(self.purposes)) | {t.lower() for t in self.tokens}
        named -= {t.lower() for t in self.without}
        return (*sorted(named - {"*"}), *(("*",) if self.wildcard or "*" in named else ()))


class Protocols(Section):
    """How each protocol's open questions are answered.

    robots: `strict` denies where the server refused its robots.txt (401, 403, 429, 451); `rfc9309` takes every
    4xx as "no rules", as the RFC literally allows.
    any_scheme: a robots.txt of http://host counts for https://host, and the other way, where the exact origin
    was not captured.
    usages: what the data is used for, in the words of `facts.statement.Usage`; a reservation of any of them counts.
    legacy_labels: `honour-deny` takes a refusal in words of older AIPREF drafts, or of another vocabulary, for one.
    reserved_use: whether a Content-Signal with `use=` below `full`, and without `ai-train`, denies training.
    bing_words: `honour` takes `noarchive` and `nocache` of robots tags as Bing does, for words on training.
    search_words: `deny` takes `noindex` for a refusal of AI, as img2dataset does.
    unsafe_ignore: protocols whose reservations count for nothing; they are shown on the card all the same.
    max_capture_age_days: captures older than that, counted from the snapshot's newest, hold; 0 is no limit.
    """

    robots: Literal["strict", "rfc9309"] = "strict"
    any_scheme: bool = True
    usages: Annotated[tuple[Usage, ...], Field(min_length=1)] = (Usage.TRAIN, Usage.ACQUIRE)
    legacy_labels: Literal["honour-deny", "ignore"] = "honour-deny"
    reserved_use: Literal["deny", "unknown"] = "deny"
    bing_words: Literal["honour", "evidence"] = "evidence"
    search_words: Literal["evidence", "deny"] = "evidence"
    unsafe_ignore: tuple[Name, ...] = ()
    max_capture_age_days: Annotated[int, Field(ge=0)] = 0
    unsafe_keep_uncaptured: bool = False


class AsOf(Section):
    """Which time counts: when a record was fetched, now (the newest capture), or the stricter of both.

    build_date: the day the data set is made, for contracts and terms of protection; that of the newest capture if
    empty.
    """

    mode: Literal["strictest", "fetch", "build"] = "strictest"
    build_date: WholeDay = ""
    missing_fetch_evidence: Literal["use-build", "hold"] = "use-build"


class Licences(Section):
    """Names used in the data for licences of the table: exact value -> id."""

    aliases: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Licences:
        for value, target in self.aliases.items():
            if not licence_id(target, {})[1]:
                raise ValueError(f"alias {value!r} leads to {target!r}, which is no licence of the table")
        return self


def _site(written: str) -> str:
    """Bring a site into the spelling that records' locations are compared in."""
    host = parse_host(written.removeprefix("*."))
    if host is None or ":" in written:
        raise ValueError(f"{written!r} is no host name: write example.org; everything below it is meant")
    return host


class Gates(Section):
    """Parameters of the gates.

    nc_is_reservation: a non-commercial licence excludes from commercial use.
    page_licences: whether what the licences forbid counts that a record's own page names (`rel=license`, `dc.rights`,
    schema.org). `honour`: yes; `hold-unread`: and a licence that the table does not know holds; `evidence`: no, they
    are shown on the card.
    nd: what a no-derivatives licence does where the set is redistributed modified.
    tos_strict: terms of service that reserve training exclude; otherwise they hold.
    infringing_sites: host names whose copies must not be used, with everything below them.
    """

    nc_is_reservation: bool = True
    nd: Literal["hold", "exclude"] = "hold"
    tos_strict: bool = False
    infringing_sites: tuple[Annotated[str, AfterValidator(_site)], ...] = ()
    page_licences: Literal["honour", "hold-unread", "evidence"] = "honour"


def _ascending(waits_and_out: tuple[float, float]) -> tuple[float, float]:
    """Refuse thresholds of which the record is out before it waits."""
    waits, out = waits_and_out
    if not 0 < waits <= out:
        raise ValueError(f"{[waits, out]} is not [waits from, out from]: two numbers above 0, the lower one first")
    return waits_and_out


_Share = Annotated[Share, Field(strict=True)]  # no text and no truth for a number, as in every section
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Thresholds = Annotated[tuple[_Share, _Share], AfterValidator(_ascending)]


class Matching(Section):
    """From where on a record counts as a copy of an opted-out work: [waits from, out from].

    near: shared shingles against all of both (Jaccard).
    contained: shared shingles against those of the work: the work, or so much of it, is in the record.
    within: shared shingles against those of the record: the record, or so much of it, is in the work.
    excerpt: shared shingles, as a number: a passage that long is in the record.
    fewest: shared shingles below which nothing counts.
    common_from: a shingle that so many other works, or documents of the export's background, have is common. Common
    ones do not count, but that a record waits which with them would be out as near or contained.
    """

    near: Thresholds = (0.3, 0.5)
    contained: Thresholds = (0.15, 0.4)
    within: Thresholds = (0.4, 0.7)
    excerpt: Annotated[tuple[_Number, _Number], AfterValidator(_ascending)] = (30.0, 60.0)
    fewest: Annotated[int, Field(ge=1)] = 8
    common_from: Annotated[int, Field(ge=1, le=255)] = 8


class Tiers(Section):
    """Parameters of the tiers.

    exempt_up_to: the highest market effect the general exemption bears.
    holder_share_limit: from this share of the tokens of all records on, one rightsholder makes the data specific; it is
    measured where a column names holders. 0: it is not.
    """

    exempt_up_to: Literal["none", "low"] = "low"
    holder_share_limit: Share = 0.2


class ColumnNames(Section):
    """Column of each role; nested ones with dots (`metadata.url`). Empty: found by the usual names; "none": none."""

    url: str = ""
    final_url: str = ""
    text: str = ""
    id: str = ""
    fetched_at: str = ""
    source: str = ""
    licence: str = ""
    licence_evidence: str = ""
    consent: str = ""
    account: str = ""
    language: str = ""
    x_robots_tag: str = ""
    meta_robots: str = ""
    tdm_reservation: str = ""
    tdm_policy: str = ""
    content_usage: str = ""
    content_signal: str = ""
    http_status: str = ""
    data_mining: str = ""
    page_licence: str = ""
    http_headers: str = ""
    html: str = ""
    xmp: str = ""
    c2pa: str = ""
    rsl: str = ""
    page_fields: str = ""
    rights_holder: str = ""
    work_status: str = ""
    public_domain_in: str = ""
    author_died: str = ""
    published: str = ""
    works: str = ""
    contract: str = ""
    acquired: str = ""
    notice: str = ""
    sensitive_pi: str = ""
    third_party: str = ""
    unlawful: str = ""
    tos: str = ""
    generator_tos: str = ""
    licence_request: str = ""
    db_extraction: str = ""
    lawful_access: str = ""
    holder: str = ""
    label: Annotated[str, StringConstraints(pattern=r"^[^.\s]{1,200}$")] = "rights"


class Quality(Section):
    """Thresholds of the quality requirements; shares are of admitted records. 0 days is no limit."""

    max_null_url_share: Share = 0.0
    max_empty_text_share: Share = 0.0
    max_garbled_text_share: Share = 0.01
    max_duplicate_share: Share = 0.05
    min_text_octets: Annotated[int, Field(ge=0)] = 1
    max_age_days: Annotated[int, Field(ge=0)] = 0
    languages: tuple[Name, ...] = ()
    max_other_language_share: Share = 0.05
    min_known_site_share: Share = 0.99
    skip: tuple[str, ...] = ()


class Card(Section):
    """What the card states on the operator's word; every one of these is marked as declared.

    top_sites: how many sites it lists.
    diversity_alert: the Jensen-Shannon divergence (base 2), by language or by site, between the records with and
    without the removals of the register, from which on the card gives an alert.
    """

    title: str = "Screened training data"
    version: str = "1.0.0"
    provider: str = ""
    contact: str = ""
    opt_out_contact: str = ""
    description: str = ""
    languages: tuple[Name, ...] = ()
    task_categories: tuple[Name, ...] = ()
    top_sites: Annotated[int, Field(ge=0, le=50)] = 20
    diversity_alert: Share = 0.05


class Ledger(Section):
    """Whether the ledger keeps URLs and accounts: `digest` keeps SHA-256 of them, and verifying needs the input."""

    locations: Literal["keep", "digest"] = "keep"


class Capturing(Section):
    """How signals are captured. The defaults are polite; a private address is refused after it was resolved.

    signals: which files, by their paths on the origin; `robots.txt` is always among them.
    licences: whether to fetch the documents that robots.txt (RSL licences) and tdmrep.json (TDM policies) declare,
    wherever they are.
    """

    user_agent: Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,198}[!-~])?$")] = (
        "rightful (signal capture; no pages)"
    )
    signals: tuple[SignalName, ...] = SIGNALS
    licences: bool = True
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    seconds_between_requests_to_a_host: Annotated[float, Field(ge=0)] = 1.0
    timeout_seconds: Annotated[float, Field(gt=0)] = 20.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    unsafe_allow_private_addresses: bool = False

    @property
    def asked(self) -> tuple[SignalName, ...]:
        """The files to ask for, each once, robots.txt first."""
        return tuple(dict.fromkeys((ROBOTS, *self.signals)))
