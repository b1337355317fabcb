# Every target sets up what it needs; outside .venv the tests install chromium and other languages (apt).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup links bytecode demo test slow-tests other-tests coverage stacks check types site package fuzz versions soundness mutants bench docs facts clean

setup: $(VENV)/.ready links

# The import package as links: editors and mypy can't follow an editable install's import hooks.
links:
	@rm -rf .types && mkdir -p .types/pytest_mews
	@ln -s $(CURDIR)/harness/* $(CURDIR)/schemas $(CURDIR)/scenarios $(CURDIR)/reports .types/pytest_mews/

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	rm -rf build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[dev]'
	touch $@

# Byte code is kept, so that not every process compiles every module: 3 s of CPU each.
demo bytecode slow-tests other-tests versions: export PYTHONDONTWRITEBYTECODE :=
nox-%: export PYTHONDONTWRITEBYTECODE :=

demo: setup
	$(BIN)/pytest --mews-target demo

# Slow tests wait for a partner most of the time, hence more workers than cores; the others compute
# meanwhile, with less priority, since some slow tests measure time. Each worker imports every test
# of its run: that is why the slow ones have a run of their own.
RUN := $(BIN)/
slow-tests:
	$(RUN)pytest -n 16 --dist worksteal -m slow --durations=20

other-tests:
	nice -n 3 $(RUN)pytest -n 3 --dist worksteal -m 'not slow'

test: setup stacks bytecode
	$(MAKE) --jobs 2 slow-tests other-tests

coverage: setup stacks bytecode
	$(BIN)/coverage erase
	$(MAKE) --jobs 2 RUN='$(BIN)/coverage run -m ' slow-tests other-tests
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# The workers import the tests at the same time, so that each of them would compile what is not
# compiled yet: that takes twice as long as importing. One process does it first.
bytecode: $(VENV)/.compiled

$(VENV)/.compiled: $(VENV)/.ready $(shell find tests -name '*.py')
	@echo "Compiling the tests"
	@$(BIN)/pytest --collect-only -qq > $@ || { cat $@; rm $@; exit 1; }

# Random responses and requests, MINUTES for each fuzzer, four at a time; `make test` runs a few.
MINUTES ?= 60
fuzz: setup
	FUZZ_MINUTES=$(MINUTES) $(BIN)/pytest -n 4 --dist worksteal tests/fuzz

# What the tests in a browser and those of other languages need.
stacks:
	tests/browser/install-chromium
	tests/stacks/install

check: setup types site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The documentation site, in build/documentation/site; a warning, such as a broken link, is an error.
site: export NO_MKDOCS_2_WARNING = 1
site: setup
	$(BIN)/python docs/building/assemble.py build/documentation
	$(BIN)/mkdocs --quiet build --strict --config-file build/documentation/mkdocs.yml

# The sdist and the wheel in dist, checked for PyPI.
package: setup
	$(BIN)/nox --session package

types: setup
	$(BIN)/mypy -p pytest_mews
	$(BIN)/mypy benchmarks/*.py docs/*.py docs/building/*.py noxfile.py

# Every other supported Python, and the lowest versions of the dependencies: see noxfile.py, which
# also has a session with other pytest plugins. The sessions wait more than they compute, so they
# overlap.
versions: setup
	$(BIN)/nox --list --json --tags versions \
	| $(BIN)/python -c 'import json, sys; print(*("nox-" + s["session"] for s in json.load(sys.stdin)))' \
	| xargs $(MAKE) --jobs 3 --output-sync=target

nox-%:
	$(BIN)/nox --session $*

# Every sound service with 20 seeds: hours. For example: make soundness SEEDS=2 SERVICES=fastapi,prefork
SEEDS := 20
FIRST_SEED := 1
SERVICES :=
STAGES := delivery,processing,streaming
PROCESSES := 2

soundness: setup stacks
	$(BIN)/python -m tests.soundness --seeds $(SEEDS) --first-seed $(FIRST_SEED) \
	    --stages $(STAGES) --processes $(PROCESSES) $(if $(SERVICES),--services $(SERVICES))

# Every mutant of the FastAPI example: hours. SAMPLE=20 takes so many at random.
SAMPLE :=

mutants: setup
	$(BIN)/python -m tests.mutants --processes $(PROCESSES) $(if $(SAMPLE),--sample $(SAMPLE))

# Each script prints ratios within one run.
bench: setup
	$(BIN)/python benchmarks/sender_cpu.py
	$(BIN)/python benchmarks/burst_lateness.py
	$(BIN)/python benchmarks/generation_end_to_end.py
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/batch_generation.py
	$(BIN)/python benchmarks/harness_memory.py
	$(BIN)/python benchmarks/connector_api_throughput.py
	$(BIN)/python benchmarks/websocket_throughput.py
	$(BIN)/python benchmarks/kit_deliveries.py
	$(BIN)/python benchmarks/certification_time.py first-event-only never-answers

# Pages and data that are written from the code, the data and real runs: ten certifications, and one
# failing scenario each.
docs: setup
	tests/browser/install-chromium
	$(BIN)/python docs/generate_requirements.py
	$(BIN)/python docs/generate_scenarios.py
	$(BIN)/python docs/generate_command.py
	$(BIN)/python docs/generate_failing_examples.py
	$(BIN)/python docs/generate_builders.py
	$(BIN)/python docs/generate_reading.py

# Which facts to read again, by a checkout of Mews's documentation: make facts DOCS=FOLDER
facts: setup
	@test -n "$(DOCS)" || { echo "make facts: give the folder of a checkout: DOCS=FOLDER" >&2; exit 4; }
	@$(BIN)/python docs/check_facts.py "$(DOCS)"

clean:
	rm -rf $(VENV) .nox .types build *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache
