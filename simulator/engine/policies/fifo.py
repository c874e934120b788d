"""First in, first out."""

from __future__ import annotations

from simulator.engine.jobs import Integers, JobTable, ranked_by


def ranks(jobs: JobTable) -> Integers:
    """Earliest submission first; jobs of one instant in the order of the table."""
    return ranked_by(jobs.submit_seconds)
