"""Records whose text is like an opted-out work: what they are told, what the ledger keeps, and that it suffices."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.register.works_in_words import edited, hanzi, prose

from rightful.audit.data_again import compare_data
from rightful.audit.decide_again import evidence_lookup, ledger_batches, observe_again
from rightful.audit.explain import explain
from rightful.audit.verify import verify_run
from rightful.errors import PolicyError, RegisterError
from rightful.ledger.checksums import write_checksums
from rightful.ledger.run_directory import POLICY as POLICY_FILE
from rightful.ledger.run_directory import RunDirectory
from rightful.policy.policy_file import parse_policy, read_policy
from rightful.register.entries import KeyKind, OptOut, OptOutState
from rightful.register.export import Register, export_register
from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.register.keyed import keyed
from rightful.runner.stages import run_files
from rightful.screening.screener import Screener
from rightful.screening.text_matches import read_sketch, sketch_columns
from rightful.snapshot.model import Capture, classify
from rightful.snapshot.store import add_captures

POLICY = '[scenario]\nmarket_effect = "low"\n\n[[sources]]\nname = "web"\nroute = "crawled"\n'
WORK, OTHER, BOOK = prose("opted out", 250), hanzi("opted out", 400), prose("book", 3_000)
PASSAGE = f"{prose('before', 300)} {' '.join(BOOK.split()[500:542])} {prose('after', 300)}"
TEXTS = {
    "the work": WORK,
    "the work in capitals": WORK.upper(),
    "edited": edited(WORK, 0.1),
    "inside": f"{prose('around', 2_000)} {WORK}",
    "chinese, inside": f"{hanzi('around', 900)}。{OTHER}",
    "a part of the book": " ".join(BOOK.split()[1_000:1_200]),
    "a passage": PASSAGE,
    "nothing of it": prose("unrelated", 500),
    "empty": "",
    "none": None,
}


def optouts(state=OptOutState.VERIFIED, works=(WORK, OTHER, BOOK)):
    return [OptOut(KeyKind.CONTENT, text_digest(work), state, f"R-{n}") for n, work in enumerate(works)]


@pytest.fixture
def signals(tmp_path):
    outcome, kind = classify(200, None, b"User-agent: *\nAllow: /\n")
    body = b"User-agent: *\nAllow: /\n"
    add_captures(tmp_path / "signals", [Capture("https://h.example", None, outcome, kind, status=200, body=body)])
    return tmp_path / "signals"


def records(texts=TEXTS):
    rows = [{"id": name, "url": f"https://h.example/{n}", "text": text} for n, (name, text) in enumerate(texts.items())]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([("id", pa.string()), ("url", pa.string()), ("text", pa.string())])
    )


def register_of(folder, entries, works=(WORK, OTHER, BOOK)):
    return export_register(entries, folder / "register.arrow", works=fingerprints_of(works))


def told(screener, table=None):
    ledger = screener.decisions(records() if table is None else table)
    return {row["id"]: (row["admission"], row["reasons"]) for row in ledger.to_pylist()}


@pytest.mark.parametrize(
    "line", ["near = [0.5, 0.3]", 'near = ["0.3", "0.5"]', "within = [true, true]", "excerpt = [30, inf]", "fewest = 0"]
)
def test_thresholds_that_would_have_to_be_guessed_are_refused(line):
    with pytest.raises(PolicyError, match=r"matching\."):
        parse_policy(f"{POLICY}[matching]\n{line}\n")


def test_copies_and_excerpts_are_out_and_what_is_near_a_threshold_waits(tmp_path, signals):
    found = told(Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts())))
    assert found["the work"] == ("exclude", ["OPTOUT:content"])
    assert found["the work in capitals"] == ("exclude", ["OPTOUT:content"])
    assert found["edited"][0] == "exclude"
    assert set(found["edited"][1]) <= {"OPTOUT:near", "OPTOUT:contained"}
    for name in ("inside", "chinese, inside", "a part of the book"):
        assert found[name] == ("exclude", ["OPTOUT:contained"]), name
    assert found["a passage"] == ("hold", ["OPTOUT_UNSURE:contained"])
    assert {found[name][0] for name in ("nothing of it", "empty", "none")} == {"admit"}


def test_requests_that_are_not_verified_hold_and_others_do_nothing(tmp_path, signals):
    found = told(Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts(OptOutState.RECEIVED))))
    assert found["inside"] == ("hold", ["OPTOUT_PENDING:contained"])
    assert found["a passage"] == ("hold", ["OPTOUT_PENDING:contained"])
    rejected = Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts(OptOutState.REJECTED)))
    assert {admission for admission, _ in told(rejected).values()} == {"admit"}


def test_without_fingerprints_only_the_exact_text_counts(tmp_path, signals):
    found = told(Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts(), works=())))
    assert found["the work"] == ("exclude", ["OPTOUT:content"])
    assert {found[name][0] for name in ("edited", "inside", "a passage")} == {"admit"}


def test_thresholds_are_the_policys(tmp_path, signals):
    strict = POLICY + "\n[matching]\nexcerpt = [5, 20]\n"
    lax = POLICY + "\n[matching]\nnear = [0.9, 1]\ncontained = [0.95, 1]\nwithin = [1, 1]\nexcerpt = [5000, 9000]\n"
    register = register_of(tmp_path, optouts())
    assert told(Screener(parse_policy(strict), signals, register))["a passage"] == ("exclude", ["OPTOUT:contained"])
    found = told(Screener(parse_policy(lax), signals, register))
    assert found["edited"][0] == found["a part of the book"][0] == "admit" or found["edited"][0] == "admit"
    assert found["inside"] == ("exclude", ["OPTOUT:contained"])


def test_batches_and_processes_change_nothing(tmp_path, signals):
    screener = Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts()))
    table = records()
    whole = screener.decisions(table).to_pylist()
    assert [row for at in range(len(table)) for row in screener.decisions(table.slice(at, 1)).to_pylist()] == whole


def test_the_ledger_keeps_shared_hashes_of_matches_and_nothing_of_other_texts(tmp_path, signals):
    ledger = Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts())).decisions(records()).to_pylist()
    kept = {row["id"]: row["shared_shingles"] for row in ledger}
    assert {name for name, hashes in kept.items() if hashes} == set(TEXTS) - {"nothing of it", "empty", "none"}
    key = Register.open(tmp_path / "register.arrow").works.key
    of_work = set(keyed(fingerprints_of([WORK])[0].hashes, key).tolist())
    assert set(kept["edited"]) < of_work
    assert set(kept["inside"]) == of_work
    assert kept["empty"] is None


def test_a_sketch_survives_the_ledger(tmp_path, signals):
    screener = Screener(parse_policy(POLICY), signals, register_of(tmp_path, optouts()))
    sketch = screener.examine(records().combine_chunks().to_batches()[0]).observation.locations.sketch
    again = read_sketch(*sketch_columns(sketch, len(TEXTS)))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(sketch, again, strict=True))


@pytest.fixture
def run(tmp_path, signals):
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    kept = {name: text for name, text in TEXTS.items() if text}
    pq.write_table(records(kept), tmp_path / "records.parquet")
    rules = {"snapshot": signals, "register": register_of(tmp_path, optouts())}
    run_files(tmp_path / "policy.toml", tmp_path / "records.parquet", out=tmp_path / "out", **rules)
    return tmp_path / "out"


def test_a_run_is_verified_from_its_own_evidence_without_any_text(run):
    verification = verify_run(run, everything=True)
    assert not verification.findings
    assert (run / "rightful/evidence/optouts.works.arrow").exists()
    for file in run.rglob("*"):
        if file.is_file() and "data" not in file.parts:
            assert WORK[:40].encode() not in file.read_bytes(), file


def test_an_explanation_names_the_measure_its_estimate_and_the_request(run):
    why = explain(run, record_id="inside")[0]
    assert why.situation.optouts == ("contained:verified",)
    assert why.situation.matches == ("contained: 1.00 (at least 1.00)",)
    assert [entry.reference for entry in why.optouts] == ["R-0"]
    cause = next(cause for cause in explain(run, record_id="a passage")[0].causes)
    assert cause.reason == "OPTOUT_UNSURE:contained"
    assert cause.facts[0].value.startswith("excerpt: ")


def test_a_forged_sketch_is_found(run):
    part = run / "rightful/ledger/part-00000.parquet"
    table = pq.read_table(part)
    rows = table.to_pylist()
    row = next(row for row in rows if row["id"] == "inside")
    row["shared_shingles"] = row["shared_shingles"][:3]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), part)
    write_checksums(run)
    assert any("another root" in finding for finding in verify_run(run).findings)
    directory, policy = RunDirectory(run), read_policy(run / POLICY_FILE)
    again = observe_again(directory, policy, ledger_batches(directory, every=1), evidence_lookup(directory, policy))
    assert any("record inside: optouts" in finding for finding in again.differing)


def test_a_run_has_no_key_of_its_works_and_no_hash_that_words_can_be_guessed_by(run, tmp_path):
    export = Register.open(tmp_path / "register.arrow")
    evidence = Register.open(run / "rightful/evidence/optouts.arrow")
    assert evidence.works.key is None
    key = export.works.key
    plain = {int(value).to_bytes(8, "little") for work in fingerprints_of([WORK, OTHER]) for value in work.hashes}
    for file in run.rglob("*"):
        octets = file.read_bytes() if file.is_file() else b""
        assert key not in octets
        assert key.hex().encode() not in octets
    kept = pq.read_table(run / "rightful/ledger/part-00000.parquet")["shared_shingles"].to_pylist()
    assert not plain & {int(value).to_bytes(8, "little") for values in kept for value in values or ()}


def test_with_the_export_texts_are_compared_again(run, tmp_path):
    export = tmp_path / "register.arrow"
    assert not verify_run(run, everything=True, register=export).findings
    data = run / "data/train-00000-of-00001.parquet"
    table = pq.read_table(data)
    rows = table.to_pylist()
    rows[0]["text"] = f"{rows[0]['text']} {WORK}"
    directory, policy = RunDirectory(run), read_policy(run / POLICY_FILE)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), data)
    without = " ".join(compare_data(directory, policy, every=1))
    found = " ".join(compare_data(directory, policy, every=1, export=Register.open(export)))
    assert "admission of 1 records" not in without
    assert "admission of 1 records is otherwise by the evidence" in found


def test_a_folder_of_exports_is_as_good_as_its_newest_file(tmp_path, signals):
    register_of(tmp_path / "exports" / "0123", optouts())
    (tmp_path / "exports" / "HEAD").write_text("0123\n", encoding="ascii")
    found = told(Screener(parse_policy(POLICY), signals, tmp_path / "exports"))
    assert found["inside"] == ("exclude", ["OPTOUT:contained"])
    with pytest.raises(RegisterError, match="no folder of exported registers"):
        Register.open(tmp_path)
