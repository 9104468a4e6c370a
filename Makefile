# Everything a user or CI runs. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup night up down check test trials bench docs lock

help: ## Show what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(READY) ## Install everything into .venv, once

$(READY): infra/requirements.txt infra/installer.txt infra/spark/jars.sha256 infra/spark/record_classes.py infra/openmp.py infra/setup.sh pyproject.toml
	@PYTHON="$(PYTHON)" bash infra/setup.sh

night: $(READY) ## Run a whole night; on an empty landing/, of the sample world
	@$(BIN)/reelhouse night --sample

up: $(READY) ## Start the page over the lake, Airflow, MLflow and a Spark server on loopback
	@$(BIN)/python -m infra.services up

down: $(READY) ## Stop what `make up` started
	@$(BIN)/python -m infra.services down

check: $(READY) ## Format, lint, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

test: $(READY) ## The test suite
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

trials: $(READY) ## Whole systems: a real scheduler, kills, clusters, real data
	@$(BIN)/python -m pytest tests/trials

bench: $(READY) ## Figures beside their goals, about 100 minutes; one: python -m tests.benchmarks NAME
	@$(BIN)/python -m tests.benchmarks

docs: $(READY) ## Write docs/tables.md, and the words of promises, from the definitions
	@$(BIN)/python -m expectations.page

lock: $(READY) ## Lock the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra dev --upgrade pyproject.toml -o infra/requirements.txt > /dev/null
	@grep -A999 '^uv==' infra/requirements.txt | awk 'NR == 1 || /^    --hash/ { print; next } { exit }' > infra/installer.txt
