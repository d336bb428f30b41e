"""What accrues: counted from what was admitted, priced by the policy or not at all, and the same however it is cut."""

import shutil
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.test_verify import rewrite, seal_again
from tests.remunerated import POLICY, TEXTS, records, write_world

import rightful.runner.reading
from rightful.audit.verify import verify_run
from rightful.ledger.run_directory import ACCRUALS, ATTRIBUTIONS, SITUATIONS_FILE, RunDirectory
from rightful.ledger.units import Units
from rightful.policy.policy_file import parse_policy
from rightful.policy.source_sections import Rate
from rightful.runner.run import screen_files
from rightful.screening.figures import text_lengths
from rightful.settlement.accruals import accrual_table, amount_of, rate_for

RATES = """
[[rates]]
tier = "PAID_SCENARIO"
per = "1000 tokens"
amount = "0.0375"
currency = "CNY"

[[rates]]
tier = "PAID_SCENARIO"
source = "orphans"
amount = "0.10"
currency = "EUR"

[[rates]]
tier = "PAID_LICENSED"
source = "agency"
per = "1000 characters"
amount = "80"
currency = "CNY"
"""


def accrued(folder, policy=POLICY, mode="screen", **world):
    screen_files(**write_world(folder, policy, **world), out=folder / "out", mode=mode)
    return {row["source"]: row for row in RunDirectory(folder / "out").accruals().to_pylist()}


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    """A run under a policy with rates; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("priced")
    screen_files(**write_world(folder, POLICY + RATES), out=folder / "out")
    return folder / "out"


@pytest.fixture
def run(priced, tmp_path):
    return shutil.copytree(priced, tmp_path / "run")


def test_without_a_rate_units_are_counted_and_no_amount_is_made_up(tmp_path):
    rows = accrued(tmp_path)
    assert set(rows) == {"agency", "royalty", "commons", "web", "orphans", "extracts", "granted"}
    for row in rows.values():
        assert row["records"] == 4
        assert (row["rate"], row["per"], row["amount"], row["currency"]) == (None, None, None, None)
        assert row["status"] in {"unpriced", "settled"}


def test_units_are_those_of_the_texts(tmp_path):
    row = accrued(tmp_path)["web"]
    characters, octets = sum(map(len, TEXTS)), sum(len(text.encode()) for text in TEXTS)
    assert (row["characters"], row["tokens"]) == (characters, Units(characters, octets).tokens)


def test_the_rate_that_names_most_counts_and_amounts_are_exact(priced):
    rows = {row["source"]: row for row in RunDirectory(priced).accruals().to_pylist()}
    web, orphans, agency = rows["web"], rows["orphans"], rows["agency"]
    assert Decimal(web["amount"]) == Decimal("0.0375") * web["tokens"] / 1000
    assert (web["currency"], web["per"], web["status"]) == ("CNY", "1000 tokens", "priced")
    assert (orphans["amount"], orphans["currency"], orphans["status"]) == ("0.40", "EUR", "priced")
    assert (agency["amount"], agency["status"]) == ("5.200", "settled")
    assert rows["royalty"]["status"] == "unpriced"


def test_only_what_was_paid_is_settled(tmp_path):
    rows = accrued(tmp_path)
    assert {name for name, row in rows.items() if row["status"] == "settled"} == {"agency", "granted"}
    assert {name: row["contract"] for name, row in rows.items() if row["contract"]} == {
        "agency": "agency", "royalty": "royalty", "granted": "granted",
    }  # fmt: skip


def test_what_accrues_to_a_holder_nobody_found_is_kept_apart(tmp_path):
    assert {name for name, row in accrued(tmp_path).items() if row["escrow"]} == {"orphans"}


def test_nothing_accrues_for_what_is_held_excluded_or_free(tmp_path):
    rows = accrued(tmp_path)
    assert not {"unpaid", "books", "old", "chats"} & set(rows)
    assert rows["web"]["records"] == 4  # four more of that source are denied by their site


def test_the_rate_that_names_more_counts():
    policy = parse_policy(
        POLICY.replace('name = "remunerated"', 'name = "x"')
        + '[[rates]]\ntier = "PAID_SCENARIO"\nsource = "web"\namount = "1"\ncurrency = "EUR"\n'
        + '[[rates]]\nsource = "web"\namount = "2"\ncurrency = "EUR"\n'
    )
    assert rate_for(policy, source="web", tier="PAID_SCENARIO", model="use").amount == "1"
    assert rate_for(policy, source="web", tier="POOL_SHARE", model="share").amount == "2"
    assert rate_for(policy, source="books", tier="POOL_SHARE", model="share") is None


def test_an_amount_is_never_rounded():
    rate = Rate(per="1000 characters", amount="999999999999.999999", currency="EUR")
    number = 2**63 - 1
    whole, _, fraction = amount_of(rate, {"characters": number}).partition(".")
    assert (int(whole + fraction), len(fraction)) == (999999999999999999 * number, 9)


def test_without_text_only_what_is_counted_by_record_is_priced(tmp_path):
    table = records().drop_columns(["text"])
    rows = accrued(tmp_path, POLICY + RATES, table=table)
    assert (rows["web"]["tokens"], rows["web"]["amount"], rows["web"]["status"]) == (None, None, "unpriced")
    assert rows["orphans"]["amount"] == "0.40"


def test_text_that_cannot_be_read_has_no_units(tmp_path):
    table = records()
    texts = [text.encode() for text in table["text"].to_pylist()]
    texts[0] = b"\xff\xfe broken"
    broken = table.set_column(table.schema.get_field_index("text"), "text", pa.array(texts, pa.binary()))
    accrued(tmp_path, table=broken)
    held = [r for r in RunDirectory(tmp_path / "out").situations().to_pylist() if not r["text_readable"]]
    assert [(row["admission"], row["characters"], row["octets"], row["tokens"]) for row in held] == [("hold", 0, 0, 0)]
    assert verify_run(tmp_path / "out").findings == ()


@pytest.mark.parametrize(
    "kind",
    [pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_every_form_of_text_is_measured_alike(kind):
    texts = pa.array([*TEXTS, None])
    plain, other = (pa.RecordBatch.from_arrays([one], ["text"]) for one in (texts, texts.cast(kind)))
    for expected, found in zip(text_lengths(plain, "text"), text_lengths(other, "text"), strict=True):
        assert found.tolist() == expected.tolist()
    assert text_lengths(plain, "text")[0].tolist() == [*map(len, TEXTS), 0]


@pytest.mark.parametrize("rows", [1, 3])
def test_any_cut_and_any_number_of_processes_give_the_same(tmp_path, monkeypatch, rows):
    world = write_world(tmp_path, POLICY + RATES, files=3)
    screen_files(**world, out=tmp_path / "one")
    screen_files(**world, out=tmp_path / "many", processes=2)
    monkeypatch.setattr(rightful.runner.reading, "BATCH_ROWS", rows)
    screen_files(**world, out=tmp_path / "cut")
    for name in (SITUATIONS_FILE, ACCRUALS, ATTRIBUTIONS):
        assert (tmp_path / "many" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
        assert pq.read_table(tmp_path / "cut" / name).equals(pq.read_table(tmp_path / "one" / name))


@pytest.mark.parametrize("mode", ["label", "ledger"])
def test_labels_and_ledgers_accrue_the_same_records(tmp_path, mode):
    screened, other = accrued(tmp_path / "a"), accrued(tmp_path / "b", mode=mode)
    assert {name: row["records"] for name, row in other.items()} == {n: r["records"] for n, r in screened.items()}
    assert other["web"]["characters"] == (None if mode == "ledger" else screened["web"]["characters"])
    assert verify_run(tmp_path / "b" / "out").findings == ()


def change(file, column, value, row=0):
    def changed(table):
        rows = table.to_pylist()
        rows[row][column] = value
        return pa.Table.from_pylist(rows, schema=table.schema)

    rewrite(file, changed)


def test_a_run_that_was_not_touched_passes(run):
    assert verify_run(run, everything=True).findings == ()


@pytest.mark.parametrize(
    ("column", "value"), [("amount", "0.01"), ("status", "settled"), ("records", 1), ("rate", "1"), ("escrow", True)]
)
def test_a_changed_accrual_is_found_though_every_digest_fits(run, column, value):
    sources = RunDirectory(run).accruals()["source"].to_pylist()
    change(run / ACCRUALS, column, value, row=sources.index("web"))
    seal_again(run)
    assert any(ACCRUALS in finding for finding in verify_run(run).findings)


def test_a_removed_accrual_is_found_though_every_digest_fits(run):
    rewrite(run / ACCRUALS, lambda table: table.slice(1))
    seal_again(run)
    assert any(ACCRUALS in finding for finding in verify_run(run).findings)


def test_smaller_units_are_found_though_the_accruals_follow_from_them(run):
    admitted = RunDirectory(run).situations()["source"].to_pylist().index("orphans")
    few = Units(3, 3)
    for column, value in (("characters", 3), ("octets", 3), ("tokens", few.tokens)):
        change(run / SITUATIONS_FILE, column, value, row=admitted)
    policy = parse_policy((run / "rightful/policy.toml").read_text(encoding="utf-8"))
    pq.write_table(accrual_table(RunDirectory(run).situations(), policy), run / ACCRUALS, compression="zstd")
    seal_again(run)
    assert any("characters or octets" in finding for finding in verify_run(run).findings)


def test_tokens_that_do_not_follow_from_characters_are_found(run):
    change(run / SITUATIONS_FILE, "tokens", 1_000)
    seal_again(run)
    assert any("tokens of situation" in finding for finding in verify_run(run).findings)


@given(
    ascii=st.text(st.characters(max_codepoint=127)),
    han=st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)),
)
def test_tokens_of_ascii_and_chinese_are_counted_to_the_character(ascii, han):  # noqa: A002
    text = ascii + han
    assert Units(len(text), len(text.encode())).tokens == len(ascii) // 4 + len(han)


@given(st.text())
def test_there_are_never_more_tokens_than_characters_nor_fewer_than_a_quarter(text):
    assert len(text) // 4 <= Units(len(text), len(text.encode())).tokens <= len(text)
