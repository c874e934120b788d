# Each target makes the virtual environment that it needs; nothing has to be set up before.
# Set PYTHON to use another interpreter (3.11 or later).
PYTHON ?= python3
PIP_FLAGS := --quiet --disable-pip-version-check --constraint constraints.txt
SCENARIO ?= examples/resnet50_imagenet.yaml
SOURCES := domain policies simulator stacks windtunnel workloads tests validation benchmarks

.PHONY: demo test setup lint validate bench clean

demo: .venv-demo/ready  ## which hardware, what it costs: one question answered
	.venv-demo/bin/windtunnel choose $(SCENARIO)

test: .venv-test/ready  ## every test
	.venv-test/bin/python -m pytest $(ARGS)

setup: .venv/ready  ## one environment with all extras, for deploying and for work on the code

lint: .venv-test/ready  ## style and types
	.venv-test/bin/ruff check $(SOURCES)
	.venv-test/bin/ruff format --check $(SOURCES)
	.venv-test/bin/mypy

validate: .venv-test/ready  ## accuracy against published and measured truth
	.venv-test/bin/python -m validation

bench: .venv-test/ready  ## speed
	.venv-test/bin/python -m benchmarks

clean:
	rm -rf .venv .venv-demo .venv-test .mypy_cache .pytest_cache .ruff_cache build *.egg-info

ENVIRONMENTS := .venv-demo/ready .venv-test/ready .venv/ready
.venv-demo/ready: EXTRAS :=
.venv-test/ready: EXTRAS := [infra,workload,dev]
.venv/ready: EXTRAS := [infra,workload,dev]

$(ENVIRONMENTS): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Windtunnel needs Python 3.11 or later; set PYTHON")'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install $(PIP_FLAGS) --editable '.$(EXTRAS)'
	touch $@
