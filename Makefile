# A virtual environment with pinned packages, and what to do in it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test conformance lint install clean

demo: install
	$(BIN)/python -m export shufflenet_v2 --to tflite --quant int8

test: lint
	sh tests/install_debian.sh
	$(BIN)/python -m pytest

# Every backend case of ONNX through every target: counts, and what is refused for which reason.
conformance: install
	sh tests/install_debian.sh
	$(BIN)/python -m tests.conformance

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache
