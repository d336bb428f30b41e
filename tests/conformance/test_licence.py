"""Licences against the table of this folder, and every row of the table of licences by all that is written for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.tables import codes, table

from rightful.facts.statement import Reading
from rightful.signals.licence import REMARKS, read_licence, remarks_on
from rightful.signals.licence.expression import LONGEST
from rightful.signals.licence.table import KINDS, words
from rightful.signals.licence.table import table as licences

ROWS = list(licences().rows.values())
CASES = table("licence")
# The Hub's own list (hub-docs, repositories-licenses.md, August 2026), but for `unknown` and `other`.
_NAMES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0
openmdw-1.1 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma
"""
HUB = frozenset(_NAMES.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_table(case):
    terms = read_licence(case["written"])
    assert terms.id == case["id"]
    assert list(terms.conditions) == case.get("conditions", [])
    assert any(choice.grants for choice in terms.choices) is case.get("grants", False)
    found = codes(Reading(remarks=terms.remarks))
    assert found == sorted(case.get("remarks", []))
    assert set(found) <= set(REMARKS)


def test_every_remark_is_in_the_table_or_tested_elsewhere():
    elsewhere = {"too-long", "too-many-choices", "read-as"}
    assert {code for case in CASES for code in case.get("remarks", [])} == set(REMARKS) - elsewhere


def test_a_licence_is_read_aloud():
    remarks = remarks_on("CC BY-NC", "meta dc.rights").remarks
    assert [(remark.code, remark.where) for remark in remarks] == [
        ("read-as", "meta dc.rights"),
        ("without-version", "meta dc.rights"),
    ]
    assert remarks[0].text == "CC BY-NC = cc-by-nc (BY, NC)"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_found_by_everything_that_is_written_for_it(row):
    written = [row.id, row.spdx, row.id.upper(), *row.names, *([row.hub] if row.hub else [])]
    written += [f"{scheme}{url}" for url in row.urls for scheme in ("https://", "http://www.", "//")]
    written += [f"https://spdx.org/licenses/{row.spdx}"] if not row.spdx.startswith("LicenseRef-") else []
    for text in written:
        terms = read_licence(text)
        assert terms.id == row.id, text
        assert terms.choices[0].licences == (row,), text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_well_formed(row):
    assert row.kind in KINDS
    assert list(row.conditions) == sorted(set(row.conditions) & {"BY", "COPYLEFT", "NC", "ND", "SA"})
    assert row.hub is None or row.hub in HUB
    assert row.ambiguous is False or row.spdx.startswith("LicenseRef-")
    if row.id.startswith("cc-by"):  # NC, ND, SA and BY stand in the name
        assert row.conditions == tuple(
            sorted(part.upper() for part in row.id.split("-") if part.isalpha() and part != "cc")
        )
        assert row.spdx.lower() == row.id
    if row.id.startswith(("gpl", "agpl", "lgpl", "mpl")):
        assert "COPYLEFT" in row.conditions


def test_nothing_is_written_for_two_rows():
    spelled = [(words(name) or name.casefold(), row.id) for row in ROWS for name in {row.id, row.spdx, *row.names}]
    spelled += [(url, row.id) for row in ROWS for url in row.urls]
    meant = {}
    for spelling, row in spelled:
        assert meant.setdefault(spelling, row) == row, spelling


def test_every_id_of_the_hub_is_read():
    assert {name for name in HUB if read_licence(name).choices[0].licences[0].hub != name} == set()


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.5", "3.0", "4.0"])
@pytest.mark.parametrize("elements", ["by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd"])
def test_every_version_of_creative_commons(version, elements):
    """By address, in every form of it; by id; by its short and its long name; and, where ported, for one place."""
    long_names = {"by": "Attribution", "sa": "ShareAlike", "nc": "NonCommercial", "nd": "NoDerivatives"}
    long_name = "-".join(long_names[element] for element in elements.split("-"))
    for written in (
        f"https://creativecommons.org/licenses/{elements}/{version}/",
        f"http://creativecommons.org/licenses/{elements}/{version}",
        f"http://www.creativecommons.org/licenses/{elements}/{version}/legalcode",
        f"https://creativecommons.org/licenses/{elements}/{version}/deed.en_US",
        f"CC-{elements.upper()}-{version}",
        f"CC {elements.upper()} {version}",
        f"Creative Commons {long_name} {version}",
    ):
        assert read_licence(written).id == f"cc-{elements}-{version}", written
    if version in {"2.0", "2.5", "3.0"}:
        ported = f"cc-{elements}-{version}-nl"
        assert read_licence(f"https://creativecommons.org/licenses/{elements}/{version}/nl/deed.nl").id == ported
        assert read_licence(f"Creative Commons {long_name} {version} Netherlands").id == ported
        assert read_licence(ported).id == ported


def test_the_order_of_elements_does_not_matter():
    assert read_licence("http://creativecommons.org/licenses/by-nd-nc/1.0/").id == "cc-by-nc-nd-1.0"


def test_what_is_too_long_or_too_much_is_not_known():
    terms = read_licence("x" * (LONGEST + 1))
    assert (terms.id, codes(Reading(remarks=terms.remarks))) == ("unknown", ["too-long"])
    terms = read_licence(" AND ".join(f"(MIT OR CC-BY-{n}.0)" for n in (1, 2, 3, 4)))
    assert terms.conditions == ("BY",)
    rows = [row.spdx for row in ROWS if row.kind == "licence" and row.spdx[0] != "L"][:24]
    terms = read_licence(" AND ".join(f"({a} OR {b})" for a, b in zip(rows[::2], rows[1::2], strict=True)))
    assert codes(Reading(remarks=terms.remarks)) == ["too-many-choices"]
    assert terms.unknown


_PIECES = st.sampled_from([
    "MIT", "GPL-2.0+", "cc-by-nc-4.0", "CC BY-SA 3.0 DE", "unknown", "LicenseRef-x", "AND", "OR", "WITH", "(", ")", " ",
    "Classpath-exception-2.0", "https://creativecommons.org/licenses/by/4.0/", "版权所有", "all rights reserved", "+",
    "\ud800",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=5), max_size=12).map(" ".join))
def test_an_id_is_read_as_what_it_was_the_id_of(written):
    """Whatever is written comes to one spelling, which means the same, and no exception leaves."""
    terms = read_licence(written)
    again = read_licence(terms.id)
    assert again.id == terms.id
    assert again.conditions == terms.conditions
    assert any(c.grants for c in again.choices) == any(c.grants for c in terms.choices)


@given(st.lists(st.sampled_from([row.id for row in ROWS]), min_size=1, max_size=4))
def test_order_and_repetition_do_not_matter(ids):
    for operator in (" AND ", " OR "):
        assert read_licence(operator.join(ids)).id == read_licence(operator.join([*reversed(ids), ids[0]])).id
