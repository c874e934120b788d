"""How far off predictions are on an accelerator that only its owner has measured.

A handful of runs has no quantile of errors to take, so the errors of runs held out are taken
for normal with an unknown variance, whose prior is what is usual elsewhere (an inverse gamma
that counts as many runs as ``_PRIOR_RUNS``); the next run's error then has Student's
distribution (Gelman et al., "Bayesian Data Analysis", 3rd edition, 2013, section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HeldOutErrors = Callable[[NDArray[Any], Callable[[Any], Bools]], Floats]
"""Measured over predicted (log) of each row, by fold and what is left out for it."""

_PRIOR_RUNS = 4.0
_DEVIATIONS = float(stats.norm.ppf(0.95))
# Where a calibration has no width of its own kind to start from: a factor of two.
_USUAL = float(np.log(2.0))


class Widths(NamedTuple):
    """By ``knowledge: accelerator``: half widths of 90 % intervals, and median errors."""

    half_widths: dict[str, float]
    typical_errors: dict[str, float]


def described_widths(
    keys: Mapping[str, NDArray[np.object_]], errors: HeldOutErrors, usual: Mapping[str, float]
) -> Widths:
    """Widths for each described accelerator among some runs: of models that were measured
    there, and of others.

    ``usual`` are half widths by what is known, of all accelerators.
    """
    half_widths: dict[str, float] = {}
    typical: dict[str, float] = {}
    chips, models = keys["described"], keys["model"]
    pairs = models + "|" + keys["framework"] + "|" + chips
    numbers = np.arange(len(chips))
    for name in sorted(each for each in pd.unique(chips) if each):
        mine = chips == name
        counts = pd.Series(pairs[mine]).value_counts()
        repeated = mine & np.isin(pairs.astype(str), list(counts.index[counts > 1]))
        found = {"model, framework, accelerator": np.empty(0), "accelerator": np.empty(0)}
        if repeated.any():
            folds = np.where(repeated, numbers, -1)
            found["model, framework, accelerator"] = errors(folds, _fold_of(folds))[repeated]
        if len(counts) > 1:
            folds = np.where(mine, pairs, "")
            found["accelerator"] = errors(folds, _fold_of(folds))[mine]
        for knowledge, known in found.items():
            key = f"{knowledge}: {name}"
            half_widths[key] = student_half_width(known, usual.get(knowledge, _USUAL))
            if len(known):
                typical[key] = float(np.median(np.abs(np.expm1(-known))))
    return Widths(half_widths, typical)


def _fold_of(folds: NDArray[Any]) -> Callable[[Any], Bools]:
    """A fold is predicted without its own rows."""
    return lambda fold: np.asarray(folds == fold)


def student_half_width(errors: Floats, usual: float) -> float:
    """The half width that holds nine of ten next errors, from few of them and a usual one."""
    variance = _PRIOR_RUNS * (usual / _DEVIATIONS) ** 2 + float(np.sum(np.square(errors)))
    freedom = _PRIOR_RUNS + len(errors)
    return float(stats.t.ppf(0.95, freedom) * np.sqrt(variance / freedom))
