# The one door to the project: `make` lists what it opens onto.

PYTHON     ?=
PIPELINE   ?= examples/chicago_taxi
JOBS       ?= 2
UV_VERSION := 0.13.8

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.set-up
PEERS   := $(VENV)/.conformance
WHEEL   := build/wheel
PYTHONS := 3.11 3.12 3.13
EXTRAS  := dev kubeflow notebook postgres s3
HERE    := $(CURDIR)

# What a caller's environment says about other Pythons must not reach this one. Byte code is always written:
# without it TensorFlow takes two to three times as long to import.
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH PYTHONSTARTUP VIRTUAL_ENV CONDA_PREFIX
unexport PIP_CONSTRAINT PIP_NO_BINARY PIP_PREFIX PIP_REQUIRE_HASHES PIP_REQUIRE_VIRTUALENV PIP_REQUIREMENT PIP_ROOT
unexport PIP_TARGET PIP_USER UV_PYTHON UV_SYSTEM_PYTHON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup taxi test tests check lint types contracts unit wheel browser postgres conformance engines bench ui lock format clean FORCE

help: ## list what can be done
	@echo "Penstock. Start with: make taxi"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

taxi: setup examples/chicago_taxi/data/trips.csv ## run the Chicago taxi pipeline, from rows to a pushed model
	@$(BIN)/penstock run examples/chicago_taxi

# Made once: data of your own that you put in its place is never overwritten.
examples/chicago_taxi/data/trips.csv: | $(STAMP)
	@$(BIN)/python examples/chicago_taxi/data.py

test: lint ## lint, types, layers, and all tests but conformance on the built wheel (minutes)
	@$(MAKE) --no-print-directory --jobs 2 tests types contracts

tests: wheel
	@$(call on_the_wheel,-m "not conformance" -n $(JOBS) --dist loadfile --no-loadscope-reorder)

check: lint types contracts unit ## what to run before each commit: lint, types, layers, unit tests (three minutes)

lint: setup ## ruff: rules and format
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted. Run: make format"; exit 1; }

types: setup ## mypy, strict
	@$(BIN)/mypy --no-error-summary

contracts: setup ## import-linter: the layers of the package
	@mkdir -p build; $(BIN)/lint-imports > build/layers.txt 2>&1 || { cat build/layers.txt; exit 1; }

unit: setup
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "not component and not conformance"

conformance: wheel $(PEERS) browser postgres ## hold the software of peers beside ours: installs it, gigabytes the first time
	@PENSTOCK_CONFORMANCE_DIR="$${PENSTOCK_CONFORMANCE_DIR:-$(HERE)/build/peers}"; export PENSTOCK_CONFORMANCE_DIR; \
	$(call on_the_wheel,-m conformance -n $(JOBS) --dist loadfile)

# What the tests of pages need; where it cannot be installed they are skipped, and say so.
browser:
	@if ! command -v chromium > /dev/null && command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing chromium"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } > build/chromium.txt 2>&1 \
	    || tail -n 5 build/chromium.txt; \
	fi

# Likewise for the store on PostgreSQL, of which the tests start servers of their own.
postgres:
	@if ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 && ! command -v initdb > /dev/null \
	  && command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing postgresql"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql openssl; } \
	    > build/postgres.txt 2>&1 || tail -n 5 build/postgres.txt; \
	fi

engines: setup ## fetch Flink's and Spark's job servers with mvn, for the conformance tests
	@$(BIN)/python tests/conformance_engines/engines.py

