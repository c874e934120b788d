"""One flight: pools, jobs and a policy on one clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import exp, inf, nextafter

import numpy as np
from simpy import Environment

from domain.errors import ScenarioError
from simulator.engine.flight import Flight, PoolFlight
from simulator.engine.jobs import Integers, JobTable, check_jobs
from simulator.engine.ledger import JobLedger
from simulator.engine.nodes import NodeGroup
from simulator.engine.placement import placement_named
from simulator.engine.policies import policy_named
from simulator.engine.pools import PoolSpec
from simulator.engine.scheduler import PoolQueue, Scheduler
from simulator.engine.streams import Streams

# An attempt costs some microseconds: beyond this many per checkpoint, nobody waits for the end.
_HOPELESS_ATTEMPTS = 1e5


def fly(
    pools: Sequence[PoolSpec],
    jobs: JobTable,
    *,
    policy: str = "fifo",
    placement: str = "packed",
    queue_limit: int | None = None,
    streams: Streams | None = None,
    horizon_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Flight:
    """When every job starts and ends, what was lost, and which nodes ran when.

    Each pool is a cluster with a queue of its own. Without a horizon the flight ends with the
    last job; with one, it ends there (what happens at that very second still counts), jobs
    that are not done have a NaN end, and nodes run until then.

    Args:
        queue_limit: how many jobs may wait in one pool before arrivals are dropped.
        streams: random streams of this replication; the default is seed 0.
        progress: called now and then with (jobs done, jobs in all).

    Raises:
        ScenarioError: a job that no flight can take, or that would practically never end.

    Where it is wrong: a job runs at full speed wherever its accelerators are; nothing but
    accelerators is scarce; a gang restarts as a whole.
    """
    check_jobs(jobs, pools)
    if horizon_seconds is None:
        _check_hope(jobs, pools)
    elif not 0 <= horizon_seconds < inf:
        raise ScenarioError(f"the horizon is {horizon_seconds} s; it must be at least 0 and finite")
    if queue_limit is not None and queue_limit < 0:
        raise ScenarioError(f"queue_limit is {queue_limit}; it must be at least 0")
    streams = streams or Streams(0)

    order = np.argsort(jobs.submit_seconds, kind="stable")
    arriving = _rows(jobs, order)
    env = Environment()
    queues = [PoolQueue(pool.nodes, pool.accelerators_per_node, _is_spot(pool)) for pool in pools]
    ledger = JobLedger(arriving)
    scheduler = Scheduler(
        env,
        queues,
        arriving,
        ledger,
        policy_named(policy)(arriving),
        placement_named(placement),
        queue_limit,
        progress,
    )
    groups = [
        NodeGroup(
            env,
            pool,
            streams,
            on_ready=partial(scheduler.node_ready, queue),
            on_gone=partial(scheduler.node_gone, queue),
        )
        for pool, queue in zip(pools, queues, strict=True)
    ]
    for group in groups:
        group.request_all()

    if horizon_seconds is None:
        env.run(until=scheduler.finished)
        end_of_flight = env.now
    else:
        env.run(until=nextafter(horizon_seconds, inf))
        end_of_flight = horizon_seconds
    for job in scheduler.running():
        ledger.cut(job, end_of_flight)
    return _flight(pools, jobs, order, ledger, scheduler.dropped, groups, end_of_flight)


def _flight(
    pools: Sequence[PoolSpec],
    jobs: JobTable,
    order: Integers,
    ledger: JobLedger,
    dropped: Sequence[bool],
    groups: Sequence[NodeGroup],
    end_of_flight_seconds: float,
) -> Flight:
    row_of = np.empty_like(order)
    row_of[order] = np.arange(len(order))
    accounts = ledger.accounts(row_of)

    busy = np.bincount(jobs.pool, accounts.held_seconds * jobs.accelerators, len(pools))
    return Flight(
        jobs=jobs,
        **accounts._asdict(),
        dropped=np.array(dropped, dtype=np.bool_)[row_of],
        pools=tuple(
            PoolFlight(
                pool.name,
                pool.accelerators_per_node,
                group.lifetimes(end_of_flight_seconds),
                float(busy[index]),
            )
            for index, (pool, group) in enumerate(zip(pools, groups, strict=True))
        ),
        end_of_flight_seconds=end_of_flight_seconds,
    )


def _rows(jobs: JobTable, order: Integers) -> JobTable:
    columns = {
        name: value[order]
        for name in JobTable.__dataclass_fields__
        if isinstance(value := getattr(jobs, name), np.ndarray)
    }
    return replace(jobs, **columns)


def _is_spot(pool: PoolSpec) -> bool:
    return pool.spot_interruptions_per_node_second > 0


def _check_hope(jobs: JobTable, pools: Sequence[PoolSpec]) -> None:
    """Refuse a job that would be interrupted more often than anybody waits for.

    Either again and again before its next checkpoint, or in all, were it never held up.

    An attempt of t seconds on k nodes survives with probability e^{-kλt} (Poisson).
    """
    if not any(map(_is_spot, pools)) or not len(jobs):
        return
    rates = np.array([pool.spot_interruptions_per_node_second for pool in pools])
    per_node = np.array([pool.accelerators_per_node for pool in pools])
    nodes = np.ceil(jobs.accelerators / per_node[jobs.pool])
    in_all = nodes * rates[jobs.pool] * jobs.duration_seconds
    if (most := float(in_all.max())) > _HOPELESS_ATTEMPTS:
        row = int(np.argmax(in_all))
        raise ScenarioError(
            f"would be interrupted about {most:.0e} times in {jobs.duration_seconds[row]:.1e} s of "
            "work; use on-demand nodes or give the flight a horizon",
            where=f"job {int(jobs.job_id[row])}",
        )
    interval = jobs.column("checkpoint_interval_seconds")
    stretch = np.fmin(interval + jobs.column("checkpoint_write_seconds"), jobs.duration_seconds)
    exponent = nodes * rates[jobs.pool] * (stretch + jobs.column("restart_seconds"))
    worst = int(np.argmax(exponent))
    attempts = exp(min(float(exponent[worst]), 700.0))
    if attempts > _HOPELESS_ATTEMPTS:
        raise ScenarioError(
            f"would be interrupted about {attempts:.0e} times before it gets through "
            f"{stretch[worst]:.0f} s of work on {nodes[worst]:.0f} spot nodes; checkpoint "
            "more often, use on-demand nodes or give the flight a horizon",
            where=f"job {int(jobs.job_id[worst])}",
        )
