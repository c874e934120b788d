"""What a flight gives back: times and accounts by job, node lifetimes and use by pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.engine.jobs import Floats, Integers, JobTable
from simulator.engine.nodes import NodeLifetimes


@dataclass(frozen=True, slots=True)
class PoolFlight:
    """One pool over the flight; accelerator-seconds are those of its jobs."""

    name: str
    accelerators_per_node: int
    lifetimes: NodeLifetimes
    busy_accelerator_seconds: float

    @property
    def node_seconds(self) -> float:
        """Time that nodes were up, and billed."""
        return float(np.sum(self.lifetimes.gone_seconds - self.lifetimes.ready_seconds))

    @property
    def utilisation(self) -> float:
        """Share of the accelerators that were up which a job held; NaN if none was up."""
        up = self.node_seconds * self.accelerators_per_node
        return self.busy_accelerator_seconds / up if up else np.nan


@dataclass(frozen=True, slots=True)
class Flight:
    """Every job and pool of one flight; job columns are in the order of ``jobs``.

    Attributes:
        start_seconds: first start; NaN where the job never started.
        end_seconds: NaN where the job was dropped or a horizon cut it off.
        interruptions: how often the job lost a node.
        held_seconds: how long it held its accelerators = useful + lost + overhead.
        useful_seconds: work that counted.
        lost_seconds: work that had to be done again.
        overhead_seconds: restarts and checkpoint writes.
        dropped: turned away at arrival because the queue was full.
        end_of_flight_seconds: end of the last job, or the horizon.
    """

    jobs: JobTable
    start_seconds: Floats
    end_seconds: Floats
    interruptions: Integers
    held_seconds: Floats
    useful_seconds: Floats
    lost_seconds: Floats
    overhead_seconds: Floats
    dropped: NDArray[np.bool_]
    pools: tuple[PoolFlight, ...]
    end_of_flight_seconds: float

    @property
    def queueing_delay_seconds(self) -> Floats:
        """From submission to first start."""
        return self.start_seconds - self.jobs.submit_seconds

    @property
    def completion_time_seconds(self) -> Floats:
        """From submission to end."""
        return self.end_seconds - self.jobs.submit_seconds

    @property
    def makespan_seconds(self) -> float:
        """From the first submission to the last end; NaN if an admitted job did not end."""
        admitted = ~self.dropped
        if not admitted.any():
            return np.nan
        return float(np.max(self.end_seconds[admitted]) - np.min(self.jobs.submit_seconds))
