"""Estimates from independent replications, with confidence intervals.

Control variates: where a replication also measures something whose mean is known (its mean
service time), the part of the error that goes with it is regressed away. The estimate is the
intercept of that regression at the known means; with q controls it has R - q - 1 degrees of
freedom. Source: A. Law, "Simulation Modeling and Analysis", 5th ed., sections 9.4 and 11.4;
for quantiles J. Hsu and B. Nelson, "Control variates for quantile estimation", Management
Science 36 (1990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its standard error, Student-t distributed."""

    value: float
    standard_error: float
    degrees_of_freedom: int

    def half_width(self, confidence: float) -> float:
        """Half the confidence interval."""
        quantile = float(stats.t.ppf((1 + confidence) / 2, self.degrees_of_freedom))
        return quantile * self.standard_error

    def covers(self, truth: float, confidence: float) -> bool:
        """Whether the interval holds ``truth``."""
        return abs(self.value - truth) <= self.half_width(confidence)


def controlled_mean(values: Floats, controls: Floats) -> Estimate:
    """Mean of one value per replication.

    Args:
        controls: one row per replication, one column per control, less its known mean. A
            control that does not vary says nothing and is left out.
    """
    varying = controls[:, np.ptp(controls, axis=0) > 0]
    design = np.column_stack([np.ones(len(values)), varying / (varying.std(axis=0))])
    freedom = len(values) - design.shape[1]
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    residual = values - design @ coefficients
    variance = float(residual @ residual) / freedom
    # Of the intercept, by the diagonal of (X'X)⁻¹.
    error = np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0])
    return Estimate(float(coefficients[0]), float(error), freedom)


def controlled_quantile(
    quantile: float, counts: NDArray[np.int64], bin_width: float, controls: Floats
) -> Estimate:
    """Quantile of what the replications have counted in equal bins from 0 on.

    The quantile of all counts together has nearly no bias, unlike a mean of quantiles. Its
    error is that of the share of values below it, over the density there.
    """
    shares = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    edges = bin_width * np.arange(1, counts.shape[1] + 1)
    pooled = shares.mean(axis=0)
    value = float(np.interp(quantile, pooled, edges))
    below = np.array([np.interp(value, edges, share) for share in shares])
    share = controlled_mean(below, controls)
    reach = 20 * bin_width
    ahead, behind = (float(np.interp(value + step, edges, pooled)) for step in (reach, -reach))
    density = (ahead - behind) / (2 * reach)
    return Estimate(
        value - (share.value - quantile) / density,
        share.standard_error / density,
        share.degrees_of_freedom,
    )
