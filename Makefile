# Everything a developer does; `make` alone lists it. Set-up happens by itself, into .venv only.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
REQUIREMENTS := requirements/build.txt requirements/dev.txt

# Tests mostly wait for wires, so more of them at a time than there are cores.
JOBS ?= 4

ARCH ?= $(shell dpkg --print-architecture)
RELEASE ?= bookworm

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint bench powercut simulate simulate-mutants simulate-score deb install package hardware-vm lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## a morning at a virtual gate; SCENARIO=morning: without keys, FILE.toml: a story, 3: a drawn day
	@$(BIN)/werfpoort sandbox

test: $(READY) ## the whole suite: no hardware, no network beyond loopback
	@$(BIN)/pytest --numprocesses=$(JOBS) --dist=worksteal

check: lint test ## lint, then the whole suite with the layout rules

lint: $(READY) ## ruff, ruff format and mypy, changing nothing
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: $(READY) ## the figures of docs/figures.md, measured on this machine
	@$(BIN)/python tests/bench/run.py

powercut: $(READY) ## take the power from the agent CUTS=200 times and kill it KILLS=200 times: some minutes
	@$(BIN)/python -m agent.sandbox.power $(or $(CUTS),200) $(or $(KILLS),200)

simulate: $(READY) ## live through worlds drawn from seeds; SEED=7 (or "7 8", or a kept world's file) WEEKS=4 FRESH=2
	@$(BIN)/python -m agent.sandbox.world $(SEED) $(if $(WEEKS),--weeks $(WEEKS)) \
		$(if $(WORKERS),--workers $(WORKERS)) $(if $(FRESH),--fresh $(FRESH)) --shrink

simulate-mutants: $(READY) ## deliberate defects in a copy of the agent, each to be caught in simulation: some minutes
	@$(BIN)/python tests/simulation/mutants.py

simulate-score: $(READY) ## the classifier against drawn incidents, INCIDENTS=1000; they are kept in build/score.jsonl
	@mkdir -p build && $(BIN)/python -m agent.sandbox.world.score 0 $(or $(INCIDENTS),1000) build/score.jsonl

setup: $(READY) ## make .venv, or renew it when the requirements changed; the others do it too

# A new .venv is removed again when its making fails or is broken off, so that none is half made.
# One that was there before stays. Without network this works as long as the pinned versions are in.
$(READY): $(REQUIREMENTS) pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'Python cannot make a virtual environment here; run: sudo apt install git make python3-venv'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo '$(PYTHON) is older than 3.11; run: make PYTHON=python3.11 setup'; exit 1; }
	@set -e; \
	if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
		trap 'test -e $(READY) || rm -rf $(VENV)' EXIT; trap 'exit 130' HUP INT TERM; \
		echo 'Setting up $(VENV) (once, under a minute) ...'; \
		$(PYTHON) -m venv --clear $(VENV); \
	fi; \
	for step in '-r requirements/build.txt' '-r requirements/dev.txt'; do \
		$(BIN)/python -m pip install -qq --disable-pip-version-check \
			--require-hashes --no-build-isolation $$step; \
	done; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .; \
	touch $(READY)

deb: $(READY) ## the Debian package, into dist; ARCH=arm64 or amd64 (this machine's by default)
	@$(BIN)/python systemd/package/build.py $(ARCH) dist

install: deb ## build the package and install it here, as on a Raspberry Pi
	@sudo apt-get install --yes ./dist/werfpoort_*_$(ARCH).deb

package: deb ## the package in a container: install, run, upgrade, remove; RELEASE=bookworm
	@$(BIN)/python tests/package/container.py $(RELEASE) dist/werfpoort_*_$(ARCH).deb

hardware-vm: $(READY) ## real pins, keyboards and USB devices on a small kernel under QEMU; builds it once
	@$(BIN)/python tests/hardware/vm.py

# Pins stay as they are unless a dependency asks for more; UPGRADE=1 raises them all. uv comes into
# a temporary place, and neither its settings nor pip's decide what is written.
lock: ## write requirements/*.txt anew from pyproject.toml; UPGRADE=1 raises every version
	@set -e; uv=$$(mktemp -d); trap 'rm -rf "$$uv"' EXIT; \
	$(PYTHON) -m venv "$$uv"; "$$uv/bin/pip" install --quiet --disable-pip-version-check uv; \
	compile() { "$$uv/bin/uv" pip compile --quiet --no-config --no-emit-index-url --universal \
		--python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
		--constraint requirements/constraints.in $(if $(UPGRADE),--upgrade) "$$@"; }; \
	compile requirements/build.in --output-file requirements/build.txt; \
	compile pyproject.toml --output-file requirements/run.txt; \
	compile pyproject.toml --extra dev --output-file requirements/dev.txt

clean: ## remove .venv and everything that was made here
	rm -rf $(VENV) build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .virtual-site
	find agent drivers tests -name __pycache__ -type d -prune -exec rm -rf {} +
