"""Facts of rights from columns, sources, the register and the snapshot: which counts, and where it came from."""

from dataclasses import replace

import pyarrow as pa
import pytest
from tests.screening.rights_cases import (
    ALLOWS,
    CONTRACT,
    CRAWLED,
    DENIES,
    HOST,
    SCENARIO,
    UNEVIDENCED,
    Case,
    at,
    optout,
    robots,
)

from rightful.facts.situation import Situation
from rightful.facts.statement import Preference, Statement, Usage, summary
from rightful.policy.deciding import decide
from rightful.policy.policy_file import parse_policy
from rightful.policy.source_facts import CLOSED
from rightful.signals.locations import TDMREP
from rightful.snapshot.model import Capture, classify


@pytest.mark.parametrize("role", sorted(CLOSED))
def test_a_value_outside_its_closed_list_holds_and_is_told(tmp_path, role):
    policy = f'{SCENARIO}{CRAWLED}[columns]\n{role} = "column"\n'
    examined = Case(tmp_path, policy).examine(column="a value nobody knows")
    assert examined.decided[0][0].reasons[0] == f"UNKNOWN_VALUE:{role}"
    assert examined.observation.unknown == {(role, "a value nobody knows"): 1}


@pytest.mark.parametrize(
    ("role", "value", "reason"),
    [
        ("unlawful", "tpm", "TPM"),
        ("unlawful", "ILLEGAL", "ILLEGAL"),
        ("tos", "reserved", "RESERVED_TOS"),
        ("sensitive_pi", "present", "SENSITIVE_PI"),
        ("consent", "second_withdrawn", "WITHDRAWN"),
        ("licence_request", "refused", "CONTRACT_FORBIDS:refused"),
        ("generator_tos", "forbids", "CONTRACT_FORBIDS:generator"),
        ("contract", "no such contract", "UNKNOWN_VALUE:contract"),
        ("author_died", "long ago", "UNKNOWN_VALUE:author_died"),
        ("works", "a ghost", "UNKNOWN_VALUE:works"),
    ],
)
def test_what_a_column_restricts_counts_without_evidence(tmp_path, role, value, reason):
    case = Case(tmp_path, f'{SCENARIO}{UNEVIDENCED}[columns]\n{role} = "column"\n')
    assert case.decision(column=value).reasons == (reason,)
    assert case.decision(column=None).reasons == ("GENERAL",)


@pytest.mark.parametrize(
    ("role", "value", "reason"),
    [
        ("work_status", "official", "PD:official"),
        ("public_domain_in", "CN, EU;US", "PD"),
        ("author_died", 1850, "PD"),
        ("author_died", "1850-02-03", "PD"),
        ("author_died", 1850.0, "PD"),
    ],
)
def test_what_a_column_permits_counts_only_with_evidence(tmp_path, role, value, reason):
    mapped = f'[columns]\n{role} = "column"\n'
    died = {"publication_year": 1840} if role == "author_died" else {}
    evidenced = Case(tmp_path / "evidenced", SCENARIO + CRAWLED + mapped)
    assert evidenced.decision(column=value, **died).reasons == (reason,)
    bare = Case(tmp_path / "bare", SCENARIO + UNEVIDENCED + mapped)
    assert bare.decision(column=value, **died).reasons == ("GENERAL",)


def test_each_fact_says_what_filled_it(tmp_path):
    source = CRAWLED + 'licence = "cc-by-4.0"\nlicence_evidence = "text"\ntos = "silent"\nauthor_died = 1850\n'
    situation = Case(tmp_path, SCENARIO + source).situation(license="CC-BY-4.0", sensitive_pi="none")
    assert situation.filled_by == (
        "licence:column",
        "licence_evidence:source",
        "public_domain_in:computed",
        "sensitive_pi:column",
        "tos:source",
    )


