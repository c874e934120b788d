"""Simulated jobs per CPU second of the engine: ``python -m benchmarks.engine``."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from simulator.engine import JobTable, PoolSpec, Streams, fly
from simulator.traces import Exponential, Lognormal, SyntheticJobs, Trace, generate
from validation import shared_data
from validation.philly import philly_pools, philly_trace

DAY_SECONDS = 86_400.0


def cpu_seconds(pools: Sequence[PoolSpec], jobs: JobTable, policy: str = "fifo") -> float:
    """The best of three flights: what else the machine does only ever adds."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        fly(pools, jobs, policy=policy)
        seconds.append(time.process_time() - start)
    return min(seconds)


def repeated(trace: Trace, times: int, *, in_pools_of_its_own: bool) -> JobTable:
    """The trace over and over: each copy in pools of its own, or after the one before."""
    copies = np.repeat(np.arange(times), len(trace))
    pools = len(trace.pools) if in_pools_of_its_own else 0
    span = 0.0 if in_pools_of_its_own else float(np.ptp(trace.submit_seconds)) + DAY_SECONDS
    return JobTable(
        job_id=np.arange(len(copies)),
        pool=np.tile(trace.pool, times) + copies * pools,
        accelerators=np.tile(trace.accelerators, times),
        submit_seconds=np.tile(trace.submit_seconds, times) + copies * span,
        duration_seconds=np.tile(trace.duration_seconds, times),
    )


def philly_or_alike() -> tuple[str, list[PoolSpec], Trace]:
    """The tight Philly cluster; a synthetic trace of its size where the data is not there."""
    folder = shared_data() / "scheduling"
    if folder.is_dir():
        pools = philly_pools(folder, "tight")
        names = tuple(pool.name for pool in pools)
        return "Philly, tight", pools, philly_trace(folder / "philly_pollux_82k.csv.gz", names)
    jobs = SyntheticJobs(
        jobs_per_second=68_503 / (61 * DAY_SECONDS),
        horizon_seconds=61 * DAY_SECONDS,
        duration=Lognormal(11_480.0, 4.0),
        accelerator_mix={1: 0.935, 2: 0.021, 4: 0.022, 8: 0.019, 16: 0.003},
    )
    return "synthetic like Philly", [PoolSpec("pool", 40, 8)], generate(jobs, Streams(1).generator)


def queue(servers: int, count: int) -> tuple[list[PoolSpec], JobTable]:
    """M/M/c at load 0.9, with single-accelerator nodes as servers."""
    jobs = SyntheticJobs(0.9 * servers, count / (0.9 * servers), Exponential(1.0))
    return [PoolSpec("servers", servers, 1)], JobTable.of(generate(jobs, Streams(1).generator))


def spot() -> tuple[list[PoolSpec], JobTable]:
    """Gangs of an hour on spot nodes that last two; a checkpoint every ten minutes."""
    jobs = SyntheticJobs(
        jobs_per_second=1 / 60,
        horizon_seconds=30 * DAY_SECONDS,
        duration=Exponential(3600.0),
        accelerator_mix={1: 0.2, 2: 0.2, 4: 0.2, 8: 0.2, 16: 0.2},
    )
    pool = PoolSpec(
        "spot",
        nodes=64,
        accelerators_per_node=8,
        spot_interruptions_per_node_second=1 / 7200,
        provisioning_seconds=180.0,
        provisioning_cv=0.5,
    )
    saved = JobTable.of(
        generate(jobs, Streams(1).generator),
        checkpoint_interval_seconds=600.0,
        checkpoint_write_seconds=20.0,
        restart_seconds=60.0,
    )
    return [pool], saved


def main() -> None:
    print(f"{'flight':32}{'jobs':>10}{'CPU seconds':>14}{'jobs per CPU second':>22}")

    def report(name: str, jobs: int, seconds: float) -> None:
        print(f"{name:32}{jobs:>10,}{seconds:>14.2f}{jobs / seconds:>22,.0f}")

    name, pools, trace = philly_or_alike()
    for policy in ("fifo", "sjf"):
        report(f"{name}, {policy}", len(trace), cpu_seconds(pools, JobTable.of(trace), policy))
    once = cpu_seconds(pools, JobTable.of(trace))
    ten_pools = [
        PoolSpec(f"{pool.name}-{copy}", pool.nodes, pool.accelerators_per_node)
        for copy in range(10)
        for pool in pools
    ]
    wider = cpu_seconds(ten_pools, repeated(trace, 10, in_pools_of_its_own=True))
    report(f"{name}, ten times the pools", 10 * len(trace), wider)
    longer = cpu_seconds(pools, repeated(trace, 10, in_pools_of_its_own=False))
    report(f"{name}, ten times as long", 10 * len(trace), longer)
    for servers in (1, 16, 1000):
        one_queue, jobs = queue(servers, 200_000)
        report(f"M/M/{servers}, load 0.9", len(jobs), cpu_seconds(one_queue, jobs))
    spot_pool, jobs = spot()
    report("spot gangs with checkpoints", len(jobs), cpu_seconds(spot_pool, jobs))
    print(
        f"\nten times the jobs cost {wider / once:.1f} times the CPU seconds in ten times the "
        f"pools, {longer / once:.1f} in the same pools"
    )


if __name__ == "__main__":
    main()
