"""The README's examples run, and the commands it names are there."""

import re
import shutil
import warnings

import pytest
from tests.conftest import ROOT

from rightful.cli import app
from rightful.register.export import works_file

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def as_a_user_has_it(demo_inputs, finished_run, tmp_path, monkeypatch):
    shutil.copyfile(demo_inputs.policy, tmp_path / "policy.toml")
    for file in (demo_inputs.register, works_file(demo_inputs.register)):
        shutil.copyfile(file, tmp_path / file.name)
    shutil.copytree(demo_inputs.snapshot, tmp_path / "signals")
    (tmp_path / "data").mkdir()
    shutil.copyfile(demo_inputs.records, tmp_path / "data/records.parquet")
    shutil.copytree(finished_run, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf"))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_examples_run(block, as_a_user_has_it, capsys):
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the frameworks
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - the README is ours
    if "admitted" in names:
        assert 0 < names["admitted"].num_rows < names["everything"].num_rows == names["ledger"].num_rows
    if "kept" in names:
        assert 0 < len(names["kept"]) < len(names["ledger"])
    if "why" in names:
        assert "exclude ('ROBOTS_NOW:wildcard',)" in capsys.readouterr().out


def test_commands_are_there():
    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    used = set(re.findall(r"rightful ([a-z]+)(?= )", "\n".join(re.findall(r"```console\n(.*?)```", README, re.DOTALL))))
    assert used
    assert used <= known


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
