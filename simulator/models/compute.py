"""Time on the accelerator: a roofline with an efficiency curve.

Matrix work of one kernel takes ``t_launch + F / (peak · e_max · F / (F + F0))``, which is
``t_launch + (F + F0) / (peak · e_max)``: small kernels pay a constant. Work bound by memory
takes ``bytes / (bandwidth · e_mem)`` (Williams, Waterman and Patterson, "Roofline", 2009).
The backward pass costs twice the forward one, full recomputation one more forward (Narayanan
et al., "Efficient Large-Scale Language Model Training on GPU Clusters", 2021).

Where it is wrong: one curve for all shapes of a kind of kernel, no fusion, no power or
thermal throttling, and the parts add up although some of them overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.model_facts import ModelFacts
from simulator.models.calibration import Calibration
from simulator.models.precision import MATRIX_FORMATS

Floats = NDArray[np.float64]
Values = Floats | float


def matrix_efficiency(
    matrix_kind: str, format_codes: NDArray[np.intp], calibration: Calibration
) -> Floats:
    """Best fraction of peak for each code of ``MATRIX_FORMATS``."""
    suffixes = {"fp32": "fp32", "tf32": "tf32", "fp16": "16bit", "bf16": "16bit", "fp8": "8bit"}
    table = np.array(
        [
            getattr(calibration, f"{matrix_kind}_efficiency_{suffixes[each]}")
            for each in MATRIX_FORMATS
        ]
    )
    efficiencies: Floats = table[format_codes]
    return efficiencies


@dataclass(frozen=True, slots=True)
class DeviceSeconds:
    """Seconds of one accelerator in one optimizer step, by what bounds them."""

    matrix: Any
    memory: Any
    launch: Any
    optimizer: Any

    @property
    def passes(self) -> Any:
        """Forward and backward of all micro batches."""
        return self.matrix + self.memory + self.launch


def passes_per_forward(recompute: bool) -> float:
    """Training work in units of the forward pass."""
    return 4.0 if recompute else 3.0


def device_seconds(
    model: ModelFacts,
    *,
    samples: Values,
    micro_batches: Values,
    peak_flops: Values,
    efficiency: Values,
    memory_bytes_per_second: Values,
    element_bytes: Values,
    optimizer_bytes: Values,
    recompute: bool,
    calibration: Calibration,
) -> DeviceSeconds:
    """Seconds of one accelerator for ``samples`` samples in ``micro_batches`` equal parts.

    ``efficiency`` is the best fraction of peak, ``optimizer_bytes`` what the update moves.
    """
    passes = passes_per_forward(recompute)
    kernels = micro_batches * passes
    attained = peak_flops * efficiency
    bandwidth = memory_bytes_per_second * calibration.memory_efficiency
    flops = samples * (passes * model.forward_flops_per_sample)
    ramp_flops = kernels * (model.matrix_kernels * calibration.half_efficiency_flops)
    moved = samples * (passes * model.elementwise_elements_per_sample) * element_bytes
    launched = model.matrix_kernels + model.elementwise_kernels
    return DeviceSeconds(
        matrix=(flops + ramp_flops) / attained,
        memory=moved / bandwidth,
        launch=kernels * (launched * calibration.kernel_launch_seconds),
        optimizer=optimizer_bytes / bandwidth,
    )
