# The two commands: `make demo` (install what is missing, run the main job with scripted models, print a table) and `make test`.
# Each step says what it does; a step that has nothing to do says nothing. Steps live in .ci/ and containers/engine/ as small scripts.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.NOTPARALLEL:
BIN := .venv/bin
PYTEST := $(BIN)/pytest --durations=15 $(PYTEST_ARGS)

.PHONY: help
help: ## This list.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 12

.PHONY: demo
demo: venv engine images ## Run the main job with scripted models and print what they did.
	@$(BIN)/honeyweights demo

.PHONY: test
test: lint ready ## Lint, types, layers, then the tests, containers included.
	@echo "Running the tests: those without containers, then those with, two at a time; and those that bear no other beside them"
	$(PYTEST) -n 2 tests/unit
	$(PYTEST) -n 2 --dist loadfile -m "not alone" tests/world tests/adversarial
	$(PYTEST) -m alone tests/world tests/adversarial

.PHONY: bank
bank: dev ready ## Run every policy, client and transformation in real containers.
	@echo "Running the banks"
	$(PYTEST) -m bank

.PHONY: soak
soak: dev ready ## Floods, gigabytes and the whole table of transformations at size: an hour or more.
	@echo "Running the soak tests"
	$(PYTEST) -m soak

.PHONY: bench
bench: dev ## Measure our world beside Inspect's plain docker sandbox.
	@bash .ci/compose.sh
	$(MAKE) --no-print-directory engine images
	for bench in tests/bench/bench_*.py; do $(BIN)/python "$$bench"; done

.PHONY: lint
lint: dev ## Format, lint, types and layers.
	@bash .ci/lint.sh

.PHONY: clean
clean: ## Remove the containers and volumes that honeyweights made (and nothing else).
	@bash .ci/clean.sh

.PHONY: venv
venv: ## Install the package, editable, into .venv.
	@bash .ci/venv.sh

.PHONY: dev
dev:
	@bash .ci/venv.sh dev

.PHONY: engine
engine: venv ## Install and start Docker Engine where there is none.
	@PYTHON=$(CURDIR)/$(BIN)/python sh containers/engine/ready.sh

.PHONY: images
images: venv engine ## Build the images that are missing or stale.
	@$(BIN)/honeyweights build

# The tests' engine and images: without an engine only when that was asked for, and then the tests say how many they left out.
.PHONY: ready
ready: dev
	@if [ "$${HONEYWEIGHTS_NO_ENGINE:-}" = 1 ]; then
	    echo "HONEYWEIGHTS_NO_ENGINE=1: the tests that need containers are left out"
	else
	    $(MAKE) --no-print-directory engine images
	fi
