"""The card on opt-outs: requests as the register told them, matches, the matcher test, diversity before and after."""

import json
import math
import random
import shutil
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.audit.test_verify import seal_again
from tests.card.test_card import counts_shown, numbers_in
from tests.remunerated import write_world

from rightful.audit.verify import verify_run
from rightful.card.diversity_facts import jensen_shannon
from rightful.card.facts import card_facts
from rightful.card.lint import overclaims
from rightful.card.optout_facts import optout_facts, request_facts
from rightful.card.render import duration, render_readme
from rightful.card.write import write_card
from rightful.errors import CardError
from rightful.ledger.run_directory import MANIFEST, MATCHING, RunDirectory
from rightful.policy.policy_file import parse_policy
from rightful.quality.matcher import try_matcher
from rightful.register.entries import KeyKind, OptOut, OptOutState, canonical_key
from rightful.register.export import export_register
from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.runner.run import screen_files
from rightful.runner.stages import run_files, validate_run
from rightful.withdrawal.withdraw import withdraw

POLICY = f"""
name = "asked"
[scenario]
general = true
[[sources]]
name = "books"
route = "open_dataset"
licence = "cc0-1.0"
licence_evidence = "text"
evidence = ["sha256:{"ab" * 32}"]
"""
WORDS = [f"{a}{b}{c}" for a in "bdfgkl" for b in "aeiou" for c in ("n", "rt", "sk", "")]
STATED = {
    "requests": {
        "received": 1207, "verified": 1104, "matched": 403, "removed": 302, "confirmed": 101, "rejected": 92,
        "withdrawn": 11,
    },
    "open": 17,
    "rejected_by_reason": {"duplicate": 61, "not-the-holder": 31},
    "time_to_effect_seconds": {"median": 5400.0, "p95": 259200.0, "n": 1101},
    "automatic": 998,
    "manual": 198,
    "log": {"head": "ab" * 32, "length": 3120},
    "tombstones": {"exported": 1093, "lost": 2},
    "as_of": "2026-10-31T08:00:00+00:00",
}  # fmt: skip


def text(number, words=150):
    draw = random.Random(number)
    return " ".join(draw.choice(WORDS) for _ in range(words))


def records(languages, sites=("one.example", "two.example")):
    """So many records of each language, in turn on each site."""
    spoken = [name for name, number in languages.items() for _ in range(number)]
    return pa.Table.from_pylist([
        {
            "id": f"r{n}",
            "url": f"https://{sites[n % len(sites)]}/{language}/{n}",
            "text": text(n),
            "language": language,
        }
        for n, language in enumerate(spoken)
    ])  # fmt: skip


def optout(kind, value, state=OptOutState.VERIFIED):
    return OptOut(kind, canonical_key(kind, value), state)


def world(folder, table, optouts, policy=POLICY, **register):
    made = write_world(folder, policy, table, files=2)
    return made | {"register": export_register(optouts, folder / "register.arrow", **register).path}


def facts_of(run):
    return json.loads((run / "card.json").read_text(encoding="utf-8"))


def readme_of(run):
    return (run / "README.md").read_text(encoding="utf-8")


def claims_of(run):
    return {claim["id"]: claim for claim in facts_of(run)["claims"]}


