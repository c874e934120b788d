"""Does a candidate meet the goal, and if not, by how much does it miss?"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from domain.figures import duration, money
from domain.goal import Goal
from domain.prediction import Metric, Rejection
from simulator.study.bounds import Bounds
from simulator.study.simulate import Flown


def out_by_bounds(bounds: Bounds, row: int, goal: Goal) -> Rejection | None:
    """Why the closed forms alone rule a candidate out, or None where they do not."""
    if goal.max_spot_share is not None and bounds.spot_share[row] > goal.max_spot_share:
        share = float(bounds.spot_share[row])
        return Rejection(
            "goal",
            "spot_share",
            f"{share:.0%} of its nodes are spot, {goal.max_spot_share:.0%} are allowed",
            share - goal.max_spot_share,
        )
    hourly = float(bounds.usd_per_hour[row])
    if goal.max_usd_per_hour is not None and hourly > goal.max_usd_per_hour:
        return _missed("over_hourly_cap", "costs", hourly, goal.max_usd_per_hour, _per_hour)
    if goal.deadline is not None and bounds.time_low[row] > goal.deadline:
        return _missed(
            "too_slow", "takes at least", float(bounds.time_low[row]), goal.deadline, duration
        )
    if goal.budget is not None and bounds.cost_low[row] > goal.budget:
        return _missed(
            "over_budget", "costs at least", float(bounds.cost_low[row]), goal.budget, money
        )
    return None


def out_by_flight(flown: Flown, goal: Goal) -> Rejection | None:
    """Why the flights rule a candidate out, or None where it meets the goal."""
    times = flown.by_replication["makespan_seconds"]
    costs = flown.by_replication["cost_usd"]
    if np.isnan(times).any():
        return Rejection("engine", "unfinished", "some of its jobs do not end within the horizon")
    for code, values, limit, unit in (
        ("too_slow", times, goal.deadline, duration),
        ("over_budget", costs, goal.budget, money),
    ):
        if limit is None:
            continue
        worst = float(np.quantile(values, goal.confidence))
        if worst > limit:
            verb = "takes" if code == "too_slow" else "costs"
            return _missed(code, verb, worst, limit, unit)
    return None


def score(metrics: dict[str, Metric], goal: Goal, cheapest: float, fastest: float) -> float:
    """What the goal minimises; a weighted goal relative to the cheapest and the fastest."""
    cost, time = metrics["cost_usd"].mean, metrics["makespan_seconds"].mean
    if goal.minimise == "cost":
        return cost
    if goal.minimise == "time":
        return time
    if goal.minimise == "cost_per_sample":
        per_sample = metrics.get("cost_per_million_samples_usd")
        return per_sample.mean if per_sample else cost
    weights = goal.minimise
    return weights.get("cost", 0.0) * _ratio(cost, cheapest) + weights.get("time", 0.0) * _ratio(
        time, fastest
    )


def _ratio(value: float, best: float) -> float:
    return value / best if best > 0 else 1.0


def _missed(
    code: str, verb: str, value: float, limit: float, unit: Callable[[float], str]
) -> Rejection:
    return Rejection(
        "goal",
        code,
        f"{verb} {unit(value)}, {unit(value - limit)} over the {_LIMITS[code]} of {unit(limit)}",
        value / limit - 1 if limit else math.inf,
    )


_LIMITS = {"too_slow": "deadline", "over_budget": "budget", "over_hourly_cap": "cap"}


def _per_hour(usd: float) -> str:
    return f"{money(usd)}/h"
