"""The example runs, offline, and says what happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "filter_a_dataset.py"


def test_filter_a_dataset():
    done = subprocess.run([sys.executable, "-W", "error", EXAMPLE], capture_output=True, text=True, check=True)
    assert "keeps 3 of 8 records" in done.stdout
    assert "doc-5  https://essays.example/on-silence        exclude: OPTOUT:site" in done.stdout
    assert done.stderr == ""
