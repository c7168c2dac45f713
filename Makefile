# Every target sets up .venv by itself, once; nothing is done twice.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
NODE := VENV=$(abspath $(VENV)) web/with_node.sh
MODULES := web/node_modules/.ready
TYPES := web/src/generated.ts
PAGE := src/trimline/review/static/index.html
PYTHONS := tests/package/test_pythons.py
LOWEST := $(VENV)/lowest
LOWEST_TESTS := $(addprefix unit/,scenes outlines change glaciers timeline inference mapping networks samples project review) \
	integration/test_outline_command.py integration/test_untrained_study.py integration/test_training.py
# Left out: older FastAPI words its document otherwise.
LOWEST_CHOICE := "not copy_of_the_document"
PAGE_SOURCES := $(shell find web -name node_modules -prune -o -type f ! -path $(TYPES) ! -path 'web/tests/*' -print)

# Compiled modules are kept, whatever the environment says: tests and tutorials start Python hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup web api demo package test test-python test-web test-slow test-package test-pythons test-lowest lint lint-python lint-web format test-faults bench bench-quick docs test-docs test-stranger clean

help:
	@echo "make demo       simulate a range, run every stage, show the report"
	@echo "make test       the default suite, of Python and of the page; make test-slow for the long ones"
	@echo "make test-faults   faults put into a study, and mutations of its inputs, with their counts"
	@echo "make package    wheel and sdist, into dist/; make test-package installs and tries them, test-pythons in other Pythons too"
	@echo "make test-lowest   tests with the oldest versions that pyproject.toml allows"
	@echo "make web        the page of trimline review, from web/ into the package"
	@echo "make api        the API of trimline review, from Python to the types of the page"
	@echo "make lint       ruff, ruff format --check, mypy --strict; eslint and tsc for the page"
	@echo "make bench      the benchmarks, against the results in benchmarks/, whose page is written again"
	@echo "make bench-quick   their small forms"
	@echo "make docs       the documentation, into site/: tutorials are executed, links checked; make test-docs, test-stranger test it"
	@echo "make setup      only the environment, in .venv"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[dev]"
	@touch $@

$(MODULES): web/package.json web/package-lock.json | $(READY)
	$(NODE) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(TYPES): web/openapi.json $(MODULES)
	$(NODE) npm run --silent types
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(TYPES)
	$(NODE) npm run --silent build
	@touch $@

web: $(PAGE)

api: $(READY)
	$(BIN)/python -m trimline.review.server.openapi > web/openapi.json

demo: $(READY) $(PAGE)
	$(BIN)/trimline demo

test: test-web test-python

test-python: $(READY) $(PAGE)
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-web: $(TYPES)
	$(NODE) npm run --silent test

test-slow: $(READY) $(PAGE)
	$(BIN)/python -m pytest -m slow -o faulthandler_timeout=0

package: $(READY) $(PAGE)
	$(BIN)/uv build --quiet --out-dir dist

test-package: $(READY) $(PAGE)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or not slow" tests/package --ignore $(PYTHONS)

# The wheel and tests of some rooms in every Python that is at hand, 3.11 to 3.13.
test-pythons: $(READY) $(PAGE)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow -o faulthandler_timeout=0 $(PYTHONS)

# The oldest versions that pyproject.toml allows of what it names, and the rooms in which most of them are used.
test-lowest: $(READY) $(PAGE)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -e ".[dev]"
	$(LOWEST)/bin/python -m pytest -n 2 --dist worksteal -k $(LOWEST_CHOICE) $(addprefix tests/,$(LOWEST_TESTS))

test-faults: $(READY) $(PAGE)
	$(BIN)/python -m pytest -m "slow or not slow" -o faulthandler_timeout=0 -rA -s tests/faults

lint: lint-python lint-web

lint-python: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-web: $(TYPES)
	$(NODE) npm run --silent lint

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) $(PAGE)
	$(BIN)/trimline bench all --against benchmarks --record benchmarks

bench-quick: $(READY) $(PAGE)
	$(BIN)/trimline bench all --quick --against benchmarks --record benchmarks

STRANGER := tests/documentation/test_path_of_a_stranger.py

docs: $(READY) $(PAGE)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

test-docs: docs
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or not slow" tests/browser/test_documentation_*.py \
		tests/documentation --ignore $(STRANGER)

# Every notebook of the site once more, as it is downloaded, in an empty folder.
test-stranger: docs
	$(BIN)/python -m pytest -m slow -o faulthandler_timeout=0 -rA $(STRANGER)

clean:
	rm -rf $(VENV) site .tutorials runs web/node_modules $(TYPES) src/trimline/review/static
