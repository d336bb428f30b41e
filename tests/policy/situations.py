"""Situations and policies from one flat combination of values, so that a test can change a single one and no other.

A combination is complete: a value for every name of `VALUES`. The first value of each is that of the plain case
(legal.md 4.4 D): a crawled record of a protected work, without licence, contract, opt-out or reservation, whose
robots.txt allows.
"""

import functools

from hypothesis import strategies as st

from rightful.facts import rights
from rightful.facts.situation import RobotsFact, Situation, UrlFact
from rightful.facts.statement import Preference, read_summary
from rightful.policy.policy import Policy
from rightful.policy.profiles import NAMES
from rightful.policy.signal_gates import DENIALS, FILE_SCOPED
from rightful.policy.source_sections import MarketEffect

DIGEST = f"sha256:{'ab' * 32}"
BUILT_ON = "2026-06-15"
EVERYWHERE = ("CN", "EU", "US")
# A grant of 2026-05 is newer than the first of these dates, and older than the second.
OLDER, NEWER, UNDATED = "2026-03", "2026-12", "unknown"
OFFER = "rsl=conditional:payment:training"
SAID = (
    (), (OFFER,), ("rsl=conditional:contribution+payment:crawl",), ("rsl=conditional:payment",),
    ("rsl=conditional:contact",), ("rsl=conditional:contact+payment",), ("c2pa=conditional",), ("rsl=allow",),
    ("rsl=allow:attribution",), ("rsl=deny",), ("rsl=error",), ("tdmrep=conditional:policy:https://a.example/p",),
    ("tdmrep=allow",), ("content-signal=deny",), ("c2pa=deny",), ("plus=error",), ("c2pa=deny", OFFER),
)  # fmt: skip
LICENCES = (
    "none", "unknown", "custom_allow", "custom_deny", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nd-4.0",
    "cc-by-nc-nd-4.0", "cc0-1.0", "mit", "llama3", "all-rights-reserved", "public-domain", "cc-by-nc-4.0 OR mit",
    "cc-by-nc-4.0 AND unknown", "cc-by-nd-4.0 AND mit", "mit OR unknown",
)  # fmt: skip


def _of(kind, first=None):
    """Give the values of a closed list, that of the plain case first."""
    values = [each.value for each in kind]
    return tuple(values) if first is None else (first, *(v for v in values if v != first))


