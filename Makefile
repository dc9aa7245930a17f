# Frontdesk's commands; CONTRIBUTING.md says more. Each sets up what it needs and does nothing twice.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks are complete, so pip resolves nothing; modules are compiled when first imported.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq install
LOCKED := $(PIP) --no-deps --no-compile --require-hashes -r
EDITABLE := $(PIP) --no-deps --no-build-isolation --editable .
# --no-config: a lock must not depend on its author's own settings.
COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' \
	--extra semantic pyproject.toml
# Programs that tests drive and Debian has: the program, and its package where that has another name.
TEST_PROGRAMS := chromium dovecot:dovecot-imapd rabbitmq-server redis-server pg_ctlcluster:postgresql
# Installing them starts no service: the tests start servers of their own, on other ports.
POLICY := /usr/sbin/policy-rc.d

unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

ifneq ($(strip $(PORT)),)
run: export FRONTDESK_PORT := $(PORT)
endif
ifneq ($(strip $(HOST)),)
run: export FRONTDESK_HOST := $(HOST)
endif
ifneq ($(strip $(DATA)),)
run: export FRONTDESK_DATA := $(DATA)
endif

.PHONY: run help test bench growth faults check lock clean test-programs

run: $(VENV)/.runtime
	@exec $(BIN)/frontdesk serve --demo

help:
	@echo "make run     set everything up and run the desk with its demo; PORT, HOST and DATA say where"
	@echo "make test    run all tests; installs what they need"
	@echo "make check   formatter, linter, types, import layers"
	@echo "make bench   measure the desk beside a straw man; make faults: kill its processes, in full; make growth: with ten million messages"
	@echo "make lock    lock the dependencies anew; make clean: remove what was made, not your data"
	@echo "$(BIN)/frontdesk --help lists the desk's own commands, once one of these has run"

# A process a core; tests of one file stay together, because they share what is dear to set up.
test: $(VENV)/.dev test-programs
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

bench: $(VENV)/.dev test-programs
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.on_servers
	@$(BIN)/python -m tests.bench.assignment
	@$(BIN)/python -m tests.bench.mail

# Ten million messages: some minutes, and 15 GB of disk while it runs.
growth: $(VENV)/.dev test-programs
	@$(BIN)/python -m tests.bench.growth

faults: $(VENV)/.dev test-programs
	FRONTDESK_FAULTS=full $(BIN)/python -m pytest tests/faults tests/integration/test_mail_fetch.py -m 'faults or not faults'

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@command -v node >/dev/null || { echo "The pages' JavaScript is not checked: there is no node."; exit 0; }; \
	git ls-files 'gateway/web/*.js' | while read -r file; do \
		node --input-type=module --check - <"$$file" || { echo "$$file does not parse."; exit 1; }; \
	done

# Keeps the versions already locked where they still fit; to renew them all, remove both locks first.
lock: | $(VENV)/.dev
	$(COMPILE) --group build --output-file requirements.lock
	$(COMPILE) --group dev --constraints requirements.lock --output-file requirements-dev.lock
	@$(MAKE) --no-print-directory $(VENV)/.dev

# The data folder stays: it is the user's.
clean:
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Frontdesk needs Python 3.11 or newer as $(PYTHON); name another with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing; as root: apt-get install python3-venv"; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing $$(grep -c == requirements.lock) packages into $(VENV) (a download of about 95 MB unless pip has them cached)"
	@$(LOCKED) requirements.lock
	@$(EDITABLE)
	@touch $@

# What the tests need holds what running needs, so the second stamp is set as well.
$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.made
	@echo "Installing $$(grep -c == requirements-dev.lock) packages into $(VENV) (a download of about 205 MB unless pip has them cached)"
	@$(LOCKED) requirements-dev.lock
	@$(EDITABLE)
	@touch $(VENV)/.runtime $@

test-programs:
	@missing=; for program in $(TEST_PROGRAMS); do \
		PATH="$$PATH:/usr/sbin" command -v $${program%%:*} >/dev/null || missing="$$missing $${program##*:}"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	install="apt-get install -y --no-install-recommends$$missing"; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing$$missing from Debian"; \
		if [ ! -e $(POLICY) ]; then \
			trap 'rm -f $(POLICY)' EXIT; printf '#!/bin/sh\nexit 101\n' >$(POLICY); chmod 755 $(POLICY); \
		fi; \
		if apt-get -qq update && DEBIAN_FRONTEND=noninteractive $$install -qq >/dev/null; then exit 0; fi; \
	fi; \
	echo "Missing for the tests:$$missing; as root: apt-get update && $$install"; \
	[ -z "$$CI" ]
