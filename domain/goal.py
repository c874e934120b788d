"""What good means: one objective under constraints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from domain.frozen import Frozen
from domain.quantity import PositiveSeconds, PositiveUsd, UsdPerHour

Objective = Literal["cost", "time", "cost_per_sample"]


class Goal(Frozen):
    """Minimise cost, time or a weighted sum of both, within limits.

    Deadline and budget must hold at ``confidence``: in that share of the replications.
    Weights are relative to the cheapest and the fastest candidate that meets the limits.
    """

    minimise: Objective | dict[Literal["cost", "time"], PositiveFloat] = "cost"
    deadline: PositiveSeconds | None = None
    budget: PositiveUsd | None = None
    max_usd_per_hour: UsdPerHour | None = None
    max_spot_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the pools' nodes."""
    regions: tuple[str, ...] | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] = 0.95


def needs_prices(goal: Goal) -> bool:
    """Whether a candidate without a price cannot be judged by this goal."""
    limited = goal.budget is not None or goal.max_usd_per_hour is not None
    return goal.minimise != "time" or limited
