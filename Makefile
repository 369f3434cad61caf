# The commands of this project. `make help` lists them. Everything is installed into .venv, uv included where it is missing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: portal up-local destroy-local test-faults test-stories test-templates help demo demo-delivery demo-project test test-engine test-browser lint types bench preview policy schema lock install clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# uv from PATH, else a private copy under .tools/, installed once from the package index.
UV := $(or $(shell command -v uv 2>/dev/null),.tools/uv/bin/uv)
# Tests that `make test` leaves to targets of their own.
ELSEWHERE := engine or browser or faults or stories or templates
# Which of the engine's tests run. What a machine lacks is left out by name, `engine and not aws_plugin`: nothing skips.
ENGINE_TESTS ?= engine
# Names under which systems install Chromium.
CHROMIUM := chromium chromium-browser google-chrome

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.tools/uv/bin/uv:
	@echo "uv is not on PATH: installing it into .tools/uv"
	@$(PYTHON) -m venv .tools/uv
	@.tools/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt

$(VENV)/.installed: requirements-dev.txt pyproject.toml $(if $(findstring .tools,$(UV)),$(UV))
	@$(UV) venv --quiet --allow-existing --python 3.11 $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# On top of what is installed, whose sync takes it away again.
$(VENV)/.browser: requirements-browser.txt $(VENV)/.installed
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-browser.txt
	@touch $@

install: $(VENV)/.installed ## Create .venv with everything pinned.

demo: install ## Preview all three stacks, run dev's pipeline and a weak model in prod, show the registry.
	@$(BIN)/python -m local.demo

demo-delivery: install ## Take a model from dev's approval to preprod's endpoint, and roll a bad version back.
	@$(BIN)/python -m local.demo_delivery

demo-project: install ## Make a project in a local GitHub: its tests, its pipeline, its deployment started once.
	@$(BIN)/python -m local.demo_project

test: install ## Run all tests that need Python only; says how many it leaves out.
	@$(BIN)/pytest -n auto --dist loadfile -q -m "not ($(ELSEWHERE))"

test-faults: install ## Put every fault into every call of every function; minutes.
	@$(BIN)/pytest -n auto --dist load -q -m faults

test-stories: install ## Play the stories: the demos, and the three stacks in every order.
	@$(BIN)/pytest -n auto --dist load -q -m stories

test-templates: install ## Run the suites and the pipeline of the template repositories, as they land in GitHub.
	@$(BIN)/pytest -n auto --dist load -q -m templates

test-engine: install ## Run the tests that need the Pulumi CLI; fail where it, the aws plugin or npm is missing.
	@for command in pulumi pulumi-language-python; do command -v $$command >/dev/null || \
		{ echo "$$command is not on PATH: install the Pulumi CLI, then run make test-engine."; exit 1; }; done
	@MLOPS_NO_SKIPS=1 $(BIN)/pytest -q -m "$(ENGINE_TESTS)"

test-browser: $(VENV)/.browser ## Run the portal's tests in headless Chromium; fail where it or Playwright is missing.
	@for name in $(CHROMIUM); do ! command -v $$name >/dev/null || found=1; done; [ -n "$${found:-}" ] || \
		{ echo "Chromium is not on PATH ($(CHROMIUM)): install it, then run make test-browser."; exit 1; }
	@$(BIN)/python -c 'import axe_playwright_python, playwright' || \
		{ echo "Playwright is not in $(VENV): remove $(VENV)/.browser, then run make test-browser."; exit 1; }
	@MLOPS_NO_SKIPS=1 $(BIN)/pytest -q -m browser tests/browser

lint: install ## Check style, docs and formatting.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: install ## Check types.
	@$(BIN)/mypy
	@$(BIN)/mypy package/__main__.py # a program of its own, beside the one at the top

bench: install ## Measure and print the table of ratios.
	@$(BIN)/python -m bench

preview: install ## Print what every stack would create; STACK=dev for one.
	@for stack in $(or $(STACK),dev preprod prod); do $(BIN)/mlops preview $$stack; done

policy: install ## Judge every stack by the policy rules and print the table; STACK=dev for one.
	@$(BIN)/mlops policy $(STACK)

up-local: install ## Deploy STACK=dev with the real engine into the embedded AWS; needs CLI and aws plugin.
	@$(BIN)/mlops up $(or $(STACK),dev) --local

destroy-local: install ## Remove what up-local made.
	@$(BIN)/mlops destroy $(or $(STACK),dev) --local

portal: install ## Serve the portal on this machine, with fictional people and no account; PORT=8080.
	@$(BIN)/mlops portal here --port $(or $(PORT),8080)

schema: install ## Write what is generated from code: the stack files' JSON schema and the page on what people may do.
	@$(BIN)/python -m settings schema > docs/reference/stack-settings.schema.json
	@$(BIN)/python -m components.personas_page > docs/reference/personas.md
	@$(BIN)/python -m portal.api.openapi > docs/reference/portal-api.json

lock: ## Pin every dependency with hashes.
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header pyproject.toml --output-file requirements.txt
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt
	@$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["browser"], sep="\n")' \
		| $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --constraint requirements-dev.txt - --output-file requirements-browser.txt
	@echo 'uv==0.13.8' | $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate - --output-file requirements-uv.txt

clean: ## Remove what the commands made: the environment, caches, runs and the embedded AWS.
	@rm -rf $(VENV) .tools .mlops .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
