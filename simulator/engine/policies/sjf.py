"""Shortest job first, with durations known in advance."""

from __future__ import annotations

from simulator.engine.jobs import Integers, JobTable, ranked_by


def ranks(jobs: JobTable) -> Integers:
    """Shortest duration first, then earliest submission, then the order of the table.

    Real schedulers know durations only as estimates; with exact ones this is the best case.
    """
    return ranked_by(jobs.duration_seconds, jobs.submit_seconds)
