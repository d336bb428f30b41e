"""Cases: our own and those of the shared input are decided as they expect, and a case that makes no sense is named.

Edge cases of legal.md 4.5 without a row, as no policy decides them: (4) scope of origins, (5) redirects and (7)
quotations are found when facts are observed (`snapshot`, `screening`, `register`); (11) by whose authority an agent
opts out is asked before the register verifies it; (22) shares, refunds and exchange rates are of settlement. Which
tokens are asked about (1), and how a share is measured (21), is tested where that is done.
"""

import json
import re
from pathlib import Path

import pytest

from rightful.errors import InputError
from rightful.policy.cases import read_cases, try_case
from rightful.policy.policy import Policy
from rightful.policy.policy_file import parse_policy, policy_template
from rightful.policy.reasons import reasons

OWN = Path(__file__).parent / "cases" / "edge_cases.json"
UNDECIDED = {4, 5, 7, 11, 22}


@pytest.fixture(scope="module")
def template():
    return parse_policy(policy_template())


@pytest.mark.parametrize("case", read_cases(OWN), ids=lambda case: case.id)
def test_our_own_cases_are_decided_as_they_expect(case, template):
    tried = try_case(case, template)
    assert tried.passed, (tried.differences, tried.decision)


def test_the_shared_cases_are_decided_as_they_expect(shared, template):
    cases = read_cases(shared / "cases" / "tiers.json")
    assert len(cases) >= 66
    wrong = {case.id: tried.differences for case in cases if not (tried := try_case(case, template)).passed}
    assert not wrong


def test_every_edge_case_that_a_policy_decides_has_a_row():
    notes = [case.get("note", "") for case in json.loads(OWN.read_text(encoding="utf-8"))]
    numbered = {int(found[1]) for note in notes if (found := re.match(r"edge case (\d+):", note))}
    assert numbered == set(range(1, 23)) - UNDECIDED


def test_every_code_of_the_table_is_expected_by_some_case():
    """LINEAGE takes two sources, LICENCE_TERMS a licence of a model: other tests have them."""
    expected = {case.expected["code"].partition(":")[0] for case in read_cases(OWN)}
    families = {"RESERVED": {"RESERVED_FETCH", "RESERVED_NOW"}, "CONDITIONAL_NOW": {"CONDITIONAL_FETCH"}}
    expected |= set().union(*(families.get(code, set()) for code in expected))
    assert set(reasons()) - expected <= {
        "LINEAGE", "LICENCE_TERMS", "UNLAWFUL_SOURCE", "OPTOUT_PENDING", "MINOR", "ND",
        "DB_RIGHT", "POOL", "LICENCE_DENIES",
    }  # fmt: skip


def test_a_case_is_decided_by_the_policy_it_is_tried_on(tmp_path, template):
    """Edge case 21: another threshold, another answer; what the inputs name stays as they say."""
    cases = written(tmp_path, [{"id": "plain", "inputs": {}, "admission": "ADMIT", "tier": "EXEMPT_GENERAL"}])
    strict = Policy.model_validate(template.model_dump() | {"tiers": {"exempt_up_to": "none"}})
    assert try_case(cases[0], template).passed
    assert try_case(cases[0], strict).differences == ("admission hold, not admit", "tier None, not EXEMPT_GENERAL")


def test_everything_that_differs_is_told(tmp_path, template):
    said = {"admission": "HOLD", "tier": "FREE_PD", "code": "PD", "model": "use", "conditions": ["BY"]}
    tried = try_case(written(tmp_path, [said])[0], template)
    assert not tried.passed
    assert tried.differences == (
        "admission admit, not hold",
        "tier EXEMPT_GENERAL, not FREE_PD",
        "model none, not use",
        "conditions [], not ['BY']",
        "GENERAL, not PD",
    )


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("RESERVED", True), ("RESERVED:tdmrep", True), ("RESERVED_NOW", True), ("RESERVED_NOW:tdmrep", True),
        ("RESERVED:rsl", False), ("RESERVED_FETCH", False), ("RESERVED:tdm", False), ("RESERVE", False),
    ],
)  # fmt: skip
def test_a_code_stands_for_its_family_and_for_every_detail_it_leaves_open(tmp_path, template, code, passes):
    said = {"inputs": {"reservation": ["tdmrep:tdm=1"]}, "admission": "EXCLUDED", "code": code}
    assert try_case(written(tmp_path, [said])[0], template).passed == passes


PLAIN = {"id": "seven", "admission": "ADMIT"}


def written(folder, cases):
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    return read_cases(folder / "cases.json")


