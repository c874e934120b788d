"""Why one candidate is recommended, in sentences that a person can check."""

from __future__ import annotations

from collections.abc import Sequence

from domain.figures import duration, money
from domain.goal import Goal
from domain.prediction import Candidate


def why_chosen(
    chosen: Candidate, beside: Sequence[Candidate], meeting: int, candidates: int, goal: Goal
) -> tuple[str, ...]:
    """What it is best in, how much room its limits leave, what the alternatives would cost."""
    time, cost = chosen.metrics["makespan_seconds"], chosen.metrics["cost_usd"]
    reasons = [f"{_superlative(goal)} of the {meeting} that meet the goal, of {candidates} tried"]
    if goal.deadline is not None:
        spare = 1 - time.p95 / goal.deadline
        reasons.append(
            f"done in {duration(time.mean)}, p95 {duration(time.p95)}: "
            f"{spare:.1%} before the deadline of {duration(goal.deadline)}"
        )
    if goal.budget is not None:
        spare = 1 - cost.p95 / goal.budget
        reasons.append(
            f"costs {money(cost.mean)}, p95 {money(cost.p95)}: {spare:.1%} below the budget of "
            f"{money(goal.budget)}"
        )
    if beside:
        fastest = min(beside, key=lambda each: each.metrics["makespan_seconds"].mean)
        other = fastest.metrics
        saved = time.mean - other["makespan_seconds"].mean
        if saved > 0:
            more = other["cost_usd"].mean - cost.mean
            reasons.append(
                f"the fastest, {fastest.id}, would save {duration(saved)} for {money(more)} more"
            )
        near = [each for each in beside if _within_noise(chosen, each)]
        if near:
            names = ", ".join(each.id for each in near)
            reasons.append(f"its cost cannot be told from that of {names} with these replications")
    if chosen.prediction:
        reasons.append(f"what bounds it now: {chosen.prediction.bottleneck}")
    return tuple(reasons)


def _superlative(goal: Goal) -> str:
    if isinstance(goal.minimise, dict):
        weights = " + ".join(f"{weight:g} × {name}" for name, weight in goal.minimise.items())
        return f"lowest {weights}"
    return {"cost": "cheapest", "time": "fastest", "cost_per_sample": "cheapest per sample"}[
        goal.minimise
    ]


def _within_noise(one: Candidate, other: Candidate) -> bool:
    (low, high), (other_low, other_high) = (each.metrics["cost_usd"].ci95 for each in (one, other))
    return low <= other_high and other_low <= high
