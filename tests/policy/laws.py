"""What holds of every decision, whatever the combination; the tests say of which combinations they ask it."""

import functools
import re

from tests.policy.additions import permissions, restrictions
from tests.policy.situations import built

from rightful.facts.decision import Admission, Tier
from rightful.policy.deciding import decide
from rightful.policy.gates import GATES
from rightful.policy.policy import Policy
from rightful.policy.profiles import profile
from rightful.policy.reasons import meaning_of, reason_of

RESTRICTIONS = restrictions()
PERMISSIONS = permissions()
RULE = re.compile(r"G[0-6]|X1|T([0-9]|10)")


def decided(combination):
    return decide(*built(combination))


def never_loosens(combination, names=tuple(RESTRICTIONS)):
    """Law 3: no restriction more ever admits more."""
    before = decided(combination).admission
    if before is Admission.ADMIT:
        return  # nothing is looser
    for name in names:
        for added in RESTRICTIONS[name](combination):
            after = decided(added)
            assert after.admission >= before, (name, differences(combination, added), after)


def never_tightens(combination, names=tuple(PERMISSIONS)):
    """Law 4, the other way round: evidence for what is permitted makes nothing worse."""
    before = decided(combination).admission
    if before is Admission.EXCLUDE:
        return  # nothing is tighter
    for name in names:
        for added in PERMISSIONS[name](combination):
            after = decided(added)
            assert after.admission <= before, (name, differences(combination, added), after)


def differences(one, two):
    return {name: (one[name], two[name]) for name in one if one[name] != two[name]}


def is_whole(combination):
    """Every decision has reasons that the table knows, each once, and a tier if and only if it may have one."""
    decision = decided(combination)
    assert decision.reasons
    assert len(set(decision.reasons)) == len(decision.reasons)
    for code in decision.reasons:
        reason = reason_of(code)
        assert RULE.fullmatch(reason.rule), code
        assert meaning_of(code)
    restricting = [code for code in decision.reasons if reason_of(code).resolve]
    if decision.admission is Admission.ADMIT:
        assert decision.tier is not None
        assert decision.basis
        assert decision.remuneration
        assert not restricting, decision
    else:
        assert restricting == list(decision.reasons), decision
    if decision.admission is Admission.EXCLUDE:
        assert (decision.tier, decision.remuneration, decision.basis) == (None, None, None)


def rests_on_what_it_says(combination):
    """No tier claims a statute that its profile does not apply, and the paper's exemption is a policy's."""
    decision = decided(combination)
    applied = profile(combination["profile"])
    basis = decision.basis or ""
    if basis.startswith("statute:"):
        assert basis in {applied.basis, applied.basis_of_payment, applied.research_basis}
    if decision.tier is Tier.EXEMPT_GENERAL:
        assert basis == applied.basis
        assert basis == "policy:seed-paper" or combination["profile"] in {"eu_art4", "jp_30_4"}
    if decision.tier in {Tier.PAID_SCENARIO, Tier.PERMISSION_AND_PAY}:
        assert basis == "policy:seed-paper"
    if decision.tier is Tier.EXEMPT_RESEARCH:
        assert basis == applied.research_basis != ""


def findings_are_as_the_table_says(combination):
    """What a finding does is what the table says its code does; of two codes the policy decides."""
    situation, policy = built(combination)
    source = policy.sources_by_name.get(situation.source) if situation.source_known else None
    for gate in GATES:
        for finding in gate(situation, source, policy):
            code, _, _ = finding.reason.partition(":")
            holds = reason_of(finding.reason).holds
            if code == "ND":
                holds = policy.gates.nd == "hold"
            elif code == "RESERVED_TOS":
                holds = not policy.gates.tos_strict
            assert (finding.admission is Admission.HOLD) == holds, finding
            assert finding.fact in situation.facts or finding.fact in {"source", *situation.unknown_values}, finding


def all_findings_are_kept(combination):
    """Every gate's every finding is among the reasons, but for what a newer grant overrides."""
    situation, policy = built(combination)
    source = policy.sources_by_name.get(situation.source) if situation.source_known else None
    found = {finding.reason for gate in GATES for finding in gate(situation, source, policy)}
    decision = decide(situation, policy)
    if "LICENCE_OVERRIDES" not in decision.reasons and not _granted(combination):
        assert found <= set(decision.reasons)
    if decision.admission is not Admission.ADMIT and decision.tier is None and found:
        inherited = {code for code in decision.reasons if code.startswith("LINEAGE:")}
        assert set(decision.reasons) - inherited <= found


def _granted(combination):
    return combination["training"] == "granted" and combination["restricted_at"] not in {"", "unknown"}


def frees_nothing_unknown(combination):
    """Law 4: what is admitted is known in all that would have restricted it."""
    situation, policy = built(combination)
    decision = decide(situation, policy)
    if decision.admission is not Admission.ADMIT:
        return
    assert situation.source_known
    assert not situation.unknown_values
    assert situation.text_readable
    source = policy.sources[0]
    if source.crawl_like:
        assert situation.url == "located"
        if policy.as_of.mode != "fetch" and not policy.protocols.unsafe_keep_uncaptured:
            assert situation.robots_build not in {"unknown", "cut", "stale"}
    if combination["upstream"]:
        return  # then it may be of what it was made from that the tier speaks
    if decision.tier is Tier.FREE_LICENSED and decision.basis not in {"licence:rsl", "consent:s"}:
        assert situation.licence_evidence in {"text", "text+notice"}
    if decision.tier in {Tier.EXEMPT_GENERAL, Tier.PAID_SCENARIO}:
        assert decision.tier is Tier.PAID_SCENARIO or policy.scenario.market_effect in {"none", "low"}
        assert situation.lawful_access == "yes" or "lawful_access" not in profile(policy.profile).needs


def rests_on_nothing_unknown_or_contradicted(combination):
    """Law 4 again, of the tier: no day that a contract needs is missing, and no fact stands against it."""
    situation, policy = built(combination)
    decision = decide(situation, policy)
    if decision.admission is not Admission.ADMIT:
        return
    source = policy.sources[0]
    assert source.route.value != "synthetic" or situation.generator_tos != "unknown"
    if combination["training"] and any(combination["in_force"]):
        assert situation.built_on
    if combination["upstream"]:
        return  # then it may be of what it was made from that the tier speaks
    if decision.tier is Tier.FREE_PD:
        assert situation.work_status != "protected"
    if decision.tier is Tier.EXEMPT_GENERAL or decision.reasons[0] == "SCENARIO_MARKET":
        assert situation.specific_data != "unknown"
    if decision.basis == "consent:s":
        assert source.route.value == "self.user"


@functools.lru_cache(maxsize=5_000)
def _again(policy):
    return Policy.from_canonical(policy)


def depends_on_nothing_else(combination):
    """The same facts under a policy of the same id give the same decision."""
    situation, policy = built(combination)
    again = _again(policy.canonical)
    assert again.id == policy.id
    assert decide(type(situation).from_facts(situation.facts), again) == decide(situation, policy)


LAWS = (
    is_whole,
    rests_on_what_it_says,
    findings_are_as_the_table_says,
    all_findings_are_kept,
    frees_nothing_unknown,
    rests_on_nothing_unknown_or_contradicted,
    depends_on_nothing_else,
)
