"""The jobs of a flight as columns, one row per job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.errors import ScenarioError
from simulator.engine.pools import PoolSpec

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class TraceColumns(Protocol):
    """The columns that a trace records: what came, when, how large, how long."""

    @property
    def job_id(self) -> Integers:
        """Names the job, for instance its row in the file."""

    @property
    def pool(self) -> Integers:
        """Index into the pools of the flight."""

    @property
    def accelerators(self) -> Integers:
        """How many the job holds at once."""

    @property
    def submit_seconds(self) -> Floats:
        """When the job arrives."""

    @property
    def duration_seconds(self) -> Floats:
        """Work at full speed."""


@dataclass(frozen=True, slots=True)
class JobTable:
    """Gang jobs: a job holds all its accelerators at once, or none.

    Attributes:
        pool: index into the pools of the flight.
        duration_seconds: work at full speed, without checkpoints and interruptions.
        checkpoint_interval_seconds: work between checkpoints; NaN for never.
        checkpoint_write_seconds: how long one checkpoint stalls the job.
        restart_seconds: to load a checkpoint and warm up again after an interruption.

    The last three may be one figure for all jobs. Rows need no order.
    """

    job_id: Integers
    pool: Integers
    accelerators: Integers
    submit_seconds: Floats
    duration_seconds: Floats
    checkpoint_interval_seconds: Floats | float = np.nan
    checkpoint_write_seconds: Floats | float = 0.0
    restart_seconds: Floats | float = 0.0

    @classmethod
    def of(
        cls,
        trace: TraceColumns,
        *,
        checkpoint_interval_seconds: Floats | float = np.nan,
        checkpoint_write_seconds: Floats | float = 0.0,
        restart_seconds: Floats | float = 0.0,
    ) -> JobTable:
        """The jobs of a trace, with how they survive interruptions."""
        return cls(
            trace.job_id,
            trace.pool,
            trace.accelerators,
            trace.submit_seconds,
            trace.duration_seconds,
            checkpoint_interval_seconds,
            checkpoint_write_seconds,
            restart_seconds,
        )

    def __len__(self) -> int:
        return len(self.job_id)

    def column(self, name: str) -> Floats:
        """A column in full, also where one figure stands for all jobs."""
        return np.broadcast_to(np.asarray(getattr(self, name), dtype=np.float64), len(self))


def ranked_by(*keys: Floats) -> Integers:
    """Rank of each row when sorted by ``keys``, first key first; ties keep the table's order."""
    order = np.lexsort(keys[::-1])
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def check_jobs(jobs: JobTable, pools: Sequence[PoolSpec]) -> None:
    """Refuse a job that no flight could take.

    Raises:
        ScenarioError: names the first such job, what it has and what would be right.
    """
    lengths = {
        len(np.atleast_1d(column))
        for column in (jobs.pool, jobs.accelerators, jobs.submit_seconds, jobs.duration_seconds)
    }
    if lengths != {len(jobs)}:
        raise ScenarioError(f"columns of {sorted(lengths | {len(jobs)})} rows; all must be equal")
    _refuse(jobs, (jobs.pool < 0) | (jobs.pool >= len(pools)), "pool", f"0 to {len(pools) - 1}")
    _refuse(jobs, jobs.accelerators < 1, "accelerators", "at least 1")
    for name in (
        "submit_seconds",
        "duration_seconds",
        "checkpoint_write_seconds",
        "restart_seconds",
    ):
        column = jobs.column(name)
        _refuse(jobs, ~((column >= 0) & np.isfinite(column)), name, "at least 0 and finite")
    interval = jobs.column("checkpoint_interval_seconds")
    _refuse(jobs, interval <= 0, "checkpoint_interval_seconds", "more than 0, or NaN for never")
    sizes = np.array([pool.accelerators for pool in pools], dtype=np.int64)
    too_large = np.flatnonzero(jobs.accelerators > sizes[jobs.pool])
    if len(too_large):
        row = int(too_large[0])
        pool = pools[int(jobs.pool[row])]
        raise ScenarioError(
            f"needs {int(jobs.accelerators[row])} accelerators at once, but pool '{pool.name}' has "
            f"{pool.accelerators} ({pool.nodes} nodes of {pool.accelerators_per_node}); give the "
            f"pool more nodes or leave the job out ({len(too_large)} jobs are too large)",
            where=f"job {int(jobs.job_id[row])}",
        )


def _refuse(jobs: JobTable, wrong: NDArray[np.bool_], name: str, rule: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        row = int(rows[0])
        value = np.broadcast_to(getattr(jobs, name), len(jobs))[row]
        raise ScenarioError(
            f"{name} is {value}; it must be {rule}", where=f"job {int(jobs.job_id[row])}"
        )
