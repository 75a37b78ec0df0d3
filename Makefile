# A virtual environment with pinned packages, and what to do in it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# A worker for each core, with one thread, so that workers don't wait for one another. The tests of
# a file stay on one worker, since they share what the file's fixtures made. Files are begun in the
# order of their names: the long ones of conformance and device_bench then come first, and not alone
# at the end.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder

# All tests have one worker more: those of phones wait, for programs to start, to end and to hang.
WORKERS = $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')

# Some machines ask Python not to keep what it has compiled; each of the many processes that tests
# start would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo apk test test-fast docs docs-commands conformance fuzz lint debian install clean

demo: install
	$(BIN)/python -m export shufflenet_v2 --to tflite --quant int8

# The Android app, built from android_app/, signed and verified: build/edgeship-bench.apk.
apk: install debian
	$(BIN)/python -m device_bench app build

# Everything that CI runs. With --jobs=2, the checks before the tests run beside one another; the
# programs that tests start are not to take part in that.
test: lint docs debian
	MAKEFLAGS= $(PYTEST) -n $(WORKERS)

# What a change is tried with while it is being made: under two minutes on two cores.
test-fast: install
	$(PYTEST) -n logical -m "not slow" --durations=10 --durations-min=3

# The manual, as pages in build/site.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# The reference of all commands, from their --help.
docs-commands: install
	$(BIN)/python -m tests.docs.command_pages

# Every backend case of ONNX through every target: counts, and what is refused for which reason.
conformance: install debian
	$(BIN)/python -m tests.conformance

# Hostile files through the real commands for MINUTES, others each time; findings in build/fuzz.
MINUTES ?= 10
fuzz: install
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --minutes $(MINUTES) --keep build/fuzz \
		--first $(shell date +%s)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The programs of Debian that tests need, if it is root; otherwise it names them.
debian:
	sh tests/install_debian.sh

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,docs]'
	touch $@

clean:
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache
