"""The register: what is read, what is found, and that nothing is dropped or altered unnoticed."""

import contextlib
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.errors import MissingColumnError, RegisterError
from rightful.register.entries import KeyKind, OptOut, OptOutState, canonical_key
from rightful.register.export import Register, export_register, open_register
from rightful.register.fingerprint import canonical_text, text_digest
from rightful.register.importing import read_entries

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("kind", "value", "key"),
    [
        ("url", "https://Example.org:443/essay?x=1#top", "//example.org/essay?x=1"),
        ("url", "http://example.org/essay?x=1", "//example.org/essay?x=1"),
        ("url", "example.org/%7Eme/", "//example.org/~me/"),
        ("url", "https://example.org:8443/a", "//example.org:8443/a"),
        ("prefix", "https://example.org/blog/", "//example.org/blog/"),
        ("prefix", "example.org", "//example.org/"),
        ("host", "WWW.Example.ORG.", "www.example.org"),
        ("site", "*.bücher.example", "xn--bcher-kva.example"),
        ("account", " GitHub/Ｆoo ", "github/foo"),
        ("content", f"sha256:{DIGEST.upper()}", DIGEST),
    ],
)
def test_keys_have_one_spelling(kind, value, key):
    assert canonical_key(KeyKind(kind), value) == key


def test_an_account_of_nothing_but_marks_has_its_key_at_once():
    one, other = (canonical_key(KeyKind.ACCOUNT, "A" + marks * 400_000) for marks in ("\u0301\u0323", "\u0323\u0301"))
    assert one == other  # takes hours where marks are put in order one by one


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("url", "not a url"),
        ("url", "mailto:a@b.example"),
        ("host", "a/b"),
        ("host", "h:80"),
        ("content", "abc"),
        ("account", " "),
    ],
)
def test_what_is_no_key_is_refused_with_a_hint(kind, value):
    with pytest.raises(RegisterError) as caught:
        canonical_key(KeyKind(kind), value)
    assert caught.value.hint


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_lists_of_every_kind_are_read(tmp_path):
    csv = write(
        tmp_path, "a.csv", "\ufeffkind,value,state,reference\nsite,example.org,received,r1\nurl,https://h.example/,,\n"
    )
    jsonl = write(tmp_path, "b.jsonl", '{"domain": "other.example", "id": 7, "received_at": "2026-03-01"}\n\n')
    pq.write_table(pa.table({"sha256": [DIGEST], "state": ["withdrawn"]}), tmp_path / "c.parquet")
    found = read_entries([csv, jsonl, tmp_path / "c.parquet"])
    assert [(e.kind.value, e.key, e.state.value, e.reference) for e in found] == [
        ("site", "example.org", "received", "r1"),
        ("url", "//h.example/", "verified", ""),
        ("site", "other.example", "verified", "7"),
        ("content", DIGEST, "withdrawn", ""),
    ]
    assert found[2].received_at.isoformat() == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "kind,value\nsite,example.org\nsite,a/b\n", "a.csv, line 3: 'a/b' is no site"),
        ("a.csv", "kind,value\nstie,example.org\n", "a.csv, line 2: 'stie' is no kind"),
        ("a.csv", "url,state\nhttps://h.example/,maybe\n", "a.csv, line 2: 'maybe' is no state"),
        ("a.csv", 'url\n""\n', "names nothing to opt out"),
        ("a.csv", "url,received_at\nhttps://h.example/,soon\n", "line 2"),
        ("a.jsonl", '{"url": "https://h.example/"}\nnot json\n', "a.jsonl, line 2: no JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl, line 1: not a JSON object"),
        ("a.parquet", "PAR1", "no Parquet file"),
        ("a.txt", "x", "opt-outs are read from"),
    ],
)
def test_a_row_that_cannot_be_read_stops_the_import_and_is_named(tmp_path, name, text, words):
    with pytest.raises(RegisterError) as caught:
        read_entries([write(tmp_path, name, text)])
    assert words in str(caught.value)


def test_a_list_without_a_usable_column_says_so(tmp_path):
    with pytest.raises(MissingColumnError, match="the columns are: who, what"):
        read_entries([write(tmp_path, "a.csv", "who,what\nme,it\n")])


def entries(*rows):
    return [OptOut(KeyKind(kind), key, OptOutState(state), reference) for kind, key, state, reference in rows]


def test_lookups_confirm_the_key_and_join_states(tmp_path):
    register = export_register(
        entries(
            ("site", "example.org", "received", "r1"),
            ("site", "example.org", "verified", "r2"),
            ("site", "rejected.example", "rejected", "r3"),
            ("host", "example.org", "received", "r4"),
        ),
        tmp_path / "r.arrow",
    )
    bits, rows = register.find(KeyKind.SITE, ["nowhere.example", "example.org", "rejected.example"])
    assert bits.tolist() == [0, 3, 0]
    found = [register.entry(row) for row in sorted(rows)]
    assert {(entry.kind, entry.key) for entry in found} == {(KeyKind.SITE, "example.org")}
    assert {entry.reference for entry in found} == {"r1", "r2"}
    assert register.find(KeyKind.HOST, ["example.org"])[0].tolist() == [1]
    assert register.find(KeyKind.URL, ["//example.org/"])[0].tolist() == [0]
    assert register.find(KeyKind.SITE, [])[0].tolist() == []


