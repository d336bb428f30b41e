"""Every requirement holds of a good set, and fails for the fault it is about: one that never fires is a defect."""

from datetime import timedelta

import pyarrow as pa
import pytest
from tests.quality.good_set import AS_OF, COLUMNS, ROWS, SCHEMA, good_rows, policy_with, results

from rightful.quality.requirements import TESTS, requirements_for


def put(**values):
    return lambda row: row.update(values)


def label(**values):
    return lambda row: row["rights"].update(values)


FAULTS = [
    ("title-basis", label(basis=None)),
    ("title-basis", label(basis="  ")),
    ("title-route", label(route=None)),
    ("title-route", label(route="found")),
    ("title-site", label(site=None)),
    ("authorisation-admitted", label(admission="hold")),
    ("authorisation-admitted", label(admission=None)),
    ("authorisation-admitted", put(rights=None)),
    ("authorisation-tier", label(tier=None)),
    ("authorisation-tier", label(tier="CHEAP")),
    ("authorisation-reasons", label(reasons=[])),
    ("authorisation-reasons", label(reasons=None)),
    ("authorisation-situation", label(situation=None)),
    ("source-declared", put(source=None)),
    ("source-declared", put(source="elsewhere")),
    ("complete-label", label(licence=None)),
    ("complete-label", label(conditions=None)),
    ("complete-label", put(rights=None)),
    ("complete-url", put(url=None)),
    ("complete-url", put(url=" \t")),
    ("complete-text", put(text=None)),
    ("complete-text", put(text=" \u3000\u00a0\n")),
    ("complete-id", put(id=None)),
    ("complete-id", put(id="")),
    ("text-or-url", put(text=None, url="")),
    ("unique-id", put(id="rec-099")),
    ("fetched-before", put(fetched_at=AS_OF + timedelta(seconds=1))),
    ("fetch-time-known", put(fetched_at=None)),
    ("recent", put(fetched_at=AS_OF - timedelta(days=30, seconds=1))),
    ("duplicate-text", put(text="The same words.")),
    ("language", put(language=None)),
    ("language", put(language="de")),
    ("readable-text", put(text="four")),
    ("garbled-text", put(text="Words \ufffd and more")),
]

FINE = (
    "SÃO PAULO, IRMÃ. «NÃ» É", "QUE L'ÂGE, Â, « Â »", "Ðóra, ÐÆ, eth Ð", "España, Ñ, €5", "中文、日本語、한국어",
    "🎉 ™ “quoted” – dash", "Â\u00a0espace, Ã\u00a0espaço", "tabs\tand\r\nlines",
)  # fmt: skip

# Requirements that tolerate a share, with the setting of it and how it is given for a share that may be broken.
SHARES = {
    "complete-url": ("max_null_url_share", lambda share: share),
    "complete-text": ("max_empty_text_share", lambda share: share),
    "garbled-text": ("max_garbled_text_share", lambda share: share),
    "duplicate-text": ("max_duplicate_share", lambda share: share),
    "language": ("max_other_language_share", lambda share: share),
    "title-site": ("min_known_site_share", lambda share: round(1 - share, 2)),
}
MARKS = (
    "\ufffd", "\x00", "\x0b", "\x1b", "\x7f", "\x93", "Ã©", "Ã¼ber", "â€™", "Â©", "ï»¿", "Ð°", "Ñ€", "ä¸\xad",
    "锟斤拷", "烫烫烫",
)  # fmt: skip


def spoiled(fault, count, *, code):
    """Give the good set with a fault in some records, and their ids; a copy needs one more to be a copy of."""
    rows = good_rows()
    spoilt = [7 + 11 * n % 93 for n in range(count + (code == "duplicate-text"))]
    ids = [rows[number]["id"] for number in spoilt]
    for number in spoilt:
        fault(rows[number])
    return rows, ids


def test_a_good_set_passes_everything(validated):
    report = validated(good_rows())
    assert [r.code for r in report.results if not (r.applied and r.passed)] == []
    assert {r.broken for r in report.results} == {0, None}
    assert {r.asked for r in report.results} == {ROWS} == {report.rows}


