"""Queues of the textbooks, flown by the engine: one pool, jobs of one accelerator."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.engine import Flight, JobTable, PoolSpec, Streams, fly
from simulator.traces import (
    Deterministic,
    DurationLaw,
    Erlang,
    Exponential,
    Hyperexponential,
)

Floats = NDArray[np.float64]

_SEED = 20_171_001
_KEPT_RELAXATIONS = 25
_WARM_UP_RELAXATIONS = 5
_LEAST_JOBS = 4_000
_BINS = 3_000
_BINS_PER_SCALE = 200


@dataclass(frozen=True, slots=True)
class System:
    """A queue with Poisson arrivals.

    Attributes:
        queue_limit: how many may wait; None for any number.
        values: whose histogram is wanted, for quantiles: "wait", "sojourn" or nothing.
    """

    name: str
    arrivals_per_second: float
    law: DurationLaw
    servers: int = 1
    queue_limit: int | None = None
    values: str = ""

    @property
    def load(self) -> float:
        """Offered load per server."""
        return self.arrivals_per_second * self.law.mean_seconds / self.servers

    @property
    def relaxation_jobs(self) -> float:
        """About how many arrivals it takes to forget a state (reflected Brownian motion)."""
        forgetting = 3.0 * self.servers
        if self.queue_limit is None:
            return forgetting + 2 * (1 + self.law.cv**2) / (1 - self.load) ** 2
        return forgetting + 4.0 * self.queue_limit**2

    @property
    def bin_seconds(self) -> float:
        """Width of a bin: a small part of the mean wait of those who wait."""
        spare = self.servers / self.law.mean_seconds - self.arrivals_per_second
        return 1 / spare / _BINS_PER_SCALE


@dataclass(frozen=True, slots=True)
class Sample:
    """What one replication has measured in steady state.

    Attributes:
        controls: figures of the drawn arrivals and services whose mean is known, less that.
    """

    means: dict[str, float]
    controls: list[float]
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def system_of(model: str, parameters: dict[str, float]) -> System:
    """The queue that a row of the table of truth names."""
    arrivals = parameters["lambda"]
    service = 1 / parameters["mu"]
    servers = int(parameters.get("c", 1))
    name = f"{model} " + " ".join(f"{key}={value:g}" for key, value in parameters.items())
    match model:
        case "M/M/1":
            return System(name, arrivals, Exponential(service), values="sojourn")
        case "M/D/1":
            return System(name, arrivals, Deterministic(service))
        case "M/G/1" if parameters["cs2"] > 1:
            law = Hyperexponential(service, math.sqrt(parameters["cs2"]))
            return System(name, arrivals, law)
        case "M/G/1":
            return System(name, arrivals, Erlang(service, round(1 / parameters["cs2"])))
        case "M/M/c":
            return System(name, arrivals, Exponential(service), servers, values="wait")
        case "M/M/c/c":
            return System(name, arrivals, Exponential(service), servers, queue_limit=0)
        case "M/M/1/K":
            limit = int(parameters["K"]) - 1
            return System(name, arrivals, Exponential(service), queue_limit=limit)
    raise KeyError(model)


def replicate(system: System, replication: int) -> Sample:
    """One flight from empty, its start cut off."""
    relaxation = system.relaxation_jobs
    warm_up = math.ceil(_WARM_UP_RELAXATIONS * relaxation)
    kept = max(_LEAST_JOBS, math.ceil(_KEPT_RELAXATIONS * relaxation))
    count = warm_up + kept
    streams = Streams(_SEED, replication)
    between = streams.generator(f"{system.name}/arrivals").exponential(
        1 / system.arrivals_per_second, count
    )
    service = system.law.draw(streams.generator(f"{system.name}/services"), count)
    jobs = JobTable(
        job_id=np.arange(count),
        pool=np.zeros(count, dtype=np.int64),
        accelerators=np.ones(count, dtype=np.int64),
        submit_seconds=np.cumsum(between),
        duration_seconds=service,
    )
    flight = fly([PoolSpec("servers", system.servers, 1)], jobs, queue_limit=system.queue_limit)
    return Sample(
        means=_means(system, flight, warm_up),
        controls=_controls(system, between[warm_up:], service[warm_up:]),
        counts=_counts(system, flight, warm_up),
    )


def _controls(system: System, between: Floats, service: Floats) -> list[float]:
    """Mean gap and mean service; and how the work that comes in fluctuates.

    Long waits come from stretches in which work arrives faster than it is served. So for
    windows of three lengths up to the relaxation: the mean of e^{θ·net input} over the window,
    whose expectation is the transform of one step to the power of the window's length. θ is
    half the rate at which the tail of the wait decays in heavy traffic, 2·drift/variance; the
    variance of e^{θ·net input} then stays bounded however long the window.
    """
    gap, mean = 1 / system.arrivals_per_second, system.law.mean_seconds
    controls = [between.mean() - gap, service.mean() - mean]
    if system.queue_limit is None:
        share = mean / system.servers
        variance = (share * system.law.cv) ** 2 + gap**2
        theta = min((gap - share) / variance, 0.25 / _longest_phase(system.law) * system.servers)
        log_transform = _log_transform(system.law, theta / system.servers) - math.log1p(theta * gap)
        net_input = np.cumsum(service / system.servers - between)
        for length in sorted({max(2, int(system.relaxation_jobs / 4**k)) for k in range(3)}):
            sums = net_input[length:] - net_input[:-length]
            controls.append(np.exp(theta * sums).mean() - math.exp(length * log_transform))
    return [float(control) for control in controls]


def _longest_phase(law: DurationLaw) -> float:
    """Mean of the slowest exponential phase, which bounds the transform's argument."""
    match law:
        case Hyperexponential():
            return law.mean_seconds / (2 * (1 - law.first_share))
        case Erlang():
            return law.mean_seconds / law.phases
    return law.mean_seconds


