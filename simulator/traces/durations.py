"""Laws that durations and service times are drawn from, by mean and spread.

cv is the coefficient of variation: standard deviation over mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class DurationLaw(Protocol):
    """A distribution of positive durations."""

    @property
    def mean_seconds(self) -> float:
        """Expected duration."""

    @property
    def cv(self) -> float:
        """Coefficient of variation."""

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """``count`` independent durations."""


@dataclass(frozen=True, slots=True)
class Deterministic:
    """Always the mean."""

    mean_seconds: float

    @property
    def cv(self) -> float:
        """Nothing varies."""
        return 0.0

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """``count`` times the mean; draws nothing."""
        return np.full(count, self.mean_seconds)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless."""

    mean_seconds: float

    @property
    def cv(self) -> float:
        """1 by nature."""
        return 1.0

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """``count`` independent durations."""
        return generator.exponential(self.mean_seconds, count)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Many short, few very long: how job durations of shared clusters look.

    With σ² = ln(1 + cv²), the median is mean / √(1 + cv²).
    """

    mean_seconds: float
    cv: float

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """``count`` independent durations."""
        sigma = math.sqrt(math.log1p(self.cv**2))
        return generator.lognormal(math.log(self.mean_seconds) - sigma**2 / 2, sigma, count)


@dataclass(frozen=True, slots=True)
class Hyperexponential:
    """Two exponential phases with balanced means, for cv above 1.

    p₁/μ₁ = p₂/μ₂, p₁ = (1 + √((c²-1)/(c²+1))) / 2. Source: A. Allen, "Probability, Statistics,
    and Queueing Theory", 2nd ed., section 3.2.9.
    """

    mean_seconds: float
    cv: float

    @property
    def first_share(self) -> float:
        """Probability p₁ of the shorter phase."""
        squared = self.cv**2
        return (1 + math.sqrt((squared - 1) / (squared + 1))) / 2

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """``count`` independent durations."""
        first = self.first_share
        share = np.where(generator.random(count) < first, first, 1 - first)
        scale: Floats = self.mean_seconds / (2 * share)
        return generator.exponential(scale)


@dataclass(frozen=True, slots=True)
class Erlang:
    """A sum of equal exponential phases, for cv = 1/√phases below 1."""

    mean_seconds: float
    phases: int

    @property
    def cv(self) -> float:
        """1/√phases."""
        return 1 / math.sqrt(self.phases)

    def draw(self, generator: np.random.Generator, count: int) -> Floats:
        """``count`` independent durations."""
        return generator.gamma(self.phases, self.mean_seconds / self.phases, count)
