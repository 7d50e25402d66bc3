# The whole interface for people: make run, make test, make check, make bench.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: run test test-slow check format bench constraints clean

run: $(VENV)/.runtime ## set up, then Faultline in front of two simulated providers, one of which fails
	$(BIN)/python -m proxy demo

test: check ## set up, every gate, every test
	$(BIN)/python -m pytest

test-slow: $(VENV)/.dev ## soaks, full-time scenarios, peers that need a download, pages in Chromium (apt-get install chromium)
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.dev ## format, lint, types, import contracts (sizes and names are tests)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## ratios against nginx, in one run, pinned to one core
	$(BIN)/python -m bench

constraints: ## resolve anew: names, versions and hashes, no registry address
	uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o constraints.txt
	uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -c constraints.txt pyproject.toml -o constraints-dev.txt
	uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra notify -c constraints-dev.txt pyproject.toml -o constraints-notify.txt
	echo hatchling | uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c constraints-dev.txt - -o constraints-build.txt

$(VENV)/.runtime: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r constraints.txt
	touch $@

$(VENV)/.dev: constraints-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r constraints-dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