OPTOUTS = [
    optout(KeyKind.PREFIX, "https://one.example/fr"),
    optout(KeyKind.CONTENT, text_digest(text(0))),
    optout(KeyKind.CONTENT, text_digest(text(1)), OptOutState.RECEIVED),
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Opt-outs from a list: no works, and nothing told of requests."""
    folder = tmp_path_factory.mktemp("plain")
    run_files(**world(folder, records({"en": 60, "fr": 20}), OPTOUTS), out=folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Opt-outs from a register of works that tells of its requests."""
    folder = tmp_path_factory.mktemp("told")
    works = [text(0), edited(text(2)), edited(text(4)), f"{text(6)} {text(1000, 400)}"]
    states = [OptOutState.VERIFIED, OptOutState.VERIFIED, OptOutState.RECEIVED, OptOutState.VERIFIED]
    asked = [optout(KeyKind.CONTENT, text_digest(work), state) for work, state in zip(works, states, strict=True)]
    register = {"works": fingerprints_of(works), "facts": STATED}
    run_files(**world(folder, records({"en": 60, "fr": 20}), asked, **register), out=folder / "out")
    return folder / "out"


def edited(words):
    """Every 15th word is another."""
    return " ".join(word if n % 15 else "other" for n, word in enumerate(words.split()))


@pytest.fixture
def copy(told, tmp_path):
    shutil.copytree(told, tmp_path / "run")
    return tmp_path / "run"


def test_such_runs_verify_and_every_number_is_in_card_json(plain, told):
    for run in (plain, told):
        assert verify_run(run, everything=True).findings == ()
        assert counts_shown(readme_of(run)) <= numbers_in(facts_of(run))
        for name in ("README.md", "card.json", "croissant.json"):
            assert overclaims((run / name).read_text(encoding="utf-8")) == []


def test_requests_are_shown_as_the_register_told_them(told):
    requests = facts_of(told)["optouts"]["requests"]
    assert requests["reached"] == STATED["requests"]
    assert requests["time_to_effect"] == {"requests": 1101, "median_seconds": 5400.0, "p95_seconds": 259200.0}
    section = readme_of(told).split("#### Requests")[1].split("####")[0]
    for shown in (
        "1,207", "1,104", "403", "302", "101", "92", "11", "17", "| duplicate | 61 |", "| not-the-holder | 31 |",
        "90.0 minutes", "3.0 days", "1,101", "998", "198", "3,120", "ab" * 32, "1,093",
        "2026-10-31T08:00:00", "cannot count them again", "无法复算",
    ):  # fmt: skip
        assert shown in section
    assert "◐" in section.splitlines()[0]
    assert "●" not in section


def test_what_a_register_tells_is_imported_and_never_computed(told):
    claims = claims_of(told)
    assert (claims["I3"]["kind"], claims["I4"]["kind"]) == ("imported", "imported")
    assert "received 1,207" in claims["I3"]["result"]
    assert "as of 2026-10-31" in claims["I3"]["result"]
    assert claims["I4"]["result"].startswith("1,093 exported, 2 lost")
    assert "N12" not in claims


def test_a_register_made_from_lists_reports_no_requests(plain):
    assert facts_of(plain)["optouts"]["requests"] is None
    assert "was not reported" in readme_of(plain).split("#### Requests")[1].split("####")[0]
    claims = claims_of(plain)
    assert claims["N12"]["kind"] == "not-checked"
    assert not {"I3", "I4"} & set(claims)
    assert "does not report tombstones" in readme_of(plain)


def test_what_a_register_leaves_out_or_garbles_is_not_stated():
    assert request_facts({}) is None
    facts = request_facts({"requests": {"received": "many", "verified": True}, "log": 3, "open": 4})
    assert set(facts["reached"].values()) == {None}
    assert facts["open"] == 4
    assert facts["log"] == {"head": None, "length": None}
    assert facts["time_to_effect"] == {"requests": None, "median_seconds": None, "p95_seconds": None}


def test_words_of_a_register_cannot_break_the_card(told):
    hostile = facts_of(told)
    evil = "a|b](https://x.example)<script>\n## owned"
    hostile["optouts"]["requests"]["rejected_by_reason"] = [{"reason": evil, "requests": 3}]
    hostile["optouts"]["requests"]["as_of"] = evil
    hostile["optouts"]["requests"]["log"]["head"] = evil
    hostile["diversity"]["by"]["site"]["largest_losses"][0]["value"] = evil
    body = render_readme(hostile)
    assert "\n## owned" not in body
    assert "<script>" not in body.replace("\\<script\\>", "")


def test_matches_are_counted_by_kind_state_and_what_they_came_to(plain):
    matching = facts_of(plain)["optouts"]["matching"]
    assert matching["by"] == [
        {"match": "exact", "state": "received", "admit": 0, "hold": 1, "exclude": 0},
        {"match": "exact", "state": "verified", "admit": 0, "hold": 0, "exclude": 1},
    ]
    assert matching["any"] == {"admit": 0, "hold": 1, "exclude": 1}
    assert "| exact | received | 0 | 1 | 0 |" in readme_of(plain)


def test_works_found_in_texts_are_counted(told):
    """Record 0 is a work, 2 and 4 are edited copies of works, and 6 is a part of one."""
    matching = facts_of(told)["optouts"]["matching"]
    counted = {(row["match"] == "exact", row["state"]): [0, 0, 0] for row in matching["by"]}
    for row in matching["by"]:
        sums = counted[row["match"] == "exact", row["state"]]
        sums[:] = (sum(pair) for pair in zip(sums, (row["admit"], row["hold"], row["exclude"]), strict=True))
    assert counted == {(True, "verified"): [0, 0, 1], (False, "received"): [0, 1, 0], (False, "verified"): [0, 0, 2]}
    assert matching["any"] == {"admit": 0, "hold": 1, "exclude": 3}
    assert "The texts of 80 records were compared with the fingerprints of 4 works" in readme_of(told)


def test_matches_are_rows_by_kind_and_state(told):
    rows = [
        {"records": 5, "admission": "exclude", "optouts": ["near:verified", "site:verified"]},
        {"records": 3, "admission": "hold", "optouts": ["contained:unsure", "near:unsure"]},
        {"records": 7, "admission": "admit", "optouts": ["contained:verified"]},
        {"records": 9, "admission": "exclude", "optouts": ["url:verified"]},
    ]
    matching = optout_facts(RunDirectory(told), rows)["matching"]
    counted = {(row["match"], row["state"]): (row["admit"], row["hold"], row["exclude"]) for row in matching["by"]}
    assert counted == {
        ("near", "unsure"): (0, 3, 0),
        ("near", "verified"): (0, 0, 5),
        ("contained", "unsure"): (0, 3, 0),
        ("contained", "verified"): (7, 0, 0),
    }
    assert matching["any"] == {"admit": 7, "hold": 3, "exclude": 5}
    assert (matching["works"], matching["texts"]) == (4, 80)


def test_thresholds_in_force_are_printed(told):
    parameters = facts_of(told)["parameters"]
    assert parameters["matching"] == parse_policy(POLICY).matching.model_dump(mode="json")
    assert parameters["card"] == {"diversity_alert": 0.05}
    for shown in ("matching.near | 0.3, 0.5", "matching.common_from | 8", "card.diversity_alert | 0.05"):
        assert shown in readme_of(told)


def test_what_is_still_not_looked_for_is_said(plain, told):
    assert "no texts were compared with works" in claims_of(plain)["N3"]["result"]
    assert "C11" not in claims_of(plain)
    claims = claims_of(told)
    assert claims["N3"]["what"].startswith("translations, paraphrases")
    assert claims["C11"]["result"] == "4 works, 80 texts; 1 held, 3 excluded, exact copies among them"
    for run in (plain, told):
        assert "not in the run" in claims_of(run)["N13"]["result"]


def test_the_matcher_test_is_in_the_run_and_on_the_card(told):
    test = json.loads((told / MATCHING).read_text(encoding="utf-8"))
    assert facts_of(told)["optouts"]["matcher"] == test
    shipped = RunDirectory(told).manifest.counts.admit
    assert test["records"] == test["read"] == shipped == test["works"] + test["others"]
    assert test["seed"] == RunDirectory(told).manifest.root
    section = readme_of(told).split("##### Matcher test")[1].split("####")[0]
    for row in test["perturbed"]:
        line = f"| {row['perturbation']} | {row['texts']} | {row['out']} | {row['waits']} | {row['missed']} |"
        assert line in section
    assert "C12" in claims_of(told)


def test_a_run_without_works_has_no_matcher_test_and_says_so(plain):
    assert not (plain / MATCHING).exists()
    assert facts_of(plain)["optouts"]["matcher"] is None
    assert "near copies and excerpts were not looked for" in readme_of(plain)
    assert "C12" not in claims_of(plain)
    notes = {step.name: step.note for step in verify_run(plain).steps}
    assert notes["matcher test"] == "texts were not compared with works"


def test_a_forged_matcher_test_is_found(copy):
    test = json.loads((copy / MATCHING).read_text(encoding="utf-8"))
    test["perturbed"][1]["missed"] = 0
    test["perturbed"][1]["out"] += 1
    (copy / MATCHING).write_text(json.dumps(test, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    write_card(copy)
    seal_again(copy)
    findings = verify_run(copy).findings
    assert findings == (f"{MATCHING} does not state what the matcher finds in the data",)


def test_a_matcher_test_left_out_or_put_in_is_found(copy, plain, tmp_path):
    octets = (copy / MATCHING).read_bytes()
    (copy / MATCHING).unlink()
    with pytest.raises(CardError, match="was not validated"):
        write_card(copy)
    seal_again(copy)
    assert any(f"{MATCHING} is missing" in finding for finding in verify_run(copy).findings)
    shutil.copytree(plain, tmp_path / "other")
    (tmp_path / "other" / MATCHING).write_bytes(octets)
    seal_again(tmp_path / "other")
    assert any(f"{MATCHING} is no file of a run" in finding for finding in verify_run(tmp_path / "other").findings)


def test_a_run_that_hides_its_works_is_found(copy):
    """Without works in the manifest no matcher test belongs to it, and its own decisions tell otherwise."""
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    manifest["register"]["works"] = 0
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (copy / MATCHING).unlink()
    seal_again(copy)
    told_of = "rightful/situations.parquet has matches with works"
    assert [finding.partition(",")[0] for finding in verify_run(copy).findings] == [told_of]


def test_texts_are_drawn_over_all_shards_by_the_root_alone(told, monkeypatch):
    policy = parse_policy(POLICY)
    assert try_matcher(RunDirectory(told), policy) == try_matcher(RunDirectory(told), policy)
    monkeypatch.setattr("rightful.quality.matcher._ROWS", 10)
    monkeypatch.setattr("rightful.quality.matcher.matcher_test", lambda texts, *_: {"texts": texts})
    one = try_matcher(RunDirectory(told), policy)
    assert one == try_matcher(RunDirectory(told), policy)
    other = RunDirectory(told)
    object.__setattr__(other.manifest, "root", "f" * 64)
    assert try_matcher(other, policy)["texts"] != one["texts"]


def test_few_row_groups_are_read_however_many_there_are(tmp_path, monkeypatch):
    pq.write_table(records({"en": 400}), tmp_path / "shard.parquet", row_group_size=5)
    read = []
    whole = pq.ParquetFile.iter_batches

    def counting(self, *args, row_groups=None, **kwargs):
        read.append(row_groups)
        return whole(self, *args, row_groups=row_groups, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counting)
    run = SimpleNamespace(
        manifest=SimpleNamespace(root="0" * 64, columns={"text": "text"}, data=[SimpleNamespace(records=400)]),
        tries_matcher=True,
        data_files=lambda: [tmp_path / "shard.parquet"],
    )
    tried = try_matcher(run, parse_policy(POLICY))
    assert len(read) == 32
    assert len({group for (group,) in read}) == 32
    assert (tried["records"], tried["read"]) == (400, 160)


def test_diversity_is_counted_by_language_and_site(plain):
    """80 records: 60 en, 20 fr; taken: 10 fr of one.example, text 0 (en, one.example), text 1 (en, two.example)."""
    diversity = facts_of(plain)["diversity"]
    assert (diversity["before"], diversity["after"]) == (80, 68)
    language, site = diversity["by"]["language"], diversity["by"]["site"]
    assert language["largest_losses"] == [
        {"value": "en", "before": 60, "after": 58},
        {"value": "fr", "before": 20, "after": 10},
    ]
    assert site["largest_losses"] == [
        {"value": "one.example", "before": 40, "after": 29},
        {"value": "two.example", "before": 40, "after": 39},
    ]
    assert language["divergence"] == pytest.approx(divergence([60, 20], [58, 10]), abs=1e-6)
    assert site["divergence"] == pytest.approx(divergence([40, 40], [29, 39]), abs=1e-6)
    assert not diversity["alert"]
    assert "ALERT" not in readme_of(plain)
    assert f"{language['divergence']:.6f}" in readme_of(plain)
    assert claims_of(plain)["C13"]["kind"] == "computed"
    croissant = json.loads((plain / "croissant.json").read_text(encoding="utf-8"))
    assert "took 12 of 80 records" in croissant["rai:dataBiases"]


def divergence(before, after):
    """By the definition: half of what each distribution diverges from the middle of both."""
    p, q = ([n / sum(counts) for n in counts] for counts in (before, after))
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return sum(
        a * math.log2(a / m) / 2 for shares in (p, q) for a, m in zip(shares, middle, strict=True) if a
    )  # fmt: skip


def test_an_alert_stands_where_a_language_disappears(tmp_path):
    gone = [optout(KeyKind.PREFIX, f"https://{site}.example/fr") for site in ("one", "two")]
    run_files(**world(tmp_path, records({"en": 60, "fr": 20}), gone), out=tmp_path / "out")
    diversity = facts_of(tmp_path / "out")["diversity"]
    assert diversity["alert"]
    assert diversity["by"]["language"]["alert"]
    assert not diversity["by"]["site"]["alert"]
    assert diversity["by"]["language"]["values_after"] == 1
    status = readme_of(tmp_path / "out").split("**Status")[1].split("## 1.")[0]
    assert "ALERT" in status
    assert "警示" in status
    assert "ALERT" in claims_of(tmp_path / "out")["C13"]["result"]


def test_an_alert_stands_where_much_of_one_site_goes_though_little_shifts(tmp_path):
    """60 of 1,000 records are 0.03 of divergence, and all of a site."""
    sites = [f"s{n}.example" for n in range(16)]
    table = pa.concat_tables([records({"en": 940}, sites), records({"en": 60}, ["small.example"])])
    policy = POLICY + "[card]\ndiversity_alert = 0.9\n[quality]\nskip = []\n"
    taken = [optout(KeyKind.SITE, "small.example")]
    screen_files(**world(tmp_path, table, taken, policy), out=tmp_path / "out")
    validate_run(tmp_path / "out")
    run = RunDirectory(tmp_path / "out")
    diversity = card_facts(run, parse_policy(policy))["diversity"]
    site = diversity["by"]["site"]
    assert site["divergence"] < diversity["threshold"] == 0.9
    assert (site["lost_more_than_half"], site["alert"], diversity["alert"]) == (1, True, True)
    assert site["largest_losses"] == [{"value": "small.example", "before": 60, "after": 0}]


def test_what_would_be_out_anyway_is_no_loss_by_opt_outs(tmp_path):
    """A record that something else keeps out is not there before either."""
    policy = POLICY + '[[sources]]\nname = "unknown"\nroute = "synthetic"\n'
    rows = records({"en": 20}).append_column("source", pa.array(["books", "unknown"] * 10))
    run_files(**world(tmp_path, rows, [optout(KeyKind.SITE, "two.example")], policy), out=tmp_path / "out")
    diversity = facts_of(tmp_path / "out")["diversity"]
    assert facts_of(tmp_path / "out")["funnel"]["admit"] == 10
    assert (diversity["before"], diversity["after"]) == (10, 10)
    assert diversity["by"]["site"]["divergence"] == 0.0


def test_without_a_register_nothing_is_said_to_have_been_compared(tmp_path):
    run_files(**write_world(tmp_path, POLICY, records({"en": 12})), out=tmp_path / "out")
    facts = facts_of(tmp_path / "out")
    assert facts["optouts"] is None
    assert facts["diversity"] is None
    assert "No opt-out register was given" in readme_of(tmp_path / "out")
    assert claims_of(tmp_path / "out")["N3"]["result"] == "no opt-outs were given"
    assert not {"C11", "C12", "C13", "I3", "N13"} & set(claims_of(tmp_path / "out"))


def test_a_version_after_a_withdrawal_shows_both_kinds_of_continuity(told):
    facts = facts_of(told)
    facts["optouts"]["withdrawal"] = {
        "at": "2026-11-05T00:00:00+00:00", "earlier_versions": 1, "removed": 14, "relabelled": 0, "requests": 3,
        "not_looked_up": ["account"], "absence_test": {"records": 66, "found": 0}, "models": None,
    }  # fmt: skip
    section = render_readme(facts).split("#### Tombstones")[1].split("###")[0]
    assert "◐ The register exported 1,093 tombstones and lost 2, by its own account" in section
    assert "● This is version 2" in section
    assert "14 records were taken out for 3 requests that have a reference" in section
    assert "0 of 66 records that ship" in section
    assert "account" in section


def test_a_withdrawn_version_is_counted_like_any_run(plain, tmp_path):
    """Of 58 English and 10 French records all 10 French ones go, in another version."""
    more = [*OPTOUTS, optout(KeyKind.PREFIX, "https://two.example/fr")]
    newest = export_register(more, tmp_path / "newest/register.arrow", facts=STATED)
    log = tmp_path / "trained.csv"
    root = RunDirectory(plain).manifest.root
    log.write_text(
        f"model,version,trained_on,at\nsmall,1,{root},2026-01-05\nsmall,2,{root},2026-02-05\n", encoding="utf-8"
    )
    done = withdraw(plain, register=newest, out=tmp_path / "out", now="2026-11-05T00:00:00Z", train_log=log)
    assert done.removed == 10
    facts = facts_of(tmp_path / "out")
    assert facts["optouts"]["withdrawal"] == {
        "at": "2026-11-05T00:00:00+00:00", "earlier_versions": 1, "removed": 10, "relabelled": 0, "requests": 0,
        "not_looked_up": [], "absence_test": {"records": 58, "found": 0}, "models": 2,
    }  # fmt: skip
    assert (facts["diversity"]["before"], facts["diversity"]["after"]) == (80, 58)
    assert facts["diversity"]["by"]["language"]["alert"]
    claims = claims_of(tmp_path / "out")
    assert (claims["I5"]["kind"], claims["I5"]["result"]) == ("imported", "2 models")
    assert claims["C14"]["result"] == "0 of 58 records are in the newest register"
    assert "N13" not in claims
    assert verify_run(tmp_path / "out").findings == ()


def test_divergence_is_zero_of_the_same_and_one_of_the_disjoint():
    arrays = {name: pa.array(values).to_numpy() for name, values in (("a", [5, 0]), ("b", [0, 7]), ("none", [0, 0]))}
    assert jensen_shannon(arrays["a"], arrays["a"]) == 0.0
    assert jensen_shannon(arrays["a"], arrays["b"]) == 1.0
    assert jensen_shannon(arrays["a"], arrays["none"]) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "not stated"), (0, "0 seconds"), (119.6, "120 seconds"), (5400, "90.0 minutes"), (7200, "2.0 hours"),
     (172_800, "2.0 days")],
)  # fmt: skip
def test_times_are_written_in_the_unit_that_fits(seconds, words):
    assert duration(seconds) == words
