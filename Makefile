# What a person types. `make` alone lists it. Nothing here needs more than Python >= 3.11 and make.

PYTHON ?= python3
UV := uv==0.13.9
ARGS ?= -n 2 --dist loadscope
KILLS ?= 100
SEED ?=

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
CODE := config events invoices local
CHECKED := $(CODE) benchmarks examples tests manage.py
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
# Compiled once, at the installation: else every process may do it anew, three seconds each.
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test crashtest bench check format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.local ## ten orders on real services, then stay up until Ctrl-C; ONCE=1 ends at once
	@$(RUN) -m local demo $(if $(filter-out 0 false no,$(ONCE)),--once)

test: $(VENV)/.dev ## all tests on real services; ARGS='tests/unit -k money' chooses
	@$(RUN) -m pytest $(ARGS)

bench: $(VENV)/.dev ## our figures beside the raw client's; ARGS='relay posting' chooses
	@$(RUN) -m benchmarks $(if $(filter file,$(origin ARGS)),,$(ARGS))

crashtest: $(VENV)/.dev ## kill, freeze and restart everything under load; KILLS=1000 SEED=1
	@$(RUN) -m tests.crash --kills $(KILLS) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.dev ## lint, format, types, import rules, migrations; needs no service
	@$(BIN)/ruff check $(wildcard $(CHECKED))
	@$(BIN)/ruff format --check $(wildcard $(CHECKED))
	@$(RUN) -m mypy $(CODE) benchmarks tests
	@$(RUN) -c 'import sys; sys.path.insert(0, ""); from importlinter.cli import lint_imports_command as c; c()'
	@SECRET_KEY=only-for-checks $(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: $(VENV)/.dev ## format the code and mend what the linter can mend
	@$(BIN)/ruff format $(wildcard $(CHECKED))
	@$(BIN)/ruff check --fix $(wildcard $(CHECKED))

lock: $(VENV)/.uv ## resolve requirements*.in anew into requirements*.txt
	@for name in requirements requirements-local requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    --output-file "$$name.txt" "$$name.in" || exit; \
	done

clean: ## remove the environment, the demo's data and all caches
	@rm -rf $(VENV) .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@rm -rf .coverage .coverage.* htmlcov staticfiles
	@find . -type d -name __pycache__ -prune -exec rm -rf {} +

# --- what the targets above need ------------------------------------------------------------

$(VENV)/.uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed; '$(PYTHON)' is none. Say which: make PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	@test -x $(RUN) || { echo "Making $(VENV)"; $(PYTHON) -m venv --clear $(VENV); } || { \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(RUN) -m pip install --quiet '$(UV)'
	@touch $@

$(VENV)/.local: requirements-local.txt $(VENV)/.uv
	@echo "Installing what the demo needs"
	@$(BIN)/uv pip install --quiet --python $(RUN) --require-hashes -r requirements-local.txt
	@touch $@

# All that the demo needs is among it: whoever has this does not install the other.
$(VENV)/.dev: requirements-dev.txt $(VENV)/.uv
	@echo "Installing what the tests and checks need"
	@$(BIN)/uv pip sync --quiet --python $(RUN) --require-hashes requirements-dev.txt
	@touch $(VENV)/.local $@
