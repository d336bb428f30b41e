"""Headers in every form that they are kept in come to the same names and values, or are said to be unread."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightful.signals.header_forms import UNREAD, header_pairs
from rightful.signals.page_lines import of_headers

PAIRS = [("x-robots-tag", "noai, max-snippet:0"), ("date", "Thu, 26 Nov 2026 10:00:00 GMT"), ("x-robots-tag", "noml")]
BLOCK = "HTTP/2 200 \r\n" + "".join(f"{name}: {value}\r\n" for name, value in PAIRS) + "\r\n"


def test_a_text_longer_than_any_head_is_not_taken_apart():
    many = "Server: x\n" * 100_000
    assert header_pairs(many) == []
    assert header_pairs(f"{many}X-Robots-Tag: noai\n") == [(UNREAD, "http_headers")]
    assert header_pairs(json.dumps([["Server", "x"]] * 100_000)) == []
    assert header_pairs('["\\u0078-robots-tag", "noai"' + ', "x"' * 200_000 + "]") == [(UNREAD, "http_headers")]


def in_forms():
    objects = [{"name": name, "value": value} for name, value in PAIRS]
    grouped = {"x-robots-tag": ["noai, max-snippet:0", "noml"], "date": ["Thu, 26 Nov 2026 10:00:00 GMT"]}
    yield BLOCK
    yield BLOCK.encode()
    yield b"\xef\xbb\xbf" + BLOCK.encode()
    yield "\ufeff" + BLOCK.replace("\r\n", "\n")
    yield BLOCK.replace("noai, ", "noai,\r\n\t")
    yield PAIRS
    yield [[name.encode(), value.encode()] for name, value in PAIRS]
    yield [{name: value} for name, value in PAIRS]
    yield objects
    yield [{"Name": name, "Value": value} for name, value in PAIRS]
    yield [{"key": name, "value": [value, None]} for name, value in PAIRS]
    yield [{"header": name, "value": value} for name, value in PAIRS]
    yield {"headers": objects, "status": 200}
    yield {"name": [name for name, _ in PAIRS], "value": [value for _, value in PAIRS]}
    yield grouped
    yield {name.encode(): [value.encode() for value in values] for name, values in grouped.items()}
    yield {name.upper().replace("-", "_"): values for name, values in grouped.items()}
    yield [f"{name}: {value}" for name, value in PAIRS]
    yield [part for pair in PAIRS for part in pair]
    for form in (objects, grouped, PAIRS, [f"{name}: {value}" for name, value in PAIRS]):
        yield json.dumps(form)
        yield json.dumps(form).encode()
        yield json.dumps(json.dumps(form))


@pytest.mark.parametrize("written", list(in_forms()), ids=lambda written: str(written)[:40])
def test_every_form_comes_to_the_same(written):
    found = [(name.lower(), value) for name, value in header_pairs(written) if name.lower() != "status"]
    assert sorted(found) == sorted(PAIRS)


@pytest.mark.parametrize(
    "written",
    [
        '{"X-Robots-Tag": ',
        "X-Robots-Tag = noai",
        "Server: nginx\nX-Robots-Tag noai",
        [[1, ["tdm-reservation"]]],
        {"X-Robots-Tag": {"all": "noai"}},
        {"name": ["X-Robots-Tag", "Server"], "value": ["noai"]},
        '"' * 3,
        json.loads("[" * 20 + '"tdm-reservation: 1"' + "]" * 20),
    ],
)
def test_what_may_state_something_and_is_in_no_form_is_unread(written):
    assert (UNREAD, "http_headers") in header_pairs(written)
    assert f"{UNREAD}: http_headers" in of_headers(written).split("\n")


@pytest.mark.parametrize(
    "written", [None, 3, "", " \n", "no colon", b"\xff", [], [["a"]], {}, [None], "Introduction", 2.5]
)
def test_what_is_no_header_and_states_nothing_is_nothing(written):
    assert header_pairs(written) == []


_TEXTS = st.text(max_size=20) | st.binary(max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_no_value_breaks_it(written):
    assert all(isinstance(part, str) for pair in header_pairs(written) for part in pair)
    of_headers(written)


@given(st.lists(st.sampled_from(["X-Robots-Tag", "Content-Usage", "content_signal", "TDM-Reservation"]), min_size=1))
def test_no_header_that_states_is_lost_in_any_form(names):
    pairs = [(name, f"v{number}") for number, name in enumerate(names)]
    wanted = sorted((name.lower().replace("_", "-"), value) for name, value in pairs)
    forms = [
        pairs,
        [{"name": name, "value": value} for name, value in pairs],
        "\n".join(f"{name}: {value}" for name, value in pairs),
        json.dumps(pairs),
        [f"{name}: {value}" for name, value in pairs],
    ]
    for form in forms:
        assert sorted((name.lower(), value) for name, value in header_pairs(form)) == wanted
