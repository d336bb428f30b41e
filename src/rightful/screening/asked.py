"""How a policy has signals looked at: its answers to what specifications leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightful.signals.site_files import Interpretation
from rightful.snapshot.site_view import SiteView

if TYPE_CHECKING:
    from rightful.policy.policy import Policy
    from rightful.snapshot.store import Snapshot


def interpretation(policy: Policy) -> Interpretation:
    """Give a policy's answers to what the specifications leave open."""
    protocols = policy.protocols
    return Interpretation(
        policy.crawler.effective,
        protocols.legacy_labels,
        protocols.reserved_use,
        protocols.bing_words,
        protocols.search_words,
        "commercial" if policy.scenario.commercial else "non-commercial",
    )


def site_view(policy: Policy, snapshot: Snapshot) -> SiteView:
    """Look at a snapshot the way a policy asks for."""
    return SiteView(
        snapshot,
        tokens=policy.crawler.effective,
        any_scheme=policy.protocols.any_scheme,
        refusals_deny=policy.protocols.robots == "strict",
        max_age_days=policy.protocols.max_capture_age_days,
    )