def test_every_requirement_has_a_fault_here():
    codes = [requirement.code for requirement in requirements_for(policy_with(), COLUMNS, as_of=AS_OF)]
    assert sorted({code for code, _ in FAULTS} | {"records-present"}) == sorted(codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(("code", "fault"), FAULTS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(FAULTS)])
def test_each_fault_is_found(validated, code, fault):
    rows, ids = spoiled(fault, 3, code=code)
    zero = {setting: given(0.0) for setting, given in SHARES.values()}
    result = results(validated(rows, **zero))[code]
    assert (result.passed, result.broken) == (False, 3)
    if code == "complete-id":  # named by their place, for they have no id
        ids = [f"train-0000{number // 50}-of-00002.parquet#{number % 50}" for number in (7, 18, 29)]
    elif code == "unique-id":
        ids = ["rec-099"]
    elif code == "duplicate-text":  # one record of each text that comes again
        ids = ids[:1]
    assert result.examples == tuple(ids)


@pytest.mark.parametrize("code", SHARES)
def test_a_share_passes_when_it_is_reached_and_fails_above(validated, code):
    share = 0.58  # one minus it is above 0.42, as floats
    setting, given = SHARES[code]
    fault = dict(FAULTS)[code]
    reached = round(share * ROWS)
    for count, passes in ((reached, True), (reached + 1, False)):
        rows, _ = spoiled(fault, count, code=code)
        result = results(validated(rows, **{setting: given(share)}))[code]
        assert (result.passed, result.broken, result.tolerated) == (passes, count, share)
        assert len(result.examples) <= 20


def test_limits_are_inclusive(validated):
    rows = good_rows()
    rows[0] |= {"fetched_at": AS_OF, "text": "five!"}
    rows[1] |= {"fetched_at": AS_OF - timedelta(days=30)}
    assert not validated(rows).failures


def test_no_records_is_one_critical_failure_and_nothing_else_is_claimed(validated):
    report = validated([])
    failed = [r.code for r in report.critical_failures]
    assert (report.rows, failed) == (0, ["records-present"])
    others = [r for r in report.results if r.code != "records-present"]
    assert {(r.applied, r.passed) for r in others} == {(False, None)}
    assert "there are no records" in {r.not_applied for r in others}


def test_text_that_is_no_utf8_is_unreadable_and_not_empty(validated):
    rows = good_rows()
    for row in rows:
        row["text"] = row["text"].encode()
    rows[5]["text"] = b"\xff\xfe broken"
    schema = SCHEMA.set(SCHEMA.get_field_index("text"), pa.field("text", pa.binary()))
    found = results(validated(rows, schema=schema))
    assert found["readable-text"].examples == ("rec-005",)
    assert found["complete-text"].passed
    assert found["duplicate-text"].broken == 0


def test_every_mark_of_garbled_text_is_found(validated):
    rows = good_rows()
    for row, mark in zip(rows, MARKS, strict=False):
        row["text"] = f"Words {mark} and more words"
    result = results(validated(rows))["garbled-text"]
    assert result.examples == tuple(row["id"] for row in rows[: len(MARKS)])
    assert not result.passed


def test_capitals_and_scripts_are_not_taken_for_garbled(validated):
    rows = good_rows()
    for row, text in zip(rows, FINE, strict=False):
        row["text"] = text
    assert results(validated(rows))["garbled-text"].broken == 0


def test_without_a_source_column_the_route_is_that_of_the_one_source(validated):
    policy = policy_with()
    policy = policy.model_copy(update={"sources": policy.sources[:1]})
    rows = good_rows()
    columns = type(COLUMNS)(url="url", text="text", id="id")
    result = results(validated(rows, policy=policy, columns=columns))["source-declared"]
    assert result.broken == sum(row["rights"]["route"] == "purchased" for row in rows) > 0


def test_every_test_of_the_paper_has_a_requirement():
    requirements = requirements_for(policy_with(), COLUMNS, as_of=AS_OF)
    assert {requirement.test for requirement in requirements} == set(TESTS)
