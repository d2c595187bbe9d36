# `make help` lists the targets. Everything runs in .venv, which `setup` makes and keeps up to date.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup demo baseline train eval results test soak lint bench clean

help:           ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: $(VENV)/.installed   ## make .venv with everything in it (quick when nothing changed)

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Stemwise needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,synth,sing,jams,musdb,mirdata,wiener,wandb,tensorboard,launch,onnx,dev]'
	@touch $@

demo: setup     ## songs, training, scores and a page: twelve to nineteen minutes on two cores
	$(PY) -m src.demo

baseline: setup ## after the demo: Open-Unmix on its songs for the same minutes, and both in one table
	$(PY) -m src.demo baseline

train: setup    ## train, for example: make train ARGS="experiment=iass_medley data.root=/path/to/MedleyDB"
	$(PY) -m src.train $(ARGS)

eval: setup     ## score the newest run, or RUN=runs/demo, with ISR, SIR and SAR
	$(PY) -m src.eval bss_eval=true $(if $(RUN),run=$(RUN)) $(ARGS)

results: setup  ## the study of RESULTS.md: what results/ lacks is trained (hours), then its tables; ARGS="--jobs 2", --list, --tables
	$(PY) -m src.results $(ARGS)

test: setup     ## the tests, side by side: five to eight minutes on two cores
	OMP_NUM_THREADS=1 $(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal -m "not soak" $(ARGS)

soak: setup     ## the long tests
	$(PY) -m pytest -m soak $(ARGS)

lint: setup     ## ruff and mypy
	$(BIN)/ruff check src tests bench notebooks
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy

bench: setup    ## measure the claims of bench/README.md anew
	@for script in bench/bench_*.py; do echo "== $$script"; $(PY) $$script || exit 1; done

clean:          ## remove caches (never data, runs or .venv)
	rm -rf .pytest_cache .ruff_cache .mypy_cache build src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
