"""The card on rights and tiers: every number counts again, what was declared says so, and no law is made certain."""

import json
import re

import pyarrow.parquet as pq
import pytest
from tests.card.test_card import counts_shown, numbers_in
from tests.remunerated import DOCUMENTS, POLICY, write_world
from tests.runner.test_accruals import RATES

from rightful.audit.verify import verify_run
from rightful.card.lint import overclaims
from rightful.card.provenance_facts import route_risks
from rightful.card.rights_facts import CONFIDENCE_ZH
from rightful.card.tier_facts import TIERS_ZH
from rightful.facts.decision import Tier
from rightful.facts.rights import Route
from rightful.policy.profiles import CONFIDENCE, NAMES, profile
from rightful.runner.stages import run_files


def made(folder, policy=POLICY):
    run_files(**write_world(folder, policy), out=folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("card"), POLICY + RATES)


@pytest.fixture(scope="module")
def facts(run):
    return json.loads((run / "card.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def readme(run):
    return (run / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def situations(run):
    return pq.read_table(run / "rightful/situations.parquet").to_pylist()


def records_of(rows, **wanted):
    return sum(row["records"] for row in rows if all(row[name] == value for name, value in wanted.items()))


def section(readme, title):
    return readme.split(f"### {title}")[1].split("\n##")[0]


def test_the_whole_run_verifies_with_its_card(run):
    assert verify_run(run, everything=True).findings == ()


def test_every_number_shown_is_in_card_json(facts, readme):
    assert counts_shown(readme) <= numbers_in(facts)


def test_it_claims_nothing_forbidden(run):
    for name in ("README.md", "LICENSE.md", "card.json"):
        assert overclaims((run / name).read_text(encoding="utf-8")) == []


def test_tiers_add_up_in_records_characters_and_tokens(facts, situations):
    admitted = [row for row in situations if row["admission"] == "admit"]
    for unit in ("records", "characters", "tokens"):
        assert sum(row[unit] for row in facts["tiers"]) == sum(row[unit] for row in admitted)


def test_every_matrix_adds_up_to_the_records(facts, situations):
    for admission in ("admit", "hold", "exclude"):
        total = records_of(situations, admission=admission)
        assert sum(row[admission] for row in facts["provenance"]["routes"]) == total
        assert sum(row[admission] for row in facts["rights"]["licences"]) == total
        assert sum(row[admission] for row in facts["specific_data"]["by"]) == total
        for row in facts["rights"]["work_status"]["jurisdictions"]:
            assert row["public_domain"][admission] + row["protected_or_unknown"][admission] == total
    for row in facts["rights"]["licences"]:
        assert sum(row["evidence"].values()) == row["admit"]


def test_work_status_is_counted_by_jurisdiction_with_who_said_so(facts, readme):
    status = facts["rights"]["work_status"]
    counted = {row["jurisdiction"]: row["public_domain"]["admit"] for row in status["jurisdictions"]}
    assert counted == {"CN": 4, "EU": 4, "US": 4}
    assert status["by"] == {"computed": 4}
    arithmetic = {row["jurisdiction"]: row["reason"] for row in status["dates_of_sources"]}
    assert "death 1900 + 50" in arithmetic["CN"]
    assert "publication 1890 + 95" in arithmetic["US"]
    assert "2026-11-01" in section(readme, "Work status")


def test_terms_that_nobody_read_in_the_statutes_are_never_told_as_law(facts, readme):
    status = facts["rights"]["work_status"]
    unread = [rule for rule in status["rules"] if rule["confidence"] != "V"]
    assert len(unread) == status["rules_not_read"] > 0
    told = section(readme, "Work status")
    assert "not checked against the statutes" in told
    assert "不是确定的法律结论" in told
    assert told.count(CONFIDENCE["M"]) == len(unread) + len(status["dates_of_sources"])
    assert "N10" in {claim["id"] for claim in facts["claims"]}
    assert "a table that was not checked" in readme.split("## 8.")[1].split("## 9.")[0]


def test_where_no_term_was_counted_no_table_of_terms_is_shown(tmp_path):
    declared = 'public_domain_in = ["CN", "EU", "US"]'
    out = made(tmp_path, POLICY.replace("author_died = 1900\npublished = 1890", declared))
    facts = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert facts["rights"]["work_status"]["by"] == {"source": 4}
    assert not {"N10", "C10"} & {claim["id"] for claim in facts["claims"]}
    assert "checked against the statutes" not in (out / "README.md").read_text(encoding="utf-8")


def test_every_route_used_has_a_row_of_risk_control_and_what_was_not_looked_at(facts, readme):
    used = {row["route"] for row in facts["provenance"]["routes"]}
    assert used == {"self.user", "purchased", "crawled", "open_dataset", "pool"}
    for row in facts["provenance"]["routes"]:
        assert row["risk"] in readme
        assert row["control"] in readme
        assert row["residual"] in readme
    stopped = {row["route"]: row["reasons"] for row in facts["provenance"]["routes"]}
    assert stopped["purchased"] == [{"reason": "PAYMENT_DUE", "records": 4}]
    assert stopped["crawled"] == [{"reason": "ROBOTS_NOW:wildcard", "records": 4}]


def test_risks_are_written_for_every_route_and_claim_nothing():
    assert set(route_risks()) == {route.value for route in Route}
    for risk in route_risks().values():
        assert set(risk) == {"risk", "risk_zh", "control", "residual"}
        assert all(text and not overclaims(text) for text in risk.values())
        assert re.search(r"[\u4e00-\u9fff]", risk["risk_zh"])


def test_every_tier_and_every_confidence_has_a_name_in_chinese():
    assert set(TIERS_ZH) == set(Tier)
    assert set(CONFIDENCE_ZH) == set(CONFIDENCE)


def test_accruals_are_shown_with_what_is_unpriced_and_what_waits_for_its_holder(facts, readme):
    told = section(readme, "Accruals")
    assert facts["accruals"]["rows"] == json.loads(json.dumps(facts["accruals"]["rows"]))
    statuses = {row["source"]: row["status"] for row in facts["accruals"]["rows"]}
    assert statuses["royalty"] == statuses["commons"] == "unpriced"
    assert {row["status"]: row["records"] for row in facts["accruals"]["units"]} == {
        "priced": 12, "settled": 8, "unpriced": 8,
    }  # fmt: skip
    totals = {(row["status"], row["currency"], row["escrow"]): row["amount"] for row in facts["accruals"]["amounts"]}
    assert totals[("priced", "EUR", True)] == "0.40"
    assert totals[("priced", "CNY", False)] == "0.0019500"
    assert facts["accruals"]["escrow_records"] == 4
    assert "unpriced" in told
    assert "escrow" in told
    assert "rightful/accruals.parquet" in told


def test_contracts_consents_lineage_and_documents_are_listed(facts, readme):
    contracts = {row["contract"]: row for row in facts["provenance"]["contracts"]}
    assert (contracts["agency"]["holder"], contracts["agency"]["admit"]) == ("The agency", 4)
    assert (contracts["unpaid"]["hold"], contracts["granted"]["starts"]) == (4, "2026-07-01")
    assert {"fact": "consent", "value": "second_live", "admit": 4, "hold": 0, "exclude": 0} in facts["provenance"][
        "consents"
    ]
    lineage = {row["source"]: row["made_from"] for row in facts["sources"] if row["made_from"]}
    assert lineage == {"extracts": ["web"]}
    assert all(digest in section(readme, "Documents") for digest in DOCUMENTS.values())
    assert "the documents were not read" in section(readme, "Contracts")


def test_what_a_grant_overrode_is_counted(facts, readme):
    assert facts["rights"]["overridden"] == 4
    assert "LICENCE_OVERRIDES" in section(readme, "Licences")


def test_who_stated_a_fact_is_counted(facts, situations):
    counted = {(row["fact"], row["origin"]): row["records"] for row in facts["rights"]["filled_by"]}
    assert counted["public_domain_in", "computed"] == 4
    assert counted["holder", "source"] == 4
    for (fact, origin), records in counted.items():
        assert records == sum(row["records"] for row in situations if f"{fact}:{origin}" in row["filled_by"])


def test_the_scenario_is_shown_as_declared_with_its_four_factors(readme):
    told = readme.split("## 3.")[1].split("## 4.")[0]
    assert "it was not checked" in told
    assert "to answer questions of one field" in told
    assert "answers do not stand in for the works" in told
    assert "A. Signatory" in told
    assert told.count("not stated 未说明") >= 2  # nature and extent, which nobody filled in


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_shown_with_what_it_rests_on_and_who_read_that(tmp_path, name):
    retention = 'signed_by = "A. Signatory"\nretention_until = "2027-12-31"'
    policy = POLICY.replace('signed_by = "A. Signatory"', retention)
    out = made(tmp_path, policy.replace('name = "remunerated"', f'name = "remunerated"\nprofile = "{name}"'))
    readme = (out / "README.md").read_text(encoding="utf-8")
    told = readme.split("### Profile")[1].split("### Specific")[0]
    for source in profile(name).sources:
        assert CONFIDENCE[source.confidence] in told
    assert profile(name).title_zh in told
    assert overclaims(readme) == []
    assert "It is not law in any jurisdiction" in readme


def test_the_file_of_attributions_is_pointed_to_where_it_has_rows(run, readme, tmp_path):
    assert "8 admitted records" in section(readme, "Attribution")
    assert "rightful/attributions.parquet" in (run / "LICENSE.md").read_text(encoding="utf-8")
    digest = made(tmp_path, POLICY + '\n[ledger]\nlocations = "digest"\n')
    assert "Their URLs are left out" in section((digest / "README.md").read_text(encoding="utf-8"), "Attribution")
    assert "Their URLs are left out" not in readme


def test_data_in_which_nobody_must_be_named_has_no_such_section(tmp_path):
    policy = POLICY.replace('licence_evidence = "text"', 'licence_evidence = "tag_only"')
    out = made(tmp_path, policy.replace("author_died = 1900\npublished = 1890\n", ""))
    readme = (out / "README.md").read_text(encoding="utf-8")
    assert "### Attribution" not in readme
    assert "attributions.parquet" not in (out / "LICENSE.md").read_text(encoding="utf-8")
