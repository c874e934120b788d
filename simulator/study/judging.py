"""Does a candidate meet the goal, and if not, by how much does it miss?"""

from __future__ import annotations

import math

import numpy as np

from domain.goal import Goal
from domain.prediction import Metric, Prediction, Rejection
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
    if math.isnan(hourly) and needs_prices(goal):
        return None
    if goal.max_usd_per_hour is not None and hourly > goal.max_usd_per_hour:
        return _missed("over_hourly_cap", "costs", hourly, goal.max_usd_per_hour, _usd_per_hour)
    if goal.deadline is not None and bounds.time_low[row] > goal.deadline:
        return _missed(
            "too_slow", "takes at least", float(bounds.time_low[row]), goal.deadline, _hours
        )
    if goal.budget is not None and bounds.cost_low[row] > goal.budget:
        return _missed(
            "over_budget", "costs at least", float(bounds.cost_low[row]), goal.budget, _usd
        )
    return None


def out_by_flight(flown: Flown, goal: Goal) -> Rejection | None:
    """Why the flights rule a candidate out, or None where it meets the goal."""
    times = flown.by_replication["makespan_seconds"]
    costs = flown.by_replication["cost_usd"]
    if np.isnan(times).any():
        return Rejection("engine", "unfinished", "some of its jobs do not end within the horizon")
    if needs_prices(goal) and (gaps := machine_gaps(flown.prediction)):
        return Rejection("goal", "unpriced", gaps[0])
    for code, values, limit, unit in (
        ("too_slow", times, goal.deadline, _hours),
        ("over_budget", costs, goal.budget, _usd),
    ):
        if limit is None:
            continue
        worst = float(np.quantile(values, goal.confidence))
        if worst > limit:
            verb = "takes" if code == "too_slow" else "costs"
            return _missed(code, verb, worst, limit, unit)
    return None


def needs_prices(goal: Goal) -> bool:
    """Whether a candidate without a price cannot be judged."""
    return goal.minimise != "time" or goal.budget is not None


def machine_gaps(prediction: Prediction) -> list[str]:
    """Reasons why machines have no price; services without one leave a lower bound."""
    machines = {each["machine"] for each in prediction.workloads.values()}
    return [
        gap.reason
        for gap in prediction.bill.unpriced
        if any(gap.component.startswith(machine) for machine in machines)
        or not prediction.bill.lines
    ]


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


def _missed(code: str, verb: str, value: float, limit: float, unit: object) -> Rejection:
    assert callable(unit)
    return Rejection(
        "goal",
        code,
        f"{verb} {unit(value)}, {unit(value - limit)} over the {_LIMITS[code]} of {unit(limit)}",
        value / limit - 1 if limit else math.inf,
    )


_LIMITS = {"too_slow": "deadline", "over_budget": "budget", "over_hourly_cap": "cap"}


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.2f} h"


def _usd(amount: float) -> str:
    return f"${amount:,.2f}"


def _usd_per_hour(amount: float) -> str:
    return f"${amount:,.2f}/h"
