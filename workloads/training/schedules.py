"""Learning rates over the steps of a run."""

from __future__ import annotations

from math import cos, pi

from workloads.settings import Training

_DECAY = 0.01
"""What ``exponential`` ends at, of the first rate."""
_FALLS = ((0.33, 0.1), (0.67, 0.01), (0.89, 0.001))
"""Shares of the run and what the rate falls to: epochs 30, 60 and 80 of 90 (He et al., 2015)."""


def learning_rate(settings: Training, step: int, steps: int) -> float:
    """The rate of one step, counted from 0, of ``steps``."""
    warmup = settings.schedule_warmup_steps
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    share = (step - warmup) / max(1, steps - warmup)
    match settings.schedule:
        case "cosine":
            factor = 0.5 * (1 + cos(pi * min(1.0, share)))
        case "exponential":
            factor = _DECAY**share
        case "steps":
            factor = min([1.0, *(low for start, low in _FALLS if share >= start)])
        case _:
            factor = 1.0
    return settings.learning_rate * factor
