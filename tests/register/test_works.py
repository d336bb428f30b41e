"""The file of works' fingerprints: what it finds, what it counts as common, and what it refuses."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.register.works_in_words import edited, hanzi, prose

from rightful.errors import RegisterError
from rightful.register.fingerprint import fingerprints_of, text_digest
from rightful.register.keyed import keyed
from rightful.register.shingles import shingles_of
from rightful.register.works import WorksIndex, merge_works, notices, works_in_memory, write_works

TEXTS = [*(prose(n, 40 + 90 * n) for n in range(12)), *(hanzi(n) for n in range(5))]
KEY = bytes(32)


def under_key(hashes):
    return keyed(hashes, KEY)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "works.arrow"


def columns_of(index):
    by_work = [{} for _ in range(len(index))]
    for value, work, common in zip(index.hashes.tolist(), index.works.tolist(), index.frequency.tolist(), strict=True):
        by_work[work][value] = common
    return {index.digest_of(n): by_work[n] for n in range(len(index))}


def test_every_sampled_hash_of_every_work_is_found_and_no_other(file):
    works = fingerprints_of(TEXTS)
    index = WorksIndex.open(file, write_works(works, file, key=KEY))
    index.verify()
    draw = random.Random(3)
    asked = [int(value) for work in works for value in under_key(work.hashes)]
    asked += [draw.randrange(1 << 64) for _ in range(2_000)] + [value + 1024 for value in asked[:500]]
    draw.shuffle(asked)
    at, entries = index.runs_with(np.array(asked, np.uint64)).entries()
    found = {
        (asked[a], index.digest_of(int(index.works[e]))) for a, e in zip(at.tolist(), entries.tolist(), strict=True)
    }
    assert found == {(int(value), work.digest) for work in works for value in under_key(work.hashes)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=30), min_size=1, max_size=6), st.integers(0, 8))
def test_entries_are_those_of_a_plain_search(tables, spread):
    """Hashes so close together that tables of upper bits tell few apart."""
    hashes = np.sort(np.array([value << (spread * 7) for each in tables for value in set(each)], np.uint64))
    from rightful.register.works_columns import with_tables

    columns = {"hash": hashes, "work": np.zeros(len(hashes), np.uint32), "frequency": np.zeros(len(hashes), np.uint8),
               "scale": np.ones(1, np.uint8), "shingles": np.ones(1, np.uint32)}  # fmt: skip
    asked = np.array([value << (spread * 7) for value in range(42)], np.uint64)
    at, entries = WorksIndex(None, with_tables(columns), "").runs_with(asked).entries()
    naive = [(a, e) for a, one in enumerate(asked) for e, other in enumerate(hashes) if one == other]
    assert sorted(zip(at.tolist(), entries.tolist(), strict=True)) == naive


def test_it_is_the_same_file_in_any_order(tmp_path):
    works = fingerprints_of(TEXTS)
    one, other = tmp_path / "one", tmp_path / "other"
    assert write_works(works, one, key=KEY) == write_works([*reversed(works), works[3]], other, key=KEY)
    assert one.read_bytes() == other.read_bytes()


def test_no_works_are_an_index_of_none(file):
    index = WorksIndex.open(file, write_works([], file, key=KEY))
    index.verify()
    assert len(index) == 0
    assert index.runs_with(np.array([1, 2], np.uint64)).at.size == 0


def test_what_stands_in_many_unrelated_works_is_common_and_what_stands_in_copies_is_not(file):
    boilerplate = prose("boilerplate", 60)
    pages = [f"{prose(f'page {n}')} {boilerplate}" for n in range(10)]
    essay = prose("essay", 300)
    copies = [edited(essay, 0.01, n) for n in range(10)]
    write_works(fingerprints_of([*pages, *copies]), file, key=KEY)
    by_work = columns_of(WorksIndex.open(file))
    shared = set(under_key(shingles_of([boilerplate]).of(0)).tolist())
    of_page = by_work[text_digest(pages[0])]
    assert {common for value, common in of_page.items() if value in shared} == {9}
    assert max(common for value, common in of_page.items() if value not in shared) <= 1
    assert max(by_work[text_digest(copies[0])].values()) <= 1


def test_a_background_makes_common_what_its_documents_share_and_not_what_they_copy(file):
    boilerplate, essay = prose("notice", 60), prose("long essay", 200)
    work = f"{essay} {boilerplate}"
    background = [
        [f"{prose(f'other {n}')} {boilerplate}" for n in range(20)],
        [f"{prose(n)} {work}" for n in range(30)],
    ]
    write_works(fingerprints_of([work]), file, key=KEY, background=background)
    (found,) = columns_of(WorksIndex.open(file)).values()
    shared = set(under_key(shingles_of([boilerplate]).of(0)).tolist())
    assert {common for value, common in found.items() if value in shared} == {20}
    assert {common for value, common in found.items() if value not in shared} == {0}


def test_notices_that_are_everywhere_are_no_part_of_a_work(file):
    essay = prose("licensed", 200)
    write_works(fingerprints_of([f"{essay}\n{notices()[0]}", notices()[1]]), file, key=KEY)
    index = WorksIndex.open(file)
    by_work = columns_of(index)
    assert not by_work[text_digest(notices()[1])]
    assert not set(by_work[text_digest(f"{essay}\n{notices()[0]}")]) & set(
        under_key(shingles_of(notices()).hashes).tolist()
    )


def test_a_part_keeps_what_is_known_and_parts_together_are_the_whole(tmp_path):
    works = fingerprints_of([*TEXTS, *(f"{prose(n)} {prose('common', 40)}" for n in range(4))])
    write_works(works, tmp_path / "whole", key=KEY)
    whole = WorksIndex.open(tmp_path / "whole")
    half = {work.digest for work in works[::2]}
    parts = []
    for name, digests in (("a", half), ("b", {work.digest for work in works} - half), ("c", {works[0].digest})):
        digest = whole.part(digests, tmp_path / name)
        parts.append(WorksIndex.open(tmp_path / name, digest))
        parts[-1].verify()
        assert columns_of(parts[-1]) == {d: values for d, values in columns_of(whole).items() if d in digests}
    again = WorksIndex.open(tmp_path / "again", merge_works(parts, tmp_path / "again"))
    assert columns_of(again) == columns_of(whole)
    assert {index.key for index in (*parts, again)} == {None}
    assert whole.part({"00" * 32}, tmp_path / "none") is None
    assert merge_works([], tmp_path / "none") is None


def test_merging_finds_whatever_one_of_them_found(tmp_path):
    work, common = fingerprints_of([prose("w")])[0], shingles_of([prose("w")]).of(0)
    background = [[" ".join(prose("w").split()[:50]) + " " + prose(n) for n in range(5)]]
    write_works([work], tmp_path / "rare", key=KEY)
    write_works([work], tmp_path / "common", key=KEY, background=background)
    indexes = [WorksIndex.open(tmp_path / name) for name in ("common", "rare")]
    assert len(common) == len(indexes[0].hashes)
    assert max(indexes[0].frequency) == 5
    merge_works(indexes, tmp_path / "both")
    assert max(WorksIndex.open(tmp_path / "both").frequency) == 0


@pytest.mark.parametrize("name", ["hash", "work", "frequency", "filter", "bucket", "digest", "shingles", "scale"])
def test_any_altered_column_is_found(file, name):
    digest = write_works(fingerprints_of(TEXTS), file, key=KEY)
    table = pa.ipc.open_file(file.read_bytes()).read_all()  # not mapped: the file is written anew below
    values = table.column(name).chunk(0).values.to_numpy().copy()
    values[len(values) // 2] ^= 1
    lists = pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), pa.array(values))
    table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), lists)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(RegisterError, match="altered"):
        WorksIndex.open(file, digest).verify()


@pytest.mark.parametrize("octets", [b"", b"nothing", None])
def test_what_is_no_such_file_is_refused(file, octets):
    if octets is not None:
        file.write_bytes(octets)
    with pytest.raises(RegisterError, match="fingerprints"):
        WorksIndex.open(file)
    write_works(fingerprints_of(TEXTS), file, key=KEY)
    with pytest.raises(RegisterError, match="exported with"):
        WorksIndex.open(file, "sha256:" + "0" * 64)


def test_in_memory_it_is_the_same(file):
    works = fingerprints_of(TEXTS)
    write_works(works, file, key=KEY)
    assert columns_of(works_in_memory(works)) == columns_of(WorksIndex.open(file))


def test_what_was_common_in_a_background_stays_so_without_it_and_under_another_key(tmp_path):
    notice, essay = prose("notice", 60), prose("essay of a thousand", 200)
    work = fingerprints_of([f"{essay} {notice}"])
    background = [[f"{prose(f'other {n}')} {notice}" for n in range(20)]]
    write_works(work, tmp_path / "first", key=KEY, background=background)
    first = WorksIndex.open(tmp_path / "first")
    later = fingerprints_of([prose("came later")])
    for name, key in (("same", KEY), ("other", bytes(range(32)))):
        write_works([*later, *work], tmp_path / name, key=key, before=first)
        frequency = WorksIndex.open(tmp_path / name).frequency
        assert (frequency == 20).sum() == (first.frequency == 20).sum() > 40


def test_without_its_key_nobody_can_tell_which_words_a_hash_is_of(tmp_path):
    """The words of a work cannot be guessed one after the other: their hashes are none of those that are kept."""
    works = fingerprints_of(TEXTS)
    write_works(works, tmp_path / "works")
    whole = WorksIndex.open(tmp_path / "works")
    whole.part({work.digest for work in works}, tmp_path / "evidence")
    octets = (tmp_path / "evidence").read_bytes()
    assert whole.key.hex().encode() not in octets
    assert whole.key not in octets
    evidence = WorksIndex.open(tmp_path / "evidence")
    plain = np.concatenate([work.hashes for work in works])
    assert not np.isin(plain, evidence.hashes).any()
    with pytest.raises(RegisterError, match="evidence of a run"):
        evidence.frequency_in([TEXTS[3]])
    assert np.isin(evidence.with_key(whole.key).under_key(plain), evidence.hashes).all()


@pytest.mark.parametrize("metadata", [{b"rightful.key": b"zz"}, {b"rightful.key": b"00" * 32}])
def test_another_key_is_found(file, metadata):
    digest = write_works(fingerprints_of(TEXTS), file)
    table = pa.ipc.open_file(file.read_bytes()).read_all()
    table = table.replace_schema_metadata(table.schema.metadata | metadata)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(RegisterError, match="altered"):
        WorksIndex.open(file, digest).verify()
