"""Replications: the same plan flown with independent random streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.engine import Flight, Streams, fly
from simulator.study.plan import FlightPlan

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
Result = TypeVar("Result")

_TRIAL_SECONDS = 1.0
_WORKERS_START_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one replication leaves for the statistics; job columns are one value a job."""

    completion_seconds: Floats
    queueing_seconds: Floats
    makespan_seconds: float
    end_seconds: float
    utilisation: float
    node_lifetimes: tuple[Floats, ...]
    """Per pool, for how long each instance ran."""
    checkpoints: float
    """Checkpoints written, by all training jobs together."""
    interruptions: int
    lost_accelerator_seconds: float
    dropped: int
    unfinished: int


def fly_once(
    plan: FlightPlan, seed: int, replication: int, progress: Progress | None = None
) -> Flight:
    """One flight of a plan."""
    streams = Streams(seed, replication)
    jobs = plan.jobs(streams)
    scheduler = plan.scenario.scheduler
    return fly(
        plan.pools,
        jobs,
        policy=scheduler.policy,
        queue_limit=scheduler.queue_limit,
        streams=streams,
        horizon_seconds=plan.scenario.horizon,
        progress=progress,
    )


def outcome(flight: Flight) -> Outcome:
    """The figures of a flight that the statistics need."""
    up = sum(pool.node_seconds * pool.accelerators_per_node for pool in flight.pools)
    busy = sum(pool.busy_accelerator_seconds for pool in flight.pools)
    interval = flight.jobs.column("checkpoint_interval_seconds")
    checkpoints = np.floor(flight.useful_seconds / interval)
    ended = np.isfinite(flight.end_seconds)
    return Outcome(
        completion_seconds=flight.completion_time_seconds,
        queueing_seconds=flight.queueing_delay_seconds,
        makespan_seconds=flight.makespan_seconds,
        end_seconds=flight.end_of_flight_seconds,
        utilisation=busy / up if up else np.nan,
        node_lifetimes=tuple(
            pool.lifetimes.gone_seconds - pool.lifetimes.ready_seconds for pool in flight.pools
        ),
        checkpoints=float(np.nansum(checkpoints)),
        interruptions=int(flight.interruptions.sum()),
        lost_accelerator_seconds=float(flight.lost_seconds @ flight.jobs.accelerators),
        dropped=int(flight.dropped.sum()),
        unfinished=int((~ended & ~flight.dropped).sum()),
    )


def replications_of(plan: FlightPlan, wanted: int) -> int:
    """How many replications say something: one where nothing is random."""
    return wanted if plan.is_random else 1


def replicate(
    plan: FlightPlan,
    seed: int,
    replications: Iterable[int],
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Independent replications in order; the same whatever the number of workers."""
    tasks = [(plan, seed, replication) for replication in replications]
    return run_tasks(_fly_outcome, tasks, workers, progress)


def _fly_outcome(plan: FlightPlan, seed: int, replication: int) -> Outcome:
    return outcome(fly_once(plan, seed, replication))


def run_tasks(
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    workers: int,
    progress: Progress | None = None,
) -> list[Result]:
    """Results in the order of the tasks, from this process or several.

    Starting workers costs seconds, so a first part is done here; the rest goes to workers
    only where that will pay. The results are the same either way.
    """
    results: list[Result] = []
    started = perf_counter()
    for task in tasks:
        elapsed = perf_counter() - started
        if results and workers > 1 and elapsed > _TRIAL_SECONDS:
            left = elapsed / len(results) * (len(tasks) - len(results))
            if left * (1 - 1 / workers) > _WORKERS_START_SECONDS:
                break
        results.append(function(*task))
        if progress:
            progress(len(results), len(tasks))
    if len(results) < len(tasks):
        from joblib import Parallel, delayed

        rest = tasks[len(results) :]
        parallel = Parallel(n_jobs=workers, return_as="generator")
        for result in parallel(delayed(function)(*task) for task in rest):
            results.append(result)
            if progress:
                progress(len(results), len(tasks))
    return results
