# Needs Python 3.11 or newer, make and pip; everything else comes as wheels into .venv.
#
#   make demo    the proxy in front of a simulated Exchange site; Ctrl-C ends it
#   make test    all tests; says which real peers are missing and were skipped
#   make bench   CPU time, latency and memory beside HAProxy and nginx (docs/performance.md says which Debian packages)
#   make lint    ruff and mypy

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV   ?= .venv
PY      = $(VENV)/bin/python
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --only-binary :all:
TRIAL   = $(PY) -m twisted.trial --temp-directory=_trial_temp
TESTS  ?= tests

.PHONY: demo test bench lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/.run
	$(PY) -m exproxy.simulator.demo

test: $(VENV)/.test
	@$(PY) -m tests.integration.peers
	$(TRIAL) $(TESTS)

bench: $(VENV)/.run
	$(PY) -m bench

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) _trial_temp* build dist src/*.egg-info .mypy_cache .ruff_cache .hypothesis

# Debian's Python may come without ensurepip: then the pip that is there puts one into the environment.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "exproxy needs Python 3.11 or newer, and $(PYTHON) is " \
	    + sys.version.split()[0] + ": say make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv --clear $(VENV) 2>/dev/null || { \
	    $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(PY) install --quiet pip; }
	touch $@

# An editable install shows the package and the command, but not the plugin: Twisted looks for twisted/plugins along
# sys.path, and so this folder has to be on it.
$(VENV)/.run: setup.cfg pyproject.toml | $(VENV)/.made
	$(INSTALL) --editable .
	@$(PY) -c 'import pathlib, sysconfig; \
	    pathlib.Path(sysconfig.get_path("purelib"), "exproxy-plugin.pth").write_text("$(CURDIR)\n")'
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(INSTALL) --editable '.[test]'
	touch $@
