# Needs Python 3.11 or newer, make and pip; everything else comes as wheels into .venv.
#
#   make demo    the proxy in front of a simulated Exchange site; Ctrl-C ends it
#   make test    all tests; says which real peers are missing and were skipped
#   make test-windows   the unit tests and the service on a Windows Python under Wine; WINDOWS=… has the scripts that make it
#   make bench   CPU time, latency and memory beside HAProxy and nginx (docs/performance.md says which Debian packages)
#   make fuzz    the parsers of DCE/RPC and HTTP against inputs that atheris makes up; RUNS=… says how many each (200,000)
#   make lint    ruff and mypy
#   make install the files of packaging/ where Debian and systemd look for them (docs/linux.md); DESTDIR=… for another root

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV   ?= .venv
PY      = $(VENV)/bin/python
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --only-binary :all:
TRIAL   = $(PY) -m twisted.trial --temp-directory=_trial_temp
TESTS  ?= tests
RUNS   ?= 200000
WINDOWS ?= ../shared/windows

.PHONY: demo test test-windows bench fuzz lint install clean
.DELETE_ON_ERROR:

demo: $(VENV)/.run
	$(PY) -m exproxy.simulator.demo

test: $(VENV)/.test
	@$(PY) -m tests.integration.peers
	$(TRIAL) $(TESTS)

test-windows: $(VENV)/.test
	@$(PY) -m tests.windows $(WINDOWS)

bench: $(VENV)/.run
	$(PY) -m bench

# The corpus grows in _fuzz_temp/TARGET and is used again; an input that breaks a property stays beside it.
fuzz: $(VENV)/.fuzz
	$(PY) -m fuzz pdus $(RUNS)
	$(PY) -m fuzz stubs $(RUNS)
	$(PY) -m fuzz relay $(RUNS)
	$(PY) -m fuzz requests $(RUNS)
	$(PY) -m fuzz responses $(RUNS)

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# What an administrator edits is there only once: a second install leaves it.
KEEP = { test -e "$(DESTDIR)$(2)" || install -D -m $(3) packaging/$(1) "$(DESTDIR)$(2)"; }

install:
	install -D -m 644 packaging/systemd/exproxy.service "$(DESTDIR)/usr/local/lib/systemd/system/exproxy.service"
	install -D -m 644 packaging/sysusers.d/exproxy.conf "$(DESTDIR)/usr/local/lib/sysusers.d/exproxy.conf"
	install -D -m 644 packaging/tmpfiles.d/exproxy.conf "$(DESTDIR)/usr/local/lib/tmpfiles.d/exproxy.conf"
	$(call KEEP,etc/logrotate.d/exproxy,/etc/logrotate.d/exproxy,644)
	$(call KEEP,etc/default/exproxy,/etc/default/exproxy,600)
	$(call KEEP,etc/exproxy/exproxy.toml,/etc/exproxy/exproxy.toml,644)

clean:
	rm -rf $(VENV) _trial_temp* _fuzz_temp _windows build dist src/*.egg-info .mypy_cache .ruff_cache .hypothesis

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

# Its own mark, because atheris has no wheels for Windows, macOS and some versions of Python: all else works without it.
$(VENV)/.fuzz: $(VENV)/.run
	$(INSTALL) --editable '.[fuzz]' || { echo "atheris does not install here; make PYTHON=/path/to/python3.11 fuzz on Linux"; exit 1; }
	touch $@
