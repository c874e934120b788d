"""What flying a scenario on the stack predicts of its steps: what accelerators wait for."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from domain.errors import CatalogError
from domain.figures import percent, size
from domain.frozen import Frozen
from policies.predicted import Prediction, figure, metric, of_prediction, workloads
from policies.rule import Finding, Judgement, Rule, Undecided
from policies.world import World

_BUSY = ("compute", "communication_exposed", "overhead")
_INPUT = ("storage", "input_decoding")


class Utilisation(Frozen):
    """The least share of time that accelerators must be busy."""

    min_share: float = Field(default=0.3, ge=0, le=1)


class InputBound(Frozen):
    """The largest share of a step that accelerators may wait for their input."""

    max_share: float = Field(default=0.1, ge=0, le=1)


class CommunicationBound(Frozen):
    """The largest share of a step that accelerators may wait for each other."""

    max_share: float = Field(default=0.3, ge=0, le=1)


class MemoryFit(Frozen):
    """The share of accelerator memory to leave free: models of memory are a few per cent off."""

    headroom: float = Field(default=0.05, ge=0, lt=1)


@of_prediction
def utilisation(world: World, settings: Utilisation, prediction: Prediction) -> Iterator[Judgement]:
    """Accelerators are busy most of the time that they are paid for."""
    share = metric(prediction, "accelerator_utilisation")
    if share is not None and share < settings.min_share:
        yield Finding(
            f"accelerators are busy {percent(share)} of the time, {percent(settings.min_share)} "
            "are asked for"
        )


@of_prediction
def input_bound(world: World, settings: InputBound, prediction: Prediction) -> Iterator[Judgement]:
    """Accelerators do not wait for storage or for the decoding of their input."""
    for name, facts in workloads(prediction):
        parts = facts.get("step_parts_seconds", {})
        step = figure(facts, "step_seconds")
        known = {key: figure(parts, key) for key in _BUSY + _INPUT}
        if not step or None in known.values():
            yield Undecided(f"the parts of a step of '{name}' are not known")
            continue
        reading = max((known[key] or 0, key) for key in _INPUT)
        waits = reading[0] - sum(known[key] or 0 for key in _BUSY)
        if waits > settings.max_share * step:
            yield Finding(
                f"'{name}' waits for {reading[1].replace('_', ' ')} {percent(waits / step)} of "
                f"each step, {percent(settings.max_share)} are allowed"
            )


@of_prediction
def communication_bound(
    world: World, settings: CommunicationBound, prediction: Prediction
) -> Iterator[Judgement]:
    """Accelerators do not wait for each other most of a step."""
    for name, facts in workloads(prediction):
        waits = figure(facts.get("step_parts_seconds", {}), "communication_exposed")
        step = figure(facts, "step_seconds")
        if not step or waits is None:
            yield Undecided(f"the parts of a step of '{name}' are not known")
        elif waits > settings.max_share * step:
            yield Finding(
                f"'{name}' waits for communication {percent(waits / step)} of each step, "
                f"{percent(settings.max_share)} are allowed"
            )


@of_prediction
def memory_fit(world: World, settings: MemoryFit, prediction: Prediction) -> Iterator[Judgement]:
    """What a model needs fits into the memory of its accelerators, with room to spare."""
    for name, facts in workloads(prediction):
        needed, has = figure(facts, "memory_needed_bytes"), _memory(world, facts.get("accelerator"))
        if needed is None or has is None:
            yield Undecided(f"the memory that '{name}' needs, or has, is not known")
        elif needed > has * (1 - settings.headroom):
            yield Finding(
                f"'{name}' needs {size(needed)} of the {size(has)} of each {facts['accelerator']}, "
                f"and {percent(settings.headroom)} are to stay free"
            )


def _memory(world: World, accelerator: object) -> float | None:
    try:
        return world.catalog.accelerator(str(accelerator)).memory_bytes
    except CatalogError:
        return None


RULES: tuple[Rule, ...] = (
    Rule(
        id="predicted-utilisation",
        title="Accelerators are busy",
        category="outcome",
        severity="advisory",
        judge=utilisation,
        settings=Utilisation,
        remedy="take fewer accelerators, or mend what they wait for (see the bottleneck)",
    ),
    Rule(
        id="predicted-input-bound",
        title="Accelerators do not wait for their input",
        category="outcome",
        severity="advisory",
        judge=input_bound,
        settings=InputBound,
        remedy="cache the dataset on the nodes (local_nvme), take a faster file system, more CPUs, "
        "or fewer accelerators",
    ),
    Rule(
        id="predicted-communication-bound",
        title="Accelerators do not wait for each other",
        category="outcome",
        severity="advisory",
        judge=communication_bound,
        settings=CommunicationBound,
        remedy="set placement: cluster, take nodes with faster networks, or a larger batch",
    ),
    Rule(
        id="predicted-memory-fit",
        title="Models fit into accelerator memory with room to spare",
        category="outcome",
        judge=memory_fit,
        settings=MemoryFit,
        remedy="make the batch smaller, shard the optimizer, or take accelerators with more memory",
    ),
)
