# The same words on a laptop and in CI. `make up` and `make test` need nothing but Python 3.11+ with venv.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CACHE ?= $(HOME)/.cache/karmada

# make up: where its state lives, how many members, how many of them in pull mode, which store, which port,
# further flags (FLAGS='karmada-controller-manager=--v=4 ...').
STATE ?= .karmada
MEMBERS ?= 3
PULL ?=
FLAGS ?=
PORT ?= 5443
ETCD ?=
NODES ?= 1

.PHONY: up down status clean test lint types format bench oracle tools dev

up: $(BIN)/.ready
	@$(BIN)/karmadactl local up --state "$(STATE)" --members $(MEMBERS) --port $(PORT) --nodes $(NODES) \
		$(if $(PULL),--pull $(PULL)) $(foreach flag,$(FLAGS),--flag '$(flag)') $(if $(ETCD),--etcd "$(ETCD)")

down:
	@if [ -x $(BIN)/karmadactl ]; then $(BIN)/karmadactl local down --state "$(STATE)"; fi

status: $(BIN)/.ready
	@$(BIN)/karmadactl local status --state "$(STATE)"

clean: down
	rm -rf "$(STATE)" $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

PYTEST_ARGS ?= -n 2 --dist loadfile

# Runs everything a machine without Docker can run; says what it skipped and why.
test: dev tools
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: dev
	$(BIN)/ruff format --check --no-cache .
	$(BIN)/ruff check --no-cache .
	$(BIN)/lint-imports

types: dev
	$(BIN)/mypy

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# JSON lines, one a figure; BENCH=name picks one of tests/bench/.
bench: dev tools
	$(BIN)/python -m tests.bench $(BENCH)

# The recorded scenarios, where they are at hand: ORACLE=dir with runner.py and cases/.
ORACLE ?= ../shared/scenarios
ONLY ?=
oracle: dev
	$(BIN)/python -m tests.support.oracle --scenarios "$(ORACLE)" $(foreach name,$(ONLY),--only '$(name)')

# What the tests drive from outside: several kubectl versions, etcd, and a real kube-apiserver where it can be built.
tools: dev
	@$(BIN)/python -m tests.support.tools --cache "$(CACHE)"

dev: $(BIN)/.ready-dev

$(BIN)/.ready: requirements.txt requirements-tools.txt pyproject.toml
	@VENV=$(VENV) PYTHON=$(PYTHON) hack/install.sh requirements.txt requirements-tools.txt
	@touch $@

$(BIN)/.ready-dev: requirements-dev.txt $(BIN)/.ready
	@VENV=$(VENV) PYTHON=$(PYTHON) hack/install.sh requirements-dev.txt
	@touch $@
