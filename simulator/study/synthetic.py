"""A synthetic trace of a scenario, drawn with the streams of one replication."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from domain.workload import Durations, SyntheticTrace
from simulator.engine import Streams
from simulator.traces import (
    DailyCycle,
    Deterministic,
    DurationLaw,
    Exponential,
    Lognormal,
    SyntheticJobs,
    Trace,
    generate,
)


def draw_trace(name: str, trace: SyntheticTrace, pool: int, streams: Streams) -> Trace:
    """The jobs of one replication, on the pool with this index.

    Each workload has streams of its own, so adding one leaves the others as they were.
    """
    arrivals = trace.arrivals
    jobs = SyntheticJobs(
        jobs_per_second=arrivals.rate,
        horizon_seconds=trace.span,
        duration=_law(trace.durations),
        accelerator_mix=trace.accelerators,
        cycle=DailyCycle(arrivals.peak_to_trough, arrivals.peak_hour)
        if arrivals.peak_to_trough > 1
        else None,
    )
    drawn = generate(jobs, lambda purpose: streams.generator(f"{name}/{purpose}"))
    return replace(drawn, pool=np.full(len(drawn), pool, dtype=np.int64))


def _law(durations: Durations) -> DurationLaw:
    match durations.distribution:
        case "exponential":
            return Exponential(durations.mean)
        case "deterministic":
            return Deterministic(durations.mean)
        case "lognormal":
            return Lognormal(durations.mean, durations.cv)
