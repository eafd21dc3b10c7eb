# Two commands matter: `make demo` and `make test`. Both install what they need into .venv first;
# they need Python 3.11 or later, make and the package registries, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo demo-reset test lint bench screenshots schema release-snapshot install clean

demo: install ## Start the demo: embedded Supabase, a demo organisation, the dashboard
	@exec $(BIN)/footprint demo

demo-reset: install ## Delete the demo's data, so that the next start begins anew
	@exec $(BIN)/footprint demo reset

test: install ## Run every test
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: install ## Style, format, types, and no secret in the repository
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/repository

bench: install ## Measure what the README claims; needs a quiet machine and some minutes
	@$(BIN)/python -m benchmarks

screenshots: install ## Take docs/screenshots anew from the demo
	@$(BIN)/python docs/take_screenshots.py

schema: install ## Write docs/schema.md from a database that was just migrated
	@$(BIN)/python docs/describe_schema.py

release-snapshot: install ## Keep this release's wheel and rows of every kind for the upgrade tests
	@PYTHONPATH=tests $(BIN)/python -m releases

install: $(STAMP)

# The lock file holds hashes, so that what is installed is what was tested.
$(STAMP): requirements.lock pyproject.toml lib/footprint/release.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Footprint needs Python 3.11 or later; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "Python could not make a virtual environment in $(VENV): on Debian and Ubuntu, install python3-venv."; exit 1; }
	@echo "Installing the locked packages into $(VENV) (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean: ## Remove everything that is not in the repository, except the demo's data
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
