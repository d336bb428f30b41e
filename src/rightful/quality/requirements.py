"""The requirements as values: which test each belongs to, its sentence, and how Great Expectations tests it.

A share that is tolerated passes when it is reached exactly. Severities: a requirement about rights is `critical`,
because its failure means that something ships which was not decided, or not for the reasons stated; so is having
any record at all. What concerns the text is a `warning`: whether a text is good enough is for those who train on
it, and the card tells them. None is `info`: a requirement nobody would act on is left out.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal

from rightful.errors import PolicyError
from rightful.facts.decision import Admission, Tier
from rightful.facts.moment import parse_time
from rightful.facts.rights import Route
from rightful.quality.expectations import Expectation, among, percent, present, rest, rows, true, unique, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rightful.policy.policy import Policy
    from rightful.policy.sections import Quality
    from rightful.screening.columns import Columns

Severity = Literal["critical", "warning", "info"]

# The five tests of high and the six faults of low quality (legal.md P-62, P-63), in the paper's order.
TESTS = (
    "high:clear-title",
    "high:clear-authorisation",
    "high:accurate-consistent",
    "high:complete-fields",
    "high:current",
    "fault:high-error",
    "fault:severe-missing",
    "fault:stale-duplicate",
    "fault:off-target",
    "fault:unknown-source",
    "fault:unparseable",
)

# The one requirement that an empty data set can fail; the others would hold of it, and say nothing.
RECORDS_PRESENT = "records-present"

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement under one policy.

    Attributes:
        code: its name; what `quality.skip` of a policy lists.
        test: which of `TESTS` it belongs to.
        statement: what is required, in a sentence for the card.
        expectation: how it is tested, on the columns of the table `shards.flatten` makes.
        severity: what a failure means; `critical` stops publication.
        tolerated: share of the records that may break it; of those it is asked of, where not all are.
        needs: roles of columns without which it cannot be asked.
        not_applied: why it is not tested; empty where it is.
    """

    code: str
    test: str
    statement: str
    expectation: Expectation
    severity: Severity = "warning"
    tolerated: float = 0.0
    needs: tuple[str, ...] = ()
    not_applied: str = ""

    @property
    def configuration(self) -> dict[str, Any]:
        """The expectation with all its arguments, as Great Expectations reads it; the code comes back in a result."""
        counted_by_row = self.code != RECORDS_PRESENT
        mostly = {"mostly": rest(self.tolerated)} if counted_by_row else {}
        return {
            "type": self.expectation.type,
            "kwargs": {**self.expectation.kwargs, **mostly},
            "severity": self.severity,
            "meta": {"code": self.code},
        }


def requirements_for(policy: Policy, columns: Columns, *, as_of: datetime | None = None) -> list[Requirement]:
    """List every requirement, always in the same order; those that cannot be applied say why.

    Args:
        policy: whose thresholds count.
        columns: the roles that the records have a column for.
        as_of: reference time of the run, against which fetch times are held; UTC where it has no zone.

    Raises:
        PolicyError: the policy skips a requirement that there is not, or one that is critical.
    """
    quality = policy.quality
    stated = [
        *_rights(policy, columns),
        *_fields(quality),
        *_times(quality, as_of),
        *_texts(quality),
    ]
    _refuse_skips(quality.skip, stated)
    return [_applied(requirement, columns, quality.skip) for requirement in stated]


def _applied(stated: Requirement, columns: Columns, skip: tuple[str, ...]) -> Requirement:
    absent = [role for role in stated.needs if getattr(columns, role) is None]
    if stated.code in skip:
        return replace(stated, not_applied="the policy skips it")
    if absent:
        return replace(stated, not_applied=f"the records have no column for: {', '.join(absent)}")
    return stated


