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
    worked_share: tuple[float, ...]
    """Per training job, its work in this flight over its whole work; above 1 with work redone."""
    checkpoints: tuple[float, ...]
    """Per training job, how many it wrote."""
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
        placement=scheduler.placement,
        queue_limit=scheduler.queue_limit,
        streams=streams,
        horizon_seconds=plan.scenario.horizon,
        progress=progress,
    )


def outcome(flight: Flight, training_jobs: int) -> Outcome:
    """The figures of a flight that the statistics need; training jobs come first in its table."""
    up = sum(pool.node_seconds * pool.accelerators_per_node for pool in flight.pools)
    busy = sum(pool.busy_accelerator_seconds for pool in flight.pools)
    first = slice(0, training_jobs)
    worked = (flight.useful_seconds + flight.lost_seconds)[first]
    interval = flight.jobs.column("checkpoint_interval_seconds")[first]
    # Work that was lost was never written; a job that is done writes none at its end.
    written = np.ceil(flight.useful_seconds[first] / interval) - 1.0
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
        worked_share=tuple((worked / flight.jobs.duration_seconds[first]).tolist()),
        checkpoints=tuple(np.maximum(np.nan_to_num(written), 0.0).tolist()),
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
    return outcome(fly_once(plan, seed, replication), len(plan.training))


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
