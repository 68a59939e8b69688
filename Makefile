# Two commands on a fresh machine: `make demo` and `make test`. Everything installs itself into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
XDIST := -n 2 --dist loadgroup
CARGO_MUTANTS := 27.1.0
CARGO_LLVM_COV := 0.9.1
# With it every process of every test would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check slowest soak bench drift field mends parts together ledger picture peers python-314 realbugs releases reliability rust-tools stack lint types lock clean whole

demo: $(VENV)/.ready
	$(BIN)/scaffold demo

test: $(VENV)/.ready lint types ledger rust-tools
	PATH="$(CURDIR)/.cache/rust/bin:$$PATH" $(BIN)/pytest $(XDIST)

# The tests of `make check` by processor time: mark as slow what takes more than 0.7 s.
slowest: $(VENV)/.ready
	PYTHONPATH=tests $(BIN)/pytest $(XDIST) -p support.cpu_time -m "not slow" $(STARTS:%=--ignore=%)

# The tests of the cargo runner need these two; without cargo they are skipped and say so. They start
# other programs and wait for them: not worth the time of an optimized build.
rust-tools:
	@for tool in cargo-mutants@$(CARGO_MUTANTS) cargo-llvm-cov@$(CARGO_LLVM_COV); do \
	  if command -v cargo >/dev/null && ! command -v "$${tool%@*}" >/dev/null \
	    && ! test -x ".cache/rust/bin/$${tool%@*}"; then \
	    CARGO_PROFILE_DEV_DEBUG=0 cargo install --debug --locked --quiet --root .cache/rust "$$tool" || exit 1; fi; done

# The inner loop, a minute on two idle cores: what starts the command or a proof tool for each test is left to `make test`, and so
# are the rows of which the branch edits no template. The contract of an edited row takes up to half a minute more.
STARTS := tests/cli tests/proof/pytest tests/proof/cargo tests/proof/test_verify.py
check: $(VENV)/.ready
	$(MAKE) --no-print-directory -j 2 lint types ledger
	TEST_ROWS=edited $(BIN)/pytest $(XDIST) -m "not slow" $(STARTS:%=--ignore=%)

# make soak [ROUNDS=50000] [SEED=1]: a person edits, deletes, links and kills at every step of new, undo
# and the taking back; a byte of theirs that is lost is printed with the seed that shows it.
ROUNDS := 50000
SEED := 1
soak: $(VENV)/.ready
	scratch=$$(mktemp -d) && XDG_STATE_HOME=$$scratch/state PYTHONPATH=tests \
	  $(BIN)/python -m support.adversary $(ROUNDS) $(SEED) $$scratch/small; \
	  code=$$?; rm -rf $$scratch; exit $$code

lint: $(VENV)/.ready
	$(BIN)/ruff check src tests tools docs/examples
	$(BIN)/ruff format --check src tests tools docs/examples
	$(BIN)/lint-imports
	$(BIN)/interrogate -q src

types: $(VENV)/.ready
	$(BIN)/mypy

# make bench [PLANO=DIR] [INSTALLED=DIR]: with a checkout of Plano the Rust rows are measured too, with one in
# which js_vitest is written and the packages are installed that one.
bench: $(VENV)/.ready
	$(BIN)/python tools/bench.py

# make field PLANO="COMMIT=DIR COMMIT=DIR" [FIELD="--python EXE --gap GAP"]:
# every finished row on copies of real checkouts, into field/ledger.json and docs/ledger.md.
field: $(VENV)/.ready
	$(BIN)/python tools/field.py run $(PLANO) $(FIELD)

# make mends PLANO="COMMIT=DIR COMMIT=DIR" [MENDS="--python EXE --gap GAP"]: every mend on copies of real
# checkouts, into field/mends.json and docs/ledger.md.
mends: $(VENV)/.ready
	$(BIN)/python tools/mends.py run $(PLANO) $(MENDS)

# make parts PLANO="COMMIT=DIR …" [FIELD="--tests --gap GAP"]: what each part adds over what it needs and
# upstream has, with all mutants; with --tests also which tests add nothing. Into field/parts.json.
parts: $(VENV)/.ready
	$(BIN)/python tools/field_parts.py run $(PLANO) $(FIELD)

# make python-314 PLANO="COMMIT=DIR …" [FIELD="--python EXE --gap GAP"]: the Python rows without the names that Python
# 3.14 removed, into field/python_314.json and docs/ledger.md.
python-314: $(VENV)/.ready
	$(BIN)/python tools/python_314.py run $(PLANO) $(FIELD)

# make drift CLONE=GITDIR [DRIFT="--commit C --gap GAP --python EXE"]: the rows at every release of upstream, compiled and run.
drift: $(VENV)/.ready
	$(BIN)/python tools/drift.py run $(CLONE) $(DRIFT)

# make together PLANO="COMMIT=DIR COMMIT=DIR": all Rust rows at once, by the checkout's own checks.
together: $(VENV)/.ready
	$(BIN)/python tools/together.py $(PLANO)

# make whole PLANO="COMMIT=DIR COMMIT=DIR" [WHOLE="--python EXE"]: all gaps written and proved in one go, timed.
whole: $(VENV)/.ready
	$(BIN)/python tools/whole.py run $(PLANO) $(WHOLE)

# make stack PLANO="COMMIT=DIR" STACK="--binaries DIR --stack WORDS [--python EXE] [--mended WORDS]": the end-to-end rows against a
# real stack of Envoy, both filters and brightstaff, into field/stack.json and docs/stack.md.
stack: $(VENV)/.ready
	$(BIN)/python tools/stack.py run $(PLANO) $(STACK)

# make reliability: every kind of bad input against every command, into docs/reliability.md.
reliability: $(VENV)/.ready
	PYTHONPATH=tests $(BIN)/python -m support.reliability

# Red where a finished row has no entry or misses a bar; lists what a later change made stale.
ledger: $(VENV)/.ready
	$(BIN)/python tools/ledger.py check
	$(BIN)/python tools/readme.py --check
	$(BIN)/python tools/picture.py --check

# The picture of the rooms in docs/architecture.md, from the imports.
picture: $(VENV)/.ready
	$(BIN)/python tools/picture.py

# make peers [PEERS="--upstream COMMIT=DIR"]: other generators, or upstream's tests, and ours.
peers: $(VENV)/.ready
	$(BIN)/python tools/peers.py $(PEERS)

# make releases [RELEASES="0.4.8 0.4.9"]: the Python rows on every release, or on those named.
releases: $(VENV)/.ready
	$(BIN)/python tools/releases.py $(RELEASES)

# make realbugs CLONE=GITDIR [BUGS="--bug COMMIT --gap GAP"]: which of upstream's own fixes the tests reveal and guard.
realbugs: $(VENV)/.ready
	$(BIN)/python tools/realbugs.py run $(CLONE) $(BUGS)

lock:
	uv pip compile -q --universal --no-header --no-emit-index-url --generate-hashes --python-version 3.11 pyproject.toml --group dev -o requirements.lock

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "scaffold needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --require-hashes -r requirements.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) .cache dist build
