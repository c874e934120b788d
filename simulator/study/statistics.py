"""From replications to figures with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from domain.prediction import Metric

Floats = NDArray[np.float64]


def confidence_interval(means: Sequence[float] | Floats, confidence: float) -> tuple[float, float]:
    """Student's t interval of the mean of independent replications; NaN of a single one."""
    values = np.asarray(means, dtype=float)
    if values.size < 2:
        return math.nan, math.nan
    centre = float(values.mean())
    spread = float(values.std(ddof=1)) / math.sqrt(values.size)
    half = float(stdtrit(values.size - 1, (1 + confidence) / 2)) * spread
    return centre - half, centre + half


def summarise(replications: Sequence[Floats], *, random: bool) -> Metric:
    """One metric from its values in each replication (one value, or one for each job).

    The mean is the mean of the replications' means; quantiles are of all values together.
    NaN values (jobs that never ended) are left out; with none left, all is NaN.
    """
    kept = [values[~np.isnan(values)] for values in replications]
    kept = [values for values in kept if values.size]
    if not kept:
        return Metric(math.nan)
    means = np.array([values.mean() for values in kept])
    mean = float(means.mean())
    p50, p95, p99 = np.quantile(np.concatenate(kept), (0.5, 0.95, 0.99)).tolist()
    if not random:
        return Metric(mean, p50, p95, p99, (mean, mean))
    low, high = confidence_interval(means, 0.95)
    # Times, counts and shares of nothing below zero have a mean that is not below it either.
    if means.min() >= 0 and low < 0:
        low = 0.0
    return Metric(mean, p50, p95, p99, (low, high))
