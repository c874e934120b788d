"""Scheduling policies, one small file each.

A policy ranks the jobs once, before the flight: the waiting job of lowest rank is the next
to start, and a job that does not fit holds up those behind it in its pool (head-of-line
blocking, no backfill, no preemption). A job that lost its node waits again with its old rank.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.errors import ScenarioError, near_misses
from simulator.engine.jobs import Integers, JobTable
from simulator.engine.policies import fifo, sjf

Policy = Callable[[JobTable], Integers]

POLICIES: dict[str, Policy] = {"fifo": fifo.ranks, "sjf": sjf.ranks}


def policy_named(name: str) -> Policy:
    """The policy that scenarios call ``name``."""
    if name not in POLICIES:
        raise ScenarioError(
            f"policy '{name}' is not one of {', '.join(POLICIES)}{near_misses(name, POLICIES)}",
            where="scheduler",
        )
    return POLICIES[name]