def test_a_source_evidences_the_licence_it_names_and_no_other(tmp_path):
    source = CRAWLED + 'licence = "cc-by-4.0"\nlicence_evidence = "text"\n'
    case = Case(tmp_path, SCENARIO + source)
    assert case.decision(license="CC BY 4.0").reasons == ("LIC:cc-by-4.0",)
    assert case.decision(license="cc0-1.0").reasons == ("GENERAL",)
    assert case.decision(license=None).reasons == ("LIC:cc-by-4.0",)
    assert case.decision(license="cc0-1.0", licence_evidence="text").reasons == ("LIC:cc0-1.0",)


def test_a_site_on_the_list_is_excluded_wherever_redirects_led(tmp_path):
    gates = '[gates]\ninfringing_sites = ["pirate.example"]\n'
    captures = [robots(), robots(host="https://books.pirate.example")]
    case = Case(tmp_path, SCENARIO + CRAWLED + gates, captures)
    assert case.decision().reasons == ("GENERAL",)
    assert case.decision(final_url="https://books.pirate.example/1").reasons == ("UNLAWFUL_SOURCE",)
    assert case.situation(url="https://books.pirate.example/1").filled_by == ("unlawful:policy",)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([at(2026, 3)], ("PAID", "LICENCE_OVERRIDES")),
        ([at(2026, 5, 31)], ("PAID", "LICENCE_OVERRIDES")),
        ([at(2026, 6)], ("OPTOUT_VS_CONTRACT:url",)),
        ([at(2026, 7)], ("OPTOUT_VS_CONTRACT:url",)),
        ([None], ("OPTOUT_VS_CONTRACT:url",)),
        ([at(2026, 3), at(2026, 7)], ("OPTOUT_VS_CONTRACT:url",)),  # two people name one page
        ([at(2026, 7), at(2026, 3)], ("OPTOUT_VS_CONTRACT:url",)),
    ],
)
def test_a_grant_takes_the_place_of_opt_outs_that_are_older(tmp_path, asked, expected):
    optouts = [optout(when, reference=f"r{number}") for number, when in enumerate(asked)]
    case = Case(tmp_path, SCENARIO + CRAWLED + CONTRACT, optouts=optouts)
    assert case.decision(contract_name="press").reasons == expected
    assert case.decision(contract_name=None).reasons == ("OPTOUT:url",)


@pytest.mark.parametrize(
    ("history", "fetched", "expected"),
    [
        # It was in force when the record was fetched, and is no newer than that.
        ([(DENIES, at(2025)), (DENIES, at(2026, 11))], at(2026, 2), ("PAID", "LICENCE_OVERRIDES")),
        ([(DENIES, at(2025)), (DENIES, at(2026, 11))], at(2026, 7), ("ROBOTS_FETCH:wildcard", "ROBOTS_NOW:wildcard")),
        # It appeared since, and may be as new as the newest capture.
        ([(ALLOWS, at(2025)), (DENIES, at(2026, 11))], at(2026, 2), ("ROBOTS_NOW:wildcard",)),
        ([(DENIES, at(2025)), (ALLOWS, at(2026, 11))], at(2026, 2), ("PAID", "LICENCE_OVERRIDES")),
    ],
)
def test_a_grant_takes_the_place_of_reservations_that_are_older(tmp_path, history, fetched, expected):
    captures = [robots(body, when) for body, when in history]
    case = Case(tmp_path, SCENARIO + CRAWLED + CONTRACT, captures)
    assert case.decision(contract_name="press", fetched_at=fetched).reasons == expected


def test_a_reservation_that_appeared_beside_an_older_one_is_as_new_as_the_newest_capture(tmp_path):
    body = b'[{"location": "/", "tdm-reservation": 1}]'
    outcome, kind = classify(200, None, body, TDMREP)
    added = Capture(HOST, at(2026, 11), outcome, kind, signal=TDMREP, status=200, body=body)
    case = Case(tmp_path, SCENARIO + CRAWLED + CONTRACT, [robots(DENIES, at(2025)), added])
    situation = case.situation(contract_name="press", fetched_at=at(2026, 2))
    assert situation.restricted_at == "2026-11-01"
    assert case.decision(contract_name="press", fetched_at=at(2026, 2)).admission.word == "exclude"


