"""Gates and tiers: the worked examples of the scheme, and what no addition may loosen."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rightful.facts.decision import Admission, Tier
from rightful.facts.situation import Consent, LicenceEvidence, RobotsFact, Situation, UrlFact
from rightful.policy.gates import GATES, HOLDING, meaning_of
from rightful.policy.licences import terms_of
from rightful.policy.policy import Policy
from rightful.policy.sections import Gates
from rightful.policy.tiers import decide
from rightful.signals.licence import table

DIGEST = f"sha256:{'ab' * 32}"

# Facts that later rooms bring (RSL, pools, other protocols, profiles, ...): cases that need them wait for those.
NOT_YET = {
    "rsl", "reservation", "tos_reservation", "pool", "profile", "lawful_access", "unlawful", "db_extraction",
    "third_party", "sensitive_pi", "generator_tos", "lic_refused", "optout_time",
}  # fmt: skip
_ROBOTS = {"allow": "allow", "disallow": "disallow:named", "unreachable": "unreachable", "missing": "missing"}
_LICENCES = {"cc-by": "cc-by-4.0", "cc-by-sa": "cc-by-sa-4.0", "cc-by-nd": "cc-by-nd-4.0", "cc-by-nc": "cc-by-nc-4.0"}


def policy_of(inputs):
    """The policy of a case: the defaults of legal.md 4.4, and what the case says of scenario and source."""
    source = {"name": "s", "route": inputs.get("route", "crawled"), "evidence": [DIGEST]}
    if "pd_in" in inputs:
        source["public_domain_in"] = inputs["pd_in"]
    if "work_status" in inputs:
        source["work_status"] = inputs["work_status"]
    if "contract" in inputs:
        known = ("training", "commercial", "chain", "paid", "expired", "model")
        source["contract"] = {k: v for k, v in inputs["contract"].items() if k in known}
    scenario = {
        "general": inputs.get("general", True),
        "commercial": inputs.get("commercial", True),
        "specific_data": inputs.get("specific", False),
        "imitates_identified_author": inputs.get("imitates", False),
        "market_effect": inputs.get("market", "low"),
        "jurisdictions": inputs.get("jur", ["CN", "EU", "US"]),
    }
    return Policy.model_validate({"scenario": scenario, "sources": [source]})


def situation_of(inputs):
    optout = inputs.get("optout")
    known = inputs.get("source_known", True)
    return Situation(
        source="s",
        source_known=known,
        robots_fetch=_ROBOTS.get(inputs.get("robots_fetch", "allow"), "unknown"),
        robots_build=_ROBOTS.get(inputs.get("robots_now", "allow"), "unknown"),
        optouts=(f"url:{optout}",) if optout in {"received", "verified"} else (),
        licence=_LICENCES.get(inputs.get("licence", ""), "none"),
        licence_evidence=inputs.get("lic_ev", "none"),
        consent=inputs.get("consent", "n/a"),
    )


def test_worked_examples(shared):
    cases = json.loads((shared / "cases/tiers.json").read_text(encoding="utf-8"))
    waiting, wrong = [], []
    for case in cases:
        if NOT_YET & set(case["inputs"]):
            waiting.append(case["id"])
            continue
        decision = decide(situation_of(case["inputs"]), policy_of(case["inputs"]))
        admission = {"ADMIT": "admit", "HOLD": "hold", "EXCLUDED": "exclude"}[case["admission"]]
        got = (decision.admission.word, decision.tier and decision.tier.value)
        if got != (admission, case["tier"]) or not any(r.startswith(case["code"]) for r in decision.reasons):
            wrong.append((case["id"], case["inputs"], case["admission"], case["tier"], case["code"], decision))
    assert not wrong
    assert len(cases) - len(waiting) >= 38


LICENCES = (
    "none", "custom_allow", "custom_deny", "unknown", *table().rows, "cc-by-nc-4.0 AND unknown", "cc-by-nc-4.0 OR mit",
    "cc-by-nd-4.0 AND mit",
)  # fmt: skip
stated = st.sets(
    st.sampled_from(["rsl=conditional:payment:crawl", "tdmrep=allow", "robots-tag=deny", "plus=error"])
).map(lambda said: tuple(sorted(said)))
situations = st.builds(
    Situation,
    source=st.just("s"),
    source_known=st.booleans(),
    url=st.sampled_from([f.value for f in UrlFact]),
    text_readable=st.booleans(),
    robots_fetch=st.sampled_from([f.value for f in RobotsFact]),
    robots_build=st.sampled_from([f.value for f in RobotsFact]),
    optouts=st.sets(st.sampled_from(["url:received", "url:verified", "site:verified", "content:received"])).map(
        lambda s: tuple(sorted(s))
    ),
    licence=st.sampled_from(LICENCES),
    stated_fetch=stated,
    stated_build=stated,
    licences_named=st.sets(st.sampled_from(LICENCES[4:]), max_size=2).map(lambda s: tuple(sorted(s))),
    licence_evidence=st.sampled_from([e.value for e in LicenceEvidence]),
    consent=st.sampled_from([c.value for c in Consent]),
    unknown_values=st.sets(st.sampled_from(["licence", "consent"])).map(lambda s: tuple(sorted(s))),
)
contracts = st.none() | st.fixed_dictionaries(
    {
        "training": st.sampled_from(["granted", "forbidden", "silent"]),
        "commercial": st.sampled_from(["granted", "forbidden", "silent"]),
        "chain": st.sampled_from(["direct", "agent_verified", "intermediary_unverified"]),
        "paid": st.booleans(),
        "expired": st.booleans(),
    }
)
policies = st.builds(
    lambda route, crawl, status, contract, scenario, robots, as_of: Policy.model_validate(
        {
            "sources": [
                {
                    "name": "s", "route": route, "derived_from_crawl": crawl, "work_status": status,
                    "contract": contract, "evidence": [DIGEST],
                }
            ],
            "scenario": scenario,
            "protocols": {"robots": robots},
            "as_of": as_of,
        }
    ),
    st.sampled_from(["self.rd", "self.user", "purchased", "crawled", "open_dataset", "pool", "synthetic"]),
    st.booleans(),
    st.sampled_from(["protected", "fact", "official", "own", "unknown"]),
    contracts,
    st.fixed_dictionaries(
        {
            "general": st.booleans(),
            "commercial": st.booleans(),
            "specific_data": st.booleans(),
            "imitates_identified_author": st.booleans(),
            "market_effect": st.sampled_from(["none", "low", "possible", "high", "unknown"]),
        }
    ),
    st.sampled_from(["strict", "rfc9309"]),
    st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["strictest", "fetch", "build"]),
            "missing_fetch_evidence": st.sampled_from(["use-build", "hold"]),
        }
    ),
)  # fmt: skip


def with_changes(situation, **changes):
    return Situation.from_facts({**situation.facts, **changes})


@given(situations, policies)
def test_every_situation_gets_a_whole_decision(situation, policy):
    decision = decide(situation, policy)
    assert decision.reasons
    assert all(meaning_of(reason) for reason in decision.reasons)
    assert len(set(decision.reasons)) == len(decision.reasons)
    if decision.admission is Admission.EXCLUDE:
        assert decision.tier is None
    if decision.admission is Admission.ADMIT:
        assert decision.tier is not None
        assert decision.basis
        assert decision.remuneration
    assert decide(situation, Policy.from_canonical(policy.canonical)) == decision


restrictions = st.sampled_from(
    [
        {"optouts": ["url:verified"]},
        {"optouts": ["site:received"]},
        {"robots_build": "disallow:named"},
        {"robots_build": "disallow:wildcard"},
        {"robots_build": "unreachable"},
        {"robots_fetch": "disallow:named"},
        {"robots_fetch": "unreachable"},
        {"url": "no-url"},
        {"text_readable": False},
        {"source_known": False},
        {"consent": "second_withdrawn"},
        {"consent": "minor_without_guardian"},
        {"licence": "custom_deny"},
        {"unknown_values": ["licence"]},
        {"licences_named": ["cc-by-nc-4.0"]},
        {"licences_named": ["all-rights-reserved"]},
        {"licences_named": ["unknown"]},
        {"stated_build": ["rsl=deny"]},
        {"stated_fetch": ["tdmrep=conditional:payment:tdm"]},
        {"stated_build": ["c2pa=error"]},
        {"stated_fetch": ["content-usage=allow"]},
    ]
)


@given(situations, policies, restrictions)
def test_adding_a_restriction_never_loosens(situation, policy, restriction):
    """Law 3. Opt-outs and unknown values are added to those there are; the other facts replace a milder one."""
    before = decide(situation, policy)
    changes = {
        name: sorted({*getattr(situation, name), *value}) if isinstance(value, list) else value
        for name, value in restriction.items()
    }
    if milder(situation, changes):
        assert decide(with_changes(situation, **changes), policy).admission >= before.admission


def _restricts(licence):
    return any({"NC", "ND"} & set(choice.conditions) or "terms" in choice.kinds for choice in terms_of(licence).choices)


def milder(situation, changes):
    """Tell whether what is replaced was milder: a denial is not, and neither is another restriction."""
    order = [f.value for f in RobotsFact]
    for name, value in changes.items():
        old = getattr(situation, name)
        if name.startswith("robots_") and order.index(old) > order.index(RobotsFact.STALE.value):
            return False
        if name.startswith("robots_") and "disallow" in old:
            return False
        if name == "consent" and old in {"second_withdrawn", "minor_without_guardian"}:
            return False
        if name == "licence" and (old == "custom_deny" or _restricts(old)):
            return False
        if name == "url" and old != "located":
            return False
        del value
    return True


@given(situations, policies)
def test_evidence_for_a_permission_never_tightens(situation, policy):
    """Law 4, the other way round: more evidence for what is stated anyway cannot make things worse."""
    before = decide(situation, policy)
    if situation.licence_evidence in {"none", "tag_only"}:
        after = decide(with_changes(situation, licence_evidence="text"), policy)
        assert after.admission <= before.admission


@given(situations, policies)
def test_unknown_frees_nothing(situation, policy):
    """Law 4: what is unknown never leads to an admission that the known would not have had."""
    decision = decide(situation, policy)
    if decision.admission is Admission.ADMIT:
        assert not situation.unknown_values
        assert situation.source_known
        crawl_like = policy.sources[0].crawl_like
        asked_now = policy.as_of.mode in {"build", "strictest"}
        if crawl_like and asked_now:
            assert situation.robots_build not in {"unknown", "stale"}


def test_all_reasons_are_kept():
    policy = policy_of({})
    situation = situation_of({"robots_now": "disallow", "optout": "received", "licence": "cc-by-nc"})
    assert decide(situation, policy).reasons == ("ROBOTS_NOW:named", "NC", "OPTOUT_PENDING:url")


def test_the_papers_exemption_is_labelled_as_a_policy_never_as_law():
    decision = decide(situation_of({}), policy_of({}))
    assert decision.basis == "policy:seed-paper"


def test_overlooking_a_non_commercial_reservation_makes_no_permission_of_it():
    situation = situation_of({"licence": "cc-by-nc", "lic_ev": "text+notice"})
    policy = policy_of({}).model_copy(update={"gates": Gates(nc_is_reservation=False)})
    assert decide(situation, policy).tier is Tier.EXEMPT_GENERAL
    assert decide(situation, policy_of({"commercial": False})).tier is Tier.FREE_LICENSED
    assert decide(situation, policy_of({})).reasons == ("NC",)


@given(situations, policies)
def test_what_a_reason_does_is_in_the_table(situation, policy):
    source = policy.sources_by_name.get(situation.source)
    for gate in GATES:
        for finding in gate(situation, source, policy):
            assert (finding.admission is Admission.HOLD) == (finding.reason.partition(":")[0] in HOLDING)
