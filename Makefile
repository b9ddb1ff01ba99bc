# The doors of this house. Each sets up what it needs in .venv/ first; `make help` lists them.

BIN := .venv/bin
UV := $(firstword $(wildcard $(BIN)/uv) $(shell command -v uv))
INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url

# Two more than there are cores: many tests wait, for a browser or for a server.
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(8, (os.cpu_count() or 1) + 2))')

RULES := tests/test_house.py tests/test_docs.py

.PHONY: help demo test check proof promises coverage mutants bench scale screenshots format lock

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/  make \1	\2/p' Makefile

demo: .venv/.runtime  ## the whole service on this machine, with an article and an inbox (ARGS="--port 8010")
	$(BIN)/newsletter demo $(ARGS)

test: .venv/.dev  ## every test (ONLY=words: those whose names match)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(ONLY),-k '$(ONLY)',$(RULES:%=--ignore=%))

check: .venv/.dev  ## format, lint, types, and the rules of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q $(RULES)

proof: .venv/.dev  ## the long proofs (ONLY=name: tests/proof/test_name.py; PROOF_SIZE=10: longer)
ifdef ONLY
	$(BIN)/python -m pytest tests/proof/test_$(ONLY).py
else
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not alone' tests/proof
	$(BIN)/python -m pytest -m alone tests/proof
	WHOLE=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m whole -p tests.proof.printing tests
endif

promises: .venv/.dev  ## what is promised, and what it was tested at last; the README's table
	$(BIN)/python -m tests.proof.promises

coverage: .venv/.dev  ## what no test goes through; fails where storage, mail, tokens, sign-in or sanitiser is not whole
	rm -rf .venv/coverage && mkdir -p .venv/coverage
	$(BIN)/coverage run -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'not browser' $(if $(ONLY),$(ONLY),tests)
	$(BIN)/coverage combine -q
	$(BIN)/coverage json -q -o .venv/coverage/report.json
	$(BIN)/python -m tests.covered .venv/coverage/report.json

mutants: .venv/.dev  ## small mistakes in what others trust in, and whether a test notices (ONLY="tokens --sample 20")
	$(BIN)/python -m tests.mutants $(ONLY)

bench: .venv/.dev  ## how fast, one JSON line per figure (ONLY=name: tests/bench/name.py)
	$(BIN)/python -m tests.bench $(ONLY)

scale: .venv/.dev  ## how each cost grows up to five million subscribers, into tests/bench/REPORT.md (SIZES=10000,100000)
	$(BIN)/python -m tests.bench._report

screenshots: .venv/.dev  ## every page on a phone and a wide screen, light and dark, and the README's pictures (ONLY="desk de")
	$(BIN)/python -m tests.browser.pictures .venv/pictures $(ONLY)
	$(if $(ONLY),,$(BIN)/python -m tests.browser.screenshots)

format: .venv/.dev  ## lay the code out, sort its imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

lock: .venv/.dev  ## the newest versions that pyproject.toml allows, into deploy/*.lock
	$(LOCK) pyproject.toml --all-extras --group dev -o deploy/requirements-dev.lock
	$(LOCK) pyproject.toml -c deploy/requirements-dev.lock -o deploy/requirements.lock
	$(LOCK) pyproject.toml --extra postgres --extra xlsx -c deploy/requirements-dev.lock \
	  -o deploy/requirements-server.lock
	$(LOCK) --group build -c deploy/requirements-dev.lock -o deploy/requirements-build.lock

.venv/bin/python:
	@echo "Setting up .venv, once ..."
	@if [ -n "$(UV)" ]; then exec "$(UV)" venv --quiet --python '>=3.11' .venv; fi; \
	for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv .venv || { rm -rf .venv; exit 1; }; exit 0; \
	  fi; \
	done; \
	echo "Python 3.11 or newer is needed and none was found. Install it, or name yours:" >&2; \
	echo "  make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1

.venv/.runtime: pyproject.toml deploy/requirements.lock deploy/requirements-build.lock | .venv/bin/python
	@echo "Installing what it runs on ..."
	@$(INSTALL) --require-hashes -r deploy/requirements.lock -r deploy/requirements-build.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: pyproject.toml deploy/requirements-dev.lock | .venv/bin/python
	@echo "Installing what it is tested with ..."
	@$(INSTALL) --require-hashes -r deploy/requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ .venv/.runtime
