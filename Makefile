# The front door: `make help` lists what there is. Needs Python 3.11 or newer, git and make; nothing else.

.DEFAULT_GOAL := help
.PHONY: help setup lock run web test unit integration lint types imports proof migrate revision seed day bench docs

# Everything that tools like to keep in the home folder stays inside the checkout.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
# pip asks rustc for its version, and where that is rustup it makes a folder in HOME.
export RUSTUP_HOME := $(CURDIR)/.cache/rustup
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis
# Its logs go there as well, of `npm run` too.
export npm_config_cache := $(CURDIR)/.cache/npm

PYTHON_CANDIDATES := $(PYTHON) python3 python3.13 python3.12 python3.11
PY := .venv/bin/python
FLASK := $(PY) -m flask --app wsgi

# The name of a stamp holds the checksum of what was installed, so a changed lock installs again.
checksum = $(shell cat $(1) | cksum | tr ' ' '-')
VENV := .venv/made
RUNTIME := .venv/installed-runtime-$(call checksum,requirements.txt)
DEVELOPMENT := .venv/installed-development-$(call checksum,requirements-dev.txt)

WEB_PACKAGES = web/node_modules/.installed-$(call checksum,web/package-lock.json)
WEB_SOURCES := web/vite.config.ts infra/messages.json $(shell find web/field -type f)
FIELD := web/built/field/index.html
build_field_if_node = ! command -v npm >/dev/null || $(MAKE) --no-print-directory web || echo "The field app was not built" >&2

# One line per package while pip works; its errors come through, and its exit code is ours.
progress = awk -v total="$$(grep -c '^[a-z0-9].*==' $(1))" \
	'/^Collecting /{printf "  %3d of %d  %s\n", ++n, total, $$2; fflush()} /^pip ended /{code=$$3} END{exit code}'
install = @echo "Installing $(1) into .venv"; \
	{ $(PY) -m pip install --require-hashes --progress-bar off --no-color -r $(1); echo "pip ended $$?"; } | $(call progress,$(1))

$(VENV):
	@for python in $(PYTHON_CANDIDATES); do \
	  if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; \
	    $$python -m venv --clear .venv && touch $@ && exit 0; \
	  fi; \
	done; \
	echo "No Python 3.11 or newer with the venv module was found; name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1

$(RUNTIME): | $(VENV)
	$(call install,requirements.txt)
	@rm -f .venv/installed-runtime-* && touch $@

$(DEVELOPMENT): | $(VENV)
	$(call install,requirements-dev.txt)
	@rm -f .venv/installed-* && touch $@ $(RUNTIME)

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Setup

setup: $(DEVELOPMENT) ## Make .venv with everything, developers' tools included
	@echo "Ready: make run, make test"

lock: $(DEVELOPMENT) ## Compile requirements*.in into exact versions with hashes
	@for name in requirements requirements-dev; do \
	  env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND="make lock" \
	    $(PY) -m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	    --no-emit-index-url --no-emit-find-links --output-file $$name.txt $$name.in || exit 1; \
	done

##@ Run

# Without Node the field app is left out: its address says so, and everything else works.
run: $(RUNTIME) ## Start everything, print the addresses and the demo sign-ins; Ctrl-C stops it
	@$(build_field_if_node)
	@$(PY) -m infra.supervisor

web: $(FIELD) ## Build the field officers' app; needs Node.js 20.19 or newer

$(WEB_PACKAGES): web/package.json
	@echo "Installing web/package-lock.json into web/node_modules"
	@cd web && npm ci --loglevel error
	@rm -f web/node_modules/.installed-* && touch $@

$(FIELD): $(WEB_PACKAGES) $(WEB_SOURCES)
	@cd web && npm run --silent build

##@ Check

test: $(DEVELOPMENT) ## Every check; continuous integration runs this and nothing else
	@$(PY) -m tests.run

unit: $(DEVELOPMENT) ## Tests without database or queue
	@$(PY) -m tests.run unit

integration: $(DEVELOPMENT) ## Tests on SQLite and PostgreSQL with a real Valkey
	@$(PY) -m tests.run integration-sqlite integration-postgresql

lint: $(DEVELOPMENT) ## ruff: rules and format
	@$(PY) -m tests.run lint format

types: $(DEVELOPMENT) ## mypy: strict in the core
	@$(PY) -m tests.run types

imports: $(DEVELOPMENT) ## import-linter: imports point down
	@$(PY) -m tests.run imports

proof: $(DEVELOPMENT) ## The long nightly: every check, the long ones on both databases, the simulation, the officers' app
	@$(build_field_if_node)
	@$(PY) -m tests.run --proof

##@ Data

migrate: $(RUNTIME) ## Bring the database to the newest revision
	@$(FLASK) migrate

revision: $(RUNTIME) ## Write a revision from the models: make revision m="add notices"
	@test -n "$(m)" || { echo 'Say what changes: make revision m="add notices"' >&2; exit 1; }
	@$(FLASK) revision -m "$(m)"

seed: $(RUNTIME) ## Fill the database with a whole demonstration IBC (80,000 consumers)
	@$(FLASK) seed --consumers 80000 --seed 1

day: $(DEVELOPMENT) ## Live one working day of the demonstration IBC
	@$(PY) -m tests.simulation.day

##@ Speed

bench: $(DEVELOPMENT) ## Measure speed, in ratios from interleaved runs
	@$(PY) -m benchmarks

##@ Docs

docs: $(RUNTIME) ## Write the generated pages again
	@$(FLASK) docs