def _log_transform(law: DurationLaw, theta: float) -> float:
    """ln E[e^{θS}]."""
    argument = theta * law.mean_seconds
    match law:
        case Exponential():
            return -math.log1p(-argument)
        case Deterministic():
            return argument
        case Erlang():
            return -law.phases * math.log1p(-argument / law.phases)
        case Hyperexponential():
            shares = (law.first_share, 1 - law.first_share)
            return math.log(sum(share / (1 - argument / (2 * share)) for share in shares))
    raise TypeError(f"no transform of {law}")


def _means(system: System, flight: Flight, warm_up: int) -> dict[str, float]:
    submit = flight.jobs.submit_seconds
    first, last = float(submit[warm_up]), float(submit[-1])
    window = last - first
    admitted = ~flight.dropped[warm_up:]
    wait = flight.queueing_delay_seconds[warm_up:][admitted]
    sojourn = flight.completion_time_seconds[warm_up:][admitted]
    ended = flight.end_seconds
    return {
        "rho": _overlap(flight.start_seconds, ended, first, last) / window / system.servers,
        "L_mean": _overlap(submit, ended, first, last) / window,
        "Wq_mean": float(wait.mean()),
        "W_sojourn_mean": float(sojourn.mean()),
        "W_accepted_mean": float(sojourn.mean()),
        "P_wait(ErlangC)": float((wait > 0).mean()),
        "P_block(ErlangB)": float(1 - admitted.mean()),
        "P_loss": float(1 - admitted.mean()),
        "throughput": float(np.count_nonzero((ended > first) & (ended <= last)) / window),
    }


def _overlap(begin: Floats, end: Floats, first: float, last: float) -> float:
    """Time that the intervals spend between ``first`` and ``last``, summed."""
    inside = np.minimum(end, last) - np.maximum(begin, first)
    return float(np.nansum(np.maximum(inside, 0.0)))


def _counts(system: System, flight: Flight, warm_up: int) -> NDArray[np.int64]:
    columns = {
        "wait": flight.queueing_delay_seconds,
        "sojourn": flight.completion_time_seconds,
    }
    if not system.values:
        return np.zeros(0, dtype=np.int64)
    bins = (columns[system.values][warm_up:] / system.bin_seconds).astype(np.int64)
    return np.bincount(np.minimum(bins, _BINS - 1), minlength=_BINS)
