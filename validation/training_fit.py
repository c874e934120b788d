"""Fits the step model's priors to one half of the published rows.

Run with ``python -m validation.training_fit``. Parameters are fitted in their logarithm to
the logarithm of predicted over measured, families weighted alike, outliers damped. K80 rows
stay out: the catalog has their boost clock, which no long run holds. Prints the parameters
and the errors on the other half.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from simulator.models import PRIORS, Calibration
from validation.training import print_rows, run
from validation.training_cases import Case, read_cases

# Each with the most it may be: an efficiency above what kernels reach would hide an error.
_STEP_LIMITS = {
    "gemm_efficiency_16bit": 0.9,
    "gemm_efficiency_tf32": 0.9,
    "gemm_efficiency_fp32": 0.9,
    "gemm_efficiency_8bit": 0.9,
    "convolution_efficiency_16bit": 0.9,
    "convolution_efficiency_tf32": 0.9,
    "convolution_efficiency_fp32": 0.9,
    "half_efficiency_flops": np.inf,
    "memory_efficiency": 0.88,
    "kernel_launch_seconds": np.inf,
    "step_overhead_seconds": np.inf,
    "straggler_variation": np.inf,
    "overlap_fraction": 1.0,
}
_FITTED_FAMILIES = (
    "resnet50",
    "bert-large MLPerf",
    "bert-large finetuning",
    "bert-large pretraining",
    "gpt (tp = pp = 1)",
)
_K80_PEAK_FLOPS = 5e12
_PULL_TO_START = 0.05


def fit_step(cases: list[Case], start: Calibration = PRIORS) -> Calibration:
    """The calibration whose step times come nearest to the rows not held out."""
    used = [
        case
        for case in cases
        if not case.held_out
        and case.family in _FITTED_FAMILIES
        and float(case.inputs.peak_flops) > _K80_PEAK_FLOPS  # type: ignore[arg-type]
    ]
    sizes = Counter(case.family for case in used)
    weights = np.array([3.0 / np.sqrt(sizes[case.family]) for case in used])
    measured = np.array([case.measured_samples_per_second for case in used])

    def residuals(calibration: Calibration) -> NDArray[np.float64]:
        predicted = np.array([case.predict(calibration) for case in used])
        weighted: NDArray[np.float64] = np.log(predicted / measured) * weights
        return weighted

    return _fit(residuals, _STEP_LIMITS, start)


def _fit(
    residuals: Callable[[Calibration], NDArray[np.float64]],
    limits: dict[str, float],
    start: Calibration,
) -> Calibration:
    names = list(limits)
    upper = np.log(list(limits.values()))
    first = np.minimum(np.log([getattr(start, name) for name in names]), upper - 1e-3)

    def calibration(logarithms: NDArray[np.float64]) -> Calibration:
        fitted: dict[str, Any] = dict(zip(names, map(float, np.exp(logarithms)), strict=True))
        return replace(start, **fitted)

    def cost(logarithms: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate(
            [residuals(calibration(logarithms)), _PULL_TO_START * (logarithms - first)]
        )

    solution = least_squares(
        cost,
        first,
        bounds=(-np.inf, upper),
        loss="soft_l1",
        diff_step=np.full(len(names), 1e-2),
        max_nfev=12,
    )
    return calibration(solution.x)


def main() -> None:
    """Fit, print parameters and held-out errors; collectives have a fit of their own."""
    data = Path(os.environ.get("WINDTUNNEL_SHARED", "../shared")) / "data"
    calibration = fit_step(read_cases(data))
    for name in _STEP_LIMITS:
        print(f"{name:38}{getattr(PRIORS, name):12.4g} -> {getattr(calibration, name):.4g}")
    print_rows(run(data, calibration))


if __name__ == "__main__":
    main()
