"""`rightful policy test` and `rightful policy compare`, as people type them."""

import json
import re
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rightful.cli import app
from rightful.cli.cases import OTHER_WORDS, TEST_HELP
from rightful.errors import InputError, PolicyError
from rightful.policy.case_words import CONTRACT, SCENARIO, SOURCE, known_words
from rightful.runner.run import screen_files
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import add_captures

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
POLICY = """
profile = "seed"
[scenario]
market_effect = "low"
[[sources]]
name = "web"
route = "crawled"
"""
GOOD = {"id": "free", "inputs": {}, "admission": "ADMIT", "tier": "EXEMPT_GENERAL", "code": "GENERAL"}
BAD = {"id": "[red]hopeful\x1b", "inputs": {"robots_now": "disallow"}, "admission": "ADMIT", "tier": "FREE_PD"}


def quick(*words, code=0, width=200):
    """Run a command in this process; errors of ours come through as they are."""
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def policy(tmp_path):
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    return tmp_path / "policy.toml"


@pytest.fixture
def cases(tmp_path):
    def write(*rows):
        (tmp_path / "cases.json").write_text(json.dumps(rows), encoding="utf-8")
        return tmp_path / "cases.json"

    return write


def test_cases_that_pass_are_counted(policy, cases):
    seen = quick("policy", "test", policy, cases(GOOD))
    assert re.search(r"free +admit, EXEMPT_GENERAL, GENERAL +admit, EXEMPT_GENERAL, GENERAL +passed", seen)
    assert "1 of 1 cases pass" in seen


def test_a_case_that_fails_says_in_what_and_ends_with_1(policy, cases):
    seen = quick("policy", "test", policy, cases(GOOD, BAD), code=1)
    assert "admission exclude, not admit; tier None, not FREE_PD" in seen
    assert "1 of 2 cases pass, 1 fails" in seen
    assert "[red]hopeful\\x1b" in seen
    assert "\x1b" not in seen


def test_only_failures_are_shown_where_asked(policy, cases):
    seen = quick("policy", "test", policy, cases(GOOD, BAD), "--failures", code=1)
    assert "GENERAL" not in seen
    assert "1 of 2 cases pass, 1 fails" in seen


def test_what_programs_read_holds_decision_and_differences(policy, cases):
    seen = json.loads(quick("policy", "test", policy, cases(GOOD, BAD), "--json", code=1))
    assert (seen["cases"], seen["passed"], seen["failed"]) == (2, 1, 1)
    assert seen["policy"].startswith("sha256:")
    good, bad = seen["results"]
    assert good["decided"]["tier"] == good["expected"]["tier"] == "EXEMPT_GENERAL"
    assert (good["passed"], good["differences"]) == (True, [])
    assert (bad["passed"], bad["decided"]["admission"]) == (False, "exclude")
    assert bad["differences"]
    seen = json.loads(quick("policy", "test", policy, cases(GOOD, BAD), "--json", "--failures", code=1))
    assert [each["passed"] for each in seen["results"]] == [False]


def test_the_policy_decides_and_not_the_cases(policy, cases):
    policy.write_text(POLICY.replace("seed", "cn_strict"), encoding="utf-8")
    assert "NO_PRC_EXCEPTION" in quick("policy", "test", policy, cases(GOOD), code=1)


def test_the_example_of_the_help_is_true(policy, tmp_path):
    example = TEST_HELP.partition("\b\n")[2].partition("\n\nFields")[0]
    (tmp_path / "cases.json").write_text(example, encoding="utf-8")
    assert "3 of 3 cases pass" in quick("policy", "test", policy, tmp_path / "cases.json")
    seen = quick("policy", "test", "--help")
    assert '"id": "licensed"' in seen
    assert "--words" in seen


def test_every_word_is_listed_with_what_it_may_be():
    assert set(OTHER_WORDS) == known_words() - set(SCENARIO) - set(SOURCE)
    seen = quick("policy", "test", "--words")
    rows = {line.split(None, 1)[0]: line.split(None, 1)[1:] for line in seen.splitlines() if line.strip()}
    for word in (*known_words(), *CONTRACT):
        assert rows[word][0].strip(), word
    assert "none, low, possible, high, unknown" in seen
    assert "granted, forbidden, silent" in seen


