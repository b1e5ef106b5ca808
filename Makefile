# Two commands matter: `make book` and `make test`. `make help` lists the rest.
# The first of them to run makes .venv with the versions of requirements.txt.

SHELL := /bin/bash
FITS := -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p $(FITS) 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PORT ?= 8000
export PYTHONPATH :=
unexport PYTHONDONTWRITEBYTECODE # or every kernel compiles torch anew
unexport VIRTUAL_ENV CONDA_PREFIX # uv would install into these

# An environment knows the folder that it was made in: after a move it is set up again.
$(shell [ "$$(cat .venv/.ready 2>/dev/null)" = "$(CURDIR)" ] || rm -f .venv/.ready)

.DEFAULT_GOAL := help
.PHONY: help book test notebooks chapter assignment audit pdf screenshots lint serve lab bench lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "%-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: .venv/.ready ## run every cell that needs it and write the book to _build/html
	@$(BIN)/python book/_tools/build.py $(if $(JOBS),--jobs $(JOBS))

serve: .venv/.ready ## show the book at 127.0.0.1:8000 and rebuild what changes
	@$(BIN)/python book/_tools/serve.py --port $(PORT)

lab: .venv/.ready ## open the pages in JupyterLab: right click, Open With, Notebook
	@$(BIN)/jupyter lab --notebook-dir=book

test: lint book ## everything that proves the project: style, package, pages, built book
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

notebooks: .venv/.ready ## run every written notebook in a bare environment (PAGES="a b": only these)
	@$(BIN)/python book/_tools/run_notebooks.py $(PAGES) $(if $(JOBS),--jobs $(JOBS))

chapter: .venv/.ready ## begin a chapter from a template (name=02-perceptrons/margins title="Margins")
	@$(BIN)/python book/_tools/chapter.py "$$name" "$$title"

assignment: .venv/.ready ## the exercises of a part for nbgrader (PART=02-perceptrons; TO=FOLDER: there)
	@$(BIN)/python book/_tools/assignment.py "$$PART" $(if $(TO),--to "$$TO")

audit: .venv/.ready .audit/.ready ## Lighthouse and axe-core on every page (PAGES="a b": only these; AXE=1: axe alone)
	@$(BIN)/python book/_tools/audit.py $(PAGES) $(if $(AXE),--axe-only)

screenshots: .venv/.ready ## a picture of every page, two widths, light and dark, to look at (PAGES="a b")
	@$(BIN)/python book/_tools/screenshots.py $(PAGES)

pdf: .venv/.ready ## the built book as one file, _build/book.pdf
	@$(BIN)/python book/_tools/pdf.py $(PAGES)

lint: .venv/.ready ## style and common slips, by ruff
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

bench: .venv/.ready .venv-bench/.ready ## how fast training is, beside Lightning, fastai and a plain loop
	@.venv-bench/bin/python benchmarks/speed.py --record

lock: .venv/.ready ## solve pyproject.toml into requirements.txt (UPGRADE=1: take the newest)
	@mkdir -p _build && cp requirements.txt _build/pins.txt
	@$(BIN)/uv pip compile pyproject.toml --group book --group dev --universal \
		$(if $(UPGRADE),--upgrade) --generate-hashes --no-header --quiet -o _build/pins.txt
	@cp benchmarks/requirements.txt _build/pins-bench.txt 2>/dev/null || true
	@$(BIN)/uv pip compile pyproject.toml --group dev --group bench --constraint _build/pins.txt \
		--universal $(if $(UPGRADE),--upgrade) --generate-hashes --no-header --quiet \
		--no-annotate -o _build/pins-bench.txt
	@! grep -nE '^--|://' _build/pins.txt _build/pins-bench.txt
	@mv _build/pins.txt requirements.txt
	@mv _build/pins-bench.txt benchmarks/requirements.txt

clean: ## remove everything that was built (the environment stays)
	rm -rf _build

.venv/.ready: requirements.txt pyproject.toml
	@$(or $(PYTHON),false) $(FITS) 2>/dev/null || { \
		echo "This needs Python 3.11, 3.12 or 3.13 with venv (on Debian: apt install python3-venv)." \
		"Found: $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)." \
		"Name another one like this: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@set -e; start=$$(date +%s); \
	echo "Setting up .venv with $$($(PYTHON) --version): about 6 GB, once."; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv; \
	pin=$$(sed -n 's/^\(uv==[^ ;\]*\).*/\1/p' requirements.txt); \
	$(BIN)/uv --version 2>/dev/null | grep -qF "$${pin#uv==}" || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$pin"; \
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	echo "$(CURDIR)" > $@; echo "Set up in $$(( $$(date +%s) - start )) s."

.audit/.ready: book/_tools/audit/package.json book/_tools/audit/package-lock.json
	@command -v npm >/dev/null || { echo "make audit needs Node.js 22 with npm (20 does, with a warning)."; exit 1; }
	@mkdir -p .audit && cp book/_tools/audit/package*.json .audit/
	@cd .audit && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.venv-bench/.ready: benchmarks/requirements.txt .venv/.ready
	@echo "Setting up .venv-bench, with Lightning and fastai."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-bench
	@$(BIN)/uv pip sync --quiet --python .venv-bench/bin/python --require-hashes $<
	@$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --no-deps --no-build-isolation --editable .
	@touch $@
