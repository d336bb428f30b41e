"""Structured fields against the cases of the HTTP working group, and what the reader makes of hostile values."""

import base64
import decimal
import json

import http_sf
import pytest

from rightful.signals.structured_field import LIMIT_OCTETS, read_dictionary

FILES = ("sf_dictionary", "sf_param-dict", "sf_examples", "sf_token", "sf_string")


def expected_value(value):
    if isinstance(value, dict):
        kind, inner = value["__type"], value["value"]
        return base64.b32decode(inner) if kind == "binary" else (kind, inner)
    if isinstance(value, list):
        return [member(each) for each in value]
    return decimal.Decimal(str(value)) if isinstance(value, float) else value


def member(pair):
    return expected_value(pair[0]), {name: expected_value(inner) for name, inner in pair[1]}


def found_value(value):
    if isinstance(value, http_sf.Token):
        return "token", str(value)
    if isinstance(value, http_sf.DisplayString):
        return "displaystring", str(value)
    return [found_member(inner) for inner in value] if isinstance(value, list) else value


def found_member(pair):
    return found_value(pair[0]), {name: found_value(inner) for name, inner in pair[1].items()}


def parsed(case):
    """Read a case as its kind: dictionaries with our reader, the others with the library below it."""
    value = ", ".join(case["raw"])
    if case["header_type"] == "dictionary":
        found = read_dictionary(value)
        return None if found is None else {key: found_member(pair) for key, pair in found.items()}
    try:
        found = http_sf.parse(value.encode("ascii"), tltype=case["header_type"])
    except ValueError:
        return None
    return [found_member(pair) for pair in found] if case["header_type"] == "list" else found_member(found)


def expected(case):
    if case.get("must_fail"):
        return None
    if case["header_type"] == "dictionary":
        return {key: member(pair) for key, pair in case["expected"]}
    return [member(pair) for pair in case["expected"]] if case["header_type"] == "list" else member(case["expected"])


@pytest.mark.parametrize("name", FILES)
def test_cases_of_the_working_group(shared, name):
    """No case is left out: what must fail gives None, what may fail gives None or the value, the rest the value."""
    cases = json.loads((shared / f"cases/{name}.json").read_text(encoding="utf-8"))
    for case in cases:
        found = parsed(case)
        assert found == expected(case) or (found is None and case.get("can_fail")), case["name"]
    assert cases


@pytest.mark.parametrize(
    "value", ["", "   ", "a", "a=n, b=(1 2);x", "ä=n", "a=" + "(" * 5_000, "a=1" * LIMIT_OCTETS, "a=\x00"]
)
def test_any_value_is_read_or_is_none(value):
    found = read_dictionary(value)
    assert found is None or all(isinstance(named, dict) for _, named in found.values())


def test_a_bare_key_is_true_and_the_last_of_equal_keys_counts():
    assert read_dictionary("a")["a"] == (True, {})
    assert read_dictionary("a=1, a=2")["a"] == (2, {})
