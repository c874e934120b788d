"""What is in a trace, in figures that a person sizes a cluster by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.errors import TraceError
from simulator.traces.trace import Trace

_HOUR_SECONDS = 3600.0
QUANTILES = {"min": 0.0, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """A trace, or one pool of it.

    Attributes:
        span_seconds: from the first to the last submission.
        jobs_by_accelerators: jobs of each size.
        duration_seconds: mean and quantiles of the durations.
        accelerator_hours: accelerators x duration, summed.
        jobs_by_hour: submissions by hour of day, 24 figures (counted from second 0 where the
            wall-clock time is unknown).
        offered_load: accelerator-seconds asked for over those that the capacity has within the
            span; above 1 the queue grows without end. None where no capacity was given.
    """

    jobs: int
    span_seconds: float
    jobs_by_accelerators: dict[int, int]
    duration_seconds: dict[str, float]
    accelerator_hours: float
    jobs_by_hour: list[int]
    offered_load: float | None
    pools: dict[str, TraceSummary]


def describe(trace: Trace, capacity: Mapping[str, int] | None = None) -> TraceSummary:
    """Summary of a trace and of each of its pools that has jobs.

    Args:
        capacity: accelerators by pool, for the offered load.
    """
    if not len(trace):
        raise TraceError("the trace has no jobs")
    pools = {
        name: _summary(trace, trace.pool == index, None if capacity is None else capacity.get(name))
        for index, name in enumerate(trace.pools)
        if (trace.pool == index).any()
    }
    everything = np.ones(len(trace), dtype=np.bool_)
    total = None if capacity is None else sum(capacity.get(name, 0) for name in trace.pools)
    return _summary(trace, everything, total, pools)


def _summary(
    trace: Trace,
    rows: np.ndarray[tuple[int], np.dtype[np.bool_]],
    capacity: int | None,
    pools: dict[str, TraceSummary] | None = None,
) -> TraceSummary:
    submit = trace.submit_seconds[rows]
    duration = trace.duration_seconds[rows]
    accelerators = trace.accelerators[rows]
    sizes, counts = np.unique(accelerators, return_counts=True)
    span = float(np.ptp(submit)) if len(submit) else 0.0
    asked = float(np.sum(accelerators * duration))
    origin = trace.origin
    shift = 0 if origin is None else origin.hour * 3600 + origin.minute * 60 + origin.second
    hours = ((submit + shift) // _HOUR_SECONDS % 24).astype(np.int64)
    durations = {"mean": float(np.mean(duration))} if len(duration) else {}
    if len(duration):
        levels = np.quantile(duration, list(QUANTILES.values()))
        durations |= dict(zip(QUANTILES, levels.tolist(), strict=True))
    return TraceSummary(
        jobs=len(submit),
        span_seconds=span,
        jobs_by_accelerators=dict(zip(sizes.tolist(), counts.tolist(), strict=True)),
        duration_seconds=durations,
        accelerator_hours=asked / _HOUR_SECONDS,
        jobs_by_hour=np.bincount(hours, minlength=24).tolist(),
        offered_load=asked / (capacity * span) if capacity and span else None,
        pools=pools or {},
    )
