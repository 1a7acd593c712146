# Two verbs to begin with: `make demo` and `make test`. Everything else they need, they make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard ext/*.p[yx]* ext/*/*.p[yx]*) setup.py pyproject.toml

SUPPLY := .venv-supply

# Some tests wait for a server or a process that is to be killed; each worker comes to hold 3 GB.
TESTS_AT_ONCE ?= $(shell expr 2 \* `getconf _NPROCESSORS_ONLN`)

# Thousands of processes are started here: where none may keep what it compiled, each compiles it all.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test build lint clean lock sbom
.DELETE_ON_ERROR:

demo: build
	$(BIN)/onecard demo

build: $(VENV)/built

$(VENV)/built: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/tested: $(SOURCES) requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(VENV)/built $@

$(BIN)/python:
	sh tests/install_python.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# Tests are compiled beside mypy, which takes one processor: each worker would compile all of them.
test: $(VENV)/tested
	sh tests/install_packages.sh
	$(BIN)/python -m ruff check .
	$(BIN)/python -m pytest tests --collect-only -qq >/dev/null 2>&1 & $(BIN)/python -m mypy && wait
	$(BIN)/python -m pytest tests -n $(TESTS_AT_ONCE) --dist worksteal
	sh tests/checked_build.sh $(abspath $(BIN))/python

lint: $(VENV)/tested
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

# What development and CI install, each file by its digest, for every Python and system.
lock: | $(SUPPLY)/bin/python
	$(SUPPLY)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --extra test --no-header --no-annotate --upgrade --output-file requirements.lock pyproject.toml

# What the engine is installed with, and under which licences.
sbom: build | $(SUPPLY)/bin/python
	$(SUPPLY)/bin/cyclonedx-py environment $(BIN)/python --output-format JSON --output-file sbom.json
	$(SUPPLY)/bin/pip-licenses --python=$(BIN)/python --format=plain --output-file=licences.txt

$(SUPPLY)/bin/python:
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet "uv>=0.5" "cyclonedx-bom>=5" "pip-licenses>=5"

clean:
	rm -rf $(VENV) $(SUPPLY) build dist *.egg-info ext/*.so ext/*/*.so demo
