"""The engine starts every job when a scheduler that scans everything would.

The scheduler here is written for being obviously right: it walks through the instants, looks
at every node, and sorts the whole queue each time. ``data/small_cluster*.csv`` are 240 jobs
on two small pools (gangs over several nodes with a remainder, many jobs in one second) and
the starts that it gives them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine import Flight, JobTable, PoolSpec, fly
from simulator.traces import read_philly

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Job:
    row: int
    submit: int
    duration: int
    accelerators: int


Key = Callable[[Job], tuple[int, ...]]
KEYS: dict[str, Key] = {
    "fifo": lambda job: (job.submit, job.row),
    "sjf": lambda job: (job.duration, job.submit, job.row),
}


def naive_starts(jobs: list[Job], nodes: int, size: int, key: Key) -> dict[int, int]:
    """Start second of each job by row, in one pool."""
    free = [size] * nodes
    waiting: list[Job] = []
    running: list[tuple[int, list[tuple[int, int]]]] = []
    starts: dict[int, int] = {}
    instants = {job.submit for job in jobs}
    while instants:
        now = min(instants)
        instants.remove(now)
        for end, placed in running:
            if end == now:
                for node, count in placed:
                    free[node] += count
        running = [(end, placed) for end, placed in running if end != now]
        waiting += [job for job in jobs if job.submit == now]
        waiting.sort(key=key)
        while waiting:
            placed = naive_place(free, size, waiting[0].accelerators)
            if not placed:
                break
            job = waiting.pop(0)
            for node, count in placed:
                free[node] -= count
            running.append((now + job.duration, placed))
            instants.add(now + job.duration)
            starts[job.row] = now
    return starts


def naive_place(free: list[int], size: int, wanted: int) -> list[tuple[int, int]]:
    """Node and count of each share, or nothing where the job does not place."""
    if wanted <= size:
        fitting = [node for node in range(len(free)) if free[node] >= wanted]
        return [(min(fitting, key=lambda node: (free[node], node)), wanted)] if fitting else []
    most_free_first = sorted(range(len(free)), key=lambda node: (-free[node], node))
    whole, remainder = divmod(wanted, size)
    shares = [size] * whole + [remainder] * (remainder > 0)
    placed = list(zip(most_free_first, shares, strict=False))
    fits = len(placed) == len(shares) and all(free[node] >= count for node, count in placed)
    return placed if fits else []


def table(jobs: list[Job]) -> JobTable:
    return JobTable(
        np.array([job.row for job in jobs]),
        np.zeros(len(jobs), dtype=np.int64),
        np.array([job.accelerators for job in jobs]),
        np.array([job.submit for job in jobs], dtype=np.float64),
        np.array([job.duration for job in jobs], dtype=np.float64),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[int, int, list[Job]]:
    nodes = draw(st.integers(1, 5))
    size = draw(st.integers(1, 8))
    shapes = draw(
        st.lists(
            st.tuples(st.integers(0, 12), st.integers(1, 9), st.integers(1, nodes * size)),
            min_size=1,
            max_size=40,
        )
    )
    return nodes, size, [Job(row, *shape) for row, shape in enumerate(shapes)]


@pytest.mark.parametrize("policy", KEYS)
@settings(max_examples=150, deadline=None)
@given(world=worlds())
def test_any_small_world(policy: str, world: tuple[int, int, list[Job]]) -> None:
    nodes, size, jobs = world
    flight = fly([PoolSpec("pool", nodes, size)], table(jobs), policy=policy)
    expected = naive_starts(jobs, nodes, size, KEYS[policy])
    assert dict(enumerate(flight.start_seconds.tolist())) == expected


POOLS = [PoolSpec("vc-north", 3, 8), PoolSpec("vc-south", 5, 4)]


def small_cluster(policy: str) -> Flight:
    trace = read_philly(DATA / "small_cluster.csv", [pool.name for pool in POOLS])
    return fly(POOLS, JobTable.of(trace), policy=policy)


def recorded(policy: str) -> list[float]:
    with (DATA / "small_cluster_starts.csv").open() as lines:
        return [float(row[f"{policy}_start_seconds"]) for row in csv.DictReader(lines)]


@pytest.mark.parametrize("policy", KEYS)
def test_the_recorded_starts_of_a_small_cluster(policy: str) -> None:
    assert small_cluster(policy).start_seconds.tolist() == recorded(policy)


@pytest.mark.parametrize("policy", KEYS)
def test_the_recorded_starts_are_those_of_the_scheduler_that_scans_everything(policy: str) -> None:
    jobs = small_cluster(policy).jobs
    starts: dict[int, int] = {}
    for index, pool in enumerate(POOLS):
        rows = np.flatnonzero(jobs.pool == index).tolist()
        mine = [
            Job(
                row,
                int(jobs.submit_seconds[row]),
                int(jobs.duration_seconds[row]),
                int(jobs.accelerators[row]),
            )
            for row in rows
        ]
        starts |= naive_starts(mine, pool.nodes, pool.accelerators_per_node, KEYS[policy])
    assert [starts[row] for row in range(len(jobs))] == recorded(policy)
