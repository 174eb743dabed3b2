.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
ONLY ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLED := $(VENV)/.tooled
# The locks hold all there is to install. chdb's own requirements ask for more, which servicemap never imports.
PIP = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
LEFT_OUT := numpy pandas pyarrow
COMPILE = $(BIN)/uv pip compile pyproject.toml --extra all --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --quiet
ASSETS := view/page/vendor/built-from.txt

.PHONY: help setup tools up demo test slow soak fuzz check fmt bench lock golden kafka clean

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
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-build-isolation -e .
	@touch $(READY)

$(TOOLED): requirements-test.lock | $(READY)
	@echo "installing what tests and checks need into $(VENV) (once)"
	@$(PIP) --require-hashes -r requirements-test.lock
	@touch $(TOOLED)

$(ASSETS): package.json package-lock.json hatch_build.py | $(READY)
	@$(BIN)/python hatch_build.py

setup: $(READY) $(ASSETS) ## install what servicemap needs into .venv/

tools: setup $(TOOLED) ## install what tests, checks and benchmarks need as well

up: setup ## run the map of this machine (flags through ARGS='…')
	@$(BIN)/servicemap up $(ARGS)

demo: setup ## run the map and a small shop with two faults to find on it
	@$(BIN)/servicemap up --demo $(ARGS)

test: tools ## run the tests (ARGS='-k name' for some of them)
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder -m "not slow" $(ARGS)

slow: tools ## run the slow suites: whole systems (the demo, clusters, replays, kills), the truth lab, attacks, installs
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder -m slow $(ARGS)

fuzz: tools ## run the attacks at length (SERVICEMAP_TEST_FUZZ=50 times the tests' share)
	@SERVICEMAP_TEST_FUZZ=$${SERVICEMAP_TEST_FUZZ:-50} $(BIN)/python -m pytest -m fuzz -n 0 --timeout 7200 $(ARGS)

check: tools ## lint, format check, types; of the page's JavaScript too
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m tests.view.check_page

fmt: tools ## format the code
	@$(BIN)/ruff check --fix-only . && $(BIN)/ruff format . && $(BIN)/python -m tests.view.check_page --fix

soak: tools ## run everything at once for an hour: load, nuisances, kills (ARGS='--minutes 5 --kills 8')
	@$(BIN)/python -m tests.soak $(ARGS)

bench: tools ## run the benchmarks, write benchmarks/results.json (ONLY=name for one)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

golden: tools ## rewrite exported schemas, reference pages and dashboards
	@$(BIN)/python -m schemas.export && $(BIN)/python -m servicemap.reference && $(BIN)/servicemap dashboards build

lock: tools ## resolve requirements.lock and requirements-test.lock again
	@$(BIN)/pip install --quiet uv && $(COMPILE) --group dev -o requirements-test.lock
	@cp requirements-test.lock requirements.lock # uv keeps to the versions that stand there
	@$(COMPILE) --group build --overrides <(printf "%s; python_version < '0'\n" $(LEFT_OUT)) -o requirements.lock

kafka: tools ## start a local single-node Apache Kafka on 127.0.0.1:9092 (Ctrl-C stops it)
	@$(BIN)/python -m deploy.kafka $(ARGS)

clean: ## remove what setup and runs made
	@rm -rf $(VENV) $(dir $(ASSETS)) node_modules .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
