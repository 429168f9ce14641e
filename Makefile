# Two commands set everything up on a machine with Python >= 3.11, make and git: `make demo`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint docs bench torture test-tools pictures lock clean help

help:
	@echo "make demo        publish a sample article to sample readers and say where everything lies"
	@echo "make test        run the whole test suite"
	@echo "make lint        ruff, mypy --strict, import-linter, codespell, deptry"
	@echo "make docs        write the generated reference pages again"
	@echo "make pictures    take the README's pictures from the real output (needs Chromium)"
	@echo "make test-tools  fetch the tools some tests and benchmarks use, from npm and PyPI"
	@echo "make bench       run the benchmarks and print their tables"
	@echo "make torture     run the long fault tests"
	@echo "make lock        resolve the lock files again (needs uv)"

# A stamp per lock file: set-up runs again only when the lock or the project changes.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing from requirements.lock …"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing from requirements-dev.lock …"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime
	@$(BIN)/python scripts/demo.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -rs

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/deptry src

docs: $(VENV)/.dev
	$(BIN)/python scripts/write_docs.py

pictures: $(VENV)/.dev
	$(BIN)/python scripts/take_pictures.py

test-tools:
	cd tests/tools && npm ci --no-audit --no-fund
	cd benchmarks/senders && npm ci --no-audit --no-fund
	$(PYTHON) -m venv tests/tools/websub
	tests/tools/websub/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/tools/websub.lock
	tests/tools/websub/bin/python tests/tools/flufl_bounce.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run.py

torture: $(VENV)/.dev
	$(BIN)/python -m pytest -m faults -n 2 --timeout 1800

lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --exclude-newer "$$(date -u -d '7 days ago' +%F)" pyproject.toml --extra build -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --exclude-newer "$$(date -u -d '7 days ago' +%F)" pyproject.toml --extra dev --extra build -o requirements-dev.lock

clean:
	rm -rf $(VENV) dist build
