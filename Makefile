# Everything here needs python3 and make only; what else is used is installed into .venv by name.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SERVER := $(VENV)/.postgresql
FUZZ_STAMP := $(VENV)/.installed-fuzz
UV_VERSION := 0.13.9
SECONDS ?= 20

.PHONY: help install demo test lint types layers format bench fuzz constraints clean

help:
	@echo "make demo    the whole way on a small web of sites: capture, screen, validate, card, through Airflow"
	@echo "make test    every gate: ruff, mypy --strict, import-linter, pytest"
	@echo "make lint    the static gates only"
	@echo "make bench   ratios of records per second against the usual ways, measured in one run"
	@echo "make fuzz    every reader of signals on hostile documents, and on inputs coverage leads to; SECONDS=20 each"

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --group dev --group bench --editable '.[all]'
	touch $(STAMP)

install: $(STAMP)

demo: $(STAMP)
	$(BIN)/rightful demo --out demo-run

# The tests of the register start a PostgreSQL server of their own, from Debian's package. Where it cannot be installed
# they are skipped, and say so: nothing here fails, and the next `make test` tries again.
$(SERVER): $(STAMP)
	@found() { ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; }; \
	get() { DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y --no-install-recommends postgresql; }; \
	if ! found && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  { get || { timeout 120 apt-get update && get; }; } >/dev/null 2>&1; \
	fi; \
	if found; then touch $(SERVER); else echo "no PostgreSQL server here: the tests that need one are skipped"; fi

test: $(SERVER) lint
	$(BIN)/pytest -n auto --dist loadgroup

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python tests/benchmarks/run.py

$(FUZZ_STAMP): $(STAMP)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --group fuzz
	touch $(FUZZ_STAMP)

fuzz: $(FUZZ_STAMP)
	$(BIN)/python tests/benchmarks/hostile.py
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS)

# constraints.txt holds name==version lines only: no index, no hash, no host.
constraints: $(STAMP)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --extra all --group dev --group bench --group fuzz --upgrade pyproject.toml -o constraints.txt

clean:
	rm -rf $(VENV) demo-run bench-run fuzz-run build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
