"""The requirements as values: thresholds, reasons for what is not applied, and refusals."""

from fractions import Fraction

import pytest
from tests.quality.good_set import AS_OF, COLUMNS, policy_with

from rightful.card.lint import overclaims
from rightful.errors import PolicyError
from rightful.policy.policy_file import parse_policy, policy_template
from rightful.quality.expectations import percent, rest
from rightful.quality.requirements import requirements_for
from rightful.screening.columns import Columns


def by_code(policy, columns=COLUMNS, as_of=AS_OF):
    return {requirement.code: requirement for requirement in requirements_for(policy, columns, as_of=as_of)}


def test_the_order_is_always_the_same_and_so_are_the_values():
    assert requirements_for(policy_with(), COLUMNS, as_of=AS_OF) == requirements_for(
        policy_with(), COLUMNS, as_of=AS_OF
    )
    bare = requirements_for(parse_policy(policy_template()), Columns())
    assert [requirement.code for requirement in bare] == list(by_code(policy_with()))


def test_what_cannot_be_applied_says_why():
    why = {code: found.not_applied for code, found in by_code(parse_policy(policy_template()), Columns(), None).items()}
    assert {code for code, reason in why.items() if not reason} == {
        "title-basis", "title-route", "authorisation-admitted", "authorisation-tier", "authorisation-reasons",
        "authorisation-situation", "source-declared", "records-present", "complete-label",
    }  # fmt: skip
    assert why["text-or-url"] == "the records have no column for: text, url"
    everything = by_code(parse_policy(policy_template()), COLUMNS, None)
    assert everything["language"].not_applied == "the policy names no languages"
    assert everything["recent"].not_applied == "the policy sets no limit of age"
    assert everything["fetched-before"].not_applied == "no reference time was given"


def test_what_is_about_rights_is_critical_and_what_is_about_text_is_not():
    severities = {code: found.severity for code, found in by_code(policy_with()).items()}
    for code, severity in severities.items():
        about_rights = code.startswith(("authorisation-", "title-basis", "title-route", "source-", "complete-label"))
        assert severity == ("critical" if about_rights or code == "records-present" else "warning"), code


def test_a_requirement_that_is_skipped_is_listed_as_not_applied():
    assert by_code(policy_with(skip=("garbled-text",)))["garbled-text"].not_applied == "the policy skips it"


def test_a_skip_that_means_nothing_or_too_much_is_refused():
    with pytest.raises(PolicyError, match="no requirement 'garbled-txt'") as unknown:
        by_code(policy_with(skip=("garbled-txt",)))
    assert "did you mean 'garbled-text'?" in unknown.value.hint
    with pytest.raises(PolicyError, match="'authorisation-admitted' is critical and cannot be skipped"):
        by_code(policy_with(skip=("authorisation-admitted",)))


def test_statements_state_the_threshold_and_claim_no_more_than_was_tested():
    stated = by_code(policy_with(max_duplicate_share=0.125, max_null_url_share=0.0, min_known_site_share=0.999))
    assert stated["duplicate-text"].statement.startswith("At most 12.5% of the records ")
    assert stated["complete-url"].statement == "No records lack a URL."
    assert stated["title-site"].statement == "The site is known of at least 99.9% of the records."
    assert stated["language"].statement.endswith("another language than en, fr.")
    assert stated["recent"].statement.endswith("more than 30 days before 2026-08-01T12:00:00Z.")
    for requirement in stated.values():
        assert overclaims(requirement.statement) == []
        assert requirement.statement.endswith(".")


def test_shares_are_compared_as_they_are_written():
    for thousandths in range(1001):
        share = thousandths / 1000
        # Great Expectations compares (rows - broken) / rows, as floats, with what `rest` gives.
        assert (1000 - thousandths) / 1000 >= rest(share)
        assert thousandths == 1000 or not (1000 - thousandths - 1) / 1000 >= rest(share)
        assert Fraction(percent(share)[:-1]) == Fraction(thousandths, 10)
