.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
ONLY ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ASSETS := view/page/vendor/built-from.txt

.PHONY: help setup up demo test soak fuzz check fmt bench lock golden kafka clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

# Debian's Python has no ensurepip until python3-venv is installed.
$(READY): requirements.lock pyproject.toml
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
	  echo "python3-venv is missing; installing it"; \
	  sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
	  { $$sudo apt-get update -qq && $$sudo apt-get install -y -qq python3-venv; } || \
	  { echo "make: install your system's package for Python's venv module (Debian: apt-get install python3-venv), then run make again" >&2; exit 1; }; \
	  $(PYTHON) -m venv $(VENV); }
	@echo "installing pinned packages into $(VENV) (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

$(ASSETS): package.json package-lock.json hatch_build.py | $(READY)
	@$(BIN)/python hatch_build.py

setup: $(READY) $(ASSETS) ## install everything into .venv/

up: setup ## run the map of this machine (flags through ARGS='…')
	@$(BIN)/servicemap up $(ARGS)

demo: setup ## run the map and a small shop with two faults to find on it
	@$(BIN)/servicemap up --demo $(ARGS)

test: setup ## run the tests (ARGS='-k name' for some of them)
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(ARGS)

fuzz: setup ## run the attacks at length (SERVICEMAP_FUZZ=50 times the tests' share)
	@SERVICEMAP_FUZZ=$${SERVICEMAP_FUZZ:-50} $(BIN)/python -m pytest -m fuzz -n 0 --timeout 7200 $(ARGS)

check: setup ## lint, format check, types; of the page's JavaScript too
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m tests.view.check_page

fmt: setup ## format the code
	@$(BIN)/ruff check --fix-only . && $(BIN)/ruff format . && $(BIN)/python -m tests.view.check_page --fix

soak: setup ## run everything at once for an hour: load, nuisances, kills (ARGS='--minutes 5 --kills 8')
	@$(BIN)/python -m tests.soak $(ARGS)

bench: setup ## run the benchmarks, write benchmarks/results.json (ONLY=name for one)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

golden: setup ## rewrite exported schemas, reference pages and dashboards
	@$(BIN)/python -m schemas.export && $(BIN)/python -m servicemap.reference && $(BIN)/servicemap dashboards build

lock: setup ## resolve requirements.lock anew
	@$(BIN)/pip install --quiet uv && $(BIN)/uv pip compile pyproject.toml --group dev --extra grafana --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet -o requirements.lock

kafka: setup ## start a local single-node Apache Kafka on 127.0.0.1:9092 (Ctrl-C stops it)
	@$(BIN)/python -m deploy.kafka $(ARGS)

clean: ## remove what setup and runs made
	@rm -rf $(VENV) $(dir $(ASSETS)) node_modules .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