def test_what_a_source_s_contract_forbids_no_contract_of_a_record_permits(tmp_path):
    forbids = CRAWLED + 'contract = { training = "forbidden" }\n'
    case = Case(tmp_path, SCENARIO + forbids + CONTRACT)
    assert case.decision(contract_name="press").reasons == ("CONTRACT_FORBIDS",)
    assert case.decision(contract_name=None).reasons == ("CONTRACT_FORBIDS",)


def test_an_offer_does_not_hide_a_document_that_cannot_be_read():
    offer = Statement("rsl", Usage.TRAIN, Preference.CONDITIONAL, conditions=("payment:training",))
    unread = Statement("rsl", Usage.ACQUIRE, Preference.ERROR)
    said = summary([offer, unread], Usage)
    assert said == ("rsl=conditional:payment:training", "rsl=error")
    policy = parse_policy(SCENARIO + CRAWLED + 'acquired = ["payment:training"]\n')
    paid = Situation("web", robots_fetch="allow", robots_build="allow", acquired=("payment:training",))
    assert decide(replace(paid, stated_build=said[:1]), policy).reasons == ("PAID:rsl",)
    assert decide(replace(paid, stated_build=said), policy).reasons == ("UNREADABLE:rsl",)


@pytest.mark.parametrize("lacking", ["paid = true", "same_holder = true", 'chain = "direct"', 'starts = "2026-06-01"'])
def test_a_grant_that_lacks_anything_overrides_nothing(tmp_path, lacking):
    case = Case(tmp_path, SCENARIO + CRAWLED + CONTRACT.replace(lacking, ""), optouts=[optout(at(2026, 3))])
    assert "LICENCE_OVERRIDES" not in case.decision(contract_name="press").reasons
    assert case.decision(contract_name="press").admission.word != "admit"


@pytest.mark.parametrize(
    ("fetched", "asked", "expected"),
    [
        (at(2026, 1), at(2026, 3), "CC_IRREVOCABLE_VS_OPTOUT:url"),
        (at(2026, 4), at(2026, 3), "OPTOUT:url"),
        (None, at(2026, 3), "OPTOUT:url"),
        (at(2026, 1), None, "OPTOUT:url"),
    ],
)
def test_a_licence_that_cannot_be_withdrawn_and_was_there_first_is_for_counsel(tmp_path, fetched, asked, expected):
    source = CRAWLED + 'licence = "cc-by-4.0"\nlicence_evidence = "text"\n'
    case = Case(tmp_path, SCENARIO + source, [robots(when=at(2025))], [optout(asked)])
    columns = {"fetched_at": pa.scalar(fetched, pa.timestamp("s", tz="UTC"))}
    assert case.decision(**columns).reasons == (expected,)


def test_the_data_of_a_holder_with_a_large_share_is_specific(tmp_path):
    case = Case(tmp_path, SCENARIO + CRAWLED, holders=frozenset({"big press"}))
    assert case.decision(rights_holder=" Big  PRESS ").reasons == ("ASSESS",)
    assert case.decision(rights_holder="Small Press").reasons == ("GENERAL",)
    paid = Case(tmp_path / "paid", SCENARIO.replace("low", "possible") + CRAWLED, holders=frozenset({"big press"}))
    assert paid.decision(rights_holder="Big Press").reasons == ("SCENARIO_MARKET",)


def test_rows_of_one_batch_get_the_dates_of_their_own(tmp_path):
    case = Case(tmp_path, SCENARIO + CRAWLED + CONTRACT, optouts=[optout(at(2026, 3))])
    rows = {"url": [f"{HOST}/1", f"{HOST}/2", f"{HOST}/1"], "contract_name": ["press", "press", None]}
    examined = case.screener.examine(pa.RecordBatch.from_pydict({**rows, "text": ["a", "b", "c"]}))
    reasons = [examined.decided[number][0].reasons for number in examined.observation.situation.tolist()]
    assert reasons == [("PAID", "LICENCE_OVERRIDES"), ("PAID",), ("OPTOUT:url",)]
    assert {s.restricted_at for s in examined.observation.situations} == {"2026-03-01", ""}
