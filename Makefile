# The two commands to start with are `make run` and `make test`; `make` alone lists all.
# WORKERS: one more than two cores, since many tests wait for processes.
PYTHON ?= python3
LISTEN ?= 127.0.0.1:9517
CONFIG ?=
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run test check format generate bench clean

help:
	@echo "make run                the exporter with a pretend organisation on http://$(LISTEN)/"
	@echo "make run CONFIG=FILE    the exporter with your configuration"
	@echo "make test               everything this machine can check"
	@echo "make check              the quick part of it: format, lint, types, import contracts"
	@echo "make format             formats the code and mends what ruff can mend"
	@echo "make generate           writes the generated documents anew"
	@echo "make bench              the benchmarks, short"
	@echo "make clean              removes everything that was made, the demo's state too"
	@echo "PYTHON=/path/to/python3 chooses the Python (3.11 or newer), LISTEN=HOST:PORT the demo's address."

run: $(VENV)/.installed
ifeq ($(CONFIG),)
	@mkdir -p var
	@echo "A pretend organisation: http://$(LISTEN)/ and http://$(LISTEN)/metrics (Ctrl-C ends it)"
	@exec $(BIN)/sdlc-exporter demo --store var/demo.db --listen $(LISTEN)
else
	@exec $(BIN)/sdlc-exporter run -c "$(CONFIG)"
endif

test: check
	@sh tools/machine.sh prometheus
	@sh tools/machine.sh registry
	@$(BIN)/python -m tools.helm
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --cov --cov-report=term

check: $(VENV)/.installed-to-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-to-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(VENV)/.installed-to-test
	$(BIN)/python -m tools.generate

bench: $(VENV)/.installed-to-test
	@set -e; for each in $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py)); do \
		echo "$$each"; $(BIN)/python "$$each" --quick; \
	done

clean:
	rm -rf $(VENV) var build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find exporter tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The build backend is installed beside the package: one resolution instead of a second, hidden environment.
$(VENV)/.made:
	@sh tools/machine.sh python "$(PYTHON)"
	@echo "Making a virtual environment in $(VENV)"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(PIP) install "setuptools>=77"
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing the exporter"
	@$(PIP) install --no-build-isolation --editable ".[github-app,remote-write]"
	@touch $@

$(VENV)/.installed-to-test: $(VENV)/.made pyproject.toml
	@echo "Installing the exporter and what its tests need"
	@$(PIP) install --no-build-isolation --editable ".[dev]"
	@touch $@ $(VENV)/.installed
