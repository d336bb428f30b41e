"""What may not be borrowed, stretched or left unsaid: rights that look as if they freed a record, and do not."""

import pytest
from tests.screening.rights_cases import ALLOWS, CONTRACT, CRAWLED, DENIES, DIGEST, HOST, SCENARIO, Case, at, robots

from rightful.errors import PolicyError
from rightful.policy.policy_file import parse_policy
from rightful.signals.locations import ROBOTS
from rightful.snapshot.model import Capture, classify


def test_shares_that_nobody_measured_exempt_nothing(tmp_path):
    case = Case(tmp_path, SCENARIO + CRAWLED, holders=None)
    assert case.situation(rights_holder="Anybody").specific_data == "unknown"
    assert case.decision(rights_holder="Anybody").reasons == ("ASSESS",)
    assert case.decision().reasons == ("GENERAL",)
    unlimited = Case(tmp_path / "no", f"{SCENARIO}{CRAWLED}[tiers]\nholder_share_limit = 0\n", holders=None)
    assert unlimited.decision(rights_holder="Anybody").reasons == ("GENERAL",)


def test_users_consent_frees_their_own_data_and_no_page_of_the_web(tmp_path):
    users = CRAWLED.replace("crawled", "self.user")
    assert Case(tmp_path, SCENARIO + users).decision(consent="second_live").reasons == ("LIC:consent",)
    assert Case(tmp_path / "web", SCENARIO + CRAWLED).decision(consent="second_live").reasons == ("GENERAL",)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (None, "NC"),
        ("none", "NC"),
        ("unknown", "NC"),
        ("cc-by-4.0", "NC"),
        (("cc-by-4.0", "text"), "LIC:cc-by-4.0"),
    ],
)
def test_what_the_source_s_licence_forbids_counts_beside_what_nobody_evidences(tmp_path, stated, reason):
    case = Case(tmp_path, f'{SCENARIO}{CRAWLED}licence = "cc-by-nc-4.0"\n')
    licence, evidence = stated if isinstance(stated, tuple) else (stated, None)
    assert case.decision(license=licence, licence_evidence=evidence).reasons == (reason,)


def test_a_contract_of_another_source_covers_no_record_of_this_one(tmp_path):
    agency = (
        f'\n[[sources]]\nname = "agency"\nroute = "purchased"\nevidence = ["{DIGEST}"]\n'
        'contract = { training = "granted", chain = "direct", paid = true, same_holder = true, starts = "2026-06" }\n'
    )
    case = Case(tmp_path, SCENARIO + CRAWLED + agency, [robots(DENIES, at(2025)), robots(DENIES)])
    borrowed = case.decision(source="web", contract_name="agency", fetched_at=at(2026, 2))
    assert "UNKNOWN_VALUE:contract" in borrowed.reasons
    assert borrowed.admission.word == "exclude"
    assert case.decision(source="agency", contract_name="agency").reasons == ("PAID",)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (b"User-agent: *\nDisallow: /\n", b"User-agent: *\nDisallow: /\nUser-agent: GPTBot\nDisallow: /\n"),
        (None, b"User-agent: GPTBot\nDisallow: /\n"),
    ],
)
def test_a_reservation_that_grew_is_new(tmp_path, then, now):
    status = 503 if then is None else 200
    earlier = Capture(HOST, at(2025), *classify(status, None, then, ROBOTS), signal=ROBOTS, status=status, body=then)
    case = Case(tmp_path, SCENARIO + CRAWLED + CONTRACT, [earlier, robots(now)])
    assert case.situation(contract_name="press", fetched_at=at(2026, 2)).restricted_at == "2026-11-01"


def test_a_contract_with_dates_needs_a_day_to_be_in_force_on(tmp_path):
    bought = CRAWLED.replace("crawled", "purchased") + (
        'contract = { training = "granted", chain = "direct", paid = true, ends = "2020-12-31" }\n'
    )
    undated = Capture(HOST, None, *classify(200, None, ALLOWS, ROBOTS), signal=ROBOTS, status=200, body=ALLOWS)
    assert Case(tmp_path, SCENARIO + bought, [undated]).decision().reasons == ("CONTRACT_NOT_YET:day",)
    assert Case(tmp_path / "dated", SCENARIO + bought).decision().reasons == ("CONTRACT_EXPIRED",)


@pytest.mark.parametrize("site", ["pirate.example", "*.Pirate.example", "books.pirate.example", "pirate.example."])
def test_a_listed_site_is_met_however_it_is_written(tmp_path, site):
    case = Case(tmp_path, f'{SCENARIO}{CRAWLED}[gates]\ninfringing_sites = ["{site}"]\n')
    assert case.decision(url="https://www.books.pirate.example/1").reasons[0] == "UNLAWFUL_SOURCE"


@pytest.mark.parametrize("site", ["https://pirate.example/", "pirate.example:443", "pirate example"])
def test_what_is_no_site_is_refused(site):
    with pytest.raises(PolicyError, match="is no host name"):
        parse_policy(f'{SCENARIO}{CRAWLED}[gates]\ninfringing_sites = ["{site}"]\n')


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('[as_of]\nbuild_date = "2025-01-01"\n', "cannot be made earlier"),
        ('[as_of]\nbuild_date = "2026-12-01"\n[scenario]\nretention_until = "2026-11"\n', "not kept that long"),
    ],
)
def test_a_day_that_cannot_be_is_refused_before_anything_is_decided(tmp_path, settings, words):
    with pytest.raises(PolicyError, match=words):
        Case(tmp_path, CRAWLED + settings).decision()
