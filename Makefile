# WattLab: every target sets up what it needs in .venv and works from a fresh clone with Python 3.11+ and make.
#   make figures    install, run the headline study (quick size) and write results/
#   make test       install with the test tools, check style, types and layers, run all tests, measure coverage
#   make long       the tests that take long: torture, fuzzing, the full matrix (CI runs them after make test)
#   make versions   the same results, bit by bit, with the oldest versions of what the package needs (CI)
#   make setup      install only (with the test tools), for development
#   make docs       write the reference pages in docs/ from the registries and from validation
#   make notebooks  execute the notebooks into results/notebooks/
#   make clean      remove what the targets above made, except .venv* (make distclean removes them too)

PYTHON ?= python3
WORKERS ?= 2
OUT ?= results

BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check
START := $(shell date +%s)
step = @printf '[%4d s] %s\n' $$(( $$(date +%s) - $(START) )) "$(1)"

# Bytecode is compiled after the install: on all cores and without the test suites of our dependencies, which halves
# the time. A file of a dependency that is not meant for this Python version must not stop the set-up.
compile = $(BIN)/python -m compileall -q -j 0 -x '/tests?/' .venv/lib > /dev/null 2>&1 || true

.PHONY: help setup figures test long versions lint types layers unit coverage docs notebooks clean distclean
.DELETE_ON_ERROR:

help:
	@sed -n '2,10s/^#   //p' Makefile

setup: .venv/.wattlab-test

figures: .venv/.wattlab
	$(call step,headline study: quick size into $(OUT)/)
	@$(BIN)/wattlab reproduce --quick --out "$(OUT)"
	$(call step,done: see $(OUT)/results.md and $(OUT)/figures/)

test: lint types layers unit coverage
	$(call step,done: all checks passed)

# One check after another, also under make -j: the tests use all the cores themselves.
types: lint
layers: types
unit: layers
coverage: unit

lint: .venv/.wattlab-test
	$(call step,style (ruff))
	@$(BIN)/ruff check --quiet .

types: .venv/.wattlab-test
	$(call step,types (mypy))
	@$(BIN)/mypy

layers: .venv/.wattlab-test
	$(call step,layers (import-linter))
	@$(BIN)/lint-imports > .venv/layers.log || { cat .venv/layers.log; exit 1; }

unit: .venv/.wattlab-test
	$(call step,tests)
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not long"

long: .venv/.wattlab-test
	$(call step,long tests)
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m long

# Compiled lines are invisible to a coverage tool, so the measurement runs the same functions as plain Python.
coverage: .venv/.wattlab-test
	$(call step,coverage of sim and agents (numba switched off))
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow and not long and not compiled_only" \
	  tests/sim tests/agents --cov --cov-report=term --cov-fail-under=80

versions: .venv/.wattlab-test .venv-lowest/.wattlab
	$(call step,one run with the pinned and one with the oldest versions)
	@pinned=$$($(BIN)/python -m tests.versions.fingerprint) && \
	  lowest=$$(.venv-lowest/bin/python -m tests.versions.fingerprint) && \
	  echo "pinned $$pinned, oldest $$lowest" && [ "$$pinned" = "$$lowest" ]

docs: .venv/.wattlab-test
	$(call step,reference pages into docs/)
	@$(BIN)/wattlab parameters --markdown > docs/parameters.md
	@$(BIN)/wattlab outputs --markdown > docs/outputs.md
	@$(BIN)/wattlab validate --markdown > docs/validation.md

notebooks: .venv/.wattlab-test
	$(call step,notebooks into $(OUT)/notebooks/)
	@mkdir -p "$(OUT)/notebooks"
	@unset MPLBACKEND; for notebook in notebooks/*.ipynb; do \
	  cp "$$notebook" "$(OUT)/notebooks/" && \
	  $(BIN)/jupyter-execute --inplace "$(OUT)/notebooks/$${notebook##*/}" || exit 1; \
	done
	$(call step,done)

clean:
	rm -rf results build dist wattlab.egg-info .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
	rm -rf .hypothesis .import_linter_cache
	find agents sim experiments tests -type d -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv .venv-lowest

# The figures need no test tools; leaving them out saves a third of the set-up.
.venv/.wattlab: pyproject.toml constraints.txt | .venv/bin/pip
	$(call step,installing wattlab into .venv (under a minute))
	@$(PIP) -e ".[figures]" -c constraints.txt
	$(call step,compiling bytecode)
	@$(compile)
	@touch $@

.venv/.wattlab-test: pyproject.toml constraints.txt | .venv/bin/pip
	$(call step,installing wattlab and the test tools into .venv (about a minute))
	@$(PIP) -e ".[test,notebook]" -c constraints.txt
	$(call step,compiling bytecode)
	@$(compile)
	@touch .venv/.wattlab $@

.venv-lowest/.wattlab: pyproject.toml tests/versions/lowest.txt
	$(call step,installing the oldest versions into .venv-lowest)
	@$(PYTHON) -m venv .venv-lowest
	@.venv-lowest/bin/python -m pip install -qq --disable-pip-version-check -e . -c tests/versions/lowest.txt
	@touch $@

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wattlab needs Python 3.11 or newer; choose one with: make PYTHON=python3.12"; exit 1; }
	$(call step,creating .venv)
	@$(PYTHON) -m venv .venv
