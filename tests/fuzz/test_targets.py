"""Every target of `make fuzz` reads its seeds, and every reader of signals has a target."""

import pkgutil
import subprocess
import sys

import pytest
from tests.conftest import ROOT
from tests.fuzz.targets import TARGETS, sound

from rightful import signals
from rightful.facts.statement import Preference, Reading, Remark, Statement, Usage


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_a_target_reads_its_seeds(target):
    seeds = list(target.seeds())
    assert len(set(seeds)) > 2
    for seed in (b"", *seeds):
        target.read(seed)


# What the others are made of, and what is made of them; `embedded` is a folder with two readers.
NO_READERS = {
    *(
        "embedded",
        "header_forms",
        "locations",
        "markup",
        "odrl",
        "page_lines",
        "product_tokens",
        "refusals",
        "site_files",
    ),
    *("declared_aloud", "document_kinds", "file_aloud", "page_aloud", "remark_meanings", "robots_aloud", "told"),
}


def test_every_reader_has_a_target():
    modules = {module.name for module in pkgutil.iter_modules(signals.__path__)}
    assert modules - NO_READERS | {"c2pa", "plus"} == set(TARGETS) - {"rsl_discovery", "tdmrep_pairs"}


@pytest.mark.parametrize(
    "reading",
    [
        Reading((Statement("rsl", Usage.TRAIN, Preference.DENY, where="x" * 301),)),
        Reading((Statement("rsl", Usage.TRAIN, Preference.DENY, text="x" * 201),)),
        Reading((Statement("rsl", Usage.TRAIN, Preference.CONDITIONAL, conditions=("x" * 251,)),)),
        Reading(remarks=(Remark("nobody-documents-this"),)),
    ],
    ids=["where", "text", "condition", "remark"],
)
def test_what_a_reader_gives_is_looked_at(reading):
    with pytest.raises(AssertionError):
        sound(reading)


def test_text_that_cannot_be_written_is_found():
    with pytest.raises(UnicodeEncodeError):
        sound(Reading(remarks=(Remark("not-json", text="\ud800"),)))


def test_a_crash_is_read_again_by_its_name(tmp_path):
    for name, says in (("tdmrep_pairs-crash-1", "tdmrep_pairs reads it"), ("nothing-1", "does not begin with")):
        (tmp_path / name).write_bytes(b"tdm-reservation: 1")
        command = [sys.executable, "tests/fuzz/run.py", "--input", str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert says in done.stdout + done.stderr
