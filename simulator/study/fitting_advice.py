"""What would make a training run fit in memory: each change by itself, then all together.

Every suggestion was tried with the memory model, and is listed only where it fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from domain.catalog import Accelerator, Catalog
from domain.figures import size
from simulator.models.calibration import Calibration
from simulator.models.memory import usable_bytes
from simulator.models.model_parallel import SHARDINGS
from simulator.models.precision import choose_precision
from simulator.models.training_step import predict_training_step
from simulator.study.points import Group

_RECOMPUTES = ("none", "selective", "full")
_MACHINES_NAMED = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change that makes it fit, as options and values, and what it would need then."""

    change: dict[str, Any]
    text: str
    needed_bytes: float

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"change": self.change, "text": self.text, "needed_bytes": self.needed_bytes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """A run whose memory is asked about; ``group`` holds it as its only row."""

    group: Group
    parameters: Calibration
    accelerator: Accelerator
    accelerators: int
    accelerators_per_node: int
    global_batch: int | None
    micro_batch: int
    precision: str

    @property
    def usable_bytes(self) -> float:
        """What of an accelerator's memory a step may fill; NaN where it is not known."""
        return float(usable_bytes(self.accelerator.memory_bytes or np.nan, self.parameters))

    def value(self, name: str) -> int:
        """One of the inputs of the run."""
        return int(np.asarray(getattr(self.group.inputs, name)).flat[0])

    def needed_bytes(self, **changes: Any) -> float:
        """Bytes on one accelerator, with some inputs or ``recompute`` changed."""
        recompute = changes.pop("recompute", self.group.recompute)
        micro = changes.get("micro_batch", self.micro_batch)
        # As many samples as one micro batch on every replica.
        split = {
            name: changes.get(name, self.value(name))
            for name in ("tensor_parallel", "pipeline_parallel")
        }
        replicas = self.accelerators // (split["tensor_parallel"] * split["pipeline_parallel"])
        inputs = replace(
            self.group.inputs,
            **{name: np.array([value]) for name, value in changes.items()},
            global_batch=np.array([float(micro * replicas)]),
        )
        inputs = replace(inputs, micro_batch=np.array([float(micro)]))
        step = predict_training_step(
            self.group.facts,
            inputs,
            recompute=recompute,
            decode="none",
            calibration=self.parameters,
        )
        return float(step.memory_needed_bytes[0])

    def largest(self, sizes: Sequence[int]) -> int:
        """The largest micro batch of some that fits; the smallest where none does."""
        fitting = [
            each for each in sizes if self.needed_bytes(micro_batch=each) <= self.usable_bytes
        ]
        return max(fitting, default=min(sizes))


def suggestions(fitting: Fitting, catalog: Catalog) -> tuple[Suggestion, ...]:
    """Every single change that makes it fit, and a larger accelerator; else all together."""
    tried = [
        each
        for changes in (_micro(fitting), _recompute(fitting), _sharding(fitting), _tensor(fitting))
        if (each := _first(fitting, changes)) is not None
    ]
    if not tried:
        together = _together(fitting)
        tried = [each] if (each := _first(fitting, [together])) is not None else []
    larger = _larger(fitting, catalog)
    return (*tried, *((larger,) if larger else ()))


def _first(fitting: Fitting, changes: Sequence[dict[str, Any]]) -> Suggestion | None:
    for change in changes:
        coded = dict(change)
        if "sharding" in coded:
            coded["sharding"] = SHARDINGS.index(coded["sharding"])
        needed = fitting.needed_bytes(**coded)
        if needed <= fitting.usable_bytes:
            words = ", ".join(f"{_WORDS[name]} {value}" for name, value in change.items())
            return Suggestion(change, f"{words}: {size(needed)}", needed)
    return None


_WORDS = {
    "micro_batch": "--micro-batch",
    "recompute": "--recompute",
    "sharding": "--sharding",
    "tensor_parallel": "--tensor-parallel",
}


def _micro(fitting: Fitting) -> list[dict[str, Any]]:
    """Smaller micro batches that divide the present one, the largest first."""
    micro = fitting.micro_batch
    sizes = [each for each in range(micro // 2, 0, -1) if micro % each == 0]
    return [{"micro_batch": each} for each in sizes]


def _recompute(fitting: Fitting) -> list[dict[str, Any]]:
    present = _RECOMPUTES.index(fitting.group.recompute)
    return [{"recompute": each} for each in _RECOMPUTES[present + 1 :]]


def _sharding(fitting: Fitting) -> list[dict[str, Any]]:
    ranks = fitting.value("tensor_parallel") * fitting.value("pipeline_parallel")
    if fitting.accelerators // ranks < 2:
        return []
    return [{"sharding": each} for each in SHARDINGS[fitting.value("sharding") + 1 :]]


def _tensor(fitting: Fitting) -> list[dict[str, Any]]:
    return [{"tensor_parallel": each} for each in _tensor_degrees(fitting)]


def _tensor_degrees(fitting: Fitting) -> Iterator[int]:
    """Larger tensor groups inside a node that heads, accelerators and batch divide by."""
    facts, stages = fitting.group.facts, fitting.value("pipeline_parallel")
    degree = 2 * fitting.value("tensor_parallel")
    while facts.heads and degree <= fitting.accelerators_per_node:
        if facts.heads % degree == 0 and fitting.accelerators % (degree * stages) == 0:
            replicas = fitting.accelerators // (degree * stages)
            if (fitting.global_batch or replicas) % replicas == 0:
                yield degree
        degree *= 2


def _together(fitting: Fitting) -> dict[str, Any]:
    """The most of every change."""
    together: dict[str, Any] = {}
    for changes in (_micro(fitting), _recompute(fitting), _sharding(fitting), _tensor(fitting)):
        if changes:
            together |= changes[-1]
    return together


def _larger(fitting: Fitting, catalog: Catalog) -> Suggestion | None:
    """The smallest accelerator of the same vendor that holds it as it is."""
    needed = fitting.needed_bytes()
    vendor = fitting.accelerator.vendor
    found = [
        chip
        for chip in catalog.accelerators()
        if chip.vendor == vendor
        and chip.memory_bytes
        and usable_bytes(chip.memory_bytes, fitting.parameters) >= needed
        and choose_precision(fitting.precision, chip.peak_flops).reason is None
    ]
    if not found:
        return None
    chip = min(found, key=lambda each: (each.memory_bytes or 0.0, each.id))
    machines = [each.name for each in catalog.machines() if each.accelerator == chip.id]
    named = f" ({', '.join(machines[-_MACHINES_NAMED:])})" if machines else ""
    text = f"--on {chip.id}{named}: {size(chip.memory_bytes or 0.0)} each"
    return Suggestion({"accelerator": chip.id}, text, needed)
