"""Memory that a training step needs on one accelerator, and the batch that fits.

Mixed precision keeps 16-bit weights and gradients, 32-bit master weights and one 32-bit
number per optimizer slot; fp32 keeps weights, gradients and slots: both are
``8 + 4 · slots`` bytes per parameter, 16 for Adam (Rajbhandari et al., "ZeRO", 2020); sharded
states are divided among the replicas.
Activations follow the model's counts. Embedding tables are fp32 without slots, spread
evenly over all accelerators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from domain.errors import ScenarioError, near_misses
from domain.model_facts import ModelFacts
from simulator.models.calibration import Calibration
from simulator.models.compute import Values
from simulator.models.model_parallel import REPEATED_SHARE, SHARDINGS, Split

_SLOTS: Final = {"sgd": 0, "momentum": 1, "adam": 2, "lamb": 2}
# LAMB reads weights and updates once more for its norms (You et al., 2020).
_EXTRA_BYTES_MOVED: Final = {"lamb": 8.0}
# Tensor groups beyond a host are slow, so more is not proposed.
_TENSOR_DEGREES: Final = (2, 4, 8)
_WAYS_TOLD: Final = 3


def optimizer_slots(optimizer: str) -> int:
    """32-bit numbers that the optimizer keeps per parameter.

    Raises:
        ScenarioError: an optimizer that is not known.
    """
    if optimizer not in _SLOTS:
        raise ScenarioError(
            f"no optimizer '{optimizer}'{near_misses(optimizer, _SLOTS) or ';'} "
            f"known are {', '.join(_SLOTS)}",
            where="optimizer",
        )
    return _SLOTS[optimizer]


def optimizer_bytes_moved(parameters: Values, optimizer: str) -> Values:
    """Bytes that one update reads and writes: gradient, weights and slots both ways."""
    slots = optimizer_slots(optimizer)
    return parameters * (12.0 + 8.0 * slots + _EXTRA_BYTES_MOVED.get(optimizer, 0.0))


def state_bytes(model: ModelFacts, optimizer: str, accelerators: Values) -> Values:
    """Weights, gradients and optimizer slots on one of ``accelerators`` replicas."""
    return split_state_bytes(model, optimizer, accelerators, Split())


def split_state_bytes(
    model: ModelFacts, optimizer: str, accelerators: Values, split: Split
) -> Values:
    """The same where a replica is split, and replicas share states out (ZeRO, figure 1).

    Frozen weights are kept in 16 bit, without gradient or slots.
    """
    slots = optimizer_slots(optimizer)
    trained = model.dense_parameters - model.frozen_parameters
    shared = 1.0 / split.replicas
    weights = 2.0 * np.where(split.sharding >= 3, shared, 1.0)
    gradients = 2.0 * np.where(split.sharding >= 2, shared, 1.0)
    optimizer_state = (4.0 + 4.0 * slots) * np.where(split.sharding >= 1, shared, 1.0)
    dense = trained * (weights + gradients + optimizer_state) + model.frozen_parameters * weights
    tables = 4.0 * model.sparse_parameters / accelerators
    whole: Values = dense / (split.tensor * split.pipeline) + tables
    return whole


def activation_bytes(
    model: ModelFacts,
    element_bytes: Values,
    *,
    recompute: bool | str,
    calibration: Calibration,
    split: Split | None = None,
) -> Values:
    """Bytes kept per sample for the backward pass, with what the framework keeps beside.

    Selective recomputation drops the attention scores (Korthikanti et al., 2022). A tensor
    group shares what its members do not repeat, and the first stage of a pipeline holds as
    many micro batches as there are stages, so that splitting by stages saves nothing.
    """
    factor: float = getattr(calibration, f"{model.matrix_kind}_activation_factor")
    kept = model.activation_elements_per_sample
    if recompute in (True, "full"):
        kept = model.checkpoint_elements_per_sample
    elif recompute == "selective":
        # 2.5 of the 4 passes over the scores are kept (``count_transformer``).
        kept = kept - model.score_elements_per_sample * 2.5 / 4.0
    whole = element_bytes * (kept * factor)
    if split is None:
        return whole
    repeated = np.where(split.sequence, 0.0, REPEATED_SHARE)
    shared: Values = whole * (repeated + (1.0 - repeated) / split.tensor)
    return shared


def usable_bytes(accelerator_memory_bytes: Values, calibration: Calibration) -> Values:
    """What of the nominal memory a step may fill."""
    return (
        accelerator_memory_bytes * calibration.usable_memory_fraction
        - calibration.framework_reserve_bytes
    )


def largest_batch(usable: Values, state: Values, activation_bytes_per_sample: Values) -> Any:
    """Samples that fit at once beside the state; below 1 when not even one does."""
    return np.floor((usable - state) / activation_bytes_per_sample)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one job keeps on each accelerator: all that its memory depends on."""

    model: ModelFacts
    optimizer: str
    element_bytes: float
    accelerators: float
    recompute: bool | str = False
    micro_batch: float = 1.0
    tensor: int = 1
    pipeline: int = 1
    sequence: bool = False
    sharding: int = 0

    def bytes_needed(self, calibration: Calibration) -> float:
        """States and activations of one accelerator."""
        split = Split(
            tensor=self.tensor,
            pipeline=self.pipeline,
            sequence=self.sequence,
            sharding=self.sharding,
            replicas=self.accelerators / (self.tensor * self.pipeline),
        )
        kept = activation_bytes(
            self.model,
            self.element_bytes,
            recompute=self.recompute,
            calibration=calibration,
            split=split,
        )
        states = split_state_bytes(self.model, self.optimizer, self.accelerators, split)
        return float(states + kept * self.micro_batch)


def ways_to_fit(
    need: Need, accelerator_memory_bytes: float, calibration: Calibration
) -> tuple[str, ...]:
    """Changes of a job that make it fit, the mildest first, as a scenario would say them.

    Changes of two things are tried where none of one thing helps; last comes the memory of an
    accelerator that would hold the job as it is.
    """
    usable = float(usable_bytes(accelerator_memory_bytes, calibration))

    def helping(tried: Iterable[tuple[str, Need]]) -> list[str]:
        return [name for name, each in tried if each.bytes_needed(calibration) <= usable]

    changes = list(_changes(need))
    ways = helping(changes) or helping(
        (f"{name} with {other}", changed)
        for name, first in changes
        for other, changed in _changes(first)
        # Keys come in the order of the alphabet: each pair of two keys once.
        if other.partition(":")[0] > name.partition(":")[0]
    )
    wanted = (need.bytes_needed(calibration) + calibration.framework_reserve_bytes) / (
        calibration.usable_memory_fraction
    )
    bigger = f"accelerators of at least {wanted / 1e9:,.0f} GB"
    return (*ways[: _WAYS_TOLD - 1], bigger)


def _changes(need: Need) -> Iterator[tuple[str, Need]]:
    """One change at a time: less at once, computed again, shared out, split."""
    if need.micro_batch > 1:
        yield "'micro_batch: 1'", replace(need, micro_batch=1.0)
    if need.recompute not in (True, "full"):
        if need.recompute != "selective" and need.model.score_elements_per_sample:
            yield "'recompute: selective'", replace(need, recompute="selective")
        yield "'recompute: full'", replace(need, recompute="full")
    ranks = need.tensor * need.pipeline
    if need.accelerators > ranks:
        for stage in range(need.sharding + 1, len(SHARDINGS)):
            yield f"'sharding: {SHARDINGS[stage]}'", replace(need, sharding=stage)
    for tensor in _TENSOR_DEGREES:
        divides = need.accelerators % (tensor * need.pipeline) == 0
        if tensor > need.tensor and divides and need.model.heads and not need.model.heads % tensor:
            yield f"'tensor: {tensor}'", replace(need, tensor=tensor)


def shortfall_text(
    short_bytes: float, accelerator_memory_bytes: float, ways: Sequence[str] = ()
) -> str:
    """Why a configuration is refused, for people, and what would fit."""
    text = (
        f"does not fit by {short_bytes / 1e9:.1f} GB in {accelerator_memory_bytes / 1e9:.1f} GB "
        "of accelerator memory"
    )
    if not ways:
        return text
    *others, last = ways
    told = f"{', '.join(others)} or {last}" if others else last
    return f"{text}: {told} would fit"
