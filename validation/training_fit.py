"""Fits the parameters of the closed forms, for stock and for tuned software, to published runs.

Run with ``python -m validation.training_fit``: prints the parameters of one half of the rows
(by a hash of their name), which are the defaults of ``PRIORS`` and ``TUNED``, and the spreads of
the effects under which that half is most likely. The other half is never
looked at here. Parameters are fitted in their logarithm to the logarithm of predicted over
measured, models and number formats weighted alike, outliers damped, each with a pull to an
assumed start. K80 rows stay out: the catalog has their boost clock, which no long run holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg
from scipy.optimize import least_squares

from simulator.models import PRIORS, TUNED, Calibration
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import closed_forms
from simulator.study.points import Points, subset
from simulator.study.residuals import (
    CONFIGURATION,
    DEGREES,
    LEVELS,
    NOISE,
    PARTIAL,
    Level,
    design_of,
)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Where the search starts, and the most that each may be: an efficiency above what kernels
# reach would hide an error.
_STARTS = {
    "gemm_efficiency_16bit": (0.53, 0.9),
    "gemm_efficiency_tf32": (0.43, 0.9),
    "gemm_efficiency_fp32": (0.8, 0.95),
    "gemm_efficiency_8bit": (0.4, 0.9),
    "convolution_efficiency_16bit": (0.6, 0.9),
    "convolution_efficiency_tf32": (0.4, 0.9),
    "convolution_efficiency_fp32": (0.8, 0.95),
    "kernel_ramp_seconds": (2e-5, np.inf),
    "elementwise_traffic_factor": (1.0, 4.0),
    "score_traffic_factor": (1.0, 4.0),
    "attention_efficiency_share": (0.6, 1.0),
    "kernel_launch_seconds": (4e-6, np.inf),
    "step_overhead_seconds": (1e-3, np.inf),
    "overlap_fraction": (0.55, 1.0),
    "straggler_variation": (0.003, np.inf),
}
_PULL = 0.9
"""Of a parameter that is off by a factor of e, beside a row that is off by as much."""
_TOLERATED = 0.2
_FACTOR = 150.0
"""Of its start, either way, that a parameter may reach."""
_UNSURE = ("k80",)


def in_fitting_half(ids: NDArray[np.object_]) -> Mask:
    """Which rows parameters and spreads were fitted to; errors are told of the others."""
    return np.array([crc32(str(each).encode()) % 2 == 0 for each in ids], dtype=bool)


def fit_software(
    points: Points, seconds: Floats, used: Mask, *, rounds: int = 10
) -> tuple[Calibration, Calibration]:
    """The parameters of stock and of tuned software by the rows of ``used``."""
    known = used & ~np.isin(points.keys["accelerator"].astype(str), _UNSURE)
    software = points.keys["software"].astype(str)
    stock, tuned = (
        _fit(points, seconds, np.flatnonzero(known & (software == name)), rounds)
        for name in ("stock", "tuned")
    )
    return stock, tuned


def _fit(points: Points, seconds: Floats, rows: NDArray[np.intp], rounds: int) -> Calibration:
    part, took = subset(points, rows), seconds[rows]
    kinds = pd.Series(part.keys["model"] + "|" + part.keys["format"])
    sizes = kinds.map(kinds.value_counts()).to_numpy(float)
    weights = np.sqrt(len(rows) / kinds.nunique() / sizes)
    start = np.log([first for first, _ in _STARTS.values()])
    most = np.log([limit for _, limit in _STARTS.values()])

    def calibration(values: Floats) -> Calibration:
        fitted = dict(zip(_STARTS, np.exp(values).tolist(), strict=True))
        return replace(PRIORS, **fitted)

    def cost(values: Floats) -> Floats:
        forms = closed_forms(part, Calibrated.of(calibration(values)))
        errors = weights * np.log(forms.step_seconds / took)
        return np.concatenate((errors, _PULL * (values - start)))

    solution = least_squares(
        cost,
        start,
        bounds=(start - np.log(_FACTOR), np.minimum(most, start + np.log(_FACTOR)) + 1e-9),
        loss="soft_l1",
        f_scale=_TOLERATED,
        diff_step=np.full(len(start), 1e-2),
        max_nfev=rounds,
    )
    return calibration(solution.x)


_NEUTRAL = (0.1, 0.01, 0.01, 0.01)
"""Where the search for spreads starts: a tenth of time, a hundredth for each doubling."""
_SCALES = (0.3, 0.5, 0.7, 1.4, 2.0, 3.0)
_SWEEPS = 3


def fit_spreads(
    points: Points, features: Floats, logs: Floats, levels: tuple[Level, ...]
) -> tuple[Level, ...]:
    """Spreads of the effects under which ``logs`` are most likely, one after another."""
    blocks = _Blocks(points, features, levels)
    spreads = np.array([np.where(np.array(level.spread) > 0, _NEUTRAL, 0.0) for level in levels])
    best = blocks.evidence(spreads, logs)
    for _ in range(_SWEEPS):
        for at in np.argwhere(spreads > 0):
            place = tuple(at)
            now = spreads[place]
            for scale in _SCALES:
                tried = spreads.copy()
                tried[place] = now * scale
                found = blocks.evidence(tried, logs)
                if found > best:
                    best, spreads = found, tried
    return tuple(
        replace(level, spread=(constant, accelerators, nodes, batch))
        for level, (constant, accelerators, nodes, batch) in zip(
            levels, spreads.tolist(), strict=True
        )
    )


_UNITS = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))


class _Blocks:
    """The covariance that each effect of unit spread gives rows, to be added up."""

    def __init__(self, points: Points, features: Floats, levels: tuple[Level, ...]) -> None:
        self._parts: dict[tuple[int, int], Floats] = {}
        for index, level in enumerate(levels):
            for feature in range(len(level.spread)):
                unit = _UNITS[feature]
                design, _ = design_of(points.keys, features, (replace(level, spread=unit),))
                self._parts[index, feature] = (design @ design.T).toarray()

    def evidence(self, spreads: Floats, logs: Floats) -> float:
        """Twice the logarithm of the likelihood of ``logs``, but for a constant: what a row adds
        to those before it is Student's t with four degrees of freedom, for some rows are wrong."""
        gram = self._gram(spreads)
        gram[np.diag_indices_from(gram)] += NOISE**2
        factor = linalg.cholesky(gram, lower=True, overwrite_a=True)
        white = linalg.solve_triangular(factor, logs, lower=True)
        surprise = (DEGREES + 1.0) * np.log1p(white**2 / DEGREES)
        return float(-np.sum(surprise) - 2.0 * np.sum(np.log(np.diag(factor))))

    def _gram(self, spreads: Floats) -> Floats:
        gram = np.zeros_like(next(iter(self._parts.values())))
        for place, part in self._parts.items():
            if spreads[place]:
                gram += spreads[place] ** 2 * part
        return gram


def _lines(calibration: Calibration, before: Calibration) -> Iterator[str]:
    for name in _STARTS:
        yield f"{name:38}{getattr(before, name):12.3g} -> {getattr(calibration, name):.3g}"


def main() -> None:
    """Fit and print; collectives have a fit of their own."""
    # Only here: accuracy uses what is above.
    from validation.training_accuracy import read_held

    held = read_held()
    half = ~held.reported
    stock, tuned = fit_software(held.points, held.seconds, half)
    for name, fitted, before in (("stock", stock, PRIORS), ("tuned", tuned, TUNED)):
        print(name, *_lines(fitted, before), sep="\n")
    rows = np.flatnonzero(half)
    forms = closed_forms(held.points, Calibrated(base=stock, tuned=tuned))
    logs = np.log(held.seconds / forms.step_seconds)[rows]
    public = tuple(each for each in (*LEVELS, CONFIGURATION) if each.name not in PARTIAL)
    levels = fit_spreads(subset(held.points, rows), held.residuals.features[rows], logs, public)
    for level in levels:
        print(f"{level.name:32}", ", ".join(f"{each:.2g}" for each in level.spread))


if __name__ == "__main__":
    main()
