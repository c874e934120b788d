"""A scenario flown on the hardware that a Pulumi program declares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.environment import Environment
from domain.errors import InputError
from domain.located import Located
from domain.reading import ScenarioFile, load_scenario
from windtunnel.stack_config import environment_as_config


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
    wanted = {}
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
