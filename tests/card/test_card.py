"""The card: valid for the Hub, true to the files, and never saying too much."""

import json
import re
import shutil

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from rightful.card.lint import overclaims
from rightful.card.render import cell, hub_metadata, render_readme, size_category
from rightful.card.write import write_card
from rightful.errors import CardError, QualityGateError
from rightful.ledger.run_directory import RunDirectory
from rightful.runner.run import screen_files
from rightful.runner.stages import run_files


@pytest.fixture(scope="module")
def facts(finished_run):
    return json.loads((finished_run / "card.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def readme(finished_run):
    return (finished_run / "README.md").read_text(encoding="utf-8")


def test_the_hub_client_reads_the_card(finished_run):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    card = huggingface_hub.DatasetCard.load(finished_run / "README.md")
    assert card.data.license == "other"
    assert card.data.license_name == "mixed-see-license-md"
    assert card.data.license_link == "LICENSE.md"
    assert (finished_run / "LICENSE.md").exists()
    assert card.data.language == ["en", "zh"]
    assert card.data.size_categories == ["n<1K"]
    assert card.data.rightful["records"]["admit"] == RunDirectory(finished_run).manifest.counts.admit
    assert str(card) == (finished_run / "README.md").read_text(encoding="utf-8")


def test_datasets_loads_the_run_as_it_is(finished_run, tmp_path):
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(finished_run), cache_dir=str(tmp_path))
    assert list(loaded) == ["train"]
    assert len(loaded["train"]) == RunDirectory(finished_run).manifest.counts.admit
    assert loaded["train"][0]["rights"]["tier"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of rdflib, which mlcroissant builds on
def test_croissant_reads_the_run(finished_run):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(finished_run / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert all("citeAs" in warning for warning in issues.warnings)  # a citation is the provider's to give
    assert dataset.metadata.conforms_to is not None
    fields = {field.name for field in dataset.metadata.record_sets[0].fields}
    assert {"url", "text", "rights"} <= fields


def test_the_funnel_adds_up(facts):
    funnel = facts["funnel"]
    assert funnel["admit"] + funnel["hold"] + funnel["exclude"] == funnel["records"]
    assert sum(row["records"] for row in funnel["by_reason"]) == funnel["hold"] + funnel["exclude"]
    assert sum(row["records"] for row in facts["tiers"]) == funnel["admit"]
    assert sum(row["records"] for row in facts["licences"]) == funnel["admit"]
    for counts in (facts["robots"]["now"], facts["robots"]["at_fetch"]):
        assert sum(counts.values()) == funnel["records"]
    for word in ("admit", "hold", "exclude"):
        assert sum(row[word] for row in facts["sources"]) == funnel[word]


def numbers_in(facts):
    """Every number a card may show: those of card.json, how long its lists are, and what was not admitted."""
    known = set()

    def gather(value):
        if isinstance(value, bool):
            return
        if isinstance(value, int | float):
            known.add(f"{value:,}")
        elif isinstance(value, str):
            known.update(re.findall(r"\d[\d,]*", value))
        elif isinstance(value, list):
            known.add(f"{len(value):,}")
            [gather(item) for item in value]
        elif isinstance(value, dict):
            [gather(item) for item in value.values()]

    gather(facts)
    known.add(f"{facts['funnel']['hold'] + facts['funnel']['exclude']:,}")
    return known


def counts_shown(readme):
    """Whatever looks like a count in the tables."""
    body = readme.split("\n---\n", 1)[1]
    cells = [c.strip(" *") for line in body.splitlines() if line.startswith("|") for c in line.strip("|").split("|")]
    return {c for c in cells if re.fullmatch(r"\d[\d,]*", c)}


def test_every_number_of_the_readme_is_in_card_json(facts, readme):
    """Whatever looks like a count in the tables is a count of card.json, or a sum or share of such."""
    assert counts_shown(readme)
    assert counts_shown(readme) <= numbers_in(facts)


def test_both_languages_head_every_section(readme):
    headings = [line for line in readme.splitlines() if line.startswith("## ")]
    assert len(headings) >= 10
    assert all(re.search(r"[\u4e00-\u9fff]", heading) and re.search("[a-z]", heading) for heading in headings)


def test_the_card_says_what_was_not_checked(facts, readme):
    ids = {claim["id"]: claim for claim in facts["claims"]}
    assert {"N1", "N2", "N3", "N4", "N5", "N6", "N7"} <= set(ids)
    for protocol in ("http-payment", "c2pa", "plus"):
        assert protocol in ids["N1"]["result"]
    section = readme.split("## 10.")[1].split("## 11.")[0]
    for claim in facts["claims"]:
        if claim["kind"] == "not-checked":
            assert claim["what_zh"] in section
    assert "not legal advice" in readme
    assert "不构成法律意见" in readme


def test_the_papers_proposal_is_never_passed_off_as_law(readme):
    assert "policy:seed-paper" in readme
    assert "It is not law in any jurisdiction" in readme


def test_claims_name_files_that_are_there(finished_run, facts):
    for claim in facts["claims"]:
        if claim["file"]:
            assert (finished_run / claim["file"]).exists()
        else:
            assert claim["kind"] == "not-checked"


@pytest.mark.parametrize(
    "words",
    [
        "This dataset is fully compliant with the law.",
        "The data is legal.",
        "GDPR-compliant",
        "copyright-free text",
        "There is no infringement.",
        "All opt-outs are honoured.",
        "It contains no personal data.",
        "robots.txt allows training",
        "robots-compliant",
        "No payment is due.",
        "certified by the EU",
        "deleted from the model",
        "本数据集合法合规",
        "无版权",
        "已尊重全部退出",
        "不含个人信息",
        "无需付费",
    ],
)
def test_forbidden_claims_are_found(words):
    assert overclaims(f"fine\n{words}\nfine")[0].line == 2


def test_lawful_access_is_a_condition_and_no_verdict():
    assert overclaims("works to which there is lawful access") == []
    assert overclaims("this is lawful")[0].words == "is lawful"


def test_our_own_words_claim_nothing_forbidden(finished_run):
    for name in ("README.md", "LICENSE.md", "card.json", "croissant.json"):
        assert overclaims((finished_run / name).read_text(encoding="utf-8")) == []


def test_a_provider_cannot_claim_too_much_either(demo_inputs, tmp_path):
    policy = tmp_path / "policy.toml"
    text = demo_inputs.policy.read_text(encoding="utf-8").replace(
        'description = ""', 'description = "It is fully legal."'
    )
    policy.write_text(text, encoding="utf-8")
    with pytest.raises(CardError, match="would claim what nobody checked") as caught:
        run_files(policy, demo_inputs.records, out=tmp_path / "out", **demo_inputs.rules())
    assert "fully legal" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_only_screened_and_validated_runs_get_a_card(demo_inputs, tmp_path):
    for mode in ("label", "ledger", "screen"):
        screen_files(demo_inputs.policy, demo_inputs.records, out=tmp_path / mode, mode=mode, **demo_inputs.rules())
        with pytest.raises(CardError, match="not validated" if mode == "screen" else "not to screen"):
            write_card(tmp_path / mode)
        assert not (tmp_path / mode / "README.md").exists()


def test_a_failed_critical_requirement_stops_publication(demo_inputs, tmp_path):
    policy = tmp_path / "policy.toml"
    text = demo_inputs.policy.read_text(encoding="utf-8").replace(
        "min_known_site_share = 0.99", "min_known_site_share = 1.0"
    )
    policy.write_text(text, encoding="utf-8")
    table = pq.read_table(demo_inputs.records)
    nothing = table.filter(pc.not_equal(pq.read_table(demo_inputs.expected)["admission"], "admit"))
    pq.write_table(nothing, tmp_path / "r.parquet")
    with pytest.raises(QualityGateError) as caught:
        run_files(policy, tmp_path / "r.parquet", out=tmp_path / "out", **demo_inputs.rules())
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.partial/rightful/quality.json").exists()
    assert "out.partial" in caught.value.hint


def test_names_from_strangers_cannot_break_the_tables(facts):
    evil = "evil|site](https://x.example/)<script>`\n## owned"
    hostile = json.loads(json.dumps(facts))
    hostile["sites"]["top_admitted"][0]["site"] = evil
    hostile["unknown_values"] = [{"value": f"licence={evil}", "records": 1}]
    hostile["identity"]["title"] = evil
    body = render_readme(hostile).split("\n---\n", 1)[1]
    assert "<script>" not in body.replace("\\<script\\>", "")
    assert "\n## owned" not in body
    for line in body.splitlines():
        if line.startswith("|") and "evil" in line:
            assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", previous(body, line)))


def previous(body, line):
    """The separator line of the table a line is in."""
    before = body[: body.index(line)].splitlines()
    return next(text for text in reversed(before) if re.fullmatch(r"\|[-:|]+\|", text))


def test_cells_are_one_line_and_escaped():
    assert cell("a|b\n*c*") == r"a\|b \*c\*"
    assert cell(None) == ""


def test_one_evidenced_licence_is_the_hubs_licence(facts):
    single = json.loads(json.dumps(facts))
    single["licences"] = [{"licence": "cc-by-4.0", "licence_evidence": "text", "records": 3}]
    assert hub_metadata(single)["license"] == "cc-by-4.0"
    single["licences"][0]["licence_evidence"] = "tag_only"
    assert hub_metadata(single)["license"] == "other"
    single["licences"] = [{"licence": "none", "licence_evidence": "none", "records": 3}]
    assert hub_metadata(single)["license"] == "other"


@pytest.mark.parametrize(
    ("records", "word"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**13, "n>1T")]
)
def test_size_categories(records, word):
    assert size_category(records) == word


def test_metadata_is_plain_yaml(readme):
    block = yaml.safe_load(readme.split("---\n")[1])
    assert isinstance(block["rightful"]["records"]["records"], int)
    assert block["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]


def test_writing_the_card_again_changes_nothing(finished_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(finished_run, copy)
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    write_card(copy)
    assert {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()} == before
