"""What must hold for every TDM policy, whatever is in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.facts.statement import RESTRICTIVENESS, Preference, Statement, Usage, combine
from rightful.signals.tdm_policy import PROBLEMS, REMARKS, TdmPolicy

KEYS = st.sampled_from([
    "@context", "@graph", "@id", "@type", "@value", "profile", "permission", "prohibition", "obligation", "duty",
    "constraint", "action", "assigner", "target", "leftOperand", "operator", "rightOperand", "refinement", "rdf:value",
    "odrl:duty", "x:prohibition", "http://www.w3.org/ns/odrl/2/permission", "inheritFrom", "uid", "tdm", "",
])  # fmt: skip
WORDS = st.sampled_from([
    "tdm:mine", "mine", "odrl:use", "obtainConsent", "compensate", "purpose", "eq", "tdm:research", "spatial", "Offer",
    "Agreement", "http://www.w3.org/ns/tdmrep", "http://www.w3.org/ns/tdmrep#", "tdm:tdm:mine", "mailto:a@b.example",
])  # fmt: skip
values = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
DUTIES = st.sampled_from(["obtainConsent", "compensate", "attribute"]) | values
permissions = st.fixed_dictionaries({"action": st.just("tdm:mine") | values, "duty": DUTIES}, optional={"x:y": values})
policies = st.fixed_dictionaries(
    {"permission": permissions | st.lists(permissions, max_size=3)},
    optional={"prohibition": values, "@context": values, "obligation": DUTIES, "profile": values, "assigner": values},
)
statements = st.lists(
    st.builds(Statement, st.just("tdmrep"), st.sampled_from(Usage), st.sampled_from(Preference)), max_size=4
)


def rank(stated):
    return {usage: RESTRICTIVENESS.index(answer) for usage, answer in combine(stated).items()}


@given(st.binary(max_size=300) | (values | policies).map(lambda value: json.dumps(value).encode()), statements)
def test_any_document_is_read_and_none_loosens_a_refusal_below_its_conditions(body, stated):
    policy = TdmPolicy.parse(body)
    assert bool(policy.conditions) != bool(policy.problem)
    assert {remark.code for remark in policy.remarks} <= set(REMARKS)
    lifted = policy.under(stated)
    assert len(lifted) == len(stated)
    for before, after in zip(stated, lifted, strict=True):
        if before.preference is Preference.DENY:
            assert after.preference is (Preference.CONDITIONAL if policy.conditions else Preference.DENY)
        else:
            assert after == before
    floor = RESTRICTIVENESS.index(Preference.CONDITIONAL)
    answers = rank(lifted)
    assert all(answers[usage] >= min(before, floor) for usage, before in rank(stated).items())
    (policy.assigner + policy.where + "".join(policy.prices) + "".join(r.text for r in policy.remarks)).encode()


@given(policies, values.filter(bool))
def test_a_prohibition_more_never_loosens(policy, prohibition):
    assert TdmPolicy.parse(json.dumps({**policy, "prohibition": [prohibition]}).encode()).problem in PROBLEMS


@given(policies, permissions)
def test_a_permission_more_takes_no_condition_away(policy, permission):
    one = TdmPolicy.parse(json.dumps(policy).encode())
    listed = policy["permission"] if isinstance(policy["permission"], list) else [policy["permission"]]
    more = TdmPolicy.parse(json.dumps({**policy, "permission": [*listed, permission]}).encode())
    if one.conditions:
        assert not more.conditions or set(one.conditions) <= set(more.conditions)
    elif one.problem != "no-permission":
        assert not more.conditions


@given(policies)
def test_one_and_an_array_of_one_are_the_same(policy):
    wrapped = {
        name: value if isinstance(value, list) or name == "@context" else [value] for name, value in policy.items()
    }
    first, second = (TdmPolicy.parse(json.dumps(value).encode()) for value in (policy, wrapped))
    assert (first.conditions, first.problem) == (second.conditions, second.problem)


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 500_000,
        b'{"permission":' * 70_000,
        b"[" + b'{"prohibition": 1},' * 50_000 + b"{}]",
        b'{"permission": [' + b'{"action": "tdm:mine", "duty": "compensate"},' * 20_000 + b"{}]}",
        b"{" + b'"permission": {"action": "tdm:mine", "duty": "x"},' * 20_000 + b'"a": 1}',
        b'{"@context": {"a": "a:a", "b": "a:b"}, "permission": {"action": "a:a"}}',
        b'{"permission": {"action": {' + b'"@id": {' * 400 + b"}" * 400 + b"}}}",
        b'{"permission": 1' + b"0" * 5_000 + b"}",
    ],
    ids=["brackets", "objects", "prohibitions", "permissions", "repeated", "circle", "deep", "number"],
)
def test_malice_is_read_and_answered_briefly(hostile):
    policy = TdmPolicy.parse(hostile)
    assert policy.problem
    assert len(policy.remarks) <= 3
    assert len(policy.prices) <= 20
