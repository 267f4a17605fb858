# The one door. Two commands do everything: `make demo` shows redan at work, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.redan-setup
# Compiled modules are kept, whatever is set outside: the tests call redan a thousand times, a second each to compile it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo test lint bench bench-evasion bench-gateway bench-privacy docs clean system peers

help:
	@echo "make setup   make $(VENV) with everything, $(BIN)/redan included"
	@echo "make demo    run the whole flow on a real churn model, as published and repaired"
	@echo "make test    lint, then every test"
	@echo "make lint    style, types, contracts, docs"
	@echo "make bench   speed and memory, as ratios"
	@echo "make bench-evasion   attacks beside fra31/auto-attack and ART, into bench/results"
	@echo "make bench-privacy   extraction, membership, canaries, private training, backdoors, reprogramming, into bench/results"
	@echo "make bench-gateway   processor time, latency, memory and a soak of the gateway, into bench/results"
	@echo "make docs    build the docs site into site/"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[all]' --group dev
	touch $(STAMP)

system:
	bash tools/system_packages.sh

peers:
	bash tools/peers.sh $(PYTHON)

demo: setup
	$(BIN)/redan demo examples/churn

# The environments of other tools are made while redan's own is, and is looked over.
test: system
	$(MAKE) --jobs 2 peers lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/interrogate --quiet src
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: setup
	bash tools/peers.sh $(PYTHON) bench
	for script in bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

bench-evasion: setup
	bash tools/peers.sh $(PYTHON) bench
	$(BIN)/python bench/tables_evasion.py

bench-gateway: setup
	$(BIN)/python bench/gateway/tables.py

# Hours of one core; each script alone is told of in docs/privacy/figures.md.
bench-privacy: setup
	$(BIN)/python bench/public_tables.py
	$(BIN)/python bench/bench_extraction.py --write
	$(BIN)/python bench/bench_membership.py --write
	$(BIN)/python bench/bench_canaries.py --write
	$(BIN)/python bench/bench_private.py --write
	$(BIN)/python bench/bench_reduction.py
	$(BIN)/python bench/bench_backdoor.py --keep
	test -f examples/reprogramming/models/garments.pt || $(BIN)/python examples/reprogramming/victim.py
	$(BIN)/python bench/bench_reprogramming.py --keep --minutes 240

docs: setup
	$(BIN)/python tools/generate_docs.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
