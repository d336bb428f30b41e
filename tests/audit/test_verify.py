"""Verifying: a whole run passes, and nothing can be altered in it without being named."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rightful.audit.verify import verify_run
from rightful.errors import VerificationError
from rightful.files import digest_of
from rightful.ledger.checksums import NAME as CHECKSUMS
from rightful.ledger.checksums import files_of, write_checksums
from rightful.ledger.merkle import files_root, merkle_root
from rightful.ledger.run_directory import MANIFEST, RunDirectory, count_sites
from rightful.register.export import Register, works_file


@pytest.fixture
def run(finished_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(finished_run, copy)
    return copy


def test_a_whole_run_passes(finished_run):
    outcome = verify_run(finished_run, everything=True)
    assert outcome.findings == ()
    outcome.raise_for_findings()
    notes = {step.name: step.note for step in outcome.steps}
    records = RunDirectory(finished_run).manifest.counts.records
    assert notes["records looked up again"] == f"{records:,} of {records:,} records"
    assert "agree" in notes["second opinion on robots.txt"]
    assert not any(step.skipped for step in outcome.steps)


def test_one_flipped_byte_in_any_file_fails_it_and_names_the_file(run):
    for name in [*files_of(run), CHECKSUMS]:
        file = run / name
        octets = file.read_bytes()
        for at in sorted({0, len(octets) // 2, len(octets) - 1}):
            altered = bytearray(octets)
            altered[at] ^= 1
            file.write_bytes(altered)
            findings = verify_run(run).findings
            assert any(name in finding for finding in findings), (name, at, findings)
        file.write_bytes(octets)
    assert verify_run(run).findings == ()


def test_a_file_too_many_or_too_few_is_named(run):
    (run / "data/train-00009-of-00001.parquet").write_bytes(b"smuggled")
    assert any("train-00009-of-00001.parquet is not listed" in f for f in verify_run(run).findings)
    (run / "data/train-00009-of-00001.parquet").unlink()
    (run / "rightful/sites.parquet").unlink()
    assert any("sites.parquet is missing" in f for f in verify_run(run).findings)


def test_a_repositorys_own_files_are_no_part_of_it(run):
    (run / ".git").mkdir()
    (run / ".git/config").write_text("[core]", encoding="utf-8")
    (run / ".gitattributes").write_text("*.parquet filter=lfs", encoding="utf-8")
    assert verify_run(run).findings == ()


def seal_again(run):
    """Do what a forger with our own tools would do: make every digest fit again."""
    later = {MANIFEST, "rightful/quality.json", "rightful/matching.json", "card.json", "README.md", "LICENSE.md"}
    later.add("croissant.json")
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    for file in manifest["data"]:
        file["sha256"] = digest_of(run / file["path"])
        file["octets"] = (run / file["path"]).stat().st_size
    manifest["root"] = files_root({name: digest_of(run / name) for name in files_of(run) if name not in later})
    (run / MANIFEST).write_text(
        json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    write_checksums(run)


def test_sealing_an_untouched_run_again_changes_nothing(run):
    before = {name: (run / name).read_bytes() for name in [*files_of(run), CHECKSUMS]}
    seal_again(run)
    assert before == {name: (run / name).read_bytes() for name in [*files_of(run), CHECKSUMS]}


def rewrite(file, change):
    table = pq.read_table(file)
    pq.write_table(change(table), file, compression="zstd")


def with_column(table, name, values):
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(name), pa.array(values, table.schema.field(name).type))


def admit_one_more(run):
    """Turn an excluded record of the ledger into an admitted one."""

    def change(table):
        rows = table.to_pylist()
        model = next(row for row in rows if row["admission"] == "admit")
        victim = next(row for row in rows if row["admission"] == "exclude")
        for name in ("admission", "reasons", "tier", "situation"):
            victim[name] = model[name]
        return pa.Table.from_pylist(rows, schema=table.schema)

    rewrite(run / "rightful/ledger/part-00000.parquet", change)


def move_a_url(run):
    """Give an admitted record of the ledger the address of a site that denies."""

    def change(table):
        rows = table.to_pylist()
        victim = next(row for row in rows if row["admission"] == "admit" and row["url"].startswith("http://open-news"))
        victim["url"] = "http://closed.example/page/1"
        victim["site"] = "open-news.example"
        return pa.Table.from_pylist(rows, schema=table.schema)

    rewrite(run / "rightful/ledger/part-00000.parquet", change)


def drop_a_record_from_the_data(run):
    rewrite(next((run / "data").iterdir()), lambda table: table.slice(1))


def swap_a_record_in_the_data(run):
    def change(table):
        ids = table["id"].to_pylist()
        return with_column(table, "id", ["smuggled", *ids[1:]])

    rewrite(next((run / "data").iterdir()), change)


def relabel_the_data(run):
    def change(table):
        rights = table["rights"].to_pylist()
        rights[0]["situation"] = rights[-1]["situation"] ^ 1
        return with_column(table, "rights", rights)

    rewrite(next((run / "data").iterdir()), change)


def relabel_a_tier_in_the_data(run):
    def change(table):
        rights = table["rights"].to_pylist()
        rights[0] |= {"remuneration": "none", "licence": "CC0-1.0", "conditions": []}
        return with_column(table, "rights", rights)

    rewrite(next((run / "data").iterdir()), change)


def move_a_url_in_the_data(run):
    def change(table):
        urls = table["url"].to_pylist()
        return with_column(table, "url", ["http://closed.example/page/1", *urls[1:]])

    rewrite(next((run / "data").iterdir()), change)


def replace_a_text_in_the_data(run):
    """Same length, same id, same address: another text."""

    def change(table):
        texts = table["text"].to_pylist()
        return with_column(table, "text", [texts[0][::-1], *texts[1:]])

    rewrite(next((run / "data").iterdir()), change)


def tell_of_other_values(run):
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    manifest["unknown_values"]["licence=of our own"] = 3
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def decide_a_situation_otherwise(run):
    def change(table):
        rows = table.to_pylist()
        victim = next(row for row in rows if row["admission"] == "exclude")
        victim |= {"admission": "admit", "reasons": ["GENERAL"], "tier": "EXEMPT_GENERAL", "basis": "policy:seed-paper"}
        return pa.Table.from_pylist(rows, schema=table.schema)

    rewrite(run / "rightful/situations.parquet", change)


def miscount_the_sites(run):
    rewrite(
        run / "rightful/sites.parquet", lambda table: with_column(table, "admit", [1, *table["admit"].to_pylist()[1:]])
    )


def loosen_the_policy(run):
    file = run / "rightful/policy.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("wildcard = true", "wildcard = false"), encoding="utf-8")


def miscount_in_the_manifest(run):
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    manifest["counts"]["admit"] += 1
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def embellish_the_card(run):
    file = run / "card.json"
    card = json.loads(file.read_text(encoding="utf-8"))
    card["funnel"]["hold"] = 0
    file.write_text(json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def embellish_the_readme(run):
    file = run / "README.md"
    file.write_text(file.read_text(encoding="utf-8").replace("excluded", "included", 1), encoding="utf-8")


def lose_an_optout(run):
    file = run / "rightful/evidence/optouts.arrow"
    register = Register.open(file)
    rows = list(range(len(register)))
    fewer = register.part(rows[1:], file.with_name("fewer.arrow"))
    if fewer.works is not None:
        works_file(fewer.path).replace(works_file(file))
    fewer.path.replace(file)


def replace_a_robots_txt(run):
    """Put another body under a capture, and name the files by what they now hold."""
    parts = run / "rightful/evidence/parts"
    file = next(parts.glob("captures-*"))
    table = pq.read_table(file)
    digests = table["body_sha256"].to_pylist()
    lenient = next(row["body_sha256"] for row in table.to_pylist() if row["origin"] == "http://open-news.example")
    origins = table["origin"].to_pylist()
    changed = [lenient if o == "http://closed.example" else d for o, d in zip(origins, digests, strict=True)]
    pq.write_table(with_column(table, "body_sha256", changed), file)
    renamed = parts / f"captures-{digest_of(file)}.parquet"
    file.rename(renamed)
    version = next((run / "rightful/evidence/versions").iterdir())
    content = json.loads(version.read_text(encoding="utf-8"))
    content["parts"][0]["captures"] = renamed.name
    version.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    named = version.with_name(f"{digest_of(version)}.json")
    version.rename(named)
    (run / "rightful/evidence/HEAD").write_text(f"{named.stem}\n", encoding="ascii")
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    manifest["evidence"] = f"sha256:{named.stem}"
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def in_manifest(run, change):
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    change(manifest)
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def in_ledger(run, change):
    def changed(table):
        rows = table.to_pylist()
        change(rows)
        return pa.Table.from_pylist(rows, schema=table.schema)

    rewrite(run / "rightful/ledger/part-00000.parquet", changed)


def first_excluded(rows):
    return next(row for row in rows if row["admission"] == "exclude" and row["url"])


def ship_another_shard(run):
    shutil.copy(next((run / "data").iterdir()), run / "data/train-00001-of-00001.parquet")


def ship_a_hidden_shard(run):
    shutil.copy(next((run / "data").iterdir()), run / "data/.more.parquet")


def add_a_certificate(run):
    (run / "README_certified.md").write_text("All of it is certified.", encoding="utf-8")


def link_a_folder(run):
    (run / "data/more").symlink_to(run / "rightful")


def link_a_file(run):
    file = next((run / "data").iterdir())
    elsewhere = run.parent / "elsewhere.parquet"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def call_it_a_ledger(run):
    in_manifest(run, lambda manifest: manifest.update(mode="ledger", data=[]))


def better_the_quality(run):
    file = run / "rightful/quality.json"
    quality = json.loads(file.read_text(encoding="utf-8"))
    for row in quality["results"]:
        row["failures"] = row["unexpected"] = 0
    quality["rows"] += 1
    file.write_text(json.dumps(quality), encoding="utf-8")


def ask_for_less_quality(run):
    file = run / "rightful/quality.json"
    quality = json.loads(file.read_text(encoding="utf-8"))
    quality["results"] = quality["results"][:1]
    file.write_text(json.dumps(quality), encoding="utf-8")


def accuse_another_site(run):
    in_ledger(run, lambda rows: first_excluded(rows).update(site="innocent.example"))
    sites = count_sites(RunDirectory(run).ledger_batches(["site", "admission"]))
    pq.write_table(sites, run / "rightful/sites.parquet")


def hide_a_url_behind_a_digest(run):
    in_ledger(run, lambda rows: first_excluded(rows).update(url=None, url_sha256=b"\0" * 32))


def number_the_rows_anew(run):
    in_ledger(run, lambda rows: [row.update(row=7) for row in rows])


def lose_an_excluded_record(run):
    in_ledger(run, lambda rows: rows.remove(first_excluded(rows)))


def date_the_data_otherwise(run):
    in_manifest(run, lambda m: m["data"][0].update(fetched=["2001-01-01T00:00:00+00:00", "2002-01-01T00:00:00+00:00"]))


def claim_another_ruleset(run):
    in_manifest(run, lambda manifest: manifest.update(ruleset="99"))


def rename_the_policy(run):
    in_manifest(run, lambda manifest: manifest["policy"].update(name="blessed"))


def take_the_ids_away(run):
    rewrite(next((run / "data").iterdir()), lambda table: with_column(table, "id", [None] * len(table)))


def stamp_the_data_otherwise(run):
    def change(table):
        return table.replace_schema_metadata({**table.schema.metadata, b"rightful.policy": b"sha256:another"})

    rewrite(next((run / "data").iterdir()), change)


def test_a_card_of_another_version_says_which_one_to_ask(run):
    manifest = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    manifest["tool"] = "rightful 0.0.1"
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    seal_again(run)
    assert any("verify with rightful 0.0.1, which made it" in finding for finding in verify_run(run).findings)


FORGERIES = [
    (admit_one_more, "situations.parquet does not count"),
    (move_a_url, "by the evidence"),
    (drop_a_record_from_the_data, "holds other records"),
    (swap_a_record_in_the_data, "holds other records"),
    (relabel_the_data, "holds other records, or other labels"),
    (relabel_a_tier_in_the_data, "rights of 1 records is otherwise"),
    (move_a_url_in_the_data, "url of 1 records is otherwise"),
    (replace_a_text_in_the_data, "text_sha256 of 1 records is otherwise"),
    (tell_of_other_values, "other unknown values"),
    (decide_a_situation_otherwise, "decided otherwise"),
    (miscount_the_sites, "sites.parquet does not count"),
    (loosen_the_policy, "policy.toml has the id"),
    (miscount_in_the_manifest, "does not count"),
    (embellish_the_card, "card.json is not what the files of the run give"),
    (embellish_the_readme, "README.md is not what the files of the run give"),
    (lose_an_optout, "by the evidence"),
    (ship_another_shard, "train-00001-of-00001.parquet is no file of a run"),
    (ship_a_hidden_shard, "data/.more.parquet is no file of a run"),
    (add_a_certificate, "README_certified.md is no file of a run"),
    (link_a_folder, "data/more is no file of a run"),
    (link_a_file, "is a link"),
    (call_it_a_ledger, "is no file of a run"),
    (better_the_quality, "quality.json is not what the data gives"),
    (ask_for_less_quality, "quality.json is not what the data gives"),
    (accuse_another_site, "the ledger says another"),
    (hide_a_url_behind_a_digest, "url is 'no-url' by the evidence"),
    (number_the_rows_anew, "does not follow the inputs"),
    (lose_an_excluded_record, "does not follow the inputs"),
    (date_the_data_otherwise, "fetched at other times"),
    (claim_another_ruleset, "says ruleset 99"),
    (rename_the_policy, "calls the policy otherwise"),
    (take_the_ids_away, "holds other records"),
    (stamp_the_data_otherwise, "decided under another policy"),
    (replace_a_robots_txt, "by the evidence"),
]


@pytest.mark.parametrize(("forge", "words"), FORGERIES, ids=lambda value: getattr(value, "__name__", None))
def test_a_forger_with_our_tools_is_found_out(run, forge, words):
    """Every digest fits again, and still the run does not hold together."""
    forge(run)
    seal_again(run)
    outcome = verify_run(run, everything=True)
    assert any(words in finding for finding in outcome.findings), outcome.findings
    with pytest.raises(VerificationError):
        outcome.raise_for_findings()


def test_a_folder_that_is_no_run_is_said(tmp_path):
    assert verify_run(tmp_path).findings
    assert verify_run(tmp_path / "nowhere").findings


def test_merkle_roots():
    """RFC 6962 2.1.1: leaves and nodes are hashed apart, so that no leaf passes for a node."""
    one, two = merkle_root([b"a"]), merkle_root([b"a", b"b"])
    assert len({one, two, merkle_root([]), merkle_root([b"b", b"a"]), merkle_root([b"a", b"b", b"c"])}) == 5
    assert merkle_root([b"a", b"b", b"c"]) != merkle_root([b"a", b"b", b"c", b"c"])
