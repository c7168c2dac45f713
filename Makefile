# Every target sets up .venv by itself, once; nothing is done twice.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3

.PHONY: help setup demo test test-slow lint format test-faults bench docs clean

help:
	@echo "make demo       simulate a range, run every stage, show the report"
	@echo "make test       the default suite; make test-slow for the long ones"
	@echo "make test-faults   faults put into a study, and mutations of its inputs, with their counts"
	@echo "make lint       ruff, ruff format --check, mypy --strict"
	@echo "make bench      the benchmarks, as tables of ratios"
	@echo "make docs       the documentation, into site/"
	@echo "make setup      only the environment, in .venv"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(READY)
	$(BIN)/trimline demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

test-faults: $(READY)
	$(BIN)/python -m pytest -m "slow or not slow" -rA -s tests/faults

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/trimline bench all

docs: $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[docs]"
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site runs
