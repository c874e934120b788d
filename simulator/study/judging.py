"""Does a candidate meet the goal, and if not, by how much does it miss?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from domain.figures import duration, money
from domain.goal import Goal, needs_prices
from domain.prediction import Metric, Rejection
from domain.scenario import Scenario
from domain.workload import Training
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


def time_metric(scenario: Scenario) -> str:
    """What "time" means in a choice: of a queue of many jobs the mean completion time, else the
    makespan, which one long job at the end of a trace would decide alone."""
    only_training = all(isinstance(each, Training) for each in scenario.workloads.values())
    return "makespan_seconds" if only_training else "job_completion_time_seconds"


def out_by_flight(flown: Flown, goal: Goal) -> Rejection | None:
    """Why the flights rule a candidate out, or None where it meets the goal."""
    values = flown.by_replication
    times, costs = values["makespan_seconds"], values["cost_usd"]
    if np.isnan(times).any():
        if (
            values["turned_away_jobs"].any()
            and np.isnan(values["job_completion_time_seconds"]).all()
        ):
            return Rejection("engine", "turned_away", "every job is turned away: the queue is full")
        return Rejection("engine", "unfinished", "does not finish all jobs within the horizon")
    for code, verb, figures, limit, unit in (
        ("too_slow", "takes", times, goal.deadline, duration),
        ("over_budget", "costs", costs, goal.budget, money),
    ):
        if limit is not None and not np.mean(figures <= limit) >= goal.confidence:
            return _missed(code, verb, at_confidence(figures, goal.confidence), limit, unit)
    return None


def at_confidence(figures: NDArray[np.float64], confidence: float) -> float:
    """The least figure that this share of the replications stays within."""
    return float(np.quantile(figures, confidence, method="inverted_cdf"))


def out_beside_others(flown: Mapping[int, Flown], goal: Goal) -> dict[int, Rejection]:
    """Candidates that do less than others do, or whose bill says less.

    A candidate that turns jobs away is no cheaper way to run them; a bill with gaps is only
    a lower bound. Where all candidates are so, they are compared as they are.
    """
    out: dict[int, Rejection] = {}
    away = {
        row: float(each.by_replication["turned_away_jobs"].mean()) for row, each in flown.items()
    }
    fewest = min(away.values(), default=0.0)
    for row, jobs in away.items():
        if jobs > fewest:
            out[row] = Rejection(
                "engine",
                "turned_away",
                f"turns away {jobs:,.3g} jobs a flight, others {fewest:,.3g}: its queue is full",
            )
    gaps = {row: each.prediction.bill.unpriced for row, each in flown.items() if row not in out}
    if needs_prices(goal) and not all(gaps.values()):
        for row, unpriced in gaps.items():
            if unpriced:
                reason = f"{unpriced[0].resource}: {unpriced[0].reason}"
                out[row] = Rejection("goal", "unpriced", reason)
    return out


def score(
    metrics: dict[str, Metric], goal: Goal, time_metric: str, cheapest: float, fastest: float
) -> float:
    """What the goal minimises; a weighted goal relative to the cheapest and the fastest."""
    cost, time = metrics["cost_usd"].mean, metrics[time_metric].mean
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
