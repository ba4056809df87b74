# Everything needs only Python 3.11+ and make. Another interpreter: make PYTHON=/path/to/python3.12 demo
PYTHON ?=
# How many tests at once; each worker has a broker and servers of its own, about 2 GB.
WORKERS ?= 2
BIN := .venv/bin
INSTALLED := .venv/installed

.DEFAULT_GOAL := help
.PHONY: help demo up down status test lint types unit simulate bench chaos lock clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## Watch a resignation travel: mail, interview, access
	@$(BIN)/ems demo

up: $(INSTALLED) ## Start everything that is missing, and keep it running
	@$(BIN)/ems up

down: $(INSTALLED) ## Stop everything; the data stays
	@$(BIN)/ems down

status: $(INSTALLED) ## Show every process
	@$(BIN)/ems status

test: lint types ## Prove it: lint, types and every test, on real servers
	@$(BIN)/python -m pytest -q -n $(WORKERS)

lint: $(INSTALLED) ## Check style and format
	@$(BIN)/ruff check && $(BIN)/ruff format --check

types: $(INSTALLED) ## Check types
	@$(BIN)/mypy

unit: $(INSTALLED) ## Run the tests that need no broker
	@$(BIN)/python -m pytest -q tests/unit tests/contract tests/architecture

simulate: $(INSTALLED) ## Live 100,000 crash histories of the real runtime and have the checker judge them
	@$(BIN)/python -m tests.simulation

bench: $(INSTALLED) ## Measure it
	@$(BIN)/python -m benchmarks

chaos: $(INSTALLED) ## Kill everything, a hundred times, while people resign; then count what was lost or doubled
	@$(BIN)/python -m tests.chaos

lock: $(INSTALLED) ## Resolve every dependency anew, Python's and Java's
	@$(BIN)/uv pip compile --quiet --universal --all-extras --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml -o requirements.lock
	@$(BIN)/python -m infra.local.lock

clean: ## Remove the environment and all caches; a system that runs is stopped first
	@if [ -x $(BIN)/ems ]; then $(BIN)/ems down; fi
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): requirements.lock pyproject.toml infra/bin/install.sh
	@PYTHON="$(PYTHON)" infra/bin/install.sh .venv