FACTS = {
    "source_known": (True, False),
    "url": _of(UrlFact),
    "text_readable": (True, False),
    "robots_fetch": _of(RobotsFact),
    "robots_build": _of(RobotsFact),
    "stated_fetch": SAID,
    "stated_build": SAID,
    "optouts": (
        (),
        ("url:received",),
        ("site:verified",),
        ("account:verified", "content:received"),
        ("contained:unsure",),
    ),
    "restricted_at": (UNDATED, OLDER, NEWER),
    "licence": LICENCES,
    "licences_named": ((), *((licence,) for licence in LICENCES[4:]), ("unknown",), ("cc-by-4.0", "cc-by-nd-4.0")),
    "licence_evidence": _of(rights.LicenceEvidence),
    "licence_older": ("", "yes", "no"),
    "work_status": _of(rights.WorkStatus),
    "public_domain_in": ((), ("CN",), EVERYWHERE),
    "consent": _of(rights.Consent),
    "notice": _of(rights.Notice),
    "sensitive_pi": _of(rights.SensitivePI),
    "third_party": _of(rights.ThirdParty),
    "unlawful": _of(rights.Unlawful),
    "tos": _of(rights.Terms),
    "generator_tos": _of(rights.GeneratorTerms),
    "licence_request": _of(rights.LicenceRequest),
    "db_extraction": _of(rights.Extraction),
    "lawful_access": _of(rights.LawfulAccess, "unknown"),
    "holder": _of(rights.Holder),
    "acquired": ((), ("payment:training",), ("contribution", "payment:crawl"), ("contact", "payment")),
    "pool_faults": ((), ("stale",), ("agreement", "title"), ("not_assessed",)),
    "specific_data": _of(rights.Specific),
    "unknown_values": ((), ("licence",)),
    "built_on": (BUILT_ON, ""),
}
UPSTREAM = {
    "": None,
    "plain": {"route": "crawled"},
    "own": {"route": "self.rd", "work_status": "own", "evidence": [DIGEST]},
    "licensed": {"route": "open_dataset", "licence": "cc-by-sa-4.0", "licence_evidence": "text", "evidence": [DIGEST]},
    "unpaid": {
        "route": "purchased",
        "contract": {"training": "granted", "chain": "direct"},
        "evidence": [DIGEST],
    },
    "pool": {"route": "pool"},
    "users": {"route": "self.user", "consent": "tos_only"},
    "pirated": {"route": "open_dataset", "unlawful": "unlawful_source"},
    "nc": {"route": "open_dataset", "licence": "cc-by-nc-4.0"},
    "tos": {"route": "crawled", "tos": "reserved"},
    "generator": {"route": "synthetic", "generator_tos": "forbids"},
}
# A data set that copies one of these has pages of a crawl, and a policy in which it does not say so is refused.
CRAWLS = {"plain", "tos"}
COPYING = {"open_dataset", "purchased", "pool"}
CONTRACT = {
    "training": ("", "granted", "forbidden", "silent"),  # "": there is no contract
    "commercial_use": ("silent", "granted", "forbidden"),
    "chain": ("direct", "agent_verified", "intermediary_unverified"),
    "paid": (True, False),
    "accruing": (False, True),
    "expired": (False, True),
    # From when, until when: together, as none ends before it starts.
    "in_force": (
        ("2026-05", ""),
        ("", ""),
        ("2026-07", ""),
        ("", "2026-06-14"),
        ("2026-05", "2026-06-14"),
        ("", "2027"),
        ("2026-05", "2027"),
        ("2026-07", "2027"),
    ),
    "same_holder": (True, False),
}
SETTINGS = {
    "route": _of(rights.Route, "crawled"),
    "derived_from_crawl": (False, True),
    "source_licence": ("none", "mit", "cc-by-nc-4.0", "cc-by-nd-4.0", "custom_deny", "llama3"),
    "sold_for_analysis": (False, True),
    "upstream": tuple(UPSTREAM),
    "general": (True, False),
    "commercial": (True, False),
    "imitates": (False, True),
    "market": _of(MarketEffect, "low"),
    "redistributes_modified": (True, False),
    "research_organisation": (False, True),
    "jurisdictions": (EVERYWHERE, ("CN",), ("EU",)),
    "profile": NAMES,
    "mode": ("strictest", "fetch", "build"),
    "missing_fetch_evidence": ("use-build", "hold"),
    "unsafe_keep_uncaptured": (False, True),
    "unsafe_ignore": ((), ("rsl", "c2pa")),
    "nc_is_reservation": (True, False),
    "nd": ("hold", "exclude"),
    "tos_strict": (False, True),
    "page_licences": ("honour", "hold-unread", "evidence"),
    "exempt_up_to": ("low", "none"),
}
OF_POLICY = {**CONTRACT, **SETTINGS}
VALUES = {**FACTS, **OF_POLICY}
PLAIN = {name: values[0] for name, values in VALUES.items()}
# One that is admitted by each tier, and one by X1: whatever is added to these can be seen.
BASES = {
    "general": {},
    "own": {"route": "self.rd", "work_status": "own"},
    "public domain": {"work_status": "pd", "public_domain_in": EVERYWHERE},
    "facts": {"work_status": "fact", "jurisdictions": ("CN",)},
    "licensed": {"licence": "cc-by-sa-4.0", "licence_evidence": "text"},
    "free by rsl": {"stated_build": ("rsl=allow:attribution",)},
    "users": {"route": "self.user", "consent": "second_live", "notice": "shown"},
    "purchased": {"route": "purchased", "training": "granted"},
    "paid by rsl": {"stated_build": (OFFER,), "acquired": ("payment:training",)},
    "research": {
        "profile": "research_eu3", "commercial": False, "research_organisation": True, "lawful_access": "yes",
    },
    "eu": {"profile": "eu_art4", "lawful_access": "yes"},
    "vertical": {"general": False, "holder": "unlocated"},
    "market": {"specific_data": "curated", "market": "possible"},
    "pool": {"route": "pool"},
    "overridden": {
        "training": "granted", "optouts": ("site:verified",), "robots_build": "disallow:named",
        "restricted_at": OLDER,
    },
    "derived": {"route": "synthetic", "work_status": "own", "upstream": "licensed"},
}  # fmt: skip


