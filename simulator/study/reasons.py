"""Why one candidate is recommended, in sentences that a person can check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.figures import duration, money
from domain.goal import Goal
from simulator.study.axes import candidate_id
from simulator.study.judging import at_confidence
from simulator.study.simulate import Flown
from simulator.study.statistics import confidence_interval


def why_chosen(
    meeting: Mapping[int, Flown], best: int, frontier: Sequence[int], goal: Goal, time_name: str
) -> tuple[str, ...]:
    """What it is best in, how much room its limits leave, what the alternatives would cost."""
    chosen = meeting[best]
    beside = [row for row in frontier if row != best]
    return (
        f"{_superlative(goal)} of the {len(meeting)} that were flown and meet the goal",
        *_room(chosen, goal),
        *_alternatives(chosen, {row: meeting[row] for row in beside}, time_name),
        *_gaps(chosen),
        f"what bounds it now: {chosen.prediction.bottleneck}",
    )


def _room(chosen: Flown, goal: Goal) -> list[str]:
    """How far within its limits it stays in the share of the replications that must hold."""
    reasons = []
    share = f"{goal.confidence:.0%} of the time"
    if goal.deadline is not None:
        times = chosen.by_replication["makespan_seconds"]
        worst = at_confidence(times, goal.confidence)
        reasons.append(
            f"done in {duration(float(times.mean()))}, {share} in {duration(worst)}: "
            f"{1 - worst / goal.deadline:.1%} before the deadline of {duration(goal.deadline)}"
        )
    if goal.budget is not None:
        costs = chosen.by_replication["cost_usd"]
        worst = at_confidence(costs, goal.confidence)
        reasons.append(
            f"costs {money(float(costs.mean()))}, {share} at most {money(worst)}: "
            f"{1 - worst / goal.budget:.1%} below the budget of {money(goal.budget)}"
        )
    return reasons


def _alternatives(chosen: Flown, beside: Mapping[int, Flown], time_name: str) -> list[str]:
    if not beside:
        return []
    reasons = []
    time, cost = (_mean(chosen, name) for name in (time_name, "cost_usd"))
    fastest = min(beside, key=lambda row: _mean(beside[row], time_name))
    saved = time - _mean(beside[fastest], time_name)
    if saved > 0:
        more = _mean(beside[fastest], "cost_usd") - cost
        reasons.append(
            f"the fastest, {candidate_id(fastest)}, would save {duration(saved)} "
            f"for {money(more)} more"
        )
    tied = [
        candidate_id(row) for row, other in beside.items() if cannot_tell(chosen, other, "cost_usd")
    ]
    if tied:
        reasons.append(
            f"its cost cannot be told from that of {', '.join(tied)} with these replications"
        )
    return reasons


def cannot_tell(one: Flown, other: Flown, metric: str) -> bool:
    """Whether the interval of the paired difference holds zero: both saw the same luck."""
    values = one.by_replication[metric], other.by_replication[metric]
    if values[0].size != values[1].size:
        return False
    low, high = confidence_interval(values[1] - values[0], 0.95)
    return low <= 0 <= high


def _gaps(chosen: Flown) -> list[str]:
    unpriced = len(chosen.prediction.bill.unpriced)
    return [f"its bill is a lower bound: {unpriced} items have no price"] if unpriced else []


def _mean(flown: Flown, metric: str) -> float:
    return flown.prediction.metrics[metric].mean


def _superlative(goal: Goal) -> str:
    if isinstance(goal.minimise, dict):
        weights = " + ".join(f"{weight:g} × {name}" for name, weight in goal.minimise.items())
        return f"lowest {weights} (each over the best there is)"
    return {"cost": "cheapest", "time": "fastest", "cost_per_sample": "cheapest per sample"}[
        goal.minimise
    ]
