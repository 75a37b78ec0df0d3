# A virtual environment with pinned packages, and what to do in it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# One worker for each core, with one thread, so that workers don't wait for one another. The tests of
# a file stay on one worker, since they share what the file's fixtures made. Files are begun in the
# order of their names: the long ones of conformance and device_bench then come first, and not alone
# at the end.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder

.PHONY: demo apk test test-fast docs docs-commands conformance lint install clean

demo: install
	$(BIN)/python -m export shufflenet_v2 --to tflite --quant int8

# The Android app, built from android_app/, signed and verified: build/edgeship-bench.apk.
apk: install
	sh tests/install_debian.sh
	$(BIN)/python -m device_bench app build

# Everything that CI runs.
test: lint docs
	sh tests/install_debian.sh
	$(PYTEST)

# What a change is tried with while it is being made: under two minutes on two cores.
test-fast: install
	$(PYTEST) -m "not slow" --durations=10 --durations-min=3

# The manual, as pages in build/site.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# The reference of all commands, from their --help.
docs-commands: install
	$(BIN)/python -m tests.docs.command_pages

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
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,docs]'
	touch $@

clean:
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache
