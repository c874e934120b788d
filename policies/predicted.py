"""Reading a prediction's JSON, whose figures may be absent or not known."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from domain.errors import InputError
from domain.located import read_text
from policies.rule import Judgement, Undecided
from policies.world import World

Prediction = Mapping[str, Any]


def of_prediction(
    judge: Callable[[World, Any, Prediction], Iterable[Judgement]],
) -> Callable[[World, Any], Iterator[Judgement]]:
    """A judge of what is predicted; without a prediction nothing is decided."""

    @wraps(judge)
    def judge_prediction(world: World, settings: Any) -> Iterator[Judgement]:
        if world.prediction is None:
            yield Undecided(world.no_prediction)
        else:
            yield from judge(world, settings, world.prediction)

    return judge_prediction


def metric(prediction: Prediction, name: str, statistic: str = "mean") -> float | None:
    """A statistic of a metric; None where it was not predicted."""
    found = prediction.get("metrics", {}).get(name)
    return figure(found, statistic) if isinstance(found, Mapping) else None


def figure(values: Mapping[str, Any], key: str) -> float | None:
    """A finite number of a mapping, else None."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def workloads(prediction: Prediction) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The training workloads of the prediction: name and what the closed forms say of each."""
    for name, facts in prediction.get("workloads", {}).items():
        if isinstance(facts, Mapping) and facts:
            yield name, facts


def read_prediction(path: Path) -> dict[str, Any]:
    """The prediction in a file that ``plan --scenario … --json`` or ``simulate --json`` wrote.

    Raises:
        InputError: absent, not JSON, or without a prediction.
    """
    try:
        found = json.loads(read_text(path, "prediction", InputError))
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None
    if isinstance(found, dict):
        found = found.get("prediction", found)
    if not isinstance(found, dict) or not isinstance(found.get("metrics"), dict):
        raise InputError(
            "holds no prediction; write one with 'windtunnel plan --stack STACK --scenario FILE "
            "--json'",
            where=str(path),
        )
    return found
