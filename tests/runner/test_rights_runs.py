"""Runs whose decisions depend on rights: on real documents with their licences, and on shares of all the text."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rightful.runner.plan
from rightful.audit.verify import verify_run
from rightful.ledger.run_directory import RunDirectory
from rightful.runner.stages import run_files
from rightful.screening.columns import Columns
from rightful.signals.locations import ROBOTS
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

EVIDENCE = f'evidence = ["sha256:{"ab" * 32} what shows it"]\n'
SCENARIO = '[scenario]\nmarket_effect = "low"\n\n'
# Each source of the documents: its licence and how that is evidenced, or what else is known of it.
SOURCES = {
    "digital-gov": 'licence = "cc0-1.0"\nlicence_evidence = "text"\n',
    "lctt-en-original": 'licence = "cc-by-sa-4.0"\nlicence_evidence = "text"\n',
    "xquad": 'licence = "cc-by-sa-4.0"\nlicence_evidence = "text+notice"\n',
    "gutenberg": 'public_domain_in = ["US"]\n',
    "uspto": 'public_domain_in = ["US"]\n',
    "pmc-oa": 'licence = "cc-by-4.0"\nlicence_evidence = "text"\n',
    "common-pile-food": "",
    "common-pile-news": "",
    "dolma-warc": 'derived_from_crawl = true\nlicence = "cc-by-4.0"\nlicence_evidence = "text"\n',
    "commoncrawl-warc": "derived_from_crawl = true\n",
}
ALIASES = """[columns]
licence = "licence_of_sample"
[licences.aliases]
"CC0-1.0 / US government work" = "cc0-1.0"
"CC-BY-SA-4.0 (opensource.com default)" = "cc-by-sa-4.0"
"CC-BY-4.0 (creativecommons.org)" = "cc-by-4.0"
"CC-BY (PMC open access)" = "cc-by-4.0"
"CC-BY-SA-4.0 (Wikipedia)" = "cc-by-sa-4.0"
"Public domain in the USA (Project Gutenberg)" = "none"
"Public domain (US patent text)" = "none"
"""


def run(folder, policy, records, captures, name="run"):
    file = folder / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    snapshot = add_captures(folder / "snapshot", captures)
    return run_files(file, records, snapshot=snapshot, out=folder / name)


def robots(host):
    outcome, kind = classify(200, None, b"User-agent: *\nAllow: /\n", ROBOTS)
    when = datetime(2026, 11, 1, tzinfo=UTC)
    return Capture(host, when, outcome, kind, signal=ROBOTS, status=200, body=b"User-agent: *\nAllow: /\n")


@pytest.fixture(scope="module")
def open_documents(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("open")
    records = shared / "data/documents_open.parquet"
    hosts = set(pq.read_table(records, columns=["host"])["host"].to_pylist())
    parts = [
        f'[[sources]]\nname = "{name}"\nroute = "open_dataset"\n{EVIDENCE}{more}' for name, more in SOURCES.items()
    ]
    captures = [robots(f"https://{host}") for host in sorted(hosts)]
    run(folder, SCENARIO + "\n".join(parts) + ALIASES, records, captures)
    return folder / "run", records


def expected_of(row):
    """The tier a careful reader would give: by the licence that the sample's column names, where it is evidenced."""
    named = row["licence_of_sample"]
    evidenced = "licence_evidence" in SOURCES[row["source"]]
    if evidenced and "CC-BY-SA" in named:
        return "FREE_LICENSED", ("BY", "SA")
    if evidenced and named.startswith("CC-BY"):
        return "FREE_LICENSED", ("BY",)
    if evidenced:
        return "FREE_LICENSED", ()
    return "EXEMPT_GENERAL", ()  # a tag only, or in the public domain in one of three jurisdictions


def test_tiers_of_open_documents_reconcile_with_their_licence_columns(open_documents):
    out, records = open_documents
    rows = pq.read_table(records, columns=["source", "licence_of_sample"]).to_pylist()
    expected = Counter(expected_of(row) for row in rows)
    assert len(expected) == 4
    table = pa.concat_tables(pq.read_table(file, columns=["rights"]) for file in RunDirectory(out).data_files())
    labels = table["rights"].to_pylist()
    assert Counter((label["tier"], tuple(label["conditions"])) for label in labels) == expected
    counts = RunDirectory(out).manifest.counts
    assert counts.admit == len(rows)
    by_tier = Counter(tier for tier, _ in expected.elements())
    assert counts.by_tier == dict(sorted(by_tier.items()))
    assert not verify_run(out, everything=True).findings


HOLDERS = {"Big Press": 8, "Small Press": 1, "": 11}


def holder_records(folder, texts):
    names = [name for name, count in HOLDERS.items() for _ in range(count)]
    rows = {"id": [str(n) for n in range(20)], "url": [f"https://h.example/{n}" for n in range(20)]}
    rows |= {"text": [texts(name) for name in names], "rights_holder": [name or None for name in names]}
    pq.write_table(pa.table(rows), folder / "records.parquet")
    return folder / "records.parquet"


