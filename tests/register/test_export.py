"""The exported register against a plain dictionary; what it says of itself; its works; parts and unions of it."""

import pickle
import random
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.register.works_in_words import prose

from rightful.errors import RegisterError
from rightful.register import key_hash
from rightful.register.entries import KeyKind, OptOut, OptOutState
from rightful.register.export import Register, export_register, merge_registers, works_file
from rightful.register.fingerprint import fingerprints_of, text_digest

BITS = {OptOutState.RECEIVED: 1, OptOutState.VERIFIED: 2}
STATES = list(OptOutState)


def digest(number):
    return text_digest(f"work {number}")


names = st.sampled_from(["", "a", "b", "//h.example/", "//h.example/long" * 40, "é", "日本", "\ud800", "a\0", "a" * 8])
digests = st.integers(0, 6).map(digest)
entries_of_keys = st.builds(
    OptOut,
    st.sampled_from([kind for kind in KeyKind if kind is not KeyKind.CONTENT]),
    names,
    st.sampled_from(STATES),
    st.sampled_from(["", "r1", "r2", "r3"]),
)
entries_of_contents = st.builds(
    OptOut, st.just(KeyKind.CONTENT), digests, st.sampled_from(STATES), st.sampled_from(["", "r1", "r2"])
)
some_entries = st.lists(st.one_of(entries_of_keys, entries_of_contents), max_size=40)
hashes = st.sampled_from(["as they are", "all alike", "few", "the last"])
few_files = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def spoil(monkeypatch, how):
    """Let hashes collide: the answers are to stay the same."""
    made = {
        "all alike": lambda values: values * np.uint64(0),
        "few": lambda values: values % np.uint64(3) << np.uint64(62),
        "the last": lambda values: values | np.uint64(2**64 - 2),
    }.get(how)
    if made is not None:
        plain, of_digests = key_hash.key_hashes, key_hash.digest_hashes
        monkeypatch.setattr(key_hash, "key_hashes", lambda keys: made(plain(keys)))
        monkeypatch.setattr(key_hash, "digest_hashes", lambda octets: made(of_digests(octets)))


def in_force(listed):
    """The last word on each request."""
    return {(entry.kind, entry.key, entry.reference): entry for entry in listed}


def found_plainly(listed, kind, keys):
    bits = []
    hits = set()
    for key in keys:
        of_key = [e for e in in_force(listed).values() if (e.kind, e.key) == (kind, key) and e.state in BITS]
        bits.append(sum({BITS[entry.state] for entry in of_key}))
        hits.update((entry.reference, entry.key, entry.state) for entry in of_key)
    return bits, hits


@few_files
@given(some_entries, st.lists(st.one_of(st.none(), names, digests), max_size=30), hashes)
def test_it_finds_what_a_dictionary_finds(tmp_path, listed, asked, how):
    with pytest.MonkeyPatch.context() as monkeypatch:
        spoil(monkeypatch, how)
        register = export_register(listed, tmp_path / "r.arrow")
        register.verify()
        assert len(register) == len(in_force(listed))
        assert {register.entry(row) for row in range(len(register))} == set(in_force(listed).values())
        for kind in KeyKind:
            assert register.has(kind) == any(e.kind is kind and e.state in BITS for e in in_force(listed).values())
            bits, rows = register.find(kind, asked)
            entries = [register.entry(row) for row in rows]
            assert (bits.tolist(), {(e.reference, e.key, e.state) for e in entries}) == found_plainly(
                listed, kind, asked
            )
            assert {entry.kind for entry in entries} <= {kind}


