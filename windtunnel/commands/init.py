"""`windtunnel init`: a first scenario and stack config."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import InputError

if TYPE_CHECKING:
    from domain.catalog import Catalog
    from domain.scenario import Scenario


@dataclass(frozen=True, slots=True)
class _Start:
    """What a first scenario of a model looks like: a public data set and a common recipe."""

    dataset: str
    size: str
    precision: str
    global_batch: int
    length: str
    deadline: str


_STARTS = {
    "resnet50": _Start(
        "{samples: 1281167, sample_size: 110 kB, kind: jpeg}",
        "150 GB",
        "fp16",
        2048,
        "epochs: 90",
        "24 h",
    ),
    "bert-large": _Start(
        "{samples: 461242368, sample_size: 700 B, kind: tokens}",
        "330 GB",
        "fp16",
        65536,
        "steps: 7038",
        "4 days",
    ),
    "small_cnn": _Start(
        "{samples: 20000, sample_size: 30 kB, kind: jpeg}", "2 GB", "fp32", 64, "epochs: 30", "2 h"
    ),
}
_DEFAULTS = {
    "aws": ("us-east-1", "g5.12xlarge", ("g4dn.12xlarge", "p4d.24xlarge")),
    "gcp": ("us-central1", "a2-highgpu-8g", ("g2-standard-96", "tpu-v5litepod-16")),
}
_TEMPLATE = """\
# {title}
#
#   windtunnel simulate {file}
#   windtunnel choose {file} --write {stack}
name: {name}
environment:
  provider: {provider}
  region: {region}
  pools:
    train: {{machine: {machine}, count: {count}, market: on_demand}}
  storage:
    dataset: {{kind: object_store, size: {size}}}
    checkpoints: {{kind: object_store}}
workloads:
  {workload}:
    kind: training
    model: {model}
    dataset: {dataset}
    precision: {precision}
    global_batch: {global_batch}
    {length}
    framework: {framework}
    # Without checkpoints an interruption loses everything; spot needs them.
    checkpointing: {{interval: 10 min}}
goal: {{minimise: cost, deadline: {deadline}, budget: {budget}}}
# What may vary; `choose` tries every combination.
axes:
  environment.pools.train.machine: [{machines}]
  environment.pools.train.count: [{counts}]
  environment.pools.train.market: [on_demand, spot]
seed: 1
"""


def init(
    scenario: Annotated[Path, typer.Argument(metavar="[SCENARIO]", help="File to write.")] = Path(
        "windtunnel.yaml"
    ),
    stack: Annotated[
        str, typer.Option("--stack", help="Stack whose Pulumi.STACK.yaml gets the environment.")
    ] = "dev",
    provider: Annotated[str | None, typer.Option("--provider", help="aws or gcp.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="Where to provision.")] = None,
    machine: Annotated[
        str | None, typer.Option("--machine", help="Machine type, like g5.12xlarge.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many nodes.")] = 1,
    model: Annotated[
        str | None, typer.Option("--model", help=f"One of {', '.join(_STARTS)}.")
    ] = None,
    framework: Annotated[str, typer.Option("--framework")] = "tensorflow",
    deadline: Annotated[
        str | None, typer.Option("--deadline", help="Like '12 h'; default by model.")
    ] = None,
    budget: Annotated[str, typer.Option("--budget", help="Like '$2000'.")] = "$2000",
    force: Annotated[bool, typer.Option("--force", help="Replace a scenario that exists.")] = False,
) -> None:
    """Write a first scenario and stack config from a few answers or flags.

    Asks for what the flags leave open, on a terminal; in a pipe it takes the defaults.

    Example:  windtunnel init --provider gcp --machine a2-highgpu-8g --model resnet50
    """
    from domain.catalog import load_catalog
    from domain.located import parse, parse_yaml
    from domain.scenario import Scenario
    from windtunnel.output import write_atomically
    from windtunnel.stack_config import holds_environment, stack_config_path, write_environment

    config = stack_config_path(stack, Path.cwd())
    if not force:
        if scenario.exists():
            raise InputError("exists already; give another name, or --force", where=str(scenario))
        if holds_environment(config):
            raise InputError(
                "holds an environment already; give another --stack, or --force", where=config.name
            )
    provider = _answer("Provider (aws, gcp)", provider, "aws")
    if provider not in _DEFAULTS:
        raise InputError(f"'{provider}' is not one of aws, gcp", where="--provider")
    near_region, near_machine, others = _DEFAULTS[provider]
    region = _answer("Region", region, near_region)
    machine = _answer("Machine type", machine, near_machine)
    model = _answer(f"Model ({', '.join(_STARTS)})", model, "resnet50")
    if model not in _STARTS:
        raise InputError(f"'{model}' is not one of {', '.join(_STARTS)}", where="--model")
    catalog = load_catalog()
    catalog.offer(provider, region, machine)
    here = {offer.machine for offer in catalog.offers(provider=provider, region=region)}
    start = _STARTS[model]
    text = _TEMPLATE.format(
        title=f"{model} on {provider}: what should we provision, and what will it cost?",
        file=scenario,
        stack=stack,
        name=f"{model}-first-flight".replace("_", "-"),
        provider=provider,
        region=region,
        machine=machine,
        count=count,
        size=start.size,
        workload=model.replace("_", "-"),
        model=model,
        dataset=start.dataset,
        precision=start.precision,
        global_batch=start.global_batch,
        length=start.length,
        framework=framework,
        deadline=deadline or start.deadline,
        budget=budget,
        machines=", ".join(
            [machine, *(other for other in others if other in here and other != machine)]
        ),
        counts=", ".join(str(count * factor) for factor in (1, 2, 4)),
    )
    parsed = parse(Scenario, parse_yaml(text, str(scenario)))
    _check_runs(parsed, catalog)
    write_atomically(scenario, text)
    write_environment(config, parsed.environment)
    print(f"wrote {scenario} and the environment of stack '{stack}' in {config.name}")
    print(f"next:  windtunnel simulate {scenario}")
    print(f"then:  windtunnel choose {scenario} --write {stack}")


def _check_runs(scenario: Scenario, catalog: Catalog) -> None:
    """Refuses a first scenario that could not fly: the wrong framework, no accelerator."""
    from simulator.study.plan import plan_flight

    plan_flight("init", scenario, Path(), catalog)


def _answer(question: str, given: str | None, default: str) -> str:
    if given is not None:
        return given
    if sys.stdin.isatty():
        answer: str = typer.prompt(question, default=default)
        return answer
    return default
