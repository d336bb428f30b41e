"""The fingerprint: one for the same rules in every process, another for other rules, none the wiser for use."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from multiprocessing.reduction import ForkingPickler  # how records' rules get to workers
from pathlib import Path

import datasets
import pytest
from datasets.fingerprint import Hasher

from rightful.errors import RegisterError
from rightful.huggingface import RightsFilter, screen
from rightful.policy.policy_file import policy_template
from rightful.register.entries import KeyKind, OptOut, canonical_key
from rightful.register.export import export_register
from rightful.screening.columns import Columns
from rightful.screening.screener import Screener
from rightful.snapshot.model import Capture, Kind, Outcome
from rightful.snapshot.store import add_captures

# Python 3.12 warns of forking a process that has threads; pyarrow's are there before `datasets` forks its workers.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

# Counts every batch that is decided, in a file that outlives the process. What is counted from is not hashed:
# `datasets` hashes what the callable pickles to.
SCRIPT = """
import json, sys
from pathlib import Path
from rightful.huggingface import RightsFilter, screen
from rightful.screening.screener import Screener

root = Path(sys.argv[1])
examine = Screener.examine

def counted(self, batch):
    with open(root / "decided", "a") as stream:
        stream.write(f"{batch.num_rows}\\n")
    return examine(self, batch)

Screener.examine = counted
import datasets

