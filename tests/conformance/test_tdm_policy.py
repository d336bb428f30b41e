"""TDM policies against the table of this folder."""

import pytest
from tests.conformance.tables import answer, codes, table

from rightful.facts.statement import SHOWN_CHARACTERS, Preference, Reading
from rightful.signals.tdm_policy import LIMIT_OCTETS, PROBLEMS, REMARKS, VERSION, TdmPolicy
from rightful.signals.tdmrep import TdmRep, naming

TABLE = table("tdm_policy")
URL = "https://provider.example/policy.json"
RESERVED = TdmRep.parse(f'[{{"location": "/", "tdm-reservation": 1, "tdm-policy": "{URL}"}}]'.encode())
PRICED = b'{"permission": {"action": "tdm:mine", "duty": "%s"}}'


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_table(case):
    policy = TdmPolicy.parse(case["policy"].encode())
    assert list(policy.conditions) == case["conditions"]
    assert policy.problem == case.get("problem", "")
    assert codes(policy.uniform) == sorted(case.get("remarks", []))
    assert set(codes(policy.uniform)) <= set(REMARKS)
    assert policy.assigner == case.get("assigner", "")
    assert list(policy.prices) == case.get("prices", [])
    assert policy.where == case.get("where", policy.where)
    lifted = Reading(policy.under(RESERVED.reading("/x").statements))
    asked = "+".join(case["conditions"])
    assert {answer(lifted, usage) for usage in ("train-ai", "ai-input")} == {
        f"conditional:{asked}" if asked else "deny"
    }


def test_the_table_is_no_shorter_and_shows_every_problem():
    assert len({case["name"] for case in TABLE}) == len(TABLE) >= 25
    assert {case["problem"] for case in TABLE if "problem" in case} == set(PROBLEMS) - {"too-long"}


def test_statements_say_where_the_conditions_stand_and_who_asks():
    body = next(case["policy"] for case in TABLE if case["name"].startswith("consent has to be obtained"))
    statement = TdmPolicy.parse(body.encode()).under(RESERVED.reading("/x").statements)[0]
    assert (statement.protocol, statement.version, statement.where) == ("tdmrep", VERSION, "/permission/0")
    assert statement.text == "obtainConsent; assigner: Provider, mailto:tdm@provider.example"


def test_a_policy_that_is_not_understood_says_why():
    statement = TdmPolicy.parse(b"<p>Terms</p>").under(RESERVED.reading("/x").statements)[0]
    assert (statement.preference, statement.conditions) == (Preference.DENY, (f"policy:{URL}",))
    assert (statement.where, statement.text) == ("policy", PROBLEMS["web-page"])


def test_what_reserves_nothing_is_left_as_it_is():
    free = TdmRep.parse(b'[{"location": "/", "tdm-reservation": 0}]').reading("/").statements
    assert TdmPolicy.parse(PRICED % b"compensate").under(free) == free


def test_a_policy_states_nothing_by_itself():
    policy = TdmPolicy.parse(PRICED % b"compensate")
    assert policy.reading("/x").statements == policy.uniform.statements == ()


def test_what_is_too_long_is_not_read():
    whole = PRICED % b"compensate"
    assert TdmPolicy.parse(whole.ljust(LIMIT_OCTETS)).conditions == ("payment:tdm",)
    assert TdmPolicy.parse(whole.ljust(LIMIT_OCTETS + 1)).problem == "too-long"


def rules(*policies):
    rows = [f'{{"location": "/{n}/", "tdm-reservation": 1, "tdm-policy": "{url}"}}' for n, url in enumerate(policies)]
    return TdmRep.parse(f"[{','.join(rows)}]".encode())


def test_a_file_declares_the_policies_of_rules_that_reserve():
    assert rules("/a", "/b", "/a").declares == ("/a", "/b")
    free = b'[{"location": "/", "tdm-reservation": 0, "tdm-policy": "/a"}, {"location": "/", "tdm-policy": "/b"}]'
    assert TdmRep.parse(free).declares == ()


def test_an_address_that_no_statement_can_cite_whole_is_not_declared():
    longest = "/" + "a" * (SHOWN_CHARACTERS - 2)
    file = rules(longest, longest + "b", "/a  b", " ")
    assert file.declares == (longest,)
    assert naming(longest, file.reading("/0/").statements) == file.reading("/0/").statements
    assert naming(longest, file.reading("/1/").statements) == ()
