# Two verbs to begin with: `make demo` and `make test`. Everything else they need, they make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard ext/*.p[yx]* ext/*/*.p[yx]*) setup.py pyproject.toml

.PHONY: demo test build lint clean
.DELETE_ON_ERROR:

demo: build
	$(BIN)/onecard demo

build: $(VENV)/built

$(VENV)/built: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/tested: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $(VENV)/built $@

$(BIN)/python:
	sh tests/install_python.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

test: $(VENV)/tested
	sh tests/install_server.sh
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest tests -n auto --dist worksteal
	sh tests/checked_build.sh $(abspath $(BIN))/python

lint: $(VENV)/tested
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

clean:
	rm -rf $(VENV) build dist *.egg-info ext/*.so ext/*/*.so demo
