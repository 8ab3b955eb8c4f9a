# Everything runs in .venv, made here from the hash-pinned requirements.lock; nothing needs to be activated.
PYTHON ?= python3

VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
READY := $(VENV)/ready

# What the caller's shell, virtual environment or conda would otherwise bring in.
unexport CONDA_PREFIX JUPYTER_PATH MPLBACKEND PIP_TARGET PIP_USER PYTEST_ADDOPTS PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH \
	VIRTUAL_ENV
export IPYTHONDIR := $(CURDIR)/$(VENV)/ipython
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/matplotlib
export PYTHONHASHSEED := 0
# All matrices here are small: threads would only make scipy's optimisers wait for each other.
export OPENBLAS_NUM_THREADS := 1

ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1

# $(call stage,name,command): run the command and say how long it took.
define stage
@echo "== $(1)"; start=$$(date +%s); $(2) || { echo "== $(1) FAILED after $$(($$(date +%s) - start)) s"; exit 1; }; \
	echo "== $(1) passed in $$(($$(date +%s) - start)) s"
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test lint unit guard nbval assumptions browser lab record book bench mutants lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: $(READY) ## execute every notebook afresh into build/notebooks/ and print the answers
	@$(PY) tools/notebooks.py run

test: lint unit guard nbval assumptions browser ## run all checks: the six stages below

lint: $(READY) ## stage 1: ruff, code style and format
	$(call stage,lint,$(PY) -m ruff check && $(PY) -m ruff format --check)

unit: $(READY) ## stage 2: unit tests and docstring examples, with branch coverage
	$(call stage,unit,$(PY) -m pytest lifetime tests --cov -n 2 --dist loadfile --ignore=tests/test_project.py --ignore=tests/test_notebooks.py \
		--ignore=tests/test_notebook_rules.py --ignore=tests/test_assumptions.py \
		--ignore=tests/test_book.py --ignore=tests/test_explorer.py)

guard: $(READY) ## stage 3: the project's files agree, and the notebooks keep the house rules
	$(call stage,guard,$(PY) -m pytest tests/test_project.py tests/test_notebook_rules.py tests/test_notebooks.py)

nbval: $(READY) ## stage 4: every notebook, executed, gives exactly its stored outputs
	$(call stage,nbval,$(PY) -m pytest --nbval --nbval-current-env --nbval-cell-timeout=300 -n 2 --dist loadscope notebooks)

assumptions: $(READY) ## stage 5: every assumption of every notebook, changed, keeps the asserts and moves a sentence
	$(call stage,assumptions,JOINT=$(JOINT) $(PY) -m pytest tests/test_assumptions.py -n 2 --dist loadscope $(ARGS))

browser: book ## stage 6: the site, in a browser, sends for nothing elsewhere and computes as the package does
	$(call stage,browser,$(PY) -m pytest -rs tests/test_book.py tests/test_explorer.py)

lab: $(READY) ## open JupyterLab on the notebooks
	@$(PY) -m jupyterlab --ServerApp.root_dir=notebooks $(ARGS)

record: $(READY) ## execute the notebooks in place, store outputs, refresh README (one: ONLY=notebooks/NAME.ipynb)
	@$(PY) tools/notebooks.py record $(ONLY)

book: $(READY) ## build the site from the stored outputs of the notebooks, into build/book/
	$(call stage,book,$(PY) tools/book.py)

bench: $(READY) ## run the benchmarks one by one, on one thread
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(ONE_THREAD) $(PY) "$$script" || exit 1; done

mutants: $(READY) ## break the code one place at a time and list what no test notices (a few: ARGS="--sample 30 FILE ...")
	@$(PY) tools/mutants.py $(ARGS)

lock: $(UV) ## make requirements.lock anew from pyproject.toml (newest versions: ARGS=--upgrade)
	$(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-emit-index-url --no-header --all-extras $(ARGS) pyproject.toml -o requirements.lock

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# uv is installed by pip, with the hashes that the lock has for it; uv then installs the rest.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV), once"
	@$(PYTHON) -m venv --clear $(VENV)
	@awk '/^uv==/ { on = 1 } on { print; if (!/\\$$/) exit }' requirements.lock > $(VENV)/uv.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock

# rfc3987-syntax checks one string format that nothing here uses, and costs every notebook process a second at import.
$(READY): requirements.lock pyproject.toml | $(UV)
	@$(UV) pip sync --quiet --require-hashes -p $(PY) requirements.lock
	@$(UV) pip uninstall --quiet -p $(PY) rfc3987-syntax lark
	@$(UV) pip install --quiet --no-deps --no-build-isolation -p $(PY) -e .
	@$(PY) -c 'import matplotlib.font_manager'
	@touch $(READY)
