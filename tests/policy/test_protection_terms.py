"""The calculator of terms: legal.md's examples, the last day of the last year, and that unknown stays protected."""

import re
import tomllib
from datetime import date
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.policy.profiles import CONFIDENCE
from rightful.policy.protection_terms import WORKS, Dates, public_domain_in, status_in, term_rules, term_version

EVERYWHERE = ("CN", "EU", "JP", "UK", "US")
years = st.none() | st.integers(1, 2100)
dates = st.builds(Dates, died=years, published=years, works=st.sampled_from(WORKS))
places = st.sampled_from(EVERYWHERE)


@pytest.mark.parametrize(
    ("number", "work", "free_in"),
    [
        ("10, 11: died 1961, published 1952", Dates(1961, 1952), ("CN",)),
        ("12: an original of 1890, its translator alive", Dates(None, 2001), ()),
        ("12: of an author who died in 1900", Dates(1900, 1890), EVERYWHERE),
        ("13: author unknown, no dates", Dates(), ()),
        ("63: Rembrandt", Dates(1669, 1642), EVERYWHERE),
        ("69: a federal report", Dates(None, 2020, "government"), ("US",)),
        ("anonymous, 1925", Dates(None, 1925, "anonymous"), EVERYWHERE),
        ("anonymous, 1931", Dates(None, 1931, "anonymous"), ("CN", "EU", "JP", "UK")),
        ("corporate, 1960", Dates(None, 1960, "corporate"), ("CN",)),
    ],
)
def test_worked_examples(number, work, free_in):
    """67 and 68, what is an official document, is no arithmetic: somebody says so, with evidence."""
    assert public_domain_in(EVERYWHERE, work, 2026) == free_in


@pytest.mark.parametrize(
    ("place", "work", "last"),
    [
        ("CN", Dates(died=1961), 2011),
        ("EU", Dates(died=1961), 2031),
        ("UK", Dates(died=1961), 2031),
        ("JP", Dates(died=1961), 2031),
        ("CN", Dates(published=1980, works="corporate"), 2030),
        ("EU", Dates(published=1980, works="corporate"), 2050),
        ("CN", Dates(published=1980, works="anonymous"), 2030),
        ("US", Dates(1961, 1952), 2047),
        ("US", Dates(1961, 1930), 2025),
        ("US", Dates(1961, 1977), 2072),
        ("US", Dates(1961, 1978), 2047),
        ("US", Dates(1961, 2002), 2047),
        ("US", Dates(1976, 1978), 2047),
        ("US", Dates(1977, 1978), 2047),
        ("US", Dates(1978, 1978), 2048),
        ("US", Dates(1990, 1985), 2060),
        ("US", Dates(1961, 2003), 2031),
        ("US", Dates(published=1980, works="corporate"), 2075),
    ],
)
def test_a_term_runs_to_the_end_of_its_last_year(place, work, last):
    """A work is free from the first of January on, not from the day on which its author died."""
    now, after = status_in(place, work, last), status_in(place, work, last + 1)
    assert (now.status, now.last_year) == ("protected", last)
    assert (after.status, after.last_year) == ("pd", last)
    assert f"until the end of {last}" in now.reason
    assert now.rule.source in now.reason
    start = work.died if now.rule.since == "death" else work.published
    assert f"{start} + {now.rule.years}" in now.reason
    assert max(start + now.rule.years, now.rule.not_before) == last


def test_works_of_the_government_are_free_in_the_united_states_alone():
    report = Dates(published=2026, works="government")
    assert status_in("US", report, 2026).status == "pd"
    assert "never protected" in status_in("US", report, 2026).reason
    for place in set(EVERYWHERE) - {"US"}:
        assert status_in(place, report, 2500).status == "unknown"


@given(places, dates, st.integers(1, 2300), st.integers(0, 300))
def test_what_is_free_stays_free_and_what_is_unknown_does_not_become_known_by_waiting(place, work, year, later):
    now, then = status_in(place, work, year), status_in(place, work, year + later)
    if now.status == "pd":
        assert then.status == "pd"
    assert (now.status == "unknown") == (then.status == "unknown")


@given(places, dates, st.integers(1, 2300), st.integers(1, 200))
def test_who_lived_longer_is_not_free_earlier(place, work, year, more):
    """Later dates of the same kind of work, known alike, never shorten a term.

    Not known alike is what was first published after the term of who died earlier, and before that of who died later.
    """
    later = Dates(work.died and work.died + more, work.published, work.works)
    status = status_in(place, work, year).status
    if status_in(place, later, year).status == "pd" and not (status == "unknown" and _left_unpublished(work)):
        assert status == "pd"


def _left_unpublished(work):
    return work.died is not None and work.published is not None and work.published > work.died + 50


@pytest.mark.parametrize("place", EVERYWHERE)
def test_of_what_was_first_published_after_the_term_of_its_author_nothing_is_known(place):
    years = 50 if place == "CN" else 70
    assert status_in(place, Dates(1850, 2010), 2200).status == "unknown"
    assert status_in(place, Dates(2000, 2000 + years), 2200).status == "pd"
    assert status_in(place, Dates(2000, 2001 + years), 2200).status == "unknown"


@given(st.integers(1000, 2100), st.integers(1978, 2002), st.integers(1, 2047))
def test_what_was_published_in_the_united_states_before_2003_is_free_there_after_2047_at_the_earliest(
    died, published, year
):
    assert status_in("US", Dates(died, published), year).status != "pd"


def test_the_table_says_its_version():
    table = resources.files("rightful.policy").joinpath("terms.toml").read_text(encoding="utf-8")
    assert term_version() == tomllib.loads(table)["version"] == "2026-11-2"


@given(places, dates, st.integers(1, 2300))
def test_a_date_that_is_missing_frees_nothing(place, work, year):
    """Law 4: with less known of a work it is not free where it was protected."""
    if status_in(place, work, year).status == "protected":
        for less in (Dates(None, work.published, work.works), Dates(work.died, None, work.works)):
            assert status_in(place, less, year).status != "pd"


@given(dates, st.integers(1, 2300))
def test_public_domain_is_where_the_status_says_so(work, year):
    found = public_domain_in(EVERYWHERE, work, year)
    assert list(found) == [place for place in EVERYWHERE if status_in(place, work, year).status == "pd"]


def test_a_jurisdiction_without_a_rule_protects_everything():
    assert status_in("XX", Dates(1600, 1600), 2026).status == "unknown"
    assert public_domain_in(("XX", "CN"), Dates(1600, 1600), 2026) == ("CN",)


def test_without_dates_nothing_is_free_anywhere():
    for works in WORKS:
        assert public_domain_in(EVERYWHERE, Dates(works=works), 9999) == ()


@pytest.mark.parametrize("rule", term_rules(), ids=lambda r: f"{r.jurisdiction}-{r.works}-{r.since}")
def test_every_row_says_what_it_rests_on(rule):
    assert rule.source
    assert date.fromisoformat(rule.date)
    assert rule.confidence in CONFIDENCE
    assert rule.works in WORKS
    assert rule.since in {"death", "publication"}
    assert re.fullmatch(r"[A-Z]{2}", rule.jurisdiction)
    assert 0 <= rule.years <= 95


def test_every_jurisdiction_has_rules_for_works_of_authors():
    assert {rule.jurisdiction for rule in term_rules() if rule.works == "author"} == set(EVERYWHERE)
