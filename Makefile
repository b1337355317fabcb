# Every target sets up what it needs; outside .venv the tests install chromium, Node.js and PHP (apt).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup links demo test check types bench docs clean

setup: $(VENV)/.ready links

# The import package as links: editors and mypy can't follow an editable install's import hooks.
links:
	@rm -rf .types && mkdir -p .types/pytest_mews
	@ln -s $(CURDIR)/harness/* $(CURDIR)/schemas $(CURDIR)/scenarios $(CURDIR)/reports .types/pytest_mews/

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	rm -rf build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/pytest --mews-target demo --mews-jobs 8

test: setup
	tests/browser/install-chromium
	tests/stacks/install
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 4 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: setup types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy -p pytest_mews
	$(BIN)/mypy benchmarks/*.py docs/*.py

bench: setup
	$(BIN)/python benchmarks/batch_generation.py
	$(BIN)/python benchmarks/harness_memory.py
	$(BIN)/python benchmarks/connector_api_throughput.py
	$(BIN)/python benchmarks/websocket_throughput.py

# Pages that are written from the code, the data and real runs: ten certifications.
docs: setup
	tests/browser/install-chromium
	$(BIN)/python docs/generate_requirements.py
	$(BIN)/python docs/generate_reading.py

clean:
	rm -rf $(VENV) .types build *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache
