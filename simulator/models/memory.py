"""Memory that a training step needs on one accelerator, and the batch that fits.

Mixed precision keeps 16-bit weights and gradients, 32-bit master weights and one 32-bit
number per optimizer slot; fp32 keeps weights, gradients and slots: both are
``8 + 4 · slots`` bytes per parameter, 16 for Adam (Rajbhandari et al., "ZeRO", 2020).
Activations follow the model's counts. Embedding tables are fp32 without slots, spread
evenly over all accelerators.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from domain.errors import ScenarioError, near_misses
from domain.model_facts import ModelFacts
from simulator.models.calibration import Calibration
from simulator.models.compute import Values

_SLOTS: Final = {"sgd": 0, "momentum": 1, "adam": 2, "lamb": 2}
# LAMB reads weights and updates once more for its norms (You et al., 2020).
_EXTRA_BYTES_MOVED: Final = {"lamb": 8.0}


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
    dense = model.dense_parameters * (8.0 + 4.0 * optimizer_slots(optimizer))
    return dense + 4.0 * model.sparse_parameters / accelerators


def activation_bytes(
    model: ModelFacts, element_bytes: Values, *, recompute: bool, calibration: Calibration
) -> Values:
    """Bytes kept per sample for the backward pass, with what the framework keeps beside."""
    factor: float = getattr(calibration, f"{model.matrix_kind}_activation_factor")
    kept = (
        model.checkpoint_elements_per_sample if recompute else model.activation_elements_per_sample
    )
    return element_bytes * (kept * factor)


def usable_bytes(accelerator_memory_bytes: Values, calibration: Calibration) -> Values:
    """What of the nominal memory a step may fill."""
    return (
        accelerator_memory_bytes * calibration.usable_memory_fraction
        - calibration.framework_reserve_bytes
    )


def largest_batch(usable: Values, state: Values, activation_bytes_per_sample: Values) -> Any:
    """Samples that fit at once beside the state; below 1 when not even one does."""
    return np.floor((usable - state) / activation_bytes_per_sample)


def shortfall_text(short_bytes: float, accelerator_memory_bytes: float) -> str:
    """Why a configuration is refused, for people."""
    return (
        f"does not fit by {short_bytes / 1e9:.1f} GB, even one sample at a time, in "
        f"{accelerator_memory_bytes / 1e9:.1f} GB of accelerator memory: take accelerators with "
        "more, or 'recompute: true' (sharded states are not modelled)"
    )
