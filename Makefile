# Doorstep. `make` alone lists what can be done; each target explains itself after its ##.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test prove test-core test-pages test-again test-sqlite test-postgres lint style types format serve restart worker messages pins clean chromium

PORT ?= 8000
WEB_PIDFILE ?= var/web.pid
# Debian's own first, where it can make environments: built by profile, it is somewhat quicker than what is compiled as it
# comes (by pyenv, say). PYTHON=... says otherwise.
PYTHON ?= $(shell /usr/bin/python3.11 -c 'import ensurepip, venv' 2>/dev/null && echo /usr/bin/python3.11 \
	|| command -v python3.11 || command -v python3)
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
# By whole files, so that what a file starts is started once; tests/conftest.py says which come first.
BY_FILES := --dist loadfile --no-loadscope-reorder
PYTEST := pytest -n 3 $(BY_FILES)
CORE := tests/scheduling tests/returns
COVERED := var/coverage.json
# Whoever else wants no bytecode: without it every worker would read all tests anew, ten seconds of a processor each.
export PYTHONDONTWRITEBYTECODE :=
ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo -n)
# Tools outside a test run need no secrets.
DEVELOPER := DEBUG=1

help: ## List these targets.
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

demo: .venv/run.stamp ## Lay out central Helsinki and open the portal on this machine (PORT=8000); Ctrl-C ends it.
	@DOORSTEP_DEMO=1 $(PY) manage.py demo --port $(PORT)

test: style chromium ## Prove it: style, types and every test on SQLite, and on PostgreSQL all that uses a database.
	@echo "Three lanes go side by side (less than twenty minutes on two processors). The dots are those of the longest."
	@$(MAKE) --no-print-directory --jobs 3 test-core test-pages test-again

# What the two other lanes say comes at their end: all of it where something failed.
quietly = mkdir -p var; ($(1)) > var/$@.log 2>&1 || { cat var/$@.log; exit 1; }; grep -aE "^(=+ .* =+|\(summary\).*)$$" var/$@.log

# Rules and routes are covered by tests of their own; what pages use of them besides counts for nothing.
test-core: types
	@$(call quietly, $(PY) -m slipcover --dont-wrap-pytest --json --out $(COVERED) -m pytest $(CORE) \
		&& $(PY) -m slipcover --merge $(COVERED) --out $(COVERED) --fail-under 95)

test-pages: .venv/dev.stamp
	@$(PY) -m pytest -n 2 $(BY_FILES) tests $(addprefix --ignore=,$(CORE))

test-again: .venv/dev.stamp
	@$(call quietly, TEST_ON=postgres $(PY) -m pytest)

test-sqlite: .venv/dev.stamp ## Run the tests on SQLite; ONLY=tests/races picks some.
	@$(PY) -m $(PYTEST) $(ONLY)

test-postgres: .venv/dev.stamp ## Run the tests that use a database on PostgreSQL; ONLY=tests/races picks some.
	@TEST_ON=postgres $(PY) -m $(PYTEST) $(ONLY)

prove: .venv/dev.stamp ## Prove what must never happen, at full size, with real processes; ONLY=race,control SEED=2 SHORT=1.
	@$(PY) -m tests.proofs $(ONLY) $(if $(SEED),--seed $(SEED)) $(if $(SHORT),--short)

lint: style types ## Check style (ruff), types (mypy), who may import whom (import-linter), missing migrations.

style: .venv/dev.stamp
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: .venv/dev.stamp
	@$(DEVELOPER) $(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(DEVELOPER) $(PY) manage.py makemigrations --check --dry-run

format: .venv/dev.stamp ## Put every Python file into shape.
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

serve: .venv/run.stamp ## Serve as in production, with gunicorn (settings from the environment, see docs/operations.md).
	@$(PY) manage.py migrate --no-input
	@$(PY) manage.py collectstatic --no-input --verbosity 0
	@mkdir -p var && PORT=$(PORT) WEB_PIDFILE=$(WEB_PIDFILE) exec .venv/bin/gunicorn --config deploy/gunicorn.conf.py

restart: .venv/run.stamp ## Put what is checked out now in the place of what `make serve` runs, turning nobody away.
	@$(PY) manage.py migrate --no-input
	@$(PY) manage.py collectstatic --no-input --verbosity 0
	@$(PY) deploy/restart.py $(WEB_PIDFILE)

worker: .venv/run.stamp ## Run the worker and its timetable beside `make serve`: mails, lapsed holds, new days.
	@mkdir -p var && .venv/bin/celery --app portal worker --beat --schedule var/beat

messages: .venv/dev.stamp ## Collect every sentence for translators into locale/ (needs Debian's gettext).
	@mkdir -p locale
	@$(DEVELOPER) $(PY) manage.py makemessages --all --no-obsolete --no-location --ignore .venv

pins: .venv/dev.stamp ## Renew the pinned versions in requirements/ from pyproject.toml.
	@$(PY) -m uv --version >/dev/null 2>&1 || $(PIP) uv
	@$(PY) -m uv pip compile --quiet --upgrade --python-version 3.11 --no-header --no-emit-index-url \
		--no-emit-find-links pyproject.toml --output-file requirements/run.txt
	@$(PY) -m uv pip compile --quiet --upgrade --python-version 3.11 --no-header --no-emit-index-url \
		--no-emit-find-links pyproject.toml --extra dev --output-file requirements/dev.txt

clean: ## Remove the virtual environment, the demo's database and every cache.
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles var
	@rm -f demo.sqlite3*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second start instant: nothing is installed again until a requirements file changes.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Doorstep needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python can't make virtual environments here. On Debian: apt-get install python3-venv"; exit 1; }

.venv/run.stamp: requirements/run.txt | .venv/bin/python
	@echo "Installing what Doorstep needs (about a minute, once) ..."
	@$(PIP) -r $<
	@touch $@

.venv/dev.stamp: requirements/dev.txt | .venv/bin/python
	@echo "Installing what the tests need (about a minute, once) ..."
	@$(PIP) -r $<
	@touch $@ .venv/run.stamp

# The browser's tests need a Chromium, and are quicker with Debian's shell of it beside it. Where none can be had they
# say so (and fail where CI=true).
chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || { command -v apt-get >/dev/null \
		&& echo "Installing Chromium ..." && $(ROOT) apt-get -qq update && $(ROOT) apt-get -qq install -y chromium >/dev/null; } \
		|| echo "No Chromium, and no right to install one: the browser's tests will say so."
	@command -v chromium-headless-shell >/dev/null || { command -v apt-get >/dev/null \
		&& { $(ROOT) apt-get -qq update && $(ROOT) apt-get -qq install -y chromium-headless-shell; } >/dev/null 2>&1; } || true
