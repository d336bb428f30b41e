"""Tables of cases, and the shape their answers have."""

import tomllib
from pathlib import Path

from rightful.facts.statement import Preference, Usage, combine


def table(name):
    """Read the cases of a table in this folder."""
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))["case"]


def answer(reading, usage):
    """Give what a reading says of a usage: `deny`, or `conditional:a+b` with everything that is asked for."""
    found = combine(reading.statements)[Usage(usage)]
    if found is not Preference.CONDITIONAL:
        return found.value
    asked = {c for s in reading.statements if s.usage == usage and s.preference is found for c in s.conditions}
    return f"conditional:{'+'.join(sorted(asked))}" if asked else "conditional"


def codes(reading):
    """Give the codes of a reading's remarks."""
    return sorted({remark.code for remark in reading.remarks})
