# `make help` lists the targets. Every target makes .venv first where it is missing.

PYTHON ?= python3.11
SHARED ?= ../shared
FUZZ ?= 3600
SEED ?= 1
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test test-quick coverage wheel oldest pythons faults lint type check hooks
.PHONY: bench fuzz fuzz-quick docs site dist features clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(READY) ## make .venv with every extra, at the versions of constraints.txt

# the files that say what to install; the environment is made anew when one of them is newer
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,cluster,dev,docs]'
	@touch $@

demo: $(READY) ## several alignments with and without normalization, on the bundled features
	$(BIN)/vrbench eval --method global --method uniform --method max-avg --method scan \
	  --method tokenflow --method 0.5*global+0.5*tokenflow --norm none --norm ncl
	@echo "To go on, type: source .venv/bin/activate; vrbench --help"

test: $(READY) ## run the tests, on all cores
	$(BIN)/python -m pytest -n auto --dist worksteal

test-quick: $(READY) ## run the tests that take little
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

coverage: $(READY) ## run the quick tests; the share of lines they run, and the files with the least
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" --cov=vrbench --cov-report=
	@$(BIN)/coverage report --skip-covered --skip-empty --sort=cover | sed -n '1,17p;/^TOTAL/p'

wheel:
	rm -rf build/wheel build/lib
	$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-deps -w build/wheel .

oldest: wheel ## install the oldest versions that pyproject.toml allows, and try them out
	rm -rf build/oldest
	$(PYTHON) -m venv build/oldest
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
	  -c constraints-oldest.txt "$$(echo build/wheel/*.whl)[all]"
	PYTHONPATH=$(CURDIR)/tests:$(CURDIR)/tests/helpers build/oldest/bin/python -P -m smoke

pythons: $(READY) wheel ## try out every other Python from 3.11 on that is here
	.ci/pythons

faults: $(READY) ## let every write of every command fail, and kill the process at it
	PYTHONPATH=.:tests:tests/helpers $(BIN)/python -m fault

lint: $(READY) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(READY) ## check types
	$(BIN)/mypy

hooks: $(READY) ## run the hooks of .pre-commit-config.yaml on all files
	$(BIN)/pre-commit run --all-files

check: lint type test ## lint, type and test

bench: $(READY) ## run the benchmarks and write benchmarks/results.md
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks

fuzz: $(READY) ## read damaged files for FUZZ seconds (default 3600), guided by atheris where it installs
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	PYTHONPATH=tests:tests/helpers $(BIN)/python -m fuzz --guided --seconds $(FUZZ) --seed $(SEED)

fuzz-quick: $(READY) ## read damaged files for a minute, the same ones each time
	PYTHONPATH=tests:tests/helpers $(BIN)/python -m fuzz --seconds 60

docs: $(READY) ## make the pages of docs/ again, with SHARED (default ../shared)
	$(BIN)/python -m docs --shared $(SHARED)

site: $(READY) ## build the documentation site into build/site/html; a warning is an error
	$(BIN)/python -m docs.site build/site

dist: $(READY) ## build the wheel and the sdist into dist/, and check what they say of themselves
	rm -rf dist
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dist]'
	$(BIN)/python -m build --quiet
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m pyroma --min 9 dist/*.tar.gz

features: $(READY) ## make features/msrvtt-476.h5 again from SHARED (default ../shared)
	$(BIN)/python features/make.py --shared $(SHARED) --models build/models --out features/msrvtt-476.h5

clean: ## remove the environment and everything made
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
