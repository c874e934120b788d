"""Fits the collective parameters of a calibration to measured times.

What nccl-tests prints is enough: sizes and seconds of one collective on one fabric
(``fit_collective``), or of several (``fit_collectives``). The fit is a bounded maximum a
posteriori in the logarithm of every parameter: each is pulled to where it starts by a spread
that says how much hardware differs, so that six points are enough and parameters that the
measurement does not reach (hops between nodes, on one node) stay as they were. Residuals are
logarithms of predicted over measured, outliers damped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from domain.errors import ScenarioError
from simulator.models.calibration import PRIORS, Calibration
from simulator.models.collectives.costs import (
    all_gather_seconds,
    all_reduce_seconds,
    all_to_all_seconds,
    broadcast_seconds,
    point_to_point_seconds,
    reduce_scatter_seconds,
)
from simulator.models.collectives.fabric import Fabric

Floats = NDArray[np.float64]
Collective = Literal[
    "all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast", "sendrecv"
]
COLLECTIVES: Final[Mapping[Collective, Callable[[Any, Fabric, Calibration], Any]]] = (
    MappingProxyType(
        {
            "all_reduce": all_reduce_seconds,
            "all_gather": all_gather_seconds,
            "reduce_scatter": reduce_scatter_seconds,
            "all_to_all": all_to_all_seconds,
            "broadcast": broadcast_seconds,
            "sendrecv": point_to_point_seconds,
        }
    )
)
"""By the names that nccl-tests uses."""

# Standard deviation of the logarithm from one machine to the next.
SPREADS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "collective_launch_seconds": 0.4,
        "bulk_launch_seconds": 1.0,
        "link_latency_seconds": 0.4,
        "bulk_link_latency_seconds": 0.4,
        "link_efficiency": 0.15,
        "switch_reduce_share": 0.15,
        "point_to_point_share": 0.15,
        "network_latency_seconds": 0.5,
        "bulk_ring_latency_factor": 1.0,
        "bulk_tree_latency_factor": 1.0,
        "network_efficiency": 0.1,
        "network_tree_share": 0.1,
        "low_latency_bandwidth_share": 0.7,
        "fill_factor": 0.6,
        "fill_limit_latencies": 0.7,
    }
)
# Shares and efficiencies are at most 1; the trees' factor below 1 would make large messages
# quicker to start than small ones.
_AT_MOST_ONE = (
    "link_efficiency",
    "switch_reduce_share",
    "point_to_point_share",
    "network_efficiency",
    "network_tree_share",
    "low_latency_bandwidth_share",
)
_AT_LEAST_ONE = ("bulk_ring_latency_factor", "bulk_tree_latency_factor")
# Scatter of repeated runs of one size.
_NOISE: Final = 0.05
# The kink has several local optima: where large messages start late or early, and how much
# slower small ones are. Each start moves these by so much, in logarithms.
_STARTS: Final = tuple((latency, share) for latency in (0.0, -1.5, 1.5) for share in (0.0, -1.5))
_KINK = ("bulk_launch_seconds", "bulk_ring_latency_factor", "bulk_tree_latency_factor")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectivePrior:
    """What is known before: which collective ran on which fabric, and the usual parameters."""

    fabric: Fabric
    collective: Collective = "all_reduce"
    calibration: Calibration = PRIORS


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of one collective on one fabric, by size of the full buffer in bytes."""

    collective: Collective
    fabric: Fabric
    size_bytes: Floats
    seconds: Floats

    def predict(self, calibration: Calibration) -> Floats:
        """Predicted seconds."""
        model = COLLECTIVES[self.collective]
        seconds: Floats = np.asarray(model(self.size_bytes, self.fabric, calibration))
        return seconds


def fit_collective(sizes: ArrayLike, seconds: ArrayLike, prior: CollectivePrior) -> Calibration:
    """The calibration of ``prior`` with its collective parameters fitted to one measurement.

    Raises:
        ScenarioError: sizes and seconds that are no measurement.
    """
    timings = Timings(
        prior.collective,
        prior.fabric,
        np.atleast_1d(np.asarray(sizes, float)),
        np.atleast_1d(np.asarray(seconds, float)),
    )
    return fit_collectives([timings], prior.calibration)


def fit_collectives(
    measured: Sequence[Timings],
    calibration: Calibration = PRIORS,
    spreads: Mapping[str, float] = SPREADS,
) -> Calibration:
    """``calibration`` with the parameters of ``spreads`` fitted to all measurements at once.

    Raises:
        ScenarioError: sizes and seconds that are no measurement.
    """
    for each in measured:
        _check(each)
    names = list(spreads)
    start = np.log([getattr(calibration, name) for name in names])

    def fitted(logarithms: Floats) -> Calibration:
        values: dict[str, Any] = dict(zip(names, map(float, np.exp(logarithms)), strict=True))
        return replace(calibration, **values)

    def log_ratios(logarithms: Floats) -> Floats:
        parameters = fitted(logarithms)
        return np.concatenate(
            [np.log(each.predict(parameters) / each.seconds) for each in measured]
        )

    starts = []
    for latency, share in _STARTS:
        moved = {**dict.fromkeys(_KINK, latency), "low_latency_bandwidth_share": share}
        starts.append(start + np.array([moved.get(name, 0.0) for name in names]))
    found = maximum_a_posteriori(
        lambda logarithms: log_ratios(logarithms) / _NOISE,
        start,
        np.array(list(spreads.values())),
        limits(names),
        starts,
    )
    return fitted(found)


def limits(names: Sequence[str]) -> tuple[Floats, Floats]:
    """Least and most of the logarithm of each parameter."""
    least = [0.0 if name in _AT_LEAST_ONE else -np.inf for name in names]
    most = [0.0 if name in _AT_MOST_ONE else np.inf for name in names]
    return np.array(least), np.array(most)


def maximum_a_posteriori(
    residuals: Callable[[Floats], Floats],
    mean: Floats,
    spread: Floats,
    bounds: tuple[Floats, Floats],
    starts: Sequence[Floats],
) -> Floats:
    """The most probable parameters under normal priors, the best of all starts.

    ``residuals`` are in standard deviations; large ones count by their size, not its square.
    """

    def cost(values: Floats) -> Floats:
        return np.concatenate([residuals(values), (values - mean) / spread])

    inside = (bounds[0] + 1e-6, bounds[1] - 1e-6)
    solutions = [
        least_squares(cost, np.clip(start, *inside), bounds=bounds, loss="soft_l1", max_nfev=60)
        for start in starts
    ]
    best: Floats = min(solutions, key=lambda solution: float(solution.cost)).x
    return best


def _check(timings: Timings) -> None:
    sizes, seconds = timings.size_bytes, timings.seconds
    if sizes.shape != seconds.shape:
        raise ScenarioError(
            f"{sizes.size} sizes and {seconds.size} times of {timings.collective}: "
            "give one time for each size"
        )
    if not sizes.size:
        raise ScenarioError(f"no timings of {timings.collective}: give at least one size")
    wrong = ~((sizes > 0) & (seconds > 0) & np.isfinite(sizes) & np.isfinite(seconds))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ScenarioError(
            f"{timings.collective} of {sizes.flat[first]:g} bytes in "
            f"{seconds.flat[first]:g} s: both must be above 0"
        )