@few_files
@given(some_entries, st.randoms(use_true_random=False), hashes)
def test_the_order_of_entries_changes_nothing(tmp_path, listed, draw, how):
    with pytest.MonkeyPatch.context() as monkeypatch:
        spoil(monkeypatch, how)
        once = export_register(listed, tmp_path / "a.arrow")
        settled = list(in_force(listed).values())
        draw.shuffle(settled)
        again = export_register(settled, tmp_path / "b.arrow")
    assert once.digest == again.digest
    assert once.path.read_bytes() == again.path.read_bytes()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Enough that look-ups come in several portions, and searches in several blocks."""
    made = [OptOut(KeyKind.URL, f"//s{n % 97}.example/{n}", reference=f"r{n}") for n in range(30_000)]
    made += [OptOut(KeyKind.CONTENT, digest(n), reference=f"r{n}") for n in range(5_000)]
    made += [OptOut(KeyKind.URL, "//s1.example/1", OptOutState.RECEIVED, f"more{n}") for n in range(3_000)]
    return export_register(made, tmp_path_factory.mktemp("large") / "r.arrow")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), None])
def test_arrow_columns_and_lists_give_the_same_answer(large, kind):
    draw = random.Random(1)
    numbers = [draw.randrange(60_000) for _ in range(200_000)]
    asked = [None if n % 11 == 0 else f"//s{n % 97}.example/{n}" for n in numbers]
    keys = asked if kind is None else pa.chunked_array([pa.array(["x", *asked], kind).slice(1)])
    bits, rows = large.find(KeyKind.URL, keys)
    wanted = [2 * (n < 30_000 and n % 11 != 0) | (n == 1) for n in numbers]
    assert bits.tolist() == wanted
    named = {n for n in numbers if n < 30_000 and n % 11}
    assert len(rows) == len(named) + 3_000 * (1 in named)
    assert {large.entry(row).key for row in random.Random(2).sample(sorted(rows), 200)} <= set(asked)


def test_contents_are_found_by_octets_as_by_hex(large):
    spelt = [digest(n) if n % 3 else None for n in range(4_000, 6_000)]
    octets = [None if value is None else bytes.fromhex(value) for value in spelt]
    by_hex, rows = large.find(KeyKind.CONTENT, spelt)
    assert by_hex.tolist() == [2 * bool(n < 5_000 and n % 3) for n in range(4_000, 6_000)]
    rows_of_octets = np.frombuffer(b"".join(value for value in octets if value), np.uint8).reshape(-1, 32)
    for asked in (octets, pa.array([None, *octets], pa.binary(32)).slice(1), pa.array(octets, pa.binary())):
        found, same_rows = large.find_digests(asked)
        assert (found.tolist(), same_rows) == (by_hex.tolist(), rows)
    found, same_rows = large.find_digests(rows_of_octets)
    assert (found.tolist(), same_rows) == ([int(b) for b, o in zip(by_hex, octets, strict=True) if o], rows)


def test_what_is_spelt_otherwise_is_no_digest_of_any_work(tmp_path):
    register = export_register([OptOut(KeyKind.CONTENT, "ab" * 32), OptOut(KeyKind.CONTENT, "00" * 32)], tmp_path / "r")
    asked = ["ab" * 32, "AB" * 32, "ab" * 31, "ab" * 31 + "zz", "ab" * 8 + "zz" * 24, "zz" * 32, "\0" * 64, "é" * 32]
    assert register.find(KeyKind.CONTENT, asked)[0].tolist() == [2, 0, 0, 0, 0, 0, 0, 0]
    for key in ("AB" * 32, "ab" * 31, "ab" * 31 + " a b", "zz" * 32):
        with pytest.raises(RegisterError, match="no digest"):
            export_register([OptOut(KeyKind.CONTENT, key)], tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_digests_that_have_hash_or_mark_in_common_are_told_apart(tmp_path):
    """Whoever files digests can choose them so; only the digest of a text is what it is."""
    filed = ["aa" * 8 + "bb" * 24, "cc" * 8 + "dd" * 24, "ee" * 8 + "bb" * 24]
    others = ["aa" * 8 + "dd" * 24, "cc" * 8 + "bb" * 24, "ee" * 8 + "dd" * 24]
    register = export_register([OptOut(KeyKind.CONTENT, key) for key in filed], tmp_path / "r.arrow")
    bits, rows = register.find(KeyKind.CONTENT, others + filed)
    assert (bits.tolist(), len(rows)) == ([0, 0, 0, 2, 2, 2], 3)
    assert register.find(KeyKind.CONTENT, others)[1] == set()


def test_a_look_up_in_nothing_finds_nothing(tmp_path):
    register = export_register([], tmp_path / "r.arrow")
    for kind in KeyKind:
        bits, rows = register.find(kind, pa.array(["a", None]))
        assert (bits.tolist(), rows, register.has(kind)) == ([0, 0], set(), False)
    assert register.find_digests([b"\0" * 32, None])[0].tolist() == [0, 0]
    assert register.columns().num_rows == 0


def hash_as_said(key):
    """What the docstring of `key_hash` says, a word at a time."""
    ones, first, second = 2**64 - 1, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
    if len(key) > 512:
        return xxhash.xxh3_64_intdigest(key)
    hashed = len(key) * first & ones
    for at in range(0, len(key), 8):
        hashed ^= int.from_bytes(key[at : at + 8], "little") * first & ones
        hashed = (hashed ^ hashed >> 32) * second & ones
    return hashed ^ hashed >> 32


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=40), st.lists(st.integers(0, 600), max_size=5), st.integers(0, 3))
def test_hashes_are_the_ones_that_are_written_down(keys, lengths, skipped):
    keys += [random.Random(length).randbytes(length) for length in lengths]
    column = pa.array(keys, pa.large_binary()).slice(skipped)
    assert key_hash.key_hashes(column).tolist() == [hash_as_said(key) for key in keys[skipped:]]


def test_hashes_of_alike_keys_differ():
    keys = [f"//example.org/{a}{b}/page-{c}" for a in "abcdefgh" for b in "ABCDEFGH" for c in range(2_000)]
    made = key_hash.key_hashes(pa.array(keys, pa.large_string()).cast(pa.large_binary()))
    assert len(np.unique(made)) == len(keys)
    assert max(np.bincount((made >> np.uint64(60)).astype(int))) < 1.1 * len(keys) / 16


def test_facts_are_kept_and_covered_by_the_digest(tmp_path):
    listed = [OptOut(KeyKind.SITE, "a.example", reference="1"), OptOut(KeyKind.SITE, "b.example", reference="2")]
    facts = {"requests": {"received": 2}, "log": {"head": "ab", "length": 4}, "as_of": None}
    one = export_register(listed, tmp_path / "a.arrow", facts=facts)
    other = export_register(listed, tmp_path / "b.arrow", facts={})
    assert (one.facts, other.facts) == (facts, {})
    assert one.digest != other.digest
    part = one.part([1], tmp_path / "part.arrow")
    part.verify()
    assert (part.facts, part.version, len(part)) == (facts, one.digest, 1)
    assert pickle.loads(pickle.dumps(part)).version == one.version
    with pytest.raises(RegisterError, match="JSON"):
        export_register(listed, tmp_path / "c.arrow", facts={"when": datetime.now(UTC)})
    assert not list(tmp_path.glob("c.*"))


def with_metadata(file, name, value):
    with pa.OSFile(str(file)) as source:
        table = pa.ipc.open_file(source).read_all()
    table = table.replace_schema_metadata(table.schema.metadata | {f"rightful.{name}".encode(): value.encode()})
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("facts", '{"requests":7}'),
        ("facts", "[]"),
        ("facts", "?"),
        ("version", "sha256:00"),
        ("kinds", '{"url":[0,0],"site":[2,0]}'),
        ("kinds", '{"url":[2,0]}'),
        ("kinds", '{"url":[3,3]}'),
        ("kinds", '{"url":[-1,0],"site":[3,0]}'),
        ("kinds", '{"url":[0,5],"site":[2,2]}'),
        ("kinds", '{"url":7}'),
        ("kinds", '{"url":["a","b"]}'),
        ("works", "sha256:00"),
    ],
)
def test_what_is_stated_about_the_entries_cannot_be_altered(tmp_path, name, value):
    file = tmp_path / "r.arrow"
    listed = [OptOut(KeyKind.SITE, "a.example"), OptOut(KeyKind.SITE, "b.example")]
    export_register(listed, file, facts={"requests": 2})
    with_metadata(file, name, value)
    with pytest.raises(RegisterError):
        Register.open(file).verify()


TEXTS = [prose(n, 200) for n in range(4)]
WORKS = fingerprints_of(TEXTS)


@pytest.fixture
def of_works(tmp_path):
    listed = [OptOut(KeyKind.CONTENT, work.digest, reference=f"r{n}") for n, work in enumerate(WORKS)]
    listed.append(OptOut(KeyKind.SITE, "a.example"))
    return export_register(listed, tmp_path / "register.arrow", works=iter(WORKS))


def digests_in(register):
    return {register.works.digest_of(number) for number in range(len(register.works))}


def test_works_lie_beside_the_register_and_parts_have_theirs(of_works, tmp_path):
    of_works.verify()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["register.arrow", "register.works.arrow"]
    assert digests_in(of_works) == {work.digest for work in WORKS}
    assert digests_in(pickle.loads(pickle.dumps(of_works))) == digests_in(of_works)
    bits, rows = of_works.find(KeyKind.CONTENT, [WORKS[2].digest])
    part = of_works.part(sorted(rows), tmp_path / "part" / "optouts.arrow")
    part.verify()
    assert bits.tolist() == [2]
    assert digests_in(part) == {WORKS[2].digest}
    without = of_works.part([0], tmp_path / "part" / "optouts.arrow")
    assert without.works is None
    assert [file.name for file in (tmp_path / "part").iterdir()] == ["optouts.arrow"]


def test_a_register_with_the_works_of_another_does_not_open(of_works, tmp_path):
    beside = works_file(of_works.path)
    other = export_register([], tmp_path / "other" / "register.arrow", works=WORKS[:1])
    works_file(other.path).replace(beside)
    with pytest.raises(RegisterError):
        Register.open(of_works.path)
    beside.unlink()
    with pytest.raises(RegisterError):
        Register.open(of_works.path)


def test_altered_works_are_found_out(of_works):
    beside = works_file(of_works.path)
    octets = bytearray(beside.read_bytes())
    at = octets.index(bytes.fromhex(WORKS[0].digest))
    octets[at] ^= 1
    beside.write_bytes(octets)
    with pytest.raises(RegisterError):
        Register.open(of_works.path).verify()


def test_an_export_that_fails_leaves_what_was_there(of_works, tmp_path):
    def failing():
        yield WORKS[0]
        raise RegisterError("the database went away")

    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for listed, works in (([], failing()), ([OptOut(KeyKind.CONTENT, "x")], WORKS)):
        with pytest.raises(RegisterError):
            export_register(listed, of_works.path, works=works)
        assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_in_a_union_the_stricter_state_wins(tmp_path):
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

    def of(name, *listed, works=()):
        return export_register([OptOut(*entry) for entry in listed], tmp_path / name, works=works)

    url, site, content = KeyKind.URL, KeyKind.SITE, KeyKind.CONTENT
    received, verified, withdrawn = OptOutState.RECEIVED, OptOutState.VERIFIED, OptOutState.WITHDRAWN
    one = of(
        "a.arrow",
        (url, "//h.example/", verified, "r1", early),
        (url, "//h.example/", received, "r2", early),
        (site, "a.example", withdrawn, "r3", early),
        (content, WORKS[0].digest, verified, "r4", early),
        works=WORKS[:1],
    )
    other = of(
        "b.arrow",
        (url, "//h.example/", received, "r1", late),
        (url, "//h.example/", received, "r2", late),
        (site, "a.example", received, "r3", late),
        (content, WORKS[1].digest, verified, "r4", late),
        works=WORKS[1:2],
    )
    merged = merge_registers([one, other], tmp_path / "c.arrow", version="sha256:77", facts={"as_of": "now"})
    merged.verify()
    assert {merged.entry(row) for row in range(len(merged))} == {
        OptOut(url, "//h.example/", verified, "r1", early),
        OptOut(url, "//h.example/", received, "r2", early),
        OptOut(site, "a.example", received, "r3", late),
        OptOut(content, WORKS[0].digest, verified, "r4", early),
        OptOut(content, WORKS[1].digest, verified, "r4", late),
    }
    assert (merged.version, merged.facts) == ("sha256:77", {"as_of": "now"})
    assert digests_in(merged) == {WORKS[0].digest, WORKS[1].digest}
    nothing = merge_registers([], tmp_path / "d.arrow", version="sha256:78")
    nothing.verify()
    assert (len(nothing), nothing.works) == (0, None)


@few_files
@given(some_entries, some_entries, hashes)
def test_a_union_is_that_of_dictionaries(tmp_path, listed, others, how):
    with pytest.MonkeyPatch.context() as monkeypatch:
        spoil(monkeypatch, how)
        registers = [export_register(each, tmp_path / f"{n}.arrow") for n, each in enumerate((listed, others))]
        merged = merge_registers(registers, tmp_path / "merged.arrow", version="sha256:77")
        wanted = in_force(others)
        for place, entry in in_force(listed).items():
            if BITS.get(wanted.get(place, entry).state, 0) <= BITS.get(entry.state, 0):
                wanted[place] = entry
        assert {merged.entry(row) for row in range(len(merged))} == set(wanted.values())


def test_a_look_at_rows_there_are_not_is_an_error(large):
    for row in (-1, len(large)):
        with pytest.raises(IndexError):
            large.entry(row)


def test_opening_looks_at_no_entry(large):
    """What `has` says comes from the file's metadata: no column is read, so opening takes as long for ten millions."""
    register = Register.open(large.path)
    register._file._numbers.clear()
    register._file._columns.clear()
    assert [register.has(kind) for kind in KeyKind] == [True, False, False, False, False, True]
    assert len(register) == 38_000


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux says what of a file is resident")
def test_looking_up_leaves_the_keys_where_they_are(tmp_path):
    keys = [f"//s.example/{n:08}/" + "x" * 400 for n in range(40_000)]
    register = export_register((OptOut(KeyKind.URL, key) for key in keys), tmp_path / "keys.arrow")
    bits, rows = register.find(KeyKind.URL, keys)
    assert (int(bits.sum()), len(rows)) == (80_000, 40_000)
    assert register.path.stat().st_size > 16 << 20
    assert resident(register.path) < 4 << 20


def resident(path):
    """Octets of a file that this process has mapped and present."""
    total = 0
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) << 10
    return total