bench: setup ## list the benchmarks; run one with: make bench NAME=... ARGS=...
	@if [ -n "$(NAME)" ]; then $(BIN)/python "benchmarks/$(NAME).py" $(ARGS); else \
	  echo "Run one with: make bench NAME=... ARGS=..."; \
	  for file in $$(ls benchmarks/*.py 2>/dev/null); do \
	    printf '  %-20s %s\n' "$$(basename $$file .py)" "$$(sed -n '1s/"""//gp' $$file)"; \
	  done; \
	fi

ui: setup ## open the web pages of a pipeline: make ui PIPELINE=examples/chicago_taxi
	@$(BIN)/penstock ui -C $(PIPELINE)

format: setup ## let ruff format the code and mend what it can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

lock: $(BIN)/uv ## pin the dependencies anew for each Python; UPGRADE=1 takes newer ones
	@for version in $(PYTHONS); do \
	  echo "Pinning for Python $$version"; \
	  pins="py$$(echo $$version | tr -d .).txt"; \
	  pin="$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version $$version --no-header --no-emit-index-url"; \
	  $$pin --all-extras $(if $(UPGRADE),--upgrade) --output-file "requirements/conformance/$$pins" || exit 1; \
	  $$pin $(EXTRAS:%=--extra %) --constraints "requirements/conformance/$$pins" \
	    --output-file "requirements/$$pins" || exit 1; \
	done; \
	for peer in requirements/peers/*.in; do \
	  echo "Pinning $$peer"; \
	  $(BIN)/uv pip compile --quiet "$$peer" --python-version 3.11 --no-header --no-emit-index-url --no-annotate \
	    $(if $(UPGRADE),--upgrade) --output-file "$${peer%.in}.txt" || exit 1; \
	done

clean: ## remove the environment, caches and build results; runs and data stay
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find penstock tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# ----------------------------------------------------------------------------------------------- the environment

# Set up once, and again when the pins or the project's settings change, when the checkout has moved, or when the
# Python that the environment was made with is gone.
setup: $(STAMP) ## make .venv with the pinned packages; every other command does so when it is needed
	@:

ifneq ($(shell $(BIN)/python -c 'import sys' 2>/dev/null && cat $(STAMP) 2>/dev/null),$(HERE))
$(STAMP) $(BIN)/uv: FORCE
endif

$(BIN)/uv:
	@set -e; \
	if [ -e "$(VENV)" ] && { [ "$$(cat "$(VENV)/.home" 2>/dev/null)" != "$(HERE)" ] || ! $(BIN)/python -c 'import pip' 2>/dev/null; }; then \
	  echo "The environment in $(VENV) is not whole, or was made elsewhere: making it anew."; \
	  rm -rf "$(VENV)"; \
	fi; \
	if [ ! -e "$(VENV)/.home" ]; then \
	  $(find_python); \
	  echo "Setting up $(VENV) with $$($$python --version); the first time takes minutes, most of it download."; \
	  rm -rf "$(VENV)"; $$python -m venv "$(VENV)"; printf '%s' "$(HERE)" > "$(VENV)/.home"; \
	fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMP): $(BIN)/uv pyproject.toml $(wildcard requirements/*.txt)
	@set -e; $(same_index); mkdir -p build; rm -f $(PEERS); \
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python "requirements/$(pins)"; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	$(BIN)/python -m compileall -q penstock; \
	printf '%s' "$(HERE)" > $(STAMP)

# What the conformance tests need besides: a browser's driver, S3's server, Google's clients. Half a gigabyte.
$(PEERS): $(STAMP) $(wildcard requirements/conformance/*.txt)
	@set -e; $(same_index); \
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r "requirements/conformance/$(pins)"; \
	touch $(PEERS)

pins = py$$($(BIN)/python -c 'import sys; print("%d%d" % sys.version_info[:2])').txt

# The first Python in the bounds of pyproject.toml: the one named by PYTHON, else python3, else one with its version.
define find_python
	python=; seen=; \
	for name in $(if $(PYTHON),"$(PYTHON)",python3 $(addprefix python,$(PYTHONS))); do \
	  version=$$("$$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	  seen="$$seen $$name ($$version)"; \
	  case " $(PYTHONS) " in *" $$version "*) python=$$name; break;; esac; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Penstock needs one of Python $(PYTHONS). Found:$${seen:- none}."; \
	  echo "Name one with: make PYTHON=/path/to/python3.11 ..."; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; \
	fi
endef

# uv reads other settings than pip: where pip has been told of a mirror or of certificates, uv is told the same.
define same_index
	index=$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}; \
	if [ -n "$$index" ] && [ -z "$${UV_DEFAULT_INDEX:-}" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	certificates=$${PIP_CERT:-$$($(BIN)/python -m pip config get global.cert 2>/dev/null || true)}; \
	if [ -n "$$certificates" ] && [ -z "$${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE="$$certificates"; fi
endef

# ---------------------------------------------------------------------------------------------------- the wheel

# sdist -> wheel -> an environment of its own, in which `penstock` is the wheel's and every other package is that of
# .venv: the line in pins.pth is appended to sys.path, and the editable install there is not followed.
wheel: setup
	@set -e; rm -rf build/dist $(WHEEL); \
	$(BIN)/python -m build --no-isolation --outdir build/dist . > build/wheel.txt 2>&1 || { tail -n 30 build/wheel.txt; exit 1; }; \
	$(BIN)/python -m venv --without-pip $(WHEEL); \
	$(BIN)/uv pip install --quiet --compile-bytecode --no-deps --python $(WHEEL)/bin/python build/dist/*.whl; \
	purelib='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	$(BIN)/python -c "$$purelib" > "$$($(WHEEL)/bin/python -c "$$purelib")/pins.pth"; \
	mkdir -p build/elsewhere; cd build/elsewhere; \
	"$(HERE)/$(WHEEL)/bin/python" -m penstock --version

# From another directory and with a safe path: nothing is imported because it lies where a test happens to run.
define on_the_wheel
	cd build/elsewhere && PENSTOCK_WHEEL="$(HERE)/$(WHEEL)" PYTHONSAFEPATH=1 PATH="$(HERE)/$(WHEEL)/bin:$$PATH" \
	  "$(HERE)/$(WHEEL)/bin/python" -m pytest -q -c "$(HERE)/pyproject.toml" --rootdir "$(HERE)" $(1) "$(HERE)/tests"
endef
