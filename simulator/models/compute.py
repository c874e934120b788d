"""Time on the accelerator: a roofline with an efficiency curve.

Matrix work of one kernel takes ``t_launch + F / (peak · e_max · F / (F + F0))``, which is
``t_launch + t_ramp + F / (peak · e_max)`` with ``F0 = t_ramp · peak · e_max``: small kernels pay a
constant time, and so the more of a peak the higher it is. Work bound by memory
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
    host: Any = 0.0
    """Of the host, which launches kernels while earlier ones run."""
    head: Any = 0.0
    """The part of ``matrix`` and ``memory`` that makes logits and learns from them."""

    @property
    def passes(self) -> Any:
        """Forward and backward of all micro batches."""
        return self.matrix + self.memory + self.launch


def passes_per_forward(recompute: bool | str) -> float:
    """Training work in units of the forward pass; selective recomputation is nearly free."""
    return 4.0 if recompute in (True, "full") else 3.0


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
    recompute: bool | str,
    calibration: Calibration,
    kernel_share: Values = 1.0,
    matrix_share: Values = 1.0,
    memory_share: Values = 1.0,
) -> DeviceSeconds:
    """Seconds of one accelerator for ``samples`` samples in ``micro_batches`` equal parts.

    ``efficiency`` is the best fraction of peak, ``optimizer_bytes`` what the update moves. Of
    a model that is split over several accelerators one runs ``kernel_share`` of the kernels,
    and does ``matrix_share`` and ``memory_share`` of the work.
    """
    passes = passes_per_forward(recompute)
    kernels = micro_batches * passes * kernel_share
    attained = peak_flops * efficiency
    bandwidth = memory_bytes_per_second * calibration.memory_efficiency
    # Frozen weights pass gradients on and have none of their own.
    untrained = model.frozen_share
    # Nobody computes logits again.
    head_flops = (3.0 - untrained) * model.head_flops_per_sample
    # Products of scores are many small ones: their lost time counts as work.
    lost_flops = model.attention_flops_per_sample * (
        1.0 / calibration.attention_efficiency_share - 1.0
    )
    layer_flops = (passes - untrained) * (
        model.forward_flops_per_sample - model.head_flops_per_sample + lost_flops
    )
    elements = passes * (
        calibration.score_traffic_factor * model.score_elements_per_sample
        + calibration.elementwise_traffic_factor
        * (model.elementwise_elements_per_sample - model.score_elements_per_sample)
    )
    launched = model.matrix_kernels + model.elementwise_kernels
    return DeviceSeconds(
        matrix=samples * (layer_flops + head_flops) * matrix_share / attained,
        memory=samples * elements * element_bytes * memory_share / bandwidth,
        launch=kernels
        * (
            launched * calibration.kernel_launch_seconds
            + model.matrix_kernels * calibration.kernel_ramp_seconds
        ),
        optimizer=optimizer_bytes / bandwidth,
        host=kernels * (launched * calibration.host_launch_seconds),
        head=samples * head_flops * matrix_share / attained,
    )
