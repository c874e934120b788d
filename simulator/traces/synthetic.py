"""Synthetic jobs: Poisson arrivals, with a daily cycle if wanted, of mixed sizes.

Arrivals, durations and sizes each draw from a stream of their own, so a change of one leaves
the others as they were: the tenth job keeps its duration when the rate of arrivals doubles.

Where it is wrong: users submit in bursts (hyper-parameter searches, retries), which Poisson
arrivals lack; size and duration are independent here, while larger jobs run longer in
practice; a week has no weekend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.errors import ScenarioError
from simulator.traces.durations import DurationLaw, Floats
from simulator.traces.trace import Trace

_DAY_SECONDS = 86_400.0
_HOUR_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class DailyCycle:
    """A sine over the day: the rate is ``peak_to_trough`` times higher at its peak."""

    peak_to_trough: float
    peak_hour: float = 15.0

    @property
    def swing(self) -> float:
        """Peak rate over mean rate, less 1."""
        return (self.peak_to_trough - 1) / (self.peak_to_trough + 1)

    def relative_rate(self, seconds: Floats) -> Floats:
        """Rate at a time of day over the mean rate; second 0 is midnight."""
        phase = 2 * math.pi * (seconds - self.peak_hour * _HOUR_SECONDS) / _DAY_SECONDS
        return np.asarray(1 + self.swing * np.cos(phase), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SyntheticJobs:
    """What to generate.

    Attributes:
        jobs_per_second: mean rate of arrivals over whole days.
        horizon_seconds: arrivals stop there.
        accelerator_mix: accelerators of a job → its share; shares need not add up to 1.
    """

    jobs_per_second: float
    horizon_seconds: float
    duration: DurationLaw
    accelerator_mix: Mapping[int, float] = field(default_factory=lambda: {1: 1.0})
    cycle: DailyCycle | None = None
    pool: str = "pool"

    def __post_init__(self) -> None:
        for name, value, right in (
            ("jobs_per_second", self.jobs_per_second, self.jobs_per_second > 0),
            ("horizon_seconds", self.horizon_seconds, 0 < self.horizon_seconds < math.inf),
            ("mean duration", self.duration.mean_seconds, self.duration.mean_seconds > 0),
            (
                "accelerator_mix",
                dict(self.accelerator_mix),
                self.accelerator_mix
                and min(self.accelerator_mix) >= 1
                and min(self.accelerator_mix.values()) >= 0
                and sum(self.accelerator_mix.values()) > 0,
            ),
            (
                "peak_to_trough",
                self.cycle and self.cycle.peak_to_trough,
                self.cycle is None or self.cycle.peak_to_trough >= 1,
            ),
        ):
            if not right:
                raise ScenarioError(f"{name} is {value}; {_RULES[name]}", where="synthetic jobs")


_RULES = {
    "jobs_per_second": "it must be more than 0",
    "horizon_seconds": "it must be more than 0 and finite",
    "mean duration": "it must be more than 0 seconds",
    "accelerator_mix": "write accelerators → share, such as {1: 0.7, 8: 0.3}",
    "peak_to_trough": "it must be at least 1",
}


def generate(jobs: SyntheticJobs, stream: Callable[[str], np.random.Generator]) -> Trace:
    """Jobs drawn as described.

    Args:
        stream: the generator of a named purpose, such as ``Streams(seed).generator``.
    """
    submit = _arrivals(jobs, stream)
    count = len(submit)
    shares = np.array(list(jobs.accelerator_mix.values()), dtype=np.float64)
    sizes = np.array(list(jobs.accelerator_mix), dtype=np.int64)
    drawn = np.searchsorted(
        np.cumsum(shares) / shares.sum(), stream("sizes").random(count), "right"
    )
    return Trace(
        pools=(jobs.pool,),
        job_id=np.arange(count, dtype=np.int64),
        pool=np.zeros(count, dtype=np.int64),
        accelerators=sizes[np.minimum(drawn, len(sizes) - 1)],
        submit_seconds=submit,
        duration_seconds=jobs.duration.draw(stream("durations"), count),
    )


def poisson_arrivals(
    per_second: float, horizon_seconds: float, generator: np.random.Generator
) -> Floats:
    """Times of a Poisson process on [0, horizon)."""
    blocks: list[NDArray[np.float64]] = []
    last = 0.0
    while last < horizon_seconds:
        # Enough for the rest in one block, nearly always.
        expected = (horizon_seconds - last) * per_second
        gaps = generator.exponential(1 / per_second, int(expected + 6 * math.sqrt(expected) + 16))
        blocks.append(last + np.cumsum(gaps))
        last = float(blocks[-1][-1])
    times = np.concatenate(blocks)
    return times[times < horizon_seconds]


def _arrivals(jobs: SyntheticJobs, stream: Callable[[str], np.random.Generator]) -> Floats:
    if jobs.cycle is None:
        return poisson_arrivals(jobs.jobs_per_second, jobs.horizon_seconds, stream("arrivals"))
    # Thinning: arrivals at the peak rate, each kept with the rate of its hour over the peak
    # (Lewis and Shedler, Naval Research Logistics Quarterly 26, 1979).
    peak = 1 + jobs.cycle.swing
    times = poisson_arrivals(jobs.jobs_per_second * peak, jobs.horizon_seconds, stream("arrivals"))
    kept = stream("thinning").random(len(times)) * peak < jobs.cycle.relative_rate(times)
    return times[kept]
