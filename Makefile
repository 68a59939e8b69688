# Two commands on a fresh machine: `make demo` and `make test`. Everything installs itself into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
XDIST := -n 2

.PHONY: demo test check bench field lint types fast lock clean

demo: $(VENV)/.ready
	$(BIN)/scaffold demo

test: $(VENV)/.ready lint types
	$(BIN)/pytest $(XDIST)

# The inner loop: under a minute.
check: $(VENV)/.ready lint types
	$(BIN)/pytest $(XDIST) -m "not slow"

lint: $(VENV)/.ready
	$(BIN)/ruff check src tests tools
	$(BIN)/ruff format --check src tests tools
	$(BIN)/lint-imports
	$(BIN)/interrogate -q src

types: $(VENV)/.ready
	$(BIN)/mypy

bench: $(VENV)/.ready
	$(BIN)/python tools/bench.py

# make field PLANO="DIR DIR": every finished row on copies of real checkouts, into field/ledger.json.
field: $(VENV)/.ready
	$(BIN)/python tools/field.py run $(PLANO)

lock:
	uv pip compile -q --universal --no-header --no-emit-index-url --generate-hashes --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile -q --universal --no-header --no-emit-index-url --generate-hashes --python-version 3.11 pyproject.toml --group dev -o requirements-dev.lock

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "scaffold needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) .cache dist build