WEB = f'[[sources]]\nname = "web"\nroute = "crawled"\n{EVIDENCE}'


@pytest.mark.parametrize(
    ("limit", "texts", "held"),
    [
        (0.4, lambda _: "the same words", {"Big Press"}),
        (0.41, lambda _: "the same words", set()),
        (0.4, lambda name: "a few" if name == "Big Press" else "many words " * 50, set()),
        (0.4, lambda name: "很" * 30 if name == "Big Press" else "x" * 60, {"Big Press"}),
        (0, lambda _: "the same words", set()),
    ],
)
def test_one_holder_s_share_of_all_text_makes_its_data_specific(tmp_path, limit, texts, held):
    policy = f"{SCENARIO}{WEB}[tiers]\nholder_share_limit = {limit}\n"
    run(tmp_path, policy, holder_records(tmp_path, texts), [robots("https://h.example")])
    out = RunDirectory(tmp_path / "run")
    by_id = {}
    for batch in out.ledger_batches(["id", "reasons"]):
        by_id |= dict(zip(batch["id"].to_pylist(), batch["reasons"].to_pylist(), strict=True))
    names = [name for name, count in HOLDERS.items() for _ in range(count)]
    assert {names[int(n)] for n, reasons in by_id.items() if reasons == ["ASSESS"]} == held
    measured = json.loads((tmp_path / "run/rightful/manifest.json").read_text(encoding="utf-8"))["holders"]
    assert (measured is not None) == bool(limit)
    assert {row["holder"] for row in (measured or {"specific": []})["specific"]} == {name.lower() for name in held}
    assert not verify_run(tmp_path / "run", everything=True).findings


def test_a_run_with_grants_and_opt_outs_is_verified_from_its_own_evidence(tmp_path):
    """The dates of restrictions are looked up again, not believed."""
    policy = (
        f'{SCENARIO}{WEB}derived_from_crawl = false\n[[contracts]]\nname = "press"\ntraining = "granted"\n'
        f'chain = "direct"\npaid = true\nsame_holder = true\nstarts = "2026-12-01"\n{EVIDENCE}'
        '[as_of]\nbuild_date = "2026-12-05"\n'
    )
    outcome, kind = classify(200, None, b"User-agent: *\nDisallow: /\n", ROBOTS)
    denies = Capture(
        "https://h.example", datetime(2026, 11, 1, tzinfo=UTC), outcome, kind,
        signal=ROBOTS, status=200, body=b"User-agent: *\nDisallow: /\n",
    )  # fmt: skip
    rows = {"id": ["1", "2"], "url": ["https://h.example/1", "https://h.example/2"], "text": ["a", "b"]}
    pq.write_table(pa.table({**rows, "contract_name": ["press", None]}), tmp_path / "records.parquet")
    run(tmp_path, policy, tmp_path / "records.parquet", [denies])
    out = RunDirectory(tmp_path / "run")
    assert out.manifest.counts.by_tier == {"PAID_LICENSED": 1}
    restricted = {row["contract"]: row["restricted_at"] for row in out.situations().to_pylist()}
    assert restricted == {"press": "2026-11-01", "": ""}
    assert not verify_run(tmp_path / "run", everything=True).findings


def test_a_run_that_looked_away_from_a_column_is_found(tmp_path, monkeypatch):
    """A manifest without a column is a forgery that no digest shows."""
    rows = {"id": ["1", "2"], "url": ["https://h.example/1", "https://h.example/2"], "text": ["a", "b"]}
    pq.write_table(pa.table({**rows, "unlawful": ["illegal", None]}), tmp_path / "records.parquet")
    whole = Columns.resolve
    monkeypatch.setattr(Columns, "resolve", lambda *given, **how: replace(whole(*given, **how), unlawful=None))
    run(tmp_path, SCENARIO + WEB, tmp_path / "records.parquet", [robots("https://h.example")])
    monkeypatch.undo()
    assert RunDirectory(tmp_path / "run").manifest.counts.admit == 2
    findings = verify_run(tmp_path / "run", everything=True).findings
    assert any("the unlawful of a record is column 'unlawful'" in finding for finding in findings)


@pytest.mark.parametrize("forged", [{"specific": ()}, {"total": 5}])
def test_a_run_that_forgot_a_holder_is_found(tmp_path, monkeypatch, forged):
    measure = rightful.runner.plan.measure_holders
    monkeypatch.setattr(rightful.runner.plan, "measure_holders", lambda *given: replace(measure(*given), **forged))
    records = holder_records(tmp_path, lambda _: "the same words")
    run(tmp_path, f"{SCENARIO}{WEB}", records, [robots("https://h.example")])
    findings = verify_run(tmp_path / "run", everything=True).findings
    assert any("of what ships: its data is specific" in each or "more of them ship" in each for each in findings)
