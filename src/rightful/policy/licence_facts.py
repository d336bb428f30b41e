"""The licence of a record and how it is evidenced: of what the record states, and of what its source does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.facts.rights import EVIDENCED, LicenceEvidence
from rightful.policy.licences import NO_LICENCE, licence_id

if TYPE_CHECKING:
    from rightful.policy.policy import Policy
    from rightful.policy.source_sections import Source


def licence_facts(
    own: str | None, evidence: str | None, source: Source | None, policy: Policy
) -> tuple[str, str, tuple[str, ...]]:
    """Give licence, evidence, and `fact:origin` of both.

    A licence that a record states for itself is a tag, unless its source evidences that very licence.

    Args:
        own: id of the licence that the record states; None where it states none.
        evidence: what the record states of its evidence (`LicenceEvidence`); None where it states nothing.
        source: where the record is from; None where the policy declares no such source.
        policy: whose names of licences count.
    """
    of_source, declared = NO_LICENCE, LicenceEvidence.NONE.value
    if source is not None:
        of_source = licence_id(source.licence, policy.licences.aliases)[0]
        declared = source.licence_evidence.value
    licence = of_source if own is None else own
    if evidence in EVIDENCED and not (source is not None and source.evidence):
        evidence = LicenceEvidence.TAG_ONLY.value  # nothing shows it
    a_tag = own is not None and (licence != of_source or declared == LicenceEvidence.NONE)
    found = evidence or (LicenceEvidence.TAG_ONLY.value if a_tag else declared)
    origins = []
    if licence != NO_LICENCE:
        origins.append(f"licence:{'source' if own is None else 'column'}")
    if found != LicenceEvidence.NONE:
        origins.append(f"licence_evidence:{'column' if evidence or a_tag else 'source'}")
    return licence, found, tuple(origins)
