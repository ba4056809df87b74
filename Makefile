# Everything needs only Python 3.11+ and make. Another interpreter: make PYTHON=/path/to/python3.12 demo
PYTHON ?=
# How many tests at once; each worker has a broker and servers of its own, about 2 GB.
WORKERS ?= 2
# What is locked already stays with: make lock UPGRADE=
UPGRADE ?= --upgrade
BIN := .venv/bin
RUNS := .venv/runs
DEVELOPS := .venv/develops
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo up down status test lint types unit simulate bench chaos lock clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(RUNS) ## Watch a resignation travel: mail, interview, access
	@$(BIN)/ems demo

up: $(RUNS) ## Start everything that is missing, and keep it running
	@$(BIN)/ems up

down: $(RUNS) ## Stop everything; the data stays
	@$(BIN)/ems down

status: $(RUNS) ## Show every process
	@$(BIN)/ems status

test: lint types ## Prove it: lint, types and every test, on real servers
	@$(BIN)/python -m pytest -q -n $(WORKERS)

lint: $(DEVELOPS) ## Check style and format
	@$(BIN)/ruff check && $(BIN)/ruff format --check

types: $(DEVELOPS) ## Check types
	@$(BIN)/mypy

unit: $(DEVELOPS) ## Run the tests that need no broker
	@$(BIN)/python -m pytest -q tests/unit tests/contract tests/architecture

simulate: $(DEVELOPS) ## Live 100,000 crash histories of the real runtime and have the checker judge them
	@$(BIN)/python -m tests.simulation

bench: $(DEVELOPS) ## Measure it
	@$(BIN)/python -m benchmarks

chaos: $(DEVELOPS) ## Kill everything, a hundred times, while people resign; then count what was lost or doubled
	@$(BIN)/python -m tests.chaos

lock: $(DEVELOPS) ## Resolve every dependency anew, Python's and Java's
	@$(COMPILE) --extra local --extra install pyproject.toml -o requirements.lock
	@$(COMPILE) --all-extras --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/python -m infra.local.lock

clean: ## Remove the environment and all caches; a system that runs is stopped first
	@if [ -x $(BIN)/ems ]; then $(BIN)/ems down; fi
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(RUNS): requirements.lock pyproject.toml infra/bin/install.sh
	@PYTHON="$(PYTHON)" infra/bin/install.sh .venv requirements.lock && touch $@

$(DEVELOPS): requirements-dev.lock $(RUNS)
	@infra/bin/install.sh .venv requirements-dev.lock && touch $@
