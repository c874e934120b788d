"""Whether a change makes what is predicted worse than it is on the base branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, NonNegativeFloat

from domain.figures import duration, money, percent
from domain.frozen import Frozen
from policies.predicted import Prediction, metric, of_prediction
from policies.rule import Finding, Judgement, Rule, Undecided
from policies.world import World

# What may get worse, and in which direction worse is.
_WORSE_WHEN_MORE = {
    "cost_usd": ("a run costs", money),
    "makespan_seconds": ("a run takes", duration),
    "job_completion_time_seconds": ("a job takes", duration),
    "queueing_delay_seconds": ("a job waits", duration),
    "request_latency_seconds": ("a request takes", duration),
}
_WORSE_WHEN_LESS = {"accelerator_utilisation": ("accelerators are busy", percent)}


class Regression(Frozen):
    """How much worse each metric may get, as a share of what it is on the base branch."""

    tolerance: dict[str, NonNegativeFloat] = Field(
        default_factory=lambda: {
            "cost_usd": 0.05,
            "makespan_seconds": 0.05,
            "accelerator_utilisation": 0.05,
            "request_latency_seconds": 0.05,
        }
    )


@of_prediction
def regression(world: World, settings: Regression, prediction: Prediction) -> Iterator[Judgement]:
    """No metric gets worse than on the base branch by more than its tolerance, and beyond noise:
    the whole 95 % interval of the paired differences is worse than the tolerance allows."""
    if world.baseline is None:
        yield Undecided("there is no base; 'windtunnel check --scenario FILE --base REV' has one")
        return
    differences = {each.get("metric"): each for each in world.differences}
    for name, tolerance in settings.tolerance.items():
        before = metric(world.baseline, name)
        if before is None and metric(prediction, name) is None:
            continue
        difference = differences.get(name)
        if before is None or difference is None or _least_worse(name, difference) is None:
            yield Undecided(f"the difference of {name} is not known")
            continue
        least = _least_worse(name, difference) or 0.0
        if least > tolerance * abs(before):
            what, shown = (_WORSE_WHEN_LESS | _WORSE_WHEN_MORE).get(name, (name, str))
            after = before + float(difference["mean"])
            grown = abs(after - before) / before if before else float("nan")
            yield Finding(
                f"{what} {shown(after)} instead of {shown(before)}: {percent(grown)} "
                f"{'less' if name in _WORSE_WHEN_LESS else 'more'}, {percent(tolerance)} are "
                "allowed"
            )


def _least_worse(name: str, difference: Mapping[str, Any]) -> float | None:
    """The least by which it may have got worse, at 95 %; None where that is not known."""
    low, high = difference.get("ci95") or (None, None)
    if low is None or high is None:
        return None
    return float(-high if name in _WORSE_WHEN_LESS else low)


RULES: tuple[Rule, ...] = (
    Rule(
        id="predicted-regression",
        title="What is predicted does not get worse than on the base branch",
        category="outcome",
        judge=regression,
        settings=Regression,
        remedy="'windtunnel diff BASE:STACK STACK --scenario FILE' shows what changed",
    ),
)
