"""Differences between scenarios that were flown with the same random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.prediction import finite
from simulator.study.simulate import Flown
from simulator.study.statistics import confidence_interval


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more of a metric one scenario has than the baseline.

    ``ci95`` is of the mean of the paired differences: replication by replication, both
    saw the same random numbers, so what luck they share cancels. Where nothing is random
    in either, the difference is exact.
    """

    metric: str
    scenario: str
    baseline: str
    mean: float
    ci95: tuple[float, float]

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves zero out."""
        low, high = self.ci95
        return low > 0 or high < 0

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "metric": self.metric,
            "scenario": self.scenario,
            "baseline": self.baseline,
            "mean": finite(self.mean),
            "ci95": [finite(self.ci95[0]), finite(self.ci95[1])],
        }


def paired_differences(flown: Sequence[Flown]) -> list[Difference]:
    """Every metric of every scenario against the first one."""
    baseline, *others = flown
    found = []
    for other in others:
        for metric, before in baseline.by_replication.items():
            after = other.by_replication.get(metric)
            if after is not None:
                found.append(_difference(metric, baseline, before, other, after))
    return found


def _difference(
    metric: str, baseline: Flown, before: np.ndarray, other: Flown, after: np.ndarray
) -> Difference:
    # A scenario without randomness has one replication; it stands for all of them.
    values = np.subtract(*np.broadcast_arrays(after, before))
    mean = float(values.mean())
    exact = values.size == 1 and not (baseline.is_random or other.is_random)
    return Difference(
        metric,
        other.prediction.scenario,
        baseline.prediction.scenario,
        mean,
        (mean, mean) if exact else confidence_interval(values, 0.95),
    )