@pytest.mark.parametrize(
    ("written", "told"),
    [("{", "no cases can be read"), ("[]", "holds no cases"), ('[{"id": "x", "admission": "YES"}]', "case 1")],
)
def test_cases_that_make_no_sense_name_file_and_case(policy, tmp_path, written, told):
    (tmp_path / "odd.json").write_text(written, encoding="utf-8")
    with pytest.raises(InputError, match=told) as refused:
        quick("policy", "test", policy, tmp_path / "odd.json")
    assert "odd.json" in refused.value.message


def test_a_missing_argument_ends_with_2(policy):
    assert "Missing argument" in quick("policy", "test", policy, code=2)


@pytest.fixture
def run(policy, tmp_path):
    origins = {"https://open.example": b"", "https://shut.example": b"User-agent: *\nDisallow: /\n"}
    snapshot = add_captures(
        tmp_path / "signals",
        [Capture(o, NOON, Outcome.AVAILABLE, Kind.ROBOTS, status=200, body=body) for o, body in origins.items()],
    )
    urls = [*(f"https://open.example/{n}" for n in range(3)), "https://shut.example/"]
    pq.write_table(pa.table({"id": urls, "url": urls, "text": urls}), tmp_path / "r.parquet")
    screen_files(policy, tmp_path / "r.parquet", snapshot=snapshot, out=tmp_path / "out", mode="ledger")
    return tmp_path / "out"


def test_a_comparison_shows_totals_transitions_reasons_and_tiers(run):
    seen = quick("policy", "compare", "run", "cn_strict", "--on", run)
    assert re.search(r"admitted +3 +0 +-3", seen)
    assert re.search(r"held +0 +3 +\+3", seen)
    assert re.search(r"excluded +1 +1\s*\n", seen)
    assert re.search(r"admit EXEMPT_GENERAL +hold +3", seen)
    assert re.search(r"NO_PRC_EXCEPTION +0 +3 +\+3", seen)
    assert re.search(r"EXEMPT_GENERAL +3 +0 +-3", seen)
    assert "1 of 4 records keep decision and tier" in seen


def test_a_comparison_for_programs(run):
    seen = json.loads(quick("policy", "compare", "run", "cn_strict", "--on", run, "--json"))
    assert seen["records"] == 4
    assert seen["a"]["by_admission"] == {"admit": 3, "exclude": 1}
    assert seen["b"]["with_reason"] == {"NO_PRC_EXCEPTION": 3, "ROBOTS_NOW:wildcard": 1}
    assert seen["transitions"] == [
        {
            "from": {"admission": "admit", "tier": "EXEMPT_GENERAL"},
            "to": {"admission": "hold", "tier": ""},
            "records": 3,
        }
    ]
    assert seen["unchanged"] == 1


def test_a_comparison_names_what_changes_nothing(run, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(f'{POLICY}[card]\ntitle = "x"\n', encoding="utf-8")
    seen = quick("policy", "compare", "run", other, "--on", run)
    assert "4 of 4 records keep decision and tier" in seen
    assert "change no decision: card" in seen


def test_a_comparison_that_needs_a_new_run_says_so(run, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(f'{POLICY}[crawler]\ntokens = ["OurBot"]\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"\[crawler\]") as refused:
        quick("policy", "compare", "run", other, "--on", run)
    assert "make a run under that policy" in refused.value.hint


def test_a_comparison_with_nothing_known_names_what_there_is(run):
    with pytest.raises(PolicyError, match="no policy file, and no profile"):
        quick("policy", "compare", "run", "nowhere.toml", "--on", run)


def test_the_help_of_a_comparison_says_what_it_cannot_see():
    seen = quick("policy", "compare", "--help")
    assert "cn_strict" in seen
    assert "needs a new run" in " ".join(seen.split())
