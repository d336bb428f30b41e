"""Every remark that any source makes has a meaning, its reader's own."""

import ast
import importlib
import pkgutil

import pytest
from tests.conftest import ROOT

from rightful import signals
from rightful.signals import remark_meanings, tdm_policy
from rightful.signals.locations import TDM_POLICY
from rightful.signals.remark_meanings import REMARKS_OF, ROBOTS_PROTOCOL
from rightful.signals.robots_txt import LENIENCY

READERS = [
    module
    for found in pkgutil.walk_packages(signals.__path__, "rightful.signals.")
    if hasattr(module := importlib.import_module(found.name), "REMARKS")
]


@pytest.mark.parametrize("module", READERS, ids=lambda module: module.__name__)
def test_every_remark_of_every_module_has_its_meaning(module):
    protocol = TDM_POLICY if module is tdm_policy else module.PROTOCOL
    for code, meaning in module.REMARKS.items():
        assert meaning.strip()
        assert REMARKS_OF[protocol][code] == meaning


def test_every_module_with_remarks_was_walked():
    assert {module.__name__.removeprefix("rightful.signals.") for module in READERS} >= {
        "ai_txt", "content_signal", "content_usage", "embedded.c2pa", "embedded.plus", "http_payment", "page_meta",
        "robots_tag", "rsl", "tdm_policy", "tdmrep", "trust_txt",
    }  # fmt: skip
    assert REMARKS_OF[ROBOTS_PROTOCOL].items() >= LENIENCY.items()


def test_no_reader_means_something_else_by_a_code_of_reading_aloud():
    codes_of_any = set(remark_meanings._OF_ANY)
    for module in READERS:
        assert not codes_of_any & set(module.REMARKS)
    assert not (codes_of_any | set(remark_meanings._OF_ROBOTS)) & set(LENIENCY)


def test_codes_of_records_in_one_robots_txt_differ():
    """They are told apart by code alone."""
    assert not set(REMARKS_OF["content-usage"]) & set(REMARKS_OF["content-signal"]) - set(remark_meanings._OF_ANY)


def _codes_in(path):
    """Find every code that source makes a remark of: in `Remark(...)`, and in the methods that readers have for it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(
                getattr(node.func, "value", None), "attr", getattr(getattr(node.func, "value", None), "id", "")
            )
            if called in {"Remark", "_remark", "_refuse"} or (
                called in {"append", "add"} and owner in {"leniency", "codes"}
            ):
                yield from _constants(node.args[0])
        elif isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") == "leniency":
            yield from _constants(node.slice)


def _constants(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_constants(node.body), *_constants(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (code for value in node.values for code in _constants(value))


def _protocols_of(path):
    """Give the protocols that a module's remarks may be of: its own, or any for those that are read aloud."""
    relative = path.relative_to(ROOT / "src/rightful/signals").with_suffix("")
    first = relative.parts[0]
    if first == "robots_txt":
        return [ROBOTS_PROTOCOL]
    name = ".".join(relative.parts) if first == "embedded" else first
    module = importlib.import_module(f"rightful.signals.{name}")
    if module is tdm_policy:
        return [TDM_POLICY]
    return [module.PROTOCOL] if hasattr(module, "REMARKS") else list(REMARKS_OF)


def test_every_code_in_the_source_has_a_meaning():
    found = {}
    for path in sorted((ROOT / "src/rightful").rglob("*.py")):
        made = set(_codes_in(path))
        if not made:
            continue
        assert path.is_relative_to(ROOT / "src/rightful/signals"), f"{path.name} makes remarks outside of signals"
        known = {code for protocol in _protocols_of(path) for code in REMARKS_OF[protocol]}
        assert made <= known, f"{path.name}: {made - known}"
        found[path.name] = made
    assert {"bad-value", "other-bot"} <= found["robots_tag.py"]
    assert {"contradiction"} <= found["evaluate.py"]
    assert {"byte-order-mark", "missing-colon"} <= found["lines.py"]
    assert {"web-page", "not-json"} <= found["tdm_policy.py"]