def _refuse_skips(skip: tuple[str, ...], stated: list[Requirement]) -> None:
    severities = {requirement.code: requirement.severity for requirement in stated}
    for code in skip:
        if code not in severities:
            close = difflib.get_close_matches(code, severities, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"the codes are: {', '.join(severities)}"
            raise PolicyError(f"[quality] skip: there is no requirement {code!r}", hint=hint, requirement=code)
        if severities[code] == "critical":
            raise PolicyError(
                f"[quality] skip: {code!r} is critical and cannot be skipped",
                hint="requirements of severity warning can be",
                requirement=code,
            )


def _rights(policy: Policy, columns: Columns) -> Iterator[Requirement]:
    """What the label says: title, authorisation, source."""
    yield Requirement(
        "title-basis", "high:clear-title", "Every record states the basis on which it is used.",
        present("basis"), "critical",
    )  # fmt: skip
    yield Requirement(
        "title-route", "high:clear-title", "Every record states a route of the closed list.",
        among("route", [route.value for route in Route]), "critical",
    )  # fmt: skip
    known = policy.quality.min_known_site_share
    yield Requirement(
        "title-site", "high:clear-title", f"The site is known of at least {percent(known)} of the records.",
        present("site"), tolerated=rest(known), needs=("url",),
    )  # fmt: skip
    yield Requirement(
        "authorisation-admitted", "high:clear-authorisation", "Every record was admitted.",
        among("admission", [Admission.ADMIT.word]), "critical",
    )  # fmt: skip
    yield Requirement(
        "authorisation-tier", "high:clear-authorisation", "Every record has a payment tier of the closed list.",
        among("tier", [tier.value for tier in Tier]), "critical",
    )  # fmt: skip
    yield Requirement(
        "authorisation-reasons", "high:clear-authorisation", "Every record states a reason for its admission.",
        within("reasons", least=1), "critical",
    )  # fmt: skip
    yield Requirement(
        "authorisation-situation", "high:clear-authorisation",
        "Every record refers to the situation it was decided in.",
        present("situation"), "critical",
    )  # fmt: skip
    # Without a column of sources there is one source, and its route is what a record can show of it.
    declared = (
        among("route", [policy.sources[0].route.value])
        if columns.source is None
        else among("source", sorted(policy.sources_by_key))
    )
    yield Requirement(
        "source-declared", "fault:unknown-source", "No records are from a source that the policy does not declare.",
        declared, "critical",
    )  # fmt: skip


def _fields(quality: Quality) -> Iterator[Requirement]:
    """Fields that are there, and ids that tell records apart."""
    yield Requirement(
        RECORDS_PRESENT, "fault:severe-missing", "There is at least one record.", rows(least=1), "critical"
    )  # fmt: skip
    yield Requirement(
        "complete-label", "high:complete-fields",
        "No records lack a field of the label, other than the site.",
        true("label_complete"), "critical",
    )  # fmt: skip
    yield Requirement(
        "complete-url", "high:complete-fields", f"{_few(quality.max_null_url_share)} lack a URL.",
        true("has_url"), tolerated=quality.max_null_url_share, needs=("url",),
    )  # fmt: skip
    yield Requirement(
        "complete-text", "high:complete-fields", f"{_few(quality.max_empty_text_share)} lack a text.",
        true("has_text"), tolerated=quality.max_empty_text_share, needs=("text",),
    )  # fmt: skip
    yield Requirement(
        "complete-id", "high:complete-fields", "No records lack an id.",
        true("has_id"), needs=("id",),
    )  # fmt: skip
    # However large a share may lack the one or the other, nobody can use or attribute a record without both.
    yield Requirement(
        "text-or-url", "fault:severe-missing", "No records lack both text and URL.",
        true("has_text_or_url"), needs=("text", "url"),
    )  # fmt: skip
    yield Requirement(
        "unique-id", "high:accurate-consistent", "No records have the id of another.",
        unique("record_id"), needs=("id",),
    )  # fmt: skip


def _times(quality: Quality, as_of: datetime | None) -> Iterator[Requirement]:
    """Fetch times, in whole seconds; one that is not known is not taken for a recent one."""
    moment = parse_time(as_of)
    now = int(moment.timestamp()) if moment else 0
    when = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else "the reference time"
    timeless = "" if moment else "no reference time was given"
    unlimited = "" if quality.max_age_days else "the policy sets no limit of age"
    age = f"more than {quality.max_age_days:,} days" if quality.max_age_days else "too long"
    oldest = now - quality.max_age_days * _DAY_SECONDS
    yield Requirement(
        "fetched-before", "high:accurate-consistent", f"No fetch time that can be read is after {when}.",
        within("fetched_at", most=now), needs=("fetched_at",), not_applied=timeless,
    )  # fmt: skip
    yield Requirement(
        "fetch-time-known", "high:current", "No records lack a fetch time that can be read.",
        present("fetched_at"), needs=("fetched_at",), not_applied=unlimited,
    )  # fmt: skip
    yield Requirement(
        "recent", "high:current",
        f"No fetch time that can be read is {age} before {when}.",
        within("fetched_at", least=oldest), needs=("fetched_at",), not_applied=unlimited or timeless,
    )  # fmt: skip


def _texts(quality: Quality) -> Iterator[Requirement]:
    """What a text must not be: garbled, a copy, in a language nobody asked for, not readable."""
    yield Requirement(
        "garbled-text", "fault:high-error",
        f"{_few(quality.max_garbled_text_share)} have replacement or control characters, or text in a wrong encoding.",
        among("garbled", [False]), tolerated=quality.max_garbled_text_share, needs=("text",),
    )  # fmt: skip
    yield Requirement(
        "duplicate-text", "fault:stale-duplicate",
        f"{_few(quality.max_duplicate_share)} repeat the exact text of another; the first of each is not counted.",
        unique("text_hash"), tolerated=quality.max_duplicate_share, needs=("text",),
    )  # fmt: skip
    names = sorted({name.lower() for name in quality.languages})
    yield Requirement(
        "language", "fault:off-target",
        f"{_few(quality.max_other_language_share)} are in another language than {', '.join(names) or 'those named'}.",
        among("language", names), tolerated=quality.max_other_language_share, needs=("language",),
        not_applied="" if names else "the policy names no languages",
    )  # fmt: skip
    octets = max(1, quality.min_text_octets)
    yield Requirement(
        "readable-text", "fault:unparseable",
        f"No text that is there is invalid UTF-8 or shorter than {octets:,} octet{'s' if octets > 1 else ''}.",
        within("text_octets", least=octets), needs=("text",),
    )  # fmt: skip


def _few(share: float) -> str:
    return f"At most {percent(share)} of the records" if share else "No records"
