"""Parameters of the closed forms fitted to the runs of one stack: an accelerator and a framework.

Maximum a posteriori: each parameter in its logarithm, normal around its prior, inside bounds
that an efficiency cannot leave; residuals in the logarithm of time, outliers damped. Runs on
one node and on many count alike, however many there are of each.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from simulator.models.calibration import Calibration
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import closed_forms
from simulator.study.points import Points, subset

Floats = NDArray[np.float64]

# Where the search starts: what a framework that launches each kernel from Python is like.
_START = {
    "gemm_efficiency_16bit": 0.53,
    "kernel_ramp_seconds": 4e-5,
    "attention_efficiency_share": 0.4,
    "elementwise_traffic_factor": 1.0,
    "score_traffic_factor": 1.0,
    "kernel_launch_seconds": 3e-6,
    "host_launch_seconds": 5e-5,
    "host_collective_seconds": 5e-5,
    "step_overhead_seconds": 5e-4,
    "micro_batch_overhead_seconds": 1e-3,
    "overlap_fraction": 0.3,
    "collective_launch_seconds": 7e-6,
    "link_latency_seconds": 5.5e-7,
    "bulk_link_latency_seconds": 2.5e-6,
    "link_efficiency": 0.83,
    "network_latency_seconds": 3.2e-5,
    "network_efficiency": 0.4,
    "pipeline_hop_seconds": 5e-5,
    "straggler_variation": 0.003,
    "fill_factor": 0.84,
}
_AT_MOST = {
    "gemm_efficiency_16bit": 0.95,
    "attention_efficiency_share": 1.0,
    "overlap_fraction": 1.0,
    "link_efficiency": 1.0,
    "network_efficiency": 1.0,
}
_FACTOR = 50.0
"""Of its start, either way, that a parameter may reach."""
_PRIOR_WEIGHT = 0.1
"""Of a parameter that is off by a factor of e, beside rows that are off by as much."""
_TOLERATED = 0.15


def fit_stack(points: Points, seconds: Floats, base: Calibration) -> Calibration:
    """The parameters under which the closed forms say best what these runs took."""
    start = np.log(list(_START.values()))
    low, high = start - np.log(_FACTOR), start + np.log(_FACTOR)
    for index, name in enumerate(_START):
        if name in _AT_MOST:
            high[index] = np.log(_AT_MOST[name])
    many = closed_forms(points, Calibrated.of(base)).nodes > 1
    weights = np.ones(len(points))
    if many.any() and not many.all():
        weights[many] = np.sqrt(np.sum(~many) / np.sum(many))

    def calibration(values: Floats) -> Calibration:
        return replace(base, **dict(zip(_START, np.exp(values).tolist(), strict=True)))

    def errors(values: Floats) -> Floats:
        predicted = closed_forms(points, Calibrated.of(calibration(values))).step_seconds
        return np.concatenate(
            (weights * np.log(predicted / seconds), _PRIOR_WEIGHT * (values - start))
        )

    found = least_squares(
        errors,
        np.clip(start, low + 1e-6, high - 1e-6),
        bounds=(low, high),
        loss="soft_l1",
        f_scale=_TOLERATED,
        max_nfev=60,
    )
    return calibration(found.x)


def fit_without(
    points: Points, seconds: Floats, base: Calibration, left_out: NDArray[np.bool_]
) -> Floats:
    """What the rows that are left out take by the parameters of the others; NaN for those."""
    kept = np.flatnonzero(~left_out)
    calibration = fit_stack(subset(points, kept), seconds[kept], base)
    predicted = closed_forms(points, Calibrated.of(calibration)).step_seconds
    return np.where(left_out, predicted, np.nan)
