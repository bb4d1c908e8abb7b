# make demo | make test: each works on a fresh machine with Python 3.11+ and does all set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: setup lock demo test test-all cluster-test check bench soak clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "mathmill needs Python 3.11 or newer; found $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(VENV): a few minutes, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes --no-deps --requirement requirements.lock
	@$(PIP) --constraint constraints.txt torch
	@$(PIP) --no-deps --no-build-isolation --editable . --config-settings editable_mode=compat
	@command -v bwrap >/dev/null || echo "Programs run at isolation level 'seccomp'. For the strongest level: sudo apt-get install bubblewrap"
	@touch $(STAMP)

lock:
	@$(PIP) uv
	@$(BIN)/python -m benchmarks.lock

demo: $(STAMP)
	@$(BIN)/mathmill demo

# A fifth of the suite waits, for limits and for servers: one worker more than there are cores.
test: $(STAMP)
	$(BIN)/python -m pytest -m 'not slow and not gpu' -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal

test-all: $(STAMP)
	MATHMILL_EXPLORE=1 $(BIN)/python -m pytest -m 'not gpu'

cluster-test: $(STAMP)
	$(BIN)/python -m benchmarks.cluster

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m benchmarks

soak: $(STAMP)
	$(BIN)/python -m benchmarks.soak

clean:
	rm -rf $(VENV) demo-run
