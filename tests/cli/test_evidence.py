"""`rightful evidence`: documents by digest, and whether a policy's are all there."""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from typer.testing import CliRunner

from rightful.audit.documents import INDEX, Documents, references_of
from rightful.cli import app
from rightful.errors import InputError
from rightful.policy.policy_file import parse_policy, read_policy

SECRET = b"zebra-crossing: what nobody else may read"


def quick(*words, code=0):
    """Run a command in this process; errors of ours come through as they are."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def store(tmp_path):
    return tmp_path / "evidence"


@pytest.fixture
def document(tmp_path):
    file = tmp_path / "licence.txt"
    file.write_bytes(b"Attribution 4.0 International")
    return file


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


def octets_in(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def reference_in(seen):
    return re.search(r"^(evidence = .*)$", seen, re.MULTILINE)[1]


def policy_naming(tmp_path, line):
    text = f'[[sources]]\nname = "web"\nroute = "crawled"\n{line}\n'
    (tmp_path / "policy.toml").write_text(text, encoding="utf-8")
    return tmp_path / "policy.toml"


def test_a_document_is_stored_by_its_digest_and_described(document, store):
    seen = quick("evidence", "add", document, "--to", store, "--note", 'CC "BY" 4.0')
    name = digest(document.read_bytes())
    assert (store / name).read_bytes() == document.read_bytes()
    index = json.loads((store / INDEX).read_text(encoding="utf-8"))
    (entry,) = index["documents"]
    added = datetime.fromisoformat(entry.pop("added_at"))
    assert added.utcoffset().total_seconds() == 0
    assert entry == {
        "sha256": name, "name": "licence.txt", "media_type": "text/plain", "octets": 29, "note": 'CC "BY" 4.0',
        "confidential": False, "custodian": "",
    }  # fmt: skip
    assert reference_in(seen) == f'evidence = ["sha256:{name} CC \\"BY\\" 4.0"]'


def test_what_is_printed_can_be_pasted_into_a_policy(document, store, tmp_path):
    seen = quick("evidence", "add", document, "--to", store, "--note", '证据 "quoted" \\ 4.0')
    policy = read_policy(policy_naming(tmp_path, reference_in(seen)))
    assert policy.sources[0].evidence == (f'sha256:{digest(document.read_bytes())} 证据 "quoted" \\ 4.0',)
    assert "found" in quick("evidence", "check", tmp_path / "policy.toml")


def test_the_same_octets_twice_are_no_change(document, store, tmp_path):
    first = quick("evidence", "add", document, "--to", store, "--note", "the licence")
    before = octets_in(store)
    other = tmp_path / "copy.txt"
    other.write_bytes(document.read_bytes())
    second = quick("evidence", "add", other, "--to", store, "--note", "another note")
    assert octets_in(store) == before
    assert reference_in(first) == reference_in(second)
    assert "there already" in second


def test_the_index_is_sorted_whatever_the_order(tmp_path):
    files = [tmp_path / f"{n}.txt" for n in range(12)]
    for file in files:
        file.write_text(file.name, encoding="utf-8")
    now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    for name, order in (("one", files), ("two", files[::-1])):
        for file in order:
            Documents(tmp_path / name).add(file, now=now)
    assert octets_in(tmp_path / "one") == octets_in(tmp_path / "two")
    assert len(Documents(tmp_path / "one").listed()) == 12


def test_many_at_once_lose_none(tmp_path, store):
    files = [tmp_path / f"{n}.txt" for n in range(24)]
    for file in files:
        file.write_text(file.name, encoding="utf-8")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Documents(store).add, files))
    assert len(Documents(store).listed()) == 24


def test_of_a_confidential_document_nothing_but_the_digest_is_kept(tmp_path, store):
    file = tmp_path / "Contract with Zebra Ltd.pdf"
    file.write_bytes(SECRET)
    seen = quick("evidence", "add", file, "--to", store, "--confidential", "--custodian", "Legal, Ms. Chen")
    kept = b"".join(octets_in(store).values())
    assert b"zebra" not in kept.lower()
    assert not (store / digest(SECRET)).exists()
    assert reference_in(seen) == f'evidence = ["sha256:{digest(SECRET)}"]'
    policy_naming(tmp_path, reference_in(seen))
    told = quick("evidence", "check", tmp_path / "policy.toml")
    assert "only digest (confidential, Legal, Ms. Chen)" in told
    assert "all of 1 are accounted for" in told


@pytest.mark.parametrize(
    "words", [["--confidential"], ["--custodian", "Legal"], ["--confidential", "--custodian", " "]]
)
def test_confidential_and_custodian_go_together(document, store, words):
    with pytest.raises(InputError, match="custodian"):
        quick("evidence", "add", document, "--to", store, *words)
    assert not store.exists()


def test_what_is_confidential_is_not_made_public_by_adding_it_again(tmp_path, store):
    file = tmp_path / "contract.pdf"
    file.write_bytes(SECRET)
    Documents(store).add(file, custodian="Legal")
    with pytest.raises(InputError, match="listed as confidential"):
        Documents(store).add(file)
    assert not (store / digest(SECRET)).exists()


def test_what_is_public_is_not_hidden_by_adding_it_again(document, store):
    Documents(store).add(document)
    with pytest.raises(InputError, match="stored with its octets already"):
        Documents(store).add(document, custodian="Legal")


def test_a_policys_documents_are_found_missing_or_damaged(tmp_path, store):
    for name in ("found", "damaged", "missing"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        Documents(store).add(tmp_path / name, note=f"the {name} one")
    (store / digest(b"damaged")).write_bytes(b"altered")
    (store / digest(b"missing")).unlink()
    references = [f"sha256:{digest(name)} {name.decode()}" for name in (b"found", b"damaged", b"missing", b"never")]
    policy = policy_naming(tmp_path, f"evidence = {json.dumps(references)}")
    seen = quick("evidence", "check", policy, code=1)
    rows = [line.split() for line in seen.splitlines() if "source web" in line]
    assert [row[-1] for row in rows] == ["found", "damaged", "missing", "missing"]
    assert "3 of 4 missing or damaged" in seen
    quick("evidence", "list", "--in", store, code=1)
    for name in ("damaged", "missing"):
        quick("evidence", "add", tmp_path / name, "--to", store)  # the same octets heal it
    assert "1 of 4 missing or damaged" in quick("evidence", "check", policy, "--in", store, code=1)
    listed = quick("evidence", "list", "--in", store)
    assert listed.count("found") >= 3
    assert "the missing one" in listed


def test_a_document_put_there_by_hand_counts_by_its_octets(tmp_path, store):
    store.mkdir()
    (store / digest(SECRET)).write_bytes(SECRET)
    policy = policy_naming(tmp_path, f'evidence = ["sha256:{digest(SECRET)}"]')
    assert "found" in quick("evidence", "check", policy)


def test_every_place_of_a_policy_that_names_evidence_is_looked_at():
    proofs = [f"sha256:{n * 64}" for n in "abcd"]
    policy = parse_policy(f"""
        [scenario]
        evidence = ["{proofs[0]}"]
        [[sources]]
        name = "books"
        route = "purchased"
        evidence = ["{proofs[1]}"]
        contract = {{ training = "granted", evidence = ["{proofs[2]}"] }}
        [[contracts]]
        name = "deal"
        evidence = ["{proofs[3]}"]
    """)
    named = dict(references_of(policy))
    assert named == {
        "scenario": proofs[0],
        "source books": proofs[1],
        "source books, contract": proofs[2],
        "contract deal": proofs[3],
    }
    assert {proof for proof in proofs if proof in policy.canonical} == set(named.values())


def test_a_policy_without_evidence_is_fine(tmp_path):
    assert "refers to no evidence" in quick("evidence", "check", policy_naming(tmp_path, ""))


def test_what_cannot_be_read_is_named(tmp_path, document, store):
    with pytest.raises(InputError, match=r"nowhere\.pdf"):
        quick("evidence", "add", tmp_path / "nowhere.pdf", "--to", store)
    with pytest.raises(InputError, match="not one line"):
        quick("evidence", "add", document, "--to", store, "--note", "two\nlines")
    with pytest.raises(InputError, match="is no folder of documents"):
        quick("evidence", "list", "--in", tmp_path / "none")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        quick("evidence", "add", document, "--to", tmp_path / "file" / "below")


@pytest.mark.parametrize(
    "written", ["{", "[]", '{"format": 9, "documents": []}', '{"format": 1, "documents": [{"x": 1}]}']
)
def test_an_index_that_is_none_is_named_and_kept(document, store, written):
    store.mkdir()
    (store / INDEX).write_text(written, encoding="utf-8")
    with pytest.raises(InputError, match=r"index\.json"):
        quick("evidence", "add", document, "--to", store)
    assert (store / INDEX).read_text(encoding="utf-8") == written


def test_names_of_files_are_printed_as_text(tmp_path, store):
    file = tmp_path / "odd\x1b[2J[red].txt"
    file.write_text("x", encoding="utf-8")
    seen = quick("evidence", "add", file, "--to", store) + quick("evidence", "list", "--in", store)
    assert "\x1b" not in seen
    assert "[red].txt" in seen


@pytest.mark.parametrize("command", ["add", "list", "check"])
def test_every_command_explains_itself(command):
    assert "Usage:" in quick("evidence", command, "--help")
    assert command in quick("evidence", "--help")