datasets.disable_progress_bars()
sources = root / "policy.toml", root / "signals", root / "register.arrow"
dataset = datasets.Dataset.from_parquet(str(root / "in.parquet"))
f = RightsFilter(*sources)
kept, ledger = screen(dataset, *sources)
made = {
    "map": dataset.map(f.label, batched=True),
    "filter": dataset.filter(f, batched=True),
    "rows": dataset.filter(f),
    "arrow": dataset.with_format("arrow").map(f.label_and_drop, batched=True),
    "kept": kept,
    "ledger": ledger,
    "both": screen(dataset, *sources, num_proc=2).kept,
}
print(json.dumps({name: [made[name]._fingerprint, len(made[name])] for name in made}))
"""


@pytest.fixture
def stored(world):
    (world.root / "policy.toml").write_text(policy_template(), encoding="utf-8")
    datasets.Dataset.from_dict(world.rows).to_parquet(world.root / "in.parquet")
    return world


def run(world, seed):
    env = os.environ | {
        "PYTHONHASHSEED": str(seed),
        "HF_HOME": str(world.root / "hf"),
        "HF_DATASETS_CACHE": str(world.root / "hf" / "datasets"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(world.root)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    counted = world.root / "decided"
    batches = counted.read_text().split() if counted.exists() else []
    counted.unlink(missing_ok=True)
    return json.loads(done.stdout.splitlines()[-1]), len(batches)


def test_another_process_finds_everything_in_the_cache(stored):
    first, decided = run(stored, 1)
    files = set((stored.root / "hf").rglob("*.arrow"))
    assert decided > len(stored.rows["url"])  # row by row, and batches
    again, decided_again = run(stored, 20_261)
    assert again == first
    assert decided_again == 0
    assert set((stored.root / "hf").rglob("*.arrow")) == files


@pytest.fixture
def counted(monkeypatch):
    batches = []
    examine = Screener.examine

    def counting(self, batch):
        batches.append(batch.num_rows)
        return examine(self, batch)

    monkeypatch.setattr(Screener, "examine", counting)
    return batches


def test_what_is_another_rule_is_decided_anew(stored, counted):
    policy, snapshot, register = stored.sources
    dataset = datasets.Dataset.from_parquet(str(stored.root / "in.parquet"), cache_dir=str(stored.root / "hf"))
    other_policy = policy.model_copy(
        update={"protocols": policy.protocols.model_copy(update={"unsafe_keep_uncaptured": True})}
    )
    capture = Capture("https://never.example", None, Outcome.AVAILABLE, Kind.ROBOTS, body=b"")
    other_snapshot = add_captures(snapshot.path, [capture])
    entry = OptOut(KeyKind.HOST, canonical_key(KeyKind.HOST, "open.example"))
    other_register = export_register([entry], stored.root / "other.arrow")
    variants = [
        (policy, snapshot, register),
        (other_policy, snapshot, register),
        (policy, other_snapshot, register),
        (policy, snapshot, other_register),
        (policy, snapshot, None),
    ]
    hashes, mapped, kept = set(), set(), []
    for sources in variants:
        counted.clear()
        hashes.add(Hasher.hash(RightsFilter(*sources)))
        mapped.add(dataset.map(RightsFilter(*sources).label, batched=True)._fingerprint)
        assert counted == [len(dataset)]
        kept.append(screen(dataset, *sources).kept)
        assert counted == [len(dataset)] * 2
        dataset.map(RightsFilter(*sources).label, batched=True)
        screen(dataset, *sources)
        assert counted == [len(dataset)] * 2
    assert len(hashes) == len(mapped) == len({result._fingerprint for result in kept}) == len(variants)
    assert kept[0]["id"][:] != kept[3]["id"][:]


def test_a_register_rewritten_in_place_is_another_one(stored):
    f = RightsFilter(*stored.sources)
    before, frozen = Hasher.hash(f), ForkingPickler.dumps(f)
    rewritten = export_register([], stored.register.path)
    assert Hasher.hash(RightsFilter(stored.policy, stored.snapshot, rewritten)) != before
    with pytest.raises(RegisterError, match="as before"):
        ForkingPickler.loads(frozen)


def test_paths_and_values_are_the_same_filter(stored):
    root = stored.root
    by_path = RightsFilter(str(root / "policy.toml"), root / "signals", str(root / "register.arrow"))
    assert Hasher.hash(by_path) == Hasher.hash(RightsFilter(*stored.sources))


def test_columns_are_part_of_the_fingerprint(stored):
    assert Hasher.hash(RightsFilter(*stored.sources, columns=Columns(url="url"))) != Hasher.hash(
        RightsFilter(*stored.sources)
    )


def test_the_ruleset_is_part_of_the_fingerprint(stored, monkeypatch):
    before = Hasher.hash(RightsFilter(*stored.sources))
    monkeypatch.setattr("rightful.screening.screener.RULESET", "another")
    assert Hasher.hash(RightsFilter(*stored.sources)) != before


def test_use_leaves_no_trace(stored):
    f = RightsFilter(*stored.sources)
    methods = (f, f.label, f.label_and_drop, f.ledger, f.decisions)
    before = [Hasher.hash(method) for method in methods]
    assert len(set(before)) == len(methods)
    f(stored.rows)
    f.label(stored.rows)
    [f({name: column[i] for name, column in stored.rows.items()}) for i in range(5)]
    datasets.Dataset.from_dict(stored.rows).filter(f, batched=True)
    assert [Hasher.hash(method) for method in (f, f.label, f.label_and_drop, f.ledger, f.decisions)] == before


def test_copies_and_pickles_decide_alike(stored):
    f = RightsFilter(*stored.sources, columns=Columns(url="url", text="text", label="verdict"))
    f(stored.rows)
    for other in (ForkingPickler.loads(ForkingPickler.dumps(f)), copy.copy(f), copy.deepcopy(f)):
        assert Hasher.hash(other) == Hasher.hash(f)
        assert other.label(stored.rows) == f.label(stored.rows)
        assert str(other) == str(f)
    assert len(ForkingPickler.dumps(f)) < 10_000


@pytest.mark.parametrize("batched", [False, True])
def test_filter_in_several_processes(stored, batched):
    dataset = datasets.Dataset.from_parquet(str(stored.root / "in.parquet"), cache_dir=str(stored.root / "hf"))
    f = RightsFilter(*stored.sources)
    assert dataset.filter(f, batched=batched, num_proc=2)[:] == dataset.filter(f, batched=batched)[:]


def test_importing_costs_nothing_and_the_extra_is_named():
    script = (
        "import sys; sys.modules['datasets'] = None\n"
        "import rightful.huggingface as h\n"
        "assert not {'pandas', 'huggingface_hub', 'PIL'} & set(sys.modules)\n"
        "from rightful.errors import MissingExtraError\n"
        "try: h.features_with_rights({})\n"
        "except MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "rightful[datasets]"' in done.stdout
    assert Path(done.args[0]).exists()
