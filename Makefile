# Everything runs in .venv of this checkout, which `make install` builds once.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# what mypy reads: see [tool.mypy] in pyproject.toml
LINKS := .venv/typing
CHECKED = $(wildcard benchmarks examples tests)
# best, or best-2, best-3, … if that is taken: an earlier winner is never overwritten
FREE = $$(d=best; n=1; while test -e $$d; do n=$$((n + 1)); d=best-$$n; done; echo $$d)
WORKERS = $$(n=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN); echo $$(( n > 2 ? n : 2 )))

# the processes that tests start need not compile the package each time
unexport PYTHONDONTWRITEBYTECODE

# what runs by itself, but for make_table.py, which goes on for hours
BENCHES = $(filter-out benchmarks/make_table.py,$(shell grep -l __main__ benchmarks/*.py))

# tests that share something costly stay on one worker, of which there are up to eight; one more than
# cores, since tests wait for processes and servers (those of a room hardly do)
GROUPED = --maxprocesses 8 --dist loadgroup --no-loadscope-reorder
SIDE_BY_SIDE = -n $$(( $(WORKERS) + 1 )) $(GROUPED)
SHORT := not slow and not cluster and not long

.PHONY: help install search record readme test test-fast test-long test-slow test-cpus test-cluster test-nodes soak bench lint docs wheel

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## build .venv with the package (editable), its dependencies and the tools

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --editable '.[dev]'
	touch $@

search: $(STAMP)  ## search on FashionMNIST with one worker per core, and export the best
	$(BIN)/actsearch search --workers $(WORKERS) --output $(FREE)

record: $(STAMP)  ## time `make search` on an idle machine, keep what it prints, write the pages from it
	cd benchmarks && ../$(BIN)/python -m records.record_search

readme: $(STAMP)  ## write README.md and docs/results.md from the record of `make search`
	cd benchmarks && ../$(BIN)/python -m records.pages

test: $(STAMP)  ## run the tests
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "$(SHORT)"

test-long: $(STAMP)  ## run those of whole searches, browsers and Ray, as CI does
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "long and not slow"

test-fast: $(STAMP)  ## run those of a room that take seconds (ROOM=space, or space/analysis)
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "$(SHORT) and not heavy" tests/$(ROOM)

test-slow: $(STAMP) test-cpus  ## run the tests that take minutes
	$(BIN)/pytest -m "slow and not cluster"

test-cpus: $(STAMP)  ## run the numerical tests as on lesser CPUs, with one thread and with two
	bash tests/cpus.sh $(BIN)/python $(SIDE_BY_SIDE) -m "$(SHORT)"

test-cluster: $(STAMP)  ## run searches on Ray nodes in network namespaces; needs root
	$(BIN)/pytest -m cluster

test-nodes: $(STAMP)  ## run the short one of these, as CI does
	$(BIN)/pytest -m "cluster and not slow"

soak: $(STAMP)  ## run real searches, killed and resumed again and again (SOAK="--kills 50 --seed 7"); needs root
	$(BIN)/python tests/soak/storm.py $(SOAK)

bench: $(STAMP)  ## run every benchmark (BENCH=--quick for two minutes each)
	set -e; for script in $(BENCHES); do echo "== $$script"; $(BIN)/python $$script $(BENCH); done

lint: $(STAMP)  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p $(LINKS)/actsearch
	for room in evaluators mlflow search space; do ln -sfn ../../../$$room $(LINKS)/actsearch/$$room; done
	ln -sfn ../../tests/contracts $(LINKS)/contracts
	$(BIN)/mypy -p actsearch
	$(BIN)/mypy $(CHECKED)

docs: $(STAMP)  ## build the documentation as a site, build/docs/index.html, and check its pages
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet -d build/doctrees docs build/docs
	$(BIN)/pytest tests/test_docs.py tests/docs -m "$(SHORT)"

wheel: $(STAMP)  ## build the wheel, install it in a clean environment, run a two-candidate search
	bash tests/wheel_check.sh $(BIN)/python
