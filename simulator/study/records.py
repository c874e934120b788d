"""What became of each job of one flight, as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engine import Flight, Streams
from simulator.study.plan import FlightPlan


def job_records(plan: FlightPlan, flight: Flight, streams: Streams) -> dict[str, NDArray[Any]]:
    """Columns of the jobs of a flight of this plan, in the order of its workloads.

    ``streams`` are those that it was flown with.
    Seconds count from second 0 of the flight; NaN where a job never started or ended.
    """
    jobs = flight.jobs
    pools = np.array([pool.name for pool in plan.pools])
    return {
        "job_id": jobs.job_id,
        "pool": pools[jobs.pool],
        "accelerators": jobs.accelerators,
        "submit_seconds": jobs.submit_seconds,
        "start_seconds": flight.start_seconds,
        "end_seconds": flight.end_seconds,
        "workload": plan.owners(streams),
        "duration_seconds": jobs.duration_seconds,
        "queueing_delay_seconds": flight.queueing_delay_seconds,
        "interruptions": flight.interruptions,
        "lost_seconds": flight.lost_seconds,
        "overhead_seconds": flight.overhead_seconds,
        "dropped": flight.dropped,
    }