def test_colliding_hashes_remove_nobodys_record(tmp_path, monkeypatch):
    monkeypatch.setattr("rightful.register.key_hash.key_hashes", lambda keys: np.full(len(keys), 7, np.uint64))
    register = export_register(
        entries(*[("site", f"s{n}.example", "verified", "") for n in range(50)]), tmp_path / "r.arrow"
    )
    assert register.find(KeyKind.SITE, ["s49.example", "s50.example", "s0.example"])[0].tolist() == [2, 0, 2]


def test_the_last_word_on_a_request_counts(tmp_path):
    register = export_register(
        entries(("url", "//h.example/", "verified", "r1"), ("url", "//h.example/", "withdrawn", "r1")),
        tmp_path / "r.arrow",
    )
    assert len(register) == 1
    assert register.find(KeyKind.URL, ["//h.example/"])[0].tolist() == [0]
    assert not register.has(KeyKind.URL)


def test_the_digest_is_of_the_content(tmp_path):
    rows = [("site", "a.example", "verified", "1"), ("url", "//b.example/", "received", "2")]
    one = export_register(entries(*rows), tmp_path / "a.arrow")
    two = export_register(entries(*reversed(rows)), tmp_path / "b.arrow")
    other = export_register(entries(*rows[:1]), tmp_path / "c.arrow")
    assert one.digest == two.digest != other.digest
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()
    one.verify()


@pytest.mark.parametrize("flipped", [0x01, 0x80])
def test_an_altered_register_is_found_out_and_crashes_nobody(tmp_path, flipped):
    file = tmp_path / "r.arrow"
    export_register(entries(("site", "example.org", "verified", "request"), ("content", DIGEST, "received", "")), file)
    octets = file.read_bytes()
    found = 0
    for at in range(len(octets)):
        altered = bytearray(octets)
        altered[at] ^= flipped
        file.write_bytes(altered)
        with contextlib.suppress(RegisterError):  # whoever does not verify may get a wrong answer, but an answer
            look_at_everything(Register.open(file))
        try:
            Register.open(file).verify()
        except RegisterError:
            found += 1
        else:
            # What may change unnoticed is padding and Arrow's own bookkeeping, never an entry.
            assert Register.open(file).entry(0) == OptOut(KeyKind.SITE, "example.org", OptOutState.VERIFIED, "request")
    assert found > 50


def look_at_everything(register):
    register.find(KeyKind.SITE, ["example.org", "example.com"])
    register.find(KeyKind.CONTENT, [DIGEST, "cd" * 32])
    assert register.prefixes == {}
    for row in range(len(register)):
        with contextlib.suppress(RegisterError):
            register.entry(row)


def test_a_register_that_was_cut_off_is_none(tmp_path):
    file = tmp_path / "r.arrow"
    export_register(entries(*[("site", f"s{n}.example", "verified", f"r{n}") for n in range(100)]), file)
    octets = file.read_bytes()
    for length in range(0, len(octets), 97):
        file.write_bytes(octets[:length])
        with pytest.raises(RegisterError):
            Register.open(file)


def test_a_register_of_an_older_format_is_to_be_exported_again(tmp_path):
    table = pa.table({"hash": pa.array([1], pa.uint64())}).replace_schema_metadata({"rightful.format": "1"})
    with pa.OSFile(str(tmp_path / "r.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(RegisterError, match="export it again"):
        Register.open(tmp_path / "r.arrow")


def test_it_pickles_to_path_and_digest(tmp_path):
    register = export_register(entries(("site", "example.org", "verified", "")), tmp_path / "r.arrow")
    assert len(pickle.dumps(register)) < 500
    assert pickle.loads(pickle.dumps(register)).digest == register.digest
    export_register(entries(("site", "example.com", "verified", "")), tmp_path / "r.arrow")
    with pytest.raises(RegisterError, match="not sha256"):
        open_register(tmp_path / "r.arrow", register.digest)


def test_what_is_no_register_is_said(tmp_path):
    for octets in (b"", b"ARROW1", b"kind,value\n"):
        (tmp_path / "x").write_bytes(octets)
        with pytest.raises(RegisterError, match="rightful optout import"):
            Register.open(tmp_path / "x")
    with pytest.raises(RegisterError):
        Register.open(tmp_path / "nowhere")


def test_an_empty_register_finds_nothing(tmp_path):
    register = export_register([], tmp_path / "r.arrow")
    register.verify()
    assert len(register) == 0
    assert register.prefixes == {}
    assert register.find(KeyKind.URL, ["//h.example/"])[0].tolist() == [0]


@given(st.text())
def test_canonical_texts_are_settled(text):
    once = canonical_text(text)
    assert canonical_text(once) == once
    assert len(text_digest(text)) == 64


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The  Walnut\n\tTree ", "the walnut tree"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("ﬁne", "fine"),
        ("Straße", "STRASSE"),
        ("一　二", "一 二"),
    ],
)
def test_layout_case_and_width_do_not_make_another_work(one, other):
    assert text_digest(one) == text_digest(other)


def test_words_and_punctuation_do():
    assert len({text_digest(t) for t in ("a b", "a, b", "ab", "b a", "a b c")}) == 5