def test_a_file_may_hold_its_cases_in_an_object_and_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "cases.json").write_text("\ufeff" + json.dumps({"cases": [{"admission": "hold"}]}), encoding="utf-8")
    (case,) = read_cases(tmp_path / "cases.json")
    assert (case.id, case.inputs, case.admission, case.expected) == ("1", {}, "hold", {})


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (PLAIN | {"inputs": {"robot_now": "allow"}}, ["case 2 (seven)", "no input 'robot_now'", "robots_now"]),
        (PLAIN | {"teir": "FREE_PD"}, ["case 2 (seven)", "no 'teir'", "tier"]),
        (PLAIN | {"admission": "MAYBE"}, ["case 2 (seven)", "'MAYBE'", "EXCLUDED"]),
        ({"id": "seven"}, ["case 2 (seven)", "admission", "None"]),
        ({"admission": "perhaps"}, ["case 2:", "'perhaps'"]),
        (PLAIN | {"inputs": []}, ["case 2 (seven)", "inputs is an object"]),
        ("seven", ["case 2:", "a case is an object", "'seven'"]),
    ],
)
def test_a_case_that_no_case_can_be_is_named_with_its_file(tmp_path, second, words):
    with pytest.raises(InputError) as caught:
        written(tmp_path, [{"id": "1", "admission": "ADMIT"}, second])
    for word in (str(tmp_path / "cases.json"), *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"cases": []}', '"cases"', "\udcff"])
def test_a_file_without_cases_is_named(tmp_path, text):
    file = tmp_path / "cases.json"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match=re.escape(str(file))):
        read_cases(file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json"):
        read_cases(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"route": "stolen"}, "self.rd"),
        ({"profile": "xx_strict"}, "cn_strict"),
        ({"consent": "yes"}, "second_live"),
        ({"contract": {"trainin": "granted"}}, "a contract has no 'trainin'"),
        ({"contract": "granted"}, "contract is an object"),
        ({"contract": {"from": "June"}}, "'June' is no date"),
        ({"contract": {"to": "2026-06"}}, "needs built_on"),
        ({"contract": {"from": "2026-05", "to": "2026-06"}}, "needs built_on"),
        ({"contract": {"from": "2026-07", "to": "2026-06"}, "built_on": "2026-07-01"}, "before it starts"),
        ({"contract": {"from": "2026-02-30"}}, "no calendar"),
        ({"built_on": "June"}, "'June' is no date"),
        ({"optout": "verifed"}, "received, verified"),
        ({"optout": True}, "received, verified"),
        ({"optout": "verified", "optout_time": "March"}, "'March' is no date"),
        ({"lic_ev": "txt"}, "'txt'"),
        ({"rsl": {"permit": ["ai-train"]}}, "rsl has no 'permit'"),
        ({"rsl": []}, ""),
        ({"rsl": None}, ""),
        ({"pool": []}, ""),
        ({"pool": "good"}, ""),
        ({"pool": {"faults": "stale"}}, "pool.faults is an array of texts"),
        ({"pool": {"faults": ["stole"]}}, "there is no"),
        ({"pool": {"agrement": True}}, "pool has no 'agrement'"),
        ({"pool": {"agreement": "no"}}, "pool.agreement is true or false"),
        ({"rsl": {"prohibits": "ai-train"}}, "rsl.prohibits is an array of texts"),
        ({"rsl": {"prohibits": ["ai-trian"]}}, "no usage 'ai-trian'"),
        ({"rsl": {"acquired": "no"}}, "rsl.acquired is true or false"),
        ({"rsl": ["all"]}, "rsl is an object"),
        ({"own_ev": "no"}, "own_ev is true or false"),
        ({"source_known": "no"}, "source_known is true or false"),
        ({"page_licences": "cc-by-nc-4.0"}, "page_licences is an array of texts"),
        ({"unknown_values": "consent"}, "unknown_values is an array of texts"),
        ({"jur": []}, "at least 1"),
        ({"jur": ["FR"]}, "'CN', 'EU'"),
        ({"pd_in": ["FR"]}, "'CN', 'EU'"),
        ({"author_died": "1900"}, "integer"),
        ({"published": 900}, "1000"),
        ({"general": "no"}, "true or false"),
        ({"robots_now": "perhaps"}, "perhaps"),
        ({"pool": {"faults": ["ugly"]}}, "no 'ugly'"),
        ({"work_status": "pd"}, "public_domain_in"),
        ({"market": "small"}, "possible"),
        ({"rsl": "ai-train"}, ""),
    ],
)
def test_inputs_that_make_no_sense_are_named_with_their_case(tmp_path, template, inputs, words):
    (case,) = written(tmp_path, [{"id": "seven", "inputs": inputs, "admission": "ADMIT"}])
    with pytest.raises(InputError) as caught:
        try_case(case, template)
    assert "case seven" in str(caught.value)
    assert words in str(caught.value)
