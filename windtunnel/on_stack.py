"""A scenario flown on the hardware that a Pulumi program declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from domain.costing.quantities import Quantities
from domain.environment import Environment
from domain.errors import InputError
from domain.located import Located
from domain.prediction import Prediction
from domain.reading import ScenarioFile, load_scenario
from domain.resources import ResourceGraph
from domain.usage import NatGateway, ObjectStorage, Usage
from windtunnel.stack_config import environment_as_config

if TYPE_CHECKING:
    from simulator.study.simulate import Flown


@dataclass(frozen=True, slots=True)
class FlownOnStack:
    """A prediction on the hardware of a stack, and the use that it makes of the stack."""

    flown: Flown
    prediction: Prediction
    quantities: Mapping[str, Quantities]
    """Component of the stack (a bucket, the network) → its use in a month."""


def fly_on(
    graph: ResourceGraph,
    scenario: Path,
    settings: Sequence[str],
    *,
    prices: Path | None,
    runs_per_month: float,
    replications: int | None,
    workers: int,
) -> FlownOnStack:
    """Flies a scenario on the hardware that a graph declares.

    Raises:
        InputError: the graph has no hardware to fly on, or the scenario does not fit it.
    """
    from domain.costing.hardware import environment_of
    from windtunnel.flying import fly_scenario
    from windtunnel.progress import progress_bar

    environment, left_out = environment_of(graph)
    file, settled = scenario_on(scenario, settings, environment)
    if graph.stack:
        file = replace(file, called=f"{file.name} on {graph.stack}")
    with progress_bar("flying") as progress:
        flown = fly_scenario(
            file,
            prices,
            replications=replications,
            seed=None,
            workers=workers,
            progress=progress,
        )
    prediction = replace(flown.prediction, notes=(*flown.prediction.notes, *left_out, *settled))
    runs = f"{runs_per_month:g} run{'' if runs_per_month == 1 else 's'} a month"
    return FlownOnStack(
        flown,
        prediction,
        monthly_quantities(
            flown.used, runs_per_month, f"the simulation of {scenario.name}, {runs}"
        ),
    )


def monthly_quantities(
    used: Sequence[Sequence[Usage]], runs_per_month: float, source: str
) -> dict[str, Quantities]:
    """What so many runs a month make of each bucket and gateway, by the mean replication.

    A dataset is kept all month, however often it is read.
    """
    found: dict[str, Quantities] = {}
    for together in zip(*used, strict=True):
        first = together[0]
        if isinstance(first, ObjectStorage):
            buckets = [each for each in together if isinstance(each, ObjectStorage)]
            found[first.resource] = Quantities(
                source=source,
                stored_bytes=_mean([each.size_bytes for each in buckets], 1.0),
                read_requests=_mean([each.read_requests for each in buckets], runs_per_month),
                write_requests=_mean([each.write_requests for each in buckets], runs_per_month),
                retrieved_bytes=_mean([each.retrieved_bytes for each in buckets], runs_per_month),
            )
        elif isinstance(first, NatGateway):
            moved = [each.bytes for each in together if isinstance(each, NatGateway)]
            found[first.resource] = Quantities(
                source=source, processed_bytes=_mean(moved, runs_per_month)
            )
    return found


def _mean(values: Sequence[float | None], times: float) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) * times if len(known) == len(values) else None


def scenario_on(
    path: Path, settings: Sequence[str], environment: Environment
) -> tuple[ScenarioFile, list[str]]:
    """The scenario of a file with the environment that a stack declares in the place of its own.

    Workloads look for pools and storage by name. A pool's name that the stack does not have
    gives way where the stack has one pool only; storage that the stack does not have stays as
    the scenario describes it.

    Returns:
        The scenario, and what had to be put together by hand.

    Raises:
        InputError: a workload asks for a pool that is not in the stack.
    """
    notes: list[str] = []

    def onto_stack(located: Located) -> None:
        own = located.data.get("environment")
        own_storage = own.get("storage", {}) if isinstance(own, dict) else {}
        data = environment_as_config(environment)
        storage = data.setdefault("storage", {})
        for name in _wanted_storage(located.data):
            if name not in storage and name in own_storage:
                storage[name] = own_storage[name]
                notes.append(f"storage '{name}' is not in the stack; it is the scenario's own")
        located.data["environment"] = data
        located.data.pop("axes", None)
        notes.extend(_settle_pools(located.data, environment))

    return load_scenario(path, settings, change=onto_stack), notes


def _workloads(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    workloads = data.get("workloads")
    if not isinstance(workloads, dict):
        return {}
    return {name: each for name, each in workloads.items() if isinstance(each, dict)}


def _wanted_storage(data: dict[str, Any]) -> list[str]:
    """The storage entries that workloads name, or find by their usual names."""
    wanted: dict[str, None] = {}
    for workload in _workloads(data).values():
        for part, usual in (("dataset", "dataset"), ("checkpointing", "checkpoints")):
            entry = workload.get(part)
            if isinstance(entry, dict):
                wanted[entry.get("storage", usual)] = None
    return list(wanted)


def _settle_pools(data: dict[str, Any], environment: Environment) -> list[str]:
    """Sends workloads to the pool that is there, where there is no choice."""
    notes = []
    for name, workload in _workloads(data).items():
        asked = workload.get("pool")
        if asked is None or asked in environment.pools:
            continue
        if len(environment.pools) > 1:
            raise InputError(
                f"workload '{name}' asks for pool '{asked}', but the stack has "
                f"{', '.join(environment.pools)}; say which with --set workloads.{name}.pool=…"
            )
        workload["pool"] = next(iter(environment.pools))
        notes.append(f"workload '{name}' runs on pool '{workload['pool']}', the only one")
    return notes