def combined(*changes):
    """Give the plain combination with changes."""
    made = dict(PLAIN)
    for each in changes:
        made |= each
    return made


def built(combination):
    """Give the situation and the policy of a combination."""
    policy = policy_of(tuple(combination[name] for name in OF_POLICY))
    facts = {name: combination[name] for name in FACTS}
    if combination["training"]:
        facts["contract"] = "s"
    facts["restricted_at"] = dated(combination)
    return Situation("s", **facts), policy


def from_crawl(said):
    """Tell whether a source says that it was made from a crawl: by its own value, or because it has to."""
    return said["derived_from_crawl"] or (said["route"] in COPYING and said["upstream"] in CRAWLS)


def dated(combination):
    """Give the date of the newest restriction, as screening does: none where nothing restricts, and terms have none."""
    of_site = combination["route"] == "crawled" or from_crawl(combination) or not combination["source_known"]
    if of_site and combination["tos"] == "reserved":
        return UNDATED
    said = [read_summary(each)[:2] for when in ("fetch", "build") for each in combination[f"stated_{when}"]]
    reserved = any(p in {Preference.DENY, Preference.CONDITIONAL} and (of_site or n in FILE_SCOPED) for n, p in said)
    denied = of_site and {combination["robots_fetch"], combination["robots_build"]} & {each.value for each in DENIALS}
    return combination["restricted_at"] if reserved or denied or combination["optouts"] else ""


@functools.lru_cache(maxsize=20_000)
def policy_of(values):
    """Give the policy of the values of `OF_POLICY`, in their order."""
    return Policy.model_validate(written(dict(zip(OF_POLICY, values, strict=True))))


def written(said):
    """Give what the policy file of a combination says."""
    source = {"name": "s", "evidence": [DIGEST]}
    source |= {name: said[name] for name in ("route", "sold_for_analysis")}
    source |= {"derived_from_crawl": from_crawl(said), "licence": said["source_licence"]}
    if said["training"]:
        agreed = {name: said[name] for name in CONTRACT if name not in {"commercial_use", "in_force"}}
        starts, ends = said["in_force"]
        source["contract"] = agreed | {"commercial": said["commercial_use"], "starts": starts, "ends": ends}
    sources = [source]
    if said["upstream"]:
        source["derived_from"] = ["upstream"]
        sources.append({"name": "upstream", **UPSTREAM[said["upstream"]]})
    own = ("general", "commercial", "redistributes_modified", "research_organisation", "jurisdictions")
    return {
        "profile": said["profile"],
        "sources": sources,
        "scenario": {
            **{name: said[name] for name in own},
            "imitates_identified_author": said["imitates"],
            "market_effect": said["market"],
            "retention_until": "2030",
            "evidence": [DIGEST],
        },
        "as_of": {name: said[name] for name in ("mode", "missing_fetch_evidence")},
        "protocols": {name: said[name] for name in ("unsafe_keep_uncaptured", "unsafe_ignore")},
        "gates": {name: said[name] for name in ("nc_is_reservation", "nd", "tos_strict", "page_licences")},
        "tiers": {"exempt_up_to": said["exempt_up_to"]},
    }


# Few changes at a time: where everything is restricted at once, no restriction more can be seen.
changes = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name]))),
    max_size=6,
).map(dict)
combinations = st.builds(combined, st.sampled_from(list(BASES.values())), changes)
