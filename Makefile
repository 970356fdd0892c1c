# The commands of the course; `make help` lists them.
#
# Written for the make of Linux and macOS (3.81 and newer). On Windows it needs a GNU
# make that finds the sh of Git for Windows; the README has plain commands instead.

ifeq ($(OS),Windows_NT)
PYTHON ?= python
VENV_PYTHON := .venv/Scripts/python.exe
else
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
ROOT_USER := $(filter 0,$(shell id -u))
endif

# Written last, so an interrupted installation never looks finished.
STAMP := .venv/cnnlib-is-installed

# True if the environment's Python starts, has pip, and finds cnnlib in this very folder:
# not so after the folder was moved or copied, Python upgraded, or uv rebuilt .venv.
HEALTHY = $(VENV_PYTHON) -Ic "import os, importlib.util as u; s = u.find_spec('cnnlib'); \
	raise SystemExit(not (u.find_spec('pip') and os.path.samefile(s.origin, 'cnnlib/__init__.py')))" \
	>/dev/null 2>&1

.DEFAULT_GOAL := help
.PHONY: help setup instructor .venv lab test lint bench homework grade report gallery clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PYTHON=python3.12        another Python for .venv (default: $(PYTHON))"
	@echo "  LAB_ARGS=--no-browser    more options for JupyterLab"
	@echo "  PYTEST_ARGS='-x -k pool' more options for pytest"
	@echo "  BENCH_ARGS=...           more options for the benchmarks"

export TRY ?= $(or $(MAKECMDGOALS),lab)

setup: ## make .venv and install the course into it
	@$(HEALTHY) || rm -f $(STAMP)
	@$(MAKE) --silent --no-print-directory $(STAMP)

$(STAMP): pyproject.toml
	@rm -f $(STAMP)
	@$(HEALTHY) || $(MAKE) --no-print-directory .venv
	@echo "Installing the course into .venv: half a minute or more, this once."
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $(STAMP)

.venv:
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no '$(PYTHON)' here." \
		"Install Python 3.11 or newer, or name yours: make $(TRY) PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c "import sys; sys.version_info >= (3, 11) or sys.exit('The course needs Python 3.11' \
		' or newer, but $(PYTHON) is %d.%d. If you have a newer one, name it:' \
		' make $(TRY) PYTHON=python3.12' % sys.version_info[:2])"
	@"$(PYTHON)" -c "import venv, ensurepip" 2>/dev/null || { echo "$(PYTHON) cannot make virtual" \
		"environments. On Debian and Ubuntu: sudo apt install python3-venv, then try again." >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv

# JupyterLab refuses to run as root unless told so: containers usually are root.
lab: setup ## open JupyterLab on notebooks/
	$(VENV_PYTHON) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks --LabApp.news_url=None \
		$(if $(ROOT_USER),--allow-root) $(LAB_ARGS)

# Students never need this: only instructors, and the tests of what instructors use.
INSTRUCTOR := .venv/instructor-is-installed

instructor: setup
	@test $(INSTRUCTOR) -nt $(STAMP) || { echo "Installing nbgrader for instructors."; \
		$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[instructor]" && \
		touch $(INSTRUCTOR); }

test: setup ## run every test, notebooks included
	@$(MAKE) --silent --no-print-directory instructor || \
		echo "nbgrader could not be installed: the tests of the grading are skipped." >&2
	$(VENV_PYTHON) -m pytest $(PYTEST_ARGS)

lint: setup ## check style and formatting
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .

bench: setup ## measure speed and memory
	$(VENV_PYTHON) -m benchmarks $(BENCH_ARGS)

homework: instructor ## for instructors: make the student versions, try them out
	$(VENV_PYTHON) -m homework.grading release

grade: instructor ## for instructors: grade a class, SUBMISSIONS=folder or .zip
	@test -e "$(SUBMISSIONS)" || { echo "Which folder? make grade SUBMISSIONS=folder" >&2; exit 1; }
	$(VENV_PYTHON) -m homework.grading grade "$(SUBMISSIONS)" \
		$(if $(ASSIGNMENT),--assignment "$(ASSIGNMENT)") $(if $(COURSE),--course "$(COURSE)") \
		$(if $(ROSTER),--roster "$(ROSTER)") $(GRADE_ARGS)

gallery: setup ## write all widgets as pages without a kernel into build/gallery/
	@$(VENV_PYTHON) -m cnnlib.widgets.gallery build/gallery

# Without the packages (no network, say) the command makes an HTML page and says why.
report: setup ## check a report and make its PDF: make report REPORT=file
	@test -n "$(REPORT)" || { echo "Which report? make report REPORT=homework/hw1_report/hw1_report.ipynb" >&2; exit 1; }
	@$(VENV_PYTHON) -c "import pypandoc, typst" 2>/dev/null || \
		$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --editable ".[report]" || true
	@$(VENV_PYTHON) -m cnnlib report check "$(REPORT)" || true
	@$(VENV_PYTHON) -m cnnlib report build "$(REPORT)"

clean: ## remove .venv and everything else that can be made again
	rm -rf .venv .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
