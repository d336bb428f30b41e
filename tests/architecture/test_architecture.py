"""The shape of the package: what may import what, what costs what, what is called what."""

import ast
import importlib
import inspect
import pickle
import pkgutil
import re
import subprocess
import sys
import tomllib

import pytest
from tests.conftest import ROOT

import rightful
from rightful import errors
from rightful.policy.reasons import reasons

SOURCES = sorted((ROOT / "src/rightful").rglob("*.py"))
HEAVY = {
    "airflow",
    "datasets",
    "great_expectations",
    "pandas",
    "sqlalchemy",
    "matplotlib",
    "pyarrow",
    "duckdb",
    "numpy",
}


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


def test_importing_the_package_loads_nothing():
    loaded = python("import rightful, sys; print(*sys.modules)")
    assert not HEAVY & set(loaded)
    assert not [name for name in loaded if name.startswith("rightful.")]


def test_importing_the_package_takes_no_time():
    """Under 150 ms by the design; measured with room for a busy machine, against an empty interpreter."""
    code = "import time; t = time.perf_counter(); import rightful; print((time.perf_counter() - t) * 1000)"
    assert min(float(python(code)[0]) for _ in range(3)) < 150


def test_every_public_name_loads_and_is_listed():
    assert list(rightful.__all__) == sorted(rightful.__all__)
    for name in rightful.__all__:
        assert getattr(rightful, name) is not None
    assert set(rightful.__all__) <= set(dir(rightful))
    with pytest.raises(AttributeError):
        _ = rightful.nothing_of_that_name


def test_the_command_line_helps_without_loading_frameworks():
    loaded = python("import rightful.cli, sys; print(*sys.modules)")
    assert not HEAVY & set(loaded)


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == rightful.__version__
    assert f"## {rightful.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_files_stay_short():
    long = {path.name: n for path in SOURCES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 310}
    assert not long


BANNED = {"process", "handle", "manage", "utils", "helpers", "common", "misc", "check", "clean", "info"}


def test_names_are_the_projects_words():
    """DESIGN section 3: names that say nothing are not used for functions, classes, modules or attributes."""
    found = []
    for path in SOURCES:
        if set(re.split(r"[_.]", path.stem)) & BANNED and path.stem not in FOREIGN:
            found.append(str(path))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                words = set(re.split(r"_|(?<=[a-z])(?=[A-Z])", node.name.strip("_")))
                if {word.lower() for word in words} & BANNED and node.name not in FOREIGN:
                    found.append(f"{path.name}: {node.name}")
    assert not found


# Names other people's interfaces dictate: `check` is the command users expect, the others are Airflow's and httpx's.
FOREIGN = {"check_command", "get_provider_info", "handle_async_request"}


def every_error():
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.RightfulError)]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_errors_survive_the_way_between_processes(kind):
    error = pickle.loads(pickle.dumps(kind("what happened", hint="what to do", path="x", line=3)))
    assert type(error) is kind
    assert (error.message, error.hint, error.where) == ("what happened", "what to do", {"path": "x", "line": 3})
    assert str(error) == "what happened\n  hint: what to do"


def test_error_codes_differ():
    codes = [kind.code for kind in every_error()]
    assert len(codes) == len(set(codes))


def test_every_module_says_what_it_is_for():
    for module in pkgutil.walk_packages(rightful.__path__, "rightful."):
        if module.name.startswith(("rightful.airflow", "rightful.__main__", "rightful.quality")):
            continue  # these load frameworks; ruff asks the same of them
        assert (importlib.import_module(module.name).__doc__ or "").strip(), module.name


def test_every_reason_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [code for code in reasons() if f"`{code}`" not in readme]


def test_constraints_are_names_and_versions():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[^ /@]+", line)]


def test_nothing_committed_names_a_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split():
        file = ROOT / name
        if file.is_file() and file.suffix not in {".parquet", ".arrow"}:
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w.])/(work|home|Users)/\w", text), name
            assert not re.search(r"https?://[^\s\"']*(pypi\.org/simple|/simple/)", text), name
