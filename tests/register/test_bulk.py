"""Lists as requests: what a list names, and that a row that cannot be read stops it without being repeated."""

import traceback

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.register.people import NOW, OTHER_WORK, SOCIETY, WORK, repertoire

from rightful.errors import MissingColumnError, RegisterError
from rightful.register.bulk import with_lists
from rightful.register.entries import KeyKind
from rightful.register.fingerprint import text_digest

DIGEST = "ab" * 32


def written(folder, name, words):
    (folder / name).write_text(words, encoding="utf-8")
    return folder / name


def test_lists_of_every_form_become_one_request(database, tmp_path):
    csv = written(
        tmp_path, "a.csv", "kind,value,reference,state\nsite,Example.org,7,\nurl,https://h.example/x,8,received\n"
    )
    jsonl = written(tmp_path, "b.jsonl", f'{{"sha256": "{DIGEST}"}}\n{{"text": "{WORK}"}}\n')
    pq.write_table(pa.table({"text": [OTHER_WORK, None], "host": [None, "www.h.example"]}), tmp_path / "c.parquet")
    request = with_lists(repertoire(), [csv, jsonl, tmp_path / "c.parquet"])
    assert request.claimant == SOCIETY
    assert request.locations == (
        (KeyKind.SITE, "example.org"),
        (KeyKind.URL, "//h.example/x"),
        (KeyKind.HOST, "www.h.example"),
    )
    assert request.digests == (DIGEST,)
    assert request.texts == (WORK, OTHER_WORK)
    name = database.file(request, actor="desk", now=NOW)
    assert database.status(name).keys == 6
    register = database.export(tmp_path / "exports", actor="nightly", now=NOW)
    found = {entry.key for entry in map(register.entry, range(len(register)))}
    assert found == {
        "example.org", "//h.example/x", "www.h.example", DIGEST, text_digest(WORK), text_digest(OTHER_WORK)
    }  # fmt: skip


def test_a_row_that_has_a_work_and_where_it_is_names_both(tmp_path):
    listed = written(tmp_path, "a.jsonl", f'{{"text": "{WORK}", "url": "https://h.example/x", "id": 4}}\n')
    request = with_lists(repertoire(), [listed])
    assert (request.texts, request.locations) == ((WORK,), ((KeyKind.URL, "//h.example/x"),))


def test_a_work_that_is_no_text_is_refused(tmp_path):
    listed = written(tmp_path, "a.jsonl", f'{{"text": ["{WORK}"]}}\n')
    with pytest.raises(RegisterError, match=r"a\.jsonl, line 1: the work is no text"):
        with_lists(repertoire(), [listed])


def test_a_list_that_cannot_be_read_is_named_and_not_repeated(tmp_path):
    long = written(tmp_path, "long.csv", f'text\n"{WORK * 1000}"\n')
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(f'{{"text": "{WORK} caf\xe9"}}\n'.encode("latin-1"))
    for listed, told in ((long, "no CSV: field larger"), (latin, "not written in UTF-8")):
        with pytest.raises(RegisterError, match=told) as caught:
            with_lists(repertoire(), [listed])
        assert "lamplighter" not in "".join(traceback.format_exception(caught.value))


def test_what_a_request_names_already_stays(tmp_path):
    listed = written(tmp_path, "a.csv", "host\nh.example\n")
    request = with_lists(repertoire([WORK], [(KeyKind.SITE, "s.example")], [DIGEST]), [listed])
    assert request.locations == ((KeyKind.SITE, "s.example"), (KeyKind.HOST, "h.example"))
    assert (request.texts, request.digests) == ((WORK,), (DIGEST,))


def test_a_row_that_cannot_be_read_is_named_and_not_repeated(tmp_path):
    listed = written(tmp_path, "a.csv", f'content\n{DIGEST}\n"{WORK}"\n')
    with pytest.raises(RegisterError, match=r"a\.csv, line 3: names nothing that can be opted out") as caught:
        with_lists(repertoire(), [listed])
    assert "lamplighter" not in f"{caught.value}{caught.value.where}"


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
@pytest.mark.parametrize("column", ["host", "text"])
def test_an_opt_out_that_is_over_is_no_request(tmp_path, column, state):
    listed = written(tmp_path, "a.csv", f"{column},state\nh.example,{state}\n")
    with pytest.raises(RegisterError, match=f"line 2: an opt-out that is {state} is no request"):
        with_lists(repertoire(), [listed])


def test_a_list_of_nothing_known_says_which_columns_there_are(tmp_path):
    with pytest.raises(MissingColumnError, match="the columns are: who, what"):
        with_lists(repertoire(), [written(tmp_path, "a.csv", "who,what\nme,it\n")])
