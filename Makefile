# Everything a fresh clone needs is Python (3.11 or newer) and make. `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
export LAKESMITH_TEST_DATA ?= $(abspath ../shared/data)
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock wheel clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/runtime.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/runtime.stamp ## three days of a demo company, from files to the page, in demo/
	$(BIN)/lakesmith demo demo

test: $(VENV)/dev.stamp ## the fast suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/dev.stamp ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=src:examples/lakesmith-sqlite/src $(BIN)/mypy -p lakesmith_sqlite
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp ## timings as ratios in one run, written to bench/results.json
	$(BIN)/python bench/run.py

lock: ## write requirements*.lock anew (needs uv)
	uv pip compile pyproject.toml requirements-build.in --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras -q -o requirements.lock
	uv pip compile pyproject.toml requirements-build.in --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras -q -o requirements-dev.lock

wheel: $(VENV)/runtime.stamp ## build the wheel into dist/
	$(PIP) wheel --no-deps --no-build-isolation -w dist .

clean: ## remove what the targets above made
	rm -rf $(VENV) demo dist build .mypy_cache .ruff_cache .pytest_cache
