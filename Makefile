# What a person can do here. `make help` lists it.
RECIPE ?= lr_grid
ARGS ?=
PREFIX ?= /usr/local
PYTHON ?= python3
COMPLETIONS_BASH = $(PREFIX)/share/bash-completion/completions
COMPLETIONS_ZSH = $(PREFIX)/share/zsh/site-functions
COMPLETIONS_FISH = $(PREFIX)/share/fish/vendor_completions.d

PACKAGES := libhdf5-dev libssl-dev zlib1g-dev libpcre2-dev pkg-config ffmpeg
VISEME := .build/release/viseme
TREE := .build/tarball/viseme-*-linux-$(shell uname -m)
RECIPE_FILE := $(if $(wildcard $(RECIPE)),$(RECIPE),recipes/$(RECIPE).yaml)
STUDY := results/$(basename $(notdir $(RECIPE_FILE)))
SOURCES := Package.swift $(shell find Sources -type f -o -type l)

.DEFAULT_GOAL := help
.PHONY: help setup build sweep plan report verify status dashboard test soak bench bench-files bench-data bench-dashboard bench-sweep bench-slurm goldens evidence gallery lint format example tarball install clean

help: ## list what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo
	@echo '  RECIPE=lr_grid        a recipe of the folder recipes, or the path of any other'
	@echo '  ARGS="epoch=5"        changes to the recipe and options: --jobs 2, --sample 3, ...'

setup: ## install the libraries that are missing (Debian, Ubuntu)
	@scripts/setup.sh $(PACKAGES)

$(VISEME): $(SOURCES)
	@scripts/setup.sh $(PACKAGES)
	swift build -c release --product viseme
	@scripts/trace_library.sh .build/release/lib
	@touch $@

build: $(VISEME) ## build the program, in release mode

sweep: $(VISEME) ## run what is not yet stored, and write the report
	@$(VISEME) sweep $(RECIPE_FILE) $(ARGS)

plan: $(VISEME) ## list the runs and what is stored; nothing runs
	@$(VISEME) plan $(RECIPE_FILE) $(ARGS)

report: $(VISEME) ## write the report again, from stored runs alone
	@$(VISEME) report $(STUDY) $(ARGS)

verify: $(VISEME) ## train again and compare the bits: all runs, or ARGS="--sample 3"
	@$(VISEME) verify $(RECIPE_FILE) $(ARGS)

status: $(VISEME) ## what of a study is done, failed or missing
	@$(VISEME) status $(STUDY) $(ARGS)

dashboard: $(VISEME) ## studies in the browser, live: prints the address
	@$(VISEME) dashboard $(ARGS)

test: ## build and run all tests
	@scripts/setup.sh $(PACKAGES)
	swift build -c release --build-tests
	@scripts/trace_library.sh .build/release/lib
	@scripts/python_env.sh || true
	VISEME_PYTHON=$$(scripts/python_env.sh --path) swift test -c release --skip-build $(ARGS)

soak: $(VISEME) ## the long checks, an hour or more: golden digests in every way, a thousand kills
	swift build -c release --build-tests
	@scripts/soak.sh $(VISEME)

bench: $(VISEME) ## training steps beside PyTorch, and every product's share of the processor's peak (pip install torch numpy)
	@$(PYTHON) scripts/bench.py $(VISEME) $(ARGS)

bench-files: $(VISEME) ## writing and reading run and sweep files, beside h5py (pip install h5py numpy)
	@$(PYTHON) scripts/bench_files.py $(VISEME) $(ARGS)

bench-dashboard: $(VISEME) ## the live page beside TensorBoard and aim (pip install selenium tensorboard aim h5py; chromedriver)
	@$(PYTHON) scripts/bench_dashboard.py $(VISEME) $(ARGS)

bench-data: $(VISEME) ## preparing clips, batches beside the training step, and the memory of a run on a large set (ARGS="--gigabytes 20")
	@$(PYTHON) scripts/bench_data.py $(VISEME) $(ARGS)

bench-sweep: $(VISEME) ## what one more run costs, beside Optuna, Hydra and Snakemake (installed for the moment)
	@$(PYTHON) scripts/bench_sweep.py $(VISEME) $(ARGS)

bench-slurm: $(VISEME) ## two hundred jobs on a private Slurm, beside submitit (as root; apt-get install slurm-wlm munge)
	@$(PYTHON) scripts/bench_slurm.py $(VISEME) $(ARGS)

gallery: ## reports of 18 kinds of studies, rendered with Chromium at three sizes and as PDF (results/gallery)
	@scripts/setup.sh $(PACKAGES) chromium
	swift build -c release --build-tests
	@scripts/gallery.sh

goldens: $(VISEME) ## record all golden digests again (after a change of the numerics revision)
	@for file in recipes/*.digests; do $(VISEME) verify $${file%.digests}.yaml --record || exit 1; done

evidence: $(VISEME) ## repeat the golden studies with every vector width and on an emulated processor, and record it
	@scripts/evidence.sh $(VISEME)

lint: ## check the form of all sources
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

format: ## put all sources into that form
	swift format --in-place --recursive --parallel Package.swift Sources Tests

example: $(VISEME) ## make the example report of the README again
	@$(VISEME) sweep recipes/lr_grid.yaml
	@rm -rf docs/example && mkdir -p docs/example/figures
	@cp results/lr_grid/report.md docs/example/ && cp results/lr_grid/figures/*.svg docs/example/figures/

tarball: ## pack the program with its libraries, for machines without Swift or HDF5 (.build/tarball)
	@scripts/setup.sh $(PACKAGES)
	scripts/tarball.sh

install: ## install the program and its libraries to PREFIX, with completion for bash, zsh and fish
	@scripts/setup.sh $(PACKAGES)
	scripts/tarball.sh --tree
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/viseme
	install -m 755 $(TREE)/bin/viseme $(DESTDIR)$(PREFIX)/bin/viseme
	install -m 644 $(TREE)/lib/viseme/* $(DESTDIR)$(PREFIX)/lib/viseme/
	install -D -m 644 $(TREE)/share/completions/viseme.bash $(DESTDIR)$(COMPLETIONS_BASH)/viseme
	install -D -m 644 $(TREE)/share/completions/viseme.zsh $(DESTDIR)$(COMPLETIONS_ZSH)/_viseme
	install -D -m 644 $(TREE)/share/completions/viseme.fish $(DESTDIR)$(COMPLETIONS_FISH)/viseme.fish

clean: ## remove what was built; results stay
	rm -rf .build
